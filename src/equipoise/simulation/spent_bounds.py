"""Bounds that are found again at the events a trial has at its looks, as `design.at` does in the real one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.errors import DesignError
from equipoise.simulation.event_laws import refused
from equipoise.simulation.trial_looks import LookBounds

Floats = npt.NDArray[np.float64]

# Events count as planned when they differ by rounding alone, as in `design.monitoring`.
_PLANNED = 1e-9
# A single event tells nothing of two arms, and `design.at` would take it for a fraction.
_FEWEST = 2
_NO_UPPER, _NO_LOWER = math.inf, -math.inf


class TrialBounds(NamedTuple):
    """Bounds for Z by look and trial, (K, trials) each; `lower` is the higher of futility and harm."""

    efficacy: Floats
    lower: Floats
    harm: Floats


@dataclass(frozen=True, eq=False)
class SpentBounds(LookBounds):
    """The bounds of a `design` at its planned events, and at any others by the error that `design.at` spends there.

    A look without two events, or with none since the look before, spends nothing and decides nothing. The last look,
    and one that reaches the planned maximum before it, spends all that is left.
    """

    design: GroupSequentialDesign
    known: dict[tuple[int, ...], Floats] = field(default_factory=dict, repr=False)

    @classmethod
    def at_events(cls, design: GroupSequentialDesign) -> SpentBounds:
        """The bounds of a design that has events."""
        planned = LookBounds.of_design(design)
        return cls(planned.efficacy, planned.futility, planned.harm, design)

    def held_against(self, found: Floats) -> tuple[Floats, Any]:
        """See `LookBounds.held_against`; `found` is the Z of one arm, then the events of both, (3, K, trials)."""
        return found[:1], self.limits(found[1] + found[2])

    def limits(self, events: Floats) -> LookBounds | TrialBounds:
        """The bounds of trials with these events (K, trials); those of the plan where all have the planned events."""
        planned = self.design.events[:, None]
        other = (np.abs(events - planned) > _PLANNED * planned).any(axis=0)
        if not other.any():
            return self
        paths, place = np.unique(events[:, other].T.astype(np.int64), axis=0, return_inverse=True)
        found = np.array([self.of_path(tuple(path)) for path in paths.tolist()])[place.ravel()]
        limits = [
            np.repeat(np.array(side)[:, None], events.shape[1], axis=1)
            for side in (self.efficacy, self.lower, self.harm)
        ]
        for side, values in zip(limits, found.transpose(1, 2, 0), strict=True):
            side[:, other] = values
        return TrialBounds(*limits)

    def of_path(self, events: tuple[int, ...]) -> Floats:
        """Efficacy, lower and harm bounds (3, K) of a trial with these events at its looks."""
        if events not in self.known:
            self.known[events] = self._solved(events)
        return self.known[events]

    def _solved(self, events: Sequence[int]) -> Floats:
        found = np.full((3, len(events)), _NO_LOWER)
        found[0] = _NO_UPPER
        looks = self._informative(events)
        if not looks:
            return found
        last, seen = looks[-1], [float(events[k]) for k in looks]
        # Without the last look, what is left is spent at it later: there it decides nothing for want of news.
        final = last == len(events) - 1 or seen[-1] >= self.design.maximum * (1.0 - _PLANNED)
        at = _at(self.design, seen, final)
        upper, futility, harm = (side[: len(looks)] for side in (at.upper, at.futility, at.harm))
        closed = np.append(futility[:-1], _NO_LOWER) if final else futility
        found[:, looks] = upper, np.maximum(closed, harm), harm
        return found

    def _informative(self, events: Sequence[int]) -> list[int]:
        """The looks that add events, up to the first that reaches the planned maximum."""
        found, before = [], _FEWEST - 1
        for k, seen in enumerate(events):
            if seen > before:
                found.append(k)
                before = seen
            if seen >= self.design.maximum * (1.0 - _PLANNED):
                break
        return found


def _at(design: GroupSequentialDesign, seen: list[float], final: bool) -> Any:
    """The design at these events; futility that would leave no room for going on is left out, as in a real trial."""
    try:
        return design.at(seen, final=final)
    except DesignError:
        if design.rules.futility is None:
            raise
    return replace(design, rules=replace(design.rules, futility=None)).at(seen, final=final)


def to_bounds(bounds: Any, *, respend: bool = False) -> LookBounds:
    """Bounds from what a model may be given; with `respend` those of a design follow the events.

    A design spends by other times than events where it says so, and then keeps its bounds. Raises ArgumentError
    `argument-invalid`.
    """
    if isinstance(bounds, SpentBounds):
        return bounds if respend else LookBounds(bounds.efficacy, bounds.futility, bounds.harm)
    if isinstance(bounds, LookBounds):
        return bounds
    if isinstance(bounds, GroupSequentialDesign):
        by_events = not math.isnan(bounds.maximum) and np.array_equal(bounds.spending_time, bounds.fraction)
        return SpentBounds.at_events(bounds) if respend and by_events else LookBounds.of_design(bounds)
    raise refused("bounds", bounds, "LookBounds.single(...), LookBounds.given(...), or a result of group_sequential")
