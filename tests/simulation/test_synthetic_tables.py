"""The synthetic SDTM: shape, dates, and agreement between domains and with the truth."""

from __future__ import annotations

import polars as pl
import pytest

from equipoise.frames import domains
from equipoise.protocol import Trial, parse_expression
from equipoise.simulation import Synthetic

SEQUENCED = ("ds", "ex", "ae", "cm", "tu", "tr", "rs", "ie")
DATED = ("ds", "ex", "ae", "cm", "tu", "tr", "rs", "sv", "ie")


def _dates(synthetic: Synthetic, name: str) -> pl.DataFrame:
    """One row per date of a domain: subject, column, date."""
    frame = synthetic.sdtm[name]
    columns = [column for column in frame.columns if column.endswith("DTC")]
    return (
        frame.select("USUBJID", *columns)
        .unpivot(index="USUBJID", on=columns, value_name="text")
        .drop_nulls("text")
        .with_columns(date=pl.col("text").str.to_date("%Y-%m-%d"))
    )


def _subjects(synthetic: Synthetic) -> pl.DataFrame:
    return synthetic.truth["subjects"]


def test_domains_have_their_keys_and_known_columns(synthetic: Synthetic):
    assert set(synthetic.sdtm) == {"dm", *DATED, "suppdm", "ts"}
    for name, frame in synthetic.sdtm.items():
        known = domains.domain(name)
        if known is not None:
            assert set(frame.columns) <= set(known.labels), name
            assert set(known.required) <= set(frame.columns), name
        if name != "suppdm":
            assert frame["DOMAIN"].unique().to_list() == [name.upper()]
        assert frame["STUDYID"].unique().to_list() == ["PALMIRA"]


@pytest.mark.parametrize("name", SEQUENCED)
def test_sequence_numbers_count_each_subject(synthetic: Synthetic, name: str):
    frame = synthetic.sdtm[name]
    sequence = f"{name.upper()}SEQ"
    expected = frame.select(pl.int_range(1, pl.len() + 1).over("USUBJID").cast(pl.Float64))
    assert frame[sequence].to_list() == expected.to_series().to_list()
    assert set(frame["USUBJID"]) <= set(synthetic.sdtm["dm"]["USUBJID"])


@pytest.mark.parametrize("name", DATED)
def test_study_days_have_no_day_zero_and_count_from_the_first_dose(synthetic: Synthetic, name: str):
    frame = synthetic.sdtm[name].join(synthetic.sdtm["dm"].select("USUBJID", "RFSTDTC"), on="USUBJID")
    for column in (c for c in frame.columns if c.endswith("DY")):
        dated = frame.drop_nulls([column, "RFSTDTC"])
        days = (
            pl.col(column.removesuffix("DY") + "DTC").str.to_date("%Y-%m-%d")
            - pl.col("RFSTDTC").str.to_date("%Y-%m-%d")
        ).dt.total_days()
        assert dated.select((days + (days >= 0)).cast(pl.Float64)).to_series().to_list() == dated[column].to_list()
        assert 0.0 not in dated[column].to_list()


@pytest.mark.parametrize("name", ["dm", *DATED])
def test_nothing_is_dated_after_the_cutoff_death_or_dropout(synthetic: Synthetic, name: str):
    dates = _dates(synthetic, name).join(_subjects(synthetic), on="USUBJID", how="left")
    assert dates["date"].max() <= synthetic.cutoff
    assert dates.filter(pl.col("date") > pl.col("death_date")).is_empty()
    assert dates.filter(pl.col("date") > pl.col("dropout_date")).is_empty()


def test_no_scan_follows_the_one_that_shows_progression(synthetic: Synthetic):
    scans = _dates(synthetic, "rs").join(_subjects(synthetic), on="USUBJID")
    progressed = scans.filter(pl.col("pfs_end") == "progression")
    assert progressed.filter(pl.col("date") > pl.col("pfs_date")).is_empty()
    last = progressed.group_by("USUBJID").agg(pl.col("date").max(), pl.col("pfs_date").first())
    assert last["date"].to_list() == last["pfs_date"].to_list()


def test_demographics_tell_who_was_screened_randomized_and_treated(synthetic: Synthetic, palmira: Trial):
    dm, subjects = synthetic.sdtm["dm"], _subjects(synthetic)
    randomized = dm.filter(pl.col("ARMCD").is_not_null())
    assert dm["USUBJID"].is_unique().all()
    assert randomized.height == palmira.trial.enrollment.value == subjects.height
    labels = {arm.id: arm.label for arm in palmira.arms}
    assert randomized["ARM"].to_list() == [labels[code] for code in randomized["ARMCD"]]
    reasons = set(dm.filter(pl.col("ARMCD").is_null())["ARMNRS"])
    assert reasons == {"SCREEN FAILURE"}
    untreated = set(randomized.filter(pl.col("ACTARMCD").is_null())["USUBJID"])
    assert untreated.isdisjoint(synthetic.sdtm["ex"]["USUBJID"])
    assert untreated.isdisjoint(synthetic.sdtm["ae"]["USUBJID"])
    # A patient who was to be treated and has no dose was cut off, lost or dead before it: at most four days later.
    due = subjects.filter(pl.col("treated"), pl.col("USUBJID").is_in(untreated))
    last = pl.min_horizontal(pl.lit(synthetic.cutoff), "death_date", "dropout_date")
    assert due.filter((last - pl.col("randomization_date")).dt.total_days() >= 4).is_empty()
    given = dm.filter(pl.col("DTHFL") == "Y")
    assert given["DTHDTC"].null_count() == 0
    assert (
        given.height == synthetic.sdtm["ds"].filter(pl.col("DSDECOD") == "DEATH", DSSCAT="STUDY PARTICIPATION").height
    )


def test_each_patient_is_randomized_once_after_consent(synthetic: Synthetic):
    ds = synthetic.sdtm["ds"]
    consent = ds.filter(DSDECOD="INFORMED CONSENT OBTAINED").select("USUBJID", consent="DSSTDTC")
    randomized = ds.filter(DSDECOD="RANDOMIZED").select("USUBJID", randomized="DSSTDTC")
    both = randomized.join(consent, on="USUBJID")
    assert randomized["USUBJID"].is_unique().all()
    assert both.height == randomized.height
    assert both.filter(pl.col("consent") > pl.col("randomized")).is_empty()
    assert set(randomized["USUBJID"]) == set(_subjects(synthetic)["USUBJID"])


def _baseline(synthetic: Synthetic, trial: Trial) -> pl.DataFrame:
    """Baseline variables by their trial-file names, from DM and SUPPDM."""
    wide = synthetic.sdtm["suppdm"].pivot(on="QNAM", index="USUBJID", values="QVAL")
    frame = synthetic.sdtm["dm"].join(wide, on="USUBJID", how="left")
    kinds = {"number": pl.Float64, "category": pl.String}
    columns = {name: (v.collected or "").partition(".")[2] for name, v in trial.variables.items()}
    return frame.select(
        "USUBJID", "ARMCD", *[pl.col(c).cast(kinds[trial.variables[n].type]).alias(n) for n, c in columns.items()]
    )


def test_criteria_hold_for_the_randomized_and_fail_as_recorded(synthetic: Synthetic, palmira: Trial):
    failed = synthetic.sdtm["ie"].group_by("USUBJID").agg(pl.col("IETESTCD"))
    recorded = dict(failed.iter_rows())
    for patient in _baseline(synthetic, palmira).iter_rows(named=True):
        unmet = [
            criterion.id
            for criterion in palmira.eligibility
            if criterion.rule is not None
            and parse_expression(criterion.rule).evaluate(patient) is not (criterion.kind == "inclusion")
        ]
        assert sorted(recorded.get(patient["USUBJID"], [])) == sorted(unmet)
        assert (patient["ARMCD"] is None) == bool(unmet)


def test_endocrine_therapy_is_the_one_not_used_before(synthetic: Synthetic, palmira: Trial):
    given = synthetic.sdtm["ex"].select("USUBJID", "EXTRT").unique()
    prior = _baseline(synthetic, palmira).join(given, on="USUBJID")
    expected = {"AI": {"FULVESTRANT"}, "FULV": {"LETROZOLE"}}
    for before, drugs in expected.items():
        rows = prior.filter(pl.col("prior_et") == before)
        assert set(rows["EXTRT"]) - {"PALBOCICLIB"} == drugs
    assert set(prior.filter(pl.col("EXTRT") == "PALBOCICLIB")["ARMCD"]) == {"PALBO_ET"}


def test_doses_are_declared_levels_in_cycles_with_a_week_off(synthetic: Synthetic):
    ex = synthetic.sdtm["ex"].with_columns(
        start=pl.col("EXSTDTC").str.to_date("%Y-%m-%d"), stop=pl.col("EXENDTC").str.to_date("%Y-%m-%d")
    )
    palbociclib = ex.filter(pl.col("EXTRT") == "PALBOCICLIB")
    assert set(palbociclib["EXDOSE"]) <= {125.0, 100.0, 75.0, 50.0}
    assert {125.0, 100.0} <= set(palbociclib["EXDOSE"])
    days = palbociclib.select((pl.col("stop") - pl.col("start")).dt.total_days() + 1).to_series().drop_nulls()
    assert days.max() == 21
    gaps = palbociclib.select((pl.col("start") - pl.col("start").shift(1).over("USUBJID")).dt.total_days())
    # An interruption delays the next cycle by a week; two in one cycle by two.
    assert {28, 35} <= set(gaps.to_series().drop_nulls()) <= {28, 35, 42, 49}
    assert ex.filter(pl.col("stop") < pl.col("start")).is_empty()
    injections = ex.filter(pl.col("EXTRT") == "FULVESTRANT").drop_nulls("stop")
    assert (injections["start"] == injections["stop"]).all()


def test_adverse_events_begin_on_treatment_and_open_ends_say_so(synthetic: Synthetic):
    ae = synthetic.sdtm["ae"].join(synthetic.sdtm["dm"].select("USUBJID", "RFXSTDTC"), on="USUBJID")
    assert ae.filter(pl.col("AESTDTC") < pl.col("RFXSTDTC")).is_empty()
    assert set(ae["AETOXGR"]) <= {"1", "2", "3", "4"}
    still = ae.filter(pl.col("AEENDTC").is_null())
    assert set(still["AEOUT"]) == {"NOT RECOVERED/NOT RESOLVED"}
    assert set(still["AEENRTPT"]) == {"ONGOING"}
    assert still["AEENTPT"].null_count() == 0
    ended = ae.filter(pl.col("AEENDTC").is_not_null())
    assert ended["AEENRTPT"].null_count() == ended.height
    assert ended.filter(pl.col("AEENDTC") < pl.col("AESTDTC")).is_empty()


def test_a_visit_name_has_one_number(synthetic: Synthetic):
    visits = pl.concat([synthetic.sdtm[name].select("VISIT", "VISITNUM") for name in ("sv", "tu", "tr", "rs", "ie")])
    pairs = visits.unique()
    assert pairs["VISIT"].is_unique().all()
    assert pairs["VISITNUM"].is_unique().all()
    rs = synthetic.sdtm["rs"].sort("USUBJID", "VISITNUM")
    assert rs.select((pl.col("RSDTC") >= pl.col("RSDTC").shift(1)).over("USUBJID")).to_series().drop_nulls().all()


def test_scheduled_scans_keep_their_window(synthetic: Synthetic):
    rs = synthetic.sdtm["rs"].filter(pl.col("VISIT").str.starts_with("WEEK")).join(_subjects(synthetic), on="USUBJID")
    day = (pl.col("RSDTC").str.to_date("%Y-%m-%d") - pl.col("randomization_date")).dt.total_days()
    planned = (pl.col("VISITNUM") - 2) * 7
    assert rs.select((day - planned).abs().max()).item() <= 7
    assert set(rs.select(planned % 56).to_series()) == {0.0}


def test_the_summary_says_that_the_data_are_synthetic(synthetic: Synthetic):
    ts = dict(synthetic.sdtm["ts"].select("TSPARMCD", "TSVAL").iter_rows())
    assert ts["SYNTHDAT"] == "Y"
    assert ts["DCUTDTC"] == synthetic.cutoff.isoformat()
    assert (ts["SYNTHSED"], ts["SYNTHREP"], ts["SYNTHSCN"]) == ("20250520", "0", "published")
    assert "seed 20250520" in repr(synthetic)


def test_the_cutoff_is_the_day_of_the_triggering_event(synthetic: Synthetic, palmira: Trial):
    subjects = _subjects(synthetic)
    ends = subjects.filter(pl.col("pfs_end") != "censored")["pfs_date"].sort()
    assert palmira.primary is not None
    wanted = palmira.primary.looks[-1].trigger.events or 0
    assert ends.len() >= wanted
    assert synthetic.cutoff == max(ends[wanted - 1], subjects["randomization_date"].max())


def test_truth_is_ordered_in_time(synthetic: Synthetic):
    subjects = _subjects(synthetic)
    progressed = subjects.filter(pl.col("pfs_end") == "progression")
    assert (progressed["progression_date"] <= progressed["pfs_date"]).all()
    assert (progressed["detectable_date"] == progressed["pfs_date"]).all()
    died = subjects.filter(pl.col("pfs_end") == "death")
    assert (died["death_date"] == died["pfs_date"]).all()
    assert (died["detectable_date"] > died["death_date"]).all()
    censored = subjects.filter(pl.col("pfs_end") == "censored")
    assert (censored["pfs_date"] <= synthetic.cutoff).all()
    days = (subjects["pfs_date"] - subjects["randomization_date"]).dt.total_days() + 1
    assert days.to_list() == subjects["pfs_days"].to_list()


def test_strata_are_balanced_as_blocks_promise(synthetic: Synthetic):
    counts = (
        _subjects(synthetic)
        .group_by("stratum")
        .agg(more=(pl.col("arm") == "PALBO_ET").sum(), fewer=(pl.col("arm") == "ET").sum())
    )
    # Within an open block of 6 the larger arm is ahead or behind by at most 4 - 0 to 2 (or the reverse).
    assert counts.select((pl.col("more").cast(pl.Int64) - 2 * pl.col("fewer").cast(pl.Int64)).abs().max()).item() <= 4
    assert counts.height == 4


def test_further_therapy_follows_progression(synthetic: Synthetic):
    cm = synthetic.sdtm["cm"].join(_subjects(synthetic), on="USUBJID")
    assert cm.height > 50
    assert (cm["CMSTDTC"].str.to_date("%Y-%m-%d") > cm["pfs_date"]).all()
    assert cm["pfs_end"].unique().to_list() == ["progression"]
