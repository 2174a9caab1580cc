"""Weighted, trend and stratified log-rank tests equal R's: survdiff for rho, loops over survfit's pooled curve else."""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import logrank

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from bank_data import DATASETS

BANK = read_bank("logrank_family_bank")
NAMES = sorted(name for name in BANK if name in DATASETS)
OPTIONS = {
    "fh_0.5_0.5": {"rho": 0.5, "gamma": 0.5},
    "fh_1_1": {"rho": 1, "gamma": 1},
    "fh_0_1": {"gamma": 1},
    "fh_0.5_2": {"rho": 0.5, "gamma": 2},
    "tarone_ware": {"weighting": "tarone-ware"},
    "gehan": {"weighting": "gehan"},
    "peto": {"weighting": "peto"},
    "modified_peto": {"weighting": "modified-peto"},
    "modest_s": {"weighting": "modestly-weighted", "s_star": 0.5},
    "modest_t": {"weighting": "modestly-weighted"},
}


def _cases(belongs):
    return [(name, analysis) for name in NAMES for analysis in sorted(BANK[name]) if belongs(analysis)]


def _test(name, analysis, **options):
    data = DATASETS[name]()
    strata = data["stratum"] if analysis.endswith("/stratified") else None
    reference = sorted(set(data["group"].tolist()))[0]
    return logrank(data["time"], data["event"], data["group"], reference=reference, strata=strata, **options)


@pytest.mark.parametrize("name", NAMES)
def test_the_data_are_those_r_had(name):
    data, r = DATASETS[name](), BANK[name]["data"]
    assert [len(data["time"]), len(data)] == r["shape"].tolist()
    for column in ("time", "event"):
        assert data[column].sum() == pytest.approx(r[f"sum/{column}"][0], rel=1e-15)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize(("name", "analysis"), _cases(lambda a: a.startswith("survdiff")))
def test_rho_by_survdiff(name, analysis, engine):
    r = BANK[name][analysis]
    test = _test(name, analysis, rho=float(analysis.split("/")[0].removeprefix("survdiff_")), engine=engine)
    assert_close(test.observed, r["observed"], what="observed")
    assert_close(test.expected, r["expected"], what="expected")
    assert_close(test.covariance, r["covariance"], scale=abs(r["covariance"]).max(), what="covariance")
    assert_close(test.chi_square, r["chi_square"], scale=1.0, what="chi_square")


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize(("name", "analysis"), _cases(lambda a: a.split("/")[0] in OPTIONS))
def test_weights_by_loops_over_survfit(name, analysis, engine):
    r = BANK[name][analysis]
    options = OPTIONS[analysis.split("/")[0]]
    if "t_star" in r:
        options = options | {"t_star": float(r["t_star"][0])}
    test = _test(name, analysis, engine=engine, **options)
    u, variance = r["u_v"]
    assert_close(test.u, u, scale=np.sqrt(variance), what="u")
    assert_close(test.variance, variance, what="variance")


@pytest.mark.parametrize(("name", "analysis"), _cases(lambda a: a == "trend"))
def test_trend_by_survdiff_and_a_contrast(name, analysis):
    r = BANK[name][analysis]
    test = _test(name, analysis, trend=True, scores=r["score"])
    u, variance = r["u_v"]
    assert_close(test.u, u, scale=np.sqrt(variance), what="u")
    assert_close(test.variance, variance, what="variance")
