"""The table of simulated power over a grid of hazard ratios or scenarios, from rows of parameter "power-curve"."""

from __future__ import annotations

from equipoise.frames.results import ResultRow
from equipoise.reporting.formatting import number_text, percent_text, range_text, time_digits
from equipoise.reporting.lookup import Quantity, Rows
from equipoise.reporting.tables.model import Column, Line, Table, cell, number_cell, words
from equipoise.reporting.tables.simulation import SIMULATE

_HEADS = ("Power", "Standard error", "95% interval")
_COSTS = (("expected_time", "Time"), ("expected_events", "Events"), ("expected_enrolled", "Patients"))


def grid_table(rows: Rows) -> Table | None:
    """A line for each point: power with its Monte-Carlo error, and what the trial takes on average."""
    powers = rows.part(SIMULATE, "power-curve", "power")
    if not powers:
        return None
    held = {name: rows.part(SIMULATE, "power-curve", name) for name in
            ("std_error", "conf_low", "conf_high", *(name for name, _ in _COSTS))}  # fmt: skip
    lines = tuple(_line(power, {name: _beside(found, power) for name, found in held.items()}) for power in powers)
    unit = next((row.unit for row in held["expected_time"] if row.unit), None)
    heads = [*_HEADS, *(f"{label}, {unit}" if unit and label == "Time" else label for _, label in _COSTS)]
    stub = "Scenario" if powers[0].level1 else "Hazard ratio"
    notes = ("Standard error and interval: Monte-Carlo. Time, events, patients: means at the end of the trial.",)
    return Table("table-simulation-grid", "Simulated power", stub, tuple(map(Column, heads)), lines, notes)


def _line(power: ResultRow, beside: dict[str, ResultRow | None]) -> Line:
    name = power.level1 or number_text(power.at, 3).rstrip("0").rstrip(".")
    low, high = beside["conf_low"], beside["conf_high"]
    interval = words("")
    if low is not None and high is not None:
        ends = [percent_text(end.value, 2, sign=False) for end in (low, high)]
        interval = cell(Quantity(range_text(*ends), (low, high)))
    cells = [number_cell(power, _percent), number_cell(beside["std_error"], _percent), interval]
    for statistic, _ in _COSTS:
        row = beside[statistic]
        digits = time_digits(row.unit) if row is not None and statistic == "expected_time" else 1
        cells.append(number_cell(row, lambda value, digits=digits: number_text(value, digits)))
    return Line(name + (" (partial)" if power.warning else ""), tuple(cells))


def _percent(value: float) -> str:
    return percent_text(value, 2)


def _beside(found: list[ResultRow], power: ResultRow) -> ResultRow | None:
    return next((row for row in found if (row.at, row.level1) == (power.at, power.level1)), None)
