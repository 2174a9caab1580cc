"""What a scenario says of the times of an event in one arm: a law, or an effect on the control arm's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from equipoise.protocol.conduct import Identifier
from equipoise.protocol.values import DurationText, Evidenced, Model, PositiveDurationText, RateText, increasing
from equipoise.quantities import Duration, Rate, hazard_from_median

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]

LAWS = ("median", "hazards", "weibull", "log_normal")
EFFECTS = ("hazard_ratio", "hazard_ratios")


class HazardPiece(Model):
    """A constant hazard up to `until` after randomization; the last piece has no end."""

    until: DurationText | None = None
    rate: RateText


class RatioPiece(Model):
    """A constant hazard ratio, to the control arm, up to `until` after randomization; the last piece has no end."""

    until: DurationText | None = None
    ratio: Positive


class Weibull(Model):
    """Survival exp(-(t / scale)^shape): hazards rise with a shape above 1 and fall with one below it."""

    shape: Positive
    scale: PositiveDurationText


class LogNormal(Model):
    """Times whose logarithm is normal with standard deviation `sigma`."""

    median: PositiveDurationText
    sigma: Positive


class EventTimes(Model):
    """One arm's event times, in one of six forms.

    A law: the `median` of exponential times, `hazards` in pieces, `weibull` or `log_normal`; `cured` beside it is the
    share that never has the event. Or an effect on the control arm's law: one `hazard_ratio`, or `hazard_ratios` in
    pieces, for effects that are delayed, cross or diminish; the share cured is then the control arm's.
    """

    median: Evidenced[PositiveDurationText] | None = None
    hazards: Evidenced[Annotated[tuple[HazardPiece, ...], AfterValidator(increasing)]] | None = None
    weibull: Evidenced[Weibull] | None = None
    log_normal: Evidenced[LogNormal] | None = None
    hazard_ratio: Evidenced[Positive] | None = None
    hazard_ratios: Evidenced[Annotated[tuple[RatioPiece, ...], AfterValidator(increasing)]] | None = None
    cured: Evidenced[Share] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> EventTimes:
        given = self.forms()
        if len(given) != 1:
            named = ", ".join(self.permitted_forms())
            raise ValueError(f"give exactly one of {named}; given: {', '.join(given) or 'none'}")
        if self.cured is not None and given[0] not in LAWS:
            raise ValueError(f"cured belongs beside {', '.join(LAWS)}, not beside {given[0]}")
        return self

    def permitted_forms(self) -> tuple[str, ...]:
        return LAWS + EFFECTS

    def forms(self) -> list[str]:
        """The names of the forms that are given."""
        return [name for name in self.permitted_forms() if getattr(self, name) is not None]

    def stated(self) -> list[tuple[str, Any]]:
        """What is given, in words, each with its value and evidence."""
        return [
            (name.replace("_", " "), getattr(self, name))
            for name in (*LAWS, *EFFECTS, "cured")
            if getattr(self, name) is not None
        ]

    @property
    def is_effect(self) -> bool:
        """Whether it is relative to the control arm."""
        return self.hazard_ratio is not None or self.hazard_ratios is not None

    def within(self, stratum: Mapping[str, str]) -> EventTimes:  # noqa: ARG002 - the same in all
        """The event times of one stratum."""
        return self

    def in_pieces(self, control: EventTimes | None = None) -> bool:
        """Whether hazards constant in pieces, the same in all strata and for all patients, say it all."""
        if self.is_effect:
            return control is not None and control.in_pieces()
        return self.cured is None and (self.median is not None or self.hazards is not None)

    def pieces(self, control: EventTimes | None = None) -> tuple[HazardPiece, ...]:
        """The hazards in pieces (of those not cured); `control` is the control arm's form, which an effect needs."""
        if self.hazards is not None:
            return self.hazards.value
        if self.median is not None:
            median = self.median.value
            return (HazardPiece(rate=Rate(hazard_from_median(median.days), "days")),)
        if not self.is_effect:
            raise ValueError(f"{self.forms()[0]} gives no hazards in pieces")
        if control is None:
            raise ValueError("a hazard ratio needs the control arm's hazards")
        if self.hazard_ratios is not None:
            return _times_ratios(control.pieces(), self.hazard_ratios.value)
        assert self.hazard_ratio is not None
        return tuple(_times(piece, self.hazard_ratio.value) for piece in control.pieces())

    def survival(self, days: float, control: EventTimes | None = None) -> float:
        """The probability of no event by a time from zero on; `control` as of `pieces`."""
        law = control if self.is_effect and control is not None else self
        cured = 0.0 if law.cured is None else law.cured.value
        return cured + (1.0 - cured) * self._survival_of_others(days, law)

    def _survival_of_others(self, days: float, law: EventTimes) -> float:
        if days <= 0.0:
            return 1.0
        ratio = 1.0 if self.hazard_ratio is None else self.hazard_ratio.value
        if law.weibull is not None:
            shape, scale = law.weibull.value.shape, law.weibull.value.scale.days
            return math.exp(-ratio * (days / scale) ** shape)
        if law.log_normal is not None:
            median, sigma = law.log_normal.value.median.days, law.log_normal.value.sigma
            return 0.5 * math.erfc(math.log(days / median) / (sigma * math.sqrt(2.0)))
        return math.exp(-_cumulative(self.pieces(law), days))


class StratumTimes(EventTimes):
    """The event times of the strata with these levels, by factor; a factor that is left out takes all its levels."""

    stratum: Annotated[dict[Identifier, str], Field(min_length=1)]


class Survival(EventTimes):
    """One arm's event times: a form for all patients, or `by_stratum` one for each stratum of the randomization."""

    by_stratum: Annotated[tuple[StratumTimes, ...], Field(min_length=1)] | None = None

    def permitted_forms(self) -> tuple[str, ...]:
        return (*LAWS, *EFFECTS, "by_stratum")

    def stated(self) -> list[tuple[str, Any]]:
        """See `EventTimes.stated`; strata say theirs by their levels."""
        return super().stated() + [
            (f"{name} where {_levels(each.stratum)}", value)
            for each in self.by_stratum or ()
            for name, value in each.stated()
        ]

    def within(self, stratum: Mapping[str, str]) -> EventTimes:
        """The event times of one stratum, given by its levels."""
        for each in self.by_stratum or ():
            if each.stratum.items() <= stratum.items():
                return each
        return self

    def in_pieces(self, control: EventTimes | None = None) -> bool:
        """See `EventTimes.in_pieces`."""
        return self.by_stratum is None and super().in_pieces(control)


def _levels(stratum: Mapping[str, str]) -> str:
    return " and ".join(f"{factor} is {level}" for factor, level in stratum.items())


def _times(piece: HazardPiece, ratio: float) -> HazardPiece:
    return piece.model_copy(update={"rate": Rate(piece.rate.value * ratio, piece.rate.unit)})


def _times_ratios(hazards: tuple[HazardPiece, ...], ratios: tuple[RatioPiece, ...]) -> tuple[HazardPiece, ...]:
    """The hazards times the ratio that holds at each time, on the breaks of both."""
    ends: dict[float, Duration] = {p.until.days: p.until for p in (*hazards, *ratios) if p.until is not None}
    found = []
    for start, end in pairwise((0.0, *sorted(ends), math.inf)):
        hazard = next(p for p in hazards if p.until is None or p.until.days > start)
        ratio = next(p for p in ratios if p.until is None or p.until.days > start)
        found.append(_times(hazard, ratio.ratio).model_copy(update={"until": ends.get(end)}))
    return tuple(found)


def _cumulative(pieces: tuple[HazardPiece, ...], days: float) -> float:
    total, start = 0.0, 0.0
    for piece in pieces:
        end = math.inf if piece.until is None else piece.until.days
        total += piece.rate.per_day * max(min(days, end) - start, 0.0)
        start = end
    return total
