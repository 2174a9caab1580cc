"""Laws of the censoring rule sets, on random made-up patients with new therapies, discontinuations and no baselines."""

from __future__ import annotations

import random
from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import censored_patients as made
from equipoise.derivation import derive_adam

few = settings(max_examples=5, deadline=None)
WORDS = ["CR", "PR", "SD", "NON-CR/NON-PD", "NE", "PD"]
PARAMETERS = ("PFS", "PFSM2", "PFSFA", "PFSEM", "PFSIC")
DATES = ("STARTDT", "ADT", "LINTDT", "RINTDT")

patients = st.fixed_dictionaries(
    {
        "responses": st.lists(
            st.tuples(st.sampled_from([*range(49, 700, 56), 55, 57, 63]), st.sampled_from(WORDS)), max_size=8
        ),
        "death": st.sampled_from([None, None, 90, 119, 120, 400]),
        "baseline": st.booleans(),
        "stopped": st.sampled_from([None, (60, "ADVERSE EVENT"), (112, "PROGRESSIVE DISEASE"), (300, "COMPLETED")]),
        "therapy": st.sampled_from([None, None, 30, 112, 250]),
    }
)
studies = st.lists(patients, min_size=8, max_size=14)


def _study(arguments, days: int = 0):
    """The patients as a study, their calendar moved by so many days."""

    def moved(day):
        return None if day is None else day + days

    rows, therapies = [], {}
    for place, one in enumerate(arguments):
        name = f"P{place}"
        stopped = one["stopped"] and (moved(one["stopped"][0]), one["stopped"][1])
        found = made.patient(
            name, baseline=one["baseline"], stopped=stopped, randomized=days, death=moved(one["death"]),
            responses=[(moved(day), held) for day, held in one["responses"]], doses=[(days, days + 40)],
        )  # fmt: skip
        for lesion in found["tu"]:
            lesion["TUDTC"] = made.made.iso(days - 7)
        rows.append(found)
        if one["therapy"] is not None:
            therapies[name] = moved(one["therapy"])
    return made.study(*rows, therapies=therapies)


def _adtte(sdtm) -> pl.DataFrame:
    return derive_adam(sdtm, made.trial()).tables["adtte"]


@few
@given(arguments=studies, seed=st.integers(0, 99))
def test_the_order_of_input_rows_never_matters(arguments, seed) -> None:
    sdtm, order = _study(arguments), random.Random(seed)
    tables = {name: frame[order.sample(range(len(frame)), len(frame))] for name, frame in sdtm.tables.items()}
    assert_frame_equal(_adtte(sdtm), _adtte(replace(sdtm, tables=tables)))


@few
@given(arguments=studies)
def test_a_subject_does_not_depend_on_the_others(arguments) -> None:
    together, last = _adtte(_study(arguments)), f"P{len(arguments) - 1}"
    kept = [{**one, "responses": [], "therapy": None, "stopped": None, "death": None} for one in arguments[:-1]]
    alone = _adtte(_study([*kept, arguments[-1]]))
    mine = pl.col("USUBJID") == last
    assert_frame_equal(together.filter(mine), alone.filter(mine))


@few
@given(arguments=studies, days=st.integers(-400, 400))
def test_moving_the_calendar_moves_every_date_and_nothing_else(arguments, days) -> None:
    here, there = _adtte(_study(arguments)), _adtte(_study(arguments, days))
    moved = here.with_columns(pl.col(name).dt.offset_by(f"{days}d") for name in DATES)
    kept = [*DATES, "USUBJID", "PARAMCD", "AVAL", "CNSR", "EVNTDESC", "EQRULE", "LINT", "RINT"]
    assert_frame_equal(moved.select(kept), there.select(kept))


@few
@given(arguments=studies, later=st.integers(1, 200), word=st.sampled_from(WORDS))
def test_an_assessment_after_progression_never_changes_any_parameter(arguments, later, word) -> None:
    ended = []
    for one in arguments:
        before = [(day, held) for day, held in one["responses"] if held != "PD"]
        last = max((day for day, _ in before), default=0) + 7
        ended.append({**one, "responses": [*before, (last, "PD")], "last": last})
    longer = [{**one, "responses": [*one["responses"], (one["last"] + later, word)]} for one in ended]
    kept = ("USUBJID", "PARAMCD", "ADT", "CNSR", "EVNTDESC", "LINT", "RINT")
    plain, followed = (
        _adtte(_study(some)).filter(pl.col("PARAMCD").is_in(PARAMETERS)).select(kept) for some in (ended, longer)
    )
    assert_frame_equal(plain, followed)


@few
@given(arguments=studies)
def test_rules_only_censor_and_only_earlier(arguments) -> None:
    adtte = _adtte(_study(arguments)).filter(pl.col("PARAMCD").is_in(PARAMETERS))
    own = adtte.filter(pl.col("PARAMCD") == "PFS").select("USUBJID", OWNDT="ADT", OWNCNSR="CNSR")
    joined = adtte.join(own, on="USUBJID")
    assert joined.height == 5 * len(arguments)
    # FDA-A's one exception: without a baseline no progression counts, but a death within two intervals does.
    bare = [f"P{place}" for place, one in enumerate(arguments) if not one["baseline"]]
    excepted = (pl.col("PARAMCD") == "PFSFA") & pl.col("USUBJID").is_in(bare) & (pl.col("EVNTDESC") == "Death")
    joined = joined.filter(~excepted)
    assert joined.filter(pl.col("ADT") > pl.col("OWNDT")).height == 0
    # What still is an event is the same event; EMA's rules and the interval-censored dates leave everything as it is.
    events = joined.filter(pl.col("CNSR") == 0)
    assert events.filter((pl.col("OWNCNSR") != 0) | (pl.col("ADT") != pl.col("OWNDT"))).height == 0
    unchanged = joined.filter(pl.col("PARAMCD").is_in(["PFSEM", "PFSIC"]))
    assert unchanged.filter((pl.col("ADT") != pl.col("OWNDT")) | (pl.col("CNSR") != pl.col("OWNCNSR"))).height == 0
    # Who is censored under M2-1 alone is censored under FDA-A too, and not later: its rules hold that one.
    late = joined.filter((pl.col("PARAMCD") == "PFSM2") & (pl.col("CNSR") == 1)).select("USUBJID", LATEDT="ADT")
    strict = joined.filter(pl.col("PARAMCD") == "PFSFA").join(late, on="USUBJID")
    assert strict.filter((pl.col("CNSR") == 0) | (pl.col("ADT") > pl.col("LATEDT"))).height == 0


@few
@given(arguments=studies)
def test_an_interval_holds_its_event(arguments) -> None:
    adtte = _adtte(_study(arguments)).filter(pl.col("PARAMCD") == "PFSIC")
    events = adtte.filter(pl.col("CNSR") == 0)
    assert events.filter((pl.col("RINT") != pl.col("AVAL")) | (pl.col("LINT") > pl.col("RINT"))).height == 0
    assert events.filter((pl.col("EVNTDESC") == "Disease progression") & (pl.col("LINT") == pl.col("RINT"))).height == 0
    censored = adtte.filter(pl.col("CNSR") == 1)
    assert censored["RINT"].null_count() == censored.height
    assert censored.filter((pl.col("LINT") != 0) & (pl.col("LINT") != pl.col("AVAL"))).height == 0
