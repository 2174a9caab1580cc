"""Normal, chi-square and beta probabilities, without waiting for scipy to load."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_SMALLEST = 1e-300
_MAX_TERMS = 100_000


def normal_quantile(p: float) -> float:
    """z with Phi(z) = p (Wichura, algorithm AS 241, Appl Stat 1988;37:477-484)."""
    return _NORMAL.inv_cdf(p)


def normal_tail(z: float) -> float:
    """P(Z > z) for a standard normal Z, accurate in the far tail."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def chi_square_tail(x: float, df: int) -> float:
    """P(X > x) for a chi-square variable with a whole number of degrees of freedom.

    Q(x; df) = Q(x; df - 2) + (x/2)^(df/2 - 1) exp(-x/2) / Gamma(df/2), started from erfc(sqrt(x/2)) at df 1 and
    exp(-x/2) at df 2 (Abramowitz M, Stegun IA. 1964, 26.4.4-26.4.5).
    """
    if math.isnan(x):
        return math.nan
    if x <= 0.0:
        return 1.0
    half = x / 2.0
    tail = math.erfc(math.sqrt(half)) if df % 2 else math.exp(-half)
    for k in range(3 if df % 2 else 4, df + 1, 2):
        tail += math.exp((k / 2.0 - 1.0) * math.log(half) - half - math.lgamma(k / 2.0))
    return min(tail, 1.0)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b), a and b positive, by its continued fraction.

    Evaluated by the modified Lentz method on the side where it converges fast, x < (a + 1) / (a + b + 2).
    Source: DLMF 8.17.22; Lentz WJ. Appl Opt 1976;15:668-671.
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(x, a, b) / a
    return 1.0 - front * _beta_fraction(1.0 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    value, c, d = 1.0, 1.0, 0.0
    for j in range(_MAX_TERMS):
        m = j // 2
        if j == 0:
            term = 1.0
        elif j % 2 == 0:
            term = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / ((1.0 + term * d) or _SMALLEST)
        c = (1.0 + term / c) or _SMALLEST
        value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value - 1.0


def beta_quantile(p: float, a: float, b: float) -> float:
    """x with I_x(a, b) = p, by Newton steps kept inside a shrinking bracket."""
    low, high = 0.0, 1.0
    x = a / (a + b)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for _ in range(200):
        miss = beta_cdf(x, a, b) - p
        low, high = (low, x) if miss > 0 else (x, high)
        density = math.exp(scale + (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x))
        step = miss / density if density > 0.0 else math.inf
        proposed = x - step if low < x - step < high else (low + high) / 2.0
        if abs(proposed - x) <= 4e-16 * x or high - low <= 4e-16 * high:
            return proposed
        x = proposed
    return x
