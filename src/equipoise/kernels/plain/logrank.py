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
    n = counts.at_risk.sum(axis=1)
    d = counts.events.sum(axis=1)
    share = counts.at_risk / np.where(n > 0.0, n, 1.0)[:, None]
    factor = np.where(n > 1.0, d * (n - d) / np.maximum(n - 1.0, 1.0), 0.0)
    expected = d[:, None] * share
    weighted = factor[:, None] * share
    k = counts.at_risk.shape[1]
    observed_by = np.empty((n_strata, k))
    expected_by = np.empty((n_strata, k))
    covariance = np.empty((n_strata, k, k))
    for s in range(n_strata):
        rows = counts.stratum == s if n_strata > 1 else slice(None)
        observed_by[s] = counts.events[rows].sum(axis=0)
        expected_by[s] = expected[rows].sum(axis=0)
        covariance[s] = np.diag(weighted[rows].sum(axis=0)) - weighted[rows].T @ share[rows]
    return LogrankSums(observed_by, expected_by, covariance)
