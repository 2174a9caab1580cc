"""A design in a terminal: its paragraphs, its tables, and what they assume."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from equipoise.frames.results import ResultRow
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.design import DESIGN, design_tables
from equipoise.reporting.terminal_table import shown_table

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 100


def print_design(rows: Iterable[ResultRow], *, file: IO[str] | None = None) -> None:
    """Print the rows of a design; to standard output unless `file` is given."""
    from rich.console import Console

    console = Console(file=file, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    for part in design_parts(Rows(rows), console.width):
        console.print(part)


def design_parts(rows: Rows, width: int) -> list[RenderableType]:
    """What is printed, in order."""
    from rich.text import Text

    parts: list[RenderableType] = []
    for row in rows.part(DESIGN, "text", "paragraph"):
        parts += [Text("\n".join(textwrap.wrap(row.value_text or "", width, break_on_hyphens=False))), ""]
    for table in design_tables(rows):
        parts += [*shown_table(table), ""]
    assumptions = rows.part(DESIGN, "text", "assumption")
    if assumptions:
        texts = [row.value_text or "" for row in assumptions]
        lines = [textwrap.fill(text, width, initial_indent="  ", subsequent_indent="    ") for text in texts]
        parts += [Text("Assumed, not published", style="bold"), Text("\n".join(lines))]
    return parts
