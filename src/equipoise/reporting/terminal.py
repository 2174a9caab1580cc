"""The summary a terminal shows: at most 100 columns, readable without color and in a log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

from equipoise.frames.results import ResultRow
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.abstract import abstract_sentences, sentence_text
from equipoise.reporting.formatting import THIN_SPACE, date_text, short_digest
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables import Letters, Table, breakdown_table, overall_table, response_table, survival_table

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 100
_SHOWN_TERMS = 8


def print_summary(
    trial: Trial, results: Iterable[ResultRow], provenance: Provenance | None = None, *, file: IO[str] | None = None
) -> None:
    """Print the summary of an analysis; to standard output unless `file` is given."""
    from rich.console import Console

    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console.file.write(render_summary(trial, results, provenance))
        return
    console.width = min(console.width, WIDTH)
    for part in summary_parts(trial, Rows(results), provenance, console.width):
        console.print(part)


def render_summary(
    trial: Trial, results: Iterable[ResultRow], provenance: Provenance | None = None, *, width: int = WIDTH
) -> str:
    """The same summary as plain text without color, `width` columns at most."""
    from rich.console import Console

    console = Console(
        width=min(width, WIDTH), no_color=True, highlight=False, force_terminal=False, legacy_windows=False
    )
    with console.capture() as captured:
        for part in summary_parts(trial, Rows(results), provenance, console.width):
            console.print(part)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    return "\n".join(lines) + "\n"


def summary_parts(trial: Trial, rows: Rows, provenance: Provenance | None, width: int) -> list[RenderableType]:
    """Title, banner, the result in sentences, the tables, and where the numbers came from."""
    from rich.text import Text

    title = trial.report.title or trial.id
    parts: list[RenderableType] = [Text(f"{title}: {trial.trial.title}", style="bold"), ""]
    if provenance is not None and provenance.synthetic:
        parts += [Text("SYNTHETIC DATA: the patients were simulated; no number is a finding about a treatment."), ""]
    said = " ".join(sentence_text(s) for s in abstract_sentences(trial, rows) if s).replace(THIN_SPACE, " ")
    parts += [Text("\n".join(textwrap.wrap(said, width))), ""] if said else []
    for table in _tables(trial, rows):
        parts += [*_shown(table), ""]
    if provenance is not None:
        parts.append(Text(_origin(provenance), style="dim"))
    return parts


def _tables(trial: Trial, rows: Rows) -> list[Table]:
    found = [survival_table(trial, rows, analysis) for analysis in wording.time_to_event(trial)]
    found.append(response_table(trial, rows))
    for analysis in wording.of_kind(trial, "adverse-event"):
        found += [overall_table(trial, rows, analysis), breakdown_table(trial, rows, analysis, "term")]
    return [table for table in found if table is not None]


def _shown(table: Table) -> list[Any]:
    """A table with horizontal rules only, its notes below."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    letters = Letters()
    terms = table.id.endswith("-term")
    shown = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1))
    # As Text, since a string is read as markup: an arm may well be called "[A]".
    shown.add_column(Text(table.stub))
    for column in table.columns:
        heads = [column.under, column.label, column.below]
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


def _origin(provenance: Provenance) -> str:
    parts = [f"data {short_digest(provenance.data_digest)}" if provenance.data_digest else ""]
    parts.append(f"cutoff {date_text(provenance.cutoff)}" if provenance.cutoff else "")
    parts.append(f"seed {provenance.seed}" if provenance.seed is not None else "")
    parts.append(f"equipoise {provenance.version}")
    return ", ".join(part for part in parts if part)
