"""What an imagined trial may have beyond one event a patient: deaths and switching, scans, weighted tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from equipoise.kernels.plain import general_spec as kernel
from equipoise.simulation.event_laws import numbers, positive, refused

CLOCKS = ("progression", "randomization")
WEIGHTS = ("fleming-harrington", "modest-time", "modest-survival")
_KINDS: dict[str, int] = dict(
    zip(WEIGHTS, (kernel.FLEMING_HARRINGTON, kernel.MODEST_TIME, kernel.MODEST_SURVIVAL), strict=True)
)


@dataclass(frozen=True, kw_only=True)
class Deaths:
    """Death beside the event, which is then progression: an illness-death model.

    The model's endpoint "event" is progression or death, whichever is first; its endpoint "death" is death.
    `before` and `after` progression: by arm a law (after: a `Hazard`) or, for an experimental arm, a hazard ratio on
    the control arm; by stratum where they differ. `clock`: the hazard after counts from "progression" or from
    "randomization". `switching`, by arm: the share (0 to 1) of patients who switch treatment at progression, whose
    hazard of death after it is multiplied by `switch_factor` of the arm (1 unless given).
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    clock: str = "progression"
    switching: Mapping[str, float] = field(default_factory=dict)
    switch_factor: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise refused("clock", self.clock, f"permitted: {', '.join(CLOCKS)}")
        for share in self.switching.values():
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 <= share <= 1.0:
                raise refused("switching", dict(self.switching), "shares from 0 to 1 by arm")
        for factor in self.switch_factor.values():
            positive(factor, "switch_factor")


@dataclass(frozen=True)
class ScanSchedule:
    """Events other than death are seen at the next scan: every `every[k]` time units up to `until[k]`, then the next.

    `every` (k,) above zero; `until` (k - 1,) rising. Who has no seen event is censored at the last scan, or with
    `censor_at_scan=False` at the end of follow-up.
    """

    every: tuple[float, ...]
    until: tuple[float, ...] = ()
    censor_at_scan: bool = True

    def __post_init__(self) -> None:
        every = tuple(positive(step, "every") for step in numbers(self.every, "every"))
        until = numbers(self.until, "until")
        if len(every) != len(until) + 1 or any(b <= a for a, b in zip((0.0, *until), until, strict=False)):
            raise refused("until", self.until, f"one time less than intervals ({len(every)}), rising from above zero")
        object.__setattr__(self, "every", every)
        object.__setattr__(self, "until", until)

    def to_kernel(self) -> kernel.Scans:
        return kernel.Scans(self.every, self.until, self.censor_at_scan)


@dataclass(frozen=True, kw_only=True)
class WeightedTest:
    """A weighted log-rank test of every experimental arm against control.

    `weights`: "fleming-harrington" with `rho` and `gamma` (zero or above), "modest-time" with `t_star` (time units
    above zero), or "modest-survival" with `s_star` (above 0, to 1); of the endpoint "event" or "death".
    """

    weights: str = "fleming-harrington"
    rho: float = 0.0
    gamma: float = 0.0
    t_star: float | None = None
    s_star: float | None = None
    endpoint: str = "event"

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            raise refused("weights", self.weights, f"permitted: {', '.join(WEIGHTS)}")
        if min(self.rho, self.gamma) < 0.0:
            raise refused("rho, gamma", (self.rho, self.gamma), "exponents of zero or above")
        if self.weights == "modest-time":
            positive(self.t_star, "t_star")
        if self.weights == "modest-survival" and not 0.0 < positive(self.s_star, "s_star") <= 1.0:
            raise refused("s_star", self.s_star, "a survival above 0, to 1")

    def to_kernel(self) -> kernel.WeightedTest:
        first = {"fleming-harrington": self.rho, "modest-time": self.t_star, "modest-survival": self.s_star}
        value = float(first[self.weights] or 0.0)
        return kernel.WeightedTest(_KINDS[self.weights], value, self.gamma, endpoint_number(self.endpoint))


ENDPOINTS = ("event", "death")


def endpoint_number(endpoint: str) -> int:
    """0 for "event", 1 for "death". Raises ArgumentError `argument-invalid`."""
    if endpoint not in ENDPOINTS:
        raise refused("endpoint", endpoint, f"permitted: {', '.join(ENDPOINTS)}")
    return ENDPOINTS.index(endpoint)
