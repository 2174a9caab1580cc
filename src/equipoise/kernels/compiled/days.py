"""Times in whole units (days) are counted into a table of time by stratum by group by event: no sort at all.

Gain over the plain form, 1,000,000 rows in days, two groups and four strata, one core of an Intel Xeon with AVX-512:
a whole `logrank` 115 to 4.5 ms.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from equipoise.kernels.compiled.packed import several
from equipoise.kernels.plain.risk_sets import RiskCounts, RiskTable

# Cells of the table: 32 MB at most, and no more than a few per row, so that going through it costs less than a sort.
_MAX_CELLS = 2**22
_CELLS_PER_ROW = 4
# Rows handled together: what is computed of them stays in the first cache.
_TILE = 1024


def count_days(
    time: np.ndarray, event: np.ndarray, code: np.ndarray, n_codes: int, stratum: np.ndarray, n_strata: int
) -> np.ndarray | None:
    """Rows counted by (time, stratum, group, event), or None where times are not whole or too far apart.

    `time` (n) finite, zero or more; `event` (n) boolean; `code` and `stratum` (n) are read only where there are
    several of them.
    """
    # The first time tells most often that times are not whole.
    if len(time) == 0 or not float(time[0]).is_integer():
        return None
    times, events = np.ascontiguousarray(time, dtype=np.float64), np.ascontiguousarray(event)
    groups, strata = several(code, n_codes), several(stratum, n_strata)
    width = n_strata * n_codes * 2
    table, row = np.zeros((0, width), dtype=np.int64), 0
    # A sample tells the largest time but for a little, which spares a pass over all; where it does not, the rest does.
    highest = float(time[:: max(len(time) // 4096, 1)].max()) * 1.25
    while 0 <= row < len(time):
        days = np.floor(highest) + 1.0
        if days * width > min(_MAX_CELLS, _CELLS_PER_ROW * len(time)):
            return None
        table = np.concatenate((table, np.zeros((int(days) - len(table), width), dtype=np.int64)))
        row = _count(row, times, events, groups, n_codes, strata, n_strata, table.reshape(-1))
        highest = float(time[max(row, 0) :].max(initial=0.0))
    if row < 0:
        return None
    last = int(np.flatnonzero(table.any(axis=1))[-1])
    return table[: last + 1].reshape(-1, n_strata, n_codes, 2)


@njit(cache=True, nogil=True)
def _count(row, time, event, code, n_codes, stratum, n_strata, table):
    """Counts rows from `row` on; returns the first not counted as the table is too short, -1 for times not whole."""
    # In tiles, so that all but the counting itself runs in wide registers.
    cells, days = np.empty(_TILE, np.uint64), np.uint64(len(table) // (2 * n_strata * n_codes))
    for start in range(row, len(time), _TILE):
        rows = slice(start, min(start + _TILE, len(time)))
        whole, highest = _whole(time[rows], cells)
        if not whole:
            return -1
        if highest >= days:
            return start
        if n_strata > 1:
            _split(cells, stratum[rows], n_strata)
        if n_codes > 1:
            _split(cells, code[rows], n_codes)
        flags = event[rows]
        for k in range(len(flags)):
            table[(cells[k] << np.uint64(1)) | np.uint64(flags[k])] += 1
    return len(time)


@njit(cache=True, nogil=True)
def _whole(time, cells):
    broken, highest = np.int64(0), np.uint64(0)
    for k in range(len(time)):
        day = np.int64(time[k])
        broken |= np.int64(float(day) != time[k])
        cells[k] = day
        highest = max(highest, np.uint64(day))
    return broken == 0, highest


@njit(cache=True, nogil=True)
def _split(cells, code, n):
    for k in range(len(code)):
        cells[k] = cells[k] * np.uint64(n) + np.uint64(code[k])


def risk_tables(table: np.ndarray) -> list[RiskTable]:
    """See `plain.risk_sets.risk_table`: one for each stratum and group, in this order."""
    found = []
    for cell in table.reshape(len(table), -1, 2).transpose(1, 2, 0).astype(np.float64):
        gone = cell[0] + cell[1]
        at = np.flatnonzero(gone)
        n_risk = np.cumsum(gone[::-1])[::-1]
        found.append(RiskTable(at.astype(np.float64), n_risk[at], cell[1][at], cell[0][at]))
    return found


def risk_counts(table: np.ndarray) -> RiskCounts:
    """See `plain.risk_sets.risk_counts`."""
    parts = []
    for s in range(table.shape[1]):
        events = table[:, s, :, 1]
        at = np.flatnonzero(events.sum(axis=1))
        at_risk = np.cumsum(table[::-1, s].sum(axis=2), axis=0)[::-1][at].astype(np.float64)
        dead = events[at]
        parts.append((at.astype(np.float64), np.full(len(at), s), at_risk, dead.astype(np.float64), dead.sum(axis=1)))
    return RiskCounts(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
