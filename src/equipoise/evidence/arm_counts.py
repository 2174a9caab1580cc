"""A reconstructed arm: how many had the event at each time, and how many were censored between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ArmCounts:
    """Whole patients at knots.

    `n` patients; at knot k, `time[k]` (ascending), `events[k]` have the event; `censored[k]` are censored between knot
    k - 1 (or time 0) and knot k, `censored[m]` after the last knot, up to `end`.
    """

    n: int
    time: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    end: float

    @property
    def at_risk(self) -> np.ndarray:
        """Patients at risk at each knot."""
        return self.n - np.cumsum(self.censored[:-1]) - np.cumsum(self.events) + self.events

    @property
    def survival(self) -> np.ndarray:
        """The product-limit curve after each knot."""
        at_risk = self.at_risk
        return np.cumprod(np.where(at_risk > 0, 1.0 - self.events / np.maximum(at_risk, 1), 1.0))

    @property
    def n_events(self) -> int:
        return int(self.events.sum())

    def height_at(self, times: np.ndarray) -> np.ndarray:
        """The curve at the given times."""
        place = np.searchsorted(self.time, times, side="right")
        return np.append(1.0, self.survival)[place]

    def patients(
        self, marks: np.ndarray | None = None, shares: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Time and event (booleans) of every patient, in order of time.

        Censored patients stand evenly between two knots, at the figure's censoring `marks` where as many stand there,
        or at `shares` (n, within 0 to 1) of the way; those after the last knot end with one at the curve's end.
        """
        starts, stops = np.append(0.0, self.time), np.append(self.time, max(self.end, self.time[-1]))
        gap = np.repeat(np.arange(len(self.censored)), self.censored)
        first = np.cumsum(self.censored) - self.censored
        rank = np.arange(len(gap)) - first[gap]
        within = self.censored[gap]
        if shares is None:
            share = np.where(
                gap == len(self.time), (rank + 1.0) / np.maximum(within, 1), (rank + 0.5) / np.maximum(within, 1)
            )
        else:
            share = np.where((gap == len(self.time)) & (rank + 1 == within), 1.0, shares[: len(gap)])
        left = starts[gap] + share * (stops - starts)[gap]
        if marks is not None and shares is None:
            left = _at_marks(left, gap, self.censored, starts, stops, np.asarray(marks))
        time = np.concatenate((np.repeat(self.time, self.events), left))
        event = np.arange(len(time)) < self.n_events
        # Events precede censorings at the same time.
        order = np.lexsort((~event, time))
        return time[order], event[order]


def _at_marks(
    left: np.ndarray, gap: np.ndarray, censored: np.ndarray, starts: np.ndarray, stops: np.ndarray, marks: np.ndarray
) -> np.ndarray:
    """Censoring times moved to the figure's marks in the gaps that hold as many as there are censored."""
    held = np.searchsorted(stops, marks, side="left")
    held = np.minimum(held, len(stops) - 1)
    moved = left.copy()
    for k in np.unique(held):
        here = np.sort(marks[held == k])
        if len(here) == censored[k]:
            inside = np.nextafter(stops[k], 0.0) if k < len(stops) - 1 else stops[k]
            moved[gap == k] = np.clip(here, np.nextafter(starts[k], np.inf), max(inside, starts[k]))
    return moved
