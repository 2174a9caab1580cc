"""Event times that are not constant hazards in pieces, taken as such: what the formulas of a design make of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from equipoise.design.hazards import Hazard

# The probability of no event by a time in months.
Survival = Callable[[float], float]

PIECES = 32
# Hazards may change fast where the first and the last events happen.
_EARLY, _LATEST = (0.002, 0.01), (0.985, 0.995, 0.999)
_LATE = _LATEST[-1]
# Nothing is looked at later, in months.
_LONGEST = 1200.0
_SMALLEST = 1e-9
_BISECTIONS = 60
_NODES = 800


def hazard_in_pieces(survival: Survival) -> Hazard:
    """Constant hazards in pieces with the same survival at their ends.

    The pieces divide the events evenly, but for shorter ones at both ends.

    >>> hazard = hazard_in_pieces(lambda months: 2.0 ** -((months / 6.0) ** 2))
    >>> [round(float(hazard.survival(t)), 2) for t in (3.0, 6.0, 9.0)]
    [0.84, 0.5, 0.21]
    """
    never = survival(_LONGEST)
    between = PIECES - len(_EARLY) - len(_LATEST)
    shares = [*_EARLY, *(np.arange(1, between + 1) / (between + 1)).tolist(), *_LATEST]
    times = [_time_of(survival, 1.0 - share * (1.0 - never)) for share in shares]
    if never > _SMALLEST:
        times.append(_LONGEST)
    rising = [b for a, b in zip((0.0, *times), times, strict=False) if b > a]
    return Hazard.from_survival(rising, [survival(time) for time in rising])


def _time_of(survival: Survival, level: float) -> float:
    low, high = 0.0, _LONGEST
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if survival(middle) > level else (low, middle)
    return high


def mixture(parts: Sequence[tuple[float, Survival]]) -> Survival:
    """The survival of groups of patients together, each with its share."""
    total = sum(share for share, _ in parts)
    return lambda months: sum(share * survival(months) for share, survival in parts) / total


class Progression(NamedTuple):
    """One group of patients of an illness-death model.

    Survival to `progression` and to death `before` it; the hazard of death `after` it, from progression on or, with
    `since_randomization`, from randomization; the share who are `switched` at progression, and by what `factor` that
    multiplies the hazard after it.
    """

    progression: Survival
    before: Survival
    after: Hazard
    since_randomization: bool
    switched: float = 0.0
    factor: float = 1.0

    def first(self) -> Survival:
        """Survival without progression."""
        return lambda months: self.progression(months) * self.before(months)

    def death(self) -> Survival:
        """Survival with or without progression: the integral of progressing at u and then living on, over u."""
        first = self.first()
        late = _time_of(first, 1.0 - _LATE) + float(self.after.times(min(self.factor, 1.0)).quantile(_LATE))
        edges = min(late, _LONGEST) * np.linspace(0.0, 1.0, _NODES + 1) ** 2
        middle = 0.5 * (edges[1:] + edges[:-1])
        progressing = -np.diff([self.progression(t) for t in edges]) * [self.before(t) for t in middle]
        then = self._living(edges[:, None], middle[None, :])
        alive = np.array([first(t) for t in edges]) + np.where(middle < edges[:, None], progressing * then, 0.0).sum(1)
        logs = np.log(np.maximum(alive, _SMALLEST))
        return lambda months: float(np.exp(np.interp(months, edges, logs)))

    def _living(self, time: np.ndarray, progressed: np.ndarray) -> np.ndarray:
        """The share alive at `time` of those who progressed at `progressed`."""
        since = np.maximum(time - progressed, 0.0)
        gone = self.after.cumulative(since)
        if self.since_randomization:
            gone = self.after.cumulative(progressed + since) - self.after.cumulative(progressed)
        return (1.0 - self.switched) * np.exp(-gone) + self.switched * np.exp(-self.factor * gone)
