"""The Cox model after its fit, row by row: risk sets, hazard increments, residuals, information weighted over time.

Everything is linear in the rows: sums over risk sets run backward over the rows of a stratum, sums over a row's time at
risk run forward over the deaths. Efron's rule is an expansion: the l-th of d tied deaths (l = 0, ..., d - 1) faces the
risk set less the share l/d of the tied deaths, and a tied death itself is exposed to that increment by 1 - l/d only.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from equipoise.kernels.plain.cox import CoxTerms

# With delayed entry a sum over a risk set is added up directly where this many cells allow it, so that nothing cancels.
_DIRECT_CELLS = 4_000_000


class StratumDeaths(NamedTuple):
    """The risk sets of one stratum of m rows, K distinct death times and E deaths; no coefficients in it yet.

    `rows` (m): positions of the stratum's rows in the data, by time. `time` (K). `first` (K): the first of `rows` with
    a time at or after. `late` is None, or the indicator of risk (K, m), or (order of entry (m), first late (K)).
    `dead` (E): positions in `rows`; `block` (E): the death time of each; `share` (E): Efron's l/d; `start` (K): where
    each block begins; `weight` (K): the mean weight of its deaths. `last`, `before` (m): how many death times are at or
    before each row's time, and at or before its entry.
    """

    rows: np.ndarray
    time: np.ndarray
    first: np.ndarray
    late: np.ndarray | tuple[np.ndarray, np.ndarray] | None
    dead: np.ndarray
    block: np.ndarray
    share: np.ndarray
    start: np.ndarray
    weight: np.ndarray
    last: np.ndarray
    before: np.ndarray


class StratumHazard(NamedTuple):
    """One stratum at one coefficient vector.

    `top`: the largest linear predictor, taken out; `relative` (m): exp(x b - top); `covariates` (m, p); `weights` (m).
    `risk` (E): the weighted sum of `relative` faced by each death; `mean` (E, p): the mean covariates there; `step`
    (E): the hazard increment, mean weight / risk.
    """

    deaths: StratumDeaths
    top: float
    relative: np.ndarray
    covariates: np.ndarray
    weights: np.ndarray
    risk: np.ndarray
    mean: np.ndarray
    step: np.ndarray


def stratum_deaths(
    time: np.ndarray,
    event: np.ndarray,
    stratum: np.ndarray,
    weight: np.ndarray | None,
    entry: np.ndarray | None,
    ties: str,
) -> list[StratumDeaths]:
    """The strata that have a death, each with its risk sets. A row of weight zero is no death."""
    happened = event if weight is None else event & (weight > 0.0)
    order = np.lexsort((time, stratum))
    bounds = np.flatnonzero(np.diff(stratum[order], prepend=-1, append=-1))
    found = []
    for low, high in pairwise(bounds.tolist()):
        rows = order[low:high]
        if happened[rows].any():
            w = np.ones(len(rows)) if weight is None else weight[rows]
            found.append(_deaths(rows, time[rows], happened[rows], w, None if entry is None else entry[rows], ties))
    return found


def _deaths(
    rows: np.ndarray, time: np.ndarray, event: np.ndarray, weight: np.ndarray, entry: np.ndarray | None, ties: str
) -> StratumDeaths:
    dead = np.flatnonzero(event)
    at, start, block, counts = np.unique(time[dead], return_index=True, return_inverse=True, return_counts=True)
    share = (np.arange(len(dead)) - start[block]) / counts[block] if ties == "efron" else np.zeros(len(dead))
    late: np.ndarray | tuple[np.ndarray, np.ndarray] | None = None
    before = np.zeros(len(rows), dtype=np.int64)
    if entry is not None:
        before = np.searchsorted(at, entry, side="right")
        if len(at) * len(rows) <= _DIRECT_CELLS:
            late = ((time >= at[:, None]) & (entry < at[:, None])).astype(float)
        else:
            by_entry = np.argsort(entry, kind="stable")
            late = (by_entry, np.searchsorted(entry[by_entry], at, side="left"))
    return StratumDeaths(
        rows, at, np.searchsorted(time, at, side="left"), late, dead, block, share, start,
        np.add.reduceat(weight[dead], start) / counts, np.searchsorted(at, time, side="right"), before,
    )  # fmt: skip


def at_risk(deaths: StratumDeaths, values: np.ndarray) -> np.ndarray:
    """Sums of `values` (m, q) over the risk set that each death faces, (E, q)."""
    if isinstance(deaths.late, np.ndarray):
        sums = deaths.late @ values
    else:
        sums = np.cumsum(values[::-1], axis=0)[::-1][deaths.first]
        if deaths.late is not None:
            order, first_late = deaths.late
            suffix = np.zeros((len(values) + 1, values.shape[1]))
            suffix[:-1] = np.cumsum(values[order][::-1], axis=0)[::-1]
            sums = sums - suffix[first_late]
    tied = np.add.reduceat(values[deaths.dead], deaths.start, axis=0)
    return sums[deaths.block] - deaths.share[:, None] * tied[deaths.block]


def while_at_risk(deaths: StratumDeaths, values: np.ndarray) -> np.ndarray:
    """Sums of `values` (E, q) over the deaths during each row's time at risk, (m, q), less Efron's share of its own."""
    cumulative = np.zeros((len(deaths.time) + 1, values.shape[1]))
    np.cumsum(np.add.reduceat(values, deaths.start, axis=0), axis=0, out=cumulative[1:])
    sums = cumulative[deaths.last] - cumulative[deaths.before]
    own = np.add.reduceat(deaths.share[:, None] * values, deaths.start, axis=0)
    sums[deaths.dead] -= own[deaths.block]
    return sums


def stratum_hazards(
    beta: np.ndarray, strata: list[StratumDeaths], covariates: np.ndarray, weight: np.ndarray | None
) -> list[StratumHazard]:
    """Hazard increments and mean covariates at each death of each stratum. `covariates` (n, p)."""
    found = []
    for deaths in strata:
        x = covariates[deaths.rows]
        eta = x @ beta
        top = float(eta.max())
        w = np.ones(len(x)) if weight is None else weight[deaths.rows]
        relative = np.exp(eta - top)
        sums = at_risk(deaths, (w * relative)[:, None] * np.column_stack([np.ones(len(x)), x]))
        with np.errstate(divide="ignore", invalid="ignore"):
            mean, step = sums[:, 1:] / sums[:, :1], deaths.weight[deaths.block] / sums[:, 0]
        found.append(StratumHazard(deaths, top, relative, x, w, sums[:, 0], mean, step))
    return found


def process_terms(beta: np.ndarray, hazards: list[StratumHazard]) -> CoxTerms:
    """Log partial likelihood, score and information; see `plain.cox.cox_terms`, of which these are the same sums."""
    loglik, p = 0.0, len(beta)
    score, information = np.zeros(p), np.zeros((p, p))
    for stratum in hazards:
        deaths = stratum.deaths
        if not (stratum.risk > 0.0).all():
            return CoxTerms(-np.inf, score, information)
        dead, each = deaths.dead, deaths.weight[deaths.block]
        eta = stratum.covariates[dead] @ beta - stratum.top
        loglik += float(stratum.weights[dead] @ eta - each @ np.log(stratum.risk))
        score += stratum.weights[dead] @ stratum.covariates[dead] - each @ stratum.mean
        information += weighted_information(stratum, np.ones(len(dead)))
    return CoxTerms(loglik, score, information)


def weighted_information(stratum: StratumHazard, g: np.ndarray) -> np.ndarray:
    """Sum over the deaths of g (E) times the covariance of the covariates in their risk sets, (p, p)."""
    deaths, x = stratum.deaths, stratum.covariates
    exposure = stratum.weights * stratum.relative * while_at_risk(deaths, (g * stratum.step)[:, None])[:, 0]
    mean = stratum.mean
    return (x.T * exposure) @ x - (mean.T * (g * deaths.weight[deaths.block])) @ mean


def mean_at_deaths(stratum: StratumHazard, values: np.ndarray) -> np.ndarray:
    """The mean of `values` (E, q) over the deaths of one time, (K, q)."""
    deaths = stratum.deaths
    counts = np.bincount(deaths.block)
    return np.add.reduceat(values, deaths.start, axis=0) / counts[:, None]


def martingale_residuals(hazards: list[StratumHazard], event: np.ndarray) -> np.ndarray:
    """Events less expected events, (n): d_i - exp(x_i b) times the hazard over the row's time at risk.

    Source: Barlow WE, Prentice RL. Biometrika 1988;75:65-74; Therneau TM, Grambsch PM, Fleming TR. Biometrika
    1990;77:147-160.
    """
    residual = event.astype(float)
    for stratum in hazards:
        exposure = while_at_risk(stratum.deaths, stratum.step[:, None])[:, 0]
        residual[stratum.deaths.rows] -= stratum.relative * exposure
    return residual


def score_residuals(hazards: list[StratumHazard], shape: tuple[int, int]) -> np.ndarray:
    """Each row's part of the score, (n, p), without its weight; their weighted sum is the score vector.

    The integral of (x_i - mean at t) over the row's martingale. Source: Therneau, Grambsch and Fleming 1990.
    """
    residual = np.zeros(shape)
    for stratum in hazards:
        deaths, x = stratum.deaths, stratum.covariates
        sums = while_at_risk(deaths, stratum.step[:, None] * np.column_stack([np.ones(len(deaths.dead)), stratum.mean]))
        part = -stratum.relative[:, None] * (x * sums[:, :1] - sums[:, 1:])
        part[deaths.dead] += x[deaths.dead] - mean_at_deaths(stratum, stratum.mean)[deaths.block]
        residual[deaths.rows] = part
    return residual


def schoenfeld_residuals(hazards: list[StratumHazard]) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the deaths (E), by stratum and time, and their covariates less the mean at risk, (E, p).

    Source: Schoenfeld D. Biometrika 1982;69:239-241.
    """
    rows = [s.deaths.rows[s.deaths.dead] for s in hazards]
    parts = [s.covariates[s.deaths.dead] - mean_at_deaths(s, s.mean)[s.deaths.block] for s in hazards]
    return np.concatenate(rows), np.concatenate(parts)
