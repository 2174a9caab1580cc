"""The distribution of the events of group 1 given all margins, in one or several two-by-two tables."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.binomial_score import Tables

# Probabilities that differ by rounding only are equally extreme.
RELATIVE_TIE = 1.0 + 1e-7


class Conditional(NamedTuple):
    """The sum of x1 over the strata given the margins: `support` (m whole numbers) and `log_count` (m), the log of the
    number of arrangements up to a constant; at odds ratio psi P(s) is proportional to exp(log_count) psi^s."""

    support: np.ndarray
    log_count: np.ndarray

    def probabilities(self, log_odds_ratio: float) -> np.ndarray:
        logs = self.log_count + self.support * log_odds_ratio
        shares = np.exp(logs - logs.max())
        return shares / shares.sum()


def conditional_distribution(tables: Tables) -> Conditional:
    """The product of hypergeometric distributions over strata, summed by convolution.

    Source: Mehta CR, Patel NR, Gray R. J Am Stat Assoc 1985;80:969-973 (the distribution; here summed directly).
    """
    low, log_count = 0, np.zeros(1)
    for x1, n1, x2, n2 in zip(*(column.astype(int).tolist() for column in tables), strict=True):
        events = x1 + x2
        first, last = max(0, events - n2), min(n1, events)
        logs = np.array([_log_choose(n1, s) + _log_choose(n2, events - s) for s in range(first, last + 1)])
        log_count = _log_convolve(log_count, logs - logs.max())
        low += first
    return Conditional(np.arange(low, low + len(log_count)), log_count)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _log_convolve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """log of the convolution of exp(a) and exp(b), each sum scaled by its own largest term."""
    if len(a) == 1 or len(b) == 1:
        return a + b if len(a) == len(b) else (a + b[0] if len(b) == 1 else b + a[0])
    padded = np.full((len(a), len(a) + len(b) - 1), -np.inf)
    for i, value in enumerate(a.tolist()):
        padded[i, i : i + len(b)] = value + b
    highest = padded.max(axis=0)
    return highest + np.log(np.exp(padded - highest).sum(axis=0))


def tails(distribution: Conditional, observed: int, log_odds_ratio: float) -> tuple[float, float, float]:
    """P(S <= s), P(S >= s) and P(S = s) at an odds ratio."""
    shares = distribution.probabilities(log_odds_ratio)
    at = int(observed - distribution.support[0])
    return float(shares[: at + 1].sum()), float(shares[at:].sum()), float(shares[at])


def two_sided(distribution: Conditional, observed: int, log_odds_ratio: float) -> tuple[float, float]:
    """Two-sided P by the order of probabilities: sum of those at most the observed one; and the mid-P.

    Source: Irwin JO. Metron 1935;12:83-94 (order by probability); Lancaster HO. J Am Stat Assoc 1961;56:223-234.
    """
    shares = distribution.probabilities(log_odds_ratio)
    own = shares[int(observed - distribution.support[0])]
    as_extreme = float(shares[shares <= own * RELATIVE_TIE].sum())
    tied = float(shares[np.abs(shares - own) <= own * (RELATIVE_TIE - 1.0)].sum())
    return min(as_extreme, 1.0), min(as_extreme - 0.5 * tied, 1.0)


def mean(distribution: Conditional, log_odds_ratio: float) -> float:
    """The expected sum at an odds ratio."""
    return float(distribution.support @ distribution.probabilities(log_odds_ratio))
