"""The synopsis of a trial: one screen of plain words, from the trial file alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from equipoise.protocol.conduct import Randomization
from equipoise.protocol.plan_words import estimate_method, estimate_words, test_words
from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.protocol.values import Stated

_ASSUMED = " (assumption)"
# What the synopsis says of the settings of an allocation method, in this order.
_SETTINGS = {
    "maximum_imbalance": "at most {} apart",
    "sequence_length": "sequences of {}",
    "urn_lambda": "lambda {}",
    "probability": "probability {}",
    "imbalance": "by {}",
    "construction": "{}",
    "overall_weight": "overall weight {}",
    "stratum_weight": "stratum weight {}",
}


def synopsis(trial: Trial) -> list[tuple[str, str]]:
    """(heading, sentence) pairs in reading order: question, patients, arms, randomization, endpoints, analyses."""
    lines = [
        ("Question", _question(trial)),
        ("Design", _design(trial)),
        ("Patients", _patients(trial)),
        *(("Arm", _arm(trial, place)) for place in range(len(trial.arms))),
    ]
    if trial.randomization is not None:
        lines.append(("Randomization", _randomization(trial, trial.randomization)))
    if trial.schedule.tumor_assessments is not None:
        lines.append(("Scans", _scans(trial)))
    if trial.primary is not None:
        lines.append(("Primary endpoint", _endpoint(trial, trial.primary)))
        lines.append(("Primary analysis", _analysis(trial, trial.primary)))
    others = [_name(trial, analysis) for analysis in trial.analyses if analysis.role != "primary"]
    if others:
        lines.append(("Other analyses", _capitalized(_listing(others))))
    lines.extend(_scenarios(trial))
    count = len(trial.assumptions())
    if count:
        values = "1 value is an assumption" if count == 1 else f"{count} values are assumptions"
        lines.append(("Assumptions", f"{values}, marked so in the file; reports that depend on one say so"))
    return lines


def _question(trial: Trial) -> str:
    experimental = _listing([arm.label for arm in trial.experimental])
    where = f" in {_sentence_case(trial.trial.indication)}" if trial.trial.indication else ""
    primary = trial.primary
    outcome = _sentence_case(trial.endpoint(primary.endpoint).label) if primary else "the outcome"
    verb = "Does" if len(trial.experimental) == 1 else "Do"
    return f"{verb} {experimental} improve {outcome} over {trial.control.label}{where}?"


def _sentence_case(text: str) -> str:
    first, *rest = text.split(" ", 1)
    lowered = first if first[1:].lower() != first[1:] else first.lower()
    return " ".join([lowered, *rest])


def _design(trial: Trial) -> str:
    phase = f"Phase {trial.trial.phase}" if trial.trial.phase != "NA" else "Not phased"
    ratio = ":".join(str(arm.ratio) for arm in trial.arms)
    randomized = f", randomized {ratio}" if trial.randomization else ""
    ids = [text for text in (trial.trial.registry.nct, trial.trial.registry.eudract) if text]
    return f"{phase}, {trial.trial.masking}{randomized}" + (f"; registered as {_listing(ids)}" if ids else "")


def _patients(trial: Trial) -> str:
    inclusion = [criterion for criterion in trial.eligibility if criterion.kind == "inclusion"]
    exclusion = len(trial.eligibility) - len(inclusion)
    executable = sum(criterion.rule is not None for criterion in trial.eligibility)
    text = f"{trial.trial.enrollment.value} patients{_mark(trial.trial.enrollment)}"
    if trial.trial.sites is not None:
        text += f" at {trial.trial.sites.value} sites{_mark(trial.trial.sites)}"
    if trial.eligibility:
        text += f"; {len(inclusion)} inclusion and {exclusion} exclusion criteria, {executable} of them executable"
    return text


def _arm(trial: Trial, place: int) -> str:
    arm = trial.arms[place]
    text = f"{arm.label} ({arm.role}): {arm.description}" if arm.description else f"{arm.label} ({arm.role})"
    for_all, by_rule = [], []
    for name in arm.interventions:
        intervention = trial.intervention(name)
        dose = f" {intervention.dose.value:g} {intervention.dose_unit or ''}".rstrip() if intervention.dose else ""
        given = f"{_sentence_case(intervention.name)}{dose}"
        (by_rule if intervention.when else for_all).append(given)
    treatment = " with ".join(filter(None, (_listing(for_all), _listing(by_rule, "or"))))
    return text + (f"; {treatment}" if treatment else "")


def _randomization(trial: Trial, plan: Randomization) -> str:
    ratio = ":".join(str(arm.ratio) for arm in trial.arms)
    text = f"{ratio}, {plan.method.replace('-', ' ')}"
    if plan.block_sizes is not None:
        sizes = _listing([str(size) for size in plan.block_sizes.value])
        text += f" of {sizes}{_mark(plan.block_sizes)}"
    for key, words in _SETTINGS.items():
        stated = getattr(plan, key)
        if stated is not None:
            shown = f"{stated.value:g}" if isinstance(stated.value, float) else str(stated.value)
            text += f", {words.format(shown)}{_mark(stated)}"
    if plan.strata:
        factors = _listing([_sentence_case(trial.variables[name].label) for name in plan.strata])
        count = math.prod(max(1, len(trial.variables[name].levels)) for name in plan.strata)
        balanced = plan.method == "minimization"
        text += f", balancing {factors}" if balanced else f", within {count} strata by {factors}"
    return text


def _scans(trial: Trial) -> str:
    plan = trial.schedule.tumor_assessments
    assert plan is not None
    parts = [
        f"every {interval.every}" + (f" until {interval.until}" if interval.until else "")
        for interval in plan.intervals.value
    ]
    window = f", within {plan.window.value} either way{_mark(plan.window)}"
    return f"{plan.criteria}, {', then '.join(parts)} from {plan.anchor}{_mark(plan.intervals)}{window}"


def _endpoint(trial: Trial, analysis: Analysis) -> str:
    endpoint = trial.endpoint(analysis.endpoint)
    definition = f": {_sentence_case(endpoint.definition)}" if endpoint.definition else ""
    return f"{endpoint.label}{definition}"


def _analysis(trial: Trial, analysis: Analysis) -> str:
    parts = []
    if analysis.looks:
        parts.append(f"when {_trigger(analysis)}")
    parts.append(f"in the {_sentence_case(trial.analysis_set(analysis.analysis_set).label)} set")
    if analysis.test:
        sides = {1: "one-sided", 2: "two-sided"}[analysis.test.sides]
        stratified = "stratified " if analysis.test.stratified.value else ""
        mark = _mark(analysis.test.stratified)
        words = f"{stratified}{test_words(analysis.test, trial.variables)}{mark}"
        parts.append(f"{words}, {sides}, at {_percent(analysis.test.alpha)}")
    if analysis.estimate:
        stratified = "stratified " if analysis.estimate.stratified.value else ""
        mark = _mark(analysis.estimate.stratified)
        level = _percent(analysis.estimate.conf_level)
        by = (
            f"{stratified}Cox regression{mark}"
            if analysis.estimate.method == "cox"
            else f"{estimate_method(analysis.estimate)}{mark}"
        )
        parts.append(f"{estimate_words(analysis.estimate)} by {by} with {level} CI")
    return _capitalized("; ".join(parts))


def _percent(share: float) -> str:
    """A level in percent, with every decimal it was written with: 2.5% is not 2%."""
    return f"{100 * share:g}%"


def _trigger(analysis: Analysis) -> str:
    texts = []
    for look in analysis.looks:
        mark = _ASSUMED if look.trigger.assumption else ""
        events = f"{look.trigger.events} events have occurred" if look.trigger.events else ""
        time = f"{look.trigger.time} have passed" if look.trigger.time else ""
        texts.append(" and ".join(filter(None, (events, time))) + mark)
    return _listing(texts)


def _name(trial: Trial, analysis: Analysis) -> str:
    endpoint = trial.endpoint(analysis.endpoint)
    return f"{_sentence_case(endpoint.label)} ({analysis.role})"


def _scenarios(trial: Trial) -> Iterator[tuple[str, str]]:
    for scenario in trial.scenarios:
        uses = f", used by {_listing(list(scenario.default_for))}" if scenario.default_for else ""
        yield "Scenario", f"{scenario.id}: {_sentence_case(scenario.label)}{uses}"


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _mark(stated: Stated) -> str:
    return _ASSUMED if stated.is_assumption else ""


def _listing(parts: Sequence[str], word: str = "and") -> str:
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"
