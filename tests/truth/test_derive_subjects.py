"""ADSL of made-up patients, worked by hand. Randomization is 2020-01-01, day 0."""

from __future__ import annotations

from datetime import date, datetime

import made_up_study as made
from equipoise.derivation import derive_adam
from equipoise.protocol import load_trial


def _adsl(*patients, trial=False, without=(), **more):
    sdtm = made.study(*patients, without=without, **more)
    adam = derive_adam(sdtm, load_trial("palmira")) if trial else derive_adam(sdtm, profile="admiral")
    return adam.tables["adsl"]


def _one(frame, *columns):
    return frame.select(columns).row(0)


def test_exposure_from_valid_doses_only() -> None:
    rows = made.patient("P", doses=[(5, 20), (25, None)])
    # A dose of zero counts only for a placebo; this one would be the earliest.
    made.add(rows, "ex", "P", EXSEQ=9, EXTRT="PALBOCICLIB", EXDOSE=0.0, EXSTDTC=-3, EXENDTC=60)
    adsl = _adsl(rows)
    # Start: the first complete start of a valid dose, day 5; end: the latest complete end, day 20 (the other is open).
    assert _one(adsl, "TRTSDT", "TRTEDT", "SAFFL") == (date(2020, 1, 6), date(2020, 1, 21), "Y")
    assert _one(adsl, "TRTSDTM", "TRTEDTM") == (datetime(2020, 1, 6), datetime(2020, 1, 21, 23, 59, 59))
    assert _one(adsl, "TRTSTMF", "TRTETMF") == ("H", "H")
    # Both days counted: 21 - 6 + 1.
    assert _one(adsl, "TRTDURD") == (16,)


def test_zero_dose_of_placebo_counts() -> None:
    rows = made.patient("P", doses=[])
    made.add(rows, "ex", "P", EXSEQ=1, EXTRT="PLACEBO PATCH", EXDOSE=0.0, EXSTDTC=0, EXENDTC=6)
    assert _one(_adsl(rows), "SAFFL", "TRTDURD") == ("Y", 7)


def test_an_open_dose_is_ongoing_in_the_equipoise_profile() -> None:
    rows = made.patient("P", doses=[(0, 20), (28, None)])
    assert _one(_adsl(rows, trial=True), "TRTEDT", "EOTSTT") == (None, "ONGOING")
    ended = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY TREATMENT", "DSDECOD": "PROGRESSIVE DISEASE"}
    made.add(rows, "ds", "P", DSSEQ=2, DSSTDTC=48, **ended)
    adsl = _adsl(rows, trial=True)
    assert _one(adsl, "TRTEDT", "EOTSTT", "DCTREAS") == (date(2020, 1, 21), "DISCONTINUED", "PROGRESSIVE DISEASE")
    # The end of treatment is not the end of the study.
    assert _one(adsl, "EOSSTT", "EOSDT", "DCSREAS") == ("ONGOING", None, None)


def test_dispositions() -> None:
    rows = made.patient("P")
    ended = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY PARTICIPATION", "DSDECOD": "LOST TO FOLLOW-UP"}
    made.add(rows, "ds", "P", DSSEQ=2, DSSTDTC=300, **ended)
    failed = made.patient("S", arm=None, doses=[], baseline={})
    made.add(failed, "ds", "S", DSSEQ=1, DSSTDTC=-10, DSCAT="DISPOSITION EVENT", DSDECOD="SCREEN FAILURE")
    made.add(failed, "ie", "S", IESEQ=1, IETESTCD="INC09", IEDTC=-12)
    made.add(failed, "ie", "S", IESEQ=2, IETESTCD="INC03", IEDTC=-12)
    adsl = _adsl(rows, failed, trial=True).sort("USUBJID")
    columns = ("ITTFL", "EOSSTT", "DCSREAS", "EOSDT", "SCRFL", "SCRFDT", "SCRFRSN")
    assert adsl.select(columns).rows() == [
        ("Y", "DISCONTINUED", "LOST TO FOLLOW-UP", date(2020, 10, 27), None, None, None),
        ("N", None, None, None, "Y", date(2019, 12, 22), "INC03, INC09"),
    ]


def test_last_alive_of_the_admiral_profile() -> None:
    event = {"AESTDTC": 20, "AEENDTC": "2020-07"}
    rows = made.patient("P", responses=[(200, "SD")], doses=[(0, 30)], events=[event])
    # Treatment end 2020-01-31; event end filled to 2020-07-01; the scan of day 200 (2020-07-19) is no source.
    assert _one(_adsl(rows), "LSTALVDT") == (date(2020, 7, 1),)
    made.add(rows, "lb", "P", LBSEQ=1, LBDTC="2020-07-02T08:15")
    assert _one(_adsl(rows), "LSTALVDT") == (date(2020, 7, 2),)


def test_last_alive_of_the_equipoise_profile_takes_complete_dates_only() -> None:
    event = {"AESTDTC": 20, "AEENDTC": "2020-07"}
    rows = made.patient("P", responses=[(40, "SD")], doses=[(0, 30)], events=[event])
    # The month of the event's end is not complete; the scan of day 40 is 2020-02-10.
    assert _one(_adsl(rows, trial=True), "LSTALVDT") == (date(2020, 2, 10),)
    # A contact in DS counts, a record of death does not, nor does the end of the fatal event.
    contact = {"DSCAT": "OTHER EVENT", "DSDECOD": "CONTACT"}
    made.add(rows, "ds", "P", DSSEQ=2, DSSTDTC=90, **contact)
    made.add(rows, "ds", "P", DSSEQ=3, DSSTDTC=120, DSCAT="DISPOSITION EVENT", DSDECOD="DEATH")
    made.add(rows, "ae", "P", AESEQ=7, AEDECOD="Sepsis", AEOUT="FATAL", AESTDTC=80, AEENDTC=120)
    assert _one(_adsl(rows, trial=True), "LSTALVDT") == (date(2020, 3, 31),)


def test_death_and_its_distances() -> None:
    # Treated days 0 to 100 (2020-04-10), dead on day 130 (2020-05-10): 30 days after the last dose.
    assert _one(_adsl(made.patient("P", death=130)), "DTHADY", "LDDTHELD", "LDDTHGR1", "DTH30FL", "DTHB30FL") == (
        131,
        30,
        "<= 30",
        "Y",
        None,
    )
    assert _one(_adsl(made.patient("P", death=131)), "LDDTHELD", "LDDTHGR1", "DTHA30FL") == (31, "> 30", "Y")
    # Death before the last dose: a negative plain difference. Day 30 is within 30 days of the first dose.
    assert _one(_adsl(made.patient("P", death=30)), "LDDTHELD", "DTHB30FL") == (-70, "Y")
    assert _one(_adsl(made.patient("P", death=31)), "DTHB30FL") == (None,)
    # Death before treatment: no 1 is added to a negative difference.
    assert _one(_adsl(made.patient("P", death=-5)), "DTHADY") == (-5,)
    # A year alone is 1 January, flagged M.
    assert _one(_adsl(made.patient("P", death="2021")), "DTHDT", "DTHDTF") == (date(2021, 1, 1), "M")


def test_cause_of_death_prefers_the_fatal_event() -> None:
    rows = made.patient("P", death=130)
    named = {"DSCAT": "DISPOSITION EVENT", "DSDECOD": "DEATH", "DSTERM": "DEATH DUE TO PROGRESSIVE DISEASE"}
    made.add(rows, "ds", "P", DSSEQ=5, DSSTDTC=130, **named)
    assert _one(_adsl(rows), "DTHCAUS", "DTHDOM", "DTHCGR1") == (
        "DEATH DUE TO PROGRESSIVE DISEASE",
        "DS",
        "PROGRESSIVE DISEASE",
    )
    made.add(rows, "ae", "P", AESEQ=1, AEDECOD="Sepsis", AEOUT="FATAL", AESTDTC=120)
    assert _one(_adsl(rows), "DTHCAUS", "DTHDOM", "DTHCGR1") == ("Sepsis", "AE", "ADVERSE EVENT")


def test_groups_keep_north_america_as_text() -> None:
    adsl = _adsl(
        made.patient("A", AGE=17, RACE="WHITE", COUNTRY="USA"),
        made.patient("B", AGE=64, RACE="ASIAN", COUNTRY="ESP"),
        made.patient("C", AGE=65, RACE="WHITE", COUNTRY="CAN"),
    )
    assert adsl.select("AGEGR1", "RACEGR1", "REGION1").rows() == [
        ("<18", "White", "NA"),
        ("18-64", "Non-white", "RoW"),
        (">64", "White", "NA"),
    ]


def test_baseline_variables_of_the_trial_file() -> None:
    collected = {"PRIORET": "FULV", "VISCERAL": "N", "ECOG": "1", "PALBDOSE": "100", "PALBWASH": "21"}
    adsl = _adsl(made.patient("P", baseline=collected, AGE=59), trial=True)
    # Codes as collected; numbers as numbers.
    assert _one(adsl, "STRAT1R", "STRAT2R", "ECOGBL", "PALBDOSE", "PALBWASH", "AGE") == ("FULV", "N", "1", 100, 21, 59)
    assert _one(adsl, "MENOSTAT") == (None,)


def test_arms_as_planned_and_as_treated() -> None:
    adsl = _adsl(
        made.patient("A"),
        made.patient("B", arm="ET"),
        made.patient("C", ACTARMCD=None, ACTARM=None, ARMNRS="ASSIGNED, NOT TREATED", doses=[]),
        made.patient("S", arm=None, ARMNRS="SCREEN FAILURE", doses=[]),
        trial=True,
    )
    assert adsl.select("TRT01P", "TRT01PN", "TRT01A", "TRT01AN", "ITTFL", "SAFFL", "SCRFL").rows() == [
        ("Palbociclib + ET", 1, "Palbociclib + ET", 1, "Y", "Y", None),
        ("ET alone", 2, "ET alone", 2, "Y", "Y", None),
        ("Palbociclib + ET", 1, None, None, "Y", "N", None),
        (None, None, None, None, "N", "N", "Y"),
    ]
