"""Exact unconditional tests of two equal binomial probabilities."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

_GRID = 2001
_REFINED = 8
# Statistics that differ by rounding only are equally extreme.
_TIE = 1e-9


class Supremum(NamedTuple):
    """The largest probability of the critical region over the nuisance parameter, and where it is reached."""

    p_value: float
    nuisance: float


def score_matrix(n1: int, n2: int, pooled: bool) -> np.ndarray:
    """z of every outcome (i of n1, j of n2), its variance pooled or not; 0 where both rates are 0 or both 1."""
    p1 = np.arange(n1 + 1)[:, None] / n1
    p2 = np.arange(n2 + 1)[None, :] / n2
    if pooled:
        p = (p1 * n1 + p2 * n2) / (n1 + n2)
        variance = p * (1.0 - p) * (1.0 / n1 + 1.0 / n2)
    else:
        variance = p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2
    distance = p1 - p2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0.0, distance / np.sqrt(variance), np.where(distance == 0.0, 0.0, distance * np.inf))


def fisher_matrix(n1: int, n2: int, alternative: str) -> np.ndarray:
    """Fisher's exact P of every outcome: P(X1 >= i), P(X1 <= i), or by order of probability, given i + j."""
    found = np.ones((n1 + 1, n2 + 1))
    for events in range(n1 + n2 + 1):
        first, last = max(0, events - n2), min(n1, events)
        i = np.arange(first, last + 1)
        logs = np.array([_log_choose(n1, k) + _log_choose(n2, events - k) for k in i.tolist()])
        shares = np.exp(logs - logs.max())
        shares /= shares.sum()
        if alternative == "two-sided":
            order = np.argsort(shares, kind="stable")
            ordered = shares[order]
            upto = np.searchsorted(ordered, shares * (1.0 + 1e-7), side="right")
            values = np.cumsum(ordered)[upto - 1]
        else:
            values = np.cumsum(shares) if alternative == "less" else np.cumsum(shares[::-1])[::-1]
        found[i, events - i] = np.minimum(values, 1.0)
    return found


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def as_extreme(extremity: np.ndarray, x1: int, x2: int) -> np.ndarray:
    """Outcomes whose extremity (large is extreme) is at least that observed, ties by rounding included."""
    own = extremity[x1, x2]
    return extremity >= own - _TIE * max(abs(own), 1e-12) if math.isfinite(own) else extremity >= own


def supremum(region: np.ndarray, low: float = 0.0, high: float = 1.0) -> Supremum:
    """sup over p in [low, high] of the probability of `region` ((n1 + 1, n2 + 1) booleans) when both rates are p.

    On a grid that is even in the arcsine of sqrt(p), then by golden section about the highest grid points.
    """
    edges = np.arcsin(np.sqrt([low, high]))
    grid = np.sin(np.linspace(edges[0], edges[1], _GRID)) ** 2
    values = _probability(region, grid)
    best = Supremum(float(values.max()), float(grid[values.argmax()]))
    inner = values[1:-1]
    peaks = np.flatnonzero((inner >= values[:-2]) & (inner >= values[2:])) + 1
    for k in peaks[np.argsort(values[peaks])[::-1][:_REFINED]].tolist():
        found = _golden(region, float(grid[k - 1]), float(grid[k + 1]))
        best = max(best, found)
    return Supremum(min(best.p_value, 1.0), best.nuisance)


def _golden(region: np.ndarray, low: float, high: float) -> Supremum:
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    best = Supremum(0.0, low)
    for _ in range(60):
        pair = np.array([high - ratio * (high - low), low + ratio * (high - low)])
        left, right = _probability(region, pair).tolist()
        best = max(best, Supremum(left, float(pair[0])), Supremum(right, float(pair[1])))
        if high - low < 1e-12:
            break
        low, high = (low, float(pair[1])) if left > right else (float(pair[0]), high)
    return best


def _probability(region: np.ndarray, p: np.ndarray) -> np.ndarray:
    first, second = (_binomial(size - 1, p) for size in region.shape)
    return ((first @ region) * second).sum(axis=1)


def _binomial(n: int, p: np.ndarray) -> np.ndarray:
    """Binomial probabilities, one row per p."""
    k = np.arange(n + 1)
    logs = np.array([_log_choose(n, i) for i in k.tolist()])
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(k == 0, 0.0, k * np.log(p)[:, None])
        down = np.where(k == n, 0.0, (n - k) * np.log1p(-p)[:, None])
    return np.exp(logs + up + down)
