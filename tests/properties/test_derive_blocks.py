"""Deriving in blocks of subjects changes nothing but how texts are held."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from equipoise.derivation import AdamSet, blocks, derive_adam
from equipoise.frames.adam import write_adam
from equipoise.frames.memory import sdtm_data
from equipoise.frames.sdtm import SdtmData, read_sdtm
from equipoise.protocol import load_trial
from equipoise.simulation import synthesize

PHARMAVERSE = Path(__file__).parents[2].parent / "shared" / "data" / "pharmaverse" / "sdtm"


@cache
def _palmira() -> SdtmData:
    return sdtm_data(synthesize(load_trial("palmira"), seed=7).sdtm)


def _texts(adam: AdamSet) -> dict[str, pl.DataFrame]:
    return {name: table.with_columns(pl.col(pl.Categorical).cast(pl.String)) for name, table in adam.tables.items()}


def _same(whole: AdamSet, cut: AdamSet) -> None:
    assert list(whole.tables) == list(cut.tables)
    for name, table in _texts(cut).items():
        assert_frame_equal(table, whole.tables[name], check_column_order=False)
    assert_frame_equal(cut.decisions.to_frame(), whole.decisions.to_frame())


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.slow), 50])
def test_the_blocks_of_a_trial_are_the_whole(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = derive_adam(_palmira(), load_trial("palmira"))
    monkeypatch.setattr(blocks, "SUBJECTS_IN_A_BLOCK", size)
    cut = derive_adam(_palmira(), load_trial("palmira"))
    assert cut.tables["adtr"].schema["PARAMCD"] == pl.Categorical
    assert cut.tables["adtr"].schema["USUBJID"] == pl.String
    _same(whole, cut)


def test_records_of_strangers_are_in_some_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names before the first, between and after the last subject of DM; none is lost and none is there twice."""
    sdtm = _palmira()
    rs = sdtm.tables["rs"]
    names = sorted(sdtm.tables["dm"]["USUBJID"])
    strangers = [
        rs.filter(pl.col("USUBJID") == rs["USUBJID"][0]).with_columns(USUBJID=pl.lit(name))
        for name in ("!", names[60] + "!", "~")
    ]
    odd = replace(sdtm, tables={**sdtm.tables, "rs": pl.concat([*strangers, rs])})
    whole = derive_adam(odd, load_trial("palmira"))
    monkeypatch.setattr(blocks, "SUBJECTS_IN_A_BLOCK", 30)
    _same(whole, derive_adam(odd, load_trial("palmira")))


@pytest.mark.skipif(
    not PHARMAVERSE.is_dir() and os.environ.get("CI") != "true",
    reason="the pharmaverse data are not beside the repository (../shared/data/pharmaverse)",
)
def test_the_blocks_of_the_public_study_are_the_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sdtm = read_sdtm(PHARMAVERSE, {domain: domain + "_onco" for domain in ("rs", "tu", "tr")})
    constants = {"baseline_visit": "BASELINE"}
    whole = derive_adam(sdtm, profile="admiral", overrides=constants)
    monkeypatch.setattr(blocks, "SUBJECTS_IN_A_BLOCK", 100)
    cut = derive_adam(sdtm, profile="admiral", overrides=constants)
    _same(whole, cut)
    # Files hold text whatever the size of the study.
    write_adam({"adtr": cut.tables["adtr"].head(50)}, tmp_path, log=cut.decisions)
    assert pl.read_parquet_schema(tmp_path / "adtr.parquet")["PARAMCD"] == pl.String
