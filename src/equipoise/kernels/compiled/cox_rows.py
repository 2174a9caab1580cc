"""The Cox partial likelihood of many covariate patterns without delayed entry, in blocks that stay in the cache.

One backward pass over scalars gives the risk sums, one forward pass the cumulative hazard of each row; then each block
of rows is read once for its part of the score, of the weighted Gram matrix, and of the means at its deaths, whose
products are taken off. numpy's matrix product does the p by p work.

Gain over `compiled.cox`'s pass for delayed entry, 1,000,000 rows, ten covariates, four strata, one core: see
docs/benchmarks.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from equipoise.kernels.compiled.packed import chained, gap_bound
from equipoise.kernels.plain.cox import CoxTerms

# Rows of ten covariates that fit the second cache beside their scaled copy.
_BLOCK = 4096
# A risk sum this small against the largest term of its stratum has lost its digits: see `compiled.cox`.
_VANISHED = 1e-290
# What the flags of a row say: it is a death; the first of its stratum at its time; the first of its stratum; a death
# with others at its time.
_DEATH, _FIRST, _OPENS, _TIED = 1, 2, 4, 8


class CoxRows(NamedTuple):
    """Rows by stratum and time.

    `dead_covariates` (S, p) and `dead_weight` (S): the weighted covariates and the weight of each stratum's deaths;
    `most_tied`: the largest number of deaths at one time; `work` (3, n): memory that evaluations use in turn.
    """

    covariates: np.ndarray
    flags: np.ndarray
    weight: np.ndarray
    dead_covariates: np.ndarray
    dead_weight: np.ndarray
    most_tied: int
    efron: bool
    work: np.ndarray


def cox_rows(
    time: np.ndarray,
    tolerance: float,
    event: np.ndarray,
    covariates: np.ndarray,
    pattern: np.ndarray | None,
    stratum: np.ndarray,
    n_strata: int,
    weight: np.ndarray | None,
    ties: str,
) -> CoxRows:
    """Sorts once what every evaluation needs; times closer than `tolerance` are one, by R's rule."""
    order = np.argsort(time)
    ordered = time[order]
    if tolerance > 0.0:
        distinct = ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]
        mean = float(np.mean(distinct))
        _merge(ordered, tolerance, mean, gap_bound(tolerance, mean))
    if n_strata > 1:
        order, ordered = _by_stratum(order, ordered, stratum, n_strata)
    flags = np.empty(len(time), dtype=np.uint8)
    w = np.ones(len(time)) if weight is None else weight[order].astype(np.float64)
    starts = np.cumsum(np.bincount(stratum, minlength=n_strata)) if n_strata > 1 else np.array([len(time)])
    most = _flag(ordered, np.ascontiguousarray(event), order, starts, flags)
    rows = np.empty((len(time), covariates.shape[1]))
    _gather(np.ascontiguousarray(covariates), order if pattern is None else pattern[order], rows)
    dead = np.zeros((n_strata, rows.shape[1]))
    dead_weight = np.zeros(n_strata)
    _sum_deaths(rows, flags, w, dead, dead_weight)
    return CoxRows(rows, flags, w, dead, dead_weight, most, ties == "efron", np.empty((3, len(time))))


def cox_terms(beta: np.ndarray, rows: CoxRows) -> CoxTerms:
    """See `plain.cox.cox_terms`: the same sums in another order."""
    x, flags = rows.covariates, rows.flags
    n, p = x.shape
    if beta.any():
        eta = np.matmul(x, beta, out=rows.work[2])
        tops = _take_tops(eta, flags, len(rows.dead_weight))
        risk = np.exp(eta, out=eta)
        risk *= rows.weight
    else:
        tops, risk = np.zeros(len(rows.dead_weight)), rows.weight
    hazard, shares = rows.work[0], rows.work[1]
    logs = _steps(flags, rows.weight, risk, rows.efron, hazard, shares)
    if logs == np.inf:
        return CoxTerms(-np.inf, np.full(p, np.nan), np.full((p, p), np.nan))
    _accumulate(flags, risk, hazard, shares)
    information, score = np.zeros((p, p)), rows.dead_covariates.sum(axis=0)
    loglik = float(score @ beta - tops @ rows.dead_weight - logs)
    # The product of two arrays is faster here than that of one with itself, for which the library has another routine.
    scaled, (means, weighted) = np.empty((_BLOCK, p)), np.empty((2, _BLOCK + rows.most_tied, p))
    state, sums, dead_sums = np.zeros(4), np.zeros(p), np.zeros(p)
    for stop in range(n, 0, -_BLOCK):
        start = max(stop - _BLOCK, 0)
        some, held = x[start:stop], hazard[start:stop]
        m = _means(some, flags[start:stop], rows.weight[start:stop], risk[start:stop], rows.efron,
                   state, sums, dead_sums, means, weighted)  # fmt: skip
        information -= means[:m].T @ weighted[:m]
        score -= held @ some
        _scale(some, held, scaled)
        information += some.T @ scaled[: stop - start]
    return CoxTerms(loglik, score, information)


@njit(cache=True, nogil=True)
def _merge(ordered, tolerance, mean, bound):
    """Sets each time to the first of its chain, in place."""
    before = at = ordered[0] if len(ordered) else 0.0
    for i in range(len(ordered)):
        now = ordered[i]
        if now != before and not chained(before, now, tolerance, mean, bound):
            at = now
        before = now
        ordered[i] = at


@njit(cache=True, nogil=True)
def _by_stratum(order, ordered, stratum, n_strata):
    """Rows in order of time, put by stratum and kept in order within it."""
    place = np.zeros(n_strata + 1, np.int64)
    for i in range(len(order)):
        place[stratum[i] + 1] += 1
    for s in range(n_strata):
        place[s + 1] += place[s]
    rows, times = np.empty_like(order), np.empty_like(ordered)
    for i in range(len(order)):
        s = stratum[order[i]]
        rows[place[s]], times[place[s]] = order[i], ordered[i]
        place[s] += 1
    return rows, times


@njit(cache=True, nogil=True)
def _flag(time, event, order, stops, flags):
    """Writes each row's flags; returns the largest number of deaths at one time of one stratum."""
    most, dead, i = 0, 0, 0
    for stop in stops:
        begin = i
        while i < stop:
            flag = _DEATH if event[order[i]] else 0
            if i == begin:
                flag |= _OPENS
            if i == begin or time[i] != time[i - 1]:
                flag |= _FIRST
                dead = 0
            dead += flag & _DEATH
            most = max(most, dead)
            flags[i] = flag
            i += 1
            if dead > 1 and (i == stop or time[i] != time[i - 1]):
                _mark_tied(flags, i - 1)
    return most


@njit(cache=True, nogil=True)
def _mark_tied(flags, last):
    i = last
    while True:
        opens = flags[i] & _FIRST
        if flags[i] & _DEATH:
            flags[i] |= _TIED
        if opens:
            return
        i -= 1


@njit(cache=True, nogil=True)
def _gather(source, rows, target):
    for i in range(len(rows)):
        for j in range(source.shape[1]):
            target[i, j] = source[rows[i], j]


@njit(cache=True, nogil=True)
def _sum_deaths(x, flags, weight, dead, dead_weight):
    s = -1
    for i in range(len(flags)):
        if flags[i] & _OPENS:
            s += 1
        if flags[i] & _DEATH:
            dead_weight[s] += weight[i]
            for j in range(x.shape[1]):
                dead[s, j] += weight[i] * x[i, j]


@njit(cache=True, nogil=True)
def _take_tops(eta, flags, n_strata):
    """Takes the largest linear predictor of each stratum out of its rows, and returns them."""
    tops = np.full(n_strata, -np.inf)
    s = -1
    for i in range(len(eta)):
        s += (flags[i] & _OPENS) >> 2
        tops[s] = max(tops[s], eta[i])
    s = -1
    for i in range(len(eta)):
        s += (flags[i] & _OPENS) >> 2
        eta[i] -= tops[s]
    return tops


@njit(cache=True, nogil=True)
def _steps(flags, weight, risk, efron, steps, shares):
    """Writes the hazard's step at each time to its first row, and Efron's share of the deaths there.

    Returns the weighted sum of log risks over the deaths, infinite where a risk sum has vanished.
    """
    total, dead_risk, dead_weight, dead = 0.0, 0.0, 0.0, 0
    logs, product = 0.0, 1.0
    for i in range(len(flags) - 1, -1, -1):
        total += risk[i]
        if flags[i] & _DEATH:
            dead += 1
            dead_weight += weight[i]
            dead_risk += risk[i]
        if flags[i] & _FIRST:
            step = own = 0.0
            each = dead_weight / dead if dead > 0 else 0.0
            for k in range(dead):
                f = k / dead if efron else 0.0
                left = total - f * dead_risk
                if each > 0.0 and not left > _VANISHED:
                    return np.inf
                inverse = each / left if each > 0.0 else 0.0
                step += inverse
                own += f * inverse
                if each != 1.0:
                    logs += each * np.log(left) if each > 0.0 else 0.0
                else:
                    # One logarithm for many deaths.
                    product *= left
                    if not 1e-10 < product < 1e250:
                        logs += np.log(product)
                        product = 1.0
            steps[i], shares[i] = step, own
            dead_risk, dead_weight, dead = 0.0, 0.0, 0
        if flags[i] & _OPENS:
            total = 0.0
    return logs + np.log(product)


@njit(cache=True, nogil=True)
def _accumulate(flags, risk, steps, shares):
    """Turns steps into each row's risk times its cumulative hazard, less Efron's share where it is a death."""
    running = own = 0.0
    for i in range(len(flags)):
        if flags[i] & _OPENS:
            running = 0.0
        if flags[i] & _FIRST:
            running += steps[i]
            own = shares[i]
        hazard = running - own if flags[i] & _DEATH else running
        steps[i] = max(hazard * risk[i], 0.0)


@njit(cache=True, nogil=True)
def _scale(x, factor, scaled):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            scaled[i, j] = x[i, j] * factor[i]


@njit(cache=True, nogil=True)
def _means(x, flags, weight, risk, efron, state, sums, dead_sums, means, weighted):
    """Writes the mean covariates at each death of these rows, and these times its weight; returns how many.

    `state` carries the sums of scalars (risk, risk and weight and number of deaths at the time in hand) from the
    rows after these to those before, `sums` and `dead_sums` those of covariates.
    """
    p, m = x.shape[1], 0
    total, dead_risk, dead_weight, dead = state[0], state[1], state[2], int(state[3])
    for i in range(len(flags) - 1, -1, -1):
        r = risk[i]
        total += r
        for j in range(p):
            sums[j] += r * x[i, j]
        if flags[i] & _DEATH:
            dead += 1
            dead_risk += r
            dead_weight += weight[i]
            if flags[i] & _TIED:
                for j in range(p):
                    dead_sums[j] += r * x[i, j]
        if flags[i] & _FIRST and dead > 0:
            part = dead_risk if efron else 0.0
            m = _write_means(dead, dead_weight / dead, total, part, sums, dead_sums, means, weighted, m)
            if dead > 1:
                dead_sums[:] = 0.0
            dead_risk, dead_weight, dead = 0.0, 0.0, 0
        if flags[i] & _OPENS:
            total = 0.0
            sums[:] = 0.0
    state[0], state[1], state[2], state[3] = total, dead_risk, dead_weight, dead
    return m


@njit(cache=True, nogil=True)
def _write_means(dead, each, total, dead_risk, sums, dead_sums, means, weighted, m):
    """The means at the deaths of one time, from place `m` on; returns the next one. No `dead_risk`: Breslow's rule."""
    p = len(sums)
    for k in range(dead):
        f = k / dead if dead_risk > 0.0 else 0.0
        scale = 1.0 / (total - f * dead_risk) if each > 0.0 else 0.0
        for j in range(p):
            means[m, j] = (sums[j] - f * dead_sums[j]) * scale if f > 0.0 else sums[j] * scale
            weighted[m, j] = means[m, j] * each
        m += 1
    return m
