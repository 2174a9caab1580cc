"""The analysis half of a trial file: analysis sets, endpoints, estimands, planned analyses, report contents."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from equipoise.protocol.conduct import AnalysisName, Identifier
from equipoise.protocol.values import DurationText, Model, Stated

Level = Annotated[float, Field(gt=0, lt=1)]


class AnalysisSet(Model):
    """A set of patients: an expression over ADSL columns, and whether arms are taken as planned or as received."""

    id: Identifier
    label: str
    description: str = ""
    arm: Literal["planned", "actual"] = "planned"
    where: str


class Source(Model):
    """A date an endpoint may start, end or be censored at, and where it is found."""

    dataset: Literal["ADSL", "ADRS", "ADAE"]
    where: str | None = Field(default=None, description="expression over the data set's columns")
    date: AnalysisName
    description: str


class Endpoint(Model):
    """An endpoint as data.

    time-to-event: `start`, `events` (the earliest counts) and `censoring` (the latest counts) name sources.
    response: `parameter` is an ADRS parameter, `responders` its values that count.
    adverse-event: treatment-emergent adverse events of ADAE.
    """

    id: Identifier
    label: str
    short: str | None = None
    kind: Literal["time-to-event", "response", "adverse-event"]
    definition: str = ""
    start: Identifier | None = None
    events: tuple[Identifier, ...] = ()
    censoring: tuple[Identifier, ...] = ()
    parameter: AnalysisName | None = None
    responders: tuple[str, ...] = ()


class IntercurrentEvent(Model):
    """An event after randomization that affects the endpoint, and the ICH E9(R1) strategy for it."""

    event: str
    strategy: Literal["treatment-policy", "hypothetical", "composite", "while-on-treatment", "principal-stratum"]
    source: str | None = None
    assumption: str | None = None


class Estimand(Model):
    """What is to be estimated, in the five attributes of ICH E9(R1)."""

    id: Identifier
    endpoint: Identifier
    analysis_set: Identifier
    treatment: str
    summary: str
    intercurrent_events: tuple[IntercurrentEvent, ...] = ()


class Derivation(Model):
    """The conventions profile adopted, and the single constants that this trial sets otherwise."""

    profile: Identifier = "equipoise"
    constants: dict[str, Stated[int | float | str | bool]] = Field(default_factory=dict)


class Test(Model):
    """A planned test. `sides` has no default; two-sided alpha is spent half on each side."""

    method: Literal["logrank"]
    sides: Literal[1, 2]
    alpha: Level
    stratified: Stated[bool] = Stated[bool](value=False)


class Estimate(Model):
    """A planned estimate of the treatment effect."""

    method: Literal["cox"]
    ties: Literal["efron", "breslow"] = "efron"
    conf_level: Level = 0.95
    stratified: Stated[bool] = Stated[bool](value=False)


class Curve(Model):
    """How the Kaplan-Meier curves are computed and read."""

    conf_type: Literal["log", "log-log", "plain", "logit", "arcsine"] = "log"
    conf_level: Level = 0.95
    rates_at: tuple[DurationText, ...] = ()
    unit: Literal["days", "months"] = "months"


class RatePlan(Model):
    """How a response rate is estimated."""

    method: Literal["clopper-pearson"] = "clopper-pearson"
    conf_level: Level = 0.95


class AdverseEventPlan(Model):
    """How adverse events are tabulated: terms reaching `minimum_grade` are counted apart."""

    minimum_grade: Annotated[int, Field(ge=1, le=5)] = 3
    order: Literal["incidence", "alphabetical"] = "incidence"


class Trigger(Model):
    """What starts a look at the data: a number of events, or a time after the first randomization."""

    events: Annotated[int, Field(ge=1)] | None = None
    time: DurationText | None = None
    source: str | None = None
    assumption: str | None = None


class Look(Model):
    """One planned look; the last is the final analysis."""

    id: Identifier
    trigger: Trigger


class Spending(Model):
    """How alpha is spent over the looks."""

    function: Literal["obrien-fleming", "pocock", "hwang-shih-decani", "power"]
    parameter: float | None = None


class Analysis(Model):
    """A planned analysis of one endpoint in one analysis set."""

    id: Identifier
    role: Literal["primary", "secondary", "exploratory", "safety"]
    endpoint: Identifier
    analysis_set: Identifier
    estimand: Identifier | None = None
    test: Test | None = None
    estimate: Estimate | None = None
    curve: Curve | None = None
    rate: RatePlan | None = None
    adverse_events: AdverseEventPlan | None = None
    subgroups: tuple[Identifier, ...] = ()
    looks: tuple[Look, ...] = ()
    spending: Spending | None = None


Section = Literal[
    "abstract",
    "synopsis",
    "flow",
    "baseline",
    "primary",
    "forest",
    "overall-survival",
    "response",
    "safety",
    "methods",
    "provenance",
]


class Report(Model):
    """What the report holds, in order."""

    title: str | None = None
    sections: tuple[Section, ...] = (
        "abstract",
        "synopsis",
        "flow",
        "baseline",
        "primary",
        "forest",
        "response",
        "safety",
        "methods",
        "provenance",
    )
    baseline: tuple[Identifier, ...] = ()
