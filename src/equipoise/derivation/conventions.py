"""Conventions profiles: the constants and choices of a derivation as dated data, and how they are overridden."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Literal

from pydantic import Field

from equipoise.derivation.censoring_rules import NO_ESTIMAND, CensoringRule, estimand_rules
from equipoise.errors import ArgumentError, permitted
from equipoise.protocol.censoring import STANDARD_SOURCES
from equipoise.protocol.plans import Endpoint
from equipoise.protocol.trial import Trial
from equipoise.protocol.values import Model

PROFILES: tuple[str, ...] = ("admiral", "equipoise")

Value = int | float | str | bool


class Constant(Model):
    """One constant: value, unit, where it comes from, what it decides; `choices` where not every value is allowed."""

    value: Value
    unit: str
    reference: str
    meaning: str
    choices: tuple[str, ...] = ()


class Evidence(Model):
    """A date that shows a subject alive. `level` says what may be filled in a partial one ("first" is filled)."""

    dataset: str
    date: str
    where: str | None = None
    level: Literal["D", "M"] | None = None


class DateSource(Model):
    """A date that a time-to-event parameter may start, end or be censored at.

    `event` goes to EVNTDESC, `censoring` to CNSDTDSC where the source censors.
    """

    dataset: str
    where: str | None = None
    date: str
    event: str
    censoring: str | None = None


class Interval(Model):
    """A time-to-event parameter; names of sources. `started_only` None leaves that to the profile's constant.

    `among`: a source that a subject must have; `reader`: whose tumor assessments; `rule_sets`: the first is the
    parameter's own, each further one makes a parameter of its own; `estimand` and the rules its strategies come to
    (`estimand` None: the profile speaks of none).
    """

    id: str
    label: str
    start: str
    events: tuple[str, ...]
    censoring: tuple[str, ...]
    started_only: bool | None = None
    among: str | None = None
    reader: Literal["investigator", "independent"] = "investigator"
    rule_sets: tuple[str, ...] = ()
    estimand: str | None = None
    estimand_rules: tuple[CensoringRule, ...] = ()


class Profile(Model):
    """A conventions profile, with the overrides of a trial file and of a call already in it."""

    profile: str
    title: str
    reference: str
    dated: date
    constants: dict[str, Constant]
    onset_doses: tuple[float, ...] = ()
    required: dict[str, tuple[str, ...]]
    evidence_of_life: tuple[Evidence, ...]
    new_therapy: tuple[Evidence, ...] = ()
    sources: dict[str, DateSource]
    endpoints: tuple[Interval, ...] = Field(default=())

    @property
    def id(self) -> str:
        return self.profile

    def text(self, name: str) -> str:
        """The value of a constant as text."""
        return str(self.constants[name].value)

    def number(self, name: str) -> int:
        """The value of a constant that counts something: days, assessments."""
        return int(self.constants[name].value)

    def flag(self, name: str) -> bool:
        """The value of a yes-or-no constant."""
        return bool(self.constants[name].value)


@cache
def load_profile(name: str) -> Profile:
    """A built-in conventions profile: "admiral" or "equipoise". Raises ArgumentError `argument-invalid`."""
    from ruamel.yaml import YAML

    if name not in PROFILES:
        raise ArgumentError(
            "argument-invalid", f"no conventions profile named {name!r}", hint=permitted(name, PROFILES)
        )
    text = files("equipoise.derivation").joinpath("profiles", f"{name}.yaml").read_text(encoding="utf-8")
    return Profile.model_validate(YAML(typ="safe").load(StringIO(text)))


def resolve_profile(
    trial: Trial | None = None, profile: str | None = None, overrides: Mapping[str, object] | None = None
) -> Profile:
    """The profile of a derivation, with every override in it.

    Arguments: the trial, whose file may name a profile, constants, sources and endpoints, and whose tumor-assessment
    window becomes `assessment_window_days`; the name of another profile; constants set by hand, which win.
    Returns the profile. Raises ArgumentError `argument-invalid` for an unknown profile or constant, a value of the
    wrong kind, or neither trial nor profile.
    """
    name = profile or (trial.derivation.profile if trial else None)
    if name is None:
        raise ArgumentError(
            "argument-invalid",
            "no conventions profile was named",
            reason="without a trial file nothing says by which conventions the data are to be derived",
            hint="name a profile: " + ", ".join(PROFILES),
        )
    resolved = load_profile(name)
    if trial is not None:
        resolved = _adopt(resolved, trial)
    return _requiring_lesions(set_constants(resolved, dict(overrides or {}), "set for this derivation"))


def _requiring_lesions(profile: Profile) -> Profile:
    """Where responses are computed from lesions, TU and TR are needed in place of RS."""
    if profile.text("response_source") != "lesions":
        return profile
    kept = {domain: columns for domain, columns in profile.required.items() if domain != "rs"}
    tr = ("STUDYID", "USUBJID", "TRSEQ", "TRLNKID", "TRTESTCD", "TREVAL", "VISIT", "TRDTC")
    tu = ("STUDYID", "USUBJID", "TULNKID", "TUSTRESC", "TUEVAL", "VISIT")
    return profile.model_copy(update={"required": {**kept, "tu": tu, "tr": tr}})


def _adopt(profile: Profile, trial: Trial) -> Profile:
    """What the trial file says in place of the profile."""
    scans = trial.schedule.tumor_assessments
    if scans is not None and profile.id == "equipoise":
        window = {"assessment_window_days": int(scans.window.value.days)}
        profile = set_constants(profile, window, "trial file, schedule.tumor_assessments.window")
    own = {name: stated.value for name, stated in trial.derivation.constants.items()}
    profile = set_constants(profile, own, "trial file, derivation.constants")
    endpoints = [endpoint for endpoint in trial.endpoints if endpoint.kind == "time-to-event"]
    if not endpoints:
        return profile
    standard = load_profile("equipoise").sources
    sources = {name: standard[name] for name in STANDARD_SOURCES}
    for name, source in trial.sources.items():
        words = {"event": source.description, "censoring": source.description}
        sources[name] = DateSource(dataset=source.dataset, where=source.where, date=source.date, **words)
    parameters = tuple(_adopt_endpoint(endpoint, trial) for endpoint in endpoints)
    return profile.model_copy(update={"sources": sources, "endpoints": parameters})


def _adopt_endpoint(endpoint: Endpoint, trial: Trial) -> Interval:
    estimand = next((one for one in trial.estimands if one.id == endpoint.estimand), None)
    return Interval(
        id=endpoint.id,
        label=endpoint.label,
        start=endpoint.start or "",
        events=endpoint.events,
        censoring=endpoint.censoring,
        started_only=True if endpoint.among else None,
        among=endpoint.among,
        reader=endpoint.reader,
        rule_sets=endpoint.censoring_rules,
        estimand=estimand.id if estimand else NO_ESTIMAND,
        estimand_rules=estimand_rules(estimand) if estimand else (),
    )


def set_constants(profile: Profile, values: Mapping[str, object], reference: str) -> Profile:
    """The profile with constants set otherwise, each with its new reference. Raises as `resolve_profile`."""
    constants = dict(profile.constants)
    for name, value in values.items():
        if name not in constants:
            raise ArgumentError(
                "argument-invalid",
                f"the profile {profile.id} has no constant {name!r}",
                hint=permitted(name, constants),
            )
        constants[name] = _changed(name, constants[name], value, reference)
    return profile.model_copy(update={"constants": constants})


def _changed(name: str, constant: Constant, value: object, reference: str) -> Constant:
    wanted = type(constant.value)
    converted = _converted(value, wanted)
    if converted is None:
        kind = {bool: "true or false", int: "a whole number"}.get(wanted, "text")
        raise ArgumentError(
            "argument-invalid", f"constant {name} cannot be {value!r}", hint=f"give {kind} ({constant.unit})"
        )
    if isinstance(converted, int) and not isinstance(converted, bool) and converted < 0:
        raise ArgumentError(
            "argument-invalid",
            f"constant {name} cannot be negative: {value!r}",
            hint=f"give a number from 0 ({constant.unit})",
        )
    if constant.choices and str(converted) not in constant.choices:
        raise ArgumentError(
            "argument-invalid",
            f"constant {name} cannot be {value!r}",
            hint=permitted(str(value), constant.choices),
        )
    return constant.model_copy(update={"value": converted, "reference": reference})


def _converted(value: object, wanted: type) -> Value | None:
    """The value in the constant's type; None where it cannot be."""
    if wanted is bool:
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())
    if wanted is str:
        return str(value).strip() or None
    if isinstance(value, bool):
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
