"""Operating characteristics in a terminal: the paragraphs, then what happens at each look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from equipoise.frames.results import ResultRow
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.simulation import looks_table
from equipoise.reporting.terminal_table import assumed_parts, log_console, paragraph_part, shown_table


def print_characteristics(
    text: str, rows: Iterable[ResultRow], *, assumptions: Iterable[str] = (), file: IO[str] | None = None
) -> None:
    """Print paragraphs, table and what is assumed; to standard output unless `file` is given."""
    console = log_console(file)
    for paragraph in text.split("\n\n"):
        console.print(paragraph_part(paragraph, console.width))
        console.print()
    table = looks_table(Rows(rows))
    for part in [] if table is None else shown_table(table):
        console.print(part)
    for note in () if table is None else table.notes:
        console.print(note, style="dim", markup=False)
    assumed = assumed_parts(assumptions, console.width)
    for part in ["", *assumed] if assumed else []:
        console.print(part)
