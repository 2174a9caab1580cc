"""Named assumption scenarios: what a design or a simulation takes the truth to be, each value with its evidence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from equipoise.protocol.conduct import Identifier
from equipoise.protocol.event_times import Positive, Share, Survival
from equipoise.protocol.values import DurationText, Evidenced, Model, PositiveDurationText, RateText, increasing

Probability = Annotated[float, Field(ge=0, le=1)]

Use = Literal["design", "simulate", "synthesize", "demo"]


class AccrualPiece(Model):
    """A constant accrual rate up to `until` after the first randomization."""

    until: DurationText | None = None
    rate: RateText


class Accrual(Model):
    """How patients arrive: over a duration, uniformly or in pieces."""

    duration: Evidenced[PositiveDurationText]
    shape: Evidenced[Literal["uniform"] | Annotated[tuple[AccrualPiece, ...], AfterValidator(increasing)]]


class DropoutPlan(Model):
    """Loss to follow-up at a constant rate; `by_arm`, that of arms with a rate of their own."""

    rate: Evidenced[RateText]
    by_arm: dict[Identifier, Evidenced[RateText]] | None = None

    def in_arm(self, arm: str) -> Evidenced[RateText]:
        """The rate of an arm."""
        return (self.by_arm or {}).get(arm, self.rate)


class StratumShare(Model):
    """The share of patients in one stratum, which names a level of every factor."""

    stratum: Annotated[dict[Identifier, str], Field(min_length=1)]
    share: Probability


class Switching(Model):
    """Patients who switch treatment at progression: their share, and what it does to their hazard of death."""

    share: Evidenced[Probability]
    hazard_ratio: Evidenced[Positive]


class IllnessDeath(Model):
    """Progression and death together, correlated as they are: an illness-death model.

    `progression_or_death` and `death` are the endpoints that end with either, and with death. By arm, the times from
    randomization to `progression`, from randomization to `death_before` it, and, by `clock` from progression or from
    randomization, to `death_after` it, which needs hazards in pieces. `switching`: treatment switched at progression.
    """

    progression_or_death: Identifier
    death: Identifier
    progression: dict[Identifier, Survival]
    death_before: dict[Identifier, Survival]
    death_after: dict[Identifier, Survival]
    clock: Evidenced[Literal["progression", "randomization"]]
    switching: dict[Identifier, Switching] | None = None

    @property
    def endpoints(self) -> tuple[str, str]:
        """The endpoints that the model gives."""
        return self.progression_or_death, self.death


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
    survival: dict[Identifier, dict[Identifier, Survival]] = Field(default_factory=dict)
    illness_death: IllnessDeath | None = None
    dropout: DropoutPlan | None = None
    prevalences: dict[Identifier, Evidenced[dict[str, Probability]]] = Field(default_factory=dict)
    joint_prevalences: Evidenced[Annotated[tuple[StratumShare, ...], Field(min_length=1)]] | None = None
    age: AgeDistribution | None = None
    screen_failure: Evidenced[Share] | None = None
    not_treated: dict[Identifier, Evidenced[Probability]] = Field(default_factory=dict)
    response: ResponsePlan | None = None
    adverse_events: AdverseEventAssumptions | None = None
