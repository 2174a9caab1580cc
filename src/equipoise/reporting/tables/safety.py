"""Adverse-event tables: what happened overall, and by preferred term and by organ class."""

from __future__ import annotations

from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.reporting import wording
from equipoise.reporting.formatting import lower_first
from equipoise.reporting.lookup import Quantity, Rows, share, single
from equipoise.reporting.tables.model import Column, Line, Table, arm_columns, cell, filled

_KINDS = (
    ("any_grade", "Any grade"),
    ("grade_{grade}", "Grade {grade} or higher"),
    ("serious", "Serious"),
    ("discontinued", "Led to discontinuation of treatment"),
    ("fatal", "Fatal"),
)


def overall_table(trial: Trial, rows: Rows, analysis: Analysis) -> Table | None:
    """Patients with an adverse event: any, severe, serious, leading to discontinuation, fatal."""
    lines = []
    for stem, label in _KINDS:
        cells = [
            cell(_counted(rows, analysis, "overall", stem.format(grade=wording.minimum_grade(analysis)), arm.id, None))
            for arm in trial.arms
        ]
        lines.append(Line(label.format(grade=wording.minimum_grade(analysis)), tuple(cells)))
    lines = [line for line in lines if filled(line)]
    if not lines:
        return None
    label = lower_first(wording.endpoint_of(trial, analysis).label)
    return Table(
        id=f"table-{analysis.id}-overall",
        caption=f"Patients with {label}, n (%)",
        stub="",
        columns=arm_columns(trial, _denominators(trial, rows, analysis)),
        lines=tuple(lines),
        notes=_definition(trial, analysis),
    )


def breakdown_table(trial: Trial, rows: Rows, analysis: Analysis, parameter: str) -> Table | None:
    """Patients by `term` or by `soc`, any grade and at or above the planned grade, in the order of the rows."""
    names = _ordered(rows, analysis, parameter)
    if not names:
        return None
    counts = _denominators(trial, rows, analysis)
    columns, stems = [], ("any_grade", _severe(analysis))
    for head in arm_columns(trial, counts):
        columns += [
            Column(label, below=head.below, under=head.label, place=head.place)
            for label in ("Any grade", f"Grade \u2265{wording.minimum_grade(analysis)}")
        ]
    lines = tuple(
        Line(name, tuple(cell(_counted(rows, analysis, parameter, stem, arm.id, name)) for arm in trial.arms
                         for stem in stems))
        for name in names
    )  # fmt: skip
    by = {"term": "preferred term", "soc": "system organ class"}[parameter]
    label = wording.endpoint_of(trial, analysis).label
    return Table(
        id=f"table-{analysis.id}-{parameter}",
        caption=f"{label} by {by}, n (%)",
        stub=by[:1].upper() + by[1:],
        columns=tuple(columns),
        lines=lines,
        notes=("A patient counts once per line, at the highest grade.",),
    )


def _severe(analysis: Analysis) -> str:
    return f"grade_{wording.minimum_grade(analysis)}"


def _ordered(rows: Rows, analysis: Analysis, parameter: str) -> list[str]:
    """Names as the plan orders them: the most frequent in any arm first, or by the alphabet."""
    names = list(dict.fromkeys(row.level2 for row in rows.part(analysis.id, parameter) if row.level2))
    if analysis.adverse_events is not None and analysis.adverse_events.order == "alphabetical":
        return sorted(names)
    most: dict[str, float] = {}
    for row in rows.part(analysis.id, parameter, "percent_any_grade"):
        most[row.level2 or ""] = max(most.get(row.level2 or "", 0.0), row.value or 0.0)
    return sorted(names, key=lambda name: (-most.get(name, 0.0), name))


def _counted(rows: Rows, analysis: Analysis, parameter: str, stem: str, arm: str, name: str | None) -> Quantity | None:
    second = None if name is None else (parameter, name)
    found = [
        rows.get(analysis.id, parameter, f"{kind}_{stem}", first=("arm", arm), second=second)
        for kind in ("n", "percent")
    ]
    return share(*found) if found[1] is not None else single(found[0])


def _denominators(trial: Trial, rows: Rows, analysis: Analysis):
    return {arm.id: rows.get(analysis.id, "overall", "n", first=("arm", arm.id)) for arm in trial.arms}


def _definition(trial: Trial, analysis: Analysis) -> tuple[str, ...]:
    where = trial.analysis_set(analysis.analysis_set)
    endpoint = wording.endpoint_of(trial, analysis)
    texts = [endpoint.definition, f"{where.label} set: {lower_first(where.description)}" if where.description else ""]
    return tuple(f"{text.rstrip('.')}." for text in texts if text)
