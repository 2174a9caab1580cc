"""Names and phrases that several parts of a report share: endpoints, tests, units, arms."""

from __future__ import annotations

from equipoise.protocol.plan_words import estimate_method, test_words
from equipoise.protocol.plans import Analysis, Endpoint, Estimate, Test
from equipoise.protocol.trial import Trial
from equipoise.quantities import DAYS_PER_UNIT
from equipoise.reporting.formatting import level_text, lower_first, time_text

RESPONSE_LABELS = {
    "CR": "Complete response",
    "PR": "Partial response",
    "SD": "Stable disease",
    "PD": "Progressive disease",
    "NON-CR/NON-PD": "Non-CR/non-PD",
    "NE": "Not evaluable",
    "MISSING": "No assessment after baseline",
}


def endpoint_of(trial: Trial, analysis: Analysis) -> Endpoint:
    """The endpoint that an analysis is about."""
    return trial.endpoint(analysis.endpoint)


def short_name(endpoint: Endpoint) -> str:
    """`PFS` where the trial file gives a short name, else the label up to its first comma in small letters."""
    return endpoint.short or lower_first(endpoint.label.partition(",")[0])


def first_mention(endpoint: Endpoint) -> str:
    """`progression-free survival (PFS), investigator-assessed,` as a sentence introduces it."""
    head, comma, tail = endpoint.label.partition(", ")
    short = f" ({endpoint.short})" if endpoint.short and endpoint.short != head else ""
    return f"{lower_first(head)}{short}" + (f", {tail}," if comma else "")


def test_phrase(trial: Trial, analysis: Analysis) -> str:
    """`two-sided stratified log-rank test`, as planned."""
    if analysis.test is None:
        return ""
    return f"{sided(analysis.test)} {test_words(analysis.test, trial.variables)}"


def sided(test: Test) -> str:
    """`two-sided stratified`: what stands before the name of a test."""
    stratified = " stratified" if test.stratified.value else ""
    return {1: "one-sided", 2: "two-sided"}[test.sides] + stratified


def estimate_phrase(analysis: Analysis) -> str:
    """`stratified Cox model`, as planned."""
    return "" if analysis.estimate is None else estimate_method(analysis.estimate)


def ties_phrase(estimate: Estimate) -> str:
    """`Efron`: whose rule for tied events."""
    names = {"exact": "the exact conditional likelihood", "marginal": "the exact marginal likelihood"}
    return names.get({"discrete": "exact"}.get(estimate.ties, estimate.ties), estimate.ties.capitalize())


def alpha_phrase(analysis: Analysis) -> str:
    """`two-sided significance level of .05`."""
    if analysis.test is None:
        return ""
    sides = {1: "one-sided", 2: "two-sided"}[analysis.test.sides]
    return f"{sides} significance level of {level_text(analysis.test.alpha)}"


def conf_level(analysis: Analysis) -> float:
    """The confidence level of the analysis's rate, estimate or curve."""
    for plan in (analysis.rate, analysis.estimate, analysis.curve):
        if plan is not None:
            return plan.conf_level
    return 0.95


def minimum_grade(analysis: Analysis) -> int:
    """The grade from which an adverse event counts as severe in this plan."""
    return analysis.adverse_events.minimum_grade if analysis.adverse_events else 3


def ratio_phrase(trial: Trial) -> str:
    """The allocation as planned, `2:1`, in the order of the arms."""
    return ":".join(str(arm.ratio) for arm in trial.arms)


def time_point(at: float, unit: str | None) -> str:
    """A time on a curve in the unit it reads best in: 730.5 days are 2 years, 6 months stay months."""
    source = unit or "months"
    if source == "days":
        for wanted in ("years", "months"):
            count = at / DAYS_PER_UNIT[wanted]
            if count >= 1 and abs(count - round(count)) < 1e-6:
                return _counted(round(count), wanted)
    if abs(at - round(at)) < 1e-9:
        return _counted(round(at), source)
    return time_text(at, source)


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit.removesuffix('s') if count == 1 else unit}"


def start_phrase(trial: Trial, analysis: Analysis) -> str:
    """What time is counted from, in small letters; empty where the trial file does not say."""
    start = endpoint_of(trial, analysis).start
    return lower_first(trial.sources[start].description) if start in trial.sources else ""


def set_phrase(trial: Trial, analysis: Analysis) -> str:
    """`intention-to-treat set`, or the label itself where it already says whom it holds."""
    label = lower_first(trial.analysis_set(analysis.analysis_set).label)
    return label if label.endswith(("patients", "set", "population", "participants")) else f"{label} set"


def time_to_event(trial: Trial) -> list[Analysis]:
    """Planned analyses of time-to-event endpoints, the primary first."""
    found = [a for a in trial.analyses if endpoint_of(trial, a).kind == "time-to-event"]
    return sorted(found, key=lambda analysis: analysis.role != "primary")


def of_kind(trial: Trial, kind: str) -> list[Analysis]:
    """Planned analyses whose endpoint is of a kind, in the order of the trial file."""
    return [analysis for analysis in trial.analyses if endpoint_of(trial, analysis).kind == kind]
