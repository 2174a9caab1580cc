"""ADAE of made-up patients, worked by hand. Treatment runs from 2020-01-01 (day 0) to 2020-04-10 (day 100)."""

from __future__ import annotations

from datetime import date, datetime

import made_up_study as made
from equipoise.derivation import derive_adam
from equipoise.protocol import load_trial


def _adae(*events, trial=False, rows=None, **more):
    sdtm = made.study(rows or made.patient("P", events=events, **more))
    adam = derive_adam(sdtm, load_trial("palmira")) if trial else derive_adam(sdtm, profile="admiral")
    return adam.tables["adae"]


def test_partial_starts() -> None:
    adae = _adae(
        {"AESTDTC": "2020-03"},
        {"AESTDTC": "2020-01"},
        {"AESTDTC": "2020"},
        {"AESTDTC": "2019"},
        {"AESTDTC": "2020-01-01T06:30"},
        doses=[(9, 100)],
    )
    # Treatment starts 2020-01-10. January and 2020 hold that day, so they become it; the other spans do not.
    assert adae.select("ASTDTM", "ASTDTF", "ASTTMF").rows() == [
        (datetime(2020, 3, 1), "D", "H"),
        (datetime(2020, 1, 10), "D", "H"),
        (datetime(2020, 1, 10), "M", "H"),
        (datetime(2019, 1, 1), "M", "H"),
        (datetime(2020, 1, 1, 6, 30), None, None),
    ]
    # Relative days: 2020-03-01 is 51 days after the start, plus 1; 2020-01-01 is 9 before it, and there is no day 0.
    assert adae["ASTDY"].to_list() == [52, 1, 1, -374, -9]


def test_partial_ends_stop_at_death_and_end_of_study() -> None:
    events = [{"AESTDTC": 10, "AEENDTC": end} for end in ("2020-02", "2020-06", "2020", None)]
    rows = made.patient("P", events=events, death="2020-06-20")
    ended = {"DSCAT": "DISPOSITION EVENT", "DSDECOD": "LOST TO FOLLOW-UP"}
    made.add(rows, "ds", "P", DSSEQ=2, DSSTDTC="2020-06-10", **ended)
    adae = _adae(rows=rows)
    # February ends on the 29th. June and 2020 hold the death (20 June) and the end of study (10 June): the earlier.
    assert adae["AENDTM"].to_list() == [
        datetime(2020, 2, 29, 23, 59, 59),
        datetime(2020, 6, 10, 23, 59, 59),
        datetime(2020, 6, 10, 23, 59, 59),
        None,
    ]
    assert adae["AENDTF"].to_list() == ["D", "D", "M", None]
    # From 2020-01-11 to 2020-02-29, both counted: 49 + 1.
    assert adae.select("ADURN", "ADURU").row(0) == (50, "days")


def test_treatment_emergence() -> None:
    adae = _adae(
        {"AESTDTC": 0},
        {"AESTDTC": -1},
        {"AESTDTC": 130},
        {"AESTDTC": 131},
        {"AESTDTC": None},
        {"AESTDTC": None, "AEENDTC": -5},
        {"AESTDTC": "2019", "AEENDTC": 20},
    )
    # The first dose is day 0, the last day 100: 30 days later is day 130. Without a start the event counts unless it
    # ended before treatment; one that began before it does not count, however long it lasted. Never N.
    assert adae["TRTEMFL"].to_list() == ["Y", None, "Y", None, "Y", None, None]


def test_nothing_is_emergent_without_treatment() -> None:
    assert _adae({"AESTDTC": 3}, doses=[])["TRTEMFL"].to_list() == [None]


def test_worst_occurrence_by_severity() -> None:
    adae = _adae(
        {"AESTDTC": 5, "AESEV": "MILD"},
        {"AESTDTC": 9, "AESEV": "SEVERE"},
        {"AESTDTC": 7, "AESEV": "SEVERE"},
        {"AESTDTC": 7, "AESEV": "SEVERE"},
        {"AESTDTC": -9, "AESEV": "DEATH THREATENING"},
    )
    # The last began before treatment. Of the severe ones the earliest, then the lowest AESEQ.
    assert adae["ASEVN"].to_list() == [1, 3, 3, 3, 4]
    assert adae["AOCCIFL"].to_list() == [None, None, "Y", None, None]


def test_worst_grade_per_patient_and_term() -> None:
    nausea, fatigue = {"AEDECOD": "Nausea"}, {"AEDECOD": "Fatigue"}
    adae = _adae(
        {"AESTDTC": 5, "AETOXGR": "1", **nausea},
        {"AESTDTC": 9, "AETOXGR": "3", **nausea},
        {"AESTDTC": 3, "AETOXGR": "2", **fatigue},
        {"AESTDTC": 4, "AETOXGR": None, **fatigue},
        trial=True,
    )
    assert adae["ATOXGRN"].to_list() == [1, 3, 2, None]
    assert adae["AOCCIFL"].to_list() == [None, "Y", None, None]
    assert adae["AOCCPIFL"].to_list() == [None, "Y", "Y", None]
    assert adae.select("SRCDOM", "SRCSEQ").rows() == [("AE", 1), ("AE", 2), ("AE", 3), ("AE", 4)]


def test_grades_are_read_however_they_are_written() -> None:
    written = ("3", "GRADE 3", "Grade 3", "grade 3 ", "6", "severe")
    adae = _adae(*({"AESTDTC": 5, "AETOXGR": grade} for grade in written), trial=True)
    assert adae["ATOXGRN"].to_list() == [3, 3, 3, 3, None, None]


def test_dose_at_onset_knows_54_and_0_only() -> None:
    rows = made.patient("P", doses=[], events=[{"AESTDTC": 3}, {"AESTDTC": 15}, {"AESTDTC": 40}, {"AESTDTC": -2}])
    dose = {"EXTRT": "XANOMELINE", "EXDOSU": "mg"}
    made.add(rows, "ex", "P", EXSEQ=1, EXDOSE=54.0, EXSTDTC=0, EXENDTC=9, **dose)
    made.add(rows, "ex", "P", EXSEQ=2, EXDOSE=81.0, EXSTDTC=10, EXENDTC=19, **dose)
    made.add(rows, "ex", "P", EXSEQ=3, EXDOSE=54.0, EXSTDTC=20, EXENDTC=29, **dose)
    adae = _adae(rows=rows).sort("AESEQ")
    # Day 15 lies in the 81 mg record, which is left out: the last known dose day is day 9. Day 40: day 29.
    assert [d and d.date() for d in adae["LDOSEDTM"]] == [date(2020, 1, 4), date(2020, 1, 10), date(2020, 1, 30), None]
    assert adae["DOSEON"].to_list() == [54, None, None, None]
