"""Censoring rule sets as dated data, and the strategies of an estimand as rules of the same kinds."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Literal

from equipoise.errors import ArgumentError, permitted
from equipoise.protocol.censoring import RULE_SETS
from equipoise.protocol.plans import Estimand
from equipoise.protocol.values import Model

Kind = Literal["as-observed", "missed-assessments", "no-baseline", "drop-source", "stop", "add-source", "interval"]
SENSITIVITY = "sensitivity"
NO_ESTIMAND = "none stated"


class CensoringRule(Model):
    """One rule, and where it is written.

    `kind` says what is computed: as-observed (nothing is changed), missed-assessments (no event later than `intervals`
    scheduled intervals, and the protocol's window where `window`, after the last adequate assessment), no-baseline
    (none without a baseline assessment but a death within `intervals`), drop-source and add-source (the source `at` is
    no event, or is one), stop (nothing counts after the source `at`; `unless_progression`: but a progression does;
    `censor_at` the last adequate assessment by then, or the event itself), interval (the two days about a progression).
    `label` goes to EVNTDESC of who is censored by it.
    """

    id: str
    kind: Kind
    label: str
    words: str
    document: str
    section: str
    version: str
    at: str | None = None
    intervals: int = 2
    window: bool = True
    unless_progression: bool = False
    censor_at: Literal["last-assessment", "event"] = "last-assessment"


class RuleSet(Model):
    """A dated set of censoring rules; where several would censor a patient, the earliest date counts."""

    rule_set: str
    title: str
    reference: str
    dated: date
    rules: tuple[CensoringRule, ...]

    @property
    def id(self) -> str:
        return self.rule_set


@cache
def load_rule_set(name: str) -> RuleSet:
    """A built-in censoring rule set: missed-two, fda-a, ema, palmira or interval-censored.

    Arguments: its name. Returns its rules, each with document, section and version.
    Raises ArgumentError `argument-invalid` for another name.

    >>> load_rule_set("missed-two").rules[0].section
    'example tables for PFS analysis, Table A, death or progression after more than one missed visit'
    """
    from ruamel.yaml import YAML

    if name not in RULE_SETS:
        raise ArgumentError(
            "argument-invalid", f"no censoring rule set named {name!r}", hint=permitted(name, RULE_SETS)
        )
    text = files("equipoise.derivation").joinpath("rule_sets", f"{name}.yaml").read_text(encoding="utf-8")
    return RuleSet.model_validate(YAML(typ="safe").load(StringIO(text)))


_ICH = {
    "document": "ICH E9(R1), addendum on estimands and sensitivity analysis in clinical trials",
    "section": "A.3.2, strategies for addressing intercurrent events",
    "version": "Step 4, 20 November 2019",
}
NON_INFORMATIVE = (
    "assumes non-informative censoring: patients censored at {event} would have gone on to the event as those who were "
    "followed, given their arm and strata"
)


def estimand_rules(estimand: Estimand) -> tuple[CensoringRule, ...]:
    """The rules that the strategies of an estimand come to (ICH E9(R1), A.3.2).

    Treatment policy changes nothing; hypothetical censors at the intercurrent event; composite takes it as an event;
    while on treatment stops at discontinuation. A principal stratum is a matter of the analysis set.
    """
    rules: list[CensoringRule] = []
    for place, event in enumerate(estimand.intercurrent_events, start=1):
        named = {"id": f"{estimand.id}-{place}", "label": event.event}
        words = f"{event.event}: {event.strategy.replace('-', ' ')}"
        if event.strategy == "hypothetical":
            assumed = NON_INFORMATIVE.format(event=event.event)
            rules.append(_stop(named, event.date, event.censor_at, f"{words}; censored there; {assumed}"))
        elif event.strategy == "while-on-treatment":
            at = event.date or "discontinuation"
            rules.append(_stop(named, at, event.censor_at, f"{words}; nothing counts after it"))
        elif event.strategy == "composite" and event.date is not None:
            added = {"kind": "add-source", "at": event.date, "words": f"{words}; it is an event"}
            rules.append(CensoringRule.model_validate({**_ICH, **named, **added}))
    return tuple(rules)


def _stop(
    named: dict[str, str], at: str | None, censor_at: Literal["event", "last-assessment"], words: str
) -> CensoringRule:
    stop = {"kind": "stop", "at": at, "censor_at": censor_at, "words": words}
    return CensoringRule.model_validate({**_ICH, **named, **stop})
