"""Data that stop a derivation, and data that only leave a row in the decision log: every message is checked."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import derive_adam
from equipoise.errors import ArgumentError, DataError
from equipoise.protocol import load_trial


@pytest.fixture(scope="module")
def palmira():
    return load_trial("palmira")


def _raised(sdtm, trial=None, **more) -> DataError:
    with pytest.raises(DataError, match=r"\w") as caught:
        derive_adam(sdtm, trial, **more)
    return caught.value


# --- stops ---------------------------------------------------------------------------------------------------------


def test_absent_domains_are_named_with_the_columns_they_need(palmira) -> None:
    error = _raised(made.study(made.patient("P"), without=("rs", "ae")), palmira)
    assert error.code == "domain-missing"
    assert error.message == "AE, RS are not among the data"
    assert "RS needs STUDYID, USUBJID, RSSEQ, RSTESTCD, RSSTRESC, RSEVAL, RSDTC" in (error.reason or "")
    assert error.hint == "domains there are: DM, DS, EX, IE, LB, SUPPDM, TR, TS, TU"


def test_a_study_without_a_subject_is_refused(palmira) -> None:
    sdtm = made.study(made.patient("P"))
    error = _raised(replace(sdtm, tables={**sdtm.tables, "dm": sdtm.tables["dm"].clear()}), palmira)
    assert (error.code, error.message, error.where) == ("value-invalid", "DM holds no record", "DM")


def test_absent_columns_are_all_named_with_those_there_are(palmira) -> None:
    sdtm = made.study(made.patient("P"))
    tables = dict(sdtm.tables)
    tables["rs"] = tables["rs"].rename({"RSSTRESC": "RSTRESC"}).drop("RSDTC")
    error = _raised(replace(sdtm, tables=tables), palmira)
    assert error.code == "column-missing"
    assert error.message == "RS has no column RSSTRESC"
    assert error.hint is not None
    assert error.hint.startswith("did you mean 'RSTRESC'? existing columns: STUDYID, ")
    assert [problem.message for problem in error.problems] == ["RS has no column RSDTC"]


def test_a_subject_twice_in_dm(palmira) -> None:
    error = _raised(made.study(made.patient("P"), made.patient("Q"), made.patient("P", arm="ET")), palmira)
    assert error.code == "subject-duplicate"
    assert error.message == "DM holds more than one record for subject P"
    assert [row["ARMCD"] for row in error.rows] == ["PALBO_ET", "ET"]


def test_a_subject_randomized_twice(palmira) -> None:
    rows = made.patient("P")
    made.add(rows, "ds", "P", DSSEQ=2, DSDECOD="RANDOMIZED", DSCAT="PROTOCOL MILESTONE", DSSTDTC=7)
    error = _raised(made.study(rows), palmira)
    assert error.code == "subject-randomized-twice"
    assert error.message == "DS holds more than one RANDOMIZED record for subject P"
    assert error.where == "DS, DSSTDTC 2020-01-01; DSSTDTC 2020-01-08"
    assert len(error.rows) == 2


@pytest.mark.parametrize("column", ["ARMCD", "ACTARMCD"])
def test_an_arm_the_trial_does_not_declare(palmira, column: str) -> None:
    error = _raised(made.study(made.patient("P", **{column: "PALBOET"})), palmira)
    assert error.code == "arm-unknown"
    assert error.message == f"DM.{column} 'PALBOET' is no arm of PALMIRA (subject P)"
    assert error.hint == "did you mean 'PALBO_ET'? permitted: PALBO_ET, ET"


def test_codes_for_no_arm_are_no_unknown_arm(palmira) -> None:
    failed = made.patient("S", arm=None, doses=[], ARMCD="SCRNFAIL", ARM="Screen Failure")
    adsl = derive_adam(made.study(made.patient("P"), failed), palmira).tables["adsl"]
    assert adsl["TRT01P"].to_list() == ["Palbociclib + ET", None]


def test_a_stratum_the_trial_does_not_declare(palmira) -> None:
    error = _raised(made.study(made.patient("P", baseline={"PRIORET": "FULVE", "VISCERAL": "Y"})), palmira)
    assert error.code == "stratum-unknown"
    assert error.message == "SUPPDM.PRIORET 'FULVE' is no level of prior_et (subject P)"
    assert error.hint == "did you mean 'FULV'? permitted: AI, FULV"


def test_text_where_a_number_was_expected(palmira) -> None:
    collected = {"PRIORET": "AI", "VISCERAL": "Y", "PALBDOSE": "full"}
    error = _raised(made.study(made.patient("P", baseline=collected)), palmira)
    assert error.code == "value-invalid"
    assert error.message == "'full' in SUPPDM.PALBDOSE is not a number (1 such subjects)"


def test_a_place_of_a_baseline_variable_that_is_not_there(palmira) -> None:
    sdtm = made.study(made.patient("P"))
    error = _raised(replace(sdtm, tables={**sdtm.tables, "dm": sdtm.tables["dm"].drop("AGE")}), palmira)
    assert error.code == "column-missing"
    assert error.message == "DM has no column AGE"
    moved = {**palmira.variables, "ecog": palmira.variables["ecog"].model_copy(update={"collected": "QS.ECOG"})}
    error = _raised(sdtm, palmira.model_copy(update={"variables": moved}))
    assert error.code == "domain-missing"
    assert error.reason == "the trial file says that QS.ECOG is collected there"


def test_two_values_of_one_baseline_variable(palmira) -> None:
    moved = {**palmira.variables, "ecog": palmira.variables["ecog"].model_copy(update={"collected": "LB.LBDTC"})}
    rows = made.patient("P")
    made.add(rows, "lb", "P", LBSEQ=1, LBDTC=1)
    made.add(rows, "lb", "P", LBSEQ=2, LBDTC=2)
    error = _raised(made.study(rows), palmira.model_copy(update={"variables": moved}))
    assert error.message == "LB.LBDTC has several values for one subject"
    assert len(error.rows) == 2


def test_a_cutoff_that_is_no_complete_date(palmira) -> None:
    error = _raised(made.study(made.patient("P"), cutoff="2022-10"), palmira)
    assert error.message == "the data cutoff '2022-10' is no complete date"
    error = _raised(made.study(made.patient("P")), palmira, overrides={"cutoff_date": "soon"})
    assert error.where == "constant cutoff_date"


def test_a_source_that_the_data_cannot_answer(palmira) -> None:
    sources = dict(palmira.sources)

    def with_progression(**changes):
        changed = {**sources, "progression": sources["progression"].model_copy(update=changes)}
        return palmira.model_copy(update={"sources": changed})

    sdtm = made.study(made.patient("P"))
    error = _raised(sdtm, with_progression(where="PARAM_CD == 'PD'"))
    assert error.code == "column-missing"
    assert error.message == "ADRS has no column PARAM_CD"
    error = _raised(sdtm, with_progression(date="AVALC"))
    assert error.message == "source progression takes its date from ADRS.AVALC, which holds no dates"
    error = _raised(sdtm, with_progression(where="AVAL == 'Y'"))
    assert error.message == "source progression: the expression \"AVAL == 'Y'\" does not fit ADRS"


def test_constants_and_profiles_that_do_not_exist() -> None:
    sdtm = made.study(made.patient("P"))
    with pytest.raises(ArgumentError, match="no conventions profile was named"):
        derive_adam(sdtm)
    with pytest.raises(ArgumentError, match="no conventions profile named 'admirable'") as caught:
        derive_adam(sdtm, profile="admirable")
    assert caught.value.hint == "did you mean 'admiral'? permitted: admiral, equipoise"
    with pytest.raises(ArgumentError, match="the profile admiral has no constant 'confirm_days'") as caught:
        derive_adam(sdtm, profile="admiral", overrides={"confirm_days": 21})
    assert str(caught.value.hint).startswith("did you mean 'confirmation_days'?")
    with pytest.raises(ArgumentError, match="constant confirmation_days cannot be '4 weeks'"):
        derive_adam(sdtm, profile="admiral", overrides={"confirmation_days": "4 weeks"})
    with pytest.raises(ArgumentError, match="constant confirmation_days cannot be negative: -1"):
        derive_adam(sdtm, profile="admiral", overrides={"confirmation_days": -1})
    with pytest.raises(ArgumentError, match="constant response_date_fill cannot be 'middle'"):
        derive_adam(sdtm, profile="admiral", overrides={"response_date_fill": "middle"})


# --- continues -----------------------------------------------------------------------------------------------------


def _logged(code: str, *patients, trial=None, **more) -> list[dict[str, object]]:
    adam = derive_adam(made.study(*patients, **more), trial, profile=None if trial else "admiral")
    return adam.decisions.to_frame().filter(pl.col("code") == code).to_dicts()


def _only(rows: list[dict[str, object]]) -> dict[str, object]:
    assert len(rows) == 1
    return rows[0]


def test_death_before_randomization(palmira) -> None:
    row = _only(_logged("death-before-randomization", made.patient("P", death=-5), trial=palmira))
    assert (row["severity"], row["usubjid"], row["value"]) == ("warning", "P", "2019-12-27")
    assert row["decision"] == (
        "death before randomization (2020-01-01): the event counts, its time is raised to the day of randomization"
    )


def test_assessment_before_consent(palmira) -> None:
    rows = made.patient("P", responses=[(-40, "SD"), (56, "SD")], RFICDTC="2019-12-01")
    row = _only(_logged("assessment-before-screening", rows, trial=palmira))
    assert (row["domain"], row["sequence"], row["value"]) == ("RS", 1, "2019-11-22")
    assert row["decision"] == (
        "assessed before informed consent (2019-12-01): the record is kept; no response before randomization counts"
    )


def test_assessment_before_the_screening_window_where_consent_is_unknown(palmira) -> None:
    # The window of the trial file is 28 days: day -29 is outside, day -28 is not.
    rows = made.patient("P", responses=[(-29, "SD"), (-28, "SD"), (56, "SD")])
    row = _only(_logged("assessment-before-screening", rows, trial=palmira))
    assert row["decision"] == (
        "assessed more than 28 days before randomization (2020-01-01): the record is kept; "
        "no response before randomization counts"
    )


def test_impossible_dates_count_as_missing(palmira) -> None:
    rows = made.patient("P", responses=[("2020-02-30", "PD"), (56, "SD")])
    row = _only(_logged("impossible-date", rows, trial=palmira))
    assert (row["variable"], row["sequence"], row["value"]) == ("RSDTC", 1, "2020-02-30")
    assert row["decision"] == "no such date exists: taken as missing"
    row = _only(_logged("impossible-date", made.patient("P", responses=[("2020-02-26T25:00", "SD")]), trial=palmira))
    assert row["decision"] == "no such time of day exists: the time is left out, the date is kept"


def test_partial_dates_that_are_not_filled(palmira) -> None:
    row = _only(_logged("partial-date", made.patient("P", responses=[("2020", "SD"), (56, "SD")]), trial=palmira))
    assert row["decision"] == "partial date, year and month is needed: taken as missing"
    row = _only(_logged("partial-date", made.patient("P", doses=[(0, 10), ("2020-02", 60)]), trial=palmira))
    assert (row["domain"], row["variable"], row["value"]) == ("EX", "EXSTDTC", "2020-02")
    assert row["decision"] == "partial date, a complete date is needed: taken as missing"


def test_partial_dates_that_are_filled_are_noted(palmira) -> None:
    rows = made.patient("P", responses=[("2020-02", "SD")], events=[{"AESTDTC": "2020-03"}], death="2021")
    found = _logged("partial-date-filled", rows, trial=palmira)
    assert {(row["severity"], row["variable"], row["decision"]) for row in found} == {
        ("note", "RSDTC", "partial date filled to 2020-02-29"),
        ("note", "AESTDTC", "partial date filled to 2020-03-01"),
        ("note", "DTHDTC", "partial date filled to 2021-01-01"),
    }


def test_response_word_outside_the_code_list(palmira) -> None:
    row = _only(_logged("response-unknown", made.patient("P", responses=[(56, "CHECK")]), trial=palmira))
    assert (row["severity"], row["value"], row["sequence"]) == ("warning", "CHECK", 1)
    assert row["decision"] == (
        "no word of the code list (CR, PR, SD, NON-CR/NON-PD, PD, NE, MISSING): kept without a value, never used"
    )


def test_a_randomized_patient_never_assessed(palmira) -> None:
    row = _only(_logged("never-assessed", made.patient("P"), made.patient("S", arm=None, doses=[]), trial=palmira))
    assert row["usubjid"] == "P"
    assert row["decision"] == (
        "randomized, and no usable response on or after randomization: "
        "without an event, progression-free survival is censored at randomization"
    )
    row = _only(_logged("never-assessed", made.patient("P", responses=[(56, "NE")]), trial=palmira))
    assert str(row["decision"]).startswith("randomized, and no response other than NE")


def test_event_and_censoring_on_one_day(palmira) -> None:
    # Death on the day of the last scan. The scan that shows progression is the last scan too: nothing to decide there.
    rows = made.patient("P", responses=[(56, "SD")], doses=[(0, 20)], death=56)
    found = _logged("event-and-censoring-same-day", rows, trial=palmira)
    assert [(row["value"], row["decision"]) for row in found] == [
        ("2020-02-26", "OS: Death and Last known alive on one day: the event counts"),
        ("2020-02-26", "PFS: Death and Last adequate tumor assessment on one day: the event counts"),
    ]
    adtte = derive_adam(made.study(rows), palmira).tables["adtte"]
    assert adtte.filter(pl.col("PARAMCD").is_in(["OS", "PFS"]))["CNSR"].to_list() == [0, 0]
    rows = made.patient("P", responses=[(56, "PD")], doses=[(0, 20)])
    assert _logged("event-and-censoring-same-day", rows, trial=palmira) == []


def test_evidence_of_life_after_death(palmira) -> None:
    rows = made.patient("P", responses=[(56, "SD"), (70, "SD")], doses=[(0, 20)], death=60)
    row = _only(_logged("evidence-after-death", rows, trial=palmira))
    assert row["value"] == "2020-03-11"
    assert row["decision"] == "records dated after death (2020-03-01): the last date known alive is the day of death"
    # That the capped date falls on the day of death is the rule's doing, and not said a second time.
    assert _logged("event-and-censoring-same-day", rows, trial=palmira) == []


def test_records_after_the_cutoff(palmira) -> None:
    rows = made.patient("P", responses=[(56, "SD"), (112, "PD")], death=120, doses=[(0, 110)])
    found = _logged("after-cutoff", rows, trial=palmira, cutoff=100)
    assert {(row["variable"], row["value"], row["decision"]) for row in found} == {
        ("RSDTC", "2020-04-22", "recorded after the data cutoff 2020-04-10: the record is ignored"),
        ("EXENDTC", "2020-04-20", "dated after the data cutoff 2020-04-10: taken as missing"),
        ("DTHDTC", "2020-04-30", "dated after the data cutoff 2020-04-10: taken as missing"),
    }


def test_death_without_a_date(palmira) -> None:
    row = _only(_logged("death-undated", made.patient("P", DTHFL="Y"), trial=palmira))
    assert row["decision"] == ("death without a usable date: no event; the subject is censored at the last date known")


def test_records_of_somebody_who_is_not_in_dm(palmira) -> None:
    rows = made.patient("P")
    made.add(rows, "ae", "X", AESEQ=1, AEDECOD="Nausea", AESTDTC=3, AETOXGR="1")
    row = _only(_logged("subject-not-in-dm", rows, trial=palmira))
    assert (row["domain"], row["usubjid"]) == ("AE", "X")
    assert row["decision"] == "the subject is not in DM: its records reach no subject-level result"


def test_adverse_events_without_term_or_grade(palmira) -> None:
    rows = made.patient("P", events=[{"AESTDTC": 3, "AEDECOD": None, "AETOXGR": "severe"}])
    assert _only(_logged("term-missing", rows, trial=palmira))["decision"] == (
        "adverse event without a dictionary term: counted, as not coded"
    )
    row = _only(_logged("grade-unknown", rows, trial=palmira))
    assert (row["value"], row["decision"]) == ("severe", "no CTCAE grade 1 to 5: the event counts in any grade only")


def test_a_constant_that_finds_nothing_is_said(palmira) -> None:
    rows = made.patient("P", responses=[(56, "SD")])
    made.add(rows, "tu", "P", TUSEQ=1, TUEVAL="INVESTIGATOR", TUSTRESC="TARGET", VISIT="BASELINE")
    row = _only(_logged("constant-finds-nothing", rows, trial=palmira))
    assert row["decision"] == (
        "TU holds no VISIT 'SCREENING': nobody has measurable disease at baseline; it holds BASELINE"
    )
    assert row["rule"] == "equipoise, baseline_visit"
    adam = derive_adam(made.study(rows), palmira, overrides={"evaluator": "READER", "baseline_visit": "BASELINE"})
    words = adam.decisions.to_frame().filter(pl.col("code") == "constant-finds-nothing")["decision"].to_list()
    assert words == ["RS holds no RSEVAL 'READER': no overall response is found; it holds INVESTIGATOR"]


def test_randomized_without_arm_or_stratum(palmira) -> None:
    rows = made.patient("P", baseline={"PRIORET": "AI"}, ARMCD=None, ACTARMCD=None)
    row = _only(_logged("randomized-without-arm", rows, trial=palmira))
    assert row["decision"] == "randomized without a planned arm: no comparison of arms holds the subject"
    row = _only(_logged("stratum-missing", rows, trial=palmira))
    assert row["variable"] == "STRAT2R"
    assert row["decision"] == "randomized without a value of visceral: no stratified analysis holds the subject"


def test_domains_that_may_be_absent_are_said(palmira) -> None:
    adam = derive_adam(made.study(made.patient("P"), without=("tu", "tr", "lb", "ts", "ie")), palmira)
    absent = adam.decisions.to_frame().filter(pl.col("code") == "domain-absent")
    assert absent["domain"].unique().sort().to_list() == ["TR", "TU"]
    assert "MDIS" not in adam.tables["adrs"]["PARAMCD"].to_list()
    assert adam.tables["adtr"].height == 0
    assert adam.tables["adtte"]["PARAMCD"].to_list() == ["OS", "PFS", "PFSEM", "PFSFA", "PFSIC", "PFSM2"]
