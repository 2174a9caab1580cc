"""What functions of an interim share: information from events, and a design at the looks there were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise.design.levels import experimental_share, refused, to_ratio
from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.errors import DesignError

# Information counts as planned when it differs by rounding alone.
_PLANNED = 1e-9


def to_sequence(value: Any) -> list[Any]:
    """One value or several as a list."""
    several = hasattr(value, "__iter__") and not isinstance(value, str) and getattr(value, "shape", None) != ()
    return list(value) if several else [value]


def information_per_unit(ratio: Any) -> float:
    """Information of the log hazard ratio per unit given: 1, or where events were given, at `ratio`, p (1 - p)."""
    if ratio is None:
        return 1.0
    share = experimental_share(to_ratio(ratio))
    return share * (1.0 - share)


def check_events(design: GroupSequentialDesign) -> None:
    """Raises ArgumentError `argument-invalid` for what is no design, DesignError for one without a number of events."""
    if not isinstance(design, GroupSequentialDesign):
        raise refused("design", design, "the result of group_sequential")
    if math.isnan(design.maximum):
        hint = "group_sequential with events, or with power and hazard_ratio"
        raise DesignError("design-unknowns", "the design has no number of events", where="design", hint=hint)


def monitored(design: GroupSequentialDesign, events: Sequence[float], final: bool) -> GroupSequentialDesign:
    """The design at the events seen: as planned where they are the planned ones, else recomputed."""
    seen = np.array(events)
    planned = design.events[: len(seen)]
    as_planned = len(planned) == len(seen) and bool((np.abs(seen - planned) <= _PLANNED * planned).all())
    if as_planned and (not final or len(seen) == design.looks):
        return design
    return design.at(list(events), final=final)
