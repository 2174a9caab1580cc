"""A table as a terminal shows it: horizontal rules only, its notes below."""

from __future__ import annotations

from typing import Any

from equipoise.reporting.formatting import THIN_SPACE
from equipoise.reporting.tables.model import Letters, Table

_SHOWN_TERMS = 8


def shown_table(table: Table) -> list[Any]:
    """A table with horizontal rules only, its notes below."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    letters = Letters()
    terms = table.id.endswith("-term")
    shown = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1))
    # As Text, since a string is read as markup: an arm may well be called "[A]".
    shown.add_column(Text(table.stub))
    said = ""
    for column in table.columns:
        # A head over several columns is said over the first.
        heads = [column.under if column.under != said else "", column.label, column.below]
        said = column.under
        shown.add_column(Text("\n".join(head for head in heads if head)), justify="right")
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
