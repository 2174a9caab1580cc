"""The probability that a normal vector falls into a box, by deterministic quadrature, singular correlation included."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np

# Normal coordinates are integrated within this distance of zero; what lies beyond has probability below 1e-20.
_REACH = 9.5
# A pivot of the correlation below this is rounding: the test it belongs to is a combination of the others.
_RANK = 1e-13
# Two lines of a section whose directions differ by less than this angle are parallel.
_PARALLEL = 1e-10
# Each further dimension multiplies the time by some hundreds: one second at four, minutes at five.
MOST_DIMENSIONS = 4

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_T_NODES, _T_WEIGHTS = (np.array(a) for a in np.polynomial.legendre.leggauss(24))
_T_NODES, _T_WEIGHTS = (_T_NODES + 1.0) / 2.0, _T_WEIGHTS / 2.0
_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_box(low: np.ndarray, high: np.ndarray, correlation: np.ndarray) -> float:
    """P(low <= Z <= high) for Z normal with mean zero and this correlation, of any rank up to four.

    Z = L X with independent X by a pivoted Cholesky factor of the numerical rank r, so the box is a polytope in r
    dimensions. Its normal measure is integrated over the first r - 2 coordinates by adaptive Gauss-Legendre quadrature
    between the projections of the polytope's vertices, where the integrand is analytic; the sections left over are
    polygons, whose measure is a sum of Owen's T functions over their edges. Error below 1e-9 up to rank three, 1e-8 at
    four. Limits may be infinite.

    Source: Owen DB. Ann Math Stat 1956;27:1075-1090 (polygons); Genz A, Bretz F. Computation of multivariate normal and
    t probabilities. Springer 2009, section 2.1 (singular problems as polytopes).
    Raises ValueError above rank four.
    """
    low, high, correlation = _distinct(low, high, correlation)
    factor = _pivoted_factor(correlation)
    if factor.shape[1] > MOST_DIMENSIONS:
        raise ValueError(f"the correlation has rank {factor.shape[1]}; at most {MOST_DIMENSIONS} can be integrated")
    normals = np.concatenate((factor, -factor))
    offsets = np.concatenate((high, -low))
    finite = np.isfinite(offsets)
    if (offsets == -np.inf).any():
        return 0.0
    return min(max(_polytope(normals[finite], offsets[finite]), 0.0), 1.0)


def _distinct(low: np.ndarray, high: np.ndarray, correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The box with coordinates that are one and the same, or its negative, merged into one with the tighter limits.

    Left apart they would be two lines on top of each other, of which rounding decides whether none, one or both count.
    """
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    kept: list[int] = []
    for i in range(len(low)):
        twin = next((k for k in kept if abs(correlation[i, k]) > 1.0 - _RANK), None)
        if twin is None:
            kept.append(i)
            continue
        below, above = (low[i], high[i]) if correlation[i, twin] > 0.0 else (-high[i], -low[i])
        low[twin], high[twin] = max(low[twin], below), min(high[twin], above)
    return low[kept], high[kept], np.asarray(correlation, dtype=float)[np.ix_(kept, kept)]


def _pivoted_factor(correlation: np.ndarray) -> np.ndarray:
    """L (m, r) with L L' = correlation, r its numerical rank; the rows in the order of `correlation`."""
    left = np.array(correlation, dtype=float)
    columns: list[np.ndarray] = []
    while len(columns) < len(left):
        pivot = int(np.argmax(left.diagonal()))
        if left[pivot, pivot] <= _RANK:
            break
        column = left[:, pivot] / math.sqrt(left[pivot, pivot])
        columns.append(column)
        left = left - np.outer(column, column)
        # The pivot's row is exhausted; what rounding leaves there must not be mistaken for a direction.
        left[pivot], left[:, pivot] = 0.0, 0.0
    return np.stack(columns, axis=1)


def _polytope(normals: np.ndarray, offsets: np.ndarray) -> float:
    """The standard normal measure of {x: normals x <= offsets}."""
    r = normals.shape[1]
    if r == 1:
        low, high = _bounds(normals[:, 0], offsets)
        return max(float(_upper_tail(np.array(low)) - _upper_tail(np.array(high))), 0.0) if low < high else 0.0
    length = np.sqrt((normals[:, 1:] ** 2).sum(axis=1)) if r > 2 else np.sqrt((normals**2).sum(axis=1))
    if r == 2:
        return float(_polygons(normals / length[:, None], (offsets / length)[None, :])[0])
    flat = length <= _RANK
    low, high = _bounds(normals[flat, 0], offsets[flat])
    if low >= high:
        return 0.0
    scale = length[~flat]
    rest, slope, level = normals[~flat, 1:] / scale[:, None], normals[~flat, 0] / scale, offsets[~flat] / scale

    def density(x: np.ndarray) -> np.ndarray:
        sections = level - slope * x[:, None]
        inner = _polygons(rest, sections) if r == 3 else np.array([_polytope(rest, one) for one in sections])
        return np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi) * inner

    return _adaptive(density, _cuts(normals, offsets, low, high), 1e-12 if r == 3 else 1e-9)


def _bounds(slope: np.ndarray, offset: np.ndarray) -> tuple[float, float]:
    """The interval of x with slope x <= offset, within reach."""
    rising, falling = slope > 0.0, slope < 0.0
    high = min([_REACH, *(offset[rising] / slope[rising]).tolist()])
    return max([-_REACH, *(offset[falling] / slope[falling]).tolist()]), high


def _cuts(normals: np.ndarray, offsets: np.ndarray, low: float, high: float) -> np.ndarray:
    """Where the measure of a section may change its formula: the first coordinates of the polytope's vertices."""
    m, r = normals.shape
    found = [low, high, *np.arange(math.ceil(low), math.floor(high) + 1, 2.0).tolist()]
    if m >= r:
        chosen = np.array(list(combinations(range(m), r)))
        matrices = normals[chosen]
        solvable = np.abs(np.linalg.det(matrices)) > 1e-12
        vertices = np.linalg.solve(matrices[solvable], offsets[chosen[solvable]][..., None])[..., 0]
        within = (vertices @ normals.T <= offsets + 1e-6 * (1.0 + np.abs(offsets))).all(axis=1)
        found += vertices[within, 0].tolist()
    cuts = np.unique(np.clip(found, low, high))
    return cuts[np.concatenate(([True], np.diff(cuts) > 1e-12))]


def _adaptive(density: Callable[[np.ndarray], np.ndarray], cuts: np.ndarray, tolerance: float) -> float:
    """The integral between cuts: pieces are halved until halving changes none by more than the tolerance."""
    low, high = cuts[:-1], cuts[1:]
    coarse, total = _gauss(density, low, high), 0.0
    for _ in range(30):
        if not len(low):
            break
        middle = (low + high) / 2.0
        fine = _gauss(density, np.concatenate((low, middle)), np.concatenate((middle, high)))
        left, right = fine[: len(low)], fine[len(low) :]
        done = np.abs(left + right - coarse) <= tolerance
        total += float((left + right)[done].sum())
        open_ = ~done
        coarse = np.concatenate((left[open_], right[open_]))
        low, high = np.concatenate((low[open_], middle[open_])), np.concatenate((middle[open_], high[open_]))
    return total + float(coarse.sum()) if len(low) else total


def _gauss(density: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    half = (high - low) / 2.0
    at = ((low + high) / 2.0)[:, None] + half[:, None] * _NODES
    return (density(at.ravel()).reshape(at.shape) @ _WEIGHTS) * half


def _polygons(normals: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Bivariate standard normal measures of {x: normals x <= offsets[b]} for each b; unit normals (m, 2).

    The boundary is walked edge by edge: an edge at signed distance h of the origin, from t1 to t2 along its line, adds
    sign(h) (G(|h|, t2) - G(|h|, t1)), G being the measure of the right triangle with legs |h| and t.
    """
    box = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    n = np.concatenate((normals, box))
    h = np.concatenate((offsets, np.full((len(offsets), 4), _REACH)), axis=1)
    cosine = n @ n.T
    sine = n[:, 1][None, :] * n[:, 0][:, None] - n[:, 0][None, :] * n[:, 1][:, None]
    parallel = np.abs(sine) < _PARALLEL
    gap = h[:, None, :] - h[:, :, None] * cosine
    with np.errstate(divide="ignore", invalid="ignore"):
        at = gap / sine
    t_high = np.where(sine >= _PARALLEL, at, np.inf).min(axis=2)
    t_low = np.where(sine <= -_PARALLEL, at, -np.inf).max(axis=2)
    # Of edges on one line the first counts; a line beyond a parallel one, or beyond an opposite one, is no edge.
    earlier = np.tril(np.ones((len(n), len(n)), dtype=bool), -1) & (cosine > 0.0)
    hidden = (parallel & ~np.eye(len(n), dtype=bool) & ((gap < 0.0) | ((gap == 0.0) & earlier))).any(axis=2)
    edge = (t_high > t_low) & ~hidden
    b, i = np.nonzero(edge)
    distance = h[b, i]
    side = np.abs(distance)
    piece = np.sign(distance) * (_triangle(side, t_high[b, i]) - _triangle(side, t_low[b, i]))
    return np.bincount(b, weights=piece, minlength=len(offsets))


def _triangle(h: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Normal measure of the triangle (0, 0), (h, 0), (h, t), odd in t: arctan(t / h) / (2 pi) - T(h, t / h).

    Owen's T is integrated where its second argument is at most one, and else had from
    T(h, a) = (Q(h) + Q(ah)) / 2 - Q(h) Q(ah) - T(ah, 1 / a), Q being the upper tail.
    """
    size = np.abs(t)
    steep = size > h
    leg = np.maximum(size, h)
    with np.errstate(invalid="ignore"):
        ratio = np.where(leg > 0.0, np.minimum(size, h) / leg, 0.0)
    owen = _owen(leg, ratio)
    q_h, q_t = _upper_tail(h), _upper_tail(size)
    owen = np.where(steep, (q_h + q_t) / 2.0 - q_h * q_t - owen, owen)
    return np.sign(t) * (np.arctan2(size, h) / (2.0 * math.pi) - owen)


def _owen(h: np.ndarray, a: np.ndarray) -> np.ndarray:
    """T(h, a) = integral from 0 to a of exp(-h^2 (1 + x^2) / 2) / (1 + x^2) dx / (2 pi), 0 <= a <= 1."""
    x2 = (a[:, None] * _T_NODES) ** 2
    return a / (2.0 * math.pi) * ((np.exp(-0.5 * (h * h)[:, None] * (1.0 + x2)) / (1.0 + x2)) @ _T_WEIGHTS)


def _upper_tail(z: np.ndarray) -> np.ndarray:
    return 0.5 * np.asarray(_erfc(z / math.sqrt(2.0)), dtype=float)
