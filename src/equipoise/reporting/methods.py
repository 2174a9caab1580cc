"""The methods of a report, from the plan that was run: words, papers, assumptions, decisions on the data."""

from __future__ import annotations

from typing import Any

from equipoise.citations import CITATIONS
from equipoise.protocol.plan_words import estimate_method, estimate_words, rate_words, test_words
from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.quantities import DAYS_PER_MONTH
from equipoise.reporting import wording
from equipoise.reporting.formatting import ROUNDING, confidence_text, level_text, listed, lower_first, upper_first
from equipoise.reporting.lookup import Rows
from equipoise.reporting.simulated import simulation_methods
from equipoise.reporting.tables.model import Column, Line, Table, words

SHOWN_DECISIONS = 40


def methods_blocks(trial: Trial, rows: Rows) -> list[tuple[str, Any, str]]:
    """(kind, content, title) of each block: randomization, endpoints, analyses, conventions, papers."""
    blocks: list[tuple[str, Any, str]] = []
    design = _design(trial)
    if design:
        blocks.append(("paragraphs", design, "Design"))
    analyzed = [analysis for analysis in trial.analyses if rows.has(analysis.id)]
    endpoints = {a.endpoint: wording.endpoint_of(trial, a) for a in analyzed}
    defined = [(_name(endpoint.label, endpoint.short), endpoint.definition) for endpoint in endpoints.values()]
    blocks.append(("definitions", [(name, text) for name, text in defined if text], "Endpoints"))
    sets = [trial.analysis_set(name) for name in dict.fromkeys(a.analysis_set for a in analyzed)]
    blocks.append(("definitions", [(s.label, s.description) for s in sets if s.description], "Analysis sets"))
    estimands = [_estimand(trial, a) for a in analyzed if a.estimand]
    blocks.append(("definitions", estimands, "Estimand"))
    planned = [(_heading(trial, a), _analysis(trial, a, rows)) for a in analyzed]
    blocks.append(("definitions", planned, "Planned analyses"))
    blocks.append(("paragraphs", simulation_methods(rows), "Simulation"))
    blocks.append(("paragraphs", [_conventions(trial)], "Conventions"))
    blocks.append(("references", cited(rows), "Papers behind the methods"))
    return [block for block in blocks if block[1]]


def cited(rows: Rows) -> list[tuple[str, str]]:
    """Method id and paper of every method that a row names, in order of appearance."""
    used = dict.fromkeys(row.method for row in rows if row.method)
    if "trial-simulation" in used:
        used |= dict.fromkeys(("trial-simulation", "wilson"))
    return [(method, CITATIONS[method]) for method in used if method in CITATIONS]


def _name(label: str, short: str | None) -> str:
    return f"{label} ({short})" if short and short != label else label


def _design(trial: Trial) -> list[str]:
    plan = trial.randomization
    if plan is None:
        return []
    arms = listed([arm.label for arm in trial.arms])
    text = f"Patients were randomly assigned {wording.ratio_phrase(trial)} to {arms}"
    text += f" by {plan.method.replace('-', ' ')}"
    if plan.block_sizes is not None:
        text += f" of {listed([str(size) for size in plan.block_sizes.value])}"
        text += " (an assumption)" if plan.block_sizes.is_assumption else ""
    if plan.strata:
        text += f", stratified by {listed([lower_first(trial.variables[name].label) for name in plan.strata])}"
    return [text + "."]


def _heading(trial: Trial, analysis: Analysis) -> str:
    return f"{wording.endpoint_of(trial, analysis).label} ({analysis.role})"


def _analysis(trial: Trial, analysis: Analysis, rows: Rows) -> str:
    parts = []
    if analysis.curve:
        level = confidence_text(analysis.curve.conf_level)
        parts.append(f"Kaplan\u2013Meier curves with {analysis.curve.conf_type} {level}")
    if analysis.test:
        marked = " (stratification is an assumption)" if analysis.test.stratified.is_assumption else ""
        parts.append(f"{wording.test_phrase(trial, analysis)} at the {level_text(analysis.test.alpha)} level{marked}")
    if analysis.estimate:
        level = confidence_text(analysis.estimate.conf_level)
        rule = f", ties by {wording.ties_phrase(analysis.estimate)}" if analysis.estimate.method == "cox" else ""
        parts.append(f"{estimate_words(analysis.estimate)} with {level} by {wording.estimate_phrase(analysis)}{rule}")
    if analysis.rate:
        exact = (
            "exact (Clopper\u2013Pearson)"
            if analysis.rate.method == "clopper-pearson"
            else rate_words(analysis.rate.method)
        )
        parts.append(f"rates with {exact} {confidence_text(analysis.rate.conf_level)}")
    if analysis.adverse_events:
        grade = wording.minimum_grade(analysis)
        parts.append(f"patients with an event by term, any grade and grade {grade} or higher")
    if analysis.subgroups and rows.has(analysis.id, "subgroup"):
        parts.append("unstratified hazard ratios in subgroups, descriptive")
    parts += _further(trial, analysis)
    text = "; ".join(parts) or "counts and proportions"
    descriptive = " P values are descriptive." if analysis.test and analysis.role != "primary" else ""
    return f"{text[:1].upper()}{text[1:]}.{descriptive}"


def _further(trial: Trial, analysis: Analysis) -> list[str]:
    """What stands beside the planned analysis."""
    named = [f"{estimate_words(plan)} by {estimate_method(plan)}" for plan in analysis.further_estimates]
    named += [f"{wording.sided(plan)} {test_words(plan, trial.variables)}" for plan in analysis.further_tests]
    return [f"further: {listed(named)}"] if named else []


def _estimand(trial: Trial, analysis: Analysis) -> tuple[str, str]:
    estimand = next(e for e in trial.estimands if e.id == analysis.estimand)
    endpoint = trial.endpoint(estimand.endpoint)
    events = [
        f"{lower_first(event.event)}: {event.strategy}{' (an assumption)' if event.assumption else ''}"
        for event in estimand.intercurrent_events
    ]
    text = f"{estimand.treatment}; {lower_first(endpoint.label)}; {estimand.summary}"
    return estimand.id, text + (f". Intercurrent events: {'; '.join(events)}." if events else ".")


def _conventions(trial: Trial) -> str:
    return (
        f"A month is {DAYS_PER_MONTH:g} days; times are analyzed in whole days and turned into months in this report "
        f"only. Numbers are rounded {ROUNDING}. Data were derived under the conventions profile "
        f"\u201c{trial.derivation.profile}\u201d."
    )


def assumption_blocks(trial: Trial, provenance: Provenance) -> list[tuple[str, Any, str]]:
    """The assumptions that bear on this report: those of the trial, and of the scenario the data were drawn from."""
    marked = trial.assumptions()
    general = [entry for entry in marked if not entry[0].startswith("scenarios.")]
    used = provenance.scenario if provenance.synthetic else None
    drawn = [entry for entry in marked if used and entry[0].startswith(f"scenarios.{used}.")]
    others = len(marked) - len(general) - len(drawn)
    general, drawn = _by_arm(trial, general), _by_arm(trial, drawn)
    blocks: list[tuple[str, Any, str]] = []
    if general:
        blocks.append(("table", _assumptions("conduct", "Assumed in design, conduct and analysis", general, ""), ""))
    if drawn:
        caption = f"Assumed in scenario \u201c{used}\u201d, from which the synthetic data were drawn"
        blocks.append(("table", _assumptions("scenario", caption, drawn, f"scenarios.{used}."), ""))
    if blocks and others:
        note = f"{others} more values are assumptions of scenarios on which this report does not depend."
        blocks.append(("paragraphs", [note], ""))
    return blocks


def _by_arm(trial: Trial, entries: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Entries that differ in the arm only, as one."""
    labels = {arm.id: arm.label for arm in trial.arms}
    merged: dict[tuple[str, str], list[str]] = {}
    for path, value, reason in entries:
        head, _, last = path.rpartition(".")
        key, text = ((head, reason), f"{labels[last]} {value}") if last in labels else ((path, reason), value)
        merged.setdefault(key, []).append(text)
    return [(path, "; ".join(values), reason) for (path, reason), values in merged.items()]


def _assumptions(name: str, caption: str, entries: list[tuple[str, str, str]], prefix: str) -> Table:
    return Table(
        id=f"table-assumptions-{name}",
        caption=caption,
        stub="Value of the trial file",
        columns=(Column("Taken as"), Column("Because")),
        lines=tuple(
            Line(_readable(path.removeprefix(prefix)), (words(value), words(upper_first(reason))))
            for path, value, reason in entries
        ),
    )


def _readable(path: str) -> str:
    return " \u203a ".join(part.replace("_", " ") for part in path.split("."))


def decision_lines(decisions: Any) -> list[str]:
    """The decision log in words: counts per kind, the most frequent first; empty without a log."""
    if decisions is None or not len(decisions):
        return []
    return list(decisions.summary())[:SHOWN_DECISIONS]
