"""The baseline table: every variable of the report's list, by arm and in total."""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.protocol.conduct import Variable
from equipoise.protocol.trial import Trial
from equipoise.reporting.formatting import number_text, range_text
from equipoise.reporting.lookup import NOT_COMPUTED, Quantity, Rows, row_text, share, single
from equipoise.reporting.tables.model import Column, Line, Table, arm_columns, cell, filled

TOTAL = "total"
_CENTER = ("mean", "std_dev")
_SPREAD = ("median", "minimum", "maximum")


def baseline_table(trial: Trial, rows: Rows) -> Table | None:
    """Numbers as mean (SD) and median (range), categories as n (%); None where there are no rows."""
    names = [arm.id for arm in trial.arms]
    whole = any(row.level1 == TOTAL for row in rows.part("baseline", "denominator"))
    groups = [*names, TOTAL] if whole else names
    lines = [line for name in _variables(trial, rows) for line in _variable(trial, rows, name, groups)]
    if not any(filled(line) for line in lines):
        return None
    counts = {name: rows.get("baseline", "denominator", "n", first=("arm", name)) for name in groups}
    columns = arm_columns(trial, counts)
    if whole:
        total = counts[TOTAL]
        columns += (Column("Total", below="" if total is None else f"(n = {row_text(total)})"),)
    return Table(
        id="table-baseline",
        caption="Patients at baseline, by arm",
        stub="Characteristic",
        columns=columns,
        lines=tuple(lines),
        notes=("Values are n (%) unless stated otherwise; percentages are of patients with a value.",),
    )


def _variables(trial: Trial, rows: Rows) -> list[str]:
    present = [name for name in rows.parameters("baseline") if name in trial.variables]
    listed = [name for name in trial.report.baseline if name in present]
    return listed + [name for name in present if name not in listed]


def _variable(trial: Trial, rows: Rows, name: str, groups: list[str]) -> Iterator[Line]:
    variable = trial.variables[name]
    lines = _numbers(rows, name, groups) if variable.type == "number" else _levels(rows, name, variable, groups)
    shown = [line for line in (*lines, _missing(rows, name, groups)) if filled(line)]
    if shown:
        unit = f", {variable.unit}" if variable.unit else ""
        yield Line(f"{variable.label}{unit}", heading=True)
        yield from shown


def _numbers(rows: Rows, name: str, groups: list[str]) -> list[Line]:
    center, spread = [], []
    for group in groups:
        found = {s: rows.get("baseline", name, s, first=("arm", group)) for s in _CENTER + _SPREAD}
        center.append(cell(_composed(found, _CENTER, _mean)))
        spread.append(cell(_composed(found, _SPREAD, _median)))
    return [Line("Mean (SD)", tuple(center), indent=1), Line("Median (range)", tuple(spread), indent=1)]


def _composed(found, statistics, text_of) -> Quantity | None:
    parts = [found[s] for s in statistics]
    if any(row is None for row in parts):
        return None
    failed = any(row.value is None for row in parts)
    return Quantity(NOT_COMPUTED if failed else text_of(*(row.value for row in parts)), tuple(parts))


def _mean(mean: float, deviation: float) -> str:
    return f"{number_text(mean, 1)} ({number_text(deviation, 1)})"


def _median(*values: float) -> str:
    digits = 0 if all(value == int(value) for value in values) else 1
    median, low, high = (number_text(value, digits) for value in values)
    return f"{median} ({range_text(low, high)})"


def _levels(rows: Rows, name: str, variable: Variable, groups: list[str]) -> list[Line]:
    found = [row.level2 for row in rows.part("baseline", name) if row.level2 is not None]
    codes = dict.fromkeys([code for code in variable.levels if code in found] + found)
    return [
        Line(variable.levels.get(code, code), tuple(_count(rows, name, group, code) for group in groups), indent=1)
        for code in codes
    ]


def _count(rows: Rows, name: str, group: str, code: str):
    counted, percent = (
        rows.get("baseline", name, s, first=("arm", group), second=("level", code)) for s in ("n", "percent")
    )
    return cell(share(counted, percent))


def _missing(rows: Rows, name: str, groups: list[str]) -> Line:
    found = [rows.get("baseline", name, "n_missing", first=("arm", group)) for group in groups]
    if not any(row is not None and row.value for row in found):
        return Line("")
    return Line("Missing, n", tuple(cell(single(row)) for row in found), indent=1)
