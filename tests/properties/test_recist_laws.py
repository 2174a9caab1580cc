"""Laws of the RECIST engine: order of rows, other subjects, the calendar, and a second, plain implementation."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import made_up_study as made
from equipoise.derivation.conventions import load_profile
from equipoise.derivation.recist_responses import derive_lesion_responses
from equipoise.derivation.study import Study, derive_typed_tables
from made_up_lesions import collected, scans

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DIAMETER = st.one_of(st.none(), st.integers(0, 60).map(float), st.sampled_from([33.3, 23.31, 39.96, 9.9]))
STATE = st.sampled_from(["ABSENT", "PRESENT", "UNEQUIVOCAL PROGRESSION", "NOT EVALUABLE"])
LATER = st.fixed_dictionaries({"T01": DIAMETER, "T02": DIAMETER, "NT01": STATE}, optional={"NEW01": st.sampled_from(
    ["EQUIVOCAL", "UNEQUIVOCAL"])})  # fmt: skip
BEGUN = st.fixed_dictionaries({"T01": st.integers(10, 60).map(float), "T02": st.integers(15, 60).map(float)})
PATIENTS = st.lists(st.tuples(BEGUN, st.lists(LATER, min_size=1, max_size=4)), min_size=1, max_size=3)
SITES = {"T02": "LYMPH NODE"}


def _sdtm(patients, shift: int = 0):
    read = []
    for place, (begun, later) in enumerate(patients):
        seen = [(f"WEEK {8 * k}", 56 * k + shift, found) for k, found in enumerate(later, start=1)]
        first = ("SCREENING", -7 + shift, {**begun, "NT01": "PRESENT"})
        read.append(scans(first, *seen, sites=SITES, subject=f"P{place}"))
    return collected(*read, patients=[made.patient(f"P{place}") for place in range(len(patients))])


def _rows(sdtm) -> pl.DataFrame:
    study = Study(derive_typed_tables(sdtm.tables), load_profile("equipoise"))
    subjects = study.table("dm").select("STUDYID", "USUBJID", RANDDT=pl.lit(made.RANDOMIZED))
    return derive_lesion_responses(study, subjects).rows


def _plain(begun: dict[str, float], later: list[dict[str, object]]) -> list[str]:
    """Overall responses by RECIST 1.1, one patient at a time, written without the engine."""
    base = begun["T01"] + begun["T02"]
    nadir, complete, answers = base, False, []
    sure = [k for k, seen in enumerate(later) if seen.get("NEW01") == "UNEQUIVOCAL"]
    first_new = min((k for k, seen in enumerate(later) if "NEW01" in seen), default=99) if sure else 99
    for k, seen in enumerate(later):
        sizes = [seen["T01"], seen["T02"]]
        known = [size for size in sizes if size is not None]
        total = round(sum(known), 6)
        left = (seen["T01"] or 0) > 0 or (seen["T02"] or 0) >= 10
        grown = bool(known) and total - nadir >= 5 - 1e-9 and 100 * (total - nadir) >= 20 * nadir - 1e-6
        if len(known) == 2 and not left:
            target = "CR"
        elif grown:
            target = "PD"
        elif len(known) < 2:
            target = "NE"
        else:
            target = "PR" if 100 * (base - total) >= 30 * base - 1e-6 else "SD"
        other = {"ABSENT": "CR", "PRESENT": "NON", "UNEQUIVOCAL PROGRESSION": "PD", "NOT EVALUABLE": "NE"}[seen["NT01"]]
        if "PD" in (target, other) or k >= first_new:
            answer = "PD"
        elif target == "CR":
            answer = "CR" if other == "CR" else "PR"
        else:
            answer = target
        if complete and (left or other == "NON"):
            answer, again = "PD", True
        else:
            again = False
        complete = complete or (answer == "CR" and not again)
        if len(known) == 2:
            nadir = min(nadir, total)
        answers.append(answer)
    return answers


@SLOW
@given(PATIENTS)
def test_responses_are_those_of_a_plain_implementation(patients) -> None:
    found = _rows(_sdtm(patients)).filter(pl.col("ABLFL").is_null())
    for place, (begun, later) in enumerate(patients):
        mine = found.filter(pl.col("USUBJID") == f"P{place}")
        assert mine["OVRLRESP"].to_list() == _plain(begun, later)


@SLOW
@given(PATIENTS, st.integers(0, 2**16))
def test_the_order_of_records_never_matters(patients, seed: int) -> None:
    sdtm = _sdtm(patients)
    mixed = {name: frame.sample(fraction=1.0, shuffle=True, seed=seed) for name, frame in sdtm.tables.items()}
    assert _rows(replace(sdtm, tables=mixed)).equals(_rows(sdtm))


@SLOW
@given(PATIENTS)
def test_a_subject_does_not_depend_on_others(patients) -> None:
    together = _rows(_sdtm(patients))
    alone = _rows(_sdtm(patients[:1]))
    assert together.filter(pl.col("USUBJID") == "P0").equals(alone)


@SLOW
@given(PATIENTS, st.integers(-200, 200))
def test_moving_the_calendar_moves_dates_only(patients, days: int) -> None:
    moved, stayed = _rows(_sdtm(patients, days)), _rows(_sdtm(patients))
    assert (moved["ADT"] - stayed["ADT"]).dt.total_days().unique().to_list() == [days]
    assert moved.drop("ADT").equals(stayed.drop("ADT"))


@SLOW
@given(PATIENTS)
def test_a_later_assessment_never_changes_an_earlier_one(patients) -> None:
    """But for the date of a new lesion, which a later scan may confirm."""
    certain = [
        (begun, [{k: v for k, v in seen.items() if k != "NEW01"} for seen in later]) for begun, later in patients
    ]
    shorter = [(begun, later[:1]) for begun, later in certain]
    first = _rows(_sdtm(certain)).filter((pl.col("VISIT") == "WEEK 8") | (pl.col("ABLFL") == "Y"))
    assert first.equals(_rows(_sdtm(shorter)))
