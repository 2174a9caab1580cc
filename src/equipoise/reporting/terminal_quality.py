"""The data-quality report on a terminal: counts of what was found, each with a first case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any

from equipoise.reporting.terminal_table import log_console


def print_quality(headline: str, summary: Iterable[Mapping[str, Any]], file: IO[str] | None = None) -> None:
    """Print the headline and a table of findings by check and domain, errors first.

    Arguments: the line that sums up; one mapping per check and domain with severity, code, domain, findings, subjects,
    looks_for, first_subject and first_sentence; where to print, standard output by default.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console = log_console(file)
    console.print(Text(headline, style="bold"))
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1))
    shown.add_column("")
    shown.add_column("Found")
    shown.add_column("Domain")
    shown.add_column("Findings", justify="right")
    shown.add_column("Subjects", justify="right")
    shown.add_column("First case", overflow="fold")
    for found in summary:
        first = f"{found['first_subject']}: " if found["first_subject"] else ""
        cells = (
            found["severity"],
            found["code"],
            found["domain"] or "",
            f"{found['findings']:,}",
            f"{found['subjects']:,}" if found["subjects"] else "",
            f"{first}{found['first_sentence']}",
        )
        shown.add_row(*(Text(str(cell)) for cell in cells))
    if shown.row_count:
        console.print(shown)
