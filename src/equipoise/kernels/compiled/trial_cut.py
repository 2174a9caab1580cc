"""When a look at sixteen trials is, and what is seen then: `plain.trial_looks` on the rows of `trial_rows`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from equipoise.kernels.compiled.lanes import (
    WIDTH,
    any_lane,
    below,
    inlined,
    inner,
    load_u,
    maximum,
    minimum,
    select,
    spread_f,
    spread_u,
    store_u,
    to_float,
    to_whole,
    traced,
)
from equipoise.kernels.compiled.trial_networks import BLOCK, filled_rows
from equipoise.kernels.compiled.trial_rows import NO_EVENT
from equipoise.kernels.plain.trial_spec import HORIZON, NO_RULE

ONES = 0xFFFFFFFF
_COUNTING_PASSES = 3
_FREE_PASSES = 6


class LookPlan(NamedTuple):
    """The looks of a spec, and where the search for the event of each starts: `guess` (L, 2), tick and ticks per event.

    What is found does not depend on the guess, which follows the trials already searched.
    """

    events: np.ndarray
    earliest: np.ndarray
    follow_up: np.ndarray
    any_rule: np.ndarray
    latest: np.ndarray
    guess: np.ndarray


@traced
def _begin_count():
    return spread_u(0), spread_u(0), spread_u(NO_EVENT)


@traced
def _count(work, row, at, counted):
    """One more row to how many events are at or before each lane's tick, the last of those and the first after it."""
    count, below, above = counted
    tick = load_u(work, row)
    early = tick <= at
    count = select(early, count + spread_u(1), count)
    below = select(early, maximum(below, tick), below)
    return count, below, select(early, above, minimum(above, tick))


@traced
def _count_only(work, row, at, count):
    """One more row to the count alone: differences below 2^31 have their sign in the last bit."""
    return count + ((load_u(work, row) - (at + spread_u(1))) >> spread_u(31))


@traced
def _toward(at, count, events, spacing, limits):
    """Where the target count should be reached, by that many ticks per event; kept from low to below high."""
    low, high = limits
    distance = (spread_f(events) - spread_f(0.5) - to_float(count)) * spacing
    limit = spread_f(float(HORIZON))
    bounded = select(distance < limit, distance, limit)
    bounded = select(bounded > spread_f(-float(HORIZON)), bounded, spread_f(-float(HORIZON)))
    moved = at + to_whole(bounded)
    moved = select(moved < spread_u(0), spread_u(0), moved)
    return maximum(low, minimum(moved, high - spread_u(1)))


@traced
def _bracket(at, count, events, bracket):
    """The last places tried with too few events and with enough, and their counts; NO_EVENT stands for none."""
    few_at, few, enough_at, enough = bracket
    reached = count >= spread_u(events)
    few_at, few = select(reached, few_at, at), select(reached, few, count)
    return few_at, few, select(reached, at, enough_at), select(reached, count, enough)


@traced
def _spacing(bracket, guess):
    """Ticks per event between the two places of the bracket; the guess while one of them is missing."""
    few_at, few, enough_at, enough = bracket
    both = (few != spread_u(NO_EVENT)) & (enough != spread_u(NO_EVENT))
    return select(both, to_float(enough_at - few_at) / to_float(enough - few), guess)


@traced
def _next_place(at, count, events, guess, grown, bracket, limits):
    """The next place to try, and the bracket with the last one."""
    bracket = _bracket(at, count, events, bracket)
    return _toward(at, count, events, _spacing(bracket, spread_f(guess) * spread_f(grown)), limits), bracket


@traced
def _begin_search(guess):
    none = spread_u(NO_EVENT)
    return spread_u(guess), (none, none, none, none), (spread_u(0), none)


@traced
def _narrowed(counted, events, limits):
    """The limits after a full count, and whether a lane has not found its event."""
    (count, below, above), (low, high), wanted = counted, limits, spread_u(events)
    enough = count >= wanted
    high = select(enough, minimum(high, below), high)
    low = maximum(low, select(enough, select(count == wanted, below, spread_u(0)), above))
    high = select(count + spread_u(1) == wanted, above, high)
    return (low, high), any_lane(low < high)


@traced
def _middle(limits):
    low, high = limits
    return low + ((high - low) >> spread_u(1))


@inner
def event_tick(work, calendar, rows, events, guess, spare):
    """The calendar tick of the D-th event of each lane, NO_EVENT where there are fewer.

    A search on the count of events: first steps by the spacing of events, from passes that only count; then passes that
    also find the events next to the place tried, so that counts of D - 1 and D end it; by bisection after
    `_FREE_PASSES`. `guess` (2) is moved toward what was found; `spare`: two rows.
    """
    at, bracket, limits = _begin_search(np.uint32(guess[0]))
    spacing, grown = guess[1], 1.0
    for passes in range(_COUNTING_PASSES):
        count = spread_u(0)
        for row in range(calendar, calendar + rows):
            count = _count_only(work, row, at, count)
        if passes == 0:
            store_u(work, spare + 1, count)
        at, bracket = _next_place(at, count, events, spacing, grown, bracket, limits)
        grown *= 1.5
    passes = 0
    while True:
        counted = _begin_count()
        for row in range(calendar, calendar + rows):
            counted = _count(work, row, at, counted)
        limits, open_lanes = _narrowed(counted, events, limits)
        if not open_lanes:
            break
        passes += 1
        if passes <= _FREE_PASSES:
            at, bracket = _next_place(at, counted[0], events, spacing, grown, bracket, limits)
            grown *= 1.5
        else:
            at = _middle(limits)
    store_u(work, spare, limits[0])
    _learn(work, spare, events, guess)
    return limits[0]


@inlined
def _learn(work, spare, events, guess):
    """Moves the guess an eighth of the way to the mean of the lanes, and its spacing to theirs."""
    ticks, moved, passed, lanes = 0.0, 0.0, 0.0, 0
    for lane in range(WIDTH):
        tick = work[spare * WIDTH + lane]
        if tick != NO_EVENT:
            ticks += tick
            moved += abs(tick - guess[0])
            passed += abs(events - 0.5 - work[(spare + 1) * WIDTH + lane])
            lanes += 1
    if lanes > 0:
        guess[0] += 0.125 * (ticks / lanes - guess[0])
        guess[1] += 0.125 * (moved / passed - guess[1])


@inlined
def look_tick(work, at, rows, looks, look, spare):
    """The calendar tick of a look in each lane."""
    latest = spread_u(looks.latest[look])
    first, last, rules = latest, spread_u(0), 0
    if looks.events[look] > 0:
        tick = event_tick(work, at.calendar, rows, looks.events[look], looks.guess[look], spare)
        first, last, rules = minimum(first, tick), tick, 1
    if looks.earliest[look] != NO_RULE:
        tick = spread_u(looks.earliest[look])
        first, last, rules = minimum(first, tick), maximum(last, tick), rules + 1
    if looks.follow_up[look] != NO_RULE:
        tick = (load_u(work, at.entry + rows - 1) >> spread_u(4)) + spread_u(looks.follow_up[look])
        first, last, rules = minimum(first, tick), maximum(last, tick), rules + 1
    if looks.any_rule[look] or rules == 0:
        return first
    return minimum(last, latest)


@inner
def cut_rows(work, at, rows, cut, out):
    """Keys of the patients entered before the cut, ones for the others and after them, from row `out` on.

    A key is the lesser of the patient's own and that of censoring at the cut. Returns the number of rows to sort, a
    multiple of 16 without the last patients when no lane has enrolled them, and the enrolled of each lane.
    """
    while rows > 0 and not _any_entered(work, at, rows - 1, cut):
        rows -= 1
    enrolled = spread_u(0)
    for r in range(rows):
        enrolled = _cut_row(work, at, r, cut, out, enrolled)
    padded = (rows + BLOCK - 1) // BLOCK * BLOCK
    for r in range(rows, filled_rows(padded)):
        store_u(work, out + r, spread_u(ONES))
    return padded, enrolled


@traced
def _any_entered(work, at, r, cut):
    return any_lane(below(load_u(work, at.entry + r), cut << spread_u(4)))


@traced
def _cut_row(work, at, r, cut, out, enrolled):
    entry, key, limit = load_u(work, at.entry + r), load_u(work, at.key + r), (cut << spread_u(4)) | spread_u(8)
    entered = below(entry, limit - spread_u(8))
    censored = (limit - entry) | (key & spread_u(7))
    store_u(work, out + r, select(entered, minimum(key, censored), spread_u(ONES)))
    return select(entered, enrolled + spread_u(1), enrolled)
