"""One endpoint under each censoring rule set: events, medians and hazard ratio beside those of the planned analysis."""

from __future__ import annotations

from types import MappingProxyType

from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.reporting import wording
from equipoise.reporting.formatting import confidence_text, p_text
from equipoise.reporting.lookup import Quantity, Rows, interval, row_text, single, with_interval
from equipoise.reporting.palette import arm_place
from equipoise.reporting.tables.model import Cell, Column, Line, Table, cell, filled, number_cell

# The titles of the rule sets, as derivation/rule_sets has them; a test holds that they are the same.
TITLES = MappingProxyType(
    {
        "palmira": "PALMIRA's rules",
        "missed-two": "censored after two missed assessments",
        "fda-a": "only documented progression, FDA Table A",
        "ema": "first progression or death, EMA",
        "interval-censored": "interval-censored dates",
    }
)
_TURNBULL = "turnbull"


def rule_sets_table(trial: Trial, rows: Rows, analysis: Analysis) -> Table | None:
    """The table; None where the endpoint has no further rule set with results. Two arms: the first pair's ratio."""
    endpoint = wording.endpoint_of(trial, analysis)
    named = [name for name in endpoint.censoring_rules[1:] if rows.has(f"{analysis.id}.{name}")]
    if not named:
        return None
    own = endpoint.censoring_rules[0]
    lines = [_line(trial, rows, analysis.id, f"As planned: {TITLES.get(own, own)}")]
    for name in named:
        title = TITLES.get(name, name)
        lines.append(_line(trial, rows, f"{analysis.id}.{name}", title[:1].upper() + title[1:]))
    lines = [line for line in lines if filled(line)]
    level = confidence_text(wording.conf_level(analysis))
    experimental = trial.experimental[0]
    arms = [(arm.label, arm_place(trial, arm.id)) for arm in trial.arms]
    columns = [Column("Events", under=label, place=place) for label, place in arms]
    columns = [
        column
        for events, (label, place) in zip(columns, arms, strict=True)
        for column in (events, Column(f"Median ({level})", under=label, place=place))
    ]
    notes = [
        "Sensitivity analyses: the same test and model on the same patients, censored by other rules; no significance "
        "level of their own.",
    ]
    if any(name == "interval-censored" for name in named):
        notes.append("Interval-censored: the median lies between the values shown (Turnbull).")
    if len(trial.arms) > 2:
        notes.append(f"Hazard ratio of {experimental.label} against {trial.control.label}.")
    return Table(
        id=f"table-{analysis.id}-rules",
        caption=f"{endpoint.label} under each set of censoring rules",
        stub="Rules",
        columns=(*columns, Column(f"HR ({level})"), Column("P")),
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _line(trial: Trial, rows: Rows, analysis: str, label: str) -> Line:
    cells: list[Cell] = []
    for arm in trial.arms:
        group = ("arm", arm.id)
        cells.append(cell(single(rows.get(analysis, "kaplan-meier", "n_event", first=group))))
        cells.append(cell(_median(rows, analysis, group)))
    pair = (trial.experimental[0].id, trial.control.id)
    cells.append(cell(with_interval(*(rows.ratio(analysis, s, *pair) for s in ("estimate", "conf_low", "conf_high")))))
    p_value = rows.get(analysis, "logrank", "p_value")
    cells.append(number_cell(p_value, lambda value: p_text(value, symbol=False)))
    return Line(label, tuple(cells))


def _median(rows: Rows, analysis: str, group: tuple[str, str]) -> Quantity | None:
    """The median with its interval; of interval-censored times the ends between which it lies."""
    if rows.has(analysis, _TURNBULL):
        ends = [rows.get(analysis, _TURNBULL, f"median_{end}", first=group) for end in ("low", "high")]
        if ends[0] is None or ends[1] is None:
            return None
        shown = row_text(ends[0]) if row_text(ends[0]) == row_text(ends[1]) else interval(ends[0], ends[1])
        return Quantity(shown, (ends[0], ends[1]))
    return with_interval(
        *(rows.get(analysis, "kaplan-meier", s, first=group) for s in ("median", "median_low", "median_high"))
    )
