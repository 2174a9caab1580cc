"""Laws of the derivation, on random made-up studies."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import made_up_study as made
import reference_admiral as reference
from equipoise.derivation import derive_adam
from equipoise.protocol import load_trial

FOLDER = Path(__file__).parents[1] / "derivation"

WORDS = ["CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "CHECK", None]
# A derivation costs the same for one patient as for twenty: few studies of many patients.
few = settings(max_examples=4, deadline=None)

responses = st.lists(
    st.tuples(st.sampled_from([*range(-7, 200, 7), 41, 43]), st.sampled_from(WORDS)), min_size=0, max_size=9
)
events = st.lists(
    st.fixed_dictionaries(
        {
            "AESTDTC": st.sampled_from([-5, 0, 3, 60, 129, 131, "2020-02", "2019", None]),
            "AEENDTC": st.sampled_from([0, 4, 90, "2020-05", None]),
            "AETOXGR": st.sampled_from(["1", "2", "3", "4", None]),
            "AEDECOD": st.sampled_from(["Nausea", "Fatigue"]),
        }
    ),
    max_size=3,
)


@st.composite
def patients(draw, complete: bool = False):
    """Arguments of a made-up patient; only complete dates where asked."""
    died = draw(st.sampled_from([None, None, 40, 90, 150, -3] + ([] if complete else ["2020-03", "2020"])))
    found = draw(events)
    if complete:
        found = [{k: None if isinstance(v, str) and v.startswith("20") else v for k, v in e.items()} for e in found]
    return {
        "arm": draw(st.sampled_from(["PALBO_ET", "ET"])),
        "responses": draw(responses),
        "doses": draw(st.sampled_from([(), ((0, 30),), ((1, 28), (29, None)), ((0, 100),)])),
        "death": died,
        "events": found,
    }


studies = st.lists(patients(), min_size=8, max_size=16)


@cache
def _palmira():
    return load_trial("palmira")


def _built(arguments, **more):
    return made.study(*(made.patient(f"P{place}", **one) for place, one in enumerate(arguments)), **more)


def _derived(sdtm, profile):
    return derive_adam(sdtm, _palmira() if profile == "equipoise" else None, profile=profile)


@pytest.mark.parametrize("profile", ["admiral", "equipoise"])
@few
@given(arguments=studies, seed=st.integers(0, 99))
def test_the_order_of_input_rows_never_matters(profile, arguments, seed) -> None:
    sdtm = _built(arguments, cutoff=170)
    order = random.Random(seed)
    shuffled = {
        name: frame[order.sample(range(frame.height), frame.height)] if frame.height else frame
        for name, frame in sdtm.tables.items()
    }
    first, second = _derived(sdtm, profile), _derived(replace(sdtm, tables=shuffled), profile)
    for name, table in first.tables.items():
        assert_frame_equal(table, second.tables[name])
    assert_frame_equal(first.decisions.to_frame(), second.decisions.to_frame())


@pytest.mark.parametrize("profile", ["admiral", "equipoise"])
@few
@given(arguments=studies)
def test_a_subject_does_not_depend_on_the_others(profile, arguments) -> None:
    together = _derived(_built(arguments), profile).tables
    chosen = len(arguments) - 1
    alone = _derived(made.study(made.patient(f"P{chosen}", **arguments[chosen])), profile).tables
    for name, table in together.items():
        assert_frame_equal(table.filter(pl.col("USUBJID") == f"P{chosen}"), alone[name], check_column_order=False)


def _followed(one, further):
    """The patient with a progression after all other assessments, and what follows it."""
    before = [(day, held) for day, held in one["responses"] if held != "PD"]
    last = max((day for day, _ in before), default=0) + 7
    return {**one, "responses": [*before, (last, "PD"), *((last + day, held) for day, held in further)]}


@pytest.mark.parametrize("profile", ["admiral", "equipoise"])
@few
@given(arguments=studies, later=st.integers(1, 60), word=st.sampled_from(WORDS))
def test_an_assessment_after_progression_never_changes_pfs(profile, arguments, later, word) -> None:
    plain, longer = (
        _derived(_built([_followed(one, further) for one in arguments]), profile)
        .tables["adtte"]
        .filter(pl.col("PARAMCD") == "PFS")
        .select("USUBJID", "STARTDT", "ADT", "AVAL", "CNSR", "EVNTDESC")
        .rows()
        for further in ([], [(later, word)])
    )
    assert plain == longer
    assert len(plain) == len(arguments)


def _moved(arguments, days: int):
    """The patient's calendar, moved by whole days."""

    def moved(day):
        return day + days if isinstance(day, int) else day

    return {
        **arguments,
        "randomized": days,
        "responses": [(moved(day), held) for day, held in arguments["responses"]],
        "doses": [tuple(map(moved, dose)) for dose in arguments["doses"]],
        "death": moved(arguments["death"]),
        "events": [{name: moved(held) for name, held in event.items()} for event in arguments["events"]],
    }


@pytest.mark.parametrize("profile", ["admiral", "equipoise"])
@few
@given(arguments=st.lists(patients(complete=True), min_size=8, max_size=16), days=st.integers(-400, 400))
def test_moving_the_calendar_moves_every_date_and_nothing_else(profile, arguments, days) -> None:
    here = _derived(_built(arguments), profile).tables
    there = _derived(_built([_moved(one, days) for one in arguments]), profile).tables
    for name, table in here.items():
        dates = [column for column, kind in table.schema.items() if kind == pl.Date or isinstance(kind, pl.Datetime)]
        collected = [column for column in table.columns if column.endswith("DTC")]
        moved = table.with_columns(pl.col(column) + pl.duration(days=days) for column in dates)
        assert_frame_equal(moved.drop(collected), there[name].drop(collected))


@few
@given(arguments=studies)
def test_the_engine_agrees_with_the_plain_implementation(arguments) -> None:
    # A missing event start has no place in the plain worst-occurrence rule; every other combination stays.
    for one in arguments:
        one["events"] = [event for event in one["events"] if event["AESTDTC"] is not None]
    sdtm = _built([{**one, "AGE": 60, "RACE": "WHITE", "COUNTRY": "ESP"} for one in arguments])
    rows = {name: frame.to_dicts() for name, frame in sdtm.tables.items()}
    subjects = reference.adsl(rows["dm"], rows["ds"], rows["ex"], rows["ae"], rows["lb"])
    expected = reference.adrs(subjects, rows["rs"], rows["tu"])
    derived = derive_adam(sdtm, profile="admiral").tables
    _agree(derived["adrs"], expected, "USUBJID PARAMCD ASEQ ADT AVAL AVALC ANL01FL ANL02FL RSSEQ")
    endpoints = reference.adtte(subjects, expected)
    _agree(derived["adtte"], endpoints, "USUBJID PARAMCD ADT AVAL CNSR EVNTDESC SRCSEQ")
    adverse = reference.adae(rows["ae"], subjects, rows["ex"])
    _agree(derived["adae"], adverse, "USUBJID AESEQ ASTDTM AENDTM ASTDTF AENDTF ASTDY ADURN TRTEMFL AOCCIFL")


def _agree(derived: pl.DataFrame, expected, names: str) -> None:
    columns = names.split()
    assert _sorted(derived.select(columns).rows()) == _sorted(
        [tuple(row[name] for name in columns) for row in expected]
    )


def _sorted(rows):
    return sorted(rows, key=lambda row: tuple((held is None, str(held)) for held in row))


def test_the_laws_see_real_studies() -> None:
    """The made-up studies hold what the laws are about: progression, confirmed responses, deaths."""
    sdtm = _built([{"responses": [(42, "PR"), (70, "PR"), (98, "PD")], "death": 120}])
    adam = _derived(sdtm, "equipoise")
    assert made.value(adam.tables["adrs"], "AVALC", PARAMCD="CRSP") == "Y"
    assert made.value(adam.tables["adtte"], "ADT", PARAMCD="PFS") == date(2020, 1, 1) + timedelta(days=98)
