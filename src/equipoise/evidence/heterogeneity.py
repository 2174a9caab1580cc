"""Variance between trials: its estimators, its interval, and what share of the spread it is.

Effects y with variances v; w = 1 / (v + tau2). All estimators are 0 or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from equipoise.kernels.plain.roots import root_between
from equipoise.kernels.plain.special import chi_square_tail

Method = Literal["fixed", "dersimonian-laird", "reml", "paule-mandel"]
METHODS: tuple[Method, ...] = ("fixed", "dersimonian-laird", "reml", "paule-mandel")
_GRID = 60


@dataclass(frozen=True)
class Heterogeneity:
    """Cochran's Q with its degrees of freedom and P value; tau2; I2 (share, 0 to 1) and H2 = 1 / (1 - I2)."""

    q: float
    df: int
    p_value: float
    tau2: float
    i2: float
    h2: float


def weighted_mean(y: np.ndarray, v: np.ndarray, tau2: float = 0.0) -> float:
    """Mean weighted by 1 / (v + tau2)."""
    w = 1.0 / (v + tau2)
    return float(np.sum(w * y) / np.sum(w))


def generalized_q(y: np.ndarray, v: np.ndarray, tau2: float = 0.0) -> float:
    """Sum of w (y - mean)^2; Cochran's Q at tau2 = 0."""
    w = 1.0 / (v + tau2)
    return float(np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2))


def estimate_tau2(y: np.ndarray, v: np.ndarray, method: Method) -> float:
    """Variance between trials by one of `METHODS`; 0 for "fixed" and for a single trial.

    Sources: DerSimonian and Laird 1986; Paule and Mandel 1982; Viechtbauer 2005 (restricted maximum likelihood).
    """
    if method == "fixed" or y.size < 2:
        return 0.0
    if method == "dersimonian-laird":
        w = 1.0 / v
        slack = float(np.sum(w) - np.sum(w * w) / np.sum(w))
        return max(0.0, (generalized_q(y, v) - (y.size - 1)) / slack)
    if method == "paule-mandel":
        return _solve_q(y, v, float(y.size - 1))
    return _restricted_maximum(y, v)


def _solve_q(y: np.ndarray, v: np.ndarray, target: float) -> float:
    """The tau2 at which the generalized Q, which falls in tau2, equals `target`; 0 where it is less at 0."""
    if generalized_q(y, v) <= target:
        return 0.0
    high = float(np.var(y)) + float(np.max(v))
    while generalized_q(y, v, high) > target:
        high *= 4.0
    return root_between(lambda tau2: generalized_q(y, v, tau2) - target, 0.0, high)


def _restricted_maximum(y: np.ndarray, v: np.ndarray) -> float:
    """The highest maximum of the restricted likelihood: the best of a grid, then the root of the slope beside it."""
    top = 4.0 * (float(np.var(y)) * y.size + float(np.max(v)))
    grid = np.concatenate(([0.0], top * np.linspace(0.0, 1.0, _GRID + 1)[1:] ** 3))
    place = int(np.argmax([_restricted_likelihood(y, v, tau2) for tau2 in grid]))
    best = float(grid[place])
    rising = _restricted_slope(y, v, best) > 0.0
    if not rising and place == 0:
        return 0.0
    beside = float(grid[min(place + 1, _GRID)]) if rising else float(grid[place - 1])
    if (_restricted_slope(y, v, beside) > 0.0) == rising:
        return best  # a hill narrower than the grid; it is not between them
    return root_between(lambda tau2: _restricted_slope(y, v, tau2), min(best, beside), max(best, beside))


def _restricted_likelihood(y: np.ndarray, v: np.ndarray, tau2: float) -> float:
    w = 1.0 / (v + tau2)
    return float(0.5 * np.sum(np.log(w)) - 0.5 * math.log(np.sum(w)) - 0.5 * generalized_q(y, v, tau2))


def _restricted_slope(y: np.ndarray, v: np.ndarray, tau2: float) -> float:
    w = 1.0 / (v + tau2)
    total = float(np.sum(w))
    rest = y - np.sum(w * y) / total
    squares = float(np.sum(w * w))
    return 0.5 * (float(np.sum(w * w * rest * rest)) - total + squares / total)


def describe_heterogeneity(y: np.ndarray, v: np.ndarray, tau2: float, method: Method) -> Heterogeneity:
    """Q, and the share of the spread that lies between trials.

    With a random-effects method I2 = tau2 / (tau2 + s2), s2 = (k - 1) sum w / ((sum w)^2 - sum w^2) the typical
    variance within trials (Higgins and Thompson 2002); by DerSimonian and Laird, and for a fixed effect, that is
    (Q - df) / Q.
    """
    df = int(y.size - 1)
    q = generalized_q(y, v)
    if df == 0:
        return Heterogeneity(0.0, 0, math.nan, 0.0, math.nan, math.nan)
    if method == "fixed":
        i2 = max(0.0, (q - df) / q) if q > 0.0 else 0.0
        h2 = q / df
    else:
        w = 1.0 / v
        typical = df * float(np.sum(w)) / float(np.sum(w) ** 2 - np.sum(w * w))
        i2 = tau2 / (tau2 + typical)
        h2 = tau2 / typical + 1.0
    return Heterogeneity(q, df, chi_square_tail(q, df), tau2, i2, h2)


def tau2_limits(y: np.ndarray, v: np.ndarray, level: float) -> tuple[float, float]:
    """The interval of tau2 by the Q profile (Viechtbauer 2007): where the generalized Q meets chi-square quantiles."""
    from scipy.stats import chi2

    df = int(y.size - 1)
    if df < 1:
        return math.nan, math.nan
    tail = 0.5 * (1.0 - level)
    lower, upper = (float(chi2.ppf(share, df)) for share in (1.0 - tail, tail))
    return _solve_q(y, v, lower), _solve_q(y, v, upper)
