"""A design in a terminal: its paragraphs, its tables, and what they assume."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from equipoise.frames.results import ResultRow
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.design import DESIGN, design_tables
from equipoise.reporting.terminal_table import assumed_parts, log_console, paragraph_part, shown_table

if TYPE_CHECKING:
    from rich.console import RenderableType


def print_design(rows: Iterable[ResultRow], *, file: IO[str] | None = None) -> None:
    """Print the rows of a design; to standard output unless `file` is given."""
    console = log_console(file)
    for part in design_parts(Rows(rows), console.width):
        console.print(part)


def design_parts(rows: Rows, width: int) -> list[RenderableType]:
    """What is printed, in order."""
    parts: list[RenderableType] = []
    for row in rows.part(DESIGN, "text", "paragraph"):
        parts += [paragraph_part(row.value_text or "", width), ""]
    for table in design_tables(rows):
        parts += [*shown_table(table), ""]
    return parts + assumed_parts((row.value_text or "" for row in rows.part(DESIGN, "text", "assumption")), width)
