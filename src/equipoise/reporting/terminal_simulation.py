"""Operating characteristics in a terminal: the paragraphs, then what happens at each look or point of a grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from equipoise.frames.results import ResultRow
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.model import Table
from equipoise.reporting.tables.simulation import looks_table
from equipoise.reporting.tables.simulation_grid import grid_table
from equipoise.reporting.terminal_table import assumed_parts, log_console, paragraph_part, shown_table


def print_characteristics(
    text: str, rows: Iterable[ResultRow], *, assumptions: Iterable[str] = (), file: IO[str] | None = None
) -> None:
    """Print paragraphs, table and what is assumed; to standard output unless `file` is given."""
    _print(text, looks_table(Rows(rows)), assumptions, file)


def print_grid(
    text: str, rows: Iterable[ResultRow], *, assumptions: Iterable[str] = (), file: IO[str] | None = None
) -> None:
    """Print what was simulated over a grid; see `print_characteristics`."""
    _print(text, grid_table(Rows(rows)), assumptions, file)


def _print(text: str, table: Table | None, assumptions: Iterable[str], file: IO[str] | None) -> None:
    console = log_console(file)
    for paragraph in text.split("\n\n"):
        console.print(paragraph_part(paragraph, console.width))
        console.print()
    for part in [] if table is None else shown_table(table):
        console.print(part)
    for note in () if table is None else table.notes:
        console.print(note, style="dim", markup=False)
    assumed = assumed_parts(assumptions, console.width)
    for part in ["", *assumed] if assumed else []:
        console.print(part)
