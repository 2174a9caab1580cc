"""Whole studies: responses recomputed from the lesions of the synthetic PALMIRA and of the pharmaverse data."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from equipoise.derivation import AdamSet, derive_adam
from equipoise.derivation.blocks import SUBJECTS_IN_A_BLOCK
from equipoise.frames.memory import sdtm_data
from equipoise.frames.sdtm import SdtmData, read_sdtm
from equipoise.protocol import load_trial
from equipoise.simulation import synthesize
from equipoise.workflow.lesion_files import discordance_lines, write_lesion_responses

DATA = Path(__file__).parents[3] / "shared" / "data" / "pharmaverse"
SEEDS = (20190405, 7)
with_pharmaverse = pytest.mark.skipif(
    not DATA.is_dir() and os.environ.get("CI") != "true",
    reason="the pharmaverse data are not beside the repository (../shared/data/pharmaverse)",
)


@cache
def _synthetic(seed: int, source: str) -> AdamSet:
    trial = load_trial("palmira")
    return derive_adam(sdtm_data(synthesize(trial, seed=seed).sdtm), trial, overrides={"response_source": source})


@pytest.mark.parametrize("seed", SEEDS)
def test_every_synthetic_response_is_what_its_lesions_give(seed: int) -> None:
    adam = _synthetic(seed, "collected")
    assert adam.discordance is not None
    assert adam.discordance.visits.height == adam.discordance.subjects.height == 0
    (counted,) = adam.discordance.counts.rows(named=True)
    assert counted["LIKELY"] == "agree"
    assert counted["VISITS"] == counted["COMPARED"] > 400
    assert adam.lesion_responses is not None
    told = adam.lesion_responses["WHY"]
    assert told.null_count() == 0
    assert not told.str.contains("null|None|NaN|inf").any()


@pytest.mark.parametrize("seed", SEEDS)
def test_synthetic_analysis_data_do_not_depend_on_the_source_of_responses(seed: int) -> None:
    collected, computed = _synthetic(seed, "collected").tables, _synthetic(seed, "lesions").tables
    for name, columns in (
        ("adrs", ("USUBJID", "PARAMCD", "ADT", "AVAL", "AVALC", "ANL01FL")),
        ("adtte", ("USUBJID", "PARAMCD", "ADT", "AVAL", "CNSR", "EVNTDESC")),
        ("adtr", ("USUBJID", "PARAMCD", "AVISIT", "AVAL", "BASE", "NADIR", "PDFL")),
    ):
        assert collected[name].select(columns).equals(computed[name].select(columns)), name
    overall = computed["adrs"].filter(pl.col("PARAMCD") == "OVR")
    assert set(overall["SRCDOM"]) <= {"TR", "TU"}
    assert overall["SRCSEQ"].null_count() == overall["RSPWHY"].null_count() == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_of_adtr_are_those_collected_in_tr(seed: int) -> None:
    tr = synthesize(load_trial("palmira"), seed=seed).sdtm["tr"].filter(pl.col("TRTESTCD") == "SUMDIAM")
    sums = _synthetic(seed, "lesions").tables["adtr"].filter(pl.col("PARAMCD") == "SDIAM")
    begun = pl.col("AVISIT") == "BASELINE"
    named = sums.with_columns(VISIT=pl.when(begun).then(pl.lit("SCREENING")).otherwise("AVISIT"))
    joined = tr.join(named, on=["USUBJID", "VISIT"], how="inner")
    assert joined.height == sums.height == tr.height
    assert joined.filter(pl.col("TRSTRESN") != pl.col("AVAL")).height == 0


def _pharmaverse(family: str, visit: str, **constants: object) -> AdamSet:
    sdtm: SdtmData = read_sdtm(DATA / "sdtm", {domain: domain + family for domain in ("rs", "tu", "tr")})
    return derive_adam(sdtm, profile="admiral", overrides={"baseline_visit": visit, **constants})


@with_pharmaverse
def test_small_pharmaverse_family_agrees_but_for_disease_seen_again() -> None:
    """66 responses of three readers; one reader went on with PR after a complete response."""
    adam = _pharmaverse("_onco_recist", "SCREENING", response_comparison=True)
    assert adam.discordance is not None
    assert adam.discordance.counts.filter(pl.col("LIKELY") == "agree")["VISITS"].sum() == 65
    assert adam.discordance.visits.select("EVALID", "COLLECTED", "COMPUTED", "LIKELY").rows() == [
        ("RADIOLOGIST 2", "PR", "PD", "seen-again")
    ]


@with_pharmaverse
def test_large_pharmaverse_family_measured_progression_from_baseline() -> None:
    """Its description says so: progression was called by the change from baseline, not from the smallest sum."""
    adam = _pharmaverse("_onco", "BASELINE", response_comparison=True)
    assert adam.discordance is not None
    counts = adam.discordance.counts
    assert counts["COMPARED"].unique().to_list() == [632]
    agreed = counts.filter(pl.col("LIKELY") == "agree")["VISITS"]
    assert (agreed >= 588).all()
    before = adam.discordance.visits.filter(pl.col("LIKELY") != "after-progression")
    assert set(before["LIKELY"]) == {"from-baseline", "near-threshold", "lesion-not-evaluated"}
    mistaken = before.filter(pl.col("LIKELY") == "from-baseline")
    # Over the smallest sum it is progression, over baseline it is not.
    assert ((mistaken["PCHGNAD"] >= 20) & (mistaken["CHGNAD"] >= 5)).all()
    assert (mistaken["SUMDIAM"] < 1.2 * mistaken["BASE"]).all()


@with_pharmaverse
@pytest.mark.parametrize(("family", "visit"), [("_onco_recist", "SCREENING"), ("_onco", "BASELINE")])
def test_pharmaverse_derives_from_lesions(family: str, visit: str) -> None:
    adam = _pharmaverse(family, visit, response_source="lesions", sum_rule="recist")
    assert adam.tables["adrs"].filter(pl.col("PARAMCD") == "OVR").height > 0


@with_pharmaverse
def test_the_admiral_profile_compares_only_when_asked() -> None:
    adam = _pharmaverse("_onco_recist", "SCREENING")
    assert adam.discordance is None
    assert adam.lesion_responses is None


def test_files_beside_the_analysis_data(tmp_path: Path) -> None:
    adam = _synthetic(SEEDS[1], "collected")
    write_lesion_responses(adam, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "discordance.csv",
        "discordance_counts.csv",
        "discordance_subjects.csv",
        "lesion_responses.parquet",
    ]
    kept = pl.read_parquet(tmp_path / "lesion_responses.parquet")
    assert adam.lesion_responses is not None
    assert kept.height == adam.lesion_responses.height
    (line,) = discordance_lines(adam)
    assert line.endswith("subjects: both agree")


def test_blocks_of_subjects_give_the_same_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SUBJECTS_IN_A_BLOCK > 50
    monkeypatch.setattr("equipoise.derivation.blocks.SUBJECTS_IN_A_BLOCK", 50)
    trial = load_trial("palmira")
    adam = derive_adam(
        sdtm_data(synthesize(trial, seed=SEEDS[1]).sdtm), trial, overrides={"response_source": "lesions"}
    )
    whole = _synthetic(SEEDS[1], "lesions")
    assert adam.lesion_responses is not None
    assert whole.lesion_responses is not None
    plain = adam.lesion_responses.with_columns(pl.col(pl.Categorical).cast(pl.String))
    assert plain.equals(whole.lesion_responses)
