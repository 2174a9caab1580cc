"""Expected events of patients who arrive, have events and are lost at piecewise-constant rates.

A patient followed for s has had an event, not lost before, with probability

    F(s) = int_0^s lambda(x) exp(-Lambda(x) - Delta(x)) dx,

lambda and delta the hazards of the event and of loss. Patients arriving with intensity a(u) give
int_0^t a(u) F(t - u) du expected events at calendar time t. With all three piecewise constant, F and its integrals are
sums of exponentials: on a piece of total hazard h that starts at b,

    F(b + w) = F(b) + c e1(w),   e1(w) = (1 - exp(-h w)) / h,   c = lambda exp(-Lambda(b) - Delta(b)).

Everything is written with functions of h w that stay exact as h w goes to 0.
Source: Lachin JM, Foulkes MA. Biometrics 1986;42:507-519 (uniform and exponential); Wu J. Statistical methods for
survival trial design. CRC 2018, chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Below this the closed forms lose digits to cancellation and their series are taken, to the last bit.
_SMALL = 0.5
# (y - 1 + exp(-y)) / y^2 = sum (-y)^k / (k + 2)!
_FIRST = tuple((-1.0) ** k / math.factorial(k + 2) for k in range(15))
# (y - 2 (1 - exp(-y)) + (1 - exp(-2 y)) / 2) / y^3 = sum (-y)^k (2^(k+2) - 2) / (k + 3)!
_SECOND = tuple((-1.0) ** k * (2.0 ** (k + 2) - 2.0) / math.factorial(k + 3) for k in range(18))


def _mean_decay(y: Floats) -> Floats:
    """(1 - exp(-y)) / y, 1 at 0."""
    return np.where(y > 0.0, -np.expm1(-y) / np.where(y > 0.0, y, 1.0), 1.0)


def _series_below(y: Floats, coefficients: tuple[float, ...], closed: Callable[[Floats], Floats]) -> Floats:
    """The closed form from `_SMALL` on, the power series below."""
    small = y < _SMALL
    if not small.any():
        return closed(y)
    low = np.where(small, y, 0.0)
    total = np.full_like(low, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= low
        total += coefficient
    return np.where(small, total, closed(np.where(small, _SMALL, y)))


def _first_integral(y: Floats) -> Floats:
    """int_0^1 (1 - exp(-y v)) / y dv = (y - 1 + exp(-y)) / y^2."""
    return _series_below(y, _FIRST, lambda y: (y + np.expm1(-y)) / y**2)


def _second_integral(y: Floats) -> Floats:
    """int_0^1 ((1 - exp(-y v)) / y)^2 dv."""
    return _series_below(y, _SECOND, lambda y: (y + 2.0 * np.expm1(-y) - np.expm1(-2.0 * y) / 2.0) / y**3)


class Course:
    """What a patient goes through, for one hazard of the event and one of loss, and what many give together.

    `event` and `loss` are (rates, breaks): k rates, the first from time 0, and the k - 1 times where they change.
    """

    def __init__(self, event: tuple[Floats, Floats], loss: tuple[Floats, Floats]) -> None:
        breaks = np.unique(np.concatenate((event[1], loss[1]))) if len(loss[1]) else event[1]
        self.starts = np.concatenate(([0.0], breaks))
        self.stops = np.concatenate((breaks, [np.inf]))
        rate, losing = (r[np.searchsorted(b, self.starts, side="right")] for r, b in (event, loss))
        self.hazard = rate + losing
        width = np.diff(self.starts)
        y = self.hazard[:-1] * width
        self.density = rate * np.exp(-np.concatenate(([0.0], np.cumsum(y))))
        self.reached = np.concatenate(([0.0], np.cumsum(self.density[:-1] * width * _mean_decay(y))))

    def probability(self, time: Floats) -> Floats:
        """F at non-negative times of follow-up."""
        piece = np.searchsorted(self.starts, time, side="right") - 1
        width = time - self.starts[piece]
        return self.reached[piece] + self.density[piece] * width * _mean_decay(self.hazard[piece] * width)

    def limit(self) -> float:
        """F at infinity: the share of patients who ever have an observed event."""
        last = self.density[-1] / self.hazard[-1] if self.hazard[-1] > 0.0 else 0.0
        return float(self.reached[-1] + last)

    def over_arrivals(self, time: Floats, edges: Floats) -> Arrived:
        """The course over patients who arrive between consecutive `edges`, seen at calendar times: (times, edges - 1).

        Ages are cut at the starts of the pieces, so that every part is a sum of positive terms.
        """
        ages = np.maximum(time[:, None] - edges[None, :], 0.0)
        youngest, oldest = ages[:, 1:, None], ages[:, :-1, None]
        low, high = np.maximum(youngest, self.starts), np.minimum(oldest, self.stops)
        width = np.maximum(high - low, 0.0)
        # Of a short accrual seen late the ages differ by little; its own length has all the digits.
        uncut = (low == youngest) & (high == oldest) & (time[:, None, None] >= edges[None, 1:, None])
        width = np.where(uncut, np.diff(edges)[None, :, None], width)
        into = np.where(width > 0.0, low - self.starts, 0.0)
        y = self.hazard * into
        before = self.reached + self.density * into * _mean_decay(y)
        return Arrived(width, self.hazard * width, before, self.density * np.exp(-y))


class Arrived:
    """Parts of ages (times, arrivals, pieces): width, hazard times width, and F and its slope where they start."""

    def __init__(self, width: Floats, decay: Floats, before: Floats, slope: Floats) -> None:
        self.width, self.decay, self.before, self.slope = width, decay, before, slope

    def integral(self) -> Floats:
        """int F over the ages (times, arrivals)."""
        return (self.before * self.width + self._grown()).sum(axis=2)

    def square_integral(self) -> Floats:
        """int F^2 over the ages."""
        pure = self.slope**2 * self.width**3 * _second_integral(self.decay)
        return (self.before**2 * self.width + 2.0 * self.before * self._grown() + pure).sum(axis=2)

    def gain(self) -> Floats:
        """F at the oldest age less F at the youngest."""
        return (self.slope * self.width * _mean_decay(self.decay)).sum(axis=2)

    def _grown(self) -> Floats:
        return self.slope * self.width**2 * _first_integral(self.decay)
