"""Kaplan-Meier medians of sixteen sorted trials.

Between censorings the product-limit curve telescopes: with N patients, S(t) = w n / N where n is left at risk after t
and w multiplies n / (n - 1) over the censorings so far. So S <= 1/2 is w n <= N / 2, exact as long as w = 1. Where w is
not 1 and the comparison is too close for single precision, the lane is left to `trial_rescue`, which walks it again.
"""

from __future__ import annotations

import numpy as np

from equipoise.kernels.compiled.lanes import (
    any_lane,
    inner,
    load_u,
    minimum,
    select,
    spread_f,
    spread_u,
    store_u,
    to_float,
    traced,
)
from equipoise.kernels.compiled.trial_cut import ONES
from equipoise.kernels.compiled.trial_networks import BLOCK
from equipoise.kernels.compiled.trial_scan import OUT_AT_RISK, OUT_RESCUE, RESCUE_MEDIAN
from equipoise.kernels.plain import trial_spec

# Nearer to 1/2 than this, relatively, single precision does not decide.
_ABOVE, _BELOW = np.float32(1.0 + 2.0**-18), np.float32(1.0 - 2.0**-18)
_MEDIANS = (trial_spec.MEDIAN_CONTROL, trial_spec.MEDIAN_EXPERIMENTAL)


@traced
def _begin(work, out):
    """Of each arm: patients left, the weight, the key where the curve reaches 1/2 and where it passes below."""
    at_risk, one, none = load_u(work, out + OUT_AT_RISK), spread_f(1.0), spread_u(ONES)
    left = to_float(at_risk >> spread_u(16)), to_float(at_risk & spread_u(0xFFFF))
    halves = left[0] * spread_f(0.5), left[1] * spread_f(0.5)
    near = tuple(half * spread_f(bound) for half in halves for bound in (_ABOVE, _BELOW))
    return (left, (one, one), (none, none), (none, none)), near


@traced
def _pass_row(work, row, state, near):
    (left, weights, reached, passed), (high0, low0, high1, low1) = state, near
    key, one, none = load_u(work, row), spread_f(1.0), spread_u(ONES)
    second, event = (key & spread_u(1)) != spread_u(0), (key & spread_u(8)) == spread_u(0)
    n, w = select(second, left[1], left[0]), select(second, weights[1], weights[0])
    after = n - one
    height = after * w
    at = event & (height <= select(second, high1, high0))
    below = event & (height < select(second, low1, low0))
    keys = select(second, none, key), select(second, key, none)
    reached = tuple(select(at, minimum(r, k), r) for r, k in zip(reached, keys, strict=True))
    passed = tuple(select(below, minimum(p, k), p) for p, k in zip(passed, keys, strict=True))
    grown = select(event, w, w * (n / after))
    left = select(second, left[0], after), select(second, after, left[1])
    return left, (select(second, weights[0], grown), select(second, grown, weights[1])), reached, passed


@traced
def _any_above(state):
    passed = state[3]
    return any_lane((passed[0] == spread_u(ONES)) | (passed[1] == spread_u(ONES)))


@traced
def _store(work, out, state):
    _, weights, reached, passed = state
    asked = load_u(work, out + OUT_RESCUE)
    for arm in range(2):
        unsure = _unsure(reached[arm], passed[arm], weights[arm])
        asked = select(unsure, asked | spread_u(RESCUE_MEDIAN << arm), asked)
        store_u(work, out + _MEDIANS[arm], _twice(reached[arm], passed[arm]))
    store_u(work, out + OUT_RESCUE, asked)


@inner
def medians(work, keys, rows, out):
    """Twice the tick of each arm's median, ones where there is none; stored in the rows of the medians."""
    state, near = _begin(work, out)
    for base in range(keys, keys + rows, BLOCK):
        for row in range(base, base + BLOCK):
            state = _pass_row(work, row, state, near)
        if not _any_above(state):
            break
    _store(work, out, state)


@traced
def _unsure(reached, passed, weight):
    """Where the curve came close to 1/2 and the weight may have been rounded, or it never went on from there."""
    near = (reached >> spread_u(4)) != (passed >> spread_u(4))
    return near & ((weight != spread_f(1.0)) | (passed == spread_u(ONES)))


@traced
def _twice(reached, passed):
    """Ticks have 28 bits, so twice a median fits a word."""
    total = (reached >> spread_u(4)) + (passed >> spread_u(4))
    return select(passed == spread_u(ONES), spread_u(ONES), total)
