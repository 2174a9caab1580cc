"""Integrals over time since randomization, piece by piece between the breaks of hazards, dropout and accrual."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_ORDER = 24
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(_ORDER)
# A piece is cut so that no more than this much cumulative hazard falls into it.
_MOST_HAZARD = 3.0
_MOST_PIECES = 400
# The first piece is stretched, t = length * u ** 4, because weights such as (1 - S(t)) ** 0.5 are not smooth at zero.
_STRETCH = 4


def _running_weights() -> np.ndarray:
    """Q with (Q f)_i = integral from -1 to node i of the polynomial through f at the nodes."""
    values = np.polynomial.legendre.legvander(_NODES, _ORDER)
    # The integral of P_k is (P_{k+1} - P_{k-1}) / (2 k + 1); f's coefficient of P_k is (2 k + 1) / 2 sum w P_k f.
    rising = np.empty((_ORDER, _ORDER))
    rising[:, 0] = (values[:, 1] + values[:, 0]) / 2.0
    for k in range(1, _ORDER):
        rising[:, k] = (values[:, k + 1] - values[:, k - 1]) / 2.0
    return rising @ (values[:, :_ORDER] * _WEIGHTS[:, None]).T


_RUNNING = _running_weights()


class TimeGrid:
    """Gauss-Legendre nodes on the pieces of [0, end]: `t` and `weight`, both (pieces, nodes)."""

    def __init__(self, end: float, cuts: Sequence[float], rate: float) -> None:
        """`cuts` are times where an integrand may bend; `rate` the largest hazard of anything that is integrated."""
        inner = np.asarray(cuts, dtype=float)
        edges = np.unique(np.concatenate(([0.0], inner[(inner > 0.0) & (inner < end)], [end])))
        edges = edges[np.concatenate(([True], np.diff(edges) > 1e-12 * end))]
        edges[-1] = end
        edges = _refined(edges, rate)
        low, length = edges[:-1, None], np.diff(edges)[:, None]
        unit = (_NODES + 1.0) / 2.0
        self.t = low + length * unit
        self._speed = np.repeat(length / 2.0, _ORDER, axis=1)
        self.t[0] = edges[1] * unit**_STRETCH
        self._speed[0] = edges[1] * _STRETCH * unit ** (_STRETCH - 1) / 2.0
        self.weight = self._speed * _WEIGHTS

    def integral(self, values: np.ndarray) -> float:
        """The integral over [0, end] of a function given at the nodes."""
        return float((self.weight * values).sum())

    def integral_to(self, values: np.ndarray) -> np.ndarray:
        """The integral from 0 to each node."""
        scaled = values * self._speed
        before = np.cumsum((scaled * _WEIGHTS).sum(axis=1))
        return scaled @ _RUNNING.T + np.concatenate(([0.0], before[:-1]))[:, None]

    def integral_from(self, values: np.ndarray) -> np.ndarray:
        """The integral from each node to the end."""
        return self.integral(values) - self.integral_to(values)


def _refined(edges: np.ndarray, rate: float) -> np.ndarray:
    parts = np.clip(np.ceil(np.diff(edges) * rate / _MOST_HAZARD), 1, _MOST_PIECES).astype(int)
    inner = [np.linspace(a, b, k + 1)[:-1] for a, b, k in zip(edges[:-1], edges[1:], parts, strict=True)]
    return np.concatenate([*inner, edges[-1:]])
