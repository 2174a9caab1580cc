"""Kaplan-Meier medians of sixteen sorted trials, and the statistics of single lanes in double precision.

Between censorings the product-limit curve telescopes: with N patients, S(t) = w n / N where n is left at risk after t
and w multiplies n / (n - 1) over the censorings so far. So S <= 1/2 is w n <= N / 2, exact as long as w = 1. Where w is
not 1 and the comparison is too close for single precision, the lane is left to the rescue, which walks it again.
"""

from __future__ import annotations

import math

import numpy as np

from equipoise.kernels.compiled.lanes import (
    WIDTH,
    any_lane,
    inlined,
    inner,
    load_u,
    minimum,
    select,
    spread_f,
    spread_u,
    store_u,
    to_float,
)
from equipoise.kernels.compiled.trial_cut import ONES
from equipoise.kernels.compiled.trial_networks import BLOCK
from equipoise.kernels.compiled.trial_scan import OUT_AT_RISK, OUT_RESCUE, RESCUE_MEDIAN
from equipoise.kernels.plain import trial_spec
from equipoise.kernels.plain.kaplan_meier import HEIGHT_TOLERANCE

# Nearer to 1/2 than this, relatively, single precision does not decide.
_ABOVE, _BELOW = np.float32(1.0 + 2.0**-18), np.float32(1.0 - 2.0**-18)
_MEDIANS = (trial_spec.MEDIAN_CONTROL, trial_spec.MEDIAN_EXPERIMENTAL)


@inner
def medians(work, keys, rows, out):
    """Twice the tick of each arm's median, ones where there is none; stored in the rows of the medians."""
    at_risk = load_u(work, out + OUT_AT_RISK)
    left0, left1 = to_float(at_risk >> spread_u(16)), to_float(at_risk & spread_u(0xFFFF))
    half0, half1 = left0 * spread_f(0.5), left1 * spread_f(0.5)
    high0, high1 = half0 * spread_f(_ABOVE), half1 * spread_f(_ABOVE)
    low0, low1 = half0 * spread_f(_BELOW), half1 * spread_f(_BELOW)
    one = spread_f(1.0)
    weight0, weight1 = one, one
    reached0, reached1, passed0, passed1 = spread_u(ONES), spread_u(ONES), spread_u(ONES), spread_u(ONES)
    for base in range(keys, keys + rows, BLOCK):
        for row in range(base, base + BLOCK):
            key = load_u(work, row)
            second, event = (key & spread_u(1)) != spread_u(0), (key & spread_u(8)) == spread_u(0)
            n, w = select(second, left1, left0), select(second, weight1, weight0)
            after = n - one
            height = after * w
            at = event & (height <= select(second, high1, high0))
            below = event & (height < select(second, low1, low0))
            key0, key1 = select(second, spread_u(ONES), key), select(second, key, spread_u(ONES))
            reached0 = select(at, minimum(reached0, key0), reached0)
            reached1 = select(at, minimum(reached1, key1), reached1)
            passed0 = select(below, minimum(passed0, key0), passed0)
            passed1 = select(below, minimum(passed1, key1), passed1)
            grown = select(event, w, w * (n / after))
            left0, left1 = select(second, left0, after), select(second, after, left1)
            weight0, weight1 = select(second, weight0, grown), select(second, grown, weight1)
        if not any_lane((passed0 == spread_u(ONES)) | (passed1 == spread_u(ONES))):
            break
    asked = load_u(work, out + OUT_RESCUE)
    asked = select(_unsure(reached0, passed0, weight0), asked | spread_u(RESCUE_MEDIAN), asked)
    asked = select(_unsure(reached1, passed1, weight1), asked | spread_u(RESCUE_MEDIAN << 1), asked)
    store_u(work, out + OUT_RESCUE, asked)
    store_u(work, out + _MEDIANS[0], _twice(reached0, passed0))
    store_u(work, out + _MEDIANS[1], _twice(reached1, passed1))


@inlined
def _unsure(reached, passed, weight):
    """Where the curve came close to 1/2 and the weight may have been rounded, or it never went on from there."""
    near = (reached >> spread_u(4)) != (passed >> spread_u(4))
    return near & ((weight != spread_f(1.0)) | (passed == spread_u(ONES)))


@inlined
def _twice(reached, passed):
    """Ticks have 28 bits, so twice a median fits a word."""
    total = (reached >> spread_u(4)) + (passed >> spread_u(4))
    return select(passed == spread_u(ONES), spread_u(ONES), total)


@inner
def lane_median(work, keys, rows, lane, arm, patients):
    """The median of an arm of one lane in ticks, by the rule of `kaplan_meier.curve_quantile` with convention "r"."""
    left, survival, reached, last = float(patients), 1.0, -1.0, 0.0
    for r in range(rows):
        key = work[(keys + r) * WIDTH + lane]
        if key == ONES or key & 1 != arm:
            continue
        last = float(key >> 4)
        if key & 8 == 0:
            survival *= (left - 1.0) / left
            if reached < 0.0 and survival <= 0.5 + HEIGHT_TOLERANCE:
                reached = last
            if survival <= 0.5 - HEIGHT_TOLERANCE:
                return (reached + last) / 2.0
        left -= 1.0
    return (reached + last) / 2.0 if reached >= 0.0 else math.nan


@inner
def lane_cox(work, keys, risk, rows, lane):
    """The log hazard ratio and its standard error of one lane, infinite or NaN as `trial_looks.look_statistics`."""
    events, second = 0, 0
    for r in range(rows):
        key, word = work[(keys + r) * WIDTH + lane], work[(risk + r) * WIDTH + lane]
        if key & 8 == 0 and word >> 16 > 0 and word & 0xFFFF > 0:
            events += 1
            second += key & 1
    if events == 0:
        return math.nan, math.nan
    if second == 0 or second == events:
        return (math.inf if second else -math.inf), math.nan
    beta, information = 0.0, 1.0
    for _ in range(200):
        score, information = float(second), 0.0
        for r in range(rows):
            key, word = work[(keys + r) * WIDTH + lane], work[(risk + r) * WIDTH + lane]
            if key & 8 == 0 and word >> 16 > 0:
                a = (word & 0xFFFF) * math.exp(beta)
                q = a / (a + (word >> 16))
                score -= q
                information += q * (1.0 - q)
        step = min(max(score / information, -1.0), 1.0)
        beta += step
        if abs(step) < 1e-9:
            break
    return beta, 1.0 / math.sqrt(information)
