"""Collected tables become analysis tables: the one call that derives them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from equipoise.derivation.adverse_events import derive_adae
from equipoise.derivation.blocks import derive_in_blocks
from equipoise.derivation.checks import check_domains, check_randomized, check_subjects, check_trial_levels
from equipoise.derivation.conventions import Profile, resolve_profile
from equipoise.derivation.cutoff import filter_after_cutoff, find_cutoff
from equipoise.derivation.findings import find_collected, find_derived
from equipoise.derivation.laboratory import derive_laboratory, find_ungraded
from equipoise.derivation.new_therapy import derive_new_therapy, find_undated_therapies
from equipoise.derivation.progression_date import find_passed_over
from equipoise.derivation.readers import derive_read_adrs, find_unaccepted, without_empty_acceptance
from equipoise.derivation.recist_discordance import Discordance
from equipoise.derivation.recist_findings import find_lesion_units
from equipoise.derivation.recist_use import derive_with_lesions, needs_lesions, take_lesion_results
from equipoise.derivation.reconciliation import reconcile_rule_sets
from equipoise.derivation.rule_facts import RuleFacts, derive_rule_facts, find_unanswerable_rules
from equipoise.derivation.study import Study, derive_typed_tables
from equipoise.derivation.subjects import derive_adsl
from equipoise.derivation.time_to_event import INDEPENDENT, derive_adtte
from equipoise.derivation.tumors import derive_adtr
from equipoise.frames.decisions import Decided, DecisionLog
from equipoise.frames.sdtm import SdtmData
from equipoise.protocol.trial import Trial


@dataclass(frozen=True)
class AdamSet:
    """The derived analysis data sets: `tables` by lower-case name, the decisions taken, and the profile used.

    `labels`: data set to variable to label, for variables that no ADaM schema knows (for `frames.adam.write_adam`).
    `lesion_responses`: RECIST 1.1 responses computed from TU and TR, by reader and visit, and `discordance`: where the
    collected ones differ from them (None where the profile does not ask for them, or TR was not collected).
    """

    tables: dict[str, pl.DataFrame]
    decisions: DecisionLog
    profile: Profile
    labels: dict[str, dict[str, str]]
    lesion_responses: pl.DataFrame | None = None
    discordance: Discordance | None = None

    def reconcile_rule_sets(self) -> pl.DataFrame:
        """Which patients each censoring rule set moves, from what to what, by which rule and why; a row for each."""
        return reconcile_rule_sets(self.tables["adtte"], self.profile)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name.upper()} {frame.height:,}" for name, frame in self.tables.items())
        return f"{rows} rows ({self.profile.title}; {len(self.decisions):,} decisions)"


def derive_adam(
    sdtm: SdtmData,
    trial: Trial | None = None,
    *,
    profile: str | None = None,
    overrides: Mapping[str, object] | None = None,
) -> AdamSet:
    """Derive ADSL, ADRS, ADTR, ADTTE and ADAE from collected data; ADLB too where laboratory results are graded.

    Arguments: the collected domains; the trial, whose file names the profile, its constants, the endpoints and the
    baseline variables; the name of a conventions profile ("admiral", "equipoise") in place of the trial's, needed
    without a trial; `overrides`, single constants of the profile by name.
    Returns the analysis data sets (CDISC names, integer days), each row with the record it comes from, and a log of
    every decision taken about data that could not be used as they were.
    Raises ArgumentError `argument-invalid` for an unknown profile or constant, and DataError `domain-missing`,
    `column-missing`, `subject-duplicate`, `subject-randomized-twice`, `arm-unknown`, `stratum-unknown` or
    `value-invalid` for data that cannot be derived from; nothing is derived then.
    """
    rules = resolve_profile(trial, profile, overrides)
    check_domains(sdtm.tables, rules)
    tables = derive_typed_tables(sdtm.tables)
    study = Study(tables, rules, trial, find_cutoff(tables, rules))
    check_subjects(study)
    check_randomized(study)
    check_trial_levels(study)
    log = DecisionLog()
    study, late = filter_after_cutoff(without_empty_acceptance(study))
    log.extend(late)
    # What needs no tumor data is derived beside them, so that two processors are busy to the end.
    with ThreadPoolExecutor(1) as beside:
        collected = beside.submit(_find_collected, study)
        adsl = derive_new_therapy(derive_adsl(study), study)
        besides = beside.submit(_derive_besides, study, adsl)
        tumors = derive_in_blocks(study, adsl, _derive_tumors)
        adae, facts, laboratory = besides.result()
        log.extend(collected.result())
    log.extend(_passed_over(tumors))
    lesion_responses, discordance, found = take_lesion_results(tumors)
    log.extend(found)
    if needs_lesions(study):
        log.extend(find_lesion_units(study))
    adtte = derive_adtte(rules, {"adsl": adsl, **tumors, "adae": adae}, facts)
    tumors.pop(INDEPENDENT, None)
    adam = {"adsl": adsl, **tumors, "adtte": adtte, "adae": adae, **laboratory}
    log.extend(find_derived(study, adam))
    log.extend(find_unanswerable_rules(study, facts))
    return AdamSet(adam, log, rules, _labels(adam, trial), lesion_responses, discordance)


def _find_collected(study: Study) -> list[Decided]:
    found = (find_collected, find_undated_therapies, find_unaccepted, find_ungraded)
    return [decided for find in found for decided in find(study)]


def _derive_besides(study: Study, adsl: pl.DataFrame) -> tuple[pl.DataFrame, RuleFacts, dict[str, pl.DataFrame]]:
    return derive_adae(study, adsl), derive_rule_facts(study, adsl), derive_laboratory(study, adsl)


# Under this name a block of subjects hands over its decisions about the dates of progressions.
_PASSED_OVER = "passed_over"


def _derive_tumors(study: Study, adsl: pl.DataFrame) -> dict[str, pl.DataFrame]:
    study, besides = derive_with_lesions(study, adsl)
    responses = derive_read_adrs(study, adsl)
    passed = [frame for frame in find_passed_over(study, responses["adrs"]) if isinstance(frame, pl.DataFrame)]
    decided = {_PASSED_OVER: pl.concat(passed)} if passed else {}
    return {**responses, "adtr": derive_adtr(study, adsl), **besides, **decided}


def _passed_over(tumors: dict[str, pl.DataFrame]) -> Iterator[Decided]:
    decided = tumors.pop(_PASSED_OVER, None)
    if decided is not None:
        yield decided.with_columns(pl.col(pl.Categorical).cast(pl.String))


_LABELS = {
    "ESTIMAND": "Estimand (ICH E9(R1))",
    "EQSET": "Censoring Rule Set",
    "EQWHY": "Reason for the Date",
    "LINT": "Last Day Known without the Event",
    "RINT": "First Day Known with the Event",
    "LINTDT": "Last Date Known without the Event",
    "RINTDT": "First Date Known with the Event",
    "EQRULE": "Rule and Conventions Profile",
    "RSPWHY": "Reason for the Response",
    "EOTDT": "End of Treatment Date",
    "SCRFL": "Screen Failure Flag",
    "SCRFRSN": "Eligibility Criteria Not Met",
    "AOCCPIFL": "1st Max Sev./Int. Occur Within PT Flag",
}


def _labels(adam: Mapping[str, pl.DataFrame], trial: Trial | None) -> dict[str, dict[str, str]]:
    own = {variable.analysis: variable.label for variable in trial.variables.values()} if trial else {}
    known = {**own, **_LABELS}
    return {
        name: {column: known[column] for column in frame.columns if column in known} for name, frame in adam.items()
    }
