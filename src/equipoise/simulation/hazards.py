"""Piecewise-constant hazards in days: survival, and the time at which a cumulative hazard is reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from equipoise.protocol.event_times import HazardPiece

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Hazards:
    """Constant hazards per day, `rates[k]` up to `ends[k]` days; the last end is infinite."""

    ends: tuple[float, ...]
    rates: tuple[float, ...]

    @property
    def starts(self) -> tuple[float, ...]:
        return (0.0, *self.ends[:-1])

    def cumulative(self, time: npt.ArrayLike) -> Floats:
        """The cumulative hazard at times in days."""
        at = np.asarray(time, dtype=np.float64)[..., None]
        spans = np.clip(np.minimum(at, np.array(self.ends)) - np.array(self.starts), 0.0, None)
        return spans @ np.array(self.rates)

    def survival(self, time: npt.ArrayLike) -> Floats:
        """The probability of no event up to times in days."""
        return np.exp(-self.cumulative(time))

    def inverse(self, cumulative: npt.ArrayLike) -> Floats:
        """The times at which a cumulative hazard is reached; infinite where it never is."""
        wanted = np.asarray(cumulative, dtype=np.float64)
        rates, starts = np.array(self.rates), np.array(self.starts)
        reached = self.cumulative(starts)
        piece = np.clip(np.searchsorted(reached, wanted, side="right") - 1, 0, len(rates) - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            beyond = np.where(wanted > reached[piece], (wanted - reached[piece]) / rates[piece], 0.0)
        return starts[piece] + beyond

    @property
    def median(self) -> float:
        """The time by which half have had the event, in days; infinite where it is never reached."""
        return float(self.inverse(math.log(2.0)))


def hazards_of(pieces: tuple[HazardPiece, ...]) -> Hazards:
    """The pieces of a scenario, in days."""
    ends = tuple(piece.until.days if piece.until is not None else math.inf for piece in pieces)
    return Hazards((*ends[:-1], math.inf), tuple(piece.rate.per_day for piece in pieces))
