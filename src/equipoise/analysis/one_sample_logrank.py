"""The one-sample log-rank test: observed events against those a known survival curve would give."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.comparison import ALTERNATIVES, p_value_of
from equipoise.analysis.inputs import check_choice, check_level_of_confidence, survival_data
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import check_lengths, library_of, to_numbers
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
from equipoise.kernels.plain.special import chi_square_tail

VARIANCES = ("expected", "average")
Curve = Callable[[np.ndarray], Any]


@dataclass(frozen=True, eq=False, repr=False)
class OneSampleLogrank(RowResult):
    """Observed against expected events of one group.

    `z` = (expected - observed) / sqrt(variance): positive where the group does better than the reference. `ratio` is
    observed / expected (the standardized mortality ratio) with its exact Poisson limits; `exact_p_value` the P value by
    the Poisson distribution of the observed number.
    """

    n: int
    observed: int
    expected: float
    variance: float
    z: float
    p_value: float
    exact_p_value: float
    ratio: float
    conf_low: float
    conf_high: float
    conf_level: float
    alternative: str
    variance_kind: str
    message: str | None = None
    library: str | None = None

    @property
    def chi_square(self) -> float:
        return self.z * self.z

    def to_rows(self) -> list[ResultRow]:
        """n, observed, expected, the ratio with its limits, z, chi_square and both P values."""
        shared: dict[str, Any] = {"method": "one-sample-logrank", "parameter": "versus the reference curve"}
        rows = [ResultRow(statistic="n", format="int", value=float(self.n), **shared)]
        rows.append(ResultRow(statistic="observed", format="int", value=float(self.observed), **shared))
        rows.append(ResultRow(statistic="expected", value=self.expected, **shared))
        shared["error"] = self.message
        ratios = {"ratio": self.ratio, "conf_low": self.conf_low, "conf_high": self.conf_high}
        rows += [ResultRow(statistic=s, format="ratio", **shared, **number(value)) for s, value in ratios.items()]
        rows.append(ResultRow(statistic="conf_level", format="percent", value=self.conf_level, **shared))
        rows.append(ResultRow(statistic="z", label=f"variance: {self.variance_kind}", **shared, **number(self.z)))
        rows.append(ResultRow(statistic="chi_square", **shared, **number(self.chi_square)))
        rows.append(
            ResultRow(statistic="p_value", format="p", label=self.alternative, **shared, **number(self.p_value))
        )
        words = f"{self.alternative}, exact Poisson"
        rows.append(
            ResultRow(statistic="exact_p_value", format="p", label=words, **shared, **number(self.exact_p_value))
        )
        return rows


def one_sample_logrank(
    time: Any,
    event: Any,
    *,
    cumulative_hazard: Curve | None = None,
    survival: Curve | None = None,
    hazards: Mapping[str, Any] | None = None,
    expected: Any = None,
    entry: Any = None,
    variance: str = "expected",
    alternative: str = "two-sided",
    conf_level: float = 0.95,
) -> OneSampleLogrank:
    """The one-sample log-rank test of a group against a reference that is known without error.

    Arguments: `time`, `event` and `entry` as of `logrank`. The reference is one of: `cumulative_hazard` or `survival`,
    a function of an array of times that gives the cumulative hazard or the survival at each; `hazards`, piecewise
    constant, {"breaks": [...], "rates": [...]} with one rate more than breaks, the first from time 0; or `expected`,
    one cumulative hazard per subject over its time at risk, for example from a rate table by age, sex and year.
    `variance`: "expected" (Breslow) or "average" of expected and observed (Wu; nearer its size in small samples).
    `alternative`: "experimental-better" is that the group has fewer events than the reference gives.

    Returns a `OneSampleLogrank`. Raises DataError and ArgumentError for input that cannot be used.

    Formula: E = sum (H(time) - H(entry)); z = (E - O) / sqrt(E).
    Source: Breslow NE. Int Stat Rev 1975;43:45-58; Finkelstein DM, Muzikansky A, Schoenfeld DA. J Natl Cancer Inst
    2003;95:1434-1439; Wu J. Pharm Stat 2014;13:26-33.

    >>> test = one_sample_logrank([1, 2, 3], [1, 0, 1], survival=lambda t: 0.5**t)
    >>> round(test.expected, 4)
    4.1589
    """
    check_choice(variance, VARIANCES, "variance")
    check_choice(alternative, ALTERNATIVES, "alternative")
    level = check_level_of_confidence(conf_level)
    data = survival_data(time, event, entry=entry)
    each = _expected(data.time, data.entry, cumulative_hazard, survival, hazards, expected)
    o, e = int(data.event.sum()), float(each.sum())
    spread = e if variance == "expected" else (e + o) / 2.0
    known = e > 0.0
    z = (e - o) / math.sqrt(spread) if known else math.nan
    low, high = _poisson_limits(o, level)
    return OneSampleLogrank(
        n=data.n, observed=o, expected=e, variance=spread, z=z, p_value=p_value_of(z, alternative),
        exact_p_value=_poisson_p(o, e, alternative) if known else math.nan,
        ratio=o / e if known else math.nan, conf_low=low / e if known else math.nan,
        conf_high=high / e if known else math.nan, conf_level=level, alternative=alternative, variance_kind=variance,
        message=None if known else "the reference gives no expected events: there is nothing to compare",
        library=library_of(time),
    )  # fmt: skip


def _expected(
    time: np.ndarray, entry: np.ndarray | None, cumulative: Any, survival: Any, hazards: Any, expected: Any
) -> np.ndarray:
    given = {"cumulative_hazard": cumulative, "survival": survival, "hazards": hazards, "expected": expected}
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        message = f"the reference is given {len(names)} times" if names else "no reference is given"
        raise ArgumentError("argument-invalid", message, hint=f"give one of {', '.join(given)}")
    if expected is not None:
        numbers = to_numbers(expected, "expected")
        check_lengths({"time": len(time), "expected": len(numbers)})
        return _checked(numbers, names[0])
    curve = _cumulative(cumulative, survival, hazards)
    total = _checked(curve(time), names[0])
    return total if entry is None else _checked(total - _checked(curve(entry), names[0]), names[0])


def _cumulative(cumulative: Any, survival: Any, hazards: Any) -> Curve:
    if hazards is not None:
        return _piecewise(hazards)
    if survival is not None:

        def minus_log(t: np.ndarray) -> np.ndarray:
            with np.errstate(divide="ignore", invalid="ignore"):
                return -np.log(np.asarray(survival(t), dtype=float))

        return minus_log
    return lambda t: np.asarray(cumulative(t), dtype=float)


def _piecewise(hazards: Any) -> Curve:
    known = isinstance(hazards, Mapping) and set(hazards) == {"breaks", "rates"}
    breaks = to_numbers(hazards["breaks"], "breaks") if known else np.zeros(0)
    rates = to_numbers(hazards["rates"], "rates") if known else np.zeros(0)
    rising = bool((np.diff(np.concatenate(([0.0], breaks))) > 0.0).all())
    if not known or len(rates) != len(breaks) + 1 or not rising or not (np.isfinite(rates) & (rates >= 0.0)).all():
        raise ArgumentError(
            "argument-invalid",
            f"hazards is {hazards!r}",
            where="hazards",
            hint='{"breaks": [12.0], "rates": [0.05, 0.02]}: rising breaks above 0, and one rate more, zero or above',
        )
    starts = np.concatenate(([0.0], breaks))
    reached = np.concatenate(([0.0], np.cumsum(rates[:-1] * np.diff(starts))))

    def cumulative(t: np.ndarray) -> np.ndarray:
        piece = np.searchsorted(starts, t, side="right") - 1
        return reached[piece] + rates[piece] * (t - starts[piece])

    return cumulative


def _checked(values: Any, name: str) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    wrong = ~(np.isfinite(array) & (array >= 0.0))
    if wrong.any():
        row = int(np.flatnonzero(np.atleast_1d(wrong))[0])
        raise DataError(
            "value-invalid",
            f"{name} gives a cumulative hazard of {np.atleast_1d(array)[row]:g}",
            where=f"{name}, row {row + 1}",
            reason="a cumulative hazard is finite, zero or more, and does not fall",
            hint="a survival curve stays above zero and at or below one over the times of the data",
        )
    return array


def _poisson_p(o: int, e: float, alternative: str) -> float:
    """P of so few or so many events, Poisson with mean e; two-sided: twice the smaller, at most 1."""
    few = chi_square_tail(2.0 * e, 2 * o + 2)
    many = 1.0 - chi_square_tail(2.0 * e, 2 * o) if o else 1.0
    if alternative == "two-sided":
        return min(2.0 * min(few, many), 1.0)
    return few if alternative == "experimental-better" else many


def _poisson_limits(o: int, level: float) -> tuple[float, float]:
    """Exact limits of a Poisson mean: quantiles of chi-square over two (Garwood 1936)."""
    tail = (1.0 - level) / 2.0
    low = 0.0 if o == 0 else _chi_square_quantile(1.0 - tail, 2 * o) / 2.0
    return low, _chi_square_quantile(tail, 2 * o + 2) / 2.0


def _chi_square_quantile(upper: float, df: int) -> float:
    """x with P(X > x) = upper, by bisection to the last bit."""
    low, high = 0.0, float(df) + 10.0
    while chi_square_tail(high, df) > upper:
        high *= 2.0
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        low, high = (middle, high) if chi_square_tail(middle, df) > upper else (low, middle)
    return (low + high) / 2.0
