"""The Cox partial likelihood with tied deaths by the exact marginal probability (continuous time, grouped)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.cox import CoxTerms
from equipoise.kernels.plain.cox_process import StratumDeaths

# exp(-40) of the peak is left out on either side.
_DEPTH = 40.0
_WIDEST_STEP = 0.2


class TiedDeaths(NamedTuple):
    """One death time: the dead's `eta` (d) and `x` (d, p); of those who outlive it the log of the sum of exp(eta), the
    mean (p) and the covariance (p, p) of x, None where nobody does."""

    eta: np.ndarray
    x: np.ndarray
    outlive: tuple[float, np.ndarray, np.ndarray] | None


def marginal_terms(beta: np.ndarray, strata: list[StratumDeaths], covariates: np.ndarray) -> CoxTerms:
    """Log partial likelihood, score and information.

    The d deaths at one time happened in an order that was not seen. The likelihood is the probability of any of the d!
    orders before everybody else at risk: with r_k = exp(x_k b) / S, S the sum of exp(x b) over those who outlive the
    time, the integral over t of prod_k (1 - exp(-r_k t)) exp(-t).

    Source: Kalbfleisch JD, Prentice RL. Biometrika 1973;60:267-278; DeLong DM, Guirguis GH, So YC. Biometrika
    1994;81:607-611 (the integral).
    """
    p = len(beta)
    loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    for deaths in strata:
        x = covariates[deaths.rows]
        for tied in _death_times(deaths, x @ beta, x):
            if tied.outlive is None:
                continue
            part = _tied(tied.eta - tied.outlive[0], tied.x - tied.outlive[1], tied.outlive[2])
            loglik += part.loglik
            score += part.score
            information += part.information
    return CoxTerms(loglik, score, information)


def _death_times(deaths: StratumDeaths, eta: np.ndarray, x: np.ndarray) -> Iterator[TiedDeaths]:
    m = len(eta)
    top = float(eta.max())
    weight = np.exp(eta - top)
    columns = np.column_stack(
        [weight, weight[:, None] * x, (weight[:, None, None] * x[:, :, None] * x[:, None]).reshape(m, -1)]
    )
    later = np.vstack([np.cumsum(columns[::-1], axis=0)[::-1], np.zeros((1, columns.shape[1]))])
    dead_at = np.full(m, -1)
    dead_at[deaths.dead] = deaths.block
    ends = [*deaths.first[1:].tolist(), m]
    for k, (first, end) in enumerate(zip(deaths.first.tolist(), ends, strict=True)):
        dead = dead_at == k if deaths.late is not None else np.flatnonzero(dead_at[first:end] == k) + first
        if deaths.late is None:
            censored = np.flatnonzero(dead_at[first:end] != k) + first
            sums = later[end] + columns[censored].sum(axis=0)
            someone = end < m or len(censored) > 0
        else:
            outlive = (np.arange(m) >= first) & (deaths.before <= k) & ~dead
            sums, someone = columns[outlive].sum(axis=0), bool(outlive.any())
        yield TiedDeaths(eta[dead], x[dead], _moments(sums, top, x.shape[1]) if someone else None)


def _moments(sums: np.ndarray, top: float, p: int) -> tuple[float, np.ndarray, np.ndarray]:
    total = sums[0]
    mean = sums[1 : p + 1] / total
    return float(np.log(total)) + top, mean, sums[p + 1 :].reshape(p, p) / total - np.outer(mean, mean)


def _tied(log_rate: np.ndarray, x: np.ndarray, spread: np.ndarray) -> CoxTerms:
    """One death time: `log_rate` (d), covariates less the mean of those who outlive it (d, p), their covariance.

    By the trapezoidal rule in y = log t, where the integrand is log-concave and falls off fast: the error of the rule
    is far below rounding. Derivatives are moments under the integrand taken as a density.
    """
    y = _grid(log_rate)
    log_a = log_rate + y[:, None]
    a = np.exp(np.minimum(log_a, 6.5))
    log_h = np.log(-np.expm1(-a)).sum(axis=1) - np.exp(y) + y
    peak = float(log_h.max())
    h = np.exp(log_h - peak)
    total = float(h.sum())
    share = h / total
    phi = a / np.expm1(a)
    q = phi @ x
    mean = share @ q
    curvature = share @ (phi * (1.0 - phi - a))
    second = (q.T * share) @ q - np.outer(mean, mean) + (x.T * curvature) @ x - float(share @ phi.sum(axis=1)) * spread
    return CoxTerms(peak + float(np.log(total * (y[1] - y[0]))), mean, -second)


def _log_integrand(y: float, log_rate: np.ndarray) -> float:
    a = np.exp(np.minimum(log_rate + y, 6.5))
    return float(np.log(-np.expm1(-a)).sum() - np.exp(y) + y)


def _slope(y: float, log_rate: np.ndarray) -> tuple[float, float]:
    """First and second derivative of the log of the integrand."""
    a = np.exp(np.minimum(log_rate + y, 6.5))
    phi = a / np.expm1(a)
    return float(phi.sum() - np.exp(y) + 1.0), float((phi * (1.0 - phi - a)).sum() - np.exp(y))


def _grid(log_rate: np.ndarray) -> np.ndarray:
    """Equal steps around the mode, as far as the integrand reaches."""
    high = float(np.log(len(log_rate) + 1.0))
    low = high - 1.0
    while _slope(low, log_rate)[0] <= 0.0:
        low -= high - low
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _slope(middle, log_rate)[0] > 0.0 else (low, middle)
    mode = 0.5 * (low + high)
    width = (-_slope(mode, log_rate)[1]) ** -0.5
    floor = _log_integrand(mode, log_rate) - _DEPTH
    ends = []
    for sign in (-1.0, 1.0):
        reach = width
        while _log_integrand(mode + sign * reach, log_rate) > floor:
            reach *= 1.5
        ends.append(mode + sign * reach)
    points = int(np.ceil((ends[1] - ends[0]) / min(_WIDEST_STEP, 0.4 * width)))
    return np.linspace(ends[0], ends[1], points + 1)
