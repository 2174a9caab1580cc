"""Confidence limits of a binomial probability, each by its own inversion."""

from __future__ import annotations

import math

from equipoise.kernels.plain.special import beta_quantile, normal_quantile

Limits = tuple[float, float]


def clopper_pearson(x: int, n: int, conf_level: float) -> Limits:
    """The exact limits of x events among n: p with P(X >= x; p) = alpha/2 below and P(X <= x; p) = alpha/2 above.

    low = Beta(alpha/2; x, n - x + 1), high = Beta(1 - alpha/2; x + 1, n - x); 0 at x = 0 and 1 at x = n.
    Source: Clopper CJ, Pearson ES. Biometrika 1934;26:404-413.
    """
    tail = (1.0 - conf_level) / 2.0
    low = 0.0 if x == 0 else beta_quantile(tail, x, n - x + 1)
    # By symmetry: the upper limit is one minus the lower limit of the complement, which keeps both equally accurate.
    high = 1.0 if x == n else 1.0 - beta_quantile(tail, n - x, x + 1)
    return low, high


def wilson(x: float, n: float, conf_level: float) -> Limits:
    """The score limits: p with (x/n - p)^2 = z^2 p (1 - p) / n.

    Source: Wilson EB. J Am Stat Assoc 1927;22:209-212.
    """
    return wilson_at(x, n, two_sided_quantile(conf_level))


def wilson_continuity(x: float, n: float, conf_level: float) -> Limits:
    """The score limits with the continuity correction: (|x/n - p| - 1/(2n))^2 = z^2 p (1 - p) / n.

    Source: Newcombe RG. Stat Med 1998;17:857-872, method 4.
    """
    return wilson_at(x, n, two_sided_quantile(conf_level), correction=0.5)


def wilson_at(x: float, n: float, z: float, correction: float = 0.0) -> Limits:
    """Wilson's limits at a given normal quantile, the observed count moved outwards by `correction` for each limit."""
    low = 0.0 if x <= correction else _wilson_limit((x - correction) / n, n, -z)
    high = 1.0 if x >= n - correction else _wilson_limit((x + correction) / n, n, z)
    return low, high


def _wilson_limit(p: float, n: float, z: float) -> float:
    shift = z * z / (2.0 * n)
    spread = math.sqrt(p * (1.0 - p) / n + shift / (2.0 * n))
    return (p + shift + z * spread) / (1.0 + 2.0 * shift)


def jeffreys(x: int, n: int, conf_level: float) -> Limits:
    """Equal-tailed posterior limits under Jeffreys' prior Beta(1/2, 1/2); 0 at x = 0 and 1 at x = n.

    low = Beta(alpha/2; x + 1/2, n - x + 1/2), high = Beta(1 - alpha/2; x + 1/2, n - x + 1/2).
    Source: Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133, section 4.1.2.
    """
    tail = (1.0 - conf_level) / 2.0
    low = 0.0 if x == 0 else beta_quantile(tail, x + 0.5, n - x + 0.5)
    high = 1.0 if x == n else 1.0 - beta_quantile(tail, n - x + 0.5, x + 0.5)
    return low, high


def agresti_coull(x: int, n: int, conf_level: float) -> Limits:
    """Wald's limits about the midpoint of Wilson's: z^2 observations are added, half of them events; cut at 0 and 1.

    Source: Agresti A, Coull BA. Am Stat 1998;52:119-126.
    """
    z2 = two_sided_quantile(conf_level) ** 2
    return wald(x + z2 / 2.0, n + z2, conf_level)


def wald(x: float, n: float, conf_level: float) -> Limits:
    """x/n -+ z sqrt(p (1 - p) / n), cut at 0 and 1."""
    p = x / n
    half = two_sided_quantile(conf_level) * math.sqrt(max(p * (1.0 - p), 0.0) / n)
    return max(p - half, 0.0), min(p + half, 1.0)


def two_sided_quantile(conf_level: float) -> float:
    """z with P(|Z| <= z) = conf_level."""
    return -normal_quantile((1.0 - conf_level) / 2.0)
