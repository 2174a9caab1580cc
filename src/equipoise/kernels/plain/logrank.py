"""The log-rank test's sums."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.risk_sets import RiskCounts


class LogrankSums(NamedTuple):
    """Per stratum s and group g: `observed` (S, G), `expected` (S, G), and `covariance` (S, G, G) of O - E."""

    observed: np.ndarray
    expected: np.ndarray
    covariance: np.ndarray


def logrank_sums(counts: RiskCounts, n_strata: int) -> LogrankSums:
    """Observed and expected events by group, and the covariance of their difference, per stratum.

    At an event time with d events among n at risk, Y_g of them in group g,
    E_g = d Y_g / n and Cov(g, h) = d (n - d) / (n - 1) (Y_g / n) ([g = h] - Y_h / n): the hypergeometric
    moments given the margins. A time with one subject at risk adds no covariance.

    Source: Mantel N. Cancer Chemother Rep 1966;50:163-170; Peto R, Peto J. J R Stat Soc A 1972;135:185-207.
    """
    k = counts.at_risk.shape[1]
    n, d = counts.at_risk @ np.ones(k), counts.events @ np.ones(k)
    share = counts.at_risk / np.maximum(n, 1.0)[:, None]
    # With one subject at risk d (n - d) is zero; the maximum only keeps 0 / 0 away.
    factor = d * (n - d) / np.maximum(n - 1.0, 1.0)
    observed, expected, covariance = np.empty((n_strata, k)), np.empty((n_strata, k)), np.empty((n_strata, k, k))
    for s in range(n_strata):
        rows = counts.stratum == s if n_strata > 1 else slice(None)
        within, weight = share[rows], factor[rows]
        observed[s] = np.ones(len(within)) @ counts.events[rows]
        expected[s] = d[rows] @ within
        covariance[s] = np.diag(weight @ within) - (within.T * weight) @ within
    return LogrankSums(observed, expected, covariance)
