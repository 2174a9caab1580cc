"""ADSL and ADAE by hand: time at risk, follow-up, who is evaluable, strata as corrected, occurrences, causality."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import derive_adam
from equipoise.protocol import load_trial
from equipoise.protocol.trial import Trial


def day(number: int) -> date:
    return made.RANDOMIZED + timedelta(days=number)


def adsl(*patients, trial: Trial | None = None, cutoff=None, **constants) -> pl.DataFrame:
    sdtm = made.study(*patients, cutoff=cutoff)
    profile = None if trial else "equipoise"
    return derive_adam(sdtm, trial, profile=profile, overrides=constants).tables["adsl"]


# Doses on days 0 to 100: 101 days. At risk to day 130: 131 days.
@pytest.mark.parametrize(
    ("more", "cutoff", "end"),
    [
        ({}, None, 130),  # 30 days after the last dose
        ({"death": 110}, None, 110),  # death comes first
        ({"death": 140}, None, 130),
        ({}, 120, 120),  # the data cutoff comes first
    ],
)
def test_time_at_risk_ends_with_the_first_of_its_limits(more, cutoff, end) -> None:
    level = adsl(made.patient("P", doses=[(0, 100)], **more), cutoff=cutoff)
    assert level["AERISKDT"].to_list() == [day(end)]
    assert level["AERISKY"].to_list() == pytest.approx([(end + 1) / 365.25], abs=1e-15)
    assert level["TRTDURD"].to_list() == [101]
    assert level["TRTDURY"].to_list() == pytest.approx([101 / 365.25], abs=1e-15)


def test_an_ongoing_treatment_is_at_risk_until_last_seen() -> None:
    level = adsl(made.patient("P", doses=[(0, None)], responses=[(56, "SD")]))
    assert level.select("TRTEDT", "LSTALVDT", "AERISKDT").rows() == [(None, day(56), day(56))]


def test_the_untreated_are_not_at_risk() -> None:
    assert adsl(made.patient("P", doses=())).select("AERISKDT", "AERISKY", "TRTDURY").rows() == [(None, None, None)]


def test_a_rate_for_one_hundred_patient_years() -> None:
    """Two patients at risk for 131 and 61 days, one with nausea: 100 x 1 / (192 / 365.25) = 190.234375 a 100 years."""
    nausea = [{"AESTDTC": 10, "AEENDTC": 12, "AETOXGR": "2"}]
    sdtm = made.study(made.patient("P", doses=[(0, 100)], events=nausea), made.patient("Q", doses=[(0, 50)], death=60))
    tables = derive_adam(sdtm, profile="equipoise").tables
    emergent = tables["adae"].filter(pl.col("AOCCPFL") == "Y")
    assert 100 * emergent.height / tables["adsl"]["AERISKY"].sum() == pytest.approx(190.234375, abs=1e-9)
    # Every event carries its subject's time.
    assert emergent["AERISKY"].to_list() == pytest.approx([131 / 365.25])


def test_follow_up_for_the_reverse_kaplan_meier_estimate() -> None:
    level = adsl(
        made.patient("A", doses=[(0, 20)], death=40),  # 41 days, then no longer known: censored
        made.patient("B", doses=[(0, 20)], responses=[(56, "SD")]),  # followed for 57 days
        made.patient("C", doses=()),  # nothing after the day of randomization
        made.patient("D", arm=None, doses=()),  # not randomized
    )
    assert level.select("FUPDT", "FUPDURD", "FUPCNSR").rows() == [
        (day(40), 41, 1),
        (day(56), 57, 0),
        (day(0), 1, 0),
        (None, None, None),
    ]


def _lesion(rows, usubjid: str, kind: str = "TARGET", visit: str = "SCREENING"):
    read = {"TUEVAL": "INVESTIGATOR", "TUSTRESC": kind, "VISIT": visit, "TUDTC": -7}
    return made.add(rows, "tu", usubjid, TULNKID="T01", TUSEQ=1, **read)


@pytest.mark.parametrize(
    ("rule", "evaluable"), [("measurable", "YYNNN"), ("assessed", "YNYNN"), ("both", "YNNNN"), ("none", None)]
)
def test_who_is_evaluable_for_response(rule, evaluable) -> None:
    level = adsl(
        _lesion(made.patient("A", responses=[(56, "PD")]), "A"),
        _lesion(made.patient("B", responses=[(56, "NE")]), "B"),  # measurable, never adequately assessed
        _lesion(made.patient("C", responses=[(56, "NON-CR/NON-PD")]), "C", kind="NON-TARGET"),
        _lesion(
            made.patient("D", responses=[(0, "SD")]), "D", visit="WEEK 8"
        ),  # the scan of the first day is no later one
        _lesion(made.patient("E", arm=None), "E"),  # measurable, not randomized
        response_evaluable=rule,
    )
    if evaluable is None:
        assert not {"EVALFL", "MEASFL"} & set(level.columns)
        return
    assert "".join(level["EVALFL"]) == evaluable
    assert "".join(level["MEASFL"]) == "YYNNY"


def _with_verified() -> Trial:
    trial = load_trial("palmira")
    verified = trial.variables["visceral"].model_copy(update={"verified": "SUPPDM.VISCERV"})
    return trial.model_copy(update={"variables": {**trial.variables, "visceral": verified}})


def test_strata_as_randomized_and_as_corrected() -> None:
    sdtm = made.study(
        made.patient("P", baseline={"PRIORET": "AI", "VISCERAL": "Y", "VISCERV": "N"}),
        made.patient("Q", baseline={"PRIORET": "FULV", "VISCERAL": "Y"}),
    )
    adam = derive_adam(sdtm, _with_verified())
    columns = ("STRAT1R", "STRAT2R", "STRATAR", "STRAT1V", "STRAT2V", "STRATAV")
    assert adam.tables["adsl"].select(columns).rows() == [
        ("AI", "Y", "AI, Y", "AI", "N", "AI, N"),
        ("FULV", "Y", "FULV, Y", "FULV", "Y", "FULV, Y"),
    ]
    noted = adam.decisions.to_frame().filter(pl.col("code") == "stratum-corrected")
    assert noted.select("severity", "usubjid", "variable", "value").rows() == [("note", "P", "STRAT2R", "Y")]


EVENTS = [
    {"AEDECOD": "Nausea", "AEBODSYS": "GI", "AETOXGR": "1", "AESTDTC": 5},
    {"AEDECOD": "Vomiting", "AEBODSYS": "GI", "AETOXGR": "3", "AESTDTC": 9},
    {"AEDECOD": "Nausea", "AEBODSYS": "GI", "AETOXGR": "2", "AESTDTC": 12},
    {"AEDECOD": "Rash", "AEBODSYS": "Skin", "AETOXGR": "3", "AESTDTC": 7},
    {"AEDECOD": "Rash", "AEBODSYS": "Skin", "AETOXGR": "4", "AESTDTC": -5},  # before the first dose
]
FLAGS = {
    "AOCCFL": [1],  # the first event of all
    "AOCCSFL": [1, 4],  # of each body system
    "AOCCPFL": [1, 2, 4],  # of each term
    "AOCCIFL": [4],  # the worst of all, the earlier of two of grade 3
    "AOCCSIFL": [2, 4],
    "AOCCPIFL": [2, 3, 4],
}


def test_first_and_worst_occurrences() -> None:
    adae = derive_adam(made.study(made.patient("P", events=EVENTS)), profile="equipoise").tables["adae"]
    found = {flag: sorted(adae.filter(pl.col(flag) == "Y")["AESEQ"]) for flag in FLAGS}
    assert found == FLAGS


@pytest.mark.parametrize(
    ("word", "by_drug", "unsaid", "group"),
    [
        ("RELATED", {}, "related", "RELATED"),
        ("Possibly Related", {}, "related", "RELATED"),
        ("NOT RELATED", {}, "related", "NOT RELATED"),
        ("UNLIKELY", {"AEREL1": "N", "AEREL2": "Y"}, "related", "RELATED"),  # one drug is enough
        ("NOT RELATED", {"AEREL1": "N"}, "related", "NOT RELATED"),
        (None, {}, "related", "RELATED"),
        (None, {}, "not related", "NOT RELATED"),
        (None, {}, "missing", None),
        ("CANNOT TELL", {}, "missing", None),
        (None, {"AEREL1": "N"}, "related", "NOT RELATED"),
    ],
)
def test_an_event_is_related_to_any_drug(word, by_drug, unsaid, group) -> None:
    sdtm = made.study(made.patient("P", events=[{"AESTDTC": 5, "AETOXGR": "1", "AEREL": word}]))
    qualifiers = [
        {"STUDYID": made.STUDY, "USUBJID": "P", "IDVAR": "AESEQ", "IDVARVAL": "1", "QNAM": name, "QVAL": held}
        for name, held in by_drug.items()
    ]
    if qualifiers:
        suppae = pl.DataFrame([{"RDOMAIN": "AE", **row} for row in qualifiers])
        sdtm = replace(sdtm, tables={**sdtm.tables, "suppae": suppae})
    adam = derive_adam(sdtm, profile="equipoise", overrides={"missing_relatedness": unsaid})
    assert adam.tables["adae"]["RELGR1"].to_list() == [group]
    unknown = adam.decisions.to_frame().filter(pl.col("code") == "relatedness-unknown")
    assert unknown["value"].to_list() == (["CANNOT TELL"] if word == "CANNOT TELL" else [])
