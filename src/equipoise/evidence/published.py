"""A published time-to-event result as data: what was printed, where, and what the text says about how it was made."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, GetJsonSchemaHandler, WithJsonSchema, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from equipoise.evidence.printed import PrintedNumber, split_estimate
from equipoise.protocol.values import Model

Sides = Annotated[int, Field(ge=1, le=2)]
IntervalMethod = Literal["wald", "profile-likelihood", "score", "bootstrap", "robust", "adjusted", "unstated"]
EffectMethod = Literal["cox", "log-rank", "weighted-log-rank", "robust-cox", "rmst", "unstated"]


Ratio = Annotated[
    tuple[int, int],
    WithJsonSchema({"type": "string", "pattern": r"^\s*[1-9][0-9]*\s*:\s*[1-9][0-9]*\s*$", "examples": ["2:1"]}),
]


class PrintedInterval(Model):
    """An interval's printed limits; `level` in percent (95), None where the text does not say."""

    lower: PrintedNumber
    upper: PrintedNumber
    level: PrintedNumber | None = None


class PrintedEstimate(Model):
    """An estimate as printed, with its interval where one was printed; "4.9 (95% 3.6-6.1)" says it in one line."""

    value: PrintedNumber
    interval: PrintedInterval | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_one_line(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("value"), str) and "interval" not in data:
            return {**data, **_from_text(data["value"])}
        return data if isinstance(data, dict | BaseModel) else _from_text(str(data))

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The long form, or the estimate in one line."""
        line = {"type": ["string", "number"], "examples": ["0.84 (95% 0.66-1.07)", "14.7", "NR"]}
        return {"anyOf": [line, handler(core_schema)]}

    @model_validator(mode="after")
    def _level_in_percent(self) -> PrintedEstimate:
        level = self.interval.level if self.interval is not None else None
        if level is not None and not 50.0 <= level.value < 100.0:
            meant = f"{100.0 * level.value:g}" if 0.5 <= level.value < 1.0 else "95"
            raise ValueError(f"the level {level} is no level in percent from 50 to 100; write {meant}")
        return self


def _from_text(text: str) -> dict[str, Any]:
    value, lower, upper, level = split_estimate(text)
    if lower is None:
        return {"value": value}
    return {"value": value, "interval": {"lower": lower, "upper": upper, "level": level}}


class PrintedRatio(PrintedEstimate):
    """A hazard ratio, experimental to control. `effect` and `method` say what the text says of model and interval."""

    effect: EffectMethod = "unstated"
    method: IntervalMethod = "unstated"
    stratified: bool | None = None

    @model_validator(mode="after")
    def _a_ratio(self) -> PrintedRatio:
        if not self.value.reached:
            raise ValueError(f"a hazard ratio is a number, and {self.value} is none; leave it out")
        if self.value.value <= 0.0:
            raise ValueError(f"a hazard ratio is positive, and {self.value} is not; write the ratio, not its logarithm")
        return self


class PrintedTest(Model):
    """A P value; `sides`, and whether the test is `stratified`, are None where the text does not say."""

    p: PrintedNumber
    sides: Sides | None = None
    test: str | None = None
    stratified: bool | None = None

    @model_validator(mode="after")
    def _a_probability(self) -> PrintedTest:
        if not 0.0 <= self.p.value <= 1.0:
            raise ValueError(f"P is {self.p}, and a probability lies between 0 and 1; write .149, not 14.9")
        return self


class PrintedArm(Model):
    """What was printed of one arm in one comparison. Shares and rates are in percent, medians in the result's unit."""

    events: int | None = Field(default=None, ge=0)
    median: PrintedEstimate | None = None

    @model_validator(mode="after")
    def _a_time(self) -> PrintedArm:
        if self.median is not None and self.median.value.value < 0.0:
            raise ValueError(f"the median {self.median.value} is no time; write it as printed, 4.9 or NR")
        return self


class PrintedRate(Model):
    """Event-free share, percent, at one time (in the result's unit), per arm."""

    at: float = Field(gt=0)
    experimental: PrintedEstimate | None = None
    control: PrintedEstimate | None = None

    @model_validator(mode="after")
    def _a_percentage(self) -> PrintedRate:
        for rate in (self.experimental, self.control):
            if rate is not None and rate.value.reached and not 0.0 <= rate.value.value <= 100.0:
                raise ValueError(f"{rate.value} is no percentage from 0 to 100")
        return self


class NumbersAtRisk(Model):
    """The table under a Kaplan-Meier figure: times in the result's unit, counts per arm."""

    times: tuple[float, ...]
    experimental: tuple[int, ...] = ()
    control: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _of_one_length(self) -> NumbersAtRisk:
        if any(later <= earlier for earlier, later in pairwise(self.times)):
            raise ValueError(f"the times {', '.join(f'{time:g}' for time in self.times)} do not increase")
        for arm, counts in (("experimental", self.experimental), ("control", self.control)):
            if counts and len(counts) != len(self.times):
                raise ValueError(f"{arm} has {len(counts)} numbers at {len(self.times)} times; write one for each time")
        return self


class PublishedEndpoint(Model):
    """One time-to-event comparison of a publication."""

    endpoint: str
    unit: Literal["days", "weeks", "months", "years"] = "months"
    source: str
    events: int | None = Field(default=None, ge=0)
    hazard_ratio: PrintedRatio | None = None
    test: PrintedTest | None = None
    experimental: PrintedArm = PrintedArm()
    control: PrintedArm = PrintedArm()
    rates: tuple[PrintedRate, ...] = ()
    at_risk: NumbersAtRisk | None = None
    follow_up: PrintedNumber | None = None

    @property
    def total_events(self) -> int | None:
        """Events as reported: the total, or both arms' sum; None where neither was printed."""
        if self.events is not None:
            return self.events
        arms = (self.experimental.events, self.control.events)
        return sum(count for count in arms if count is not None) if None not in arms else None


class PrintedShare(Model):
    """A percentage of one arm, with count, denominator and interval where they were printed."""

    percent: PrintedNumber
    count: int | None = Field(default=None, ge=0)
    of: int | None = Field(default=None, gt=0)
    interval: PrintedInterval | None = None

    @model_validator(mode="after")
    def _a_percentage(self) -> PrintedShare:
        if not 0.0 <= self.percent.value <= 100.0:
            raise ValueError(f"{self.percent} is no percentage from 0 to 100")
        if self.of is not None and self.count is not None and self.count > self.of:
            raise ValueError(f"{self.count} of {self.of} is more than all")
        return self


class PublishedShares(Model):
    """A comparison of percentages: a response rate (`kind: response`) or an adverse event (`kind: adverse-event`)."""

    label: str
    kind: Literal["response", "adverse-event", "other"] = "other"
    source: str
    population: str | None = None
    experimental: PrintedShare | None = None
    control: PrintedShare | None = None
    interval_method: str | None = None
    test: PrintedTest | None = None


class PublishedArm(Model):
    """One arm of the trial: its name and how many were randomized to it."""

    label: str
    randomized: int = Field(gt=0)


class PublishedTrial(Model):
    """A published-result file: one trial's printed numbers, each with the source it was read in."""

    published: Annotated[int, Field(ge=1, le=1)]
    trial: str
    identifiers: tuple[str, ...] = ()
    sources: dict[str, str]
    experimental: PublishedArm
    control: PublishedArm
    ratio: Ratio = (1, 1)
    blocks: tuple[int, ...] = ()
    strata: int | None = Field(default=None, gt=0)
    results: tuple[PublishedEndpoint, ...] = ()
    shares: tuple[PublishedShares, ...] = ()

    @property
    def randomized(self) -> int:
        return self.experimental.randomized + self.control.randomized

    @model_validator(mode="before")
    @classmethod
    def _ratio(cls, data: Any) -> Any:
        """'2:1' as (2, 1)."""
        if isinstance(data, dict) and isinstance(data.get("ratio"), str):
            parts = data["ratio"].split(":")
            if len(parts) != 2 or not all(part.strip().isdigit() and int(part) > 0 for part in parts):
                raise ValueError(
                    f"{data['ratio']!r} is no allocation ratio; write experimental to control, as in '2:1'"
                )
            return {**data, "ratio": tuple(int(part) for part in parts)}
        return data

    @model_validator(mode="after")
    def _sources(self) -> PublishedTrial:
        used = {part.source for part in (*self.results, *self.shares)}
        unknown = sorted(used - set(self.sources))
        if unknown:
            known = ", ".join(self.sources) or "none"
            raise ValueError(f"source {unknown[0]!r} is not among the file's sources ({known})")
        return self
