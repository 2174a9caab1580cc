"""The Cox partial likelihood, its score and its information."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.risk_sets import RiskCounts

# exp() of a linear predictor within this bound keeps every sum over a risk set far from overflow and underflow.
_SAFE_PREDICTOR = 300.0


class CoxRisk(NamedTuple):
    """What the partial likelihood needs, for D deaths and G distinct covariate patterns.

    `weights` (D, G): the weight at risk by pattern at each death, less Efron's share of the deaths tied with it;
    `death_weights` (D): the mean weight of the deaths tied there; `observed` (G): the weight of deaths by pattern;
    `covariates` (G, p).
    """

    weights: np.ndarray
    death_weights: np.ndarray
    observed: np.ndarray
    covariates: np.ndarray


class CoxTerms(NamedTuple):
    """Log partial likelihood, score (p) and information (p, p) at one coefficient vector."""

    loglik: float
    score: np.ndarray
    information: np.ndarray


def cox_risk(counts: RiskCounts, covariates: np.ndarray, ties: str) -> CoxRisk:
    """The risk weights at each death under a rule for ties.

    With d deaths at one time, risk weights Y and death weights D by pattern, the l-th death (l = 0, ..., d - 1) faces
    Y - (l/d) D under "efron" and Y under "breslow".

    Source: Efron B. J Am Stat Assoc 1977;72:557-565; Breslow N. Biometrics 1974;30:89-99.
    """
    d = counts.n_deaths
    block = np.repeat(np.arange(len(d)), d)
    weights = counts.at_risk[block]
    if ties == "efron" and (d > 1).any():
        position = np.arange(len(block)) - np.repeat(np.cumsum(d) - d, d)
        weights = weights - (position / d[block])[:, None] * counts.events[block]
    mean_weight = counts.events.sum(axis=1) / d
    return CoxRisk(weights, mean_weight[block], counts.events.sum(axis=0), covariates)


def cox_terms(beta: np.ndarray, risk: CoxRisk) -> CoxTerms:
    """Log partial likelihood, score and information.

    With r_g = exp(x_g beta) and S_e = sum_g W_eg r_g at death e, of weight w_e:
    l = sum_g O_g x_g beta - sum_e w_e log S_e; U = sum_g O_g x_g - sum_e w_e m_e with
    m_e = sum_g W_eg r_g x_g / S_e; I = sum_e w_e (sum_g W_eg r_g x_g x_g' / S_e - m_e m_e').

    Source: Cox DR. J R Stat Soc B 1972;34:187-220; Efron 1977; Breslow 1974.
    """
    weights, death_weights, observed, x = risk
    eta = x @ beta
    if np.abs(eta).max() > _SAFE_PREDICTOR:
        weights, shift = _rescaled(weights, eta)
        r = np.ones(len(eta))
    else:
        r, shift = np.exp(eta), 0.0
    total = weights @ r
    loglik = observed @ eta - death_weights @ (np.log(total) + shift)
    expected = r * ((death_weights / total) @ weights)
    mean = (weights @ (r[:, None] * x)) / total[:, None]
    score = (observed - expected) @ x
    information = (x.T * expected) @ x - (mean.T * death_weights) @ mean
    return CoxTerms(float(loglik), score, information)


def _rescaled(weights: np.ndarray, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Risk weights times exp(x beta) with the largest linear predictor of each risk set taken out, and that predictor.

    So no risk set overflows, and none underflows as a whole, whatever the coefficients.
    """
    highest = np.where(weights > 0.0, eta, -np.inf).max(axis=1)
    return weights * np.exp(np.minimum(eta - highest[:, None], 0.0)), highest
