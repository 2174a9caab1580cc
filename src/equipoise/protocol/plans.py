"""The analysis half of a trial file: analysis sets, endpoints, estimands, planned analyses, report contents."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from equipoise.protocol.censoring import RuleSetName
from equipoise.protocol.conduct import AnalysisName, Identifier
from equipoise.protocol.values import DurationText, Model, PositiveDurationText, Stated

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

    time-to-event: `start`, `events` (the earliest counts) and `censoring` (the latest counts) name sources; `among`, a
    source that a patient must have to be counted; `reader`, whose tumor assessments; `censoring_rules`, the first being
    the endpoint's own and each further one a sensitivity parameter; `estimand`, the one that the endpoint answers.
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
    among: Identifier | None = None
    reader: Literal["investigator", "independent"] = "investigator"
    censoring_rules: tuple[RuleSetName, ...] = ()
    estimand: Identifier | None = None
    parameter: AnalysisName | None = None
    responders: tuple[str, ...] = ()


class IntercurrentEvent(Model):
    """An event after randomization that affects the endpoint, and the ICH E9(R1) strategy for it.

    `date` names the source that dates it, which every strategy that acts on dates needs; `censor_at` says where
    hypothetical and while-on-treatment censor: on the day of the event, or at the last adequate assessment by then.
    """

    event: str
    date: Identifier | None = None
    censor_at: Literal["event", "last-assessment"] = "event"
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


Exponent = Annotated[float, Field(ge=0)]

TimeTest = Literal[
    "logrank",
    "fleming-harrington",
    "tarone-ware",
    "gehan",
    "peto",
    "modified-peto",
    "modestly-weighted",
    "maxcombo",
    "adjusted-logrank",
    "rerandomization",
]
RateTest = Literal[
    "cmh",
    "chi-square",
    "chi-square-continuity",
    "chi-square-n-1",
    "likelihood-ratio",
    "wald",
    "fisher",
    "fisher-mid-p",
    "barnard",
    "boschloo",
]
TimeEstimate = Literal["cox", "rmst", "milestone", "median-difference"]
RateEstimate = Literal[
    "newcombe",
    "newcombe-continuity",
    "miettinen-nurminen",
    "mee",
    "wald",
    "agresti-caffo",
    "sato",
    "mantel-haenszel",
    "conditional",
]
ConfType = Literal["log", "log-log", "plain", "logit", "arcsine"]


class Test(Model):
    """A planned test. `sides` has no default; two-sided alpha is spent half on each side.

    Time-to-event: the log-rank test and its relatives. Response: tests of two rates. Keys below `stratified` belong to
    single methods: `rho`, `gamma` to fleming-harrington; `t_star` or `s_star` to modestly-weighted; `tests` to
    maxcombo; `covariates` to adjusted-logrank; `statistic`, `draws`, `seed`, `arrival` to rerandomization.
    """

    method: TimeTest | RateTest
    sides: Literal[1, 2]
    alpha: Level
    stratified: Stated[bool] = Stated[bool](value=False)
    rho: Exponent | None = None
    gamma: Exponent | None = None
    t_star: PositiveDurationText | None = None
    s_star: Annotated[float, Field(ge=0, le=1)] | None = None
    tests: Annotated[tuple[tuple[Exponent, Exponent], ...], Field(min_length=1)] | None = None
    covariates: Annotated[tuple[Identifier, ...], Field(min_length=1)] | None = None
    statistic: Literal["z", "o-e"] | None = None
    draws: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] | None = None
    arrival: AnalysisName | None = Field(default=None, description="ADSL column that says the order of randomization")


class FurtherTest(Test):
    """A test beside the planned one, without a level of its own; `id` names its rows (else its method does)."""

    id: Identifier | None = None
    alpha: Level | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class Estimate(Model):
    """A planned estimate of the treatment effect.

    Time-to-event: a hazard ratio, or a difference of restricted means, of survival at a time, or of medians. Response:
    a difference of rates or an odds ratio. Keys below `stratified` belong to single methods: `ties` to cox; `tau` and
    `window_start` to rmst; `at` and `transform` to milestone; `conf_type` to median-difference; `weights` to stratified
    ones.
    """

    method: TimeEstimate | RateEstimate
    ties: Literal["efron", "breslow", "exact", "discrete", "marginal"] = "efron"
    conf_level: Level = 0.95
    stratified: Stated[bool] = Stated[bool](value=False)
    tau: PositiveDurationText | None = None
    window_start: DurationText | None = None
    at: PositiveDurationText | None = None
    transform: Literal["plain", "log", "log-log", "logit", "arcsine"] | None = None
    conf_type: ConfType | None = None
    weights: (
        Literal["size", "cmh", "inverse-variance", "sample-size", "equal", "miettinen-nurminen", "wilson"] | None
    ) = None


class FurtherEstimate(Estimate):
    """An estimate beside the planned one; `id` names its rows (else its method does)."""

    id: Identifier | None = None


class Curve(Model):
    """How the Kaplan-Meier curves are computed and read."""

    conf_type: ConfType = "log"
    conf_level: Level = 0.95
    rates_at: tuple[DurationText, ...] = ()
    unit: Literal["days", "months"] = "months"


class RatePlan(Model):
    """How a response rate is estimated."""

    method: Literal["clopper-pearson", "wilson", "wilson-continuity", "jeffreys", "agresti-coull", "wald"] = (
        "clopper-pearson"
    )
    conf_level: Level = 0.95


class AdverseEventPlan(Model):
    """How adverse events are tabulated: terms reaching `minimum_grade` are counted apart."""

    minimum_grade: Annotated[int, Field(ge=1, le=5)] = 3
    order: Literal["incidence", "alphabetical"] = "incidence"


class Trigger(Model):
    """What starts a look at the data.

    `events` (of `endpoint`, else of the analysis's own; in `arms`, else in all), a `time` after the first
    randomization, a `follow_up` of the last patient randomized; of several, once the last of them holds, or with `when`
    the first. `latest`: the time at which one looks even if they do not hold.
    """

    events: Annotated[int, Field(ge=1)] | None = None
    time: DurationText | None = None
    arms: Annotated[tuple[Identifier, ...], Field(min_length=1)] | None = None
    endpoint: Identifier | None = None
    follow_up: DurationText | None = None
    when: Literal["last", "first"] | None = None
    latest: PositiveDurationText | None = None
    source: str | None = None
    assumption: str | None = None


class Look(Model):
    """One planned look; the last is the final analysis. At an interim, `efficacy` or `futility` may be switched off.

    `cutoff` is the day of its data cutoff, once that is known: `equipoise derive --cutoff` takes the look by its id.
    """

    id: Identifier
    trigger: Trigger
    cutoff: date | None = None
    efficacy: bool = True
    futility: bool = True


class Spending(Model):
    """How an error probability is spent over the looks: alpha by `spending`, beta by `futility`."""

    function: Literal["obrien-fleming", "pocock", "hwang-shih-decani", "power"]
    parameter: float | None = Field(default=None, description="of hwang-shih-decani (gamma) and of power (rho)")
    source: str | None = None
    assumption: str | None = None

    @model_validator(mode="after")
    def _parameter_fits(self) -> Self:
        needed = self.function in ("hwang-shih-decani", "power")
        if needed and self.parameter is None:
            raise ValueError(f"the spending function {self.function} needs its `parameter`")
        if not needed and self.parameter is not None:
            raise ValueError(f"the spending function {self.function} has no parameter")
        if self.function == "power" and self.parameter is not None and self.parameter <= 0:
            raise ValueError(f"the exponent of power spending is above 0, not {self.parameter:g}")
        return self


class Futility(Spending):
    """How beta is spent over the looks; `binding` bounds must be obeyed and may lower the efficacy bounds."""

    binding: bool = False


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
    further_tests: tuple[FurtherTest, ...] = ()
    further_estimates: tuple[FurtherEstimate, ...] = ()
    futility: Futility | None = None


Section = Literal[
    "abstract",
    "synopsis",
    "design",
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
        "design",
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
