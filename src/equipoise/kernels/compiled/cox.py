"""A twin of `plain.cox` for many covariate patterns: linear in the rows where the plain form is deaths by patterns.

One backward pass per stratum gives the risk sums, one forward pass the cumulative weights, and the information is a
weighted Gram matrix less a sum over deaths, so no p by p matrix is carried along the rows.

Gain over the plain form, one core of an AMD EPYC (Zen 4): 3,000 rows and five covariates 286 to 2.4 ms; 1,000,000 rows,
ten covariates and four strata take 2.4 s, where the plain form would need a matrix of deaths by rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from equipoise.kernels.compiled.risk_sets import time_order
from equipoise.kernels.plain.cox import CoxTerms

# A risk sum this small against the largest term of its stratum has lost its digits: linear predictors 600 apart. The
# log-likelihood is then minus infinity, so that Newton takes a shorter step; the plain form has no such bound.
_VANISHED = 1e-290

# With delayed entry a risk sum is a difference. When little of it is left its digits are too, and it is made afresh.
_CANCELLED = 1e-3


class CoxLayout(NamedTuple):
    """Rows sorted by stratum and time, and for delayed entry the order of entry times (empty without)."""

    time: np.ndarray
    event: np.ndarray
    covariates: np.ndarray
    stratum: np.ndarray
    weight: np.ndarray
    entry: np.ndarray
    entry_order: np.ndarray
    efron: bool


def cox_layout(
    time: np.ndarray,
    event: np.ndarray,
    covariates: np.ndarray,
    pattern: np.ndarray | None,
    stratum: np.ndarray,
    weight: np.ndarray | None,
    entry: np.ndarray | None,
    ties: str,
) -> CoxLayout:
    """Sorts once what every evaluation needs. `covariates` has a row per `pattern` where that is given."""
    order = time_order(time, stratum)
    w = np.ones(len(time)) if weight is None else weight[order].astype(np.float64)
    entered = np.zeros(0) if entry is None else entry[order]
    by_entry = np.zeros(0, dtype=np.int64) if entry is None else time_order(entered, stratum[order])
    rows = np.ascontiguousarray(covariates[order if pattern is None else pattern[order]])
    return CoxLayout(time[order], event[order], rows, stratum[order], w, entered, by_entry, ties == "efron")


def cox_terms(beta: np.ndarray, layout: CoxLayout) -> CoxTerms:
    """See `plain.cox.cox_terms`: the same sums in another order."""
    x = layout.covariates
    eta = x @ beta
    top = _stratum_tops(eta, layout.stratum)
    risk = layout.weight * np.exp(eta - top)
    loglik, score, hazard, mean_square = _passes(
        layout.time, layout.event, x, layout.stratum, layout.weight, layout.entry, layout.entry_order, layout.efron,
        eta - top, risk,
    )  # fmt: skip
    information = (x.T * (risk * hazard)) @ x - mean_square
    return CoxTerms(float(loglik), score, information)


@njit(cache=True, nogil=True)
def _stratum_tops(eta, stratum):
    top = np.empty(len(eta))
    start = 0
    for i in range(1, len(eta) + 1):
        if i == len(eta) or stratum[i] != stratum[start]:
            top[start:i] = eta[start:i].max()
            start = i
    return top


@njit(cache=True, nogil=True)
def _passes(time, event, x, stratum, weight, entry, entry_order, efron, eta, risk):
    """Log-likelihood, score, each row's cumulative hazard weight, and the sum of w m m' over deaths."""
    n, p = x.shape
    score, mean_square = np.zeros(p), np.zeros((p, p))
    # Risk-weighted sums (first the weight itself, then by covariate) at risk, not yet entered, and dead at this time.
    sums, late, dead_sums = np.zeros(p + 1), np.zeros(p + 1), np.zeros(p + 1)
    # Per block of tied deaths: the increment of the cumulative hazard weight, and Efron's share for its own deaths.
    steps, shares = np.zeros(n), np.zeros(n)
    loglik, dead_weight, dead = 0.0, 0.0, 0
    e = len(entry) - 1
    for i in range(n - 1, -1, -1):
        if i < n - 1 and stratum[i] != stratum[i + 1]:
            sums[:] = 0.0
            late[:] = 0.0
        _add(sums, risk[i], x[i])
        if event[i]:
            dead += 1
            dead_weight += weight[i]
            loglik += weight[i] * eta[i]
            _add(dead_sums, risk[i], x[i])
            for j in range(p):
                score[j] += weight[i] * x[i, j]
        if dead == 0 or (i > 0 and time[i] == time[i - 1] and stratum[i] == stratum[i - 1]):
            continue
        while e >= 0 and stratum[entry_order[e]] > stratum[i]:
            e -= 1
        while e >= 0 and stratum[entry_order[e]] == stratum[i] and entry[entry_order[e]] >= time[i]:
            _add(late, risk[entry_order[e]], x[entry_order[e]])
            e -= 1
        if late[0] > 0.0 and sums[0] - late[0] < _CANCELLED * sums[0]:
            _at_risk_afresh(sums, time, x, stratum, entry, risk, i)
            late[:] = 0.0
        lost, steps[i], shares[i] = _deaths(dead, dead_weight, sums, late, dead_sums, efron, score, mean_square)
        loglik -= lost
        dead, dead_weight = 0, 0.0
        dead_sums[:] = 0.0
    hazard = _accumulate(time, event, stratum, steps, shares, entry, entry_order)
    return loglik, score, hazard, mean_square


@njit(cache=True, nogil=True, inline="always")
def _add(sums, risk, row):
    sums[0] += risk
    for j in range(len(row)):
        sums[j + 1] += risk * row[j]


@njit(cache=True, nogil=True)
def _deaths(dead, dead_weight, sums, late, dead_sums, efron, score, mean_square):
    """The terms of the deaths at one time: what they take off the log-likelihood, their hazard step and own share."""
    p = len(score)
    mean = np.empty(p)
    each = dead_weight / dead
    lost, step, own = 0.0, 0.0, 0.0
    for k in range(dead):
        share = k / dead if efron else 0.0
        denominator = sums[0] - late[0] - share * dead_sums[0]
        if not denominator > _VANISHED:
            return np.inf, 0.0, 0.0
        lost += each * np.log(denominator)
        step += each / denominator
        own += share * each / denominator
        for j in range(p):
            mean[j] = (sums[j + 1] - late[j + 1] - share * dead_sums[j + 1]) / denominator
            score[j] -= each * mean[j]
        for j in range(p):
            for m in range(p):
                mean_square[j, m] += each * mean[j] * mean[m]
    return lost, step, own


@njit(cache=True, nogil=True)
def _at_risk_afresh(sums, time, x, stratum, entry, risk, first):
    """The risk sums at the time of row `first`, added up directly over the rows of its stratum at risk there."""
    sums[:] = 0.0
    i = first
    while i < len(time) and stratum[i] == stratum[first]:
        if entry[i] < time[first]:
            _add(sums, risk[i], x[i])
        i += 1


@njit(cache=True, nogil=True)
def _accumulate(time, event, stratum, steps, shares, entry, entry_order):
    """Hazard weight over each row's time at risk, less Efron's share where the row is a death."""
    hazard = np.empty(len(time))
    running, start = 0.0, 0
    for i in range(len(time)):
        if i == 0 or stratum[i] != stratum[i - 1]:
            running = 0.0
        if i == 0 or time[i] != time[i - 1] or stratum[i] != stratum[i - 1]:
            start = i
            running += steps[i]
        hazard[i] = running
        if event[i]:
            shares[i] = shares[start]
    if len(entry) > 0:
        _withdraw(time, stratum, steps, entry, entry_order, hazard)
    for i in range(len(time)):
        if event[i]:
            hazard[i] -= shares[i]
    return hazard


@njit(cache=True, nogil=True)
def _withdraw(time, stratum, steps, entry, entry_order, hazard):
    """Takes off the hazard weight accumulated before each row's entry, or adds up directly where that would cancel."""
    running, i = 0.0, 0
    for k in range(len(entry_order)):
        r = entry_order[k]
        if k == 0 or stratum[r] != stratum[entry_order[k - 1]]:
            running = 0.0
            while stratum[i] != stratum[r]:
                i += 1
        while i < len(time) and stratum[i] == stratum[r] and time[i] <= entry[r]:
            running += steps[i]
            i += 1
        if hazard[r] - running > _CANCELLED * hazard[r]:
            hazard[r] -= running
        else:
            hazard[r] = steps[i : r + 1].sum()
