"""The log-rank family's sums and weights."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.risk_sets import RiskCounts


class LogrankSums(NamedTuple):
    """Per stratum s and group g: `observed` (S, G), `expected` (S, G), and `covariance` (S, G, G) of O - E.

    `rows` (S, G) counts the rows where the kernel met them all on its way, else None.
    """

    observed: np.ndarray
    expected: np.ndarray
    covariance: np.ndarray
    rows: np.ndarray | None = None


class PooledCurve(NamedTuple):
    """All groups together at each event time: `n` at risk, `d` events, and the curve before (`left`) and after it."""

    n: np.ndarray
    d: np.ndarray
    left: np.ndarray
    right: np.ndarray


def logrank_sums(counts: RiskCounts, n_strata: int, weight: np.ndarray | None = None) -> LogrankSums:
    """Observed and expected events by group, and the covariance of their difference, per stratum.

    At an event time with d events among n at risk, Y_g of them in group g,
    E_g = d Y_g / n and Cov(g, h) = d (n - d) / (n - 1) (Y_g / n) ([g = h] - Y_h / n): the hypergeometric
    moments given the margins. A time with one subject at risk adds no covariance. With `weight` (K, one per event
    time) observed and expected are multiplied by it and the covariance by its square.

    Source: Mantel N. Cancer Chemother Rep 1966;50:163-170; Peto R, Peto J. J R Stat Soc A 1972;135:185-207.
    """
    k = counts.at_risk.shape[1]
    events = counts.events
    n, d = counts.at_risk @ np.ones(k), events @ np.ones(k)
    share = counts.at_risk / np.maximum(n, 1.0)[:, None]
    # With one subject at risk d (n - d) is zero; the maximum only keeps 0 / 0 away.
    factor = d * (n - d) / np.maximum(n - 1.0, 1.0)
    if weight is not None:
        events, d, factor = events * weight[:, None], d * weight, factor * weight * weight
    observed, expected, covariance = np.empty((n_strata, k)), np.empty((n_strata, k)), np.empty((n_strata, k, k))
    for s in range(n_strata):
        rows = counts.stratum == s if n_strata > 1 else slice(None)
        within, factors = share[rows], factor[rows]
        observed[s] = np.ones(len(within)) @ events[rows]
        expected[s] = d[rows] @ within
        covariance[s] = np.diag(factors @ within) - (within.T * factors) @ within
    return LogrankSums(observed, expected, covariance)


def over_strata(sums: LogrankSums) -> tuple[np.ndarray, np.ndarray]:
    """O - E (G) and its covariance (G, G) over all strata: observed and expected are added up before the difference."""
    return sums.observed.sum(axis=0) - sums.expected.sum(axis=0), sums.covariance.sum(axis=0)


def two_group_z(sums: LogrankSums) -> tuple[float, float]:
    """Z = -(O - E) / sqrt(V) of the second of two groups, and V; Z is NaN where V is not a number above zero."""
    difference, covariance = over_strata(sums)
    variance = float(covariance[1, 1])
    return (-float(difference[1]) / math.sqrt(variance) if 0.0 < variance < math.inf else math.nan), variance


def joint_sums(counts: RiskCounts, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """U (m) of m weighted log-rank tests of two groups and their joint covariance (m, m), summed over strata.

    `weights` has shape (m, K). U_a = sum w_a (d_1 - d Y_1 / n) and Cov(U_a, U_b) = sum w_a w_b v with the
    hypergeometric variance v of d_1: what the tests share is the randomness of d_1 at each time.

    Source: Tarone RE. Biometrics 1981;37:79-85; Karrison TG. Stata J 2016;16:678-690.
    """
    n, d = counts.at_risk.sum(axis=1), counts.events.sum(axis=1)
    share = counts.at_risk[:, 1] / np.maximum(n, 1.0)
    variance = d * (n - d) / np.maximum(n - 1.0, 1.0) * share * (1.0 - share)
    return weights @ (counts.events[:, 1] - d * share), (weights * variance) @ weights.T


def pooled_curve(counts: RiskCounts, n_strata: int, extra: float = 0.0) -> PooledCurve:
    """The product-limit curve of all groups together, within each stratum: prod (1 - d / (n + extra)).

    `extra` is 0 for Kaplan-Meier's curve and 1 for that of Peto and Peto.
    """
    n, d = counts.at_risk.sum(axis=1), counts.events.sum(axis=1)
    left, right = np.ones(len(n)), np.ones(len(n))
    for s in range(n_strata):
        rows = counts.stratum == s
        right[rows] = np.cumprod(1.0 - d[rows] / np.maximum(n[rows] + extra, 1.0))
        left[rows] = np.concatenate(([1.0], right[rows][:-1]))[: int(rows.sum())]
    return PooledCurve(n, d, left, right)


def fleming_harrington_weight(curve: PooledCurve, rho: float, gamma: float) -> np.ndarray:
    """S(t-)^rho (1 - S(t-))^gamma at each event time, S the pooled Kaplan-Meier curve; 0^0 is 1.

    Source: Harrington DP, Fleming TR. Biometrika 1982;69:553-566; Fleming TR, Harrington DP. Counting processes and
    survival analysis. Wiley 1991, section 7.2.
    """
    return curve.left**rho * (1.0 - curve.left) ** gamma


def modest_weight(counts: RiskCounts, curve: PooledCurve, t_star: float | None, s_star: float | None) -> np.ndarray:
    """1 / max(S(t-), s*) at each event time, s* given or the pooled curve of the stratum at `t_star`.

    Infinite where both are zero.
    Source: Magirr D, Burman CF. Stat Med 2019;38:3782-3790.
    """
    floor = np.full(len(curve.left), s_star if s_star is not None else 1.0)
    if t_star is not None:
        for s in np.unique(counts.stratum):
            rows = np.flatnonzero(counts.stratum == s)
            passed = int(np.searchsorted(counts.time[rows], t_star, side="right"))
            floor[rows] = curve.right[rows[passed - 1]] if passed else 1.0
    with np.errstate(divide="ignore"):
        return 1.0 / np.maximum(curve.left, floor)
