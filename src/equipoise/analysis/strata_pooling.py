"""The rule that pools sparse strata: fixed before the data are seen, and recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.binomial_rates import whole_number
from equipoise.frames.columns import check_lengths, library_of, name_of, to_events, to_levels, to_strata
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult

POOLED = "pooled"


@dataclass(frozen=True, eq=False, repr=False)
class PooledStrata(RowResult):
    """Strata after pooling.

    `column` (n): the stratum of each row, for `strata=` of an estimator; `strata` the labels left; `pooled` those that
    were joined into the stratum "pooled" because a group had fewer than `below` there.
    """

    column: np.ndarray
    strata: tuple[str, ...]
    pooled: tuple[str, ...]
    below: int
    counted: str
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """n_strata; n_strata_pooled, whose label names them."""
        words = f"strata with fewer than {self.below} {self.counted} in a group were pooled: {'; '.join(self.pooled)}"
        place: dict[str, Any] = {"parameter": "strata", "format": "int", "warning": words if self.pooled else None}
        return [
            ResultRow(statistic="n_strata", value=float(len(self.strata)), **place),
            ResultRow(
                statistic="n_strata_pooled", value=float(len(self.pooled)), label="; ".join(self.pooled), **place
            ),
        ]


def pool_strata(strata: Any, group: Any, *, below: int, event: Any = None) -> PooledStrata:
    """Pools sparse strata by a rule to be fixed before the data are seen.

    Arguments: `strata`, one column or several of n rows; `group` (n); `below`: strata in which any group has fewer
    subjects than this are joined into one; while that falls short, the smallest of the others joins it. `event` (n):
    with it events are counted in place of subjects. Returns `PooledStrata`, whose `column` goes to `strata=` of an
    estimator. Raises DataError for columns that cannot be used.

    >>> pooled = pool_strata(["a", "a", "a", "b", "c", "c"], ["E", "C", "C", "E", "C", "E"], below=1)
    >>> pooled.pooled, pooled.strata
    (('b', 'c'), ('a', 'pooled'))
    """
    levels = to_levels(group, name_of(group, "group"))
    n = len(levels.codes)
    by = to_strata(strata, n)
    counts = np.ones(n) if event is None else to_events(event, name_of(event, "event")).astype(float)
    check_lengths({"group": n, "event": len(counts)})
    shape = (len(by.labels), len(levels.labels))
    cell = by.codes * shape[1] + levels.codes
    sizes = np.bincount(cell, weights=counts, minlength=shape[0] * shape[1]).reshape(shape)
    least = whole_number(below, "below")
    joined = sparse_strata(sizes, least)
    labels, pooled = joined_labels(by.labels, joined)
    names = np.array([POOLED if pool else label for label, pool in zip(by.labels, joined, strict=True)], dtype=object)
    counted = "subjects" if event is None else "events"
    return PooledStrata(names[by.codes], labels, pooled, least, counted, library_of(group))


def sparse_strata(sizes: np.ndarray, below: int) -> np.ndarray:
    """Which strata are joined, (K,) booleans, from `sizes` (K, groups): see `pool_strata`. Fewer than two: none."""
    sparse = sizes.min(axis=1) < below
    if not sparse.any() or len(sparse) == 1:
        return np.zeros(len(sizes), dtype=bool)
    total = sizes.sum(axis=1)
    while not sparse.all() and (sparse.sum() < 2 or sizes[sparse].sum(axis=0).min() < below):
        others = np.flatnonzero(~sparse)
        sparse[others[np.argmin(total[others])]] = True
    return sparse


def joined_labels(labels: Sequence[str], joined: np.ndarray) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels left, the joined stratum last, and the labels that were joined."""
    pooled = tuple(label for label, pool in zip(labels, joined, strict=True) if pool)
    kept = tuple(label for label, pool in zip(labels, joined, strict=True) if not pool)
    return ((*kept, POOLED) if pooled else kept), pooled
