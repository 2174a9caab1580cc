"""Expected accrual and events over calendar time, and the time by which events are expected."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design.design_result import (
    DesignResult,
    design_row,
    prose_count,
    prose_listing,
    prose_number,
    render_code,
)
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import check_positive, ratio_words, refused, to_ratio
from equipoise.design.trial_course import ARMS, Dropouts, Stratum, TrialCourse, trial_course
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow

Floats = npt.NDArray[np.float64]

_FIGURE_POINTS = 61


@dataclass(frozen=True, eq=False, repr=False)
class ExpectedCourse(DesignResult):
    """Expected patients enrolled, events and losses, by stratum and arm, at one or more calendar times.

    Arrays `enrolled`, `events`, `losses` and `variance` are (strata, arms, times), arms control and experimental;
    `variance` is that of the events of patients who arrive as planned, independent of each other (Poisson-binomial). If
    arrivals are themselves a Poisson process the events are Poisson: their variance is their expectation.
    `std_error` (times,) is the standard error of the time by which that many events happen, sqrt(variance) / pace.
    """

    time: Floats
    enrolled: Floats
    events: Floats
    losses: Floats
    variance: Floats
    pace: Floats
    accrual: Accrual
    course: TrialCourse
    verb: str
    arguments: Mapping[str, Any]
    time_unit: str = "months"

    @property
    def strata(self) -> tuple[str, ...]:
        return self.course.strata

    @property
    def total(self) -> Any:
        """Expected events of all patients: a float for one time, an array for several."""
        return self._one(self.events.sum(axis=(0, 1)))

    @property
    def control(self) -> Any:
        """Expected events of the control arm."""
        return self._one(self.events[:, 0].sum(axis=0))

    @property
    def experimental(self) -> Any:
        """Expected events of the experimental arm."""
        return self._one(self.events[:, 1].sum(axis=0))

    @property
    def n(self) -> Any:
        """Expected patients enrolled."""
        return self._one(self.enrolled.sum(axis=(0, 1)))

    @property
    def standard_deviation(self) -> Any:
        """Of the events of all patients who arrive as planned."""
        return self._one(np.sqrt(self.variance.sum(axis=(0, 1))))

    @property
    def std_error(self) -> Any:
        """Of the time by which `total` events happen, by the delta method."""
        pace = self.pace.sum(axis=(0, 1))
        spread = np.sqrt(self.variance.sum(axis=(0, 1)))
        return self._one(np.where(pace > 0.0, spread / np.where(pace > 0.0, pace, 1.0), np.inf))

    def by_stratum(self, stratum: str) -> Any:
        """Expected events of one stratum, both arms."""
        if stratum not in self.strata:
            raise refused("stratum", stratum, "one of " + ", ".join(self.strata))
        return self._one(self.events[self.strata.index(stratum)].sum(axis=0))

    def _one(self, values: Floats) -> Any:
        return float(values[0]) if len(self.time) == 1 else values

    def _cells(self) -> Iterator[tuple[dict[str, Any], tuple[slice | int, slice | int]]]:
        """Group columns and index: all patients, each arm, each stratum, each arm of each stratum."""
        arms = {"group1": "arm"}
        yield {}, (slice(None), slice(None))
        for j, arm in enumerate(ARMS):
            yield arms | {"level1": arm}, (slice(None), j)
        if len(self.strata) > 1:
            for i, stratum in enumerate(self.strata):
                named = {"group2": "stratum", "level2": stratum}
                yield named, (i, slice(None))
                for j, arm in enumerate(ARMS):
                    yield arms | {"level1": arm} | named, (i, j)

    def to_rows(self) -> list[ResultRow]:
        """time, n, events, variance and losses at each time: all, by arm, by stratum."""
        method = "expected-events"
        rows: list[ResultRow] = []
        for k, time in enumerate(self.time.tolist()):
            at = {"at": time, "at_unit": self.time_unit, "method": method}
            rows.append(design_row("time", time, unit=self.time_unit, **at))
            for group, (i, j) in self._cells():
                parts = {"n": self.enrolled, "events": self.events, "variance": self.variance, "losses": self.losses}
                rows += [
                    design_row(name, float(values[i, j, k].sum()), **group, **at) for name, values in parts.items()
                ]
        return rows

    def figure_rows(self) -> list[ResultRow]:
        """The rows of the result, and for a figure its whole course to a little beyond the last time."""
        looks = [("expected", t, d) for t, d in zip(self.time.tolist(), np.atleast_1d(self.total), strict=True)]
        return [*self.to_rows(), *self.course_rows(looks)]

    def course_rows(self, looks: Sequence[tuple[str, float, float]]) -> list[ResultRow]:
        """Patients and events over time, parameter "course", and (name, time, events) of analyses as "look"."""
        end = 1.05 * max([self.accrual.end, *(time for _, time, _ in looks)])
        times = np.union1d(np.linspace(0.0, end, _FIGURE_POINTS), self.accrual.edges)
        whole = _course_at(times, self.course, self.accrual, self.verb, self.arguments)
        rows = [replace(row, parameter="course") for row in whole.to_rows() if row.statistic in ("n", "events")]
        for number, (name, time, events) in enumerate(looks, start=1):
            place: dict[str, Any] = {"parameter": "look", "group1": "look", "level1": name, "look": number}
            rows.append(design_row("events", float(events), method="expected-events", **place))
            rows.append(design_row("time", time, unit=self.time_unit, method="expected-events", **place))
        return rows

    def text(self) -> str:
        """One sentence a time."""
        said = []
        for k, time in enumerate(self.time.tolist()):
            events, n = self.events[:, :, k], self.enrolled[:, :, k]
            spread = prose_number(math.sqrt(self.variance[:, :, k].sum()), 1)
            enrolled = prose_number(n.sum(), 1)
            said.append(
                f"By {prose_number(time, 1)} {self.time_unit}, {prose_count(enrolled, 'patient')} "
                f"{'is' if enrolled == '1' else 'are'} expected to be enrolled and {prose_number(events.sum(), 1)} "
                f"(standard deviation {spread}) to have had an event: {_of(events[:, 1], n[:, 1])} in the experimental "
                f"arm, {_of(events[:, 0], n[:, 0])} in the control arm."
            )
        return " ".join(said)

    def code(self) -> str:
        return render_code(self.verb, self.arguments)


def expected_events(
    time: Any,
    *,
    accrual: Accrual,
    control: Hazard | None = None,
    experimental: Hazard | None = None,
    hazard_ratio: float | None = None,
    dropout: Dropouts = None,
    ratio: float | tuple[float, float] = 1.0,
    strata: Mapping[str, Stratum] | None = None,
    time_unit: str = "months",
) -> ExpectedCourse:
    """Expected events at calendar times from the first enrollment, by arm and stratum, with their variance.

    Arguments: `time`, one or several times from zero on; `accrual` with its n and duration; `control`, the control
    arm's hazard, and either `experimental`, the other's, or `hazard_ratio`, experimental to control; `dropout`, one
    for both arms or {"control": ..., "experimental": ...}; `ratio`, experimental to control, a number or a pair;
    `strata`, a mapping from name to `Stratum`, instead of `control`; `time_unit`, the word for the text and rows.

    Returns an `ExpectedCourse`. Raises ArgumentError `argument-invalid`.

    Formula: E(t) = int_0^t a(u) F(t - u) du, F(s) = int_0^s lambda(x) exp(-Lambda(x) - Delta(x)) dx, in closed form;
    variance int_0^t a(u) F(t - u) (1 - F(t - u)) du.
    Source: Lachin JM, Foulkes MA. Biometrics 1986;42:507-519.

    >>> accrual = Accrual.uniform(n=100, duration=12)
    >>> found = expected_events(24, accrual=accrual, control=Hazard.from_median(9.4), hazard_ratio=0.6)
    >>> round(found.total, 4)
    63.4899
    """
    times = _times_given(time)
    options = {"accrual": accrual, "control": control, "experimental": experimental, "hazard_ratio": hazard_ratio}
    options |= {"dropout": dropout, "ratio": ratio, "strata": strata, "time_unit": time_unit}
    return _course_at(times, _course(options), accrual, "expected_events", {"time": times.tolist()} | options)


def time_of_events(
    events: Any,
    *,
    accrual: Accrual,
    control: Hazard | None = None,
    experimental: Hazard | None = None,
    hazard_ratio: float | None = None,
    dropout: Dropouts = None,
    ratio: float | tuple[float, float] = 1.0,
    strata: Mapping[str, Stratum] | None = None,
    time_unit: str = "months",
) -> ExpectedCourse:
    """The calendar time by which a number of events is expected, and the course at that time.

    Arguments: `events`, one number above zero or several; the others as of `expected_events`.

    Returns an `ExpectedCourse` whose `time` is (numbers,), with `std_error`. Raises ArgumentError `argument-invalid`,
    and DesignError `design-unreachable` with the largest number attainable and the time of nearly all of it.

    Source: Lachin JM, Foulkes MA. Biometrics 1986;42:507-519; the root of the expected events by bracketing.

    >>> accrual = Accrual.uniform(n=100, duration=12)
    >>> found = time_of_events(50, accrual=accrual, control=Hazard.from_median(9.4), hazard_ratio=0.6)
    >>> round(float(found.time[0]), 3)
    18.374
    """
    wanted = [check_positive(d, "events") for d in np.atleast_1d(np.asarray(events, dtype=object)).tolist()]
    if not wanted:
        raise refused("events", events, "one number of events or several")
    options = {"accrual": accrual, "control": control, "experimental": experimental, "hazard_ratio": hazard_ratio}
    options |= {"dropout": dropout, "ratio": ratio, "strata": strata, "time_unit": time_unit}
    course = _course(options)
    check_complete(accrual)
    times = np.array([course.time_of(d, accrual) for d in wanted])
    return _course_at(times, course, accrual, "time_of_events", {"events": wanted} | options)


def _course(options: Mapping[str, Any]) -> TrialCourse:
    return trial_course(**{name: value for name, value in options.items() if name not in ("accrual", "time_unit")})


def _course_at(
    time: Floats, course: TrialCourse, accrual: Accrual, verb: str, arguments: Mapping[str, Any]
) -> ExpectedCourse:
    check_complete(accrual)
    return ExpectedCourse(
        time=time, enrolled=course.enrolled(accrual, time), events=course.events(accrual, time),
        losses=course.losses(accrual, time), variance=course.variance(accrual, time), pace=course.pace(accrual, time),
        accrual=accrual, course=course, verb=verb, arguments=arguments, time_unit=str(arguments["time_unit"]),
    )  # fmt: skip


def check_complete(accrual: Any) -> None:
    """Raises ArgumentError `argument-invalid` unless it is an accrual with its n and duration."""
    if not isinstance(accrual, Accrual):
        raise refused("accrual", accrual, "an Accrual, such as Accrual.uniform(n=198, duration=24)")
    if accrual.is_open:
        what = "n" if accrual.n is None else "duration"
        hint = "give it; fixed_design can find it"
        raise ArgumentError("argument-invalid", f"the accrual leaves its {what} open", where="accrual", hint=hint)


def _times_given(time: Any) -> Floats:
    try:
        at = np.atleast_1d(np.asarray(time, dtype=float))
    except (TypeError, ValueError):
        raise refused("time", time, "one time or several, from zero on") from None
    if at.ndim != 1 or not len(at) or not np.isfinite(at).all() or (at < 0.0).any():
        raise refused("time", time, "one time or several, from zero on and finite")
    return at


def _of(events: Floats, n: Floats) -> str:
    return f"{prose_number(events.sum(), 1)} of {prose_number(n.sum(), 1)}"


@dataclass(frozen=True, eq=False, repr=False)
class ExpectedAccrual(DesignResult):
    """Expected patients enrolled by calendar times: `enrolled` (strata, arms, times), arms control and experimental.

    `variance` is that of a Poisson process with this intensity: the expectation.
    """

    time: Floats
    enrolled: Floats
    accrual: Accrual
    ratio: float
    strata: tuple[str, ...]
    arguments: Mapping[str, Any]
    time_unit: str = "months"

    @property
    def total(self) -> Any:
        """Expected patients: a float for one time, an array for several."""
        values = self.enrolled.sum(axis=(0, 1))
        return float(values[0]) if len(values) == 1 else values

    @property
    def variance(self) -> Floats:
        """Of the number enrolled, if patients arrive as a Poisson process."""
        return self.enrolled

    def to_rows(self) -> list[ResultRow]:
        """n and its variance at each time: all, by arm, by arm of each stratum."""
        rows: list[ResultRow] = []
        for k, time in enumerate(self.time.tolist()):
            at = {"at": time, "at_unit": self.time_unit, "method": "expected-events"}
            cells: list[tuple[dict[str, Any], float]] = [({}, float(self.enrolled[:, :, k].sum()))]
            for j, arm in enumerate(ARMS):
                named = {"group1": "arm", "level1": arm}
                cells.append((named, float(self.enrolled[:, j, k].sum())))
                if len(self.strata) > 1:
                    cells += [
                        (named | {"group2": "stratum", "level2": stratum}, float(self.enrolled[i, j, k]))
                        for i, stratum in enumerate(self.strata)
                    ]
            for group, n in cells:
                rows += [design_row(name, n, **group, **at) for name in ("n", "variance")]
        return rows

    def text(self) -> str:
        parts = [
            f"{prose_count(prose_number(n, 1), 'patient')} by {prose_number(t, 1)} {self.time_unit}"
            for t, n in zip(self.time, self.enrolled.sum(axis=(0, 1)), strict=True)
        ]
        return f"Patients are randomized {ratio_words(self.ratio)}; expected enrollment is {prose_listing(parts)}."

    def code(self) -> str:
        return render_code("expected_accrual", self.arguments)


def expected_accrual(
    time: Any,
    *,
    accrual: Accrual,
    ratio: float | tuple[float, float] = 1.0,
    strata: Mapping[str, float] | None = None,
    time_unit: str = "months",
) -> ExpectedAccrual:
    """Expected patients enrolled by calendar times, by arm and stratum.

    Arguments: `time`, one or several times from zero on; `accrual` with its n and duration; `ratio`, experimental to
    control; `strata`, a mapping from name to the share of patients, shares summing to 1; `time_unit`, a word.

    Returns an `ExpectedAccrual`. Raises ArgumentError `argument-invalid`.

    Formula: N(t) = int_0^t a(u) du; variance N(t), arrivals being a Poisson process.
    Source: Carter RE. Stat Med 2004;23:2021-2029.

    >>> expected_accrual([6, 30], accrual=Accrual.uniform(n=198, duration=24), ratio=2).total.tolist()
    [49.5, 198.0]
    """
    check_complete(accrual)
    times, r = _times_given(time), to_ratio(ratio)
    shares = (
        {"overall": 1.0} if not strata else {k: check_positive(v, f"share of stratum {k}") for k, v in strata.items()}
    )
    if abs(sum(shares.values()) - 1.0) > 1e-9:
        raise refused("strata", strata, "shares that sum to 1")
    cells = np.outer(list(shares.values()), (1.0 / (1.0 + r), r / (1.0 + r)))
    enrolled = cells[:, :, None] * np.asarray(accrual.enrolled(times))
    arguments = {"time": times.tolist(), "accrual": accrual, "ratio": ratio, "strata": strata, "time_unit": time_unit}
    return ExpectedAccrual(times, enrolled, accrual, r, tuple(shares), arguments, time_unit)
