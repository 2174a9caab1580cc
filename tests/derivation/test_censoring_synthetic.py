"""The synthetic PALMIRA under each censoring rule set, against its planted truth."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from equipoise.derivation import derive_adam
from equipoise.frames.memory import sdtm_data
from equipoise.protocol import load_trial
from equipoise.simulation import synthesize

ENDS = {"Disease progression": "progression", "Death": "death"}


@cache
def _derived(seed: int):
    trial = load_trial("palmira")
    synthetic = synthesize(trial, seed=seed)
    return derive_adam(sdtm_data(synthetic.sdtm), trial), synthetic.truth["subjects"]


def _joined(code: str, seed: int) -> pl.DataFrame:
    adam, truth = _derived(seed)
    derived = adam.tables["adtte"].filter(pl.col("PARAMCD") == code)
    joined = derived.join(truth.select("USUBJID", "pfs_date", "pfs_end"), on="USUBJID")
    assert joined.height == truth.height == 198
    return joined.with_columns(end=pl.col("EVNTDESC").replace_strict(ENDS, default="censored"))


@pytest.mark.parametrize("seed", [20190405, 7])
@pytest.mark.parametrize("code", ["PFS", "PFSEM", "PFSIC"])
def test_rule_sets_that_count_what_happened_give_the_planted_end(code: str, seed: int) -> None:
    joined = _joined(code, seed)
    wrong = joined.filter((pl.col("ADT") != pl.col("pfs_date")) | (pl.col("end") != pl.col("pfs_end")))
    assert wrong.select("USUBJID", "ADT", "end", "pfs_date", "pfs_end").rows() == []


@pytest.mark.parametrize("seed", [20190405, 7])
@pytest.mark.parametrize("code", ["PFSM2", "PFSFA"])
def test_sensitivities_keep_the_planted_end_but_for_whom_a_rule_censors(code: str, seed: int) -> None:
    joined, (adam, _) = _joined(code, seed), _derived(seed)
    kept = (pl.col("ADT") == pl.col("pfs_date")) & (pl.col("end") == pl.col("pfs_end"))
    moved = joined.filter(~kept)
    assert moved.filter((pl.col("CNSR") != 1) | (pl.col("ADT") > pl.col("pfs_date"))).height == 0
    told = adam.reconcile_rule_sets().filter(pl.col("PARAMCD") == code)
    assert sorted(told["USUBJID"]) == sorted(moved["USUBJID"])
    assert told["RULE"].str.contains("^(M2|FA)-[0-9]$").all()


@pytest.mark.parametrize("seed", [20190405, 7])
def test_intervals_hold_the_latent_progression(seed: int) -> None:
    joined = _joined("PFSIC", seed)
    _, truth = _derived(seed)
    progressed = joined.filter(pl.col("end") == "progression").join(
        truth.select("USUBJID", "progression_date"), on="USUBJID"
    )
    assert progressed.height > 100
    # Progression on the very day of a scan is seen at that scan: the latent day lies in [left, right].
    outside = (pl.col("progression_date") < pl.col("LINTDT")) | (pl.col("progression_date") > pl.col("RINTDT"))
    assert progressed.filter(outside).select("USUBJID", "LINTDT", "progression_date", "RINTDT").rows() == []
