"""Trial files whose censoring rules or estimands cannot be meant, and calls that cannot be answered."""

from __future__ import annotations

from datetime import date

import pytest

import censored_patients as made
from equipoise.derivation import derive_adam
from equipoise.derivation.censoring_rules import load_rule_set
from equipoise.errors import ArgumentError, TrialFileError
from equipoise.protocol.loading import parse_trial
from equipoise.workflow.stages import derive_trial

THERAPY = {"event": "New anticancer therapy", "date": "new_therapy"}


def _only_fault(**changes):
    with pytest.raises(TrialFileError, match="has 1 problem") as caught:
        parse_trial(made.trial_text(**changes))
    assert caught.value.code == "trial-file-invalid"
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    "words",
    [
        "Missed tumor assessments",
        "Two scans not done",
        "Missing data",
        "Lost to follow-up",
        "Loss to follow-up",
        "Dropout",
        "Data cutoff",
    ],
)
def test_missing_data_are_no_intercurrent_event(words: str) -> None:
    problem = _only_fault(events=[{"event": words, "strategy": "treatment-policy"}])
    assert problem.message == f"{words!r} is missing data, not an intercurrent event"
    assert "ICH E9(R1)" in str(problem.reason)
    assert "censoring_rules" in str(problem.hint)


@pytest.mark.parametrize(
    "words", ["Death", "Discontinuation of study treatment", "New anticancer therapy", "Cross-over"]
)
def test_intercurrent_events_are_accepted(words: str) -> None:
    of = made.trial(events=[{"event": words, "strategy": "treatment-policy"}])
    assert of.estimands[0].intercurrent_events[0].event == words


def test_a_hypothetical_strategy_needs_a_date() -> None:
    problem = _only_fault(events=[{"event": "New anticancer therapy", "strategy": "hypothetical"}])
    assert problem.message == "the strategy hypothetical for 'New anticancer therapy' needs a date to censor at"
    assert "new_therapy" in str(problem.hint)
    problem = _only_fault(events=[{**THERAPY, "date": "new_terapy", "strategy": "hypothetical"}])
    assert problem.message == "'new_terapy' is not a declared source"
    assert "did you mean 'new_therapy'?" in str(problem.hint)


def test_own_rules_must_not_censor_at_what_the_estimand_follows_through() -> None:
    policy = [{**THERAPY, "strategy": "treatment-policy"}]
    problem = _only_fault(pfs={"censoring_rules": ["fda-a", "ema"]}, events=policy)
    assert problem.message == (
        "the rule set 'fda-a' censors at 'new_therapy', where estimand 'EST1' says treatment-policy"
    )
    # As a sensitivity it may, and with a hypothetical strategy it agrees.
    assert made.trial(pfs={"censoring_rules": ["ema", "fda-a"]}, events=policy).endpoint("PFS").estimand == "EST1"
    hypothetical = [{**THERAPY, "strategy": "hypothetical"}]
    assert made.trial(pfs={"censoring_rules": ["fda-a"]}, events=hypothetical).endpoint("PFS").estimand == "EST1"


def test_rule_sets_that_cannot_be_named_so() -> None:
    assert _only_fault(pfs={"censoring_rules": ["ema", "ema"]}).message == "the rule set 'ema' is named twice"
    problem = _only_fault(pfs={"censoring_rules": ["fda"]})
    assert "'fda' is not permitted" in problem.message
    extra = {"id": "PFSEM", "label": "x", "kind": "time-to-event", "start": "randomization", "events": ["death"],
             "censoring": ["last_alive"]}  # fmt: skip
    assert _only_fault(endpoints=[extra]).message == "the parameter 'PFSEM' is also the id of an endpoint"
    long = {**extra, "id": "PFSBICR", "censoring_rules": ["ema", "missed-two"]}
    assert _only_fault(endpoints=[long]).message == "the parameter 'PFSBICRM2' has more than 8 characters"
    other = {**extra, "id": "TTP", "estimand": "EST1"}
    assert _only_fault(endpoints=[other]).message == "estimand 'EST1' is of endpoint 'PFS', not of 'TTP'"
    response = {"id": "DCR", "label": "x", "kind": "response", "parameter": "BOR", "responders": ["CR"]}
    problem = _only_fault(endpoints=[{**response, "censoring_rules": ["ema"]}])
    assert problem.message == "a response endpoint has no 'censoring_rules'"


def test_rules_that_count_intervals_need_a_schedule() -> None:
    text = made.trial_text(pfs={"censoring_rules": ["ema", "missed-two"]}).replace("tumor_assessments:", "x_removed:")
    with pytest.raises(TrialFileError, match="has 2 problems") as caught:
        parse_trial(text)
    assert sorted(problem.message for problem in caught.value.problems) == [
        "the rule set 'missed-two' counts scheduled intervals, and the file has none",
        "unknown key 'x_removed'",
    ]
    # A trial built in memory passes no file check: the derivation refuses it.
    whole = made.trial()
    unplanned = whole.model_copy(update={"schedule": whole.schedule.model_copy(update={"tumor_assessments": None})})
    sdtm = made.study(made.patient(responses=[(56, "PD")]))
    with pytest.raises(ArgumentError, match="counts scheduled intervals, and the trial has no schedule") as refused:
        derive_adam(sdtm, unplanned)
    assert refused.value.code == "argument-invalid"


def test_an_unknown_rule_set_names_the_nearest() -> None:
    with pytest.raises(ArgumentError, match="no censoring rule set named 'fda'") as caught:
        load_rule_set("fda")
    assert caught.value.code == "argument-invalid"


def test_a_look_gives_its_own_cutoff_or_says_that_it_has_none() -> None:
    looks = [
        {"id": "interim", "trigger": {"events": 80}, "cutoff": "2020-04-30"},
        {"id": "final", "trigger": {"events": 155}},
    ]
    of = made.trial(looks=looks)
    sdtm = made.study(made.patient(responses=[(56, "SD"), (176, "PD")], doses=[(0, 50)]))
    seen = derive_trial(of, sdtm=sdtm, cutoff="interim")
    assert seen.provenance.cutoff == "2020-04-30"
    assert seen.adam.tables["adtte"]["ADT"].max() == date(2020, 2, 26)
    assert derive_trial(of, sdtm=sdtm, cutoff="2020-06-25").adam.tables["adtte"]["AVAL"].max() == 177
    with pytest.raises(ArgumentError, match="the look 'final' states no cutoff") as caught:
        derive_trial(of, sdtm=sdtm, cutoff="final")
    assert caught.value.code == "argument-invalid"


def test_a_therapy_without_a_whole_date_is_a_decision() -> None:
    sdtm = made.study(made.patient(responses=[(56, "SD"), (112, "PD")]), therapies={"P": "2020-03"})
    adam = derive_adam(sdtm, made.trial())
    (row,) = adam.decisions.to_frame().filter(rule="NACTDT").to_dicts()
    assert (row["code"], row["domain"], row["value"]) == ("partial-date", "CM", "2020-03")
    assert adam.tables["adsl"]["NACTDT"].to_list() == [None]
