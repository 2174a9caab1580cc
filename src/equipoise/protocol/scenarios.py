"""Named assumption scenarios: what a design or a simulation takes the truth to be, each value with its evidence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from equipoise.protocol.conduct import Identifier
from equipoise.protocol.values import DurationText, Evidenced, Model, PositiveDurationText, RateText, increasing
from equipoise.quantities import Rate, hazard_from_median

Probability = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]

Use = Literal["design", "simulate", "synthesize", "demo"]


class AccrualPiece(Model):
    """A constant accrual rate up to `until` after the first randomization."""

    until: DurationText | None = None
    rate: RateText


class Accrual(Model):
    """How patients arrive: over a duration, uniformly or in pieces."""

    duration: Evidenced[PositiveDurationText]
    shape: Evidenced[Literal["uniform"] | Annotated[tuple[AccrualPiece, ...], AfterValidator(increasing)]]


class HazardPiece(Model):
    """A constant hazard up to `until` after randomization; the last piece has no end."""

    until: DurationText | None = None
    rate: RateText


class Survival(Model):
    """One arm's event times: by its median (exponential), by hazards in pieces, or relative to the control arm."""

    median: Evidenced[PositiveDurationText] | None = None
    hazards: Evidenced[Annotated[tuple[HazardPiece, ...], AfterValidator(increasing)]] | None = None
    hazard_ratio: Evidenced[Annotated[float, Field(gt=0)]] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Survival:
        given = [name for name in ("median", "hazards", "hazard_ratio") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of median, hazards and hazard_ratio; given: {', '.join(given) or 'none'}"
            )
        return self

    def pieces(self, control: Survival | None = None) -> tuple[HazardPiece, ...]:
        """The hazards in pieces; `control` is the control arm's form, needed for a hazard ratio."""
        if self.hazards is not None:
            return self.hazards.value
        if self.median is not None:
            median = self.median.value
            return (HazardPiece(rate=Rate(hazard_from_median(median.days), "days")),)
        if control is None or self.hazard_ratio is None:
            raise ValueError("a hazard ratio needs the control arm's hazards")
        ratio = self.hazard_ratio.value
        return tuple(
            piece.model_copy(update={"rate": Rate(piece.rate.value * ratio, piece.rate.unit)})
            for piece in control.pieces()
        )


class DropoutPlan(Model):
    """Loss to follow-up at a constant rate."""

    rate: Evidenced[RateText]


class AgeDistribution(Model):
    """The distribution of age in years."""

    median: Evidenced[float]
    low: Evidenced[float]
    high: Evidenced[float]


class ResponsePlan(Model):
    """Response rates by arm."""

    objective_response: dict[Identifier, Evidenced[Probability]] = Field(default_factory=dict)
    clinical_benefit: dict[Identifier, Evidenced[Probability]] = Field(default_factory=dict)


class AdverseEventTerm(Model):
    """Incidence per patient of one preferred term, by arm."""

    term: str
    soc: str
    grade_3: dict[Identifier, Evidenced[Probability]] = Field(description="grade 3 or higher")
    any_grade: dict[Identifier, Evidenced[Probability]]


class AdverseEventAssumptions(Model):
    """Incidence per patient of adverse events, by arm."""

    any_grade_3: dict[Identifier, Evidenced[Probability]]
    terms: tuple[AdverseEventTerm, ...] = ()


class Scenario(Model):
    """One set of assumptions. Every value names its source or is marked an assumption."""

    id: Identifier
    label: str
    default_for: tuple[Use, ...] = ()
    accrual: Accrual
    follow_up: Evidenced[DurationText] | None = None
    power: Evidenced[Share] | None = None
    survival: dict[Identifier, dict[Identifier, Survival]]
    dropout: DropoutPlan | None = None
    prevalences: dict[Identifier, Evidenced[dict[str, Probability]]] = Field(default_factory=dict)
    age: AgeDistribution | None = None
    screen_failure: Evidenced[Share] | None = None
    not_treated: dict[Identifier, Evidenced[Probability]] = Field(default_factory=dict)
    response: ResponsePlan | None = None
    adverse_events: AdverseEventAssumptions | None = None
