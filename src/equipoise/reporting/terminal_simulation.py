"""Operating characteristics in a terminal: the paragraphs, then what happens at each look."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import IO

from equipoise.frames.results import ResultRow
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.simulation import looks_table
from equipoise.reporting.terminal_table import shown_table

WIDTH = 100


def print_characteristics(
    text: str, rows: Iterable[ResultRow], *, assumptions: Iterable[str] = (), file: IO[str] | None = None
) -> None:
    """Print paragraphs, table and what is assumed; to standard output unless `file` is given."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    for paragraph in text.split("\n\n"):
        console.print(Text("\n".join(textwrap.wrap(paragraph, console.width, break_on_hyphens=False))))
        console.print()
    table = looks_table(Rows(rows))
    for part in [] if table is None else [*shown_table(table), *table.notes]:
        console.print(part if not isinstance(part, str) else Text(part, style="dim"))
    lines = [textwrap.fill(said, console.width, initial_indent="  ", subsequent_indent="    ") for said in assumptions]
    if lines:
        console.print()
        console.print(Text("Assumed, not published", style="bold"))
        console.print(Text("\n".join(lines)))
