"""The trial as data: one frozen model of the whole trial file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from equipoise.errors import ArgumentError, permitted
from equipoise.protocol.conduct import (
    Arm,
    Criterion,
    Identifier,
    Identity,
    Intervention,
    Randomization,
    Schedule,
    Variable,
)
from equipoise.protocol.plans import Analysis, AnalysisSet, Derivation, Endpoint, Estimand, Report, Source
from equipoise.protocol.scenarios import Scenario, Use
from equipoise.protocol.values import Model, Stated
from equipoise.provenance import digest_bytes


class Trial(Model):
    """A randomized time-to-event trial, as its file says it.

    Load one with `equipoise.load`. Parts are reached by name: `trial.arm("ET")`, `trial.endpoint("PFS")`,
    `trial.scenario("published")`.
    """

    equipoise: Literal[1] = Field(description="version of the trial-file format")
    trial: Identity
    example: Literal["gbsg2"] | None = Field(default=None, description="loader of a public data set of this study")
    variables: dict[Identifier, Variable] = Field(default_factory=dict)
    eligibility: tuple[Criterion, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    arms: Annotated[tuple[Arm, ...], Field(min_length=2)]
    randomization: Randomization | None = None
    schedule: Schedule = Schedule()
    analysis_sets: Annotated[tuple[AnalysisSet, ...], Field(min_length=1)]
    sources: dict[Identifier, Source] = Field(default_factory=dict)
    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    estimands: tuple[Estimand, ...] = ()
    derivation: Derivation = Derivation()
    analyses: tuple[Analysis, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    report: Report = Report()

    @property
    def id(self) -> str:
        return self.trial.id

    @property
    def digest(self) -> str:
        """SHA-256 of what the file says, however it is spaced or commented.

        The report's contents are left out: choosing other sections does not make other results.
        """
        return digest_bytes(self.model_dump_json(exclude={"report"}, exclude_none=True).encode())

    @property
    def control(self) -> Arm:
        """The control arm, the reference of every contrast."""
        return next(arm for arm in self.arms if arm.role == "control")

    @property
    def experimental(self) -> tuple[Arm, ...]:
        return tuple(arm for arm in self.arms if arm.role == "experimental")

    @property
    def primary(self) -> Analysis | None:
        """The primary analysis."""
        return next((analysis for analysis in self.analyses if analysis.role == "primary"), None)

    def arm(self, name: str) -> Arm:
        return _named(self.arms, name, "arm")

    def endpoint(self, name: str) -> Endpoint:
        return _named(self.endpoints, name, "endpoint")

    def analysis_set(self, name: str) -> AnalysisSet:
        return _named(self.analysis_sets, name, "analysis set")

    def analysis(self, name: str) -> Analysis:
        return _named(self.analyses, name, "analysis")

    def intervention(self, name: str) -> Intervention:
        return _named(self.interventions, name, "intervention")

    def scenario(self, name: str | None = None, *, use: Use = "simulate") -> Scenario:
        """The scenario of that name, or the one that is the default for a use. Raises `argument-invalid`."""
        if name is not None:
            return _named(self.scenarios, name, "scenario")
        for scenario in self.scenarios:
            if use in scenario.default_for:
                return scenario
        raise ArgumentError(
            "argument-invalid",
            f"trial {self.id} has no scenario for {use}",
            hint=f"add a scenario with `default_for: [{use}]` to the trial file",
        )

    def assumptions(self) -> list[tuple[str, str, str]]:
        """Every value marked an assumption: its path in the file, the value as text, and the reason given."""
        return list(_assumptions("", self))


def _named(parts: tuple[Any, ...], name: str, kind: str) -> Any:
    for part in parts:
        if part.id == name:
            return part
    names = [part.id for part in parts]
    raise ArgumentError("argument-invalid", f"no {kind} named {name!r}", hint=permitted(name, names))


def _assumptions(path: str, node: object) -> Any:
    if isinstance(node, Stated) and node.assumption is not None:
        yield path, _shown(node.value), node.assumption
    elif isinstance(node, Model):
        reason = getattr(node, "assumption", None)
        if reason is not None:
            yield path, _shown(next(iter(node.model_dump(mode="json", exclude={"assumption"}).values()))), reason
        for name in type(node).model_fields:
            yield from _assumptions(f"{path}.{name}".lstrip("."), getattr(node, name))
    elif isinstance(node, dict):
        for key, part in node.items():
            yield from _assumptions(f"{path}.{key}", part)
    elif isinstance(node, tuple):
        for place, part in enumerate(node):
            yield from _assumptions(f"{path}.{getattr(part, 'id', None) or getattr(part, 'term', place)}", part)


def _shown(value: object) -> str:
    match value:
        case tuple():
            return ", ".join(_shown(part) for part in value)
        case dict():
            return ", ".join(f"{key} {_shown(part)}" for key, part in value.items())
        case Model():
            return ", ".join(f"{k} {v}" for k, v in value.model_dump(mode="json", exclude_none=True).items())
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return str(value)
