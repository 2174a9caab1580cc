"""Planned tests and estimates in words, for synopses and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from equipoise.protocol.conduct import Variable
from equipoise.protocol.plans import Estimate, Test, Trigger

_TESTS = {
    "logrank": "log-rank test",
    "tarone-ware": "Tarone\u2013Ware test",
    "gehan": "Gehan\u2013Wilcoxon test",
    "peto": "Peto\u2013Peto test",
    "modified-peto": "modified Peto\u2013Peto test",
    "rerandomization": "re-randomization test",
    "cmh": "Cochran\u2013Mantel\u2013Haenszel test",
    "chi-square": "chi-square test",
    "chi-square-continuity": "chi-square test with continuity correction",
    "chi-square-n-1": "chi-square test, (N \u2212 1)/N",
    "likelihood-ratio": "likelihood-ratio test",
    "wald": "Wald test",
    "fisher": "Fisher exact test",
    "fisher-mid-p": "Fisher mid-P test",
    "barnard": "Barnard exact test",
    "boschloo": "Boschloo exact test",
}
_RATE_METHODS = {
    "newcombe": "Newcombe",
    "newcombe-continuity": "Newcombe with continuity correction",
    "miettinen-nurminen": "Miettinen\u2013Nurminen",
    "mee": "Mee",
    "wald": "Wald",
    "agresti-caffo": "Agresti\u2013Caffo",
    "sato": "Sato",
    "mantel-haenszel": "Mantel\u2013Haenszel",
    "conditional": "exact conditional",
    "clopper-pearson": "Clopper\u2013Pearson",
    "wilson": "Wilson",
    "wilson-continuity": "Wilson with continuity correction",
    "jeffreys": "Jeffreys",
    "agresti-coull": "Agresti\u2013Coull",
}
_PARAMETERS = {"cox": "hazard-ratio", "mantel-haenszel": "odds-ratio", "conditional": "odds-ratio"} | dict.fromkeys(
    ("newcombe", "newcombe-continuity", "miettinen-nurminen", "mee", "wald", "agresti-caffo", "sato"), "rate-difference"
)
ODDS_RATIOS = ("mantel-haenszel", "conditional")


def test_parameter(test: Test) -> str:
    """What the rows of a further test are called: its id, or its method."""
    return getattr(test, "id", None) or test.method


def estimate_parameter(estimate: Estimate) -> str:
    """What the rows of an estimate are called: its id, or by its method `hazard-ratio`, `rmst`, `rate-difference`."""
    return getattr(estimate, "id", None) or parameter_of(estimate.method)


def parameter_of(method: str) -> str:
    """What the rows of an estimate by this method are called where it has no id."""
    return _PARAMETERS.get(method, method)


def test_words(test: Test, variables: Mapping[str, Variable]) -> str:
    """`log-rank test`, `Fleming-Harrington(0, 1) weighted log-rank test`, without sides or strata."""
    if test.method == "fleming-harrington":
        return f"Fleming\u2013Harrington({test.rho or 0:g}, {test.gamma or 0:g}) weighted log-rank test"
    if test.method == "modestly-weighted":
        end = f"t* = {test.t_star}" if test.t_star is not None else f"s* = {test.s_star:g}"
        return f"modestly weighted log-rank test ({end})"
    if test.method == "maxcombo":
        pairs = "".join(f", ({rho:g}, {gamma:g})" for rho, gamma in test.tests or ())
        return f"MaxCombo test{' of ' + pairs.removeprefix(', ') if pairs else ''}"
    if test.method == "adjusted-logrank":
        return f"log-rank test adjusted for {labels_of(test.covariates or (), variables)}"
    return _TESTS[test.method]


def labels_of(names: Iterable[str], variables: Mapping[str, Variable]) -> str:
    """`age, ECOG performance status, and disease stage`: baseline variables within a sentence."""
    return listed([lower_first(variables[name].label) for name in names])


def estimate_words(estimate: Estimate) -> str:
    """`difference in restricted mean survival time to 12 months`: what is estimated, in words."""
    if estimate.method == "cox":
        return "hazard ratio"
    if estimate.method == "rmst":
        start = f"from {estimate.window_start} " if estimate.window_start is not None else ""
        window = f" {start}to {estimate.tau}" if estimate.tau is not None else ""
        return f"difference in restricted mean survival time{window}"
    if estimate.method == "milestone":
        return f"difference in survival at {estimate.at}"
    if estimate.method == "median-difference":
        return "difference in medians"
    return "odds ratio" if estimate.method in ODDS_RATIOS else "rate difference"


def estimate_method(estimate: Estimate) -> str:
    """How it is estimated: `stratified Cox model`, `Newcombe`."""
    by = {
        "cox": "Cox model",
        "rmst": "Kaplan\u2013Meier curves",
        "milestone": "Kaplan\u2013Meier curves",
        "median-difference": "limits recovered from those of each median",
    }
    words = by.get(estimate.method) or f"{_RATE_METHODS[estimate.method]} method"
    return f"stratified {words}" if estimate.stratified.value else words


def listed(parts: Sequence[str]) -> str:
    """Words in a row: `a`, `a and b`, `a, b, and c`."""
    if len(parts) < 3:
        return " and ".join(parts)
    return ", ".join(parts[:-1]) + f", and {parts[-1]}"


def lower_first(text: str) -> str:
    """The text with a small first letter, unless it opens with an abbreviation."""
    return text if len(text) > 1 and not text[1].islower() else text[:1].lower() + text[1:]


def rate_words(method: str) -> str:
    """The name of an interval for a rate: `Clopper-Pearson`."""
    return _RATE_METHODS[method]


def trigger_words(trigger: Trigger, endpoint: str) -> str:
    """What starts a look, where that is not just a number of the analysis's own events, or a time.

    >>> trigger_words(Trigger(events=120, follow_up="6 months", latest="40 months"), "PFS")
    'at 120 events and 6 months after the last randomization, whichever comes last, at 40 months at the latest'
    """
    said = []
    if trigger.events is not None:
        of = "" if trigger.endpoint in (None, endpoint) else f" of {trigger.endpoint}"
        arms = "" if trigger.arms is None else f" in {' and '.join(trigger.arms)}"
        said.append(f"{trigger.events} events{of}{arms}")
    if trigger.time is not None:
        said.append(f"{trigger.time} after the first randomization")
    if trigger.follow_up is not None:
        said.append(f"{trigger.follow_up} after the last randomization")
    plain = trigger.arms is None and trigger.endpoint is None and trigger.follow_up is None and trigger.latest is None
    if plain and len(said) == 1:
        return ""
    which = f", whichever comes {trigger.when or 'last'}" if len(said) > 1 else ""
    latest = "" if trigger.latest is None else f", at {trigger.latest} at the latest"
    return f"at {' and '.join(said)}{which}{latest}"
