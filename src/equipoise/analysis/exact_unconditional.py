"""Exact unconditional tests of two rates, each naming its statistic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.analysis.inputs import check_choice
from equipoise.analysis.rate_differences import ALTERNATIVES
from equipoise.analysis.two_by_two import GROUP_NAMES, TwoByTwo, tables_of
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain import binomial_unconditional as unconditional
from equipoise.kernels.plain.binomial import clopper_pearson

METHODS = {
    "barnard": "score (pooled variance)",
    "suissa-shuster": "Wald (unpooled variance)",
    "boschloo": "Fisher P",
}
_MOST_OUTCOMES = 4_000_000


@dataclass(frozen=True, repr=False)
class ExactUnconditionalTest(RowResult):
    """P of the hypothesis that both rates are equal, the largest over their common value.

    `statistic` is the observed value of what orders the outcomes (see `ordering`), `nuisance` the common rate at which
    the P is reached, searched within `searched`; `gamma` was added for a search narrower than 0 to 1.
    """

    p_value: float
    statistic: float
    nuisance: float
    method: str
    alternative: str
    gamma: float
    searched: tuple[float, float]
    table: TwoByTwo

    @property
    def ordering(self) -> str:
        """The statistic that orders the outcomes, in words."""
        return METHODS[self.method]

    @property
    def library(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.table.library

    def to_rows(self) -> list[ResultRow]:
        """Counts by group; statistic, nuisance and p_value of the contrast."""
        place: dict[str, Any] = {"parameter": self.table.contrast, "method": self.method}
        words = f"{self.alternative}, ordered by {self.ordering}"
        return [
            *self.table.count_rows(self.method),
            ResultRow(statistic="statistic", label=self.ordering, **place, **number(self.statistic)),
            ResultRow(statistic="nuisance", format="percent", value=self.nuisance, **place),
            ResultRow(statistic="p_value", format="p", label=words, value=self.p_value, **place),
        ]


def exact_unconditional(
    x1: Any,
    n1: Any = None,
    x2: Any = None,
    n2: Any = None,
    *,
    statistic: str = "boschloo",
    levels: Sequence[str] = GROUP_NAMES,
    alternative: str = "two-sided",
    gamma: float = 0.0,
) -> ExactUnconditionalTest:
    """The exact unconditional test that two rates are equal.

    Arguments: `x1` of `n1` and `x2` of `n2`, whole numbers, the experimental group first, or one `TwoByTwo` of one
    stratum. `statistic`, what orders the outcomes: "boschloo" (Fisher's exact P), "barnard" (the score z with pooled
    variance) or "suissa-shuster" (Wald's z with unpooled variance). `levels`: names of the groups. `alternative`:
    "two-sided" (by |z|, or by Fisher's two-sided P), "greater" (more events in the first group) or "less". `gamma`:
    Berger and Boos's share of error; above 0 the common rate is searched in its Clopper-Pearson interval of level
    1 - gamma only, and gamma is added to the P.

    Returns an `ExactUnconditionalTest`. Raises ArgumentError for several strata and for tables with more than four
    million outcomes, where an approximate test serves.

    Formula: P = sup over p of the sum over outcomes at least as extreme of b(i; n1, p) b(j; n2, p), plus gamma.
    Source: Barnard 1947, doi:10.1093/biomet/34.1-2.123; Boschloo 1970, doi:10.1111/j.1467-9574.1970.tb00104.x;
    Suissa and Shuster 1985, doi:10.2307/2981892; Berger and Boos 1994, doi:10.1080/01621459.1994.10476836.

    >>> round(exact_unconditional(7, 15, 12, 15, statistic="barnard", alternative="less").p_value, 4)
    0.0341
    """
    check_choice(statistic, METHODS, "statistic")
    check_choice(alternative, ALTERNATIVES, "alternative")
    if not (isinstance(gamma, int | float) and 0.0 <= gamma < 0.1):
        raise ArgumentError("argument-invalid", f"gamma is {gamma!r}", where="gamma", hint="0, or a little, as 0.0001")
    table = tables_of(x1, n1, x2, n2, None, levels, None)
    if len(table.strata) > 1:
        raise ArgumentError(
            "argument-invalid", f"there are {len(table.strata)} strata", where="x1",
            reason="the exact unconditional test is of one table", hint="cmh, or odds_ratio(method='conditional')",
        )  # fmt: skip
    i, m, j, n = (int(column[0]) for column in table.counts)
    if (m + 1) * (n + 1) > _MOST_OUTCOMES:
        raise ArgumentError(
            "argument-invalid", f"{m} and {n} subjects have {(m + 1) * (n + 1):,} outcomes", where="n1",
            hint="at this size rate_difference(method='miettinen-nurminen') is accurate",
        )  # fmt: skip
    observed, region = _region(i, m, j, n, statistic, alternative)
    searched = clopper_pearson(i + j, m + n, 1.0 - gamma) if gamma > 0.0 else (0.0, 1.0)
    found = unconditional.supremum(region, *searched)
    p_value = min(found.p_value + gamma, 1.0)
    return ExactUnconditionalTest(
        p_value, observed, found.nuisance, statistic, alternative, float(gamma), searched, table
    )


def _region(i: int, m: int, j: int, n: int, statistic: str, alternative: str) -> tuple[float, Any]:
    if statistic == "boschloo":
        ordering = unconditional.fisher_matrix(m, n, alternative)
        return float(ordering[i, j]), ordering <= ordering[i, j] * (1.0 + 1e-9)
    z = unconditional.score_matrix(m, n, pooled=statistic == "barnard")
    extremity = {"two-sided": abs(z), "greater": z, "less": -z}[alternative]
    return float(z[i, j]), unconditional.as_extreme(extremity, i, j)
