"""The log-rank test and its weighted relatives, stratified, for two or more groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.comparison import ALTERNATIVES, Comparison, compared, one_arm_warning, p_value_of
from equipoise.analysis.inputs import check_choice
from equipoise.analysis.weighted_logrank import UNWEIGHTED, Weighting, weighting_of
from equipoise.errors import ArgumentError
from equipoise.frames.columns import library_of, to_numbers
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels import dispatch
from equipoise.kernels.plain.logrank import LogrankSums, logrank_sums, over_strata
from equipoise.kernels.plain.special import chi_square_tail

__all__ = ["ALTERNATIVES", "LogrankTest", "logrank"]


@dataclass(frozen=True, eq=False, repr=False)
class LogrankTest(RowResult):
    """The log-rank test, or a weighted one.

    `levels`, `n`, `observed`, `expected` run over the groups, the reference first; of a weighted test observed and
    expected are weighted sums. `covariance` is that of observed - expected. For two groups `u` is observed - expected
    in the experimental group, `variance` its variance and `z` = -u / sqrt(variance): positive favors experimental. Of a
    trend test `scores` holds the score of each level and u = sum of score (observed - expected): positive z means that
    survival grows with the score. With more groups and no trend these three are NaN. `weighting` names the weights.
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
    weighting: Weighting = UNWEIGHTED
    scores: tuple[float, ...] | None = None

    @property
    def reference(self) -> str:
        return self.levels[0]

    @property
    def contrast(self) -> str:
        """The comparison in words: experimental versus reference."""
        return f"{', '.join(self.levels[1:])} vs {self.reference}"

    def to_rows(self) -> list[ResultRow]:
        """n, observed and expected by group; then z, variance, chi_square, df and p_value of the comparison.

        Of a weighted test the sums are called weighted_observed, weighted_expected, weighted_observed_minus_expected.
        """
        method = "logrank-trend" if self.scores else self.weighting.method
        shared: dict[str, Any] = {"method": method, "convention": self.convention}
        plain = self.weighting.kind == "logrank"
        prefix, form = ("", "int") if plain else ("weighted_", None)
        rows = []
        for g, level in enumerate(self.levels):
            place: dict[str, Any] = shared | {"parameter": "group", "group1": self.group_name, "level1": level}
            rows.append(ResultRow(statistic="n", format="int", value=float(self.n[g]), **place))
            rows.append(ResultRow(statistic=f"{prefix}observed", format=form, value=float(self.observed[g]), **place))
            rows.append(ResultRow(statistic=f"{prefix}expected", value=float(self.expected[g]), **place))
            if self.scores:
                rows.append(ResultRow(statistic="score", value=self.scores[g], **place))
        place = shared | {"parameter": self.contrast, "error": self.message}
        place["warning"] = one_arm_warning(self.one_arm_strata)
        label = "" if plain else self.weighting.label
        if len(self.levels) == 2 or self.scores:
            rows.append(ResultRow(statistic=f"{prefix}observed_minus_expected", value=self.u, label=label, **place))
            rows.append(ResultRow(statistic="variance", value=self.variance, label=label, **place))
            rows.append(ResultRow(statistic="z", label=label, **place, **number(self.z)))
        rows.append(ResultRow(statistic="chi_square", label=label, **place, **number(self.chi_square)))
        rows.append(ResultRow(statistic="df", format="int", value=float(self.df), **place))
        rows.append(ResultRow(statistic="p_value", format="p", label=self.alternative, **place, **number(self.p_value)))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """The statistic and the sums behind it, ready for JSON (None where there is no statistic)."""
        values = {name: getattr(self, name) for name in ("u", "variance", "z", "chi_square", "p_value")}
        return {
            "method": "logrank-trend" if self.scores else self.weighting.method,
            "weighting": self.weighting.label,
            "scores": None if self.scores is None else list(self.scores),
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


def logrank(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    rho: float = 0.0,
    gamma: float = 0.0,
    weighting: str | None = None,
    t_star: float | None = None,
    s_star: float | None = None,
    alternative: str = "two-sided",
    trend: bool = False,
    scores: Mapping[Any, float] | Sequence[float] | None = None,
    convention: str = "r",
    time_tolerance: float | None = None,
    engine: str = "auto",
) -> LogrankTest:
    """The log-rank test of equal survival, or a weighted one, stratified where strata are given.

    Arguments, each a column of n rows (numpy, list, pandas, polars, Arrow): `time`, zero or more, in any unit;
    `event`, 1 for an event and 0 for censored; `group`, two or more levels; `reference`, the level that is the
    control; `strata`, one column or several; `entry`, before `time`, for delayed entry; `weights`, whole numbers: each
    row stands for that many identical ones.

    Weights over time, from all groups together within each stratum: `rho` and `gamma`, the Fleming-Harrington weight
    S(t-)^rho (1 - S(t-))^gamma (rho=1 is R's `survdiff(rho = 1)`); or `weighting`: "tarone-ware" sqrt(n), "gehan" n,
    "peto" prod(1 - d / (n + 1)) up to and including t (as SAS), "modified-peto" that times n / (n + 1), or
    "modestly-weighted" 1 / max(S(t-), s*) with `s_star`, or s* = S(`t_star`).

    `alternative`: "two-sided", or for two groups or a trend "experimental-better" or "control-better". `trend`: one
    degree of freedom for the ordered levels, with `scores` by level (a mapping, or a sequence in the order of the
    column's levels; without: 0, 1, 2, ... in that order). `convention` ("r" or "sas") sets the tie tolerance, unless
    `time_tolerance` does (0: exact). `engine`: "auto", "plain" or "compiled".

    Returns a `LogrankTest`. Without any comparison (no event while both groups are at risk) it carries NaN and a
    message. Raises DataError and ArgumentError for input that cannot be used, EstimationError for infinite weights.

    Formula: U = sum w (d_1 - d Y_1 / n), V = sum w^2 d (Y_1 / n) (1 - Y_1 / n) (n - d) / (n - 1) over event times and
    strata, Z = -U / sqrt(V), chi-square = U^2 / V; with scores c, U = sum c_g U_g and V = c' V c.
    Source: Mantel 1966; Peto and Peto 1972; Harrington and Fleming 1982; Tarone and Ware 1977; Gehan 1965; Magirr and
    Burman 2019; Tarone 1975.

    >>> test = logrank([1, 2, 3, 4], [1, 1, 1, 1], ["a", "b", "a", "b"], reference="a")
    >>> round(test.z, 4)
    0.7845
    """
    check_choice(engine, dispatch.ENGINES, "engine")
    chosen = weighting_of(rho, gamma, weighting, t_star, s_star)
    data = compared(
        time, event, group, reference=reference, alternative=alternative, strata=strata, entry=entry, weights=weights,
        convention=convention, time_tolerance=time_tolerance, directed=bool(trend),
    )  # fmt: skip
    score = _scores(data, trend, scores)
    sums = _sums(data, chosen, engine)
    return LogrankTest(
        levels=data.levels,
        n=data.n_by.sum(axis=0),
        group_name=data.data.group_name,
        n_strata=data.n_strata,
        one_arm_strata=data.one_arm_strata,
        alternative=alternative,
        convention=convention,
        library=library_of(time),
        weighting=chosen,
        scores=None if score is None else tuple(score.tolist()),
        **_statistics(sums, alternative, score, chosen),
    )


def _sums(data: Comparison, weighting: Weighting, engine: str) -> LogrankSums:
    if weighting.kind == "logrank":
        return data.logrank_sums(engine)
    counts = data.counts(engine)
    return logrank_sums(counts, data.n_strata, weighting.at(counts, data.n_strata))


def _scores(data: Comparison, trend: bool, scores: Any) -> np.ndarray | None:
    """The score of each level, the reference first; None without a trend."""
    if not trend:
        if scores is not None:
            hint = "say trend=True for the test of a trend over ordered groups"
            raise ArgumentError("argument-invalid", "scores are given without trend", where="scores", hint=hint)
        return None
    labels = data.data.group.labels
    if isinstance(scores, Mapping):
        named = {str(level): score for level, score in scores.items()}
        if set(named) != set(labels):
            raise ArgumentError(
                "argument-invalid",
                f"scores names {', '.join(map(repr, named))}",
                where="scores",
                hint=f"one score for each level: {', '.join(map(repr, labels))}",
            )
        scores = [named[label] for label in labels]
    values = np.arange(len(labels), dtype=float) if scores is None else to_numbers(scores, "scores")
    if len(values) != len(labels) or not np.isfinite(values).all() or np.ptp(values) == 0.0:
        raise ArgumentError(
            "argument-invalid",
            f"scores is {values.tolist()}",
            where="scores",
            reason="a trend needs one finite score for each level, not all equal",
            hint=f"the levels in order: {', '.join(map(repr, labels))}",
        )
    return values[[labels.index(level) for level in data.levels]]


def _statistics(sums: LogrankSums, alternative: str, score: np.ndarray | None, weighting: Weighting) -> dict[str, Any]:
    observed, expected = sums.observed.sum(axis=0), sums.expected.sum(axis=0)
    difference, covariance = over_strata(sums)
    u = variance = z = math.nan
    if len(observed) == 2 and score is None:
        u, variance = float(difference[1]), float(covariance[1, 1])
    elif score is not None:
        # The groups' differences sum to zero, so scores count from their mean: that keeps digits.
        centered = score - score.mean()
        u, variance = float(centered @ difference), float(centered @ covariance @ centered)
    if variance == variance:
        z = -u / math.sqrt(variance) if variance > 0.0 else math.nan
        chi_square, df = z * z, 1
        p_value = p_value_of(z, alternative)
    else:
        chi_square, df = _quadratic_form(difference, covariance)
        p_value = math.nan if math.isnan(chi_square) else chi_square_tail(chi_square, df)
    return {
        "observed": observed,
        "expected": expected,
        "covariance": covariance,
        "u": u,
        "variance": variance,
        "z": z,
        "chi_square": chi_square,
        "df": df,
        "p_value": p_value,
        "message": None if not math.isnan(chi_square) else _no_statistic(sums, weighting),
    }


def _no_statistic(sums: LogrankSums, weighting: Weighting) -> str:
    if weighting.kind != "logrank" and not sums.expected.any():
        return f"no event has a weight above zero under {weighting.label}: there is nothing to compare"
    return "no event happened while more than one group was at risk: there is nothing to compare"


def _quadratic_form(difference: np.ndarray, covariance: np.ndarray) -> tuple[float, int]:
    """(O - E)' V^- (O - E) and the rank of V, by its eigenvalues: V is singular because the groups sum to zero."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * max(values.max(), 0.0)
    if not kept.any():
        return math.nan, 0
    projected = vectors[:, kept].T @ difference
    return float((projected**2 / values[kept]).sum()), int(kept.sum())
