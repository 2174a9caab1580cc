"""A published number of events, met with the least harm to the curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.count_path import CountLaw, probable_counts
from equipoise.evidence.curve_knots import LARGEST, Knots

_ROUNDS = 6
# As many are turned one by one at once, unless the curve loses more than this in log-probability.
_FEW = 3
_HARM = 6.0
_TRIED = 80


def counts_with_events(knots: Knots, n: int, law: CountLaw, end: float, events: int | None) -> ArmCounts:
    """The most probable counts of a curve among those with a total of events, where it is known.

    A few too many events are turned into censorings just after them, or the reverse, each time where the curve suffers
    least; where it suffers much, or many are, a cost of each event (bisection) nears the total first. Numbers at risk
    that a paper prints stay as they are. The total is not met where the curve has too few, or needs more, steps.
    """
    free = probable_counts(knots, n, law, end)
    if events is None or free.n_events == events:
        return free
    quick = moved_to(free, knots, events) if abs(free.n_events - events) <= _FEW else free
    if quick.n_events == events and knots.misfit(quick.survival) <= knots.misfit(free.survival) + _HARM:
        return quick
    slow = moved_to(_neared(knots, n, law, end, events, free), knots, events)
    return min(quick, slow, key=lambda each: (abs(each.n_events - events), knots.misfit(each.survival)))


def _neared(knots: Knots, n: int, law: CountLaw, end: float, events: int, counts: ArmCounts) -> ArmCounts:
    # The total falls with the cost; a cost of one changes the odds of an event by e.
    best, cost, reach = counts, 0.0, 0.5
    bracket: dict[bool, float] = {counts.n_events > events: 0.0}
    for _ in range(_ROUNDS):
        if len(bracket) == 2:
            cost = (bracket[True] + bracket[False]) / 2.0
        else:
            cost += reach if counts.n_events > events else -reach
            reach *= 2.0
        tried = probable_counts(knots, n, law, end, event_cost=cost)
        if abs(tried.n_events - events) < abs(best.n_events - events):
            best = tried
        if tried.n_events == events:
            break
        bracket[tried.n_events > events] = cost
    return best


def moved_to(counts: ArmCounts, knots: Knots, events: int) -> ArmCounts:
    """The counts with events turned into censorings just after them, or back, until the total is as given."""
    segment = segments(knots)
    while counts.n_events != events:
        more = counts.n_events < events
        changed = _turned(counts, knots, segment, more=more)
        if changed is None:
            break
        counts = changed
    return counts


def segments(knots: Knots) -> np.ndarray:
    """For each gap (m + 1) which printed number at risk it follows: patients never move between segments."""
    return np.concatenate(([0], np.cumsum(knots.most == knots.fewest)))


def _turned(counts: ArmCounts, knots: Knots, segment: np.ndarray, *, more: bool) -> ArmCounts | None:
    """One event more, or one fewer, where the curve suffers least; None where there is no place."""
    at_risk, survival = counts.at_risk, counts.survival
    gap = _gap_after(counts, segment) if more else np.arange(1, len(counts.time) + 1)
    if more:
        # Nothing is seen after the last knot, so that an event there would cost little and mean nothing.
        seen = np.arange(len(gap)) < len(gap) - 1
        places = np.flatnonzero(knots.free & (gap >= 0) & (counts.events < at_risk) & (seen | (knots.least > 0)))
    else:
        places = np.flatnonzero(counts.events > knots.least)
    if not len(places):
        return None
    places = places[:: max(len(places) // _TRIED, 1)]
    now = counts.events[places]
    then = now + (1 if more else -1)
    ratio = (at_risk[places] - then) / np.maximum(at_risk[places] - now, 1e-9)
    best = int(places[np.argmin(_costs(knots, survival, places, ratio))])
    step = 1 if more else -1
    events, censored = counts.events.copy(), counts.censored.copy()
    events[best] += step
    censored[gap[best]] -= step
    return replace(counts, events=events, censored=censored)


def _costs(knots: Knots, survival: np.ndarray, places: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """The misfit of the curve where it is multiplied by a ratio from each of the places on."""
    after = np.arange(len(survival)) >= places[:, None]
    curve = np.where(after, np.minimum(survival * ratio[:, None], 1.0), survival)
    beyond = np.maximum(np.maximum(knots.low - curve, curve - knots.high), 0.0) / knots.error
    return np.minimum(beyond * beyond, LARGEST).sum(axis=1)


def _gap_after(counts: ArmCounts, segment: np.ndarray) -> np.ndarray:
    """For each knot the first gap after it in its segment in which somebody is censored; -1 without."""
    m = len(counts.time)
    found = np.full(m, -1)
    following = -1
    for k in range(m - 1, -1, -1):
        if counts.censored[k + 1] > 0:
            following = k + 1
        if following >= 0 and segment[following] == segment[k + 1]:
            found[k] = following
    return found
