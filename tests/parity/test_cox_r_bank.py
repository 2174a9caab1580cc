"""Cox regression equals R's coxph on every data set of the bank, by both rules for ties and both engines."""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.analysis import cox

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from bank_data import DATASETS

BANK = read_bank()
# The likelihood is monotone there: R stops at an arbitrary large coefficient, ours is infinite.
MONOTONE = {"one_arm_censored", "one_event"}
CASES = sorted((name, analysis) for name in DATASETS for analysis in BANK[name] if analysis.startswith("cox/"))


def fitted(name, analysis, engine):
    data = DATASETS[name]()
    _, label, ties = analysis.split("/")
    columns = {"group": data["group"]}
    if label.startswith("all"):
        columns |= {key: data[key] for key in data if key.startswith("x")}
    covariates = columns if len(columns) > 1 else data["group"]
    reference = sorted(set(data["group"].tolist()))[0]
    return cox(
        data["time"],
        data["event"],
        covariates,
        reference={"group": reference} if len(columns) > 1 else reference,
        strata=data["stratum"] if label.endswith("strata") else None,
        entry=data.get("entry"),
        weights=data.get("weight"),
        ties=ties,
        time_tolerance=0.0 if name == "tiny_times" else None,
        engine=engine,
    )


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize(("name", "analysis"), [case for case in CASES if case[0] not in MONOTONE])
def test_estimates_and_tests(name, analysis, engine):
    r = BANK[name][analysis]
    if not np.isfinite(r["coef"]).all():
        pytest.fail(f"{name} {analysis}: R has no estimate; such a case belongs to the tests of refusals")
    fit = fitted(name, analysis, engine)
    assert_close(fit.coef, r["coef"], scale=r["std_error"], what="coef")
    assert_close(fit.std_error, r["std_error"], what="std_error")
    assert_close(fit.loglik, r["loglik"], what="loglik")
    assert_close(fit.score.chi_square, r["score"], scale=1.0, what="score")
    assert_close(fit.wald.chi_square, r["wald"], scale=1.0, what="wald")


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize(("name", "analysis"), [case for case in CASES if case[0] in MONOTONE])
def test_monotone_likelihood_is_reported(name, analysis, engine):
    r = BANK[name][analysis]
    fit = fitted(name, analysis, engine)
    assert np.isinf(fit.coef).all()
    assert np.sign(fit.coef[0]) == np.sign(r["coef"][0])
    assert fit.warning is not None
    assert "monotone likelihood" in fit.warning
    assert_close(fit.loglik, r["loglik"], scale=1.0, what="loglik")
    assert_close(fit.score.chi_square, r["score"], scale=1.0, what="score")
