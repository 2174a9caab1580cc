"""Fine and Gray's partial likelihood for the subdistribution hazard, and its sandwich variance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.cox import CoxTerms
from equipoise.kernels.plain.kaplan_meier import product_limit
from equipoise.kernels.plain.risk_sets import risk_table


class CensoringGroup(NamedTuple):
    """Rows of one censoring distribution: its distinct `time` (T), and the probability of being uncensored just before
    each and after the last, `before` (T + 1)."""

    rows: np.ndarray
    time: np.ndarray
    before: np.ndarray


class SubdistributionRisk(NamedTuple):
    """One stratum in ascending order of time, with who stays at risk and how much.

    `rows` (m): places in the data. `at` (J) are the distinct times of the cause, `deaths` its weighted counts there,
    `start` the first row at or after each, `free` (G, J) the probability of being uncensored just before it, by
    censoring group; `own` (m) marks the cause, `lingering` (m) the other causes, whose weight at a later time t is
    free(t) / `own_free` (m) of their `group` (m).
    """

    rows: np.ndarray
    time: np.ndarray
    covariates: np.ndarray
    weight: np.ndarray
    own: np.ndarray
    lingering: np.ndarray
    group: np.ndarray
    at: np.ndarray
    deaths: np.ndarray
    start: np.ndarray
    free: np.ndarray
    own_free: np.ndarray


class SubdistributionData(NamedTuple):
    """Everything the likelihood and its variance need; `censored` (n) and `weight` (n) as the data came."""

    strata: list[SubdistributionRisk]
    groups: list[CensoringGroup]
    time: np.ndarray
    censored: np.ndarray
    weight: np.ndarray
    p: int


class RiskMoments(NamedTuple):
    """At each time of the cause: the weighted sum of exp(x b) over those at risk (J), the mean of x there (J, p)."""

    total: np.ndarray
    mean: np.ndarray


def subdistribution_data(
    time: np.ndarray,
    code: np.ndarray,
    covariates: np.ndarray,
    weight: np.ndarray | None = None,
    stratum: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> SubdistributionData:
    """The weighted risk sets by stratum; `code` is 0 for censored, 1 for the cause, 2 for any other.

    A subject who failed of another cause stays at risk with the weight G(t-) / G(T-), G the Kaplan-Meier estimate of
    being uncensored in its censoring `group`, for which a censoring comes after a failure at the same time.
    """
    n = len(time)
    w = np.ones(n) if weight is None else weight.astype(float)
    by = np.zeros(n, dtype=np.int64) if stratum is None else stratum
    apart = np.zeros(n, dtype=np.int64) if group is None else group
    groups = [_censoring(np.flatnonzero(apart == g), time, code, w) for g in range(int(apart.max()) + 1)]
    strata = []
    for s in range(int(by.max()) + 1):
        rows = np.flatnonzero(by == s)
        rows = rows[np.argsort(time[rows], kind="stable")]
        strata.append(_stratum(rows, time, code, covariates, w, apart, groups))
    return SubdistributionData(strata, groups, time, code == 0, w, covariates.shape[1])


def _censoring(rows: np.ndarray, time: np.ndarray, code: np.ndarray, weight: np.ndarray) -> CensoringGroup:
    table = risk_table(time[rows], code[rows] == 0, weight[rows])
    uncensored, _ = product_limit(table.n_risk, table.n_event)
    # Left limits: the product over earlier times only.
    return CensoringGroup(rows, table.time, np.concatenate(([1.0], uncensored)))


def _uncensored(group: CensoringGroup, times: np.ndarray) -> np.ndarray:
    return group.before[np.searchsorted(group.time, times, side="left")]


def _stratum(
    rows: np.ndarray, time: np.ndarray, code: np.ndarray, covariates: np.ndarray, weight: np.ndarray,
    group: np.ndarray, groups: list[CensoringGroup],
) -> SubdistributionRisk:  # fmt: skip
    # A failure without weight makes no time of the cause.
    ordered, own, member = time[rows], (code[rows] == 1) & (weight[rows] > 0.0), group[rows]
    at, place = np.unique(ordered[own], return_inverse=True)
    free = np.stack([_uncensored(one, at) for one in groups])
    own_free = np.stack([_uncensored(one, ordered) for one in groups])[member, np.arange(len(rows))]
    return SubdistributionRisk(
        rows=rows,
        time=ordered,
        covariates=covariates[rows],
        weight=weight[rows],
        own=own,
        lingering=code[rows] == 2,
        group=member,
        at=at,
        deaths=np.bincount(place, weights=weight[rows][own], minlength=len(at)),
        start=np.searchsorted(ordered, at, side="left"),
        free=free,
        own_free=own_free,
    )


def fine_gray_terms(beta: np.ndarray, data: SubdistributionData) -> CoxTerms:
    """Log partial likelihood (Breslow's ties), score and information, summed over strata.

    Source: Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496-509, section 3; over strata Zhou B, Latouche A, Rocha V, Fine
    J. Biometrics 2011;67:661-670.
    """
    p = data.p
    loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    for risk in data.strata:
        if not len(risk.at):
            continue
        x = risk.covariates
        linear = x @ beta
        shift = float(linear.max())
        weight = np.exp(linear - shift) * risk.weight
        total, mean = risk_moments(weight, risk)
        products = (x[:, :, None] * x[:, None, :]).reshape(len(x), p * p)
        square = _at_risk(products * weight[:, None], risk) / total[:, None]
        own = risk.weight[risk.own]
        loglik += float(own @ linear[risk.own] - risk.deaths @ (np.log(total) + shift))
        score += own @ x[risk.own] - risk.deaths @ mean
        information += (risk.deaths @ square).reshape(p, p) - (mean.T * risk.deaths) @ mean
    return CoxTerms(loglik, score, information)


def risk_moments(weight: np.ndarray, risk: SubdistributionRisk) -> RiskMoments:
    """Sums and means over the weighted risk sets, `weight` (m) being w exp(x b) up to a constant."""
    total = _at_risk(weight[:, None], risk)[:, 0]
    return RiskMoments(total, _at_risk(risk.covariates * weight[:, None], risk) / total[:, None])


def _at_risk(values: np.ndarray, risk: SubdistributionRisk) -> np.ndarray:
    """The sum of `values` (m, q) over each weighted risk set: everyone from the time on, and those who linger."""
    ahead = np.cumsum(values[::-1], axis=0)[::-1][risk.start]
    scaled = values / risk.own_free[:, None]
    for g, free in enumerate(risk.free):
        kept = np.where((risk.lingering & (risk.group == g))[:, None], scaled, 0.0)
        past = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(kept, axis=0)])[risk.start]
        ahead = ahead + free[:, None] * past
    return ahead


def sandwich_middle(beta: np.ndarray, data: SubdistributionData) -> np.ndarray:
    """The sum over subjects of squared influences on the score, estimated censoring included.

    Subject i adds w_i (eta_i + psi_i): eta_i its own weighted score residual, psi_i what its censoring, and its time at
    risk of censoring, change of the weights of those who linger.

    Source: Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496-509, formulas (7) and (8).
    """
    influence = np.zeros((len(data.time), data.p))
    lingering: list[np.ndarray] = [np.zeros((len(group.time), data.p)) for group in data.groups]
    for risk in data.strata:
        if not len(risk.at):
            continue
        linear = risk.covariates @ beta
        weight = np.exp(linear - linear.max())
        total, mean = risk_moments(weight * risk.weight, risk)
        hazard = risk.deaths / total
        influence[risk.rows] += _score_residuals(weight, mean, hazard, risk)
        for g, group in enumerate(data.groups):
            lingering[g] += _lingering_part(weight * risk.weight, mean, hazard, risk, g, group.time)
    for group, q in zip(data.groups, lingering, strict=True):
        influence[group.rows] += _censoring_part(q, group, data)
    influence *= data.weight[:, None]
    return influence.T @ influence


def _score_residuals(weight: np.ndarray, mean: np.ndarray, hazard: np.ndarray, risk: SubdistributionRisk) -> np.ndarray:
    x = risk.covariates
    columns = np.column_stack([hazard, hazard[:, None] * mean])
    zero = np.zeros((1, columns.shape[1]))
    upto = np.vstack([zero, np.cumsum(columns, axis=0)])
    seen = np.searchsorted(risk.at, risk.time, side="right")
    exposure = upto[seen]
    for g, free in enumerate(risk.free):
        later = np.vstack([np.cumsum((columns * free[:, None])[::-1], axis=0)[::-1], zero])
        stays = (risk.lingering & (risk.group == g))[:, None]
        exposure = exposure + np.where(stays, later[seen] / risk.own_free[:, None], 0.0)
    residual = -weight[:, None] * (x * exposure[:, :1] - exposure[:, 1:])
    place = np.searchsorted(risk.at, risk.time[risk.own])
    residual[risk.own] += x[risk.own] - mean[place]
    return residual


def _lingering_part(
    weight: np.ndarray, mean: np.ndarray, hazard: np.ndarray, risk: SubdistributionRisk, g: int, times: np.ndarray
) -> np.ndarray:
    """By how much the score of one stratum hangs on the censoring hazard of group g at each of `times`."""
    first = np.searchsorted(risk.time, times, side="left")
    stays = risk.lingering & (risk.group == g)
    kept = np.where(stays, weight / risk.own_free, 0.0)[:, None]
    columns = np.column_stack([kept, kept * risk.covariates])
    past = np.vstack([np.zeros((1, columns.shape[1])), np.cumsum(columns, axis=0)])[first]
    rate = hazard * risk.free[g]
    tail = np.column_stack([rate, rate[:, None] * mean])
    ahead = np.vstack([np.cumsum(tail[::-1], axis=0)[::-1], np.zeros((1, tail.shape[1]))])
    ahead = ahead[np.searchsorted(risk.at, times, side="left")]
    return past[:, 1:] * ahead[:, :1] - past[:, :1] * ahead[:, 1:]


def _censoring_part(q: np.ndarray, group: CensoringGroup, data: SubdistributionData) -> np.ndarray:
    own, censored, weight = data.time[group.rows], data.censored[group.rows], data.weight[group.rows]
    place = np.searchsorted(group.time, own)
    at_risk = np.cumsum(np.bincount(place, weights=weight, minlength=len(group.time))[::-1])[::-1]
    at_risk = np.where(at_risk > 0.0, at_risk, 1.0)
    censorings = np.bincount(place, weights=weight * censored, minlength=len(group.time))
    drift = np.cumsum(q * (censorings / at_risk**2)[:, None], axis=0)
    jump = np.where(censored[:, None], (q / at_risk[:, None])[place], 0.0)
    return jump - drift[place]
