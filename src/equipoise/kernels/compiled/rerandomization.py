"""A twin of `plain.rerandomization` for many draws: sixteen labellings side by side, one pass over the sorted subjects.

Words are those of `seeds.Stream`, cell by cell; U and the linear part of V are looked up with the arrangement, so the
scan carries the number at risk and one square only. Speed: benchmarks/rerandomization.py.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from equipoise.kernels.plain.rerandomization import ArrangementTables, LogrankLayout

_LANES = 64
# Rows scanned in one step; each stratum is filled up with rows that are never labelled.
_STEP = 4


def logrank_of_draws(
    key: tuple[int, int], low: int, high: int, tables: ArrangementTables, layout: LogrankLayout
) -> tuple[np.ndarray, np.ndarray]:
    """U and V of the draws numbered low to high - 1; the key is that of the stream."""
    place, square, new = _padded(layout)
    record = np.zeros((len(tables.mask), 4))
    record[:, 0], record[:, 1] = _by_arrangement(tables, layout.score), _by_arrangement(tables, layout.linear)
    record[:, 2] = tables.mask
    u, v = np.empty(high - low), np.empty(high - low)
    _draws(
        np.uint64(key[0]), np.uint64(key[1]), low, high, place[tables.subject], tables.start, tables.first, record, new,
        square, u, v,
    )  # fmt: skip
    return u, v


def _padded(layout: LogrankLayout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The row of the scan of each subject, the squares by row, and which steps of rows start a stratum."""
    heads = np.flatnonzero(layout.new)
    lengths = np.diff(np.append(heads, len(layout.new)))
    steps = -(-lengths // _STEP)
    offset = np.concatenate(([0], np.cumsum(steps)[:-1]))
    row = np.concatenate([o * _STEP + np.arange(m) for o, m in zip(offset, lengths, strict=True)])
    place = np.empty(len(layout.order), dtype=np.int64)
    place[layout.order] = row
    square = np.zeros(int(steps.sum()) * _STEP)
    square[row] = layout.square
    new = np.zeros(int(steps.sum()), dtype=bool)
    new[offset] = True
    return place, square, new


def _by_arrangement(tables: ArrangementTables, value: np.ndarray) -> np.ndarray:
    """The sum of a subject's value over the labelled subjects of each arrangement."""
    total = np.zeros(len(tables.mask))
    for g in range(len(tables.sizes)):
        rows = slice(tables.first[g], tables.first[g + 1])
        for k, i in enumerate(tables.subject[tables.start[g] : tables.start[g + 1]]):
            total[rows] += np.where((tables.mask[rows] >> np.uint32(k)) & np.uint32(1), value[i], 0.0)
    return total


@njit(cache=True, nogil=True, fastmath=False)
def _philox(k0, k1, block, draw, words):
    """Four words of each of sixteen consecutive draws: words[j, lane], 32-bit values in 64-bit cells."""
    low = np.uint64(0xFFFFFFFF)
    for lane in range(_LANES):
        c0, c1, c2, c3 = block, (draw + np.uint64(lane)) & low, np.uint64(0), np.uint64(0)
        key0, key1 = k0, k1
        for _ in range(10):
            p0 = c0 * np.uint64(0xD2511F53)
            p1 = c2 * np.uint64(0xCD9E8D57)
            c0 = (p1 >> np.uint64(32)) ^ c1 ^ key0
            c1 = p1 & low
            c2 = (p0 >> np.uint64(32)) ^ c3 ^ key1
            c3 = p0 & low
            key0 = (key0 + np.uint64(0x9E3779B9)) & low
            key1 = (key1 + np.uint64(0xBB67AE85)) & low
        words[0, lane], words[1, lane], words[2, lane], words[3, lane] = c0, c1, c2, c3


@njit(cache=True, nogil=True, fastmath=False)
def _draws(k0, k1, low, high, place, start, first, record, new, square, u, v):
    labels = np.zeros((len(square), _LANES), np.int32)
    words = np.zeros((4, _LANES), np.uint64)
    chosen, at_risk = np.zeros(_LANES, np.int32), np.zeros(_LANES, np.int32)
    sums, lines = np.zeros(_LANES), np.zeros(_LANES)
    for base in range(low, high, _LANES):
        sums[:] = 0.0
        lines[:] = 0.0
        for g in range(len(start) - 1):
            if g % 4 == 0:
                _philox(k0, k1, np.uint64(g // 4), np.uint64(base), words)
            _look_up(words[g % 4], record[first[g] : first[g + 1]], chosen, sums, lines)
            _spread(chosen, place[start[g] : start[g + 1]], labels)
        _scan(labels, new, square, at_risk, lines)
        for lane in range(min(_LANES, high - base)):
            u[base - low + lane] = sums[lane]
            v[base - low + lane] = lines[lane]


@njit(cache=True, nogil=True, fastmath=False)
def _look_up(words, record, chosen, sums, lines):
    """The arrangement each lane's word chooses, and what it adds to U and to the linear part of V."""
    size = np.uint64(len(record))
    for lane in range(_LANES):
        at = np.int64((words[lane] * size) >> np.uint64(32))
        sums[lane] += record[at, 0]
        lines[lane] += record[at, 1]
        chosen[lane] = np.int64(record[at, 2])


@njit(cache=True, nogil=True, fastmath=False)
def _spread(chosen, place, labels):
    """Bit k of each lane's arrangement becomes the label of the cell's k-th subject, in the row of the scan."""
    for k in range(len(place)):
        row = labels[place[k]]
        for lane in range(_LANES):
            row[lane] = (chosen[lane] >> np.int32(k)) & np.int32(1)


@njit(cache=True, nogil=True, fastmath=False)
def _scan(labels, new, square, at_risk, lines):
    """Takes the sum of square * Y^2 from `lines`."""
    for step in range(len(new)):
        if new[step]:
            at_risk[:] = 0
        i = step * _STEP
        c0, c1, c2, c3 = square[i], square[i + 1], square[i + 2], square[i + 3]
        x0, x1, x2, x3 = labels[i], labels[i + 1], labels[i + 2], labels[i + 3]
        for lane in range(_LANES):
            y0 = at_risk[lane] + x0[lane]
            y1 = y0 + x1[lane]
            y2 = y1 + x2[lane]
            y3 = y2 + x3[lane]
            at_risk[lane] = y3
            f0, f1, f2, f3 = np.float64(y0), np.float64(y1), np.float64(y2), np.float64(y3)
            lines[lane] -= (c0 * f0 * f0 + c1 * f1 * f1) + (c2 * f2 * f2 + c3 * f3 * f3)
