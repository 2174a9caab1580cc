"""Lines of planned tests and estimates, and the table of those that stand beside the planned ones."""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.frames.results import ResultRow
from equipoise.protocol.plan_words import (
    estimate_method,
    estimate_parameter,
    estimate_words,
    test_parameter,
    test_words,
)
from equipoise.protocol.plans import Analysis, Estimate, Test
from equipoise.protocol.trial import Trial
from equipoise.reporting import wording
from equipoise.reporting.formatting import confidence_text, listed, p_text, time_text, upper_first
from equipoise.reporting.lookup import NOT_COMPUTED, Quantity, Rows, interval, row_text
from equipoise.reporting.tables.model import Line, Table, arm_columns, cell, filled, words


def further_table(trial: Trial, rows: Rows, analysis: Analysis) -> Table | None:
    """The further tests and estimates of an analysis, a line each; None where it has none."""
    lines = [estimate_line(trial, rows, analysis, estimate) for estimate in analysis.further_estimates]
    for test in analysis.further_tests:
        lines += p_value_lines(trial, rows, analysis, test, test_parameter(test))
    lines = [line for line in lines if filled(line)]
    if not lines:
        return None
    return Table(
        id=f"table-{analysis.id}-further",
        caption=f"{wording.endpoint_of(trial, analysis).label}: further estimates and tests",
        stub="",
        columns=arm_columns(trial, {}),
        lines=tuple(lines),
        notes=("These stand beside the planned analysis and carry no significance level of their own.",),
    )


def estimate_line(trial: Trial, rows: Rows, analysis: Analysis, plan: Estimate) -> Line:
    """The estimate with its limits in the column of each experimental arm, and its P value where it has one."""
    parameter = estimate_parameter(plan)
    found = rows.part(analysis.id, parameter)
    quantities = {arm.id: _estimate(rows, analysis, parameter, found, arm.id, trial.control.id) for arm in trial.arms}
    if not any(quantities.values()):
        return Line("")
    unit = next((row.unit for row in found if row.statistic == "estimate" and row.unit), None)
    label = f"{upper_first(estimate_words(plan))}{f', {unit}' if unit else ''} ({confidence_text(plan.conf_level)})"
    cells = [words("reference") if arm.role == "control" else cell(quantities[arm.id]) for arm in trial.arms]
    by = f"By {estimate_method(plan)}" + (f", ties by {wording.ties_phrase(plan)}." if plan.method == "cox" else ".")
    notes = (by, _window(trial, found)) if plan.method == "rmst" and plan.tau is None else (by,)
    return Line(label, tuple(cells), notes=tuple(filter(None, notes)))


def _window(trial: Trial, found: list[ResultRow]) -> str:
    """Up to which time a mean is restricted where the plan leaves it to the data."""
    ends = {row.level1: row for row in found if row.statistic == "estimate" and row.at is not None}
    texts = {arm.label: time_text(ends[arm.id].at, ends[arm.id].at_unit) for arm in trial.arms if arm.id in ends}
    if not texts:
        return ""
    listing = [text if len(texts) == 1 else f"{text} ({label})" for label, text in texts.items()]
    return f"To {listed(listing)}, the smaller of the two arms' largest observed times."


def _estimate(
    rows: Rows, analysis: Analysis, parameter: str, found: list[ResultRow], arm: str, control: str
) -> Quantity | None:
    own = {row.statistic: row for row in found if row.level1 == arm and row.level2 == control}
    estimate = own.get("estimate")
    if estimate is None:
        return None
    if estimate.value is None:
        failed = rows.failure(analysis.id, parameter, first=("arm", arm), second=("reference", control))
        return Quantity(NOT_COMPUTED if failed else row_text(estimate), (failed or estimate,))
    parts, text = [estimate], row_text(estimate)
    low, high, p_value = own.get("conf_low"), own.get("conf_high"), own.get("p_value")
    if low is not None and high is not None:
        parts += [low, high]
        text += f" ({interval(low, high)})"
    if p_value is not None and p_value.value is not None:
        parts.append(p_value)
        text += f"; {p_text(p_value.value)}"
    return Quantity(text, tuple(parts))


def p_value_lines(trial: Trial, rows: Rows, analysis: Analysis, plan: Test | None, parameter: str) -> Iterator[Line]:
    """The P value of a test of all arms, across the columns; of several arms also that of each against the control."""
    described = ", descriptive" if analysis.role != "primary" else ""
    name = test_words(plan, trial.variables) if plan is not None else "log-rank test"
    several = len(trial.arms) > 2
    overall = rows.get(analysis.id, parameter, "p_value") or rows.failure(analysis.id, parameter)
    if overall is not None:
        between = " of all arms" if several else ""
        yield _line(f"P value, {name}{between}{described}", (cell(_shown(overall), span=len(trial.arms)),), overall)
    if not several:
        return
    cells, told = [], None
    for arm in trial.arms:
        row = rows.pair_test(analysis.id, parameter, arm.id, trial.control.id)
        told = told or row
        cells.append(words("reference") if arm.role == "control" else cell(_shown(row)))
    if told is not None:
        yield _line(f"P value, {name} against {trial.control.label}{described}", tuple(cells), told)


def _line(label: str, cells: tuple, row: ResultRow) -> Line:
    return Line(label, cells, notes=(f"{upper_first(row.label)}.",) if row.label and row.value is not None else ())


def _shown(row: ResultRow | None) -> Quantity | None:
    if row is None:
        return None
    return Quantity(NOT_COMPUTED if row.value is None else p_text(row.value, symbol=False), (row,))
