"""The score statistic of a difference between two binomial probabilities, by stratum and summed over strata."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

_ITERATIONS = 200


class Tables(NamedTuple):
    """Events and subjects of two groups in K strata: `x1`, `n1`, `x2`, `n2`, each of shape (K,), floats."""

    x1: np.ndarray
    n1: np.ndarray
    x2: np.ndarray
    n2: np.ndarray


Weighting = Callable[[Tables, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def restricted_rates(tables: Tables, difference: float) -> tuple[np.ndarray, np.ndarray]:
    """The most likely (p1, p2) of each stratum given p1 - p2 = `difference`.

    The log-likelihood is concave in p2 on (max(0, -d), min(1, 1 - d)), so its derivative has at most one root there;
    Newton steps kept inside a shrinking bracket find it to rounding. Without a root the maximum is at an end.
    Source: Miettinen O, Nurminen M. Stat Med 1985;4:213-226, appendix I.
    """
    low = np.full(len(tables.n1), max(0.0, -difference))
    high = np.full(len(tables.n1), min(1.0, 1.0 - difference))
    p = (low + high) / 2.0
    for _ in range(_ITERATIONS):
        slope, bend = _derivatives(tables, p + difference, p)
        low, high = np.where(slope > 0.0, p, low), np.where(slope > 0.0, high, p)
        with np.errstate(divide="ignore", invalid="ignore"):
            proposed = p - slope / bend
        inside = (proposed > low) & (proposed < high)
        proposed = np.where(inside, proposed, (low + high) / 2.0)
        done = np.abs(proposed - p) <= 1e-16 + 4e-16 * p
        p = proposed
        if done.all():
            break
    p1 = np.clip(p + difference, 0.0, 1.0)
    return p1, p


def _derivatives(tables: Tables, p1: np.ndarray, p2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative of the log-likelihood in p2 with p1 - p2 fixed."""
    counts = (tables.x1, tables.x2, tables.n1 - tables.x1, tables.n2 - tables.x2)
    slope, bend = np.zeros_like(p2), np.zeros_like(p2)
    for count, rate, sign in zip(counts, (p1, p2, 1.0 - p1, 1.0 - p2), (1.0, 1.0, -1.0, -1.0), strict=True):
        rate = np.maximum(rate, 1e-100)
        slope += sign * np.where(count > 0.0, count / rate, 0.0)
        bend -= np.where(count > 0.0, count / rate / rate, 0.0)
    return slope, bend


def score_variance(tables: Tables, difference: float, factor: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variance of x1/n1 - x2/n2 at the restricted rates, times N/(N - 1) with `factor`; and those rates."""
    p1, p2 = restricted_rates(tables, difference)
    variance = p1 * (1.0 - p1) / tables.n1 + p2 * (1.0 - p2) / tables.n2
    total = tables.n1 + tables.n2
    return (variance * total / (total - 1.0) if factor else variance), p1, p2


def score_statistic(tables: Tables, difference: float, weighting: Weighting, factor: bool = True) -> float:
    """z = sum w (p1 - p2 - d) / sqrt(sum w^2 V), the weights summing to one; 0/0 is 0."""
    variance, p1, p2 = score_variance(tables, difference, factor)
    weights = weighting(tables, variance, p1, p2)
    distance = float(weights @ (tables.x1 / tables.n1 - tables.x2 / tables.n2)) - difference
    spread = float(np.sqrt(weights**2 @ variance))
    if spread == 0.0:
        return 0.0 if abs(distance) < 1e-12 else float(np.copysign(np.inf, distance))
    return distance / spread


def falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero between `low` and `high`; an end where it does not.

    Bisection with secant proposals (the Illinois rule), so that infinite values at the ends do no harm.
    """
    at_low, at_high = function(low), function(high)
    if at_low <= 0.0 or at_high >= 0.0:
        return low if at_low <= 0.0 else high
    side = 0
    for k in range(_ITERATIONS):
        usable = np.isfinite(at_low) and np.isfinite(at_high) and k % 4 != 3
        middle = low + (high - low) * at_low / (at_low - at_high) if usable else (low + high) / 2.0
        if not low < middle < high:
            middle = (low + high) / 2.0
        value = function(middle)
        if abs(value) < 1e-13 or high - low <= 4e-16:
            return middle
        if value > 0.0:
            at_high = at_high / 2.0 if side > 0 else at_high
            low, at_low, side = middle, value, 1
        else:
            at_low = at_low / 2.0 if side < 0 else at_low
            high, at_high, side = middle, value, -1
    return (low + high) / 2.0
