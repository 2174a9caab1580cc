"""MaxCombo: the largest of several Fleming-Harrington tests, with the P value of their joint distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.comparison import compared, one_arm_warning, p_value_of
from equipoise.analysis.inputs import check_choice
from equipoise.analysis.weighted_logrank import Weighting, weighting_of
from equipoise.errors import ArgumentError
from equipoise.frames.columns import library_of
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels import dispatch
from equipoise.kernels.plain.logrank import joint_sums
from equipoise.kernels.plain.normal_region import MOST_DIMENSIONS, normal_box
from equipoise.kernels.plain.special import normal_quantile

DEFAULT_TESTS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
# The quadrature's error is absolute, so below this a P value is bounded by the sum of the single ones instead.
_SMALLEST = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class MaxCombo(RowResult):
    """The MaxCombo test of two groups.

    `tests` are the pairs (rho, gamma); `z` (m) their statistics, positive where they favor the experimental group (NaN
    for a test without variance, which takes no part); `single_p` (m) their own P values, unadjusted; `correlation`
    (m, m). `z_max` is the statistic that decides: the largest in absolute value, or in the declared direction, and
    `p_value` its P under the joint normal distribution. `decisive` is the place of that test in `tests`.
    """

    levels: tuple[str, str]
    n: np.ndarray
    tests: tuple[tuple[float, float], ...]
    z: np.ndarray
    single_p: np.ndarray
    correlation: np.ndarray
    z_max: float
    decisive: int | None
    p_value: float
    alternative: str
    group_name: str
    n_strata: int
    one_arm_strata: tuple[str, ...]
    convention: str
    message: str | None = None
    note: str | None = None
    library: str | None = None

    @property
    def reference(self) -> str:
        return self.levels[0]

    @property
    def contrast(self) -> str:
        """The comparison in words: experimental versus reference."""
        return f"{self.levels[1]} vs {self.reference}"

    @property
    def level(self) -> float:
        """The customary level of a test in this direction: 0.05 two-sided, 0.025 one-sided."""
        return 0.05 if self.alternative == "two-sided" else 0.025

    def critical_value(self, alpha: float | None = None) -> float:
        """The value that the decisive statistic must exceed at level `alpha` (None: the customary `level`).

        The quantile 1 - alpha of max |Z| (one-sided: of max Z) under the joint normal distribution; NaN where no test
        has a variance. Raises ArgumentError for an alpha that is not between 0 and 1.
        """
        chosen = self.level if alpha is None else alpha
        if not (isinstance(chosen, int | float) and 1e-8 < chosen < 1.0):
            raise ArgumentError("argument-invalid", f"alpha is {alpha!r}", where="alpha", hint="from 1e-8 to 1")
        usable = ~np.isnan(self.z)
        if not usable.any():
            return math.nan
        from scipy.optimize import brentq

        joint = self.correlation[np.ix_(usable, usable)]
        two_sided = self.alternative == "two-sided"
        tail = chosen / 2.0 if two_sided else chosen

        def excess(value: float) -> float:
            high = np.full(len(joint), value)
            low = -high if two_sided else np.full(len(joint), -np.inf)
            return 1.0 - normal_box(low, high, joint) - chosen

        # Between the quantile of a single test and Bonferroni's, widened by the error of the quadrature.
        ends = normal_quantile(1.0 - tail) - 1e-6, normal_quantile(1.0 - tail / len(joint)) + 1e-6
        return float(brentq(excess, *ends, xtol=1e-7))  # pyright: ignore[reportArgumentType]

    def to_rows(self) -> list[ResultRow]:
        """n by group; z and the single p_value by test; then z_max, p_value and critical_value of the combination."""
        shared: dict[str, Any] = {"method": "maxcombo", "convention": self.convention}
        rows = []
        for level, n in zip(self.levels, self.n, strict=True):
            place: dict[str, Any] = {"parameter": "group", "group1": self.group_name, "level1": level}
            rows.append(ResultRow(statistic="n", format="int", value=float(n), **shared, **place))
        for (rho, gamma), z, p in zip(self.tests, self.z, self.single_p, strict=True):
            place = {"parameter": f"Fleming-Harrington({rho:g}, {gamma:g})", "label": "unadjusted"}
            rows.append(ResultRow(statistic="z", **shared, **place, **number(z)))
            rows.append(ResultRow(statistic="p_value", format="p", **shared, **place, **number(p)))
        notes = [text for text in (one_arm_warning(self.one_arm_strata), self.note) if text]
        place = {"parameter": self.contrast, "error": self.message, "warning": "; ".join(notes) or None}
        place["label"] = self.alternative
        rows.append(ResultRow(statistic="z_max", **shared, **place, **number(self.z_max)))
        rows.append(ResultRow(statistic="p_value", format="p", **shared, **place, **number(self.p_value)))
        place["label"] = f"{self.alternative}, level {self.level:g}"
        rows.append(ResultRow(statistic="critical_value", **shared, **place, **number(self.critical_value())))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """The statistics and their correlation, ready for JSON (None where there is no statistic)."""

        def known(values: np.ndarray) -> list[Any]:
            return [None if math.isnan(value) else value for value in values.tolist()]

        return {
            "method": "maxcombo",
            "reference": self.reference,
            "alternative": self.alternative,
            "tests": [list(pair) for pair in self.tests],
            "z": known(self.z),
            "single_p": known(self.single_p),
            "correlation": [known(row) for row in self.correlation],
            "z_max": known(np.array([self.z_max]))[0],
            "decisive": self.decisive,
            "p_value": known(np.array([self.p_value]))[0],
            "n_strata": self.n_strata,
            "one_arm_strata": list(self.one_arm_strata),
            "message": self.message,
            "note": self.note,
        }


def maxcombo(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    tests: Sequence[tuple[float, float]] = DEFAULT_TESTS,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    alternative: str = "two-sided",
    convention: str = "r",
    time_tolerance: float | None = None,
    engine: str = "auto",
) -> MaxCombo:
    """The MaxCombo test: the most extreme of several Fleming-Harrington tests, judged by their joint distribution.

    Arguments as of `logrank`, for two groups; `tests`, pairs (rho, gamma) of exponents of zero or more; they may
    depend on each other, as in the default, where FH(0, 0) = FH(0, 1) + FH(1, 0). `alternative`: "two-sided"
    (P of a max |Z| this large), "experimental-better" (P of a max Z this large) or "control-better" (of max -Z).

    Returns a `MaxCombo`. Without any comparison it carries NaN and a message; a P value below 1e-9 is the sum of the
    single ones (Bonferroni's bound) and says so. Raises DataError and ArgumentError for input that cannot be used, and
    for tests whose correlation has a rank above four.

    Formula: Cov(U_a, U_b) = sum w_a w_b d (Y_1 / n) (1 - Y_1 / n) (n - d) / (n - 1); P = 1 - P(all |Z| < |z_max|), by
    quadrature.
    Source: Karrison TG. Stata J 2016;16:678-690; Lin RS et al. Stat Biopharm Res 2020;12:187-198.
    """
    check_choice(engine, dispatch.ENGINES, "engine")
    chosen = _weightings(tests)
    data = compared(
        time, event, group, reference=reference, alternative=alternative, strata=strata, entry=entry, weights=weights,
        convention=convention, time_tolerance=time_tolerance, two_groups=True,
    )  # fmt: skip
    counts = data.counts(engine)
    one = np.ones(len(counts.time))
    weight = np.stack([one if w is None else w for w in (one_test.at(counts, data.n_strata) for one_test in chosen)])
    u, covariance = joint_sums(counts, weight)
    return MaxCombo(
        levels=(data.levels[0], data.levels[1]),
        n=data.n_by.sum(axis=0),
        tests=tuple((w.rho, w.gamma) for w in chosen),
        group_name=data.data.group_name,
        n_strata=data.n_strata,
        one_arm_strata=data.one_arm_strata,
        alternative=alternative,
        convention=convention,
        library=library_of(time),
        **_combined(u, covariance, alternative),
    )


def _weightings(tests: Any) -> list[Weighting]:
    try:
        pairs = [(rho, gamma) for rho, gamma in tests]
    except (TypeError, ValueError):
        pairs = []
    if not pairs:
        raise ArgumentError(
            "argument-invalid",
            f"tests is {tests!r}",
            where="tests",
            hint="pairs of exponents (rho, gamma), for example ((0, 0), (0, 1), (1, 0), (1, 1))",
        )
    return [weighting_of(rho, gamma, None, None, None) for rho, gamma in pairs]


def _combined(u: np.ndarray, covariance: np.ndarray, alternative: str) -> dict[str, Any]:
    spread = np.sqrt(covariance.diagonal())
    usable = spread > 1e-12 * spread.max(initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(usable, -u / spread, np.nan)
        correlation = np.where(np.outer(usable, usable), covariance / np.outer(spread, spread), np.nan)
    single = np.array([p_value_of(float(value), alternative) for value in z])
    found = {"z": z, "single_p": single, "correlation": correlation, "z_max": math.nan, "decisive": None}
    if not usable.any():
        message = (
            "no event with a weight above zero happened while both groups were at risk: there is nothing to compare"
        )
        return found | {"p_value": math.nan, "message": message}
    directed = {"two-sided": np.abs(z), "experimental-better": z, "control-better": -z}[alternative]
    decisive = int(np.nanargmax(directed))
    left_out = None if usable.all() else "tests without variance take no part"
    p_value, bounded = _joint_p(
        float(directed[decisive]), correlation[np.ix_(usable, usable)], single[usable], alternative
    )
    note = "; ".join(text for text in (left_out, bounded) if text) or None
    return found | {"z_max": float(z[decisive]), "decisive": decisive, "p_value": p_value, "note": note}


def _joint_p(extreme: float, correlation: np.ndarray, single: np.ndarray, alternative: str) -> tuple[float, str | None]:
    """1 - P(no test is as extreme), held between the smallest single P value and the sum of all."""
    high = np.full(len(correlation), extreme)
    low = -high if alternative == "two-sided" else np.full(len(correlation), -np.inf)
    try:
        joint = 1.0 - normal_box(low, high, correlation)
    except ValueError as error:
        raise ArgumentError(
            "argument-invalid",
            f"{len(correlation)} tests: {error}",
            where="tests",
            reason="the joint probability is integrated exactly, in as many dimensions as the tests have",
            hint=f"choose tests of which at most {MOST_DIMENSIONS} are independent",
        ) from None
    bound = min(float(len(single) * single.min()), 1.0)
    if joint < _SMALLEST:
        return bound, "the P value is Bonferroni's bound: the joint one is below 1e-9"
    return min(max(joint, float(single.min())), bound), None
