"""When the data of an imagined trial are looked at, and the bounds its statistic is held against there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy.typing as npt
from numpy import float64

from equipoise.design.levels import check_alpha, critical_z
from equipoise.design.sequential_design import GroupSequentialDesign
from equipoise.errors import ArgumentError, DesignError
from equipoise.simulation.event_laws import positive, refused
from equipoise.simulation.trial_options import endpoint_number

WHEN = ("last", "first")


@dataclass(frozen=True, kw_only=True)
class TrialLook:
    """What starts one look at the data; at least one of the three.

    `events`, that many (a whole number from 1 on) of `endpoint` ("event", or "death" where the model has deaths), of
    all patients or, with `arms`, of these arms together;
    `time`, calendar time from the start of accrual; `follow_up`, that long after the last patient entered.
    `when`: with several conditions, once the "last" of them holds, or the "first". `latest`: the calendar time at which
    one looks even if they do not hold. `id` names the look in results.

    >>> TrialLook(events=155, follow_up=5.0).when
    'last'
    """

    events: int | None = None
    arms: tuple[str, ...] = ()
    endpoint: str = "event"
    time: float | None = None
    follow_up: float | None = None
    when: str = "last"
    latest: float | None = None
    id: str = ""

    def __post_init__(self) -> None:
        if self.events is None and self.time is None and self.follow_up is None:
            raise refused("looks", self, "give a look events, a time, a follow_up, or several of them")
        if self.events is not None and (
            isinstance(self.events, bool) or not isinstance(self.events, int) or self.events < 1
        ):
            raise refused("events", self.events, "a whole number of events from 1 on")
        for name in ("time", "latest"):
            if getattr(self, name) is not None:
                positive(getattr(self, name), name)
        if self.follow_up is not None and self.follow_up != 0.0:
            positive(self.follow_up, "follow_up")
        if self.when not in WHEN:
            raise refused("when", self.when, 'of several conditions the "last" or the "first"')
        if self.arms and self.events is None:
            raise refused("arms", self.arms, "arms say whose events are counted: give events as well")
        endpoint_number(self.endpoint)
        object.__setattr__(self, "arms", tuple(self.arms))

    @property
    def plain(self) -> bool:
        """Whether events, if any, are those of the event in all arms."""
        return self.events is None or (self.endpoint == "event" and not self.arms)


@dataclass(frozen=True)
class LookBounds:
    """Bounds for Z by look (K,); positive Z favors the experimental arm.

    The trial stops for efficacy where Z >= `efficacy`, for futility where Z <= `futility`, for harm where Z <= `harm`
    (harm is said where both hold); infinite where there is no such bound. At the last look `futility` plays no part.
    """

    efficacy: tuple[float, ...]
    futility: tuple[float, ...]
    harm: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("futility", "harm"):
            if len(getattr(self, name)) != len(self.efficacy):
                raise wrong_length(f"{name} bounds", len(getattr(self, name)), len(self.efficacy))
        for name in ("efficacy", "futility", "harm"):
            values = tuple(float(value) for value in getattr(self, name))
            if any(math.isnan(value) for value in values):
                raise refused(name, values, "a Z value for each look; infinity where there is no bound")
            object.__setattr__(self, name, values)
        for look, (low, high) in enumerate(zip(self.lower, self.efficacy, strict=True), start=1):
            if low >= high:
                raise DesignError(
                    "spending-invalid",
                    f"at look {look} the lower bound {low:g} reaches the upper {high:g}",
                    where="bounds",
                    reason="no trial could go on beyond that look",
                    hint="raise the efficacy bound, or lower the other",
                )

    def __len__(self) -> int:
        return len(self.efficacy)

    @property
    def lower(self) -> tuple[float, ...]:
        """The higher of futility, which the last look does not have, and harm."""
        last = len(self.efficacy) - 1
        pairs = zip(self.futility, self.harm, strict=True)
        return tuple(harm if k == last else max(futility, harm) for k, (futility, harm) in enumerate(pairs))

    def held_against(self, found: npt.NDArray[float64]) -> tuple[npt.NDArray[float64], Any]:
        """The Z (experimental arms, K, trials) that decides, and what it is held against."""
        return found, self

    @classmethod
    def single(cls, *, alpha: float, sides: int) -> LookBounds:
        """One look at a given level; with two sides the mirror image is the bound for harm.

        >>> round(LookBounds.single(alpha=0.05, sides=2).efficacy[0], 6)
        1.959964
        """
        z = critical_z(check_alpha(alpha, sides))
        return cls((z,), (-math.inf,), (-z if sides == 2 else -math.inf,))

    @classmethod
    def given(
        cls, efficacy: Sequence[float | None], futility: Sequence[float | None] = (), harm: Sequence[float | None] = ()
    ) -> LookBounds:
        """Z values by look; None where there is no bound."""
        looks = len(efficacy)
        low = [_z_values(values, -math.inf) or (-math.inf,) * looks for values in (futility, harm)]
        return cls(_z_values(efficacy, math.inf), *low)

    @classmethod
    def of_design(cls, design: GroupSequentialDesign) -> LookBounds:
        """The bounds of a group-sequential design."""
        futility = [float(z) for z in design.futility]
        futility[-1] = -math.inf
        return cls(tuple(design.upper.tolist()), tuple(futility), tuple(design.harm.tolist()))


def _z_values(values: Sequence[float | None], missing: float) -> tuple[float, ...]:
    try:
        return tuple(missing if value is None else float(value) for value in values)
    except (TypeError, ValueError):
        raise refused("bounds", values, "Z values by look, None where there is no bound") from None


def wrong_length(name: str, found: int, looks: int) -> ArgumentError:
    """The error for bounds that do not belong to the looks."""
    return ArgumentError(
        "length-mismatch",
        f"{found} {name} for {looks} look{'s' if looks != 1 else ''}",
        where="bounds",
        reason="every look is held against a bound of its own",
        hint="give one value for each look; None (or infinity) where a look has no such bound",
    )


def check_looks(looks: Sequence[TrialLook], n: int, arms: Sequence[str]) -> None:
    """Raises DesignError `design-unreachable` for more events than patients, ArgumentError `argument-invalid` else."""
    if not looks:
        raise refused("looks", looks, "at least one TrialLook, such as TrialLook(events=155)")
    for number, look in enumerate(looks, start=1):
        if not isinstance(look, TrialLook):
            raise refused("looks", look, "a TrialLook, such as TrialLook(events=155)")
        if look.events is not None and look.events > n:
            raise DesignError(
                "design-unreachable",
                f"look {number} waits for {look.events} events, and the trial has {n} patients",
                where="looks",
                reason="a patient has one event, so the look would never come",
                hint="lower the number of events, or enroll more patients",
            )
        for arm in look.arms:
            if arm not in arms:
                raise refused("arms", arm, f"arms of the trial: {', '.join(arms)}")
    for name in ("events", "time", "follow_up"):
        values = [getattr(look, name) for look in looks if getattr(look, name) is not None and look.plain]
        if any(b <= a for a, b in pairwise(values)):
            raise refused("looks", values, f"the {name.replace('_', '-')} of looks rises from one to the next")
