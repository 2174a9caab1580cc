"""Designs for non-proportional hazards equal R: integrals on a fine grid, and simulated trials.

R's integrals are composite Simpson sums over thousands of steps; its simulations use survdiff's numerators and coxph.
Program and output: validation/r/design_nph_bank.R, validation/output/design_nph_bank.jsonl.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.design import average_hazard_ratio, milestone_design, rmst_design, weighted_logrank_design
from equipoise.design.planned_trial import planned_trial
from equipoise.design.weighted_moments import LogrankWeight, weighted_moments

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from design_nph_data import SCENARIOS

BANK = read_bank("design_nph_bank")
# In the order of the R program.
WEIGHTS = [
    LogrankWeight(),
    LogrankWeight(gamma=1.0),
    LogrankWeight(rho=1.0),
    LogrankWeight(rho=1.0, gamma=1.0),
    LogrankWeight(rho=0.5, gamma=0.5),
    LogrankWeight(t_star=6.0),
    LogrankWeight(s_star=0.5),
    LogrankWeight(steps=((5.0,), (0.0, 1.0))),
]
# Some 130 numbers are compared: by chance alone one in 120 such banks would have any beyond four standard errors.
FAR = 4.0


def trial_of(name):
    scenario = SCENARIOS[name]
    return planned_trial(scenario.accrual, **{"control": None} | scenario.effect)


def moments_of(name, time):
    return weighted_moments(trial_of(name), WEIGHTS, time)


def assert_within(ours, simulated, se, what):
    distance = np.abs(np.asarray(ours) - simulated) / se
    assert (distance <= FAR).all(), f"{what}: {distance} standard errors"


@pytest.mark.parametrize("look", ["early", "final"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_moments_of_weighted_numerators(name, look):
    r = BANK[name][look]
    time = SCENARIOS[name].time * (0.6 if look == "early" else 1.0)
    found = moments_of(name, time)
    # Under no effect the mean is zero: it is scaled by the standard deviation.
    assert_close(found.mean, r["mean"], np.sqrt(np.diag(found.estimated)), what="mean of the numerators")
    scale = np.sqrt(np.outer(np.diag(found.estimated), np.diag(found.estimated)))
    assert_close(found.estimated, r["est"], scale.ravel(), what="estimated covariance")
    assert_close(found.null, r["null"], scale.ravel(), what="covariance without an effect")
    assert_close(found.events, r["events"], what="expected events")


@pytest.mark.parametrize("look", ["early", "final"])
@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize(
    ("method", "quantity"), [("geometric", "geometric"), ("kalbfleisch-prentice", "kp"), ("cox", "cox")]
)
def test_average_hazard_ratio(name, look, method, quantity):
    s = SCENARIOS[name]
    time = s.time * (0.6 if look == "early" else 1.0)
    found = average_hazard_ratio(**s.effect, accrual=s.accrual, time=time, method=method)
    assert_close(found.hazard_ratio, BANK[name][look][quantity], 1.0, what=f"{method} average hazard ratio")
    assert_close(found.events, 1000.0 * BANK[name][look]["events"], what="expected events")


@pytest.mark.parametrize("name", SCENARIOS)
def test_restricted_means_and_milestones(name):
    s, r = SCENARIOS[name], BANK[name]["curves"]
    shared = {**s.effect, "accrual": s.accrual, "alpha": 0.05, "sides": 2, "time": s.time, "tau": s.tau}
    rmst, milestone = rmst_design(**shared), milestone_design(**shared)
    assert_close([rmst.effect("rmst_control"), rmst.effect("rmst_experimental")], r["rmst"], what="restricted mean")
    assert_close(rmst.effect("standard_error_per_patient") ** 2, r["vrmst"].sum(), what="variance of the difference")
    survival = [milestone.effect("survival_control"), milestone.effect("survival_experimental")]
    assert_close(survival, r["surv"], what="survival at the milestone")
    assert_close(
        milestone.effect("standard_error_per_patient") ** 2, r["vsurv"].sum(), what="variance of the difference"
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_simulated_trials_have_these_moments(name):
    """2,500 trials of 1,000 patients (variances: 40 of 50,000); differences within four Monte-Carlo standard errors."""
    r = BANK[name]["simulated"]
    n = float(r["n"][0])
    found = moments_of(name, SCENARIOS[name].time)
    assert_within(-n * found.mean, r["mean_u"], r["se_mean_u"], "mean of U")
    large = float(r["large_n"][0])
    assert_within(large * np.diag(found.estimated), r["mean_v"], r["se_mean_v"], "mean of the estimated variance")
    assert_within(n * np.diag(found.exact), r["var_u"], r["se_var_u"], "variance of U")
    assert_within(n * found.events, r["events"], r["se_events"], "events")


@pytest.mark.parametrize("name", SCENARIOS)
def test_coxph_of_a_huge_trial_is_near_the_limit(name):
    """One trial of 800,000 patients."""
    s, r = SCENARIOS[name], BANK[name]["simulated"]
    found = average_hazard_ratio(**s.effect, accrual=s.accrual, time=s.time, method="cox")
    assert_within(np.log(found.hazard_ratio), r["cox"], r["se_cox"], "log hazard ratio")


def test_two_tests_at_two_looks_covary_as_the_earlier_look():
    """6,000 trials of 1,000 patients under no effect, log-rank and FH(0, 1) at times 14 and 24."""
    r = BANK["none"]["looks"]
    trial, chosen = trial_of("none"), WEIGHTS[:2]
    early, late = (weighted_moments(trial, chosen, time).null for time in (14.0, 24.0))
    expected = 1000.0 * np.block([[early, early], [early, late]])
    assert_within(expected.ravel(), r["cov_u"], r["se_cov_u"], "covariance")


def test_the_exact_variance_is_needed_where_the_effect_is_strong():
    """At a hazard ratio of 1/4 the estimated variance is off by more than four standard errors of simulation."""
    r = BANK["proportional"]["simulated"]
    found = moments_of("proportional", SCENARIOS["proportional"].time)
    off = np.abs(1000.0 * np.diag(found.estimated) - r["var_u"]) / r["se_var_u"]
    assert off.max() > FAR


@pytest.mark.parametrize("name", ["delayed", "crossing", "proportional"])
def test_power_is_made_of_these_moments(name):
    s = SCENARIOS[name]
    design = weighted_logrank_design(
        **s.effect, accrual=s.accrual.with_n(300), alpha=0.025, sides=1, time=s.time, gamma=1
    )
    r = BANK[name]["final"]
    mean_z = np.sqrt(300.0) * r["mean"][1] / np.sqrt(r["est"].reshape(8, 8)[1, 1])
    assert_close(design.looks[0].mean_z, mean_z, 1.0, what="expected Z")
