"""Times in whole units (days) are counted into a table of time by stratum by group by event: no sort at all.

Gain over the plain form, 1,000,000 rows in days, two groups and four strata, one core of an Intel Xeon with AVX-512:
a whole `logrank` 115 to 9 ms.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from equipoise.kernels.plain.risk_sets import RiskCounts, RiskTable

# Cells of the table: 32 MB at most, and no more than a few per row, so that going through it costs less than a sort.
_MAX_CELLS = 2**22
_CELLS_PER_ROW = 4


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
    highest = float(time.max())
    cells = (highest + 1.0) * n_strata * n_codes * 2
    if cells > min(_MAX_CELLS, _CELLS_PER_ROW * len(time)):
        return None
    table = np.zeros((int(highest) + 1) * n_strata * n_codes * 2, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    groups = np.ascontiguousarray(code, dtype=np.int64) if n_codes > 1 else none
    strata = np.ascontiguousarray(stratum, dtype=np.int64) if n_strata > 1 else none
    times, events = np.ascontiguousarray(time, dtype=np.float64), np.ascontiguousarray(event)
    if not _count(times, events.view(np.uint8), groups, n_codes, strata, n_strata, table):
        return None
    return table.reshape(-1, n_strata, n_codes, 2)


@njit(cache=True, nogil=True)
def _count(time, event, code, n_codes, stratum, n_strata, table):
    grouped, stratified = len(code) > 0, len(stratum) > 0
    for i in range(len(time)):
        cell = np.int64(time[i])
        if float(cell) != time[i]:
            return False
        if stratified:
            cell = cell * n_strata + stratum[i]
        if grouped:
            cell = cell * n_codes + code[i]
        table[2 * cell + event[i]] += 1
    return True


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
