"""Simulated power and size against asymptotic formulas: near them in trials as PALMIRA, equal in very large ones."""

import sys
from pathlib import Path

import pytest

from equipoise.design import Accrual, Hazard, power_of
from equipoise.simulation.operating import simulate
from equipoise.simulation.trial_model import TrialModel

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from simulated_features import palmira

FAST = {"cox": False, "medians": False, "course": 0}


@pytest.mark.parametrize("stratified", [True, False])
def test_palmira_is_within_the_stated_differences(stratified):
    """Power within 0.02, each side's size within 0.005; with twice as many patients in one arm the sides differ."""
    trials = 200_000 if stratified else 40_000
    power = simulate(palmira(stratified=stratified), trials=trials, seed=41, **FAST).rejection_rate
    expected = power_of(155, hazard_ratio=0.59, alpha=0.05, sides=2, ratio=2).power
    assert expected == pytest.approx(0.872164, abs=1e-6)
    assert abs(power - expected) <= 0.02
    null = palmira(events={"C": Hazard.from_median(3.6), "E": 1.0}, stratified=stratified)
    size = simulate(null, trials=trials, seed=43, **FAST)
    benefit, harm = size.rate("efficacy"), size.rate("harm")
    assert abs(benefit.mean - 0.025) <= 0.005
    assert abs(harm.mean - 0.025) <= 0.005
    # In favor of the larger arm the test rejects too often, against it too rarely.
    assert benefit.mean - harm.mean > 4.0 * benefit.std_error


@pytest.mark.parametrize(("ratio", "effect"), [((1, 1), 1.0), ((2, 1), 0.955)])
def test_very_large_trials_have_the_asymptotic_rates(ratio, effect):
    """20,000 patients, 15,000 events: within 4 Monte-Carlo errors."""
    model = TrialModel.two_arms(
        accrual=Accrual.uniform(n=20_000, duration=12), control=Hazard(0.1), effect=effect, ratio=ratio,
        block_sizes=(sum(ratio),), looks=15_000, alpha=0.05, sides=2,
    )  # fmt: skip
    found = simulate(model, trials=500, seed=9, **FAST)
    expected = power_of(15_000, hazard_ratio=effect, alpha=0.05, sides=2, ratio=ratio[0] / ratio[1]).power
    error = (expected * (1.0 - expected) / 500) ** 0.5
    assert abs(found.rejection_rate - expected) <= 4.0 * error
    if effect == 1.0:
        assert abs(found.rate("harm").mean - 0.025) <= 4.0 * error
