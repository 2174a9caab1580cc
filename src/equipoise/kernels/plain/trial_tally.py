"""Values of many trials counted in fixed bins and added block by block: what of a simulation is kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Blocks whose values, and what is made of them, stay in the cache.
_CACHED = 4


class BinTable(NamedTuple):
    """By row (R,): the bin of a value v is the whole part of v `multiplier` + `shift`, from 0 (below all) to `last`.

    Its count stands at `start` + bin of a flat array of `size`.
    """

    multiplier: Floats
    shift: Floats
    last: Floats
    start: Whole
    size: int


class RowTally(NamedTuple):
    """`counts` (size,); `missing` (R,), the NaNs; `sums` (blocks, 2, R), of finite values and of their squares."""

    counts: Whole
    missing: Whole
    sums: Floats


def tally_rows(values: Floats, table: BinTable, block: int) -> RowTally:
    """The tally of values (R, trials), NaN where missing; each block's sums are added one after the other."""
    rows, trials = values.shape
    counts, missing = np.zeros(table.size, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    sums = []
    for first in range(0, trials, _CACHED * block):
        part = values[:, first : first + _CACHED * block]
        absent = np.isnan(part).sum(axis=1)
        counts += _binned(part, absent, table)
        missing += absent
        sums += [_sums(part[:, at : at + block]) for at in range(0, part.shape[1], block)]
    return RowTally(counts, missing, np.stack(sums))


def _binned(values: Floats, missing: Whole, table: BinTable) -> Whole:
    scaled = values * table.multiplier[:, None]
    scaled += table.shift[:, None]
    # fmax takes a number rather than NaN, so missing values fall into the bin below, and are taken out of it.
    np.fmax(scaled, 0.0, out=scaled)
    np.minimum(scaled, table.last[:, None], out=scaled)
    place = scaled.astype(np.int64)
    place += table.start[:, None]
    found = np.bincount(place.ravel(), minlength=table.size)
    found[table.start] -= missing
    return found


def _sums(block: Floats) -> Floats:
    known = np.where(np.isfinite(block), block, 0.0)
    # A cumulated sum has one order of addition on every processor.
    return np.stack([np.cumsum(known, axis=1)[:, -1], np.cumsum(known * known, axis=1)[:, -1]])
