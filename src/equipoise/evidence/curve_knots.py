"""The knots of a curve: where something is known of it, and where events may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.evidence.curve_points import CurvePoints
from equipoise.evidence.risk_numbers import RiskNumbers


@dataclass(frozen=True)
class HeightBound:
    """What a paper says of a curve's height after `time`: between `low` and `high`, `error` the softness of it."""

    time: float
    low: float
    high: float
    error: float


@dataclass(frozen=True)
class Knots:
    """Ascending times, m of them, with what holds after each.

    The curve lies between `low` and `high`, give or take `error`; at least `least` events happen there, none where
    not `free`; `most` and `fewest` bound the number at risk there. `gap_marks`: censoring ticks before each knot and
    after the last (m + 1), or None where the figure draws none.
    """

    time: np.ndarray
    low: np.ndarray
    high: np.ndarray
    error: np.ndarray
    least: np.ndarray
    free: np.ndarray
    most: np.ndarray
    fewest: np.ndarray
    gap_marks: np.ndarray | None

    def misfit(self, survival: np.ndarray) -> float:
        """Half the sum of squared distances of a curve (m) to its bounds, in errors."""
        beyond = np.maximum(np.maximum(self.low - survival, survival - self.high), 0.0) / self.error
        return float(0.5 * np.minimum(beyond * beyond, LARGEST).sum())


# A point further off than this many squared errors weighs no more: it is a misread one.
LARGEST = 60.0


def curve_knots(points: CurvePoints, risk: RiskNumbers, bounds: Sequence[HeightBound] = ()) -> Knots:
    """The knots of a curve, of its numbers at risk and of what a paper prints of its height, merged.

    At the time of a number at risk, those with an event at that time still count.
    """
    time = np.unique(np.concatenate((points.time, risk.time[risk.time > 0.0], [b.time for b in bounds])))
    time = time[time > 0.0] if (points.time[0] > 0.0 or points.height[0] >= 1.0) else time
    low, high, error = np.zeros(len(time)), np.ones(len(time)), np.ones(len(time))
    own = np.isin(time, points.time)
    held = np.isin(points.time, time)
    low[own] = high[own] = points.height[held]
    error[own] = points.error
    free = own if points.stepped else np.ones(len(time), dtype=bool)
    for bound in bounds:
        k = int(np.searchsorted(time, bound.time))
        if own[k]:
            low[k] = high[k] = min(max(low[k], bound.low), bound.high)
            error[k] = min(error[k], bound.error)
        else:
            low[k], high[k], error[k] = bound.low, bound.high, bound.error
    before = np.searchsorted(risk.time, time, side="right") - 1
    after = np.searchsorted(risk.time, time, side="left")
    most = risk.count[before]
    # A number at risk at a knot's own time is the number there; else the next one bounds it from below.
    fewest = np.append(risk.count, 0)[after]
    marks = np.histogram(points.marks, np.concatenate(([0.0], time, [np.inf])))[0] if len(points.marks) else None
    least = (own & points.stepped).astype(np.int64)
    return Knots(time, low, high, error, least, free, most, fewest, marks)
