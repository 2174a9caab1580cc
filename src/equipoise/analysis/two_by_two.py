"""Events and subjects of two groups, by stratum: the table that rates, odds ratios and their tests are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equipoise.analysis.binomial_rates import whole_number
from equipoise.analysis.strata_pooling import joined_labels, sparse_strata
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import check_lengths, check_level, library_of, name_of, to_events, to_levels, to_strata
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.binomial_score import Tables

GROUP_NAMES = ("experimental", "control")


@dataclass(frozen=True, eq=False)
class TwoByTwo:
    """Events and subjects of two groups in K strata.

    `x1` of `n1` in the first group (experimental) and `x2` of `n2` in the second (the reference), each of shape (K,);
    `strata` their K labels; `levels` the groups' labels. `one_arm` names strata that were dropped because one group
    is empty there; `pooled` those that were joined into one because a group was smaller than `pool_below`.
    """

    x1: np.ndarray
    n1: np.ndarray
    x2: np.ndarray
    n2: np.ndarray
    strata: tuple[str, ...]
    levels: tuple[str, str] = GROUP_NAMES
    group_name: str = "group"
    one_arm: tuple[str, ...] = ()
    pooled: tuple[str, ...] = ()
    pool_below: int | None = None
    library: str | None = None

    @property
    def counts(self) -> Tables:
        return Tables(self.x1, self.n1, self.x2, self.n2)

    @property
    def contrast(self) -> str:
        """The comparison in words: experimental versus reference."""
        return f"{self.levels[0]} vs {self.levels[1]}"

    @property
    def warning(self) -> str | None:
        """Which strata were pooled or dropped, in words."""
        said = []
        if self.pooled:
            said.append(f"strata with fewer than {self.pool_below} in a group were pooled: {'; '.join(self.pooled)}")
        if self.one_arm:
            said.append(f"strata with one group only contribute nothing: {'; '.join(self.one_arm)}")
        return "; ".join(said) or None

    def count_rows(self, method: str) -> list[ResultRow]:
        """n_event and n by group over the strata used; n_strata, n_strata_pooled and n_strata_one_arm."""
        rows = []
        for level, x, n in zip(self.levels, (self.x1, self.x2), (self.n1, self.n2), strict=True):
            for name, column in (("n_event", x), ("n", n)):
                rows.append(
                    ResultRow(
                        parameter="group", group1=self.group_name, level1=level, statistic=name,
                        value=float(column.sum()), format="int", method=method,
                    )
                )  # fmt: skip
        numbers = {
            "n_strata": (len(self.strata), ""),
            "n_strata_pooled": (len(self.pooled), "; ".join(self.pooled)),
            "n_strata_one_arm": (len(self.one_arm), "; ".join(self.one_arm)),
        }
        for name, (value, label) in numbers.items():
            place: dict[str, Any] = {"parameter": self.contrast, "format": "int", "method": method}
            rows.append(ResultRow(statistic=name, value=float(value), label=label, warning=self.warning, **place))
        return rows


def two_by_two(event: Any, group: Any, *, reference: Any, strata: Any = None) -> TwoByTwo:
    """Counts of subjects with the event by group and stratum, from one row per subject.

    Arguments: `event` (n), 1 or True for an event; `group` (n), two levels; `reference`, the control's level, which has
    no default; `strata`, one column or several. Returns a `TwoByTwo`, which `rate_difference`, `odds_ratio` and `cmh`
    take in place of counts. Raises DataError for columns that cannot be used or a group without two levels.

    >>> table = two_by_two([1, 0, 1, 1], ["E", "E", "C", "E"], reference="C")
    >>> table.x1, table.n1, table.x2, table.n2
    (array([2.]), array([3.]), array([1.]), array([1.]))
    """
    name = name_of(group, "group")
    events, levels = to_events(event, name_of(event, "event")), to_levels(group, name)
    check_lengths({"event": len(events), name: len(levels.codes)})
    control = check_level(reference, levels.labels, name)
    if len(levels.labels) != 2:
        code = "group-single" if len(levels.labels) < 2 else "value-invalid"
        raise DataError(
            code,
            f"{name} has {len(levels.labels)} level{'s' * (len(levels.labels) != 1)}: {', '.join(levels.labels)}",
            reason="a two-by-two table has two groups",
            hint="check the filter in use, or keep two of the groups",
        )
    by = to_strata(strata, len(events))
    shape = (len(by.labels), 2)
    cell = by.codes * 2 + levels.codes
    n = np.bincount(cell, minlength=shape[0] * 2).reshape(shape).astype(float)
    x = np.bincount(cell, weights=events.astype(float), minlength=shape[0] * 2).reshape(shape)
    other = 1 - control
    names = (levels.labels[other], levels.labels[control])
    columns = (x[:, other], n[:, other], x[:, control], n[:, control])
    return TwoByTwo(*columns, by.labels, names, name, library=library_of(event))


def tables_of(
    x1: Any, n1: Any, x2: Any, n2: Any, strata: Sequence[Any] | None, levels: Sequence[str], pool_below: int | None
) -> TwoByTwo:
    """Counts as handed to an estimator (a `TwoByTwo`, or four numbers or columns), checked, pooled, one-arm strata out.

    Raises ArgumentError `argument-invalid`, DataError `length-mismatch`, and DataError `group-single` when no stratum
    has both groups.
    """
    table = x1 if isinstance(x1, TwoByTwo) else _counted(x1, n1, x2, n2, strata, levels)
    if pool_below is not None:
        table = pool_sparse(table, pool_below)
    both = (table.n1 > 0) & (table.n2 > 0)
    if not both.any():
        raise DataError(
            "group-single", "no stratum has subjects of both groups", reason="a comparison needs two groups"
        )
    out = tuple(label or "(all)" for label, kept in zip(table.strata, both, strict=True) if not kept)
    kept_labels = tuple(label for label, kept in zip(table.strata, both, strict=True) if kept)
    columns = {name: getattr(table, name)[both] for name in Tables._fields}
    return replace(table, **columns, strata=kept_labels, one_arm=out)


def pool_sparse(table: TwoByTwo, below: int) -> TwoByTwo:
    """One stratum made of all strata in which either group has fewer than `below` subjects.

    Where the strata so joined still fall short, the smallest of the others (by subjects, then in order) joins them,
    until both groups have `below` or one stratum is left. The joined stratum stands last.
    """
    least = whole_number(below, "pool_below")
    joined = sparse_strata(np.column_stack((table.n1, table.n2)), least)
    labels, pooled = joined_labels(table.strata, joined)
    if not pooled:
        return replace(table, pool_below=least)
    columns = {
        name: np.append(getattr(table, name)[~joined], getattr(table, name)[joined].sum()) for name in Tables._fields
    }
    return replace(table, **columns, strata=labels, pooled=pooled, pool_below=least)


def _counted(x1: Any, n1: Any, x2: Any, n2: Any, strata: Sequence[Any] | None, levels: Sequence[str]) -> TwoByTwo:
    if n1 is None or x2 is None or n2 is None:
        raise ArgumentError(
            "argument-invalid",
            "counts are incomplete: x1, n1, x2 and n2 are needed",
            hint="hand in four numbers, four columns with one value per stratum, or the result of two_by_two",
        )
    columns = {name: _column(v, name) for name, v in zip(Tables._fields, (x1, n1, x2, n2), strict=True)}
    check_lengths({name: len(column) for name, column in columns.items()})
    for x, n in (("x1", "n1"), ("x2", "n2")):
        over = np.flatnonzero(columns[x] > columns[n])
        if len(over):
            k = int(over[0])
            raise ArgumentError(
                "argument-invalid", f"{x} is {columns[x][k]:g}, more than {n}, {columns[n][k]:g}",
                where=f"stratum {k + 1}",
            )  # fmt: skip
    k = len(columns["x1"])
    labels = ("",) if k == 1 and strata is None else tuple(map(str, range(1, k + 1) if strata is None else strata))
    check_lengths({"x1": k, "strata": len(labels)})
    if len(levels) != 2:
        raise ArgumentError("argument-invalid", f"levels is {levels!r}", where="levels", hint="experimental, control")
    names = (str(levels[0]), str(levels[1]))
    return TwoByTwo(columns["x1"], columns["n1"], columns["x2"], columns["n2"], labels, names, library=library_of(x1))


def _column(values: Any, name: str) -> np.ndarray:
    single = isinstance(values, int | float | np.integer | np.floating)
    items = [values] if single else list(values)
    return np.array([whole_number(value, name) for value in items], dtype=float)
