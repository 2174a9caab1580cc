"""Cumulative incidence, Gray's test and Fine-Gray regression equal cmprsk (and survfit) on the bank on competing risks.

Program and output: validation/r/competing_bank.R, validation/output/competing_bank.jsonl.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import cumulative_incidence, fine_gray, gray_test

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from curves_data import COMPETING

BANK = read_bank("competing_bank")
CASES = sorted((name, analysis) for name in COMPETING for analysis in BANK[name])
LOADED = {}


def of_kind(kind):
    return [case for case in CASES if case[1].startswith(f"{kind}/")]


def data_of(name):
    if name not in LOADED:
        LOADED[name] = COMPETING[name]()
    return LOADED[name]


@pytest.mark.parametrize("name", sorted(COMPETING))
def test_the_data_are_those_r_saw(name):
    data = data_of(name)
    assert_close([len(data["time"]), len(data)], BANK[name]["data"]["shape"], what="shape")
    for quantity, total in BANK[name]["data"].items():
        if quantity.startswith("sum/"):
            assert_close(np.sum(data[quantity[4:]]), total, what=quantity)


@pytest.mark.parametrize(("name", "analysis"), of_kind("incidence"))
def test_incidence_variances_and_limits(name, analysis):
    _, cause, group = analysis.split("/")
    r, data = BANK[name][analysis], data_of(name)
    rows = data["group"] == group if group else slice(None)
    for variance in ("aalen", "greenwood"):
        for conf_type in ("log", "log-log", "plain"):
            options = {"variance": variance, "conf_type": conf_type}
            curve = cumulative_incidence(data["time"][rows], data["event"][rows], **options)[cause]
            found = curve.at(r["at"])
            assert_close([x.incidence for x in found], r["estimate"], what="cuminc")
            assert_close([x.incidence for x in found], r["survfit_estimate"], what="survfit")
            assert_close([x.std_error**2 for x in found], r[variance], scale=1e-4, what=variance)
            if variance == "greenwood":
                assert_close([x.conf_low for x in found], r[f"{conf_type}_low"], scale=1.0, what=f"{conf_type}, low")
                assert_close([x.conf_high for x in found], r[f"{conf_type}_high"], scale=1.0, what=f"{conf_type}, high")


@pytest.mark.parametrize(("name", "analysis"), of_kind("gray"))
def test_gray(name, analysis):
    _, strata, rho = analysis.split("/")
    r, data = BANK[name][analysis], data_of(name)
    options = {"strata": data["stratum"]} if strata == "strata" else {}
    found = gray_test(data["time"], data["event"], data["group"], rho=float(rho), **options)
    assert_close([test.chi_square for test in found], r["chi_square"], scale=1.0, what="chi_square")
    assert_close([test.p_value for test in found], r["p_value"], scale=1.0, what="p_value")
    assert all(test.df == len(found.levels) - 1 for test in found)


@pytest.mark.parametrize(("name", "analysis"), of_kind("crr"))
def test_fine_gray(name, analysis):
    _, model, cause = analysis.split("/")
    r, data = BANK[name][analysis], data_of(name)
    if model == "group":
        covariates, options = data["group"], {"reference": min(data["group"])}
    else:
        covariates, options = {key: data[key] for key in data if key.startswith("x")}, {}
    fit = fine_gray(data["time"], data["event"], covariates, cause=cause, **options)
    assert_close(fit.loglik, r["loglik"], what="loglik")
    if fit.infinite.any():
        # A level without a failure of the cause: crr gives the place at which its iteration stopped.
        assert np.abs(r["coef"]).max() > 20
        return
    spread = np.outer(fit.std_error, fit.std_error).ravel()
    assert_close(fit.coef, r["coef"], scale=fit.std_error, what="coef")
    assert_close(fit.covariance, r["variance"], scale=spread, what="variance")
    assert_close(fit.inverse_information, r["information_inverse"], scale=spread, what="information_inverse")
