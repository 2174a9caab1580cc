"""The nonparametric maximum-likelihood estimate from intervals that hold the event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_MAX_ITERATIONS = 500
# The largest excess of a derivative over its bound, as a share of it, at which the maximum counts as reached.
KKT_TOLERANCE = 1e-10


class InnermostIntervals(NamedTuple):
    """Where mass can lie: (`low`, `high`], or the point where they are equal; `holds` (n, m) who contains which."""

    low: np.ndarray
    high: np.ndarray
    holds: np.ndarray


class IntervalEstimate(NamedTuple):
    """The mass of each innermost interval, the log-likelihood, the excess over the optimality condition, iterations."""

    mass: np.ndarray
    loglik: float
    excess: float
    iterations: int


def innermost_intervals(left: np.ndarray, right: np.ndarray) -> InnermostIntervals:
    """Turnbull's innermost intervals of (left, right], a point where left = right.

    At one value a point begins first, then intervals end, then intervals begin: (1, 2] does not meet (2, 3].

    Source: Turnbull BW. J R Stat Soc B 1976;38:290-295.
    """
    point = left == right
    begins = np.where(point, 0, 2)
    value = np.concatenate([left, right])
    kind = np.concatenate([begins, np.ones(len(right), dtype=np.int64)])
    order = np.lexsort((kind, value))
    starts = kind[order] != 1
    at = np.flatnonzero(starts[:-1] & ~starts[1:])
    low, low_kind, high = value[order][at], kind[order][at], value[order][at + 1]
    after = (left[:, None] < low) | ((left[:, None] == low) & (begins[:, None] <= low_kind))
    return InnermostIntervals(low, high, (after & (high <= right[:, None])).astype(float))


def interval_estimate(holds: np.ndarray, weight: np.ndarray) -> IntervalEstimate:
    """Masses p that maximize sum_i w_i log (holds p)_i, by constrained Newton steps.

    Each step solves the quadratic approximation under p >= 0, sum p = 1 as a non-negative least-squares problem, is
    halved until the likelihood rises, and is followed by one EM step. At the maximum every derivative
    sum_i w_i holds_ij / (holds p)_i is at most sum w, and equal to it where p_j > 0 (Gentleman and Geyer 1994): the
    iteration ends when that holds.

    Source: Wang Y. J R Stat Soc B 2007;69:185-198; Dax A. SIAM Rev 1990;32:611-635 (the least-squares form).
    """
    from scipy.optimize import nnls

    rows, weight = _merged(holds, weight)
    total, root = float(weight.sum()), np.sqrt(weight)[:, None]
    mass = np.full(rows.shape[1], 1.0 / rows.shape[1])
    iterations = 0
    while True:
        ratio = rows / (rows @ mass)[:, None]
        slope = weight @ ratio
        # Mass that has all but gone may still stand below its bound.
        excess = float(np.maximum(slope - total, np.where(mass > 1e-9, total - slope, 0.0)).max()) / total
        if excess <= KKT_TOLERANCE or iterations == _MAX_ITERATIONS:
            break
        iterations += 1
        system = np.vstack([root * (ratio - 2.0), np.ones((1, rows.shape[1]))])
        target = np.zeros(len(rows) + 1)
        target[-1] = 1.0
        solved, _ = nnls(system, target)
        step = solved / solved.sum() - mass
        mass = _line_search(rows, weight, mass, step, float(slope @ step))
        mass = mass * (weight @ (rows / (rows @ mass)[:, None])) / total
    mass = np.where(mass > 1e-12, mass, 0.0)
    mass /= mass.sum()
    loglik = float(weight @ np.log(rows @ mass))
    return IntervalEstimate(mass, loglik, excess, iterations)


def _merged(holds: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = weight > 0.0
    rows, inverse = np.unique(holds[kept], axis=0, return_inverse=True)
    return rows, np.bincount(inverse.ravel(), weights=weight[kept])


def _line_search(rows: np.ndarray, weight: np.ndarray, mass: np.ndarray, step: np.ndarray, slope: float) -> np.ndarray:
    start = weight @ np.log(rows @ mass)
    for halving in range(40):
        proposed = mass + step * 0.5**halving
        inside = rows @ proposed
        if (inside > 0.0).all() and weight @ np.log(inside) >= start + slope * 0.5**halving / 3.0 - 1e-13 * abs(start):
            return proposed
    return mass
