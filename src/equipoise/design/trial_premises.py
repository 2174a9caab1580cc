"""What a trial file says about its design, in plain values; times in months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from equipoise.design.hazards import Accrual, Dropout, Hazard


@dataclass(frozen=True)
class CountedArm:
    """An arm whose events start a look: its hazards, and its share of all patients."""

    event: Hazard
    dropout: Dropout | None
    share: float


@dataclass(frozen=True)
class PremisedLook:
    """A planned look: its trigger, times in months, and which bounds apply.

    `events` of those that the design is of, or `counted` elsewhere: of other arms, or of another endpoint; `time` from
    the first randomization, `follow_up` of the last patient, `latest`, and whether the `first` of several holds.
    """

    id: str
    events: int | None
    time: float | None
    efficacy: bool = True
    futility: bool = True
    follow_up: float | None = None
    latest: float | None = None
    first: bool = False
    counted: tuple[CountedArm, ...] = ()
    words: str = ""

    @property
    def by_events(self) -> bool:
        """Whether it comes with a number of the design's own events, whenever that is."""
        others = (self.time, self.follow_up, self.latest)
        return self.events is not None and not self.counted and all(other is None for other in others)


@dataclass(frozen=True)
class PremisedBound:
    """A spending function by the trial file's name, with its parameter."""

    function: str
    parameter: float | None


@dataclass(frozen=True)
class DesignPremises:
    """What a trial file says about a design, in plain values; times in months, arms by id and by name.

    `share` is the part of all patients that the two arms hold together; `ratio` is experimental to control;
    `source`, the file or the name by which the trial is found.
    `hazard_ratio` is None where it follows from the arms' hazards; `approximations`, where hazards or looks are not the
    file's own, a sentence each.
    """

    trial: str
    scenario: str
    analysis: str
    endpoint: str
    endpoint_name: str
    arm: str
    arm_name: str
    control_arm: str
    control_name: str
    enrollment: int
    share: float
    ratio: tuple[int, int]
    alpha: float
    sides: int
    power: float | None
    hazard_ratio: float | None
    control: Hazard
    experimental: Hazard
    accrual: Accrual
    dropout: Dropout | dict[str, Dropout] | None
    follow_up: float | None
    looks: tuple[PremisedLook, ...]
    efficacy: PremisedBound | None
    futility: PremisedBound | None
    binding: bool
    assumptions: tuple[str, ...]
    source: str
    approximations: tuple[str, ...] = ()

    @property
    def arms_accrual(self) -> Accrual:
        """The arrivals of the two arms compared."""
        return self.accrual if self.share == 1.0 else self.accrual.with_n(self.enrollment * self.share)

    @property
    def course(self) -> dict[str, Any]:
        """What the functions of expected events are called with."""
        return {
            "accrual": self.arms_accrual,
            "control": self.control,
            "experimental": self.experimental,
            "dropout": self.dropout,
            "ratio": self.ratio,
        }

    @property
    def test(self) -> dict[str, Any]:
        """What the functions of power are called with."""
        return {"alpha": self.alpha, "sides": self.sides, "ratio": self.ratio}

    @property
    def end(self) -> float | None:
        """The planned end of follow-up, months from the first randomization."""
        duration = self.accrual.duration
        return None if self.follow_up is None or duration is None else duration + self.follow_up
