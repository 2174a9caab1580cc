"""Odds ratios, in one table or common to strata."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.analysis.inputs import check_choice, check_level_of_confidence, conf_level_row
from equipoise.analysis.rate_differences import ALTERNATIVES, tail_probability
from equipoise.analysis.two_by_two import GROUP_NAMES, TwoByTwo, tables_of
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain import binomial_conditional as conditional
from equipoise.kernels.plain.binomial import two_sided_quantile
from equipoise.kernels.plain.binomial_score import Tables, falling_root

METHODS = ("mantel-haenszel", "conditional")
_WIDEST = 700.0


@dataclass(frozen=True, repr=False)
class OddsRatio(RowResult):
    """The odds of the event in the first group over those in the second, common to the strata.

    `estimate`, `conf_low`, `conf_high`; `std_error` of the log odds ratio (NaN where the method has none); `p_value` of
    an odds ratio of one in the direction of `alternative`; `message` where there is no estimate.
    """

    estimate: float
    conf_low: float
    conf_high: float
    std_error: float
    p_value: float
    method: str
    mid_p: bool
    alternative: str
    conf_level: float
    message: str | None
    table: TwoByTwo

    @property
    def library(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.table.library

    def to_rows(self) -> list[ResultRow]:
        """Counts by group; estimate, conf_low, conf_high, std_error (of the log) and p_value of the contrast."""
        place: dict[str, Any] = {
            "parameter": self.table.contrast, "method": self.method, "error": self.message,
            "warning": self.table.warning,
        }  # fmt: skip
        values = {"estimate": self.estimate, "conf_low": self.conf_low, "conf_high": self.conf_high}
        rows = self.table.count_rows(self.method)
        rows += [ResultRow(statistic=k, format="ratio", **place, **number(v)) for k, v in values.items()]
        rows.append(conf_level_row(self.conf_level, place))
        if self.method == "mantel-haenszel":
            rows.append(ResultRow(statistic="std_error", **place, **number(self.std_error)))
        words = self.alternative + (", mid-P" if self.mid_p else "")
        rows.append(ResultRow(statistic="p_value", format="p", label=words, **place, **number(self.p_value)))
        return rows


def odds_ratio(
    x1: Any,
    n1: Any = None,
    x2: Any = None,
    n2: Any = None,
    *,
    method: str = "mantel-haenszel",
    strata: Sequence[Any] | None = None,
    levels: Sequence[str] = GROUP_NAMES,
    alternative: str = "two-sided",
    mid_p: bool = False,
    conf_level: float = 0.95,
    pool_below: int | None = None,
) -> OddsRatio:
    """The odds ratio of two groups, common to strata, with its confidence interval and test.

    Arguments: `x1`, `n1`, `x2`, `n2`: whole numbers, or columns with one value per stratum, the experimental group
    first; or one `TwoByTwo` (see `two_by_two`). `method`: "mantel-haenszel" (with the variance of Robins, Breslow and
    Greenland) or "conditional" (maximum conditional likelihood, exact limits and exact P). `alternative`: "two-sided",
    "greater" (an odds ratio above one) or "less". `mid_p`: half the probability of the observed table is taken off in
    limits and P of "conditional". `strata`, `levels`, `conf_level`, `pool_below`: as in `rate_difference`.

    Returns an `OddsRatio`; limits are two-sided whatever the alternative. Raises ArgumentError and DataError for counts
    and options that cannot be used.

    Formula: docs/methods/odds-ratio.md. Source: Mantel and Haenszel 1959, doi:10.1093/jnci/22.4.719; Robins, Breslow
    and Greenland 1986, doi:10.2307/2531052; Mehta, Patel and Gray 1985, doi:10.1080/01621459.1985.10478212.

    >>> round(odds_ratio(3, 4, 1, 4, method="conditional").p_value, 6)
    0.485714
    """
    check_choice(method, METHODS, "method")
    check_choice(alternative, ALTERNATIVES, "alternative")
    level = check_level_of_confidence(conf_level)
    table = tables_of(x1, n1, x2, n2, strata, levels, pool_below)
    if method == "conditional":
        estimate, low, high, p_value = _conditional(table.counts, level, alternative, bool(mid_p))
        std_error = math.nan
    else:
        estimate, low, high, std_error, p_value = _mantel_haenszel(table.counts, level, alternative)
    message = "no table has both an event and a non-event" if math.isnan(estimate) else None
    if message is None and math.isnan(low):
        message = "empty cells leave no Mantel-Haenszel variance: method='conditional' has exact limits"
    return OddsRatio(estimate, low, high, std_error, p_value, method, bool(mid_p), alternative, level, message, table)


def _mantel_haenszel(counts: Tables, level: float, alternative: str) -> tuple[float, float, float, float, float]:
    """sum(a d / N) / sum(b c / N); limits and P from the log with the variance of Robins, Breslow and Greenland."""
    x1, n1, x2, n2 = counts
    total = n1 + n2
    r, s = x1 * (n2 - x2) / total, x2 * (n1 - x1) / total
    p, q = (x1 + n2 - x2) / total, (x2 + n1 - x1) / total
    up, down = float(r.sum()), float(s.sum())
    nan = math.nan
    if up == 0.0 or down == 0.0:
        return (nan if up == down else 0.0 if up == 0.0 else math.inf), nan, nan, nan, nan
    variance = (p @ r) / (2 * up**2) + (p @ s + q @ r) / (2 * up * down) + (q @ s) / (2 * down**2)
    log, std_error = math.log(up / down), math.sqrt(float(variance))
    half = two_sided_quantile(level) * std_error
    p_value = tail_probability(log / std_error, alternative)
    return up / down, math.exp(log - half), math.exp(log + half), std_error, p_value


def _conditional(counts: Tables, level: float, alternative: str, mid_p: bool) -> tuple[float, float, float, float]:
    distribution = conditional.conditional_distribution(counts)
    observed, tail = int(counts.x1.sum()), (1.0 - level) / 2.0
    first, last = int(distribution.support[0]), int(distribution.support[-1])
    if first == last:
        return math.nan, math.nan, math.nan, 1.0
    taken = 0.5 if mid_p else 0.0

    def lower_tail(log: float) -> float:
        below, _, own = conditional.tails(distribution, observed, log)
        return below - taken * own

    def upper_tail(log: float) -> float:
        _, above, own = conditional.tails(distribution, observed, log)
        return above - taken * own

    low = 0.0 if observed == first else math.exp(_root(lambda log: tail - upper_tail(log)))
    high = math.inf if observed == last else math.exp(_root(lambda log: lower_tail(log) - tail))
    if observed in (first, last):
        estimate = 0.0 if observed == first else math.inf
    else:
        estimate = math.exp(_root(lambda log: observed - conditional.mean(distribution, log)))
    if alternative == "two-sided":
        p_value = conditional.two_sided(distribution, observed, 0.0)[int(mid_p)]
    else:
        p_value = upper_tail(0.0) if alternative == "greater" else lower_tail(0.0)
    return estimate, low, high, min(p_value, 1.0)


def _root(falling: Any) -> float:
    """The log odds ratio at which a falling function is zero, from a bracket that is widened until it holds it."""
    edge = 4.0
    while edge < _WIDEST and not (falling(-edge) > 0.0 > falling(edge)):
        edge *= 2.0
    return falling_root(falling, -edge, edge)
