"""Tests of association between group and outcome: in one table, and over strata (Cochran-Mantel-Haenszel)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.inputs import check_choice
from equipoise.analysis.rate_differences import ALTERNATIVES, tail_probability
from equipoise.analysis.two_by_two import GROUP_NAMES, TwoByTwo, tables_of
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain import binomial_conditional as conditional
from equipoise.kernels.plain.binomial_score import Tables
from equipoise.kernels.plain.special import chi_square_tail


@dataclass(frozen=True, repr=False)
class AssociationTest(RowResult):
    """A test that the event is as frequent in both groups.

    `z` is positive when the first group has more events than expected; `chi_square` = z², on one degree of freedom;
    both NaN for tests without a statistic. `observed`, `expected` are events of the first group, summed over strata;
    `correct` says whether the continuity correction was used; `message` says why there is no P, where there is none.
    """

    z: float
    chi_square: float
    p_value: float
    observed: float
    expected: float
    method: str
    correct: bool
    alternative: str
    message: str | None
    table: TwoByTwo

    @property
    def library(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.table.library

    def to_rows(self) -> list[ResultRow]:
        """Counts by group; observed, expected, z, chi_square, df and p_value of the contrast."""
        place: dict[str, Any] = {
            "parameter": self.table.contrast, "method": self.method, "warning": self.table.warning,
            "error": self.message,
        }  # fmt: skip
        rows = self.table.count_rows(self.method)
        rows.append(ResultRow(statistic="observed", format="int", value=self.observed, **place))
        rows.append(ResultRow(statistic="expected", value=self.expected, **place))
        if self.method not in ("fisher", "fisher-mid-p"):
            rows.append(ResultRow(statistic="z", **place, **number(self.z)))
            rows.append(ResultRow(statistic="chi_square", **place, **number(self.chi_square)))
            rows.append(ResultRow(statistic="df", format="int", value=1.0, **place))
        words = self.alternative + (", continuity correction" if self.correct else "")
        rows.append(ResultRow(statistic="p_value", format="p", label=words, **place, **number(self.p_value)))
        return rows


def cmh(
    x1: Any,
    n1: Any = None,
    x2: Any = None,
    n2: Any = None,
    *,
    strata: Sequence[Any] | None = None,
    levels: Sequence[str] = GROUP_NAMES,
    correct: bool = False,
    alternative: str = "two-sided",
    pool_below: int | None = None,
) -> AssociationTest:
    """The Cochran-Mantel-Haenszel test of two groups over strata.

    Arguments: `x1`, `n1`, `x2`, `n2`: whole numbers, or columns with one value per stratum, the experimental group
    first; or one `TwoByTwo` (see `two_by_two`). `correct`: Mantel and Haenszel's continuity correction of one half
    (R's `mantelhaen.test` has it by default, `PROC FREQ` has not). `alternative`: "two-sided", "greater" (more events
    in the first group) or "less". `strata`, `levels`, `pool_below`: as in `rate_difference`.

    Returns an `AssociationTest`. A stratum with one group only is dropped, and named in the rows; without any event, or
    any non-event, there is no statistic and the rows say so.

    Formula: (|sum(x1 - E)| - c)² / sum(n1 n2 m (N - m) / (N² (N - 1))) with m events among N, E = n1 m / N.
    Source: Mantel and Haenszel 1959, doi:10.1093/jnci/22.4.719.

    >>> round(cmh([8, 10, 6], [30, 35, 27], [12, 15, 9], [30, 35, 23]).chi_square, 4)
    4.3012
    """
    check_choice(alternative, ALTERNATIVES, "alternative")
    table = tables_of(x1, n1, x2, n2, strata, levels, pool_below)
    observed, expected, variance = _hypergeometric(table.counts)
    return _association(observed, expected, variance, "cmh", bool(correct), alternative, table)


def rate_test(
    x1: Any,
    n1: Any = None,
    x2: Any = None,
    n2: Any = None,
    *,
    method: str,
    levels: Sequence[str] = GROUP_NAMES,
    alternative: str = "two-sided",
) -> AssociationTest:
    """One of the usual tests that two rates are equal, in one table.

    Arguments: `x1` of `n1` and `x2` of `n2`, whole numbers, the experimental group first, or one `TwoByTwo` of one
    stratum. `method`, which has no default because the answers differ: "chi-square" (Pearson), "chi-square-continuity"
    (Yates), "chi-square-n-1" (Pearson times (N - 1)/N), "likelihood-ratio", "wald" (unpooled variance), "fisher"
    (two-sided by order of probability) or "fisher-mid-p". `levels`, `alternative`: as in `cmh`.
    See `exact_unconditional` for Barnard's and Boschloo's tests. Returns an `AssociationTest`.

    Source: Pearson 1900; Yates 1934, doi:10.2307/2983604; Campbell 2007, doi:10.1002/sim.2832; Fisher 1935;
    Lancaster 1961, doi:10.1080/01621459.1961.10482105.

    >>> [round(rate_test(57, 136, 17, 62, method=m).p_value, 3) for m in ("wald", "chi-square", "fisher")]
    [0.04, 0.051, 0.058]
    """
    check_choice(method, TESTS, "method")
    check_choice(alternative, ALTERNATIVES, "alternative")
    table = tables_of(x1, n1, x2, n2, None, levels, None)
    if len(table.strata) > 1:
        raise ArgumentError(
            "argument-invalid", f"there are {len(table.strata)} strata", where="x1",
            reason="these tests are of one table", hint="cmh is the test over strata",
        )  # fmt: skip
    return TESTS[method](table, method, alternative)


def _hypergeometric(counts: Tables) -> tuple[float, float, float]:
    """Observed and expected events of the first group, and the variance, summed over strata."""
    x1, n1, x2, n2 = counts
    total, events = n1 + n2, x1 + x2
    variance = n1 * n2 * events * (total - events) / (total**2 * np.maximum(total - 1.0, 1.0))
    return float(x1.sum()), float((n1 * events / total).sum()), float(variance.sum())


def _association(
    observed: float, expected: float, variance: float, method: str, correct: bool, alternative: str, table: TwoByTwo
) -> AssociationTest:
    if variance <= 0.0:
        nan, message = math.nan, "all subjects have the event, or none has: the rates cannot differ"
        return AssociationTest(nan, nan, nan, observed, expected, method, correct, alternative, message, table)
    distance = observed - expected
    shrunk = max(abs(distance) - (0.5 if correct else 0.0), 0.0)
    z = math.copysign(shrunk / math.sqrt(variance), distance)
    p_value = chi_square_tail(z * z, 1) if alternative == "two-sided" else tail_probability(z, alternative)
    return AssociationTest(z, z * z, p_value, observed, expected, method, correct, alternative, None, table)


def _pearson(table: TwoByTwo, method: str, alternative: str) -> AssociationTest:
    observed, expected, variance = _hypergeometric(table.counts)
    total = float((table.n1 + table.n2).sum())
    factor = 1.0 if method == "chi-square-n-1" else (total - 1.0) / total
    correct = method == "chi-square-continuity"
    return _association(observed, expected, variance * factor, method, correct, alternative, table)


def _wald(table: TwoByTwo, method: str, alternative: str) -> AssociationTest:
    observed, expected, _ = _hypergeometric(table.counts)
    (n1,), (n2,) = table.n1, table.n2
    p1, p2 = float(table.x1[0] / n1), float(table.x2[0] / n2)
    variance = p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2
    # observed - expected = (p1 - p2) n1 n2 / N, so that the variance takes the square of that factor.
    factor = float(n1 * n2 / (n1 + n2))
    return _association(observed, expected, float(variance) * factor**2, method, False, alternative, table)


def _likelihood_ratio(table: TwoByTwo, method: str, alternative: str) -> AssociationTest:
    observed, expected, variance = _hypergeometric(table.counts)
    plain = _association(observed, expected, variance, method, False, alternative, table)
    if plain.message:
        return plain
    x1, n1, x2, n2 = (float(column[0]) for column in table.counts)
    share = (x1 + x2) / (n1 + n2)
    cells = ((x1, n1 * share), (n1 - x1, n1 * (1 - share)), (x2, n2 * share), (n2 - x2, n2 * (1 - share)))
    g = max(2.0 * math.fsum(o * math.log(o / e) for o, e in cells if o > 0.0), 0.0)
    z = math.copysign(math.sqrt(g), observed - expected)
    p_value = chi_square_tail(g, 1) if alternative == "two-sided" else tail_probability(z, alternative)
    return AssociationTest(z, g, p_value, observed, expected, method, False, alternative, None, table)


def _fisher(table: TwoByTwo, method: str, alternative: str) -> AssociationTest:
    observed, expected, _ = _hypergeometric(table.counts)
    distribution = conditional.conditional_distribution(table.counts)
    mid = method == "fisher-mid-p"
    if alternative == "two-sided":
        p_value = conditional.two_sided(distribution, int(observed), 0.0)[int(mid)]
    else:
        below, above, own = conditional.tails(distribution, int(observed), 0.0)
        p_value = (above if alternative == "greater" else below) - (0.5 * own if mid else 0.0)
    nan = math.nan
    return AssociationTest(nan, nan, min(p_value, 1.0), observed, expected, method, False, alternative, None, table)


TESTS: dict[str, Callable[[TwoByTwo, str, str], AssociationTest]] = {
    "chi-square": _pearson,
    "chi-square-continuity": _pearson,
    "chi-square-n-1": _pearson,
    "likelihood-ratio": _likelihood_ratio,
    "wald": _wald,
    "fisher": _fisher,
    "fisher-mid-p": _fisher,
}
