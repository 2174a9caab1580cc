"""Confidence limits of a binomial probability."""

from __future__ import annotations

from equipoise.kernels.plain.special import beta_quantile


def clopper_pearson(x: int, n: int, conf_level: float) -> tuple[float, float]:
    """The exact limits of x events among n: p with P(X >= x; p) = alpha/2 below and P(X <= x; p) = alpha/2 above.

    low = Beta(alpha/2; x, n - x + 1), high = Beta(1 - alpha/2; x + 1, n - x); 0 at x = 0 and 1 at x = n.
    Source: Clopper CJ, Pearson ES. Biometrika 1934;26:404-413.
    """
    tail = (1.0 - conf_level) / 2.0
    low = 0.0 if x == 0 else beta_quantile(tail, x, n - x + 1)
    # By symmetry: the upper limit is one minus the lower limit of the complement, which keeps both equally accurate.
    high = 1.0 if x == n else 1.0 - beta_quantile(tail, n - x, x + 1)
    return low, high
