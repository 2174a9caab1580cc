"""Rates with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from equipoise.analysis.inputs import check_choice, check_level_of_confidence, conf_level_row
from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain import binomial

METHODS = {
    "clopper-pearson": binomial.clopper_pearson,
    "wilson": binomial.wilson,
    "wilson-continuity": binomial.wilson_continuity,
    "jeffreys": binomial.jeffreys,
    "agresti-coull": binomial.agresti_coull,
    "wald": binomial.wald,
}


@dataclass(frozen=True, repr=False)
class RateInterval(RowResult):
    """A rate x / n with its two-sided confidence interval; NaN without subjects."""

    x: int
    n: int
    estimate: float
    conf_low: float
    conf_high: float
    method: str
    conf_level: float
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """n_event (x), n, estimate, conf_low, conf_high."""
        counts = {"n_event": self.x, "n": self.n}
        rates = {"estimate": self.estimate, "conf_low": self.conf_low, "conf_high": self.conf_high}
        rows = [ResultRow(statistic=k, value=float(v), format="int", method=self.method) for k, v in counts.items()]
        rows += [ResultRow(statistic=k, format="percent", method=self.method, **number(v)) for k, v in rates.items()]
        return [*rows, conf_level_row(self.conf_level, {"method": self.method})]

    def to_dict(self) -> dict[str, Any]:
        """The rate and its interval, ready for JSON."""
        return {k: None if v != v else v for k, v in vars(self).items() if k != "library"}


def rate_interval(x: int, n: int, *, method: str = "clopper-pearson", conf_level: float = 0.95) -> RateInterval:
    """The rate of x among n with a two-sided confidence interval.

    Arguments: `x`, whole, from 0 to `n`; `n`, whole, zero or more; `method`: "clopper-pearson" (exact), "wilson"
    (score), "wilson-continuity" (score with the continuity correction), "jeffreys", "agresti-coull" or "wald";
    `conf_level`. Limits never leave 0 to 1.
    Returns a `RateInterval`. Raises ArgumentError `argument-invalid`.

    Formula: docs/methods/rates.md; by default Beta(alpha/2; x, n - x + 1) and Beta(1 - alpha/2; x + 1, n - x).
    Source: Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404; Wilson 1927, doi:10.1080/01621459.1927.10502953;
    Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286.

    >>> interval = rate_interval(57, 136)
    >>> round(100 * interval.conf_low, 1), round(100 * interval.conf_high, 1)
    (33.5, 50.7)
    """
    check_choice(method, METHODS, "method")
    level = check_level_of_confidence(conf_level)
    events, total = whole_number(x, "x"), whole_number(n, "n")
    if events > total:
        raise ArgumentError("argument-invalid", f"x is {events}, more than n, {total}", where="x")
    if total == 0:
        nan = float("nan")
        return RateInterval(0, 0, nan, nan, nan, method, level)
    low, high = METHODS[method](events, total, level)
    return RateInterval(events, total, events / total, low, high, method, level)


def whole_number(value: Any, name: str) -> int:
    """A count: whole, zero or more. Raises ArgumentError `argument-invalid`."""
    try:
        number_ = int(value)
    except (TypeError, ValueError):
        number_ = -1
    if number_ < 0 or number_ != value:
        raise ArgumentError("argument-invalid", f"{name} is {value!r}", where=name, hint="a whole number, zero or more")
    return number_
