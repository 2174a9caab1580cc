"""What a patient's event times are drawn from, beside piecewise-constant hazards, and effects on a control arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.design.hazards import Hazard
from equipoise.errors import ArgumentError


def refused(name: str, value: object, hint: str, reason: str | None = None) -> ArgumentError:
    """The error for one part of a model that cannot be used."""
    return ArgumentError("argument-invalid", f"{name} is {value!r}", where=name, reason=reason, hint=hint)


def positive(value: object, name: str) -> float:
    """A finite number above zero as a float. Raises ArgumentError `argument-invalid`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0.0 < value < math.inf:
        return float(value)
    raise refused(name, value, "a finite number above zero")


def numbers(values: object, name: str) -> tuple[float, ...]:
    """Finite numbers as a tuple. Raises ArgumentError `argument-invalid`."""
    listed = tuple(values) if isinstance(values, Sequence) and not isinstance(values, str) else None
    if listed is None or any(isinstance(v, bool) or not isinstance(v, int | float) for v in listed):
        raise refused(name, values, "a sequence of numbers")
    return tuple(float(v) for v in listed)


@dataclass(frozen=True)
class Weibull:
    """Event times with survival exp(-(t / scale)^shape); `shape` and `scale` (time units) above zero.

    >>> round(Weibull(2.0, 10.0).median(), 4)
    8.3255
    """

    shape: float
    scale: float

    def __post_init__(self) -> None:
        positive(self.shape, "shape")
        positive(self.scale, "scale")

    def median(self) -> float:
        return self.scale * math.log(2.0) ** (1.0 / self.shape)


@dataclass(frozen=True)
class LogNormal:
    """Event times whose logarithm is normal; `median_time` (time units) and `sigma`, both above zero."""

    median_time: float
    sigma: float

    def __post_init__(self) -> None:
        positive(self.median_time, "median_time")
        positive(self.sigma, "sigma")

    def median(self) -> float:
        return self.median_time


Law = Hazard | Weibull | LogNormal


@dataclass(frozen=True)
class Cured:
    """A mixture: the `share` (above 0, below 1) never has the event, the others follow `law`."""

    law: Law
    share: float

    def __post_init__(self) -> None:
        check_law(self.law, "law")
        if not 0.0 < positive(self.share, "share") < 1.0:
            raise refused("share", self.share, "a share above 0 and below 1; leave Cured out where nobody is cured")


EventLaw = Law | Cured


@dataclass(frozen=True)
class PiecewiseRatio:
    """A hazard ratio that changes with the time since randomization: delayed, crossing or diminishing effects.

    `ratios` (k,) above zero, experimental to control, and the `breaks` (k - 1,) where they change, rising.

    >>> PiecewiseRatio((1.0, 0.6), (3.0,)).applied_to(Hazard(0.2))
    Hazard(rates=(0.2, 0.12), breaks=(3.0,))
    """

    ratios: tuple[float, ...]
    breaks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        ratios = tuple(positive(ratio, "ratios") for ratio in numbers(self.ratios, "ratios"))
        breaks = numbers(self.breaks, "breaks")
        if len(ratios) != len(breaks) + 1 or any(b <= a for a, b in zip((0.0, *breaks), breaks, strict=False)):
            raise refused("breaks", self.breaks, f"one break less than ratios ({len(ratios)}), rising from above zero")
        object.__setattr__(self, "ratios", ratios)
        object.__setattr__(self, "breaks", breaks)

    def applied_to(self, control: Hazard) -> Hazard:
        """The control arm's hazard times the ratio that holds at each time."""
        breaks = sorted({*control.breaks, *self.breaks})
        ratio = Hazard(self.ratios, self.breaks)
        rates = tuple(control.at(t) * ratio.at(t) for t in (0.0, *breaks))
        return Hazard(rates, breaks)


Effect = EventLaw | PiecewiseRatio | float


def check_law(law: object, name: str) -> None:
    """Raises ArgumentError `argument-invalid` for what is no event law, and for a hazard that is never above zero."""
    if not isinstance(law, Hazard | Weibull | LogNormal | Cured):
        raise refused(name, law, "a Hazard, Weibull, LogNormal or Cured, such as Hazard.from_median(3.6)")
    hazard = law.law if isinstance(law, Cured) else law
    if isinstance(hazard, Hazard) and not all(rate > 0.0 for rate in hazard.rates):
        raise refused(name, law, "hazards above zero; a share without events is Cured(law, share)",
                      "a hazard of zero has no time by which its events come")  # fmt: skip


def law_of(effect: Effect, control: EventLaw, name: str) -> EventLaw:
    """The law that an effect makes of the control arm's: a law stands for itself, a ratio multiplies the hazard.

    Raises ArgumentError `argument-invalid` for a piecewise ratio of a law without piecewise-constant hazards.
    """
    if isinstance(effect, PiecewiseRatio):
        base = control.law if isinstance(control, Cured) else control
        if not isinstance(base, Hazard):
            raise refused(name, effect, "give this arm a law of its own, or the control arm a Hazard",
                          "a ratio that changes needs a control arm with piecewise-constant hazards")  # fmt: skip
        changed = effect.applied_to(base)
        return Cured(changed, control.share) if isinstance(control, Cured) else changed
    if isinstance(effect, int | float) and not isinstance(effect, bool):
        return _multiplied(control, positive(effect, name), name)
    check_law(effect, name)
    return effect  # type: ignore[return-value]


def _multiplied(control: EventLaw, ratio: float, name: str) -> EventLaw:
    """The law with the hazard (among those not cured) times `ratio`."""
    if isinstance(control, Hazard):
        return control.times(ratio)
    if isinstance(control, Weibull):
        return Weibull(control.shape, control.scale * ratio ** (-1.0 / control.shape))
    if isinstance(control, Cured):
        inner = _multiplied(control.law, ratio, name)
        assert not isinstance(inner, Cured)
        return Cured(inner, control.share)
    if ratio == 1.0:
        return control
    raise refused(name, ratio, "give this arm a LogNormal of its own",
                  "hazards of log-normal times are not proportional")  # fmt: skip
