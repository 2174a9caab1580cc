"""Gray's test of equal cumulative incidence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.competing_inputs import CauseData, cause_data, check_cause
from equipoise.analysis.inputs import CONVENTIONS, check_choice, tolerance_of
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import library_of
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.competing import CauseTable, cause_table, gray_sums, spread_over
from equipoise.kernels.plain.special import chi_square_tail


@dataclass(frozen=True)
class GrayStatistic:
    """The test for one cause: scores by group (failures beyond expectation), their covariance, chi-square and P."""

    cause: str
    score: np.ndarray
    covariance: np.ndarray
    chi_square: float
    df: int
    p_value: float
    message: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class GrayTest(RowResult):
    """Gray's test for each cause; `test["relapse"]` takes one. `levels` names the groups of the scores."""

    tests: tuple[GrayStatistic, ...]
    levels: tuple[str, ...]
    n: tuple[int, ...]
    rho: float
    n_strata: int
    group_name: str
    library: str | None = None

    def __getitem__(self, cause: str) -> GrayStatistic:
        """The test for one cause."""
        return self.tests[check_cause(cause, tuple(test.cause for test in self.tests), "event")]

    def __iter__(self) -> Iterator[GrayStatistic]:
        return iter(self.tests)

    def to_rows(self) -> list[ResultRow]:
        """n by group; per cause the groups' scores, chi_square, df and p_value."""
        shared: dict[str, Any] = {"method": "gray"}
        rows = [
            ResultRow(
                parameter="group", statistic="n", value=float(n), format="int", group1=self.group_name, level1=level,
                **shared,
            )
            for level, n in zip(self.levels, self.n, strict=True)
        ]  # fmt: skip
        for test in self.tests:
            place = shared | {"parameter": test.cause, "error": test.message}
            for level, score in zip(self.levels, test.score, strict=True):
                rows.append(
                    ResultRow(statistic="score", value=float(score), group1=self.group_name, level1=level, **place)
                )
            rows.append(ResultRow(statistic="chi_square", **place, **number(test.chi_square)))
            rows.append(ResultRow(statistic="df", format="int", value=float(test.df), **place))
            rows.append(ResultRow(statistic="p_value", format="p", **place, **number(test.p_value)))
        return rows


def gray_test(
    time: Any,
    event: Any,
    group: Any,
    *,
    strata: Any = None,
    rho: float = 0.0,
    censored: Any = 0,
    convention: str = "r",
    time_tolerance: float | None = None,
) -> GrayTest:
    """Gray's test that the cumulative incidence of a cause is equal in all groups, for each cause.

    Arguments: `time`, `group`, `strata`, `convention`, `time_tolerance` as `kaplan_meier`; `event` and `censored` as
    `cumulative_incidence`; `rho`: the power of the weight (1 - F(t-))^rho, 0 or more.

    Returns a `GrayTest`. A cause without a comparison has NaN and a message. Raises DataError and ArgumentError for
    input that cannot be used.

    Formula: score_g = sum over t of (1 - F)^rho (d_g - d h_g (1 - F_g) / sum of h (1 - F)), h_g = n_g / S_g(t-).
    Source: Gray 1988, doi:10.1214/aos/1176350951.

    >>> test = gray_test([1, 2, 3, 4, 5, 6], [1, 2, 1, 1, 0, 2], list("aabbab"))
    >>> round(test["1"].chi_square, 4), test["1"].df
    (0.1593, 1)
    """
    check_choice(convention, CONVENTIONS, "convention")
    if not (isinstance(rho, int | float) and 0.0 <= rho < math.inf):
        raise ArgumentError("argument-invalid", f"rho is {rho!r}", where="rho", hint="a number of zero or more")
    tolerance = tolerance_of(time_tolerance, convention)
    data = cause_data(time, event, censored=censored, group=group, strata=strata, time_tolerance=tolerance)
    levels = data.survival.group.labels
    if len(levels) < 2:
        raise DataError(
            "group-single",
            f"{data.survival.group_name} has one level only: {', '.join(map(repr, levels))}",
            reason="a comparison needs two groups",
            hint="check the filter in use, and that this is the column of the treatment arm",
        )
    by_stratum = [_tables(data, s, len(levels)) for s in range(len(data.survival.strata.labels))]
    tests = tuple(_test(by_stratum, k, cause, float(rho)) for k, cause in enumerate(data.causes))
    n = tuple(np.bincount(data.survival.group.codes, minlength=len(levels)).tolist())
    return GrayTest(tests, levels, n, float(rho), len(by_stratum), data.survival.group_name, library_of(time))


def _tables(data: CauseData, s: int, n_groups: int) -> list[CauseTable]:
    """Each group's counts at all times of the stratum."""
    inside = data.survival.strata.codes == s
    times = np.unique(data.survival.time[inside])
    tables = []
    for g in range(n_groups):
        rows = inside & (data.survival.group.codes == g)
        if rows.any():
            own = cause_table(data.survival.time[rows], data.code[rows], len(data.causes))
            tables.append(spread_over(own, times))
        else:
            zero = np.zeros(len(times))
            tables.append(CauseTable(times, zero, np.zeros((len(times), len(data.causes))), zero))
    return tables


def _test(by_stratum: list[list[CauseTable]], k: int, cause: str, rho: float) -> GrayStatistic:
    sums = [gray_sums(tables, k, rho) for tables in by_stratum if any(table.events[:, k].any() for table in tables)]
    n_groups = len(by_stratum[0])
    score = sum((s for s, _ in sums), np.zeros(n_groups))
    covariance = sum((v for _, v in sums), np.zeros((n_groups, n_groups)))
    # Singular by design: the scores of all groups sum to zero.
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * max(float(values.max()), 0.0)
    if not kept.any() or not np.isfinite(covariance).all():
        message = f"no failure of {cause} happened while more than one group was at risk: there is nothing to compare"
        return GrayStatistic(cause, score, covariance, math.nan, 0, math.nan, message)
    chi_square = float(((vectors[:, kept].T @ score) ** 2 / values[kept]).sum())
    df = int(kept.sum())
    return GrayStatistic(cause, score, covariance, chi_square, df, chi_square_tail(chi_square, df))
