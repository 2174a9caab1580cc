"""The synthetic PALMIRA, whose truth is known: derived progression-free survival is what was planted."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from equipoise.derivation import derive_adam
from equipoise.frames.memory import sdtm_data
from equipoise.protocol import load_trial
from equipoise.simulation import synthesize

SEEDS = (20190405, 7)


@cache
def _derived(seed: int):
    trial = load_trial("palmira")
    synthetic = synthesize(trial, seed=seed)
    return derive_adam(sdtm_data(synthetic.sdtm), trial), synthetic


@pytest.mark.parametrize("seed", SEEDS)
def test_every_patient_has_the_planted_end(seed: int) -> None:
    adam, synthetic = _derived(seed)
    truth = synthetic.truth["subjects"].select("USUBJID", "pfs_date", "pfs_end", "pfs_days")
    derived = adam.tables["adtte"].filter(pl.col("PARAMCD") == "PFS").join(truth, on="USUBJID")
    assert derived.height == truth.height == 198
    ends = {"Disease progression": "progression", "Death": "death"}
    found = pl.col("EVNTDESC").replace_strict(ends, default="censored")
    differing = derived.filter((pl.col("ADT") != pl.col("pfs_date")) | (found != pl.col("pfs_end")))
    assert differing.select("USUBJID", "ADT", "EVNTDESC", "pfs_date", "pfs_end").rows() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_populations_and_origins(seed: int) -> None:
    adam, _ = _derived(seed)
    adsl, adrs = adam.tables["adsl"], adam.tables["adrs"]
    assert adsl.filter(pl.col("ITTFL") == "Y").height == 198
    assert adsl.filter((pl.col("ITTFL") == "Y") & pl.col("STRAT1R").is_null()).height == 0
    # Screen failures name the criteria they did not meet, and reach no time-to-event record.
    failed = adsl.filter(pl.col("SCRFL") == "Y")
    assert failed.height > 0
    assert failed["SCRFRSN"].null_count() == 0
    assert adam.tables["adtte"].join(failed, on="USUBJID", how="semi").height == 0
    # Every record with a date says which collected record it comes from.
    dated = adrs.filter(pl.col("ADT").is_not_null())
    assert dated["SRCDOM"].null_count() == 0
    assert set(dated["SRCDOM"]) <= {"RS", "DM"}
    # Nothing in the snapshot is dated after the cutoff.
    assert adrs["ADT"].max() <= adsl["DCUTDT"][0]


def test_tables_in_memory_may_hold_numbers_and_datetimes() -> None:
    """What a notebook holds after parsing dates and grades is what its files say."""
    adam, synthetic = _derived(SEEDS[0])
    typed = {
        name: frame.with_columns(
            pl.col(column).str.to_datetime("%Y-%m-%d") for column in frame.columns if column.endswith("DTC")
        )
        for name, frame in synthetic.sdtm.items()
    }
    typed["ae"] = typed["ae"].with_columns(pl.col("AETOXGR").cast(pl.Int64))
    again = derive_adam(sdtm_data(typed), load_trial("palmira"))
    for name, frame in adam.tables.items():
        assert frame.equals(again.tables[name]), name
