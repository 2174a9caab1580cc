"""Rows of a Cox model by stratum and from the last time to the first, with their deaths, for `compiled.cox_blocks`.

One sort of plain integers gives the order: their high bits are the leading bits of the time, then come the row's
stratum and event and its number. Rows whose leading bits agree are then put right by their exact times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from equipoise.kernels.compiled.packed import chained, gap_bound
from equipoise.kernels.compiled.scratch import scratch_counts, scratch_keys

# Fewer leading bits of the time than this leave too much to be put right.
_LEADING_BITS = 24
# Moves for each row, on average, at which sorting afresh is cheaper than putting rows right one by one.
_MOVES = 4


class CoxOrder(NamedTuple):
    """Rows by stratum, within it from the last time to the first; a place is a number in this order.

    `rows` (n): the row at each place. `starts` (S + 1): the first place of each stratum, and n. `dead` (n): the row is
    a death; `single` (n): a death, and alone at its time in its stratum. Other times with deaths: `tied_at` (T) the
    last place of the time, `tied_dead` the places of its deaths, those of time t from `tied_starts[t]` on.
    """

    rows: np.ndarray
    starts: np.ndarray
    dead: np.ndarray
    single: np.ndarray
    tied_at: np.ndarray
    tied_starts: np.ndarray
    tied_dead: np.ndarray


def cox_order(time: np.ndarray, tolerance: float, event: np.ndarray, stratum: np.ndarray, n_strata: int) -> CoxOrder:
    """The order of rows without delayed entry; times closer than `tolerance` are one, by R's rule."""
    n = len(time)
    times = np.ascontiguousarray(time, dtype=np.float64)
    events = np.ascontiguousarray(event)
    strata = np.ascontiguousarray(stratum, dtype=np.int64) if n_strata > 1 else np.zeros(0, dtype=np.int64)
    cell_bits = int(2 * n_strata - 1).bit_length()
    codes, ordered = _by_time(times, events, strata, cell_bits)
    if tolerance > 0.0:
        _merge(ordered, tolerance)
    sizes = np.bincount(strata, minlength=n_strata) if n_strata > 1 else np.array([n])
    starts = np.concatenate(([0], np.cumsum(sizes)))
    rows, placed, dead = np.empty(n, dtype=np.int64), np.empty(n), np.empty(n, dtype=np.bool_)
    _by_stratum(codes, ordered, np.uint64(cell_bits), starts[1:].copy(), rows, placed, dead)
    single, room = np.empty(n, dtype=np.bool_), int(np.count_nonzero(events))
    tied_at, tied_starts = np.empty(room, dtype=np.int64), np.zeros(room + 1, dtype=np.int64)
    tied_dead = np.empty(room, dtype=np.int64)
    many = _place_deaths(placed, starts, dead, single, tied_at, tied_starts, tied_dead)
    ends = tied_starts[: many + 1].copy()
    return CoxOrder(rows, starts, dead, single, tied_at[:many].copy(), ends, tied_dead[: ends[-1]].copy())


def _by_time(time: np.ndarray, event: np.ndarray, strata: np.ndarray, cell_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows in order of time, as numbers whose low bits are stratum and event, and these times."""
    n = len(time)
    # A time of minus zero has the sign bit; it is zero.
    lowest, highest = np.abs(time[[time.argmin(), time.argmax()]]).view(np.uint64)
    low = max(int(n - 1).bit_length(), 1) + cell_bits
    drop = max(int(highest - lowest).bit_length() + low - 64, 0)
    keys, ordered = scratch_keys(n), scratch_counts(n).view(np.float64)
    if 64 - low >= _LEADING_BITS:
        _keys(time.view(np.uint64), event, strata, lowest, np.uint64(drop), np.uint64(low), np.uint64(cell_bits), keys)
        keys.sort()
        if _settle(keys, np.uint64((1 << low) - 1), np.uint64(cell_bits), time, ordered):
            return keys, ordered
    order = np.argsort(time)
    cells = event[order] + (2 * strata[order] if len(strata) else 0)
    keys[:] = (order << cell_bits) | cells
    return keys, time[order]


@njit(cache=True, nogil=True)
def _keys(bits, event, strata, lowest, drop, low, cell_bits, keys):
    magnitude = np.uint64(0x7FFFFFFFFFFFFFFF)
    one = np.uint64(1)
    for i in range(len(bits)):
        leading = ((bits[i] & magnitude) - lowest) >> drop
        keys[i] = (leading << low) | (np.uint64(i) << cell_bits) | np.uint64(event[i])
    for i in range(len(strata)):
        keys[i] |= np.uint64(strata[i]) << one


@njit(cache=True, nogil=True)
def _settle(keys, mask, cell_bits, time, ordered):
    """Drops the keys' leading bits and puts rows right where these agree; false where such rows are too many."""
    n = len(keys)
    for i in range(n):
        code = keys[i] & mask
        keys[i] = code
        ordered[i] = time[code >> cell_bits]
    left = _MOVES * n
    for i in range(1, n):
        now = ordered[i]
        if now < ordered[i - 1]:
            code, j = keys[i], i
            while j > 0 and now < ordered[j - 1]:
                ordered[j], keys[j] = ordered[j - 1], keys[j - 1]
                j -= 1
                left -= 1
            ordered[j], keys[j] = now, code
            if left < 0:
                return False
    return True


def _merge(ordered: np.ndarray, tolerance: float) -> None:
    mean = _distinct_mean(ordered)
    _merge_chains(ordered, tolerance, mean, gap_bound(tolerance, mean))


@njit(cache=True, nogil=True)
def _distinct_mean(ordered):
    total, many, before = 0.0, 0, -1.0
    for now in ordered:
        # Without a branch: a repeated time adds zero.
        total += now if now != before else 0.0
        many += now != before
        before = now
    return total / max(many, 1)


@njit(cache=True, nogil=True)
def _merge_chains(ordered, tolerance, mean, bound):
    """Sets each time to the first of its chain, in place."""
    before = at = ordered[0]
    for i in range(len(ordered)):
        now = ordered[i]
        if now != before and not chained(before, now, tolerance, mean, bound):
            at = now
        before = now
        ordered[i] = at


@njit(cache=True, nogil=True)
def _by_stratum(codes, ordered, cell_bits, after, rows, placed, dead):
    """Puts rows, which come in order of time, by stratum and from the last to the first within it.

    `after` (S) is where the stratum after each one begins.
    """
    one = np.uint64(1)
    mask = (one << cell_bits) - one
    for i in range(len(rows)):
        code = codes[i]
        s = (code & mask) >> one
        at = after[s] - 1
        after[s] = at
        rows[at], placed[at], dead[at] = np.int64(code >> cell_bits), ordered[i], (code & one) != 0


@njit(cache=True, nogil=True)
def _place_deaths(placed, starts, dead, single, tied_at, tied_starts, tied_dead):
    """Fills in the deaths of `CoxOrder`; returns the number of times in `tied_at`."""
    many, held = 0, 0
    for s in range(len(starts) - 1):
        stop, i = starts[s + 1], starts[s]
        while i < stop:
            j = i + 1
            while j < stop and placed[j] == placed[i]:
                j += 1
            single[i] = dead[i] and j == i + 1
            if j > i + 1:
                before = held
                for k in range(i, j):
                    single[k] = False
                    if dead[k]:
                        tied_dead[held] = k
                        held += 1
                if held > before:
                    tied_at[many] = j - 1
                    many += 1
                    tied_starts[many] = held
            i = j
    return many
