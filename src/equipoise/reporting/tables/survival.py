"""The table of one time-to-event analysis: patients, events, medians, rates, hazard ratio, P value."""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.frames.results import ResultRow
from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.reporting import wording
from equipoise.reporting.formatting import confidence_text
from equipoise.reporting.lookup import Quantity, Rows, single, with_interval
from equipoise.reporting.tables.effects import estimate_line, p_value_lines
from equipoise.reporting.tables.model import Line, Table, arm_columns, cell, filled, words


def survival_table(trial: Trial, rows: Rows, analysis: Analysis) -> Table | None:
    """The planned numbers of a time-to-event analysis; None where there are no rows."""
    lines = [line for line in _lines(trial, rows, analysis) if filled(line)]
    if not lines:
        return None
    counts = {arm.id: rows.get(analysis.id, "kaplan-meier", "n", first=("arm", arm.id)) for arm in trial.arms}
    endpoint = wording.endpoint_of(trial, analysis)
    return Table(
        id=f"table-{analysis.id}",
        caption=f"{endpoint.label}, {wording.set_phrase(trial, analysis)}",
        stub="",
        columns=arm_columns(trial, counts),
        lines=tuple(lines),
        notes=_notes(trial, rows, analysis),
    )


def _lines(trial: Trial, rows: Rows, analysis: Analysis) -> Iterator[Line]:
    curve = "kaplan-meier"
    yield _by_arm(
        trial, "Patients with an event", lambda arm: single(rows.get(analysis.id, curve, "n_event", first=arm))
    )
    yield _by_arm(trial, "Patients censored", lambda arm: single(rows.get(analysis.id, curve, "n_censor", first=arm)))
    level = confidence_text(analysis.curve.conf_level if analysis.curve else 0.95)
    unit = _unit(rows, analysis)
    yield _by_arm(
        trial,
        f"Median{', ' + unit if unit else ''} ({level})",
        lambda arm: with_interval(*(rows.get(analysis.id, curve, s, first=arm) for s in _MEDIAN)),
    )
    for at in rows.times(analysis.id, "landmark"):
        yield _rate_line(trial, rows, analysis, at, level)
    if analysis.estimate is None or analysis.estimate.method == "cox":
        yield _hazard_ratios(trial, rows, analysis)
    if analysis.estimate is not None and analysis.estimate.method != "cox":
        yield estimate_line(trial, rows, analysis, analysis.estimate)
    yield from p_value_lines(trial, rows, analysis, analysis.test, "logrank")
    yield from _follow_up(trial, rows, analysis)


_MEDIAN = ("median", "median_low", "median_high")
_SURVIVAL = ("survival", "survival_low", "survival_high")


def _by_arm(trial: Trial, label: str, quantity_of) -> Line:
    return Line(label, tuple(cell(quantity_of(("arm", arm.id))) for arm in trial.arms))


def _unit(rows: Rows, analysis: Analysis) -> str:
    medians = rows.part(analysis.id, "kaplan-meier", "median")
    return next((row.unit for row in medians if row.unit), "")


def _rate_line(trial: Trial, rows: Rows, analysis: Analysis, at: float, level: str) -> Line:
    unit = next(row.at_unit for row in rows.part(analysis.id, "landmark") if row.at == at)
    return _by_arm(
        trial,
        f"Rate at {wording.time_point(at, unit)}, % ({level})",
        lambda arm: _bare(with_interval(*(rows.get(analysis.id, "landmark", s, first=arm, at=at) for s in _SURVIVAL))),
    )


def _bare(quantity: Quantity | None) -> Quantity | None:
    """Without the percent sign that the stub already carries."""
    return None if quantity is None else Quantity(quantity.text.replace("%", ""), quantity.rows)


def _hazard_ratios(trial: Trial, rows: Rows, analysis: Analysis) -> Line:
    cells, found = [], False
    for arm in trial.arms:
        parts: list[ResultRow | None] = [
            rows.ratio(analysis.id, s, arm.id, trial.control.id) for s in ("estimate", "conf_low", "conf_high")
        ]
        quantity = with_interval(*parts)
        found = found or quantity is not None
        cells.append(words("reference") if arm.role == "control" else cell(quantity))
    label = f"Hazard ratio ({confidence_text(wording.conf_level(analysis))})"
    return Line(label, tuple(cells) if found else ())


def _follow_up(trial: Trial, rows: Rows, analysis: Analysis) -> list[Line]:
    """Median follow-up of all patients and of each arm: in an open-label trial the two should be seen together."""
    each = [single(rows.get(analysis.id, "follow-up", "median", first=("arm", arm.id))) for arm in trial.arms]
    whole = rows.get(analysis.id, "follow-up", "median")
    unit = f", {whole.unit}" if whole is not None and whole.unit else ""
    note = ("Reverse Kaplan\u2013Meier estimate.",)
    lines = []
    if any(each):
        lines.append(Line(f"Median follow-up{unit}", tuple(cell(quantity) for quantity in each), notes=note))
    if whole is not None:
        label = f"Median follow-up of all{unit}" if lines else f"Median follow-up{unit}"
        lines.append(Line(label, (cell(single(whole), span=len(trial.arms)),), notes=note))
    return lines


def _notes(trial: Trial, rows: Rows, analysis: Analysis) -> tuple[str, ...]:
    notes = []
    if rows.has(analysis.id, "hazard-ratio") and analysis.estimate and analysis.estimate.method == "cox":
        ties = wording.ties_phrase(analysis.estimate)
        notes.append(f"Hazard ratio by {wording.estimate_phrase(analysis)}, ties by {ties}; below 1 favors "
                     f"{' or '.join(arm.label for arm in trial.experimental)}.")  # fmt: skip
    if rows.has(analysis.id, "kaplan-meier") and analysis.curve:
        notes.append(f"Kaplan\u2013Meier estimates, {analysis.curve.conf_type} confidence limits.")
    return tuple(notes)
