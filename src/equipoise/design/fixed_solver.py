"""Which quantities of a fixed design are open, and their solution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from equipoise.design.design_result import prose_listing
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import critical_z
from equipoise.design.signal import Signal, signal_at
from equipoise.design.trial_course import Dropouts, Stratum, TrialCourse, trial_course
from equipoise.errors import DesignError
from equipoise.kernels.plain.roots import root_between
from equipoise.kernels.plain.special import normal_tail

DURATION, FOLLOW_UP, N = "accrual duration", "follow-up", "n"
# Hazard ratios tried from 1 downward when one is looked for: the first that reaches the power is the answer, because
# with few events left in the experimental arm some methods' power falls again.
_TRIED = np.exp(-np.concatenate((np.linspace(0.01, 1.0, 40), np.linspace(1.05, 7.0, 60))))
_LONGEST = 1e12


def given(value: float | None) -> float:
    """A quantity that is there, as the check of the unknowns has shown."""
    assert value is not None
    return value


@dataclass(frozen=True)
class Problem:
    """A fixed design with its open quantities None; `side` is the alpha of one side."""

    hazard_ratio: float | None
    accrual: Accrual
    follow_up: float | None
    events: float | None
    power: float | None
    side: float
    ratio: float
    method: str
    control: Hazard | None
    dropout: Dropouts
    strata: Mapping[str, Stratum] | None
    courses: dict[float, TrialCourse] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def z(self) -> float:
        return critical_z(self.side)

    def course(self, hazard_ratio: float) -> TrialCourse:
        """The trial's course at a hazard ratio, made once."""
        if hazard_ratio not in self.courses:
            self.courses[hazard_ratio] = trial_course(
                control=self.control, hazard_ratio=hazard_ratio, dropout=self.dropout, ratio=self.ratio,
                strata=self.strata,
            )  # fmt: skip
        return self.courses[hazard_ratio]

    def signal(self, hazard_ratio: float, accrual: Accrual, follow_up: float) -> Signal:
        """What the method expects at the end of a follow-up, which may be infinite."""
        time = accrual.end + follow_up
        return signal_at(self.course(hazard_ratio), hazard_ratio, accrual, time, self.method)

    def short(self, signal: Signal) -> float:
        """How far a signal is from what is asked for: below zero as long as it does not suffice."""
        if self.events is not None:
            return signal.events - self.events
        return self.short_of_power(signal)

    def short_of_power(self, signal: Signal) -> float:
        """On the scale of Z, where a power near 1 still moves."""
        return signal.mean - self.z * signal.null + critical_z(given(self.power))

    @property
    def open_timeline(self) -> list[str]:
        """What is open of n, accrual duration and follow-up; given rates leave n to the duration."""
        found = [DURATION] if self.accrual.duration is None else []
        if self.accrual.n is None and (self.accrual.relative or self.accrual.duration is not None):
            found.append(N)
        return found + ([FOLLOW_UP] if self.follow_up is None else [])


@dataclass(frozen=True)
class Solution:
    """Every quantity of a fixed design, and the names of those that were open."""

    hazard_ratio: float
    accrual: Accrual
    follow_up: float
    events: float
    power: float
    solved: tuple[str, ...]

    @property
    def time(self) -> float:
        """Of the analysis, from the first enrollment."""
        return self.accrual.end + self.follow_up


def solve_design(problem: Problem) -> Solution:
    """Find what is open. Raises DesignError `design-unknowns` or `design-unreachable`."""
    check_unknowns(problem)
    hazard_ratio = problem.hazard_ratio if problem.hazard_ratio is not None else _solve_hazard_ratio(problem)
    accrual, follow_up = solve_timeline(problem, hazard_ratio)
    signal = problem.signal(hazard_ratio, accrual, follow_up)
    if not signal.events > 0.0:
        raise DesignError(
            "design-unreachable",
            f"no events are expected by time {accrual.end + follow_up:.6g}",
            where="control",
            reason="the hazards are zero until then",
            hint="follow the patients longer, or give hazards above zero",
        )
    solved = [*(["hazard ratio"] if problem.hazard_ratio is None else []), *problem.open_timeline]
    solved += [name for name in ("events", "power") if getattr(problem, name) is None]
    return Solution(hazard_ratio, accrual, follow_up, signal.events, signal.power(problem.z), tuple(solved))


def check_unknowns(problem: Problem) -> None:
    """Raises DesignError `design-unknowns` unless two equations meet two unknowns that they determine."""
    timeline = problem.open_timeline
    unknowns = ["hazard ratio", *timeline] if problem.hazard_ratio is None else timeline
    targets = [name for name in ("events", "power") if getattr(problem, name) is not None]
    said = " and ".join(targets)
    if not unknowns and targets:
        listed = prose_listing(["hazard ratio", "n", "accrual duration", "follow-up", *targets])
        known = f"{listed} are all given: nothing is left to solve for"
        raise _unknowns(known, f"leave out {said}, or one of the others")
    if len(timeline) > 1:
        raise _unknowns(f"{' and '.join(timeline)} are both open", f"give {' or '.join(timeline)}")
    if len(unknowns) == 2 and len(targets) < 2:
        needed = "the events and the power" if not targets else "the power" if targets == ["events"] else "the events"
        hint = f"give {needed} as well, or one of the two that are open"
        raise _unknowns(f"{' and '.join(unknowns)} are both open", hint)
    if len(unknowns) == 1 and not targets:
        raise _unknowns(f"{unknowns[0]} is open, and no power is given to find it by", "give the power or the events")
    if unknowns == ["hazard ratio"] and targets == ["events"]:
        raise _unknowns("the hazard ratio is open, and only events are given", "give the power instead of the events")
    if len(unknowns) == 1 and len(targets) == 2:
        raise _unknowns(f"events and power are both given, and only {unknowns[0]} is open", "leave out one of the two")


def _unknowns(message: str, hint: str) -> DesignError:
    return DesignError("design-unknowns", message, hint=hint)


def solve_timeline(problem: Problem, hazard_ratio: float) -> tuple[Accrual, float]:
    """The accrual and the follow-up, the open one of them found from the events or the power."""
    open_one = problem.open_timeline
    if not open_one:
        return problem.accrual, given(problem.follow_up)
    solve = {N: _solve_n, DURATION: _solve_duration, FOLLOW_UP: _solve_follow_up}[open_one[0]]
    return solve(problem, hazard_ratio)


def _solve_n(problem: Problem, hazard_ratio: float) -> tuple[Accrual, float]:
    one, follow_up = problem.accrual.with_n(1.0), given(problem.follow_up)
    signal = problem.signal(hazard_ratio, one, follow_up)
    if problem.events is not None:
        n = problem.events / signal.events if signal.events > 0.0 else math.inf
    else:
        n = signal.scale(problem.z, given(problem.power))
    if not math.isfinite(n):
        raise _no_power(problem, hazard_ratio, "however many patients are enrolled")
    return problem.accrual.with_n(n), follow_up


def _solve_follow_up(problem: Problem, hazard_ratio: float) -> tuple[Accrual, float]:
    accrual = problem.accrual

    def short(time: float) -> float:
        return problem.short(problem.signal(hazard_ratio, accrual, time - accrual.end))

    if short(math.inf) <= 1e-12:
        raise _out_of_reach(problem, hazard_ratio, accrual, "however long the follow-up")
    return accrual, _upward(short, accrual.end) - accrual.end


def _solve_duration(problem: Problem, hazard_ratio: float) -> tuple[Accrual, float]:
    follow_up = given(problem.follow_up)

    def short(duration: float) -> float:
        accrual = problem.accrual.with_duration(duration)
        return problem.short(problem.signal(hazard_ratio, accrual, follow_up))

    start = 1.0 if not problem.accrual.breaks else problem.accrual.breaks[-1]
    if problem.accrual.relative:
        _check_stretch(problem, hazard_ratio, follow_up, short)
    elif problem.accrual.rates[-1] == 0.0:
        whole = problem.accrual.with_duration(start * (1.0 + 1e-9))
        if problem.short(problem.signal(hazard_ratio, whole, math.inf)) <= 0.0:
            raise _out_of_reach(problem, hazard_ratio, whole, "because accrual stops")
    return problem.accrual.with_duration(_upward(short, start)), follow_up


def _check_stretch(problem: Problem, hazard_ratio: float, follow_up: float, short: Callable[[float], float]) -> None:
    """Whether a duration of accrual of a given number of patients can be found: longer accrual is longer follow-up."""
    some = problem.accrual.with_duration(max(1.0, 2.0 * max((0.0, *problem.accrual.breaks))))
    if problem.short(problem.signal(hazard_ratio, some, math.inf)) <= 1e-12:
        raise _out_of_reach(problem, hazard_ratio, some, "however long the accrual")
    if not problem.accrual.breaks and short(1e-9) > 0.0:
        raise DesignError(
            "design-unreachable",
            f"every duration of accrual gives more than is asked for: {follow_up:g} of follow-up suffices if all "
            f"{problem.accrual.n:g} patients come at once",
            where="accrual",
            hint="enroll fewer patients, or shorten the follow-up",
        )


def _upward(short: Callable[[float], float], start: float) -> float:
    """The root of a function that rises from below zero at 0."""
    low, high = 0.0, start
    while (value := short(high)) < 0.0 and high < _LONGEST:
        low, high = high, 2.0 * high
    while low == 0.0 and (at_low := short(high / 2.0)) > 0.0 and high > 1e-9:
        high, value = high / 2.0, at_low
    low = low or high / 2.0
    return root_between(short, low, high, None, value)


def _solve_hazard_ratio(problem: Problem) -> float:
    def short(hazard_ratio: float) -> float:
        trial = replace(problem, power=None) if problem.events is not None else problem
        accrual, follow_up = solve_timeline(trial, hazard_ratio)
        return problem.short_of_power(problem.signal(hazard_ratio, accrual, follow_up))

    above, best = 1.0, -math.inf
    for tried in _TRIED.tolist():
        if (value := short(tried)) >= 0.0:
            upper = above if above < 1.0 else 1.0 - 1e-12
            return root_between(short, tried, upper, value, None)
        above, best = tried, max(best, value)
    most = normal_tail(critical_z(given(problem.power)) - best)
    raise DesignError(
        "design-unreachable",
        f"no hazard ratio gives power {problem.power:g}: at most about {most:.3g} is reached",
        hint="enroll more patients or follow them longer",
    )


def _no_power(problem: Problem, hazard_ratio: float, manner: str) -> DesignError:
    wanted = f"{problem.events:g} events are" if problem.events is not None else f"power {problem.power:g} is"
    reason = None
    if hazard_ratio >= 1.0 and problem.power is not None:
        reason = f"at a hazard ratio of {hazard_ratio:g} the experimental arm does no better"
    return DesignError(
        "design-unreachable",
        f"{wanted} not reached, {manner}",
        reason=reason,
        hint="give a hazard ratio below 1 (experimental to control) and hazards above zero",
    )


def _out_of_reach(problem: Problem, hazard_ratio: float, accrual: Accrual, manner: str) -> DesignError:
    if hazard_ratio >= 1.0 and problem.events is None:
        return _no_power(problem, hazard_ratio, manner)
    course = problem.course(hazard_ratio)
    final = problem.signal(hazard_ratio, accrual, math.inf)
    if final.events <= 0.0:
        return _no_power(problem, hazard_ratio, manner)
    when = course.time_of(0.99 * final.events, accrual)
    power = final.power(problem.z)
    wanted = f"{problem.events:.6g} events" if problem.events is not None else f"power {problem.power:g}"
    return DesignError(
        "design-unreachable",
        f"{wanted} cannot be reached, {manner}: at most {final.events:.6g} events are expected, with power {power:.4g}",
        reason=f"{accrual.n:.6g} patients are enrolled",
        hint="enroll more patients, or assume a larger effect or less dropout; "
        f"99% of the most events is expected by time {when:.4g}",
    )
