"""The comparison of randomization methods in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from equipoise.frames.results import ResultRow
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.randomization import methods_table
from equipoise.reporting.terminal_table import log_console, shown_table


def print_assessment(rows: Iterable[ResultRow], *, file: IO[str] | None = None) -> None:
    """Print the table of an assessment; to standard output unless `file` is given."""
    console = log_console(file)
    table = methods_table(Rows(rows))
    for part in [] if table is None else shown_table(table):
        console.print(part)
    if table is not None:
        for note in table.notes:
            console.print(note, style="dim", markup=False)
