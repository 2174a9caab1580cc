"""Two reconstructed arms moved, patient by patient, until the printed effect is met as well as the curves allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.count_path import CountLaw
from equipoise.evidence.curve_knots import Knots
from equipoise.evidence.event_totals import segments
from equipoise.evidence.printed_constraints import PrintedConstraint, ReconstructedPair

# A printed number off by one unit of its slack weighs as much as this in minus log-probability.
_WEIGHT = 60.0
# Further off than this, curve and number contradict each other, and neither is bent to the other.
_FARTHEST = 4.0


@dataclass(frozen=True)
class ArmProblem:
    """One arm of a reconstruction: its knots, the law of its counts, whether its total of events is printed."""

    knots: Knots
    law: CountLaw
    events_fixed: bool
    marks: np.ndarray | None = None


@dataclass(frozen=True)
class _State:
    arms: tuple[ArmCounts, ArmCounts]
    pair: ReconstructedPair
    cost: float
    unmet: float


Patients = Callable[[ArmCounts, int], tuple[np.ndarray, np.ndarray]]


def paired(arms: tuple[ArmCounts, ArmCounts], patients: Patients) -> ReconstructedPair:
    """Experimental and control counts with their patients."""
    (first_time, first_event), (second_time, second_event) = patients(arms[0], 0), patients(arms[1], 1)
    arm = np.repeat([1, 0], [len(first_time), len(second_time)])
    time, event = np.concatenate((first_time, second_time)), np.concatenate((first_event, second_event))
    return ReconstructedPair(*arms, time, event, arm)


def meet_constraints(
    arms: tuple[ArmCounts, ArmCounts],
    problems: tuple[ArmProblem, ArmProblem],
    constraints: Sequence[PrintedConstraint],
    patients: Patients,
    uniforms: np.ndarray,
    *,
    settle: int = 0,
) -> ReconstructedPair:
    """The pair after small changes that bring the printed hazard ratio, limits, P and events nearer.

    Each change moves one event or one censoring between knots of an arm that lie between the same two printed numbers
    at risk, or turns one into the other where no total of events is printed; it is kept where minus the log-probability
    of the counts and heights plus 60 v^2 for every printed number falls, v its distance from what was printed, in half
    units of the last digit (at most 4). Curves are never left for the sake of a number that they contradict.
    Arguments: experimental and control; their problems; the constraints; how counts become patients; `uniforms`
    (trials, 4), one row for each change tried; `settle`: how many are tried in any case, to let the curves settle.
    """
    wanted = [constraint for constraint in constraints if constraint.slack > 0.0]
    state = _valued(arms, problems, wanted, patients)
    for place, row in enumerate(uniforms):
        if place >= settle and state.unmet == 0.0:
            break
        changed = _changed(state.arms, problems, row)
        if changed is not None:
            tried = _valued(changed, problems, wanted, patients)
            if tried.cost + tried.unmet < state.cost + state.unmet:
                state = tried
    return state.pair


def _valued(
    arms: tuple[ArmCounts, ArmCounts], problems: tuple[ArmProblem, ArmProblem],
    wanted: Sequence[PrintedConstraint], patients: Patients,
) -> _State:  # fmt: skip
    pair = paired(arms, patients)
    cost = sum(_cost(arm, problem) for arm, problem in zip(arms, problems, strict=True))
    unmet = sum(_WEIGHT * min(each.violation(pair), _FARTHEST) ** 2 for each in wanted)
    return _State(arms, pair, cost, unmet)


def _cost(counts: ArmCounts, problem: ArmProblem) -> float:
    log_rates = np.log(np.maximum(problem.law.censored, 1e-3))
    return problem.knots.misfit(counts.survival) - 0.3 * float(counts.censored @ (log_rates - log_rates.max()))


def _changed(
    arms: tuple[ArmCounts, ArmCounts], problems: tuple[ArmProblem, ArmProblem], row: np.ndarray
) -> tuple[ArmCounts, ArmCounts] | None:
    """One arm with one change, drawn by four uniforms; None where there is no place for it."""
    which = int(row[0] * 2.0)
    counts, problem = arms[which], problems[which]
    if row[1] >= 0.75 and not any(each.events_fixed for each in problems):
        other = _turned(arms[1 - which], problems[1 - which], 2.0 * row[0] % 1.0, 1.0 - row[3])
        arms = arms if other is None else _with(arms, 1 - which, other)
    kinds = (_shifted_censoring, _shifted_event, _exchanged, _turned)
    kind = kinds[int(row[1] * 3.0 if problem.events_fixed else min(row[1] * 5.3, 3.0))]
    changed = kind(counts, problem, float(row[2]), float(row[3]))
    return None if changed is None else _with(arms, which, changed)


def _with(arms: tuple[ArmCounts, ArmCounts], place: int, counts: ArmCounts) -> tuple[ArmCounts, ArmCounts]:
    return (counts, arms[1]) if place == 0 else (arms[0], counts)


def _pick(places: np.ndarray, share: float) -> int:
    return int(places[min(int(share * len(places)), len(places) - 1)])


def _shifted_censoring(counts: ArmCounts, problem: ArmProblem, a: float, b: float) -> ArmCounts | None:
    """One censoring to another gap of its segment."""
    segment = segments(problem.knots)
    held = np.flatnonzero(counts.censored > 0)
    if not len(held):
        return None
    start = _pick(held, a)
    places = np.flatnonzero((segment == segment[start]) & (np.arange(len(segment)) != start))
    if not len(places):
        return None
    stop = _pick(places, b)
    censored = counts.censored.copy()
    censored[start] -= 1
    censored[stop] += 1
    return _possible(replace(counts, censored=censored))


def _shifted_event(counts: ArmCounts, problem: ArmProblem, a: float, b: float) -> ArmCounts | None:
    """One event to another knot of its segment."""
    segment = segments(problem.knots)[:-1]
    held = np.flatnonzero(counts.events > problem.knots.least)
    if not len(held):
        return None
    start = _pick(held, a)
    free = problem.knots.free & (segment == segment[start])
    free[start] = False
    places = np.flatnonzero(free)
    if not len(places):
        return None
    # Nearby knots leave the curve nearly as it is.
    near = places[np.argsort(np.abs(places - start), kind="stable")][:40]
    events = counts.events.copy()
    events[start] -= 1
    events[_pick(near, b)] += 1
    return _possible(replace(counts, events=events))


def _turned(counts: ArmCounts, problem: ArmProblem, a: float, b: float) -> ArmCounts | None:
    """An event turned into a censoring just after it, or a censoring into an event just before it."""
    to_event = b < 0.5
    after = counts.censored[1:]
    able = (after > 0) & problem.knots.free if to_event else counts.events > problem.knots.least
    places = np.flatnonzero(able)
    if not len(places):
        return None
    k = _pick(places, a)
    events, censored = counts.events.copy(), counts.censored.copy()
    step = 1 if to_event else -1
    events[k] += step
    censored[k + 1] -= step
    return _possible(replace(counts, events=events, censored=censored))


def _exchanged(counts: ArmCounts, problem: ArmProblem, a: float, b: float) -> ArmCounts | None:
    """An event turned into a censoring at one place, and a censoring into an event at another."""
    fewer = _turned(counts, problem, a, 1.0)
    return None if fewer is None else _turned(fewer, problem, b, 0.0)


def _possible(counts: ArmCounts) -> ArmCounts | None:
    at_risk = counts.at_risk
    return counts if (counts.events <= at_risk).all() and (at_risk >= 0).all() else None
