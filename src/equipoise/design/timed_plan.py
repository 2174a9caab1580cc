"""From a statistic's moments at calendar times to n, power or the time of the analysis, with interim analyses."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from equipoise.design.boundaries import Boundary
from equipoise.design.levels import check_alpha, check_positive, check_power, critical_z, refused, to_float
from equipoise.design.planned_trial import PlannedTrial
from equipoise.design.spending import Spending
from equipoise.design.timed_design import PlannedLook, StatisticMoments
from equipoise.errors import ArgumentError, DesignError
from equipoise.kernels.plain.roots import root_between
from equipoise.kernels.plain.sequential import crossing_probabilities, solve_upper
from equipoise.kernels.plain.special import normal_quantile, normal_tail

Moments = Callable[[float], StatisticMoments]
Efficacy = Spending | Boundary | Sequence[float | None] | None

_SCAN = 120
_LEFT = 1e-4
# The earliest analysis considered, after the first that is possible, as a share of the accrual.
_SOON = 1e-6
# A power counts as reached this far below it: where it stops growing, rounding would decide.
_CLOSE = 1e-10
# Multiples of a first guess at n, among which the answer is looked for.
_SIZES = np.array([0.01, 0.05, 0.25, 0.5, 0.8, 0.95, 1.01, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 16.0, 32.0, 64.0])


@dataclass(frozen=True)
class TimedPlan(ABC):
    """What is asked of a timed design, checked: the level, the looks, and what is given of n, power and time.

    `moments` are those of the statistic whose information places and weighs the interim analyses.
    """

    trial: PlannedTrial
    moments: Moments
    alpha: float
    sides: int
    n: float | None
    power: float | None
    time: float | None
    interim: tuple[float, ...]
    fractions: tuple[float, ...]
    efficacy: Efficacy
    futility: tuple[float, ...]
    start: float

    @abstractmethod
    def looks(self, n: float, time: float) -> tuple[PlannedLook, ...]:
        """The analyses with n patients, the last at `time`."""

    @abstractmethod
    def size_hint(self, time: float) -> float:
        """A number of patients near the one that reaches the power. Raises DesignError `design-unreachable`."""

    @property
    def side(self) -> float:
        return self.alpha / self.sides

    @property
    def n_looks(self) -> int:
        return 1 + max(len(self.interim), len(self.fractions))

    @property
    def solved(self) -> str:
        return next(name for name in ("n", "power", "time") if getattr(self, name) is None)

    def solve(self) -> dict[str, Any]:
        """The fields of a `TimedDesign`, whichever of n, power and time was open. Raises DesignError."""
        time = self._solve_time() if self.time is None else self.time
        n = self._solve_n(time) if self.n is None else self.n
        return {
            "n": n,
            "looks": self.looks(n, time),
            "alpha": self.alpha,
            "sides": self.sides,
            "ratio": self.trial.course.ratio,
            "solved": self.solved,
        }

    def times(self, time: float) -> list[float]:
        """The calendar times of all analyses when the last is at `time`."""
        if self.interim:
            return [*self.interim, time]
        final = self.moments(time).null_information
        return [*(self._time_of_information(share * final, time) for share in self.fractions), time]

    def look(self, n: float, time: float, **rest: Any) -> PlannedLook:
        """A look from what it alone decides, `rest`, with patients and events filled in."""
        events = self.trial.events(time) * n
        both = (float(events[0]), float(events[1]))
        return PlannedLook(time=time, enrolled=float(self.trial.enrolled(time)) * n, events=both, **rest)

    def _time_of_information(self, information: float, latest: float) -> float:
        def short(t: float) -> float:
            return self.moments(t).null_information - information

        if short(self._earliest) < 0.0:
            return float(root_between(short, self._earliest, latest))
        share = self.moments(self._earliest).null_information / self.moments(latest).null_information
        reason = f"the earliest analysis there can be, at time {self._earliest:.6g}, has {share:.3g} of the information"
        raise refused("fractions", self.fractions, f"fractions above {share:.3g}", reason)

    @property
    def _earliest(self) -> float:
        return self.start + _SOON * self.trial.accrual_end

    def _reached(self, n: float, time: float) -> float:
        return self.looks(n, time)[-1].power

    def _solve_n(self, time: float) -> float:
        sizes = self.size_hint(time) * _SIZES
        return self._first(lambda n: self._reached(n, time), sizes.tolist(), "n")

    def _solve_time(self) -> float:
        n = self.n
        assert n is not None
        start = max([*self.interim, self.start])
        end = max(_horizon(self.trial), start * 1.5)
        first = start + _SOON * self.trial.accrual_end
        times = first + (end - first) * np.linspace(0.0, 1.0, _SCAN + 1) ** 1.5
        found = self._first(lambda t: self._reached(n, t), [t for t in times.tolist() if self._known(t)], "time")
        if self.interim and found == first:
            raise refused("interim", list(self.interim), "fewer or earlier ones", "they alone reach the power")
        return found

    def _known(self, time: float) -> bool:
        m = self.moments(time)
        if not (m.scale > 0.0 and math.isfinite(m.scale) and m.null_information > 0.0):
            return False
        least = self.moments(self._earliest).null_information if self.fractions else 0.0
        return not self.fractions or least < self.fractions[0] * m.null_information

    def _first(self, reached: Callable[[float], float], places: list[float], name: str) -> float:
        """The first place where the power is reached, between two of the places; it need not rise throughout."""
        assert self.power is not None
        before: tuple[float, float] | None = None
        best = (0.0, math.nan)
        for place in places:
            got = reached(place)
            best = max(best, (got, place))
            if got >= self.power - _CLOSE:
                goal = self.power if got >= self.power else self.power - _CLOSE
                return place if before is None else _crossing(reached, goal, before, (place, got))
            before = (place, got)
        raise DesignError(
            "design-unreachable",
            f"no {name} gives power {self.power:g}: at most {best[0]:.4g} is reached, at {name} {best[1]:.5g}",
            where=name,
            reason="with hazards that are not proportional, power need not grow with the number of events",
            hint="enroll more patients, or choose a test that looks where the effect is",
        )


def _crossing(
    reached: Callable[[float], float], goal: float, before: tuple[float, float], after: tuple[float, float]
) -> float:
    """Where the power passes the goal, between two places with their powers."""
    ends = before[0], after[0], before[1] - goal, after[1] - goal
    return float(root_between(lambda x: reached(x) - goal, *ends))


@dataclass(frozen=True)
class SinglePlan(TimedPlan):
    """A timed design with one statistic."""

    def looks(self, n: float, time: float) -> tuple[PlannedLook, ...]:
        times = self.times(time)
        found = [self.moments(t) for t in times]
        null = np.array([m.null_information for m in found]) * n
        check_growth(times, null)
        assumed = np.array([m.information for m in found]) * n
        mean = np.array([math.sqrt(n) * m.mean / m.scale for m in found])
        lower = np.array([*self.futility, -math.inf])
        upper = efficacy_bounds(null / null[-1], self.side, self.efficacy)
        check_futility(lower[:-1], upper[:-1])
        # Futility is not binding: the level holds when it is ignored.
        spent = np.cumsum(crossing_probabilities(null, np.full(len(upper), -math.inf), upper, 0.0)[1])
        power = np.cumsum(crossing_probabilities(assumed, lower - mean, upper - mean, 0.0)[1])
        if len(found) == 1:
            power = [found[0].power(n, float(upper[0]))]
        return tuple(
            self.look(
                n, t, mean_z=float(mean[k]), information_h1=float(assumed[k]), information_h0=float(null[k]),
                fraction_h1=float(assumed[k] / assumed[-1]), fraction_h0=float(null[k] / null[-1]),
                z_upper=float(upper[k]), p_upper=normal_tail(float(upper[k])), z_lower=float(lower[k]),
                alpha=float(spent[k]), power=float(power[k]), effects=found[k].effects,
            )
            for k, t in enumerate(times)
        )  # fmt: skip

    def size_hint(self, time: float) -> float:
        return fixed_size(self.moments(time), self, time)


def check_growth(times: Sequence[float], information: np.ndarray) -> None:
    """Raises ArgumentError `argument-invalid` where an analysis knows nothing, or no more than the one before it."""
    if not information[0] > 0.0:
        name = "time" if len(times) == 1 else "interim"
        reason = "no event that counts for the test is expected by then"
        raise refused(name, times[0], "a later analysis, or another weight", reason)
    idle = np.flatnonzero(np.diff(information) <= 1e-9 * information[-1])
    if len(idle):
        before, after = times[idle[0]], times[idle[0] + 1]
        reason = f"nothing that counts for the test is added between the analyses at times {before:g} and {after:g}"
        raise refused("interim", times, "earlier analyses, or fewer", reason)


def check_futility(lower: np.ndarray, upper: np.ndarray) -> None:
    """Raises ArgumentError `argument-invalid` where a futility bound of an interim reaches its efficacy bound."""
    for look, (low, high) in enumerate(zip(lower.tolist(), upper.tolist(), strict=True), start=1):
        if low >= high:
            reason = f"the efficacy bound of look {look} is Z {high:.6g}: no trial could go on beyond it"
            raise refused("futility", low, "bounds below those of efficacy", reason)


def fixed_size(m: StatisticMoments, plan: TimedPlan, time: float) -> float:
    """n of a fixed design with this statistic. Raises DesignError `design-unreachable` where it has no power."""
    assert plan.power is not None
    if m.mean <= 0.0:
        raise _against(time, m)
    return ((critical_z(plan.side) * m.scale + normal_quantile(plan.power) * m.spread) / m.mean) ** 2


AnyPlan = TypeVar("AnyPlan", bound=TimedPlan)


def timed_plan(
    kind: type[AnyPlan],
    trial: PlannedTrial,
    moments: Moments,
    *,
    alpha: Any,
    sides: Any,
    power: Any,
    time: Any,
    interim: Any,
    fractions: Any,
    efficacy: Any,
    futility: Any,
    start: float = 0.0,
    **more: Any,
) -> AnyPlan:
    """The arguments that all timed designs share, checked, as a plan of the kind asked for; no analysis before `start`.

    Raises ArgumentError `argument-invalid`; DesignError `design-unknowns` unless exactly one of n (of the accrual),
    power and time is open.
    """
    check_alpha(alpha, sides)
    n = trial.accrual.n
    given = [name for name, value in (("n", n), ("power", power), ("time", time)) if value is not None]
    if len(given) != 2:
        raise _unknowns(given)
    at = None if time is None else check_positive(time, "time")
    looks = _rising(interim, "interim", at if at is not None else math.inf)
    shares = _rising(fractions, "fractions", 1.0)
    if looks and shares:
        raise ArgumentError(
            "argument-invalid",
            "interim and fractions are both given",
            where="interim",
            hint="place the interim analyses by time, or by the fraction of information under no effect",
        )
    stops = _futility(futility, max(len(looks), len(shares)))
    goal = None if power is None else check_power(power, alpha)
    return kind(
        trial, cache(moments), float(alpha), int(sides), n, goal, at, looks, shares, efficacy, stops, start, **more
    )


def _unknowns(given: list[str]) -> DesignError:
    missing = [name for name in ("n", "power", "time") if name not in given]
    if len(given) == 3:
        message, hint = "n, power and time are all given", "drop one: for n, an accrual whose n is open"
    else:
        message, hint = f"{' and '.join(missing)} are missing", "give all of n (in the accrual), power and time but one"
    return DesignError("design-unknowns", message, where=missing[0] if missing else "power", hint=hint)


def _rising(values: Any, name: str, below: float) -> tuple[float, ...]:
    if values is None:
        return ()
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise refused(name, values, "a sequence of numbers, one for each interim analysis")
    found = tuple(check_positive(value, name) for value in values)
    if any(b <= a for a, b in pairwise(found)) or (found and found[-1] >= below):
        raise refused(name, values, f"numbers that rise and stay below {below:g}")
    return found


def _futility(values: Any, n_interim: int) -> tuple[float, ...]:
    if values is None:
        return (-math.inf,) * n_interim
    found = tuple(-math.inf if value is None else to_float(value, "futility") for value in values)
    if len(found) != n_interim:
        raise refused("futility", values, f"{n_interim} bounds for Z, one for each interim analysis; None for no bound")
    return found


def _against(time: float, m: StatisticMoments) -> DesignError:
    named = ", ".join(f"{name} {value:.4g}" for name, value in m.effects)
    return DesignError(
        "design-unreachable",
        f"no number of patients gives power: at time {time:g} the test does not favor the experimental arm",
        where="experimental",
        reason=f"expected there: {named}",
        hint="choose another time, another weight or tau, or give hazards that favor the experimental arm",
    )


def _horizon(trial: PlannedTrial) -> float:
    """A calendar time by which hardly anyone is left at risk; where that never comes, ten times the known course."""
    last = max([trial.accrual_end, *(b for s in trial.strata for c in s for b in (*c.hazard.breaks, *c.loss.breaks))])
    t = last
    while t < 10.0 * last:
        left = max(float(np.exp(-s.leaving(np.array([t]))).max()) for s in trial.strata)
        if left < _LEFT:
            break
        t *= 1.25
    return trial.accrual_end + t


def efficacy_bounds(fractions: np.ndarray, side: float, efficacy: Efficacy) -> np.ndarray:
    """Bounds for Z (K,) at information fractions (K,) that end at 1, for one side's level.

    `efficacy`: a `Spending` (None: Lan-DeMets of O'Brien-Fleming type), a `Boundary`, or K bounds for Z themselves.
    Raises ArgumentError `argument-invalid`, DesignError `spending-invalid`.
    """
    if efficacy is not None and not isinstance(efficacy, Spending | Boundary):
        return _given_bounds(efficacy, len(fractions))
    if len(fractions) == 1:
        return np.array([critical_z(side)])
    if isinstance(efficacy, Boundary):
        every, none = np.ones(len(fractions), dtype=bool), np.full(len(fractions), -math.inf)
        return efficacy.solve(fractions, side, every, none, "plain").upper
    spending = efficacy or Spending("obrien-fleming")
    spending.check_total(side, "the one-sided alpha")
    return solve_upper(fractions, np.array(spending.spent(fractions, side)))


def _given_bounds(efficacy: Any, n_looks: int) -> np.ndarray:
    if isinstance(efficacy, str) or not hasattr(efficacy, "__iter__"):
        raise refused("efficacy", efficacy, "a Spending, a Boundary, or bounds for Z, one for each analysis")
    bounds = [math.inf if value is None else to_float(value, "efficacy") for value in efficacy]
    if len(bounds) != n_looks or any(math.isnan(bound) for bound in bounds):
        raise refused("efficacy", efficacy, f"{n_looks} bounds for Z, one for each analysis; None for no bound")
    return np.array(bounds)
