"""Turnbull's estimate of survival from interval-censored times, by group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equipoise.analysis.group_curves import GroupCurves
from equipoise.analysis.inputs import survival_data
from equipoise.errors import DataError
from equipoise.frames.columns import check_lengths, library_of, name_of, to_numbers, to_times
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number
from equipoise.kernels.plain.turnbull import KKT_TOLERANCE, innermost_intervals, interval_estimate


@dataclass(frozen=True)
class IntervalReading:
    """Survival at a time: one number, or the two it lies between where the time is inside an interval with mass."""

    level: str
    stratum: str
    at: float
    survival_low: float
    survival_high: float


@dataclass(frozen=True, eq=False)
class TurnbullCurve:
    """One group's estimate: `mass[j]` lies somewhere in (`low[j]`, `high[j]`], or at the point where they are equal.

    Only intervals with mass are kept; `survival[j]` holds from `high[j]` to `low[j + 1]`. `excess` is by how much the
    optimality condition is missed, as a share of n (0 at the maximum).
    """

    level: str
    stratum: str
    low: np.ndarray
    high: np.ndarray
    mass: np.ndarray
    loglik: float
    excess: float
    iterations: int
    total: float
    warning: str | None = None

    @property
    def survival(self) -> np.ndarray:
        """Survival after each interval."""
        return np.maximum(1.0 - np.cumsum(self.mass), 0.0)

    def at(self, times: Iterable[float] | float) -> list[IntervalReading]:
        """Survival at each of `times`, between its least and largest value there."""
        wanted = to_times(np.atleast_1d(np.asarray(times, dtype=float)), "times")
        return [self._read(float(t)) for t in wanted]

    def median(self) -> tuple[float, float]:
        """The interval in which survival passes one half; NaN when it does not or passes after the last visit."""
        passed = np.flatnonzero(self.survival < 0.5 - 1e-9)
        if not len(passed):
            return float("nan"), float("nan")
        low, high = float(self.low[passed[0]]), float(self.high[passed[0]])
        return low, high if np.isfinite(high) else float("nan")

    def _read(self, t: float) -> IntervalReading:
        surely, perhaps = self.high <= t, (self.low < t) | (self.high <= t)
        high, low = 1.0 - self.mass[surely].sum(), 1.0 - self.mass[perhaps].sum()
        return IntervalReading(self.level, self.stratum, t, max(float(low), 0.0), max(float(high), 0.0))


@dataclass(frozen=True, eq=False, repr=False)
class Turnbull(GroupCurves[TurnbullCurve]):
    """Estimates by group (and stratum); `result["Placebo"]` takes the curve of a group.

    The rows of its frame are the intervals with mass.
    """

    def to_rows(self) -> list[ResultRow]:
        """Per curve n, loglik and the interval of the median ("summary"); mass and survival of each interval."""
        rows: list[ResultRow] = []
        for curve in self.curves:
            groups = self._groups(curve)
            base = ResultRow(parameter="summary", statistic="", method="turnbull", warning=curve.warning, **groups)
            rows.append(replace(base, statistic="n", value=curve.total, format="int"))
            rows.append(replace(base, statistic="loglik", value=curve.loglik))
            for name, value in zip(("median_low", "median_high"), curve.median(), strict=True):
                rows.append(replace(base, statistic=name, format="time", **number(value, "not reached")))
            base = replace(base, parameter="interval", format="percent", at_unit=self.time_unit)
            for j in range(len(curve.mass)):
                end = float(curve.high[j])
                place = {"at": end} if np.isfinite(end) else {"at": None, "label": "after the last visit"}
                shown = replace(base, **place)
                rows.append(replace(shown, statistic="interval_low", format="time", value=float(curve.low[j])))
                rows.append(replace(shown, statistic="mass", value=float(curve.mass[j])))
                rows.append(replace(shown, statistic="survival", value=float(curve.survival[j])))
        return rows

    def _frame_columns(self) -> tuple[str, ...]:
        return "low", "high", "mass", "survival"


def turnbull(
    left: Any,
    right: Any,
    *,
    group: Any = None,
    strata: Any = None,
    weights: Any = None,
    time_unit: str | None = None,
) -> Turnbull:
    """The nonparametric maximum-likelihood estimate of survival from interval-censored times, by group.

    Arguments, each a column of n rows: the event lies in (`left`, `right`]: `left`, the last time without it, zero or
    more (missing: 0); `right`, the first time with it; missing or infinite: not seen (right-censored); equal to `left`:
    seen exactly then. `group`, `strata`: a curve for each; `weights`, zero or more, used as counts of identical rows.
    Times are compared exactly.

    Returns a `Turnbull`. The estimate says how much mass lies in an interval and not where within it. There are no
    limits: the usual ones do not hold for it. Raises DataError for columns that cannot be used.

    Formula: maximize sum of w_i log(sum over innermost intervals j within (left_i, right_i] of p_j).
    Source: Turnbull 1976, doi:10.1111/j.2517-6161.1976.tb01597.x; Gentleman and Geyer 1994,
    doi:10.1093/biomet/81.3.618.

    >>> found = turnbull([0, 1, 2], [1, 3, float("inf")]).curves[0]
    >>> [(float(a), float(b)) for a, b in zip(found.low, found.high)], found.mass.round(6).tolist()
    ([(0.0, 1.0), (2.0, 3.0)], [0.333333, 0.666667])
    """
    lower, upper = interval_ends(left, right)
    data = survival_data(lower, np.isfinite(upper), group=group, strata=strata, weights=weights)
    curves = []
    for s, stratum in enumerate(data.strata.labels):
        for g, level in enumerate(data.group.labels):
            rows = (data.group.codes == g) & (data.strata.codes == s)
            weight = np.ones(int(rows.sum())) if data.weight is None else data.weight[rows]
            if weight.sum() > 0.0:
                curves.append(_curve((level, stratum), lower[rows], upper[rows], weight))
    if not curves:
        raise DataError("value-invalid", "every weight is zero", where="weights", hint="check the column of weights")
    names = data.group_name, name_of(strata, "strata")
    return Turnbull(tuple(curves), *names, time_unit=time_unit, library=library_of(left))


def _curve(names: tuple[str, str], left: np.ndarray, right: np.ndarray, weight: np.ndarray) -> TurnbullCurve:
    kept = weight > 0.0
    inner = innermost_intervals(left[kept], right[kept])
    found = interval_estimate(inner.holds, weight[kept])
    has = found.mass > 0.0
    warning = None
    if found.excess > KKT_TOLERANCE:
        warning = f"the maximum was not reached: optimality is missed by {found.excess:.1g}"
    return TurnbullCurve(
        *names, inner.low[has], inner.high[has], found.mass[has], found.loglik, found.excess, found.iterations,
        float(weight.sum()), warning,
    )  # fmt: skip


def interval_ends(left: Any, right: Any) -> tuple[np.ndarray, np.ndarray]:
    """Checked ends: a missing `left` is 0, a missing `right` infinity. Raises DataError where they enclose no time."""
    low_name, high_name = name_of(left, "left"), name_of(right, "right")
    lower, upper = to_numbers(left, low_name), to_numbers(right, high_name)
    check_lengths({low_name: len(lower), high_name: len(upper)})
    lower = np.where(np.isnan(lower), 0.0, lower)
    upper = np.where(np.isnan(upper), np.inf, upper)
    wrong = ~np.isfinite(lower) | (lower < 0.0) | (upper < lower)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            "value-invalid",
            f"{low_name} and {high_name} do not enclose a time in {int(wrong.sum()):,} "
            f"row{'s' if wrong.sum() > 1 else ''}: {lower[row]:g} and {upper[row]:g}",
            where=f"{low_name}, row {row + 1}",
            reason="the event lies after left and by right, and times are zero or more",
            hint="leave right empty where the event was not seen",
            rows=[{"row": row + 1, low_name: float(lower[row]), high_name: float(upper[row])}],
        )
    return lower, upper
