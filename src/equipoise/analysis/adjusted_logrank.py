"""The covariate-adjusted log-rank test, stratified or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.comparison import compared, one_arm_warning, p_value_of
from equipoise.errors import DataError
from equipoise.frames.columns import check_lengths, library_of, to_array, to_columns, to_levels, to_numbers
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.adjusted_logrank import derived_outcomes, projections
from equipoise.kernels.plain.logrank import logrank_sums


@dataclass(frozen=True, eq=False, repr=False)
class AdjustedLogrankTest(RowResult):
    """The covariate-adjusted log-rank test of two groups.

    `u` and `variance` are adjusted, `u_unadjusted` and `variance_unadjusted` those of the log-rank test; `z` =
    -u / sqrt(variance): positive favors the experimental group. `covariates` names the columns adjusted for.
    """

    levels: tuple[str, str]
    n: np.ndarray
    covariates: tuple[str, ...]
    u: float
    variance: float
    u_unadjusted: float
    variance_unadjusted: float
    z: float
    p_value: float
    alternative: str
    group_name: str
    n_strata: int
    one_arm_strata: tuple[str, ...]
    convention: str
    message: str | None = None
    library: str | None = None

    @property
    def chi_square(self) -> float:
        return self.z * self.z

    def to_rows(self) -> list[ResultRow]:
        """n by group; then the adjusted sums, z, chi_square and p_value."""
        shared: dict[str, Any] = {"method": "adjusted-logrank", "convention": self.convention}
        rows = [
            ResultRow(
                statistic="n", format="int", value=float(n), parameter="group", group1=self.group_name, level1=level,
                **shared,
            )
            for level, n in zip(self.levels, self.n, strict=True)
        ]  # fmt: skip
        words = f"adjusted for {', '.join(self.covariates)}"
        place = shared | {"parameter": f"{self.levels[1]} vs {self.levels[0]}", "error": self.message}
        place["warning"] = one_arm_warning(self.one_arm_strata)
        for name, value in (("observed_minus_expected", self.u), ("variance", self.variance), ("z", self.z)):
            rows.append(ResultRow(statistic=name, label=words, **place, **number(value)))
        rows.append(ResultRow(statistic="chi_square", label=words, **place, **number(self.chi_square)))
        rows.append(ResultRow(statistic="p_value", format="p", label=self.alternative, **place, **number(self.p_value)))
        return rows


def adjusted_logrank(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    covariates: Any,
    strata: Any = None,
    alternative: str = "two-sided",
    convention: str = "r",
    time_tolerance: float | None = None,
) -> AdjustedLogrankTest:
    """The log-rank test adjusted for baseline covariates, at no cost in validity whatever their true effect.

    Arguments as of `logrank`, two groups, one row per subject; `covariates`, a frame, a mapping of columns, an array or
    one column; numbers enter as they are, anything else by indicators of its levels. With `strata` it is the
    stratified covariate-adjusted test. Under covariate-adaptive randomization (blocks or minimization over factors)
    the factors belong among the strata, or as categories among the covariates.

    Returns an `AdjustedLogrankTest`. Raises DataError and ArgumentError for input that cannot be used.

    Formula: U less the projections of each subject's part on the covariates, V less n pi (1 - pi) b' S b; V is the
    hypergeometric variance, so that without covariates it is the log-rank test.
    Source: Ye T, Shao J, Yi Y. Biometrika 2024;111:691-705.
    """
    data = compared(
        time, event, group, reference=reference, alternative=alternative, strata=strata, convention=convention,
        time_tolerance=time_tolerance, two_groups=True,
    )  # fmt: skip
    names, x = _columns(covariates, len(data.code))
    counts = data.counts("plain")
    sums = logrank_sums(counts, data.n_strata)
    u = float((sums.observed - sums.expected).sum(axis=0)[1])
    variance = float(sums.covariance.sum(axis=0)[1, 1])
    stratum = data.data.strata.codes
    outcome = derived_outcomes(data.data.time, data.data.event, data.code, stratum, counts)
    shift, gain = projections(outcome, x, data.code, stratum)
    left = variance - gain
    z = -(u - shift) / math.sqrt(left) if variance > 0.0 and left > 1e-12 * variance else math.nan
    return AdjustedLogrankTest(
        levels=(data.levels[0], data.levels[1]), n=data.n_by.sum(axis=0), covariates=names, u=u - shift, variance=left,
        u_unadjusted=u, variance_unadjusted=variance, z=z, p_value=p_value_of(z, alternative), alternative=alternative,
        group_name=data.data.group_name, n_strata=data.n_strata, one_arm_strata=data.one_arm_strata,
        convention=convention, message=_message(z, variance), library=library_of(time),
    )  # fmt: skip


def _message(z: float, variance: float) -> str | None:
    if not math.isnan(z):
        return None
    if variance > 0.0:
        return "the covariates leave no variance: there are too few subjects for so many covariates"
    return "no event happened while more than one group was at risk: there is nothing to compare"


def _columns(covariates: Any, n: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the columns and a matrix; categories by indicators of all levels but the first."""
    encoded: list[np.ndarray] = []
    columns = to_columns(covariates, "covariate")
    for name, values in columns.items():
        array = to_array(values, name)
        check_lengths({"time": n, name: len(array)})
        if array.dtype.kind in "fiub" and "ategor" not in str(getattr(values, "dtype", "")):
            numbers = to_numbers(values, name)
            if not np.isfinite(numbers).all():
                row = int(np.flatnonzero(~np.isfinite(numbers))[0])
                raise DataError(
                    "value-invalid",
                    f"{name} is missing or infinite in {int((~np.isfinite(numbers)).sum()):,} rows",
                    where=f"{name}, row {row + 1}",
                    reason="every randomized subject enters the test, so every one needs its covariates",
                    hint="impute the missing values by the same rule in both arms",
                )
            encoded.append(numbers)
        else:
            levels = to_levels(values, name)
            encoded += [(levels.codes == g).astype(float) for g in range(1, len(levels.labels))]
    return tuple(columns), np.stack(encoded, axis=1) if encoded else np.zeros((n, 0))
