"""When the events will be there: blinded prediction of accrual, events and dropout from the data of an interim."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from equipoise.design.design_result import DesignResult, design_row, prose_number, prose_percent, render_code
from equipoise.design.levels import check_choice, check_positive, refused, to_float
from equipoise.design.milestone_simulation import Accruing, draw_courses
from equipoise.design.monitoring import to_sequence
from equipoise.design.pooled_hazards import (
    NoHazard,
    PiecewiseExponentialHazard,
    PooledHazard,
    WeibullHazard,
    fit_piecewise_exponential,
    fit_weibull,
)
from equipoise.errors import DataError, DesignError
from equipoise.frames.columns import check_lengths, to_events, to_numbers, to_times
from equipoise.frames.results import ResultRow
from equipoise.quantities import DAYS_PER_UNIT

MODELS = ("exponential", "piecewise-exponential", "weibull")
_METHODS = {
    "exponential": "milestone-prediction",
    "piecewise-exponential": "milestone-prediction",
    "weibull": "milestone-prediction-weibull",
}
_GRID = 13
# Entry and time are rounded separately, so their sum may pass the cutoff by rounding.
_SLACK = 1e-9


@dataclass(frozen=True)
class Predicted:
    """One predicted quantity: its median over the simulated completions, its mean, and the limits of the interval.

    `at` is the number of events of a date, or the date of a count. `mean` is infinite where a date may never come;
    `probability` is that of the date coming at all.
    """

    at: float
    median: float
    mean: float
    low: float
    high: float
    probability: float = 1.0


@dataclass(frozen=True, eq=False)
class _Interim:
    """Blinded data at a cutoff: n rows."""

    time: np.ndarray
    event: np.ndarray
    dropout: np.ndarray
    entry: np.ndarray
    cutoff: float

    @property
    def at_risk(self) -> np.ndarray:
        return ~(self.event | self.dropout)


@dataclass(frozen=True, repr=False)
class MilestonePrediction(DesignResult):
    """Predicted dates of events, and counts of events, patients and dropouts by date.

    `event_dates` holds one `Predicted` per number of events asked for; `events`, `enrolled` and `dropouts` one per
    date; `enrollment_end` the date of the last patient. `event_hazard` and `dropout_hazard` are the fitted models.
    Dates are in time units from the start of the trial; `calendar_date` turns one into a day where `origin` was given.
    """

    n: int
    n_events: int
    n_dropouts: int
    n_at_risk: int
    remaining: int
    accrual_rate: float | None
    cutoff: float
    model: str
    event_hazard: PooledHazard = field(compare=False)
    dropout_hazard: PooledHazard = field(compare=False)
    event_dates: tuple[Predicted, ...]
    events: tuple[Predicted, ...]
    enrolled: tuple[Predicted, ...]
    dropouts: tuple[Predicted, ...]
    enrollment_end: Predicted
    level: float
    replicates: int
    seed: int
    parameter_uncertainty: bool
    origin: str | None
    time_unit: str
    arguments: dict[str, Any] = field(compare=False)

    def calendar_date(self, time: float) -> dt.date | None:
        """The day of a date in time units; None without `origin`, or for a date that never comes."""
        if self.origin is None or not math.isfinite(time):
            return None
        days = time * DAYS_PER_UNIT[self.time_unit]
        return dt.date.fromisoformat(self.origin) + dt.timedelta(days=round(days))

    def to_rows(self) -> list[ResultRow]:
        """Counts and the fit at the cutoff; then estimate, mean and limits of each date and each count by date."""
        method = _METHODS[self.model]
        found = {"n": self.n, "n_event": self.n_events, "n_dropout": self.n_dropouts, "n_at_risk": self.n_at_risk}
        rows = [
            design_row(name, value, parameter="interim", at=self.cutoff, at_unit=self.time_unit, format="int")
            for name, value in (found | {"n_remaining": self.remaining}).items()
        ]
        rows.append(design_row("accrual_rate", self.accrual_rate, parameter="interim", method=method))
        for name, hazard in {"event-hazard": self.event_hazard, "dropout-hazard": self.dropout_hazard}.items():
            rows += [
                design_row(statistic, value, parameter=name, method=method, **self._from(start))
                for statistic, value, start in hazard.parameters_named()
            ]
        for date in self.event_dates:
            rows += self._rows("event-date", date, "events", method, dated=True)
        rows += self._rows("enrollment-end", self.enrollment_end, "patients", method, dated=True)
        for name, counts in {"events": self.events, "enrolled": self.enrolled, "dropouts": self.dropouts}.items():
            for count in counts:
                rows += self._rows(name, count, self.time_unit, method, dated=False)
        return rows

    def _from(self, start: float | None) -> dict[str, Any]:
        return {} if start is None else {"at": start, "at_unit": self.time_unit}

    def _rows(self, parameter: str, found: Predicted, unit: str, method: str, *, dated: bool) -> list[ResultRow]:
        values = {"estimate": found.median, "mean": found.mean, "conf_low": found.low, "conf_high": found.high}
        rows = []
        for name, value in values.items():
            day = self.calendar_date(value) if dated else None
            label = day.isoformat() if day else ""
            columns = {"parameter": parameter, "at": found.at, "at_unit": unit, "method": method, "label": label}
            shown = math.nan if math.isinf(value) else value
            rows.append(design_row(name, shown, missing="not reached", **columns))
        if dated:
            row = design_row("probability", found.probability, parameter=parameter, at=found.at, at_unit=unit)
            rows.append(row)
        return rows

    def text(self) -> str:
        unit = self.time_unit.removesuffix("s")
        model = "Weibull" if self.model == "weibull" else self.model
        lines = [
            f"At the data cutoff ({unit} {prose_number(self.cutoff, 2)}), {self.n} patients had been enrolled: "
            f"{self.n_events} with an event, {self.n_dropouts} lost to follow-up, {self.n_at_risk} still at risk."
        ]
        if self.remaining:
            rate = "" if self.accrual_rate is None else f" at {prose_number(self.accrual_rate, 2)} per {unit}"
            end = prose_number(self.enrollment_end.median, 1)
            lines.append(f"{self.remaining} more are to be enrolled{rate}, the last at {unit} {end} (median).")
        lines.append(
            f"A pooled {model} model was fitted by maximum likelihood to the blinded data (events: "
            f"{self.event_hazard.prose(self.time_unit)}; dropout: {self.dropout_hazard.prose(self.time_unit)}) and the "
            f"trial was completed {self.replicates:,} times by simulation (seed {self.seed}), "
            f"{'with' if self.parameter_uncertainty else 'without'} the uncertainty of the fitted parameters."
        )
        lines += [self._sentence(date, unit) for date in self.event_dates]
        return " ".join(lines)

    def _sentence(self, date: Predicted, unit: str) -> str:
        when = [self._when(value, unit) for value in (date.median, date.low, date.high)]
        tail = "" if date.probability == 1.0 else f"; reached in {prose_percent(date.probability)} of the completions"
        interval = f"{prose_percent(self.level)} prediction interval {when[1]} to {when[2]}"
        return f"Event {prose_number(date.at)} is predicted at {when[0]} ({interval}{tail})."

    def _when(self, time: float, unit: str) -> str:
        if math.isinf(time):
            return "a date that is not reached"
        day = self.calendar_date(time)
        return f"{unit} {prose_number(time, 1)}" + (f", {day.isoformat()}" if day else "")

    def code(self) -> str:
        return render_code("predict_from_times", self.arguments)


def predict_from_times(
    time: Any,
    event: Any,
    entry: Any,
    *,
    cutoff: float,
    events: int | Sequence[int],
    seed: int,
    dropout: Any = None,
    n_planned: int | None = None,
    accrual_rate: float | None = None,
    accrual_window: float | None = None,
    remaining_entry: Any = None,
    at: Sequence[float] | None = None,
    model: str = "exponential",
    breaks: Sequence[float] = (),
    parameter_uncertainty: bool = True,
    level: float = 0.95,
    replicates: int = 2000,
    origin: str | None = None,
    time_unit: str = "months",
) -> MilestonePrediction:
    """Predicts from blinded interim data when given numbers of events will be there.

    Arguments: `time` (n), from randomization to event, loss or last contact; `event` (n), 1 or True for an event;
    `entry` (n), the date of randomization in time units from the start of the trial; none of them by arm. `cutoff`: the
    date of the data cutoff, on the scale of `entry`. `events`: the numbers of events to date. `dropout` (n): 1 for
    patients lost to follow-up; None: nobody is. All others without an event are still at risk from `time` on, also
    where their last contact lies before the cutoff.
    `n_planned`: patients in the end; None: accrual is complete. Those missing arrive as a Poisson process of
    `accrual_rate` per time unit; None: estimated from the last `accrual_window` time units before the cutoff (None:
    since the first patient). `remaining_entry`: their dates instead, where they are known.
    `at`: dates at which to count events, patients and dropouts; None: 13 evenly spaced from the cutoff to the last
    upper limit. `model`: "exponential", "piecewise-exponential" (with `breaks`, k - 1 times since randomization) or
    "weibull"; dropout is exponential. `parameter_uncertainty`: whether each simulated completion draws the parameters
    from the normal approximation on their logarithms. `level`: of the prediction interval. `replicates`: simulated
    completions. `seed`: from 0 to 2**48 - 1. `origin`: the calendar day of date 0 as "YYYY-MM-DD"; then dates are also
    told as days. `time_unit`: "days", "weeks", "months" or "years".

    Returns a `MilestonePrediction`. Raises DataError for columns that cannot be used; ArgumentError
    `argument-invalid`; DesignError `design-unreachable` when more events are asked for than patients can have;
    EstimationError `estimate-undefined` where the model has no estimate.

    Formula: with H the cumulative hazard of a completion, a patient at risk since t has the event at the time where
    H(t) + E is reached, E standard exponential, unless lost before; the date of the D-th event is the D-th smallest.
    Quantiles are order statistics of the completions.
    Source: Bagiella E, Heitjan DF. Stat Med 2001;20:2055-2063, doi:10.1002/sim.843; Ying GS, Heitjan DF. Pharm Stat
    2008;7:107-120, doi:10.1002/pst.271.

    >>> found = predict_from_times([5, 9, 4, 6], [1, 0, 1, 0], [0, 1, 2, 4], cutoff=10, events=3, seed=1)
    >>> found.n_at_risk, found.event_hazard.rates.round(4).tolist(), found.event_dates[0].low > 10
    (2, [0.0833], True)
    """
    # First, so that it holds the arguments and nothing else.
    arguments = dict(locals())
    data = _interim(time, event, entry, dropout, to_float(cutoff, "cutoff"))
    accruing = _accruing(data, n_planned, accrual_rate, accrual_window, remaining_entry)
    targets = _targets(events, data, accruing)
    _check_options(level, replicates, time_unit, origin)
    event_hazard = _event_hazard(data, model, breaks)
    lost = data.dropout.any()
    dropout_hazard = fit_piecewise_exponential(data.time, data.dropout, np.zeros(0), "dropout") if lost else NoHazard()
    courses = draw_courses(
        data.entry[data.at_risk], data.time[data.at_risk], accruing, event_hazard, dropout_hazard,
        seed=seed, replicates=replicates, parameter_uncertainty=parameter_uncertainty,
    )  # fmt: skip
    summarize = _Summary(level)
    known = np.sort((data.entry + data.time)[data.event])
    dates = tuple(summarize(target, courses.date_of(target, known)) for target in targets)
    grid = _grid(at, data.cutoff, dates)
    seen = (int(data.event.sum()), data.dropout.sum(), len(data.time))
    counted = [
        tuple(summarize(t, base + courses.count(kind, t)) for t in grid)
        for kind, base in zip(("event", "dropout", "entry"), seen, strict=True)
    ]
    last = np.full(replicates, data.entry.max()) if not accruing.n else courses.last_entry
    return MilestonePrediction(
        n=len(data.time), n_events=seen[0], n_dropouts=int(seen[1]), n_at_risk=int(data.at_risk.sum()),
        remaining=accruing.n, accrual_rate=accruing.rate, cutoff=data.cutoff, model=model, event_hazard=event_hazard,
        dropout_hazard=dropout_hazard, event_dates=dates, events=counted[0], enrolled=counted[2],
        dropouts=counted[1], enrollment_end=summarize(len(data.time) + accruing.n, last), level=level,
        replicates=replicates, seed=seed, parameter_uncertainty=parameter_uncertainty, origin=origin,
        time_unit=time_unit, arguments=_written(arguments),
    )  # fmt: skip


@dataclass(frozen=True)
class _Summary:
    """Draws (r,) as a `Predicted`: quantiles are order statistics, so that dates never reached stay infinite."""

    level: float

    def __call__(self, at: float, draws: np.ndarray) -> Predicted:
        tail = (1.0 - self.level) / 2.0
        median, low, high = np.quantile(draws, [0.5, tail, 1.0 - tail], method="inverted_cdf").tolist()
        reached = float(np.isfinite(draws).mean())
        return Predicted(float(at), float(median), float(draws.mean()), float(low), float(high), reached)


def _interim(time: Any, event: Any, entry: Any, dropout: Any, cutoff: float) -> _Interim:
    """The columns, checked against each other and the cutoff."""
    times, happened, entered = to_times(time, "time"), to_events(event, "event"), to_numbers(entry, "entry")
    lost = np.zeros(len(times), dtype=bool) if dropout is None else to_events(dropout, "dropout")
    check_lengths({"time": len(times), "event": len(happened), "entry": len(entered), "dropout": len(lost)})
    slack = _SLACK * max(1.0, abs(cutoff))
    late = f"is after the cutoff {cutoff:g}"
    hint = "entry and cutoff are dates, time is time since randomization, all in one unit from the start of the trial"
    _refuse_rows(~np.isfinite(entered), entered, "entry", "is not a date", hint)
    _refuse_rows(entered > cutoff + slack, entered, "entry", late, hint)
    _refuse_rows(entered + times > cutoff + slack, entered + times, "entry plus time", late, hint)
    both = "is both an event and a dropout"
    _refuse_rows(happened & lost, times, "time", both, "dropout is 1 only where event is 0")
    return _Interim(times, happened, lost, entered, cutoff)


def _refuse_rows(wrong: np.ndarray, values: np.ndarray, name: str, what: str, hint: str) -> None:
    if not wrong.any():
        return
    row = int(np.flatnonzero(wrong)[0])
    count = int(wrong.sum())
    message = f"{name} {values[row]:g} {what}" + (f" ({count:,} rows)" if count > 1 else "")
    raise DataError("value-invalid", message, where=f"{name}, row {row + 1}", hint=hint)


def _accruing(data: _Interim, n_planned: Any, rate: Any, window: Any, remaining_entry: Any) -> Accruing:
    """The patients still to come."""
    if remaining_entry is not None:
        return _known_entries(data, n_planned, rate, remaining_entry)
    if n_planned is None:
        if rate is not None:
            raise refused("accrual_rate", rate, "say n_planned too: until how many patients does it last?")
        return Accruing(0, data.cutoff, None, 0, None)
    planned = check_positive(n_planned, "n_planned")
    if planned != round(planned) or planned < len(data.time):
        raise refused("n_planned", n_planned, f"a whole number, at least the {len(data.time)} already enrolled")
    missing = int(planned) - len(data.time)
    if not missing:
        return Accruing(0, data.cutoff, None, 0, None)
    if rate is not None:
        return Accruing(missing, data.cutoff, check_positive(rate, "accrual_rate"), 0, None)
    since = data.entry.min() if window is None else data.cutoff - check_positive(window, "accrual_window")
    recent, span = int((data.entry >= since).sum()), data.cutoff - since
    if not recent or span <= 0.0:
        hint = "widen accrual_window or give accrual_rate"
        raise refused("accrual_window", window, hint, "no patient came in it: the rate cannot be estimated")
    return Accruing(missing, data.cutoff, recent / span, recent, None)


def _known_entries(data: _Interim, n_planned: Any, rate: Any, remaining_entry: Any) -> Accruing:
    dates = np.sort(to_numbers(remaining_entry, "remaining_entry"))
    hint = "dates from the cutoff on, in time units from the start of the trial"
    _refuse_rows(~(dates >= data.cutoff), dates, "remaining_entry", "is before the cutoff or missing", hint)
    if rate is not None or n_planned not in (None, len(data.time) + len(dates)):
        given = "accrual_rate" if rate is not None else f"n_planned = {n_planned}"
        hint = "the dates already say how many patients come and when: leave it out"
        raise refused("remaining_entry", f"{len(dates)} dates", hint, f"{given} says otherwise")
    return Accruing(len(dates), data.cutoff, None, 0, dates if len(dates) else None)


def _targets(events: Any, data: _Interim, accruing: Accruing) -> list[int]:
    numbers = [check_positive(number, "events") for number in to_sequence(events)]
    most = int(data.event.sum() + data.at_risk.sum()) + accruing.n
    for number in numbers:
        if number != round(number):
            raise refused("events", number, "a whole number of events")
        if number > most:
            raise DesignError(
                "design-unreachable",
                f"{number:g} events cannot be reached: at most {most} patients can have one",
                where="events",
                reason=f"{data.event.sum()} had it, {data.at_risk.sum()} are at risk, {accruing.n} are to come",
                hint="ask for fewer events, or say with n_planned that more patients come",
            )
    return [int(number) for number in numbers]


def _check_options(level: Any, replicates: Any, time_unit: str, origin: str | None) -> None:
    if not 0.0 < to_float(level, "level") < 1.0:
        raise refused("level", level, "a probability above 0 and below 1; write 95% as 0.95")
    if check_positive(replicates, "replicates") != round(replicates):
        raise refused("replicates", replicates, "a whole number, 1 or more")
    check_choice(time_unit, DAYS_PER_UNIT, "time_unit")
    if origin is not None:
        try:
            dt.date.fromisoformat(origin)
        except (TypeError, ValueError):
            raise refused("origin", origin, 'a calendar day as text, such as "2019-04-05"') from None


def _event_hazard(data: _Interim, model: str, breaks: Any) -> PiecewiseExponentialHazard | WeibullHazard:
    check_choice(model, MODELS, "model")
    edges = np.array([check_positive(edge, "breaks") for edge in breaks])
    if (model == "piecewise-exponential") != bool(len(edges)) or (np.diff(edges) <= 0.0).any():
        hint = "piecewise-exponential needs times that rise, the first above zero; the other models take none"
        raise refused("breaks", breaks, hint, f"model is {model!r}")
    if model == "weibull":
        return fit_weibull(data.time, data.event, "event")
    return fit_piecewise_exponential(data.time, data.event, edges, "event")


def _grid(at: Any, cutoff: float, dates: Sequence[Predicted]) -> list[float]:
    """The dates at which to count."""
    if at is not None:
        given = to_numbers(at, "at")
        hint = "dates from the cutoff on, in time units from the start of the trial"
        _refuse_rows(~(given >= cutoff), given, "at", f"is before the cutoff {cutoff:g} or missing", hint)
        return given.tolist()
    ends = [value for date in dates for value in (date.high, date.median, date.low) if math.isfinite(value)]
    last = max([*ends, cutoff])
    return np.linspace(cutoff, last, _GRID).tolist() if last > cutoff else [cutoff]


def _written(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as plain lists and numbers, which a program can hold."""
    columns = ("time", "event", "entry", "dropout", "remaining_entry", "at")
    plain = {name: to_numbers(arguments[name], name).tolist() for name in columns if arguments[name] is not None}
    return arguments | plain | {"breaks": tuple(arguments["breaks"])}
