"""A pool of trials in a terminal: its tables, and what it says of a next trial."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from equipoise.frames.results import ResultRow
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.pooled import pool_tables
from equipoise.reporting.terminal_table import log_console, paragraph_part, shown_table


def print_pool(title: str, rows: Iterable[ResultRow], *, file: IO[str] | None = None) -> None:
    """Print the tables of a pool; to standard output unless `file` is given."""
    console = log_console(file)
    if title:
        console.print(paragraph_part(title, console.width))
        console.print()
    for place, table in enumerate(pool_tables(Rows(rows))):
        if place:
            console.print()
        for part in shown_table(table):
            console.print(part)
        for note in table.notes:
            console.print(paragraph_part(note, console.width), style="dim")
