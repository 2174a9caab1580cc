"""A table as a terminal shows it: horizontal rules only, its notes below."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

from equipoise.reporting.formatting import THIN_SPACE
from equipoise.reporting.tables.model import Letters, Table

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
_SHOWN_TERMS = 8
# Columns with more space between them.
_ROOMY = 6


def log_console(file: IO[str] | None = None) -> Console:
    """A console at most `WIDTH` columns wide, on standard output unless `file` is given; a log is always that wide."""
    from rich.console import Console

    console = Console(file=file, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def assumed_parts(assumptions: Iterable[str], width: int) -> list[Any]:
    """What is assumed without a source, as a heading and a list; nothing where nothing is."""
    from rich.text import Text

    lines = [textwrap.fill(said, width, initial_indent="  ", subsequent_indent="    ") for said in assumptions]
    return [Text("Assumed, not published", style="bold"), Text("\n".join(lines))] if lines else []


def paragraph_part(text: str, width: int) -> Any:
    """A paragraph in lines no longer than `width`."""
    from rich.text import Text

    return Text("\n".join(textwrap.wrap(text, width, break_on_hyphens=False)))


def shown_table(table: Table) -> list[Any]:
    """A table with horizontal rules only, its notes below."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    letters = Letters()
    terms = table.id.endswith("-term")
    shown = RichTable(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1),
        collapse_padding=len(table.columns) > _ROOMY,
    )  # fmt: skip
    # As Text, since a string is read as markup: an arm may well be called "[A]".
    shown.add_column(Text(table.stub))
    said = ""
    for column in table.columns:
        # A head over several columns is said over the first.
        heads = [column.under if column.under != said else "", column.label, column.below]
        said = column.under
        shown.add_column(Text("\n".join(head for head in heads if head)), justify="right", overflow="fold")
    lines = table.lines[:_SHOWN_TERMS] if terms else table.lines
    for line in lines:
        marks = "".join(f" [{letter}]" for letter in letters.of(*line.notes))
        cells = [""] * len(table.columns)
        for place, cell in enumerate(line.cells):
            notes = "".join(f" [{letter}]" for letter in letters.of(*cell.quantity.notes))
            cells[place] = cell.quantity.text.replace(THIN_SPACE, " ") + notes
        shown.add_row(Text("  " * line.indent + line.label + marks), *(Text(cell) for cell in cells))
    notes = [Text(f"[{letter}] {note}", style="dim") for note, letter in letters.notes.items()]
    hidden = len(table.lines) - len(lines)
    if hidden > 0:
        more = "1 more term" if hidden == 1 else f"{hidden} more terms"
        notes.append(Text(f"and {more} in the report", style="dim"))
    return [Text(table.caption, style="bold"), shown, *notes]
