"""The log-rank test, stratified, for two or more groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.inputs import CONVENTIONS, SurvivalData, check_choice, survival_data, tolerance_of
from equipoise.analysis.row_result import RowResult, number
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import check_level, library_of
from equipoise.frames.results import ResultRow
from equipoise.kernels import dispatch
from equipoise.kernels.plain.logrank import LogrankSums, logrank_sums
from equipoise.kernels.plain.special import chi_square_tail, normal_tail

ALTERNATIVES = ("two-sided", "experimental-better", "control-better")


@dataclass(frozen=True, eq=False, repr=False)
class LogrankTest(RowResult):
    """The log-rank test.

    `levels`, `n`, `observed`, `expected` run over the groups, the reference first. `covariance` is that of
    observed - expected. For two groups `u` is observed - expected in the experimental group, `variance` its
    variance and `z` = -u / sqrt(variance): positive favors experimental; with more groups these are NaN.
    `one_arm_strata` lists strata that hold one group only and so contribute nothing. `message` says why there is no
    statistic, where there is none.
    """

    levels: tuple[str, ...]
    n: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    covariance: np.ndarray
    u: float
    variance: float
    z: float
    chi_square: float
    df: int
    p_value: float
    alternative: str
    group_name: str
    n_strata: int
    one_arm_strata: tuple[str, ...]
    convention: str
    message: str | None = None
    library: str | None = None

    @property
    def reference(self) -> str:
        return self.levels[0]

    @property
    def contrast(self) -> str:
        """The comparison in words: experimental versus reference."""
        return f"{', '.join(self.levels[1:])} vs {self.reference}"

    def to_rows(self) -> list[ResultRow]:
        """n, observed and expected by group; then z, variance, chi_square, df and p_value of the comparison."""
        shared: dict[str, Any] = {"method": "logrank", "convention": self.convention}
        rows = []
        for g, level in enumerate(self.levels):
            place: dict[str, Any] = shared | {"parameter": "group", "group1": self.group_name, "level1": level}
            rows.append(ResultRow(statistic="n", format="int", value=float(self.n[g]), **place))
            rows.append(ResultRow(statistic="observed", format="int", value=float(self.observed[g]), **place))
            rows.append(ResultRow(statistic="expected", value=float(self.expected[g]), **place))
        place = shared | {"parameter": self.contrast, "error": self.message, "warning": self._warning()}
        if len(self.levels) == 2:
            rows.append(ResultRow(statistic="observed_minus_expected", value=self.u, **place))
            rows.append(ResultRow(statistic="variance", value=self.variance, **place))
            rows.append(ResultRow(statistic="z", **place, **number(self.z)))
        rows.append(ResultRow(statistic="chi_square", **place, **number(self.chi_square)))
        rows.append(ResultRow(statistic="df", format="int", value=float(self.df), **place))
        rows.append(ResultRow(statistic="p_value", format="p", label=self.alternative, **place, **number(self.p_value)))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """The statistic and the sums behind it, ready for JSON (None where there is no statistic)."""
        values = {name: getattr(self, name) for name in ("u", "variance", "z", "chi_square", "p_value")}
        return {
            "method": "logrank",
            "reference": self.reference,
            "alternative": self.alternative,
            "groups": [
                {"level": level, "n": int(n), "observed": float(o), "expected": float(e)}
                for level, n, o, e in zip(self.levels, self.n, self.observed, self.expected, strict=True)
            ],
            "df": self.df,
            "n_strata": self.n_strata,
            "one_arm_strata": list(self.one_arm_strata),
            "message": self.message,
            **{name: None if math.isnan(value) else value for name, value in values.items()},
        }

    def _warning(self) -> str | None:
        if not self.one_arm_strata:
            return None
        return f"strata with one group only contribute nothing: {'; '.join(self.one_arm_strata)}"


def logrank(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    alternative: str = "two-sided",
    convention: str = "r",
    time_tolerance: float | None = None,
    engine: str = "auto",
) -> LogrankTest:
    """The log-rank test of equal survival, stratified where strata are given.

    Arguments, each a column of n rows (numpy, list, pandas, polars, Arrow): `time`, zero or more, in any unit;
    `event`, 1 for an event and 0 for censored; `group`, two or more levels; `reference`, the level that is the
    control; `strata`, one column or several; `entry`, before `time`, for delayed entry; `weights`, whole numbers: each
    row stands for that many identical ones. `alternative`: "two-sided", or for two groups "experimental-better" or
    "control-better". `convention` ("r" or "sas") sets the tie tolerance, unless `time_tolerance` does (0: exact).
    `engine`: "auto", "plain" or "compiled".

    Returns a `LogrankTest`. Without any comparison (no event while both groups are at risk) it carries NaN and a
    message. Raises DataError and ArgumentError for input that cannot be used.

    Formula: U = sum (d_1 - d Y_1 / n), V = sum d (Y_1 / n) (1 - Y_1 / n) (n - d) / (n - 1) over event times and strata,
    Z = -U / sqrt(V), chi-square = U^2 / V.
    Source: Mantel 1966; Peto and Peto 1972.

    >>> test = logrank([1, 2, 3, 4], [1, 1, 1, 1], ["a", "b", "a", "b"], reference="a")
    >>> round(test.z, 4)
    0.7845
    """
    check_choice(convention, CONVENTIONS, "convention")
    check_choice(alternative, ALTERNATIVES, "alternative")
    check_choice(engine, dispatch.ENGINES, "engine")
    tolerance = tolerance_of(time_tolerance, convention)
    data = survival_data(
        time, event, group=group, strata=strata, entry=entry, weights=weights, time_tolerance=tolerance
    )
    order = _reference_first(data, reference, alternative)
    code = np.array([order.index(g) for g in range(len(order))])[data.group.codes]
    _check_whole(data.weight)
    n_strata = len(data.strata.labels)
    counts = dispatch.risk_counts(
        data.time, data.event, code, len(order), data.strata.codes, data.weight, data.entry, engine
    )
    sums = logrank_sums(counts, n_strata)
    n_by = _rows_by_stratum(data, code, len(order))
    idle = tuple(data.strata.labels[s] for s in np.flatnonzero((n_by > 0).sum(axis=1) < 2)) if n_strata > 1 else ()
    return LogrankTest(
        levels=tuple(data.group.labels[g] for g in order),
        n=n_by.sum(axis=0),
        group_name=data.group_name,
        n_strata=n_strata,
        one_arm_strata=idle,
        alternative=alternative,
        convention=convention,
        library=library_of(time),
        **_statistics(sums, alternative),
    )


def _reference_first(data: SurvivalData, reference: Any, alternative: str) -> list[int]:
    labels = data.group.labels
    if len(labels) < 2:
        raise DataError(
            "group-single",
            f"{data.group_name} has one level only: {', '.join(map(repr, labels))}",
            reason="a comparison needs two groups",
            hint="check the filter in use, and that this is the column of the treatment arm",
        )
    first = check_level(reference, labels, data.group_name)
    if len(labels) > 2 and alternative != "two-sided":
        raise ArgumentError(
            "argument-invalid",
            f"alternative is {alternative!r} with {len(labels)} groups",
            where="alternative",
            reason="a direction exists between two groups only",
            hint="use alternative='two-sided', or compare two groups at a time",
        )
    return [first, *(g for g in range(len(labels)) if g != first)]


def _check_whole(weight: np.ndarray | None) -> None:
    if weight is not None and (weight != np.floor(weight)).any():
        row = int(np.flatnonzero(weight != np.floor(weight))[0])
        raise DataError(
            "value-invalid",
            f"weights holds {weight[row]:g}",
            where=f"weights, row {row + 1}",
            reason="the log-rank test's variance counts subjects, so a weight is a whole number of identical rows",
            hint="use cox(..., weights=) for sampling weights",
        )


def _rows_by_stratum(data: SurvivalData, code: np.ndarray, n_groups: int) -> np.ndarray:
    cell = data.strata.codes * n_groups + code
    size = len(data.strata.labels) * n_groups
    return np.bincount(cell, weights=data.weight, minlength=size).reshape(-1, n_groups).astype(np.int64)


def _statistics(sums: LogrankSums, alternative: str) -> dict[str, Any]:
    observed, expected = sums.observed.sum(axis=0), sums.expected.sum(axis=0)
    covariance = sums.covariance.sum(axis=0)
    difference = observed - expected
    u = variance = z = math.nan
    if len(observed) == 2:
        u, variance = float(difference[1]), float(covariance[1, 1])
        z = -u / math.sqrt(variance) if variance > 0.0 else math.nan
        chi_square, df = z * z, 1
    else:
        chi_square, df = _quadratic_form(difference, covariance)
    message = None
    if math.isnan(chi_square):
        message = "no event happened while more than one group was at risk: there is nothing to compare"
    return {
        "observed": observed,
        "expected": expected,
        "covariance": covariance,
        "u": u,
        "variance": variance,
        "z": z,
        "chi_square": chi_square,
        "df": df,
        "p_value": _p_value(z, chi_square, df, alternative),
        "message": message,
    }


def _quadratic_form(difference: np.ndarray, covariance: np.ndarray) -> tuple[float, int]:
    """(O - E)' V^- (O - E) and the rank of V, by its eigenvalues: V is singular because the groups sum to zero."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * max(values.max(), 0.0)
    if not kept.any():
        return math.nan, 0
    projected = vectors[:, kept].T @ difference
    return float((projected**2 / values[kept]).sum()), int(kept.sum())


def _p_value(z: float, chi_square: float, df: int, alternative: str) -> float:
    if math.isnan(chi_square):
        return math.nan
    if alternative == "two-sided":
        return chi_square_tail(chi_square, df)
    return normal_tail(z if alternative == "experimental-better" else -z)
