"""Laws of laboratory grades, on random results."""

from __future__ import annotations

import random
from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import made_up_study as made
from equipoise.derivation import derive_adam

few = settings(max_examples=6, deadline=None)
FACTORS = {"10^9/L": 1.0, "/uL": 1000.0}
KINDS = {
    "LBSEQ": pl.Float64,
    "LBTESTCD": pl.String,
    "LBSTRESN": pl.Float64,
    "LBSTRESU": pl.String,
    "LBSTNRLO": pl.Float64,
    "LBDTC": pl.String,
}
results = st.lists(
    st.tuples(
        st.sampled_from(["NEUT", "WBC", "PLAT"]),
        st.integers(0, 400),
        st.sampled_from([None, 1.8, 3.8, 150.0]),
        st.integers(-20, 150),
    ),
    min_size=1,
    max_size=12,
)
studies = st.lists(results, min_size=2, max_size=5)


def _adlb(patients, unit="10^9/L", seed=None, days=0) -> pl.DataFrame:
    factor = FACTORS[unit]
    rows = [
        {
            "STUDYID": made.STUDY,
            "USUBJID": name,
            "LBSEQ": float(place),
            "LBTESTCD": test,
            "LBSTRESN": tenths / 10 * factor,
            "LBSTRESU": unit,
            "LBSTNRLO": None if limit is None else limit * factor,
            "LBDTC": made.iso(day + days),
        }
        for name, one in patients.items()
        for place, (test, tenths, limit, day) in enumerate(one, start=1)
    ]
    if seed is not None:
        random.Random(seed).shuffle(rows)
    made_up = [made.patient(name, randomized=days, doses=((days, 100 + days),)) for name in patients]
    sdtm = made.study(*made_up)
    lb = pl.DataFrame(rows, schema={"STUDYID": pl.String, "USUBJID": pl.String, **KINDS})
    return derive_adam(replace(sdtm, tables={**sdtm.tables, "lb": lb}), profile="equipoise").tables["adlb"]


def _named(arguments):
    return {f"P{place}": one for place, one in enumerate(arguments)}


@few
@given(arguments=studies, seed=st.integers(0, 99))
def test_the_order_of_results_never_matters(arguments, seed) -> None:
    assert_frame_equal(_adlb(_named(arguments)), _adlb(_named(arguments), seed=seed))


@few
@given(arguments=studies)
def test_a_subject_does_not_depend_on_the_others(arguments) -> None:
    together = _adlb(_named(arguments))
    assert_frame_equal(together.filter(pl.col("USUBJID") == "P0"), _adlb({"P0": arguments[0]}))


@few
@given(arguments=studies, days=st.integers(-300, 300))
def test_moving_the_calendar_moves_dates_only(arguments, days) -> None:
    here, there = _adlb(_named(arguments)), _adlb(_named(arguments), days=days)
    dates = [column for column, kind in here.schema.items() if kind == pl.Date]
    moved = here.with_columns(pl.col(column) + pl.duration(days=days) for column in dates)
    assert_frame_equal(moved.drop("LBDTC"), there.drop("LBDTC"))


@few
@given(arguments=studies)
def test_the_unit_never_changes_a_grade(arguments) -> None:
    # Whole hundreds a microliter are tenths of a thousand: no rounding stands between the units.
    here = [
        [(test, tenths, None if limit is None else round(limit, 1), day) for test, tenths, limit, day in one]
        for one in arguments
    ]
    columns = ["USUBJID", "LBSEQ", "PARAMCD", "ATOXGR", "BTOXGR", "TRTEMFL", "ANL02FL"]
    assert_frame_equal(_adlb(_named(here)).select(columns), _adlb(_named(here), unit="/uL").select(columns))


@few
@given(arguments=studies)
def test_a_lower_value_never_has_a_lower_grade(arguments) -> None:
    for _, group in _adlb(_named(arguments)).drop_nulls(["ATOXGRN", "ANRLO"]).group_by("PARAMCD", "ANRLO"):
        grades = group.sort("AVAL")["ATOXGRN"]
        assert (grades.diff().drop_nulls() <= 0).all()
