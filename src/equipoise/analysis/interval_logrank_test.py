"""The log-rank test generalized to interval-censored times, by permutation of scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from equipoise.analysis.comparison import Comparison, compared, one_arm_warning, p_value_of
from equipoise.analysis.inputs import check_choice
from equipoise.analysis.label_schemes import Urns
from equipoise.analysis.turnbull_npmle import interval_ends
from equipoise.errors import ArgumentError
from equipoise.frames.columns import library_of
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.exact_sums import permutation_tails
from equipoise.kernels.plain.interval_scores import interval_scores
from equipoise.kernels.plain.rerandomization import draw_urns
from equipoise.kernels.plain.special import chi_square_tail
from equipoise.kernels.plain.turnbull import KKT_TOLERANCE, innermost_intervals, interval_estimate
from equipoise.seeds import Stream

SCORES = ("sun", "finkelstein", "wilcoxon")
P_VALUES = ("asymptotic", "exact", "monte-carlo")
_CHUNK = 8192
# Sums of the same scores in another order differ by rounding only.
_TIE = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class IntervalLogrankTest(RowResult):
    """The generalized log-rank test of interval-censored times.

    `u` (by group, the reference first) is the sum of the scores in each group, which is observed less expected where
    times are right-censored; `covariance` is that under permutation of the labels within strata. For two groups
    `z` = -u / sqrt(variance) of the experimental group: positive favors it. `subject_scores` (n) are the scores,
    `p_error` the Monte-Carlo standard error of P. `message` says why there is no statistic.
    """

    levels: tuple[str, ...]
    n: np.ndarray
    u: np.ndarray
    covariance: np.ndarray
    subject_scores: np.ndarray
    z: float
    chi_square: float
    df: int
    p_value: float
    p_error: float
    permutations: int | None
    scores: str
    p_method: str
    alternative: str
    group_name: str
    n_strata: int
    one_arm_strata: tuple[str, ...]
    message: str | None = None
    warning: str | None = None
    library: str | None = None

    @property
    def variance(self) -> float:
        """The variance of `u` in the experimental group; NaN for more than two groups."""
        return float(self.covariance[1, 1]) if len(self.levels) == 2 else math.nan

    def to_rows(self) -> list[ResultRow]:
        """n and u by group; z and variance of two groups; chi_square, df and p_value."""
        shared: dict[str, Any] = {"method": "interval-logrank", "label": f"{self.scores} scores"}
        rows = []
        for g, level in enumerate(self.levels):
            place: dict[str, Any] = shared | {"parameter": "group", "group1": self.group_name, "level1": level}
            rows.append(ResultRow(statistic="n", format="int", value=float(self.n[g]), **place))
            rows.append(ResultRow(statistic="observed_minus_expected", value=float(self.u[g]), **place))
        notes = [text for text in (one_arm_warning(self.one_arm_strata), self.warning) if text]
        place = shared | {"parameter": f"{', '.join(self.levels[1:])} vs {self.levels[0]}", "error": self.message}
        place["warning"] = "; ".join(notes) or None
        if len(self.levels) == 2:
            rows.append(ResultRow(statistic="variance", **place, **number(self.variance)))
            rows.append(ResultRow(statistic="z", **place, **number(self.z)))
        rows.append(ResultRow(statistic="chi_square", **place, **number(self.chi_square)))
        rows.append(ResultRow(statistic="df", format="int", value=float(self.df), **place))
        if self.permutations is not None:
            rows.append(ResultRow(statistic="n_permutations", format="int", value=float(self.permutations), **place))
        place["label"] = f"{self.alternative}, {self.p_method}"
        rows.append(ResultRow(statistic="p_value", format="p", **place, **number(self.p_value)))
        if self.p_method == "monte-carlo":
            rows.append(ResultRow(statistic="p_value_error", **place, **number(self.p_error)))
        return rows


def interval_logrank(
    left: Any,
    right: Any,
    group: Any,
    *,
    reference: Any,
    strata: Any = None,
    scores: str = "sun",
    p_value: str = "asymptotic",
    alternative: str = "two-sided",
    draws: int = 100_000,
    seed: int | None = None,
) -> IntervalLogrankTest:
    """The log-rank test for interval-censored times, stratified where strata are given.

    Arguments: `left`, `right`, columns as of `turnbull`: the event lies in (left, right], at both where they are equal,
    after left where right is missing or infinite; `group`, two or more levels; `reference`, the control's level;
    `strata`, one column or several. `scores`: "sun" (the log-rank test where times are right-censored), "finkelstein"
    (the score of proportional hazards) or "wilcoxon" (proportional odds), from the estimate of all subjects of a
    stratum together. `p_value`: "asymptotic" (the normal limit of the permutation distribution), "exact" (two groups,
    every permutation of the labels within strata) or "monte-carlo" (two groups, `draws` permutations by the stream
    "rerandomization" of `seed`). `alternative`: "two-sided", or for two groups "experimental-better" or
    "control-better".

    The permutation distribution is right where schedule and censoring do not depend on the arm; where they do, the test
    may be off, however large the sample. Returns an `IntervalLogrankTest`. Raises DataError and ArgumentError for input
    that cannot be used, and for samples too large for "exact".

    Formula: c_i = (f(S(left)) - f(S(right))) / (S(left) - S(right)), U_g = sum of c_i in g, Cov(U_g, U_h) =
    s^2 (n_g [g = h] - n_g n_h / n), s^2 the variance of the c_i.
    Source: Fay and Shaw 2010, doi:10.18637/jss.v036.i02; Sun 1996; Finkelstein 1986, doi:10.2307/2530698.

    >>> test = interval_logrank([0, 1, 2, 3], [1, 2, 3, 4], ["a", "b", "a", "b"], reference="a")
    >>> round(test.z, 4)
    0.8341
    """
    kind = check_choice(scores, SCORES, "scores")
    way = check_choice(p_value, P_VALUES, "p_value")
    lower, upper = interval_ends(left, right)
    data = compared(
        lower, np.isfinite(upper), group, reference=reference, alternative=alternative, strata=strata,
        time_tolerance=0.0, two_groups=way != "asymptotic",
    )  # fmt: skip
    score, warning = _scores(lower, upper, data, kind)
    u, covariance = _sums(score, data)
    z, chi_square, df = _statistic(u, covariance)
    found = _probability(score, data, (float(u[1]), z, chi_square, df), way, alternative, draws, seed)
    return IntervalLogrankTest(
        levels=data.levels, n=data.n_by.sum(axis=0), u=u, covariance=covariance, subject_scores=score, z=z,
        chi_square=chi_square, df=df, p_value=found.p_value, p_error=found.error, permutations=found.permutations,
        scores=kind, p_method=way, alternative=alternative, group_name=data.data.group_name, n_strata=data.n_strata,
        one_arm_strata=data.one_arm_strata, warning=warning, library=library_of(left),
        message=None if df else "all scores are equal within strata: there is nothing to compare",
    )  # fmt: skip


def _scores(lower: np.ndarray, upper: np.ndarray, data: Comparison, kind: str) -> tuple[np.ndarray, str | None]:
    """The score of each subject from the estimate within its stratum, and a warning where that was not reached."""
    score, worst = np.zeros(len(lower)), 0.0
    for s in range(data.n_strata):
        rows = data.data.strata.codes == s
        inner = innermost_intervals(lower[rows], upper[rows])
        found = interval_estimate(inner.holds, np.ones(int(rows.sum())))
        score[rows] = interval_scores(inner.holds, found.mass, kind)
        worst = max(worst, found.excess)
    missed = f"the maximum was not reached: optimality is missed by {worst:.1g}"
    return score, missed if worst > KKT_TOLERANCE else None


def _sums(score: np.ndarray, data: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Sums of scores less their expectation by group, and their covariance, over strata."""
    k = len(data.levels)
    u, covariance = np.zeros(k), np.zeros((k, k))
    for s in range(data.n_strata):
        rows = data.data.strata.codes == s
        own, counts = score[rows], data.n_by[s].astype(float)
        n = len(own)
        centered = own - own.mean()
        u += np.bincount(data.code[rows], weights=centered, minlength=k)
        spread = float(centered @ centered) / (n - 1) if n > 1 else 0.0
        covariance += spread * (np.diag(counts) - np.outer(counts, counts) / n)
    return u, covariance


def _statistic(u: np.ndarray, covariance: np.ndarray) -> tuple[float, float, int]:
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-10 * max(float(values.max()), 1e-300)
    if not kept.any():
        return math.nan, math.nan, 0
    if len(u) == 2:
        z = -float(u[1]) / math.sqrt(covariance[1, 1])
        return z, z * z, 1
    projected = vectors[:, kept].T @ u
    return math.nan, float((projected**2 / values[kept]).sum()), int(kept.sum())


class _Probability(NamedTuple):
    p_value: float
    error: float
    permutations: int | None


def _probability(
    score: np.ndarray, data: Comparison, statistic: tuple[float, float, float, int], way: str, alternative: str,
    draws: int, seed: int | None,
) -> _Probability:  # fmt: skip
    u, z, chi_square, df = statistic
    if not df:
        return _Probability(math.nan, math.nan, None)
    if way == "asymptotic":
        p = p_value_of(z, alternative) if z == z else chi_square_tail(chi_square, df)
        return _Probability(p, 0.0, None)
    slack = _TIE * max(1.0, abs(u))
    if way == "exact":
        below, above, outside, total = _enumerated(score, data, u, slack)
        chosen = {"two-sided": outside, "experimental-better": below, "control-better": above}[alternative]
        return _Probability(chosen / total, 0.0, total)
    drawn = _drawn(score, data, draws, seed)
    extreme = {
        "two-sided": np.abs(drawn) >= abs(u) - slack,
        "experimental-better": drawn <= u + slack,
        "control-better": drawn >= u - slack,
    }[alternative]
    p = (1 + int(extreme.sum())) / (draws + 1)
    return _Probability(p, math.sqrt(p * (1.0 - p) / draws), draws)


def _centered(score: np.ndarray, data: Comparison) -> np.ndarray:
    """Scores less their mean within the stratum, so that sums over a group are U."""
    codes = data.data.strata.codes
    mean = np.bincount(codes, weights=score, minlength=data.n_strata) / np.maximum(np.bincount(codes), 1)
    return score - mean[codes]


def _enumerated(score: np.ndarray, data: Comparison, u: float, slack: float) -> tuple[int, int, int, int]:
    own, codes = _centered(score, data), data.data.strata.codes
    parts = [(own[codes == s], int(data.code[codes == s].sum())) for s in range(data.n_strata)]
    try:
        above, below, outside, total = permutation_tails(parts, u, slack)
    except ValueError as error:
        raise ArgumentError(
            "argument-invalid",
            f"{len(score)} subjects are too many for p_value='exact': {error}",
            where="p_value",
            hint="p_value='monte-carlo' with a seed draws from the same distribution",
        ) from None
    return below, above, outside, total


def _drawn(score: np.ndarray, data: Comparison, draws: int, seed: int | None) -> np.ndarray:
    """U of the experimental group under drawn permutations of the labels within strata."""
    if seed is None:
        hint = "seed=1, say: the same seed gives the same draws"
        raise ArgumentError("argument-invalid", "labels are drawn, and no seed is given", where="seed", hint=hint)
    if not (isinstance(draws, int | np.integer) and 1 <= draws <= 1 << 32):
        raise ArgumentError("argument-invalid", f"draws is {draws!r}", where="draws", hint="a whole number above 0")
    urns = Urns(data.data.strata.codes, data.n_by[:, 1].astype(np.int64), data.n_by.sum(axis=1).astype(np.int64), None)
    own, stream = _centered(score, data), Stream(seed, "rerandomization")
    parts = []
    for low in range(0, int(draws), _CHUNK):
        words = stream.words(np.arange(low, min(low + _CHUNK, int(draws))), urns.words)
        parts.append(draw_urns(words, *urns) @ own)
    return np.concatenate(parts)
