"""SAS's exact ties against an independent integration in R (validation/r/cox_marginal_bank.R)."""

import sys
from pathlib import Path

import pytest

from equipoise.analysis import cox

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank

BANK = read_bank("cox_marginal_bank")


def _fitted(name, ties):
    data = BANK[name]["data"]
    entry = None if (data["entry"] < 0).all() else data["entry"]
    strata = None if (data["stratum"] == 1).all() else data["stratum"].astype(int)
    return cox(data["time"], data["event"].astype(int), {"x": data["x"]}, entry=entry, strata=strata, ties=ties)


@pytest.mark.parametrize("name", sorted(BANK))
def test_marginal(name):
    r, fit = BANK[name]["marginal"], _fitted(name, "marginal")
    assert_close(fit.coef, r["coef"], r["std_error"], what="coefficient")
    assert_close(fit.std_error, r["std_error"], what="standard error")
    assert_close(fit.loglik, r["loglik"], what="log-likelihood")
    assert_close(fit.score.chi_square, r["score"], what="score test")


@pytest.mark.parametrize("name", sorted(BANK))
def test_the_other_rules_are_others(name):
    for rule in ("efron", "exact"):
        if rule in BANK[name]:
            fit = _fitted(name, rule)
            assert_close(fit.coef, BANK[name][rule]["coef"], fit.std_error, what=rule)
            assert abs(fit.coef[0] - BANK[name]["marginal"]["coef"][0]) > 1e-4
