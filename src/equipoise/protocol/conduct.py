"""The conduct half of a trial file: who may enter, what they receive, when they are seen."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from equipoise.protocol.values import DurationText, Model, PositiveDurationText, Stated, increasing

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
Collected = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,8}\.[A-Z][A-Z0-9]{0,7}$")]
AnalysisName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")]


class Registry(Model):
    """Registry identifiers."""

    nct: Annotated[str, Field(pattern=r"^NCT\d{8}$")] | None = None
    eudract: Annotated[str, Field(pattern=r"^\d{4}-\d{6}-\d{2}$")] | None = None
    ctis: str | None = None
    other: tuple[str, ...] = ()


class Publication(Model):
    """A publication of the trial."""

    label: str
    pmid: str | None = None
    doi: str | None = None


class Identity(Model):
    """What the trial is and where it is registered."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="STUDYID of the collected data")]
    title: str
    phase: Literal["I", "I/II", "II", "II/III", "III", "IV", "NA"] = "NA"
    masking: Literal["open-label", "single-blind", "double-blind", "triple-blind"] = "open-label"
    indication: str = ""
    registry: Registry = Registry()
    publications: tuple[Publication, ...] = ()
    enrollment: Stated[Annotated[int, Field(ge=2)]]
    sites: Stated[Annotated[int, Field(ge=1)]] | None = None
    countries: Stated[tuple[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], ...]] | None = None
    first_enrollment: Stated[date] | None = None


class Variable(Model):
    """A baseline variable: eligibility rules, strata, subgroups and the baseline table speak of it by name."""

    label: str
    type: Literal["number", "category"]
    unit: str | None = None
    levels: dict[str, str] = Field(default_factory=dict, description="code as collected: label in reports")
    collected: Collected | None = Field(default=None, description="SDTM place, DOMAIN.VARIABLE, or SUPPDM.QNAM")
    verified: Collected | None = Field(
        default=None, description="SDTM place of a stratum's corrected value, where kept"
    )
    analysis: AnalysisName = Field(description="column of ADSL")


class Criterion(Model):
    """An eligibility criterion as text, with an executable rule where one can be written."""

    id: Identifier
    kind: Literal["inclusion", "exclusion"]
    text: str
    rule: str | None = Field(default=None, description="true when the criterion's condition holds; three-valued")


class Intervention(Model):
    """A treatment and how it is given; `when` says which patients of an arm receive it."""

    id: Identifier
    name: str
    type: Literal["drug", "biological", "device", "procedure", "radiation", "behavioral", "other"] = "drug"
    dose: Stated[Annotated[float, Field(gt=0)]] | None = None
    dose_unit: str | None = None
    schedule: str = ""
    days_on: Annotated[int, Field(ge=1)] | None = None
    days_off: Annotated[int, Field(ge=0)] | None = None
    when: str | None = None


class Arm(Model):
    """A randomized arm. `ratio` is its share of the allocation, a positive whole number."""

    id: Identifier
    label: str
    description: str = ""
    role: Literal["experimental", "control"]
    ratio: Annotated[int, Field(ge=1)]
    interventions: tuple[Identifier, ...] = ()


Allocation = Literal[
    "complete", "permuted-blocks", "big-stick", "biased-coin", "block-urn", "maximal-procedure", "minimization"
]
Weight = Annotated[float, Field(ge=0)]


class Randomization(Model):
    """How patients are allocated; each method reads its own keys, and one it does not read is a fault."""

    method: Allocation
    block_sizes: Stated[tuple[Annotated[int, Field(ge=1)], ...]] | None = None
    maximum_imbalance: Stated[Annotated[int, Field(ge=1)]] | None = Field(
        default=None, description="largest difference of two arms in a stratum: big-stick, maximal-procedure"
    )
    sequence_length: Stated[Annotated[int, Field(ge=2)]] | None = Field(
        default=None, description="patients of a stratum's sequence, an even number: maximal-procedure"
    )
    urn_lambda: Stated[Annotated[int, Field(ge=1)]] | None = Field(
        default=None, description="balanced sets of the urn: block-urn"
    )
    probability: Stated[Annotated[float, Field(gt=0, le=1)]] | None = Field(
        default=None, description="of the preferred arm: biased-coin, minimization"
    )
    imbalance: Stated[Literal["range", "variance", "standard-deviation"]] | None = None
    construction: Stated[Literal["ratio-preserving", "han2009", "naive"]] | None = None
    weights: Stated[dict[Identifier, Weight]] | None = Field(default=None, description="of the strata: minimization")
    overall_weight: Stated[Weight] | None = None
    stratum_weight: Stated[Weight] | None = None
    strata: tuple[Identifier, ...] = ()
    seed_policy: Stated[Literal["sealed", "open"]] = Stated[Literal["sealed", "open"]](value="sealed")


class AssessmentInterval(Model):
    """Scans `every` so often, up to `until` after the anchor (without `until`: to the end)."""

    every: PositiveDurationText
    until: DurationText | None = None


class TumorAssessments(Model):
    """The tumor-assessment schedule."""

    criteria: Literal["RECIST 1.1"] = "RECIST 1.1"
    anchor: Literal["randomization", "first dose"] = "randomization"
    window: Stated[DurationText]
    intervals: Stated[Annotated[tuple[AssessmentInterval, ...], AfterValidator(increasing)]]

    def planned_days(self, horizon: float) -> list[float]:
        """Days after the anchor of the scans planned up to `horizon` days."""
        days: list[float] = []
        last = 0.0
        for interval in self.intervals.value:
            end = min(horizon, interval.until.days if interval.until else horizon)
            while last + interval.every.days <= end:
                last += interval.every.days
                days.append(last)
        return days


class Schedule(Model):
    """When patients are seen."""

    cycle: PositiveDurationText | None = None
    screening_window: Stated[DurationText] | None = None
    tumor_assessments: TumorAssessments | None = None
    follow_up: Stated[DurationText] | None = None
    visits: tuple[str, ...] = ()
