"""Tables of simulated operating characteristics, from the rows of analysis "simulate".

Rates beside those of the formula where the rows hold the design too; what happens at each look; power by the effect.
"""

from __future__ import annotations

from collections.abc import Iterable

from equipoise.frames.results import ResultRow
from equipoise.reporting.formatting import number_text, percent_text, range_text, ratio_text, time_digits
from equipoise.reporting.lookup import Group, Quantity, Rows
from equipoise.reporting.tables.design import DESIGN
from equipoise.reporting.tables.model import Cell, Column, Line, Table, cell, number_cell, words

SIMULATE = "simulate"
OUTCOMES = (("efficacy", "Efficacy"), ("futility", "Futility"), ("harm", "Harm"))
_AT_STOP = (("time", "{unit} at the end"), ("events", "Events"), ("enrolled", "Patients enrolled"))
_STEP = 0.1
_SAME = 1e-6
# A mean so near to a whole number is shown as one.
_NEARLY = 0.02
# With a smaller error of a rate, a second decimal of its percentage says something.
_PRECISE = 0.0003


def simulation_tables(rows: Rows) -> list[Table]:
    """Every table that the rows of a simulation allow."""
    found = [rates_table(rows), looks_table(rows), effects_table(rows)]
    return [table for table in found if table is not None]


# The looks and what was run ----------------------------------------------------------------------------------------


def looks_of(rows: Rows) -> list[float]:
    """The numbers of the looks."""
    return list(dict.fromkeys(r.at for r in rows.part(SIMULATE, "decision", "probability") if r.at is not None))


def look_name(rows: Rows, look: float, *, short: bool = False) -> str:
    """`Look 1: final`; in short `final`."""
    named = next((r.label for r in rows.part(SIMULATE, "decision", "probability") if r.at == look), "")
    if short and named:
        return named
    return f"Look {look:g}: {named}" if named else f"Look {look:g}"


def seed_words(rows: Rows) -> str:
    """`10,000 simulated trials, seed 1`; of a grid, at each effect."""
    trials, seed = (next(iter(rows.part(SIMULATE, "run", name)), None) for name in ("trials", "seed"))
    said = [f"{number_text(trials.value)} simulated trials" if trials is not None else "simulated trials"]
    said += [f"seed {seed.value:.0f}"] if seed is not None and seed.value is not None else []
    return ", ".join(said)


# Rates beside the formula ------------------------------------------------------------------------------------------


def rates_table(rows: Rows) -> Table | None:
    """Power, size and what a trial takes, each with its Monte-Carlo error and, where known, what was designed."""
    lines = [_rate_line(rows, *part) for part in _rates(rows)]
    lines += [_end_line(rows, measure, label) for measure, label in _AT_STOP]
    shown = tuple(line for line in lines if line is not None)
    if not shown:
        return None
    designed = any(line.cells[-1].quantity.text for line in shown)
    heads = ("Simulated", "Standard error", "Designed", "Difference")[: 4 if designed else 2]
    kept = tuple(Line(line.label, line.cells[: len(heads)]) for line in shown)
    note = "Standard error: Monte-Carlo, of the simulated value."
    if designed:
        note += " Designed: by formula, as under Design. Differences of rates are in percentage points."
    columns = tuple(Column(head) for head in heads)
    return Table("table-simulation-rates", "Operating characteristics", "", columns, kept, (note,))


def _rates(rows: Rows) -> Iterable[tuple[str, ResultRow | None, ResultRow | None, ResultRow | None]]:
    """Label, simulated rate, its error, and the designed rate."""
    effect = next(iter(rows.part(DESIGN, "requirement", "hazard_ratio")), None)
    said = f" at HR\u00a0{ratio_text(effect.value)}" if effect is not None and effect.value is not None else ""
    power, error = (_whole(rows, name) for name in ("rejection_rate", "std_error"))
    yield f"Power{said}", power, error, designed_power(rows)
    for name, label in OUTCOMES[1:]:
        rate = _whole(rows, f"{name}_rate")
        if rate is not None and rate.value:
            yield f"Stopped for {label.lower()}{said}", rate, _whole(rows, f"{name}_std_error"), None
    yield "Size on the side of benefit, HR\u00a01", *null_power(rows), nominal_size(rows)


def _whole(rows: Rows, statistic: str) -> ResultRow | None:
    return rows.get(SIMULATE, "rejection", statistic)


def _at(found: Iterable[ResultRow], at: float) -> ResultRow | None:
    return next((row for row in found if row.at is not None and abs(row.at - at) < _SAME), None)


def designed_power(rows: Rows) -> ResultRow | None:
    """The power that the design states for what was simulated: by its bounds at the last look, or of its last test."""
    for parameter in ("bounds", "look", "required"):
        found = [row for row in rows.part(DESIGN, parameter, "power") if row.value is not None]
        if found:
            return found[-1]
    return None


def null_power(rows: Rows) -> tuple[ResultRow | None, ResultRow | None]:
    """The simulated rate without an effect, and its error."""
    power, error = (_at(rows.part(SIMULATE, "power-curve", name), 1.0) for name in ("power", "std_error"))
    return power, error


def nominal_size(rows: Rows) -> ResultRow | None:
    """The formula's rate without an effect."""
    return _at(rows.part(DESIGN, "power-curve", "power"), 1.0)


def _rate_line(
    rows: Rows, label: str, rate: ResultRow | None, error: ResultRow | None, designed: ResultRow | None
) -> Line | None:
    if rate is None or rate.value is None:
        return None
    interval = [rows.get(SIMULATE, "rejection", end) for end in ("conf_low", "conf_high")]
    cells = [number_cell(rate, _percent)]
    if rate.statistic == "rejection_rate" and all(end is not None for end in interval):
        ends = [percent_text(end.value, sign=False) for end in interval if end is not None]
        cells = [cell(Quantity(f"{_percent(rate.value)} ({range_text(*ends)})", (rate, *interval)))]  # type: ignore[arg-type]
    cells += [number_cell(error, _percent), number_cell(designed, _percent)]
    return Line(label, (*cells, _difference(rate, designed, lambda value: number_text(100.0 * value, 2))))


def _end_line(rows: Rows, measure: str, label: str) -> Line | None:
    mean, error = (rows.get(SIMULATE, "at-stop", s, first=("measure", measure)) for s in ("mean", "std_error"))
    if mean is None or mean.value is None:
        return None
    unit = (mean.unit or "").removesuffix("s").capitalize()
    looks = looks_of(rows)
    planned = [
        row for row in rows.part(DESIGN, "look", {"enrolled": "n"}.get(measure, measure)) if row.value is not None
    ]
    # With several looks a trial ends at any of them; the design's expectation is of another kind.
    designed = planned[-1] if len(looks) == 1 and planned else None
    # A look at a number of events has exactly these in every trial.
    fixed = error is None or not number_text(error.value, 3).strip("0.")
    write = counted_text if fixed else lambda value: number_text(value, 1)
    cells = (
        number_cell(mean, write),
        words("") if fixed else number_cell(error, lambda value: number_text(value, 3)),
        number_cell(designed, write),
        _difference(mean, designed, write),
    )
    return Line(label.format(unit=unit), cells)


def _difference(found: ResultRow, designed: ResultRow | None, write) -> Cell:
    if designed is None or designed.value is None or found.value is None:
        return words("")
    text = write(found.value - designed.value)
    return cell(Quantity(signed(text), (found, designed)))


def signed(text: str) -> str:
    """A difference with its sign; none where it rounds to zero.

    >>> signed("0.31"), signed("0.00")
    ('+0.31', '0.00')
    """
    return text if text.startswith("\u2212") or not text.strip("0.,") else f"+{text}"


# What happens at each look -----------------------------------------------------------------------------------------


def looks_table(rows: Rows) -> Table | None:
    """Each look: its events and date on average, how often each bound stops the trial there, power so far."""
    looks = looks_of(rows)
    if not looks:
        return None
    shown = [name for name, _ in OUTCOMES if any((row.value or 0.0) > 0.0 for row in _chances(rows, name))]
    time = rows.get(SIMULATE, "look", "mean", first=("measure", "time"), at=looks[0])
    unit = (time.unit or "months") if time is not None else "months"
    columns = [Column("Events"), Column(f"{unit.removesuffix('s').capitalize()} (SD)"), Column("Enrolled")]
    columns += [Column(label, under="Stopped") for name, label in OUTCOMES if name in shown]
    # At a single look, power is the share that stops for efficacy there.
    columns += [Column("Power")] if len(looks) > 1 else []
    columns.append(Column("HR (90%)"))
    compared = list(dict.fromkeys(row.level1 for row in rows.part(SIMULATE, "rejection") if row.group1 == "arm"))
    of = f", of {compared[0]} against control" if len(compared) > 1 else ""
    # A trial whose deaths decide is shown by its deaths.
    which = " Events and HR: of death." if _prefix(rows) else ""
    lines = tuple(Line(look_name(rows, at), tuple(_cells(rows, at, shown, power=len(looks) > 1))) for at in looks)
    note = (
        f"Events, {unit.removesuffix('s')} and patients enrolled: means over trials, whether or not they had stopped; "
        "SD: standard deviation. Stopped: at this look. "
        f"{'Power: efficacy at this look or before. ' if len(looks) > 1 else ''}"
        f"HR: by Cox regression{of}, median with 5% and 95% quantiles.{which}"
    )
    return Table("table-simulation", "What happens at each look", "", tuple(columns), lines, (note,))


def _chances(rows: Rows, outcome: str) -> list[ResultRow]:
    return [row for row in rows.part(SIMULATE, "decision", "probability") if row.level1 == outcome]


def _prefix(rows: Rows) -> str:
    """What the measures of the endpoint that decides begin with; empty for the event itself."""
    return "death_" if any(row.value_text == "death" for row in rows.part(SIMULATE, "run", "decides")) else ""


def _cells(rows: Rows, at: float, shown: list[str], *, power: bool) -> list[Cell]:
    found = [_mean(rows, measure, at) for measure in (f"{_prefix(rows)}events", "time", "enrolled")]
    parts = [("probability", outcome) for outcome in shown] + [("power", "efficacy")] * power
    for statistic, outcome in parts:
        row = rows.get(SIMULATE, "decision", statistic, first=("decision", outcome), at=at)
        found.append(number_cell(row, lambda value: percent_text(value, _digits(rows))))
    return [*found, _ratio(rows, at)]


def _digits(rows: Rows) -> int:
    """Decimals of a percentage: two where the Monte-Carlo error permits them."""
    error = _whole(rows, "std_error")
    return 2 if error is not None and error.value is not None and error.value < _PRECISE else 1


def _mean(rows: Rows, measure: str, at: float) -> Cell:
    """The mean of a measure at a look; of a time with its standard deviation."""
    first: Group = ("measure", measure)
    mean, spread = (rows.get(SIMULATE, "look", s, first=first, at=at) for s in ("mean", "std_dev"))
    if mean is None or mean.value is None:
        return words("")
    if measure != "time":
        return cell(Quantity(counted_text(mean.value), (mean,)))
    digits = max(time_digits(mean.unit), 1)
    text = number_text(mean.value, digits)
    # A look by the clock comes at the same time in every trial.
    if spread is None or not spread.value:
        return cell(Quantity(text, (mean,)))
    return cell(Quantity(f"{text} ({number_text(spread.value, digits)})", (mean, spread)))


def counted_text(value: float) -> str:
    """A mean number, whole where it nearly is."""
    return number_text(value, 0 if abs(value - round(value)) < _NEARLY else 1)


def _percent(value: float) -> str:
    return percent_text(value, 2)


def _ratio(rows: Rows, at: float) -> Cell:
    measure = f"{_prefix(rows)}hazard_ratio"
    own = [
        row for row in rows.part(SIMULATE, "look")
        if row.level1 == measure and row.at == at and row.format == "ratio" and row.value is not None
    ]  # fmt: skip
    first = {row.statistic: row for row in own if row.level2 == own[0].level2} if own else {}
    parts = [first.get(name) for name in ("q50", "q05", "q95")]
    if any(row is None for row in parts):
        return words("")
    middle, low, high = (ratio_text(row.value) for row in parts if row is not None)
    return cell(Quantity(f"{middle} ({range_text(low, high)})", tuple(row for row in parts if row is not None)))


# Power by the effect -----------------------------------------------------------------------------------------------


def effects_table(rows: Rows) -> Table | None:
    """Simulated power by the true hazard ratio, with its error, and that of the formula."""
    simulated = [row for row in rows.part(SIMULATE, "power-curve", "power") if row.at is not None]
    shown = [
        row.at or 0.0 for row in simulated if abs((row.at or 0.0) / _STEP - round((row.at or 0.0) / _STEP)) < _SAME
    ]
    if len(shown) < 2:
        return None
    formula = rows.part(DESIGN, "power-curve", "power")
    parts = (
        ("Simulated", simulated, percent_text),
        ("Standard error", rows.part(SIMULATE, "power-curve", "std_error"), _percent),
        ("Formula", formula, percent_text),
    )
    lines = tuple(
        Line(label, tuple(number_cell(_at(found, at), write) for at in shown)) for label, found, write in parts if found
    )
    columns = tuple(Column(number_text(at, 1)) for at in shown)
    return Table("table-simulation-effects", "Power by the true hazard ratio", "Hazard ratio", columns, lines)
