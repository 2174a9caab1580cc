"""Every figure of a report as files: SVG, PNG, and the rows behind it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from equipoise.frames.results import COLUMNS, ResultRow
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.figures.forest import render_forest
from equipoise.reporting.figures.rendering import render_kaplan_meier
from equipoise.reporting.lookup import Rows

PAGE_MM = 170.0
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
    for analysis in wording.time_to_event(trial):
        for suffix, needed, parameters, render in _KINDS:
            if not rows.has(analysis.id, needed):
                continue
            name = f"{analysis.id}{suffix}"
            for form in ("svg", "png"):
                found[f"{name}.{form}"] = render(
                    trial, rows, analysis.id, width_mm=PAGE_MM, format=form, provenance=provenance
                )
            found[f"{name}.csv"] = _rows_file([row for part in parameters for row in rows.part(analysis.id, part)])
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
