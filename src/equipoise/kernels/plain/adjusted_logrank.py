"""The log-rank test adjusted for covariates by linear projections of what each subject adds to it."""

from __future__ import annotations

import numpy as np

from equipoise.kernels.plain.risk_sets import RiskCounts


def derived_outcomes(
    time: np.ndarray, event: np.ndarray, code: np.ndarray, stratum: np.ndarray, counts: RiskCounts
) -> np.ndarray:
    """What each subject (n) adds to O - E: sum of (its arm's) O_i over the experimental less that over the reference.

    O_i = sum over event times of (Y_other / Y) (dN_i - Y_i d / Y), Y_other being at risk in the other arm.
    Source: Ye T, Shao J, Yi Y. Biometrika 2024;111:691-705, equation (4).
    """
    found = np.zeros(len(time))
    total, deaths = counts.at_risk.sum(axis=1), counts.events.sum(axis=1)
    for s in np.unique(stratum):
        at = np.flatnonzero(counts.stratum == s)
        for arm in (0, 1):
            rows = np.flatnonzero((stratum == s) & (code == arm))
            if not len(rows) or not len(at):
                continue
            share = counts.at_risk[at, 1 - arm] / total[at]
            compensator = np.concatenate(([0.0], np.cumsum(share * deaths[at] / total[at])))
            place = np.searchsorted(counts.time[at], time[rows], side="right")
            jump = np.where(event[rows], share[np.maximum(place - 1, 0)], 0.0)
            found[rows] = jump - compensator[place]
    return found


def projections(
    outcome: np.ndarray, covariates: np.ndarray, code: np.ndarray, stratum: np.ndarray
) -> tuple[float, float]:
    """What the covariates take from U = O - E, and from its variance.

    Slopes of the outcome on the covariates within each arm, centered within arm and stratum. U loses
    sum over arms of +-(X_i - X mean of the stratum)' slope, the variance n pi (1 - pi) b' S b with b the sum of both
    slopes and S the covariates' covariance within strata, weighted by size.
    Source: Ye, Shao, Yi 2024, equations (5) to (8).
    """
    n, p = covariates.shape
    slopes = np.zeros((2, p))
    shift, spread = 0.0, np.zeros((p, p))
    for arm in (0, 1):
        rows = np.flatnonzero(code == arm)
        centered = _within(covariates[rows], stratum[rows])
        slopes[arm] = np.linalg.lstsq(centered.T @ centered, centered.T @ outcome[rows], rcond=1e-12)[0]
    around = _within(covariates, stratum)
    for arm, sign in ((0, -1.0), (1, 1.0)):
        shift += sign * float((around[code == arm] @ slopes[arm]).sum())
    sizes = {int(s): int((stratum == s).sum()) for s in np.unique(stratum)}
    counted = sum(size for size in sizes.values() if size > 1)
    for s, size in sizes.items():
        if size > 1:
            inside = around[stratum == s]
            spread += inside.T @ inside / (size - 1) * size / counted
    both, share = slopes.sum(axis=0), float(code.mean())
    return shift, n * share * (1.0 - share) * float(both @ spread @ both)


def _within(values: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    centered = values.copy()
    for s in np.unique(stratum):
        rows = stratum == s
        centered[rows] -= values[rows].mean(axis=0)
    return centered
