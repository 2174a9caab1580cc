"""Firth's penalized partial likelihood: finite estimates where the likelihood is monotone, less bias elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.cox import CoxTerms
from equipoise.kernels.plain.cox_process import StratumDeaths, StratumHazard, at_risk, process_terms, stratum_hazards

_MAX_ITERATIONS = 200
_MAX_HALVINGS = 40
# The squared step in standard errors at which to stop.
_DECREMENT = 1e-22
# The step of numeric second derivatives, in standard errors: their error only slows the last iterations a little.
_DIFFERENCE = 1e-5


class PenalizedFit(NamedTuple):
    """The maximum of the penalized likelihood: `beta`, the penalized terms there, and whether it was reached."""

    beta: np.ndarray
    terms: CoxTerms
    iterations: int
    converged: bool


def firth_terms(
    beta: np.ndarray, strata: list[StratumDeaths], covariates: np.ndarray, weight: np.ndarray | None
) -> CoxTerms:
    """Penalized log-likelihood l + log|I|/2, its gradient, and the information I of the likelihood itself.

    The gradient adds to the score half the trace of I^-1 dI/db_r, dI/db_r being third central moments of the
    covariates over the risk sets.

    Source: Firth D. Biometrika 1993;80:27-38; Heinze G, Schemper M. Biometrics 2001;57:114-119.
    """
    hazards = stratum_hazards(beta, strata, covariates, weight)
    terms = process_terms(beta, hazards)
    if not np.isfinite(terms.loglik):
        return terms
    sign, log_determinant = np.linalg.slogdet(terms.information)
    if not (sign > 0 and np.isfinite(log_determinant)):
        return CoxTerms(-np.inf, terms.score, terms.information)
    inverse = np.linalg.inv(terms.information)
    drift = sum((_third_moments(stratum, inverse) for stratum in hazards), np.zeros(len(beta)))
    return CoxTerms(terms.loglik + 0.5 * float(log_determinant), terms.score + 0.5 * drift, terms.information)


def _third_moments(stratum: StratumHazard, inverse: np.ndarray) -> np.ndarray:
    """Sum over deaths of w E[(x - m)' V (x - m) (x - m)] over the risk set, V being `inverse`."""
    deaths, x, mean = stratum.deaths, stratum.covariates, stratum.mean
    p = x.shape[1]
    square = np.einsum("ij,jk,ik->i", x, inverse, x)
    products = (x[:, :, None] * x[:, None, :]).reshape(len(x), p * p)
    values = np.column_stack([square, square[:, None] * x, products]) * (stratum.weights * stratum.relative)[:, None]
    moments = at_risk(deaths, values) / stratum.risk[:, None]
    covariance = moments[:, p + 1 :].reshape(-1, p, p) - mean[:, :, None] * mean[:, None, :]
    with_square = moments[:, 1 : p + 1] - mean * moments[:, :1]
    drift = with_square - 2.0 * np.einsum("eij,jk,ek->ei", covariance, inverse, mean)
    return deaths.weight[deaths.block] @ drift


def maximize_penalized(
    evaluate: Callable[[np.ndarray], CoxTerms], start: np.ndarray, free: np.ndarray | None = None
) -> PenalizedFit:
    """Newton ascent of the penalized likelihood, steps halved until it does not fall.

    `free` (p booleans): which coefficients move; the others keep their value of `start`. The information of the
    likelihood alone would do for small penalties, but with few deaths such steps overshoot without end.
    """
    beta = start.astype(float)
    moving = np.flatnonzero(np.ones(len(beta), dtype=bool) if free is None else free)
    terms = evaluate(beta)
    best = np.inf
    for iteration in range(_MAX_ITERATIONS):
        if not (len(moving) and np.isfinite(terms.loglik)):
            return PenalizedFit(beta, terms, iteration, len(moving) == 0)
        step = np.zeros_like(beta)
        step[moving] = np.linalg.solve(_curvature(evaluate, beta, terms, moving), terms.score[moving])
        decrement = float(step @ terms.score)
        if decrement <= _DECREMENT or (decrement < 1e-18 and decrement >= best):
            return PenalizedFit(beta, terms, iteration, True)
        best = min(best, decrement)
        moved = _ascend(evaluate, beta, terms, step)
        if moved is None:
            return PenalizedFit(beta, terms, iteration, decrement < 1e-12)
        beta, terms = moved
    return PenalizedFit(beta, terms, _MAX_ITERATIONS, False)


def _curvature(
    evaluate: Callable[[np.ndarray], CoxTerms], beta: np.ndarray, terms: CoxTerms, moving: np.ndarray
) -> np.ndarray:
    """Minus the second derivatives by differences of the gradient; the information where they are not definite."""
    information = terms.information[np.ix_(moving, moving)]
    widths = _DIFFERENCE / np.sqrt(np.diag(information))
    columns = []
    for j, width in zip(moving, widths, strict=True):
        shifted = beta.copy()
        shifted[j] += width
        columns.append((terms.score - evaluate(shifted).score)[moving] / width)
    curvature = np.column_stack(columns)
    curvature = (curvature + curvature.T) / 2.0
    try:
        np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        return information
    return curvature


def _ascend(
    evaluate: Callable[[np.ndarray], CoxTerms], beta: np.ndarray, terms: CoxTerms, step: np.ndarray
) -> tuple[np.ndarray, CoxTerms] | None:
    slack = 1e-12 * (1.0 + abs(terms.loglik))
    for halving in range(_MAX_HALVINGS):
        proposed = beta + step * 0.5**halving
        found = evaluate(proposed)
        if np.isfinite(found.loglik) and found.loglik >= terms.loglik - slack:
            return proposed, found
    return None
