"""Twins of `plain.trial_looks` for one trial on one thread of a CUDA device, in double precision.

The thread's column of the working memory holds n entries, n keys (see `device.trial_draws`) and, from row 2 n on, the
keys at a look, sorted. Events of one stratum at one tick stand together then, before censorings at that tick.
"""

from __future__ import annotations

import math

import numpy as np

from equipoise.kernels.device.trial_draws import CENSORED, cuda
from equipoise.kernels.plain.kaplan_meier import HEIGHT_TOLERANCE
from equipoise.kernels.plain.trial_spec import NEVER, NO_RULE

ABSENT = np.uint32(0xFFFFFFFF)
EVENTS, EARLIEST, FOLLOW_UP, ANY, LATEST = range(5)

_FIELD = np.uint64(0xFFFF)
_LARGEST_STEP, _SMALL_STEP, _STEPS = 1.0, 1e-10, 100


@cuda.jit(device=True)
def calendar_tick(work, n, i, at):
    """When a patient's event happens, NO_RULE where it never does."""
    key = np.int64(work[n + i, at])
    if key & CENSORED or key >> 4 >= NEVER:
        return NO_RULE
    return np.int64(work[i, at]) + (key >> 4)


@cuda.jit(device=True)
def event_tick(work, n, at, wanted):
    """The tick of event number `wanted` in calendar order, NO_RULE where there are fewer.

    A search on the count of events at or before a tick, by interpolation and bisection in turn; each pass moves to the
    next event on its side, so a search among few ends in few passes.
    """
    high, enough = np.int64(-1), np.int64(0)
    for i in range(n):
        tick = calendar_tick(work, n, i, at)
        if tick != NO_RULE:
            enough += 1
            high = max(high, tick)
    if enough < wanted:
        return np.int64(NO_RULE)
    low, few, halve = np.int64(-1), np.int64(0), False
    while high - low > 1:
        share = 0.5 if halve else (wanted - 0.5 - few) / (enough - few)
        tried = min(max(low + np.int64(share * (high - low)), low + 1), high - 1)
        halve = not halve
        count, below, above = np.int64(0), np.int64(-1), np.int64(NO_RULE)
        for i in range(n):
            tick = calendar_tick(work, n, i, at)
            if tick <= tried:
                count += 1
                below = max(below, tick)
            else:
                above = min(above, tick)
        if count >= wanted:
            high, enough = below, count
        else:
            low, few = above - 1, count
    return high


@cuda.jit(device=True)
def look_tick(work, n, at, looks, look):
    """See `plain.trial_looks.look_times`."""
    first, last = np.int64(NO_RULE), np.int64(-1)
    if looks[look, EVENTS] > 0:
        tick = event_tick(work, n, at, looks[look, EVENTS])
        first, last = min(first, tick), max(last, tick)
    if looks[look, EARLIEST] != NO_RULE:
        first, last = min(first, looks[look, EARLIEST]), max(last, looks[look, EARLIEST])
    if looks[look, FOLLOW_UP] != NO_RULE:
        tick = np.int64(work[n - 1, at]) + looks[look, FOLLOW_UP]
        first, last = min(first, tick), max(last, tick)
    if last < 0:
        return looks[look, LATEST]
    return min(first if looks[look, ANY] else last, looks[look, LATEST])


@cuda.jit(device=True)
def cut_keys(work, n, at, cut):
    """Writes the keys at a look: the lesser of the patient's own and censoring at the cut. Returns the enrolled."""
    enrolled = 0
    for i in range(n):
        entry, key = np.int64(work[i, at]), np.int64(work[n + i, at])
        if entry < cut:
            enrolled += 1
            work[2 * n + i, at] = np.uint32(min(key, (cut - entry) << 4 | CENSORED | (key & 7)))
        else:
            work[2 * n + i, at] = ABSENT
    return enrolled


@cuda.jit(device=True)
def sort_keys(work, n, at):
    """Batcher's merge exchange (Knuth, The Art of Computer Programming 3, algorithm 5.2.2M): no choice depends on data.

    So the threads of a warp compare the same rows at a time, and what they read lies side by side.
    """
    top = 1
    while 2 * top < n:
        top *= 2
    p, base = top, 2 * n
    while p > 0:
        q, r, d = top, 0, p
        while True:
            for start in range(r, n - d, 2 * p):
                for i in range(base + start, base + min(start + p, n - d)):
                    one, other = work[i, at], work[i + d, at]
                    work[i, at], work[i + d, at] = min(one, other), max(one, other)
            if q <= p:
                break
            q, r, d = q // 2, p, q - p
        p //= 2


@cuda.jit(device=True)
def joined(key, none, one):
    """The words of patients at risk, control and experimental, 16 bits a stratum, with one more."""
    shift, arm = np.uint64(16 * (key >> 1 & 3)), key & 1
    return none + (np.uint64(1 - arm) << shift), one + (np.uint64(arm) << shift)


@cuda.jit(device=True)
def at_risk(key, word):
    """The patients at risk in the stratum of a key."""
    return float((word >> np.uint64(16 * (key >> 1 & 3))) & _FIELD)


@cuda.jit(device=True)
def logrank_sums(work, n, rows, at):
    """O - E of the experimental arm, its variance, events by arm, and those where both arms were at risk.

    From the last row back, so that the patients at risk are those passed; events at one tick go together.
    """
    none, one, u, v, d, d1 = np.uint64(0), np.uint64(0), 0.0, 0.0, 0, 0
    control, experimental, both, both1 = 0, 0, 0, 0
    for r in range(2 * n + rows - 1, 2 * n - 1, -1):
        key = np.int64(work[r, at])
        none, one = joined(key, none, one)
        if key & CENSORED:
            continue
        d, d1 = d + 1, d1 + (key & 1)
        if r > 2 * n and np.int64(work[r - 1, at]) >> 1 == key >> 1:
            continue
        n0, n1 = at_risk(key, none), at_risk(key, one)
        q = n1 / (n0 + n1)
        u += d1 - d * q
        v += d * q * (1.0 - q) * ((n0 + n1 - d) / max(n0 + n1 - 1.0, 1.0))
        if n0 > 0.0 and n1 > 0.0:
            both, both1 = both + d, both1 + d1
        control, experimental, d, d1 = control + d - d1, experimental + d1, 0, 0
    return u, v, control, experimental, both, both1


@cuda.jit(device=True)
def cox_sums(work, n, rows, at, ratio):
    """Score and information of the stratified partial likelihood at a hazard ratio, by Efron's rule."""
    none, one, score, information, d, d1 = np.uint64(0), np.uint64(0), 0.0, 0.0, 0, 0
    for r in range(2 * n + rows - 1, 2 * n - 1, -1):
        key = np.int64(work[r, at])
        none, one = joined(key, none, one)
        if key & CENSORED:
            continue
        d, d1 = d + 1, d1 + (key & 1)
        if r > 2 * n and np.int64(work[r - 1, at]) >> 1 == key >> 1:
            continue
        n0, n1 = at_risk(key, none), at_risk(key, one)
        score += d1
        for k in range(d):
            a = ratio * (n1 - k * d1 / d)
            q = a / (a + n0 - k * (d - d1) / d)
            score -= q
            information += q * (1.0 - q)
        d, d1 = 0, 0
    return score, information


@cuda.jit(device=True)
def maximize_cox(work, n, rows, at, start, both, both1):
    """See `plain.trial_looks.log_hazard_ratio`; Newton's method from `start`."""
    if both == 0:
        return math.nan, math.nan
    if both1 == 0:
        return -math.inf, math.nan
    if both1 == both:
        return math.inf, math.nan
    beta, information = min(max(start, -_LARGEST_STEP), _LARGEST_STEP), 1.0
    for _ in range(_STEPS):
        score, information = cox_sums(work, n, rows, at, math.exp(beta))
        step = min(max(score / information, -_LARGEST_STEP), _LARGEST_STEP)
        beta += step
        if abs(step) < _SMALL_STEP:
            break
    return beta, 1.0 / math.sqrt(information)


@cuda.jit(device=True)
def median_tick(work, n, rows, at, arm):
    """The median of an arm in ticks, by the rule of `kaplan_meier.curve_quantile` with convention "r"."""
    left, survival, reached, last = 0.0, 1.0, -1.0, 0.0
    for r in range(2 * n, 2 * n + rows):
        left += np.int64(work[r, at]) & 1 == arm
    for r in range(2 * n, 2 * n + rows):
        key = np.int64(work[r, at])
        if key & 1 != arm:
            continue
        last = float(key >> 4)
        if not key & CENSORED:
            survival *= (left - 1.0) / left
            if reached < 0.0 and survival <= 0.5 + HEIGHT_TOLERANCE:
                reached = last
            if survival <= 0.5 - HEIGHT_TOLERANCE:
                return (reached + last) / 2.0
        left -= 1.0
    return (reached + last) / 2.0 if reached >= 0.0 else math.nan
