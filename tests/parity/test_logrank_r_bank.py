"""The log-rank test equals R's survdiff on every data set of the bank that it accepts."""

import sys
from pathlib import Path

import pytest

from equipoise.analysis import logrank

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from bank_data import DATASETS

BANK = read_bank()
CASES = sorted((name, analysis) for name in DATASETS for analysis in BANK[name] if analysis.startswith("logrank/"))


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize(("name", "analysis"), CASES)
def test_sums_and_statistic(name, analysis, engine):
    data, r = DATASETS[name](), BANK[name][analysis]
    levels = sorted(set(data["group"].tolist()))
    strata = data["stratum"] if analysis.endswith("stratified") else None
    test = logrank(data["time"], data["event"], data["group"], reference=levels[0], strata=strata, engine=engine)
    assert test.levels == tuple(levels)
    assert_close(test.observed, r["observed"], what="observed")
    assert_close(test.expected, r["expected"], what="expected")
    assert_close(test.covariance, r["covariance"], scale=abs(r["covariance"]).max(), what="covariance")
    assert_close(test.chi_square, r["chi_square"], scale=1.0, what="chi_square")
    assert_close(test.p_value, r["p_value"], scale=1.0, what="p_value")
