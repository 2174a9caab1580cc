"""Every figure of a report as files: SVG, PNG, and the rows behind it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from equipoise.frames.results import COLUMNS, ResultRow
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.figures.canvas import FORMATS
from equipoise.reporting.figures.consort import render_flow
from equipoise.reporting.figures.design import DESIGN, render_planned_course
from equipoise.reporting.figures.forest import render_forest
from equipoise.reporting.figures.rendering import render_kaplan_meier
from equipoise.reporting.figures.simulation import render_simulated, simulated_figures
from equipoise.reporting.flow import patient_flow
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.simulation import SIMULATE

PAGE_MM = 170.0
FLOW = "flow"
_KINDS = (
    ("", "curve", ("curve", "at-risk", "kaplan-meier"), render_kaplan_meier),
    ("-subgroups", "subgroup", ("subgroup", "hazard-ratio"), render_forest),
)


def render_figures(
    trial: Trial, results: Iterable[ResultRow], provenance: Provenance | None = None
) -> dict[str, bytes]:
    """File name to content of every figure that the rows allow: `pfs-primary.svg`, `.png`, and its data as `.csv`.

    Drawn as wide as a page.
    """
    rows = Rows(results)
    found: dict[str, bytes] = {}

    def keep(name: str, behind: list[ResultRow], render: Callable[[str], bytes]) -> None:
        found.update({f"{name}.{form}": render(form) for form in FORMATS})
        found[f"{name}.csv"] = _rows_file(behind)

    drawn: dict[str, Any] = {"width_mm": PAGE_MM}
    if rows.has(DESIGN, "course"):
        behind = [*rows.part(DESIGN, "course"), *rows.part(DESIGN, "look")]
        keep(DESIGN, behind, lambda f: render_planned_course(trial, rows, format=f, provenance=provenance, **drawn))
    for name, part, _ in simulated_figures(rows):
        made = partial(render_simulated, trial, rows, name, provenance=provenance, **drawn)
        keep(name, rows.part(SIMULATE, part), lambda f, made=made: made(format=f))
    if patient_flow(trial, rows) is not None:
        behind = [row for part in rows.parameters(FLOW) for row in rows.part(FLOW, part)]
        keep(FLOW, behind, lambda f: render_flow(trial, rows, format=f, provenance=provenance, **drawn))
    for analysis in wording.time_to_event(trial):
        for suffix, needed, parameters, render in _KINDS:
            if rows.has(analysis.id, needed):
                made = partial(render, trial, rows, analysis.id, provenance=provenance, **drawn)
                behind = [row for part in parameters for row in rows.part(analysis.id, part)]
                keep(f"{analysis.id}{suffix}", behind, lambda f, made=made: made(format=f))
    return found


def _rows_file(rows: list[ResultRow]) -> bytes:
    """Rows as CSV, columns that hold nothing left out; numbers in full precision."""
    shown = [name for name in COLUMNS if any(getattr(row, name) not in (None, "") for row in rows)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(shown)
    for row in rows:
        writer.writerow(["" if getattr(row, name) is None else getattr(row, name) for name in shown])
    return out.getvalue().encode()
