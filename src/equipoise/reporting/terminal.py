"""The summary a terminal shows: at most 100 columns, readable without color and in a log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from equipoise.frames.results import ResultRow
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.abstract import abstract_sentences, sentence_text
from equipoise.reporting.formatting import THIN_SPACE, date_text, short_digest
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.effects import further_table
from equipoise.reporting.tables.model import Table
from equipoise.reporting.tables.response import response_table
from equipoise.reporting.tables.safety import breakdown_table, overall_table
from equipoise.reporting.tables.survival import survival_table
from equipoise.reporting.terminal_table import WIDTH, shown_table

if TYPE_CHECKING:
    from rich.console import RenderableType


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
        parts += [*shown_table(table), ""]
    if provenance is not None:
        parts.append(Text(_origin(provenance), style="dim"))
    return parts


def _tables(trial: Trial, rows: Rows) -> list[Table]:
    found: list[Table | None] = []
    for analysis in wording.time_to_event(trial):
        found += [survival_table(trial, rows, analysis), further_table(trial, rows, analysis)]
    found.append(response_table(trial, rows))
    found += [further_table(trial, rows, analysis) for analysis in wording.of_kind(trial, "response")]
    for analysis in wording.of_kind(trial, "adverse-event"):
        found += [overall_table(trial, rows, analysis), breakdown_table(trial, rows, analysis, "term")]
    return [table for table in found if table is not None]


def _origin(provenance: Provenance) -> str:
    parts = [f"data {short_digest(provenance.data_digest)}" if provenance.data_digest else ""]
    parts.append(f"cutoff {date_text(provenance.cutoff)}" if provenance.cutoff else "")
    parts.append(f"seed {provenance.seed}" if provenance.seed is not None else "")
    parts.append(f"equipoise {provenance.version}")
    return ", ".join(part for part in parts if part)
