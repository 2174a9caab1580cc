"""The table of a design's operating characteristics: what happens at each look, from simulated rows."""

from __future__ import annotations

from equipoise.frames.results import ResultRow
from equipoise.reporting.formatting import number_text, percent_text, ratio_text
from equipoise.reporting.lookup import Quantity, Rows
from equipoise.reporting.tables.model import Cell, Column, Line, Table, cell, number_cell, words

SIMULATE = "simulate"
_OUTCOMES = (("efficacy", "Efficacy"), ("futility", "Futility"), ("harm", "Harm"))


def looks_table(rows: Rows) -> Table | None:
    """Each look: its events and date on average, how often each bound stops the trial there, power so far."""
    looks = list(dict.fromkeys(row.at for row in rows.part(SIMULATE, "decision", "probability") if row.at is not None))
    if not looks:
        return None
    shown = [name for name, _ in _OUTCOMES if any((row.value or 0.0) > 0.0 for row in _chances(rows, name))]
    columns = [Column("Events"), Column("Month"), Column("Enrolled")]
    columns += [Column(label, under="Stopped here") for name, label in _OUTCOMES if name in shown]
    columns += [Column("Power"), Column("HR (90%)")]
    lines = tuple(Line(_label(rows, at), tuple(_cells(rows, at, shown))) for at in looks)
    note = (
        "Events, month and patients enrolled: means over the trials that reach the look; in brackets their standard "
        "deviation. Power: efficacy at this look or before. HR: hazard ratio by Cox regression, median with 5% and 95% "
        "quantiles."
    )
    return Table("table-simulation", "What happens at each look", "", tuple(columns), lines, (note,))


def _chances(rows: Rows, outcome: str) -> list[ResultRow]:
    return [row for row in rows.part(SIMULATE, "decision", "probability") if row.level1 == outcome]


def _label(rows: Rows, at: float) -> str:
    named = next((row.label for row in rows.part(SIMULATE, "decision", "probability") if row.at == at), "")
    return f"Look {at:g}: {named}" if named else f"Look {at:g}"


def _cells(rows: Rows, at: float, shown: list[str]) -> list[Cell]:
    found = [_mean(rows, measure, at) for measure in ("events", "time", "enrolled")]
    for outcome in shown:
        row = rows.get(SIMULATE, "decision", "probability", first=("decision", outcome), at=at)
        found.append(number_cell(row, _percent))
    found.append(number_cell(rows.get(SIMULATE, "decision", "power", first=("decision", "efficacy"), at=at), _percent))
    return [*found, _ratio(rows, at)]


def _mean(rows: Rows, measure: str, at: float) -> Cell:
    mean, spread = (rows.get(SIMULATE, "look", s, first=("measure", measure), at=at) for s in ("mean", "std_dev"))
    if mean is None or mean.value is None:
        return words("")
    text = number_text(mean.value, 1)
    if spread is None or not spread.value:
        return cell(Quantity(text, (mean,)))
    return cell(Quantity(f"{text} ({number_text(spread.value, 1)})", (mean, spread)))


def _percent(value: float) -> str:
    return percent_text(value, 2)


def _ratio(rows: Rows, at: float) -> Cell:
    own = [
        row for row in rows.part(SIMULATE, "look")
        if row.level1 == "hazard_ratio" and row.at == at and row.format == "ratio" and row.value is not None
    ]  # fmt: skip
    first = {row.statistic: row for row in own if row.level2 == own[0].level2} if own else {}
    parts = [first.get(name) for name in ("q50", "q05", "q95")]
    if any(row is None for row in parts):
        return words("")
    middle, low, high = (ratio_text(row.value) for row in parts if row is not None)
    return cell(Quantity(f"{middle} ({low}\u2013{high})", tuple(row for row in parts if row is not None)))
