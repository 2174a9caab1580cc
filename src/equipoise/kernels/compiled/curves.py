"""Kaplan-Meier curves of every group and stratum from one sort of packed keys; twin of `plain.risk_sets.risk_table`.

Gain over the plain form, 1,000,000 rows and one curve, one core of an Intel Xeon with AVX-512: a whole `kaplan_meier`
485 to 30 ms, of which the sort takes 7, the limits' logarithm and exponentials 8, and the rest is passes over memory.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numba import njit

from equipoise.kernels.compiled.packed import Packed, chained, distinct_mean, gap_bound, time_of
from equipoise.kernels.compiled.scratch import result_block, scratch_counts
from equipoise.kernels.plain.kaplan_meier import HEIGHT_TOLERANCE, CurveTable, limits_with_error

# Times handled together: what is computed of them stays in the cache.
_STRETCH = 16_384
# Heights searched at a time for a quantile, and minima kept side by side.
_SEARCHED, _LANES = 4_096, 64


def curve_blocks(packed: Packed, tolerance: float, conf_type: str, conf_level: float) -> list[CurveTable]:
    """The curve of each cell, in their order; those of cells without rows have length zero.

    The numbers equal those of `plain.risk_sets.risk_table` and `plain.kaplan_meier.curve_table` bit for bit. All cells
    share one allocation, which the system backs with large pages.
    """
    keys, base, shift, totals, _ = packed
    mean = distinct_mean(keys, base, shift) if tolerance > 0.0 else 1.0
    close = tolerance, mean, gap_bound(tolerance, mean)
    starts = np.concatenate(([0], np.cumsum(totals)))
    if len(totals) > 1:
        parted = scratch_counts(len(keys))
        _part(keys, base, shift, *close, starts[:-1].astype(np.uint64), parted)
        keys = parted
    # Rows of the block are padded apart, so that equal columns of the rows do not compete for one cache line.
    block, tables = result_block(8, len(keys) + 8), []
    for start, stop in pairwise(starts):
        part = block[:, start:stop]
        m = _curve_into(part, keys[start:stop], base, close, conf_type, conf_level)
        tables.append(CurveTable(*(part[:, :m] if m * 2 > stop - start else part[:, :m].copy())))
    return tables


def _curve_into(
    part: np.ndarray, keys: np.ndarray, base: np.uint64, close: tuple[float, float, float], conf_type: str, level: float
) -> int:
    """Writes one cell's curve, a stretch that fits into the cache at a time; returns its length."""
    row, m, last = 0, 0, (1.0, 0.0)
    while row < len(keys):
        time, n_risk, n_event, n_censor, survival, variance, low, high = part[:, m : m + _STRETCH]
        row, more = _count_stretch(keys, base, row, *close, time, n_risk, n_event, n_censor)
        last = _product_limit(n_risk[:more], n_event[:more], *last, survival[:more], variance[:more])
        out = low[:more], high[:more], variance[:more]
        limits_with_error(survival[:more], variance[:more], conf_type, level, out)
        m += int(more)
    return m


@njit(cache=True, nogil=True)
def _part(keys, base, shift, tolerance, mean, bound, at, parted):
    """Each cell's rows together, their times merged: (time bits - `base`, event). `at` says where each cell begins."""
    one = np.uint64(1)
    mask = (one << shift) - one
    value = merged = keys[0] >> shift
    for i in range(len(keys)):
        later = keys[i] >> shift
        if later != value:
            if not chained(time_of(value, base), time_of(later, base), tolerance, mean, bound):
                merged = later
            value = later
        flags = keys[i] & mask
        cell = flags >> one
        parted[at[cell]] = (merged << one) | (flags & one)
        at[cell] += one


@njit(cache=True, nogil=True, error_model="numpy")
def _count_stretch(keys, base, row, tolerance, mean, bound, time, n_risk, n_event, n_censor):
    """Counts at distinct times from `row` on, until the arrays are full or the rows end: the next row, and how many."""
    one, n, room = np.uint64(1), np.uint64(len(keys)), np.uint64(len(time))
    i, j = np.uint64(row), np.uint64(0)
    now = time_of(keys[i] >> one, base)
    while i < n and j < room:
        first, at, dead = i, now, keys[i] & one
        i += one
        while i < n:
            before = now
            now = time_of(keys[i] >> one, base)
            if now > before and not chained(before, now, tolerance, mean, bound):
                break
            dead += keys[i] & one
            i += one
        time[j], n_risk[j] = at, np.int64(n - first)
        n_event[j], n_censor[j] = np.int64(dead), np.int64(i - first - dead)
        j += one
    return np.int64(i), np.int64(j)


# Divisions by zero give infinity, as numpy's do in the plain form.
@njit(cache=True, nogil=True, error_model="numpy")
def _product_limit(n_risk, n_event, height, log_variance, survival, variance):
    """The curve and the variance of its logarithm: see `plain.kaplan_meier.product_limit`.

    `height` and `log_variance` are those before; returns those after. A time without events has the factor n / n and
    the term 0 / n^2, which are exactly one and zero.
    """
    for j in range(len(n_risk)):
        n, d = n_risk[j], n_event[j]
        survival[j], variance[j] = (n - d) / n, d / (n * (n - d))
    for j in range(len(n_risk)):
        height *= survival[j]
        log_variance += variance[j]
        survival[j], variance[j] = height, log_variance
    return height, log_variance


def curve_quantile(time: np.ndarray, height: np.ndarray, p: float, convention: str) -> float:
    """See `plain.kaplan_meier.curve_quantile`: the same bits, from one pass."""
    if p <= 0.0:
        return 0.0
    reached, passed = _crossings(np.ascontiguousarray(height), p, HEIGHT_TOLERANCE, convention == "r")
    reached = -1 if p <= HEIGHT_TOLERANCE else reached
    if reached < -1:
        return math.nan
    begin = float(time[reached]) if reached >= 0 else 0.0
    if passed >= -1:
        return (begin + (float(time[passed]) if passed >= 0 else 0.0)) / 2.0
    fallen = 1.0 - float(height[reached]) if reached >= 0 else 0.0
    flat_to_end = abs(fallen - p) <= HEIGHT_TOLERANCE and abs(1.0 - float(height[-1]) - p) < HEIGHT_TOLERANCE
    return (begin + float(time[-1])) / 2.0 if convention == "r" and flat_to_end else math.nan


@njit(cache=True, nogil=True)
def _crossings(height, p, tolerance, nearest):
    """Where the fall first reaches p within the tolerance, and where it exceeds it: an index, -2 for nowhere.

    With `nearest` that of the least of the falls beyond, the first where several are equal.
    """
    reached, passed, least_reached, least_passed = -2, -2, np.inf, np.inf
    lanes = np.empty(_LANES)
    for start in range(0, len(height), _SEARCHED):
        part = height[start : start + _SEARCHED]
        fallen = _least_beyond(part, p, tolerance, lanes)
        if fallen < least_reached:
            reached = start + _first_beyond(part, p, tolerance, fallen if nearest else np.inf)
            least_reached = fallen if nearest else -np.inf
        fallen = _least_beyond(part, p, -tolerance, lanes)
        if fallen < least_passed:
            passed = start + _first_beyond(part, p, -tolerance, fallen if nearest else np.inf)
            if not nearest:
                break
            least_passed = fallen
    return reached, passed


@njit(cache=True, nogil=True)
def _first_beyond(height, p, tolerance, most):
    k = 0
    while not (1.0 - height[k] <= most and 1.0 - height[k] + tolerance >= p):
        k += 1
    return k


@njit(cache=True, nogil=True)
def _least_beyond(height, p, tolerance, lanes):
    # Minima in turn, as wide registers hold them; a fall of NaN is nowhere beyond.
    lanes[:] = np.inf
    for start in range(0, len(height), _LANES):
        part = height[start : start + _LANES]
        for k in range(len(part)):
            fallen = 1.0 - part[k]
            fallen = fallen if fallen + tolerance >= p else np.inf
            lanes[k] = fallen if fallen < lanes[k] else lanes[k]
    least = np.inf
    for fallen in lanes:
        least = fallen if fallen < least else least
    return least
