"""Fine and Gray's partial likelihood for the subdistribution hazard, and its sandwich variance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.cox import CoxTerms
from equipoise.kernels.plain.kaplan_meier import product_limit
from equipoise.kernels.plain.risk_sets import risk_table


class SubdistributionRisk(NamedTuple):
    """The data in ascending order of time, with who stays at risk and how much.

    `at` (J) are the distinct times of the cause, `deaths` its counts there, `start` the first row at or after each,
    `free` (J) the probability of being uncensored just before it; `own` (n) marks the cause, `lingering` (n) the other
    causes, whose weight at a later time t is free(t) / `own_free` (n).
    """

    time: np.ndarray
    covariates: np.ndarray
    own: np.ndarray
    lingering: np.ndarray
    censored: np.ndarray
    at: np.ndarray
    deaths: np.ndarray
    start: np.ndarray
    free: np.ndarray
    own_free: np.ndarray


class RiskMoments(NamedTuple):
    """At each time of the cause: the weighted sum of exp(x b) over those at risk (J), the mean of x there (J, p)."""

    total: np.ndarray
    mean: np.ndarray


def subdistribution_risk(time: np.ndarray, code: np.ndarray, covariates: np.ndarray) -> SubdistributionRisk:
    """The weighted risk sets; `code` is 0 for censored, 1 for the cause, 2 for any other.

    A subject who failed of another cause stays at risk with the weight G(t-) / G(T-), G the Kaplan-Meier estimate of
    being uncensored, for which a censoring comes after a failure at the same time.
    """
    order = np.argsort(time, kind="stable")
    ordered, code, x = time[order], code[order], covariates[order]
    table = risk_table(ordered, code == 0)
    uncensored, _ = product_limit(table.n_risk, table.n_event)
    # Left limits: the product over earlier times only.
    before = np.concatenate(([1.0], uncensored))
    own = code == 1
    at, deaths = np.unique(ordered[own], return_counts=True)
    return SubdistributionRisk(
        time=ordered,
        covariates=x,
        own=own,
        lingering=code == 2,
        censored=code == 0,
        at=at,
        deaths=deaths.astype(float),
        start=np.searchsorted(ordered, at, side="left"),
        free=before[np.searchsorted(table.time, at, side="left")],
        own_free=before[np.searchsorted(table.time, ordered, side="left")],
    )


def fine_gray_terms(beta: np.ndarray, risk: SubdistributionRisk) -> CoxTerms:
    """Log partial likelihood (Breslow's ties), score and information.

    Source: Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496-509, section 3.
    """
    x, p = risk.covariates, risk.covariates.shape[1]
    linear = x @ beta
    shift = float(linear.max())
    weight = np.exp(linear - shift)
    total, mean = risk_moments(weight, risk)
    products = (x[:, :, None] * x[:, None, :]).reshape(len(x), p * p)
    square = _at_risk(products * weight[:, None], risk) / total[:, None]
    loglik = float(linear[risk.own].sum() - risk.deaths @ (np.log(total) + shift))
    score = x[risk.own].sum(axis=0) - risk.deaths @ mean
    information = (risk.deaths @ square).reshape(p, p) - (mean.T * risk.deaths) @ mean
    return CoxTerms(loglik, score, information)


def risk_moments(weight: np.ndarray, risk: SubdistributionRisk) -> RiskMoments:
    """Sums and means over the weighted risk sets, `weight` (n) being exp(x b) up to a constant."""
    total = _at_risk(weight[:, None], risk)[:, 0]
    return RiskMoments(total, _at_risk(risk.covariates * weight[:, None], risk) / total[:, None])


def _at_risk(values: np.ndarray, risk: SubdistributionRisk) -> np.ndarray:
    """The sum of `values` (n, q) over each weighted risk set: everyone from the time on, and those who linger."""
    ahead = np.cumsum(values[::-1], axis=0)[::-1][risk.start]
    kept = np.where(risk.lingering[:, None], values / risk.own_free[:, None], 0.0)
    past = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(kept, axis=0)])[risk.start]
    return ahead + risk.free[:, None] * past


def sandwich_middle(beta: np.ndarray, risk: SubdistributionRisk) -> np.ndarray:
    """The sum over subjects of squared influences on the score, estimated censoring included.

    Subject i adds eta_i + psi_i: eta_i its own weighted score residual, psi_i what its censoring, and its time at risk
    of censoring, change of the weights of those who linger.

    Source: Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496-509, formulas (7) and (8).
    """
    linear = risk.covariates @ beta
    weight = np.exp(linear - linear.max())
    total, mean = risk_moments(weight, risk)
    hazard = risk.deaths / total
    influence = _score_residuals(weight, mean, hazard, risk) + _censoring_part(weight, mean, hazard, risk)
    return influence.T @ influence


def _score_residuals(weight: np.ndarray, mean: np.ndarray, hazard: np.ndarray, risk: SubdistributionRisk) -> np.ndarray:
    x = risk.covariates
    columns = np.column_stack([hazard, hazard[:, None] * mean])
    zero = np.zeros((1, columns.shape[1]))
    upto = np.vstack([zero, np.cumsum(columns, axis=0)])
    later = np.vstack([np.cumsum((columns * risk.free[:, None])[::-1], axis=0)[::-1], zero])
    seen = np.searchsorted(risk.at, risk.time, side="right")
    exposure = upto[seen]
    exposure += np.where(risk.lingering[:, None], later[seen] / risk.own_free[:, None], 0.0)
    residual = -weight[:, None] * (x * exposure[:, :1] - exposure[:, 1:])
    place = np.searchsorted(risk.at, risk.time[risk.own])
    residual[risk.own] += x[risk.own] - mean[place]
    return residual


def _censoring_part(weight: np.ndarray, mean: np.ndarray, hazard: np.ndarray, risk: SubdistributionRisk) -> np.ndarray:
    times, first = np.unique(risk.time, return_index=True)
    at_risk = len(risk.time) - first
    kept = np.where(risk.lingering, weight / risk.own_free, 0.0)[:, None]
    columns = np.column_stack([kept, kept * risk.covariates])
    past = np.vstack([np.zeros((1, columns.shape[1])), np.cumsum(columns, axis=0)])[first]
    tail = np.column_stack([hazard * risk.free, (hazard * risk.free)[:, None] * mean])
    ahead = np.vstack([np.cumsum(tail[::-1], axis=0)[::-1], np.zeros((1, tail.shape[1]))])
    ahead = ahead[np.searchsorted(risk.at, times, side="left")]
    q = past[:, 1:] * ahead[:, :1] - past[:, :1] * ahead[:, 1:]
    place = np.searchsorted(times, risk.time)
    censorings = np.bincount(place, weights=risk.censored, minlength=len(times))
    drift = np.cumsum(q * (censorings / at_risk**2)[:, None], axis=0)
    jump = np.where(risk.censored[:, None], (q / at_risk[:, None])[place], 0.0)
    return jump - drift[place]
