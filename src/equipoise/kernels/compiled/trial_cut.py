"""When a look at sixteen trials is, and what is seen then: `plain.trial_looks` on the rows of `trial_rows`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from equipoise.kernels.compiled.lanes import (
    WIDTH,
    any_lane,
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


@inlined
def _count(work, calendar, rows, at):
    """How many events are at or before each lane's tick, the last of those and the first one after it."""
    count, below, above = spread_u(0), spread_u(0), spread_u(NO_EVENT)
    for row in range(calendar, calendar + rows):
        tick = load_u(work, row)
        early = tick <= at
        count = select(early, count + spread_u(1), count)
        below = select(early, maximum(below, tick), below)
        above = select(early, above, minimum(above, tick))
    return count, below, above


@inlined
def _toward(at, count, target, spacing, low, high):
    """Where the target count should be reached, by that many ticks per event; kept from `low` to below `high`."""
    distance = (target - to_float(count)) * spacing
    limit = spread_f(float(HORIZON))
    bounded = select(distance < limit, distance, limit)
    bounded = select(bounded > spread_f(-float(HORIZON)), bounded, spread_f(-float(HORIZON)))
    moved = at + to_whole(bounded)
    # A negative result is a large unsigned one.
    moved = select(moved > spread_u(0x7FFFFFFF), spread_u(0), moved)
    return maximum(low, minimum(moved, high - spread_u(1)))


@inlined
def _bracket(at, count, wanted, bracket):
    """The last places tried with too few events and with enough, and their counts; NO_EVENT stands for none."""
    few_at, few, enough_at, enough = bracket
    reached = count >= wanted
    few_at, few = select(reached, few_at, at), select(reached, few, count)
    return few_at, few, select(reached, at, enough_at), select(reached, count, enough)


@inlined
def _spacing(bracket, guess):
    """Ticks per event between the two places of the bracket; the guess while one of them is missing."""
    few_at, few, enough_at, enough = bracket
    both = (few != spread_u(NO_EVENT)) & (enough != spread_u(NO_EVENT))
    return select(both, to_float(enough_at - few_at) / to_float(enough - few), guess)


@inlined
def _count_only(work, calendar, rows, at):
    """How many events are at or before each lane's tick: differences below 2^31 have their sign in the last bit."""
    count = spread_u(0)
    after = at + spread_u(1)
    for row in range(calendar, calendar + rows):
        count = count + ((load_u(work, row) - after) >> spread_u(31))
    return count


@inner
def event_tick(work, calendar, rows, events, guess, spare):
    """The calendar tick of the D-th event of each lane, NO_EVENT where there are fewer.

    A search on the count of events: first steps by the spacing of events, from passes that only count; then passes that
    also find the events next to the place tried, so that counts of D - 1 and D end it; by bisection after
    `_FREE_PASSES`. `guess` (2) is moved toward what was found; `spare`: two rows.
    """
    wanted, target = spread_u(events), spread_f(events - 0.5)
    low, high = spread_u(0), spread_u(NO_EVENT)
    at, spacing, grown = spread_u(np.uint32(guess[0])), spread_f(guess[1]), 1.0
    bracket = (spread_u(NO_EVENT), spread_u(NO_EVENT), spread_u(NO_EVENT), spread_u(NO_EVENT))
    for passes in range(_COUNTING_PASSES):
        count = _count_only(work, calendar, rows, at)
        if passes == 0:
            store_u(work, spare + 1, count)
        bracket = _bracket(at, count, wanted, bracket)
        at = _toward(at, count, target, _spacing(bracket, spacing * spread_f(grown)), low, high)
        grown *= 1.5
    passes = 0
    while True:
        count, below, above = _count(work, calendar, rows, at)
        enough = count >= wanted
        high = select(enough, minimum(high, below), high)
        low = maximum(low, select(enough, select(count == wanted, below, spread_u(0)), above))
        high = select(count + spread_u(1) == wanted, above, high)
        if not any_lane(low < high):
            break
        passes += 1
        if passes <= _FREE_PASSES:
            bracket = _bracket(at, count, wanted, bracket)
            at = _toward(at, count, target, _spacing(bracket, spacing * spread_f(grown)), low, high)
            grown *= 1.5
        else:
            at = low + ((high - low) >> spread_u(1))
    store_u(work, spare, low)
    _learn(work, spare, events, guess)
    return low


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


@inner
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
    limit = (cut << spread_u(4)) | spread_u(8)
    while rows > 0 and not any_lane(load_u(work, at.entry + rows - 1) < limit - spread_u(8)):
        rows -= 1
    enrolled = spread_u(0)
    for r in range(rows):
        entry, key = load_u(work, at.entry + r), load_u(work, at.key + r)
        entered = entry < limit - spread_u(8)
        censored = (limit - entry) | (key & spread_u(7))
        store_u(work, out + r, select(entered, minimum(key, censored), spread_u(ONES)))
        enrolled = select(entered, enrolled + spread_u(1), enrolled)
    padded = (rows + BLOCK - 1) // BLOCK * BLOCK
    for r in range(rows, filled_rows(padded)):
        store_u(work, out + r, spread_u(ONES))
    return padded, enrolled
