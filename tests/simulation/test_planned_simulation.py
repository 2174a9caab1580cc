"""What a trial file plans is what is simulated: test, strata, looks, bounds, randomization, scans, further measures."""

import pytest

from equipoise.design import Hazard
from equipoise.errors import ArgumentError
from equipoise.kernels.plain.trial_spec import TrialSpec
from equipoise.randomization import Minimization, PermutedBlocks
from equipoise.simulation.operating import simulate
from equipoise.simulation.spent_bounds import SpentBounds
from equipoise.simulation.trial_options import ScanSchedule, WeightedTest
from equipoise.simulation.trial_plan import plan_simulation
from imagined_files import LOGRANK, imagined_file

SPENDING = """looks:
      - {id: interim, trigger: {time: 12 months}, futility: false}
      - {id: second, trigger: {events: 80}, efficacy: false}
      - {id: final, trigger: {events: 110}}
    spending: {function: obrien-fleming}
    futility: {function: hwang-shih-decani, parameter: -4}"""
WEEK = 7.0 / 30.4375


def model_of(**given):
    return plan_simulation(imagined_file(**given)).model


def test_a_logrank_test_needs_no_other_engine():
    model = model_of()
    assert isinstance(model.to_spec(), TrialSpec)
    assert (model.decides, model.stratified, model.tests, model.landmarks) == ("logrank", True, (), ())
    assert model.laws[("F",), "E"] == Hazard((0.12 * 0.6, 0.08 * 0.6), (6.0,))
    assert isinstance(model.randomization, PermutedBlocks)
    assert model.shares == (0.55, 0.45)


@pytest.mark.parametrize(
    ("test", "weights"),
    [
        ("method: fleming-harrington, gamma: 1, sides: 1, alpha: 0.025, stratified: true", WeightedTest(gamma=1.0)),
        ("method: fleming-harrington, rho: 0.5, sides: 1, alpha: 0.025", WeightedTest(rho=0.5)),
        ("method: modestly-weighted, t_star: 6 months, sides: 1, alpha: 0.025",
         WeightedTest(weights="modest-time", t_star=6.0)),
        ("method: modestly-weighted, s_star: 0.5, sides: 1, alpha: 0.025",
         WeightedTest(weights="modest-survival", s_star=0.5)),
    ],
)  # fmt: skip
def test_weighted_primary_tests_decide(test, weights):
    model = model_of(test=test)
    assert model.decides == "weighted"
    assert model.tests == (weights,)
    assert model.stratified == ("stratified" in test)
    found = simulate(model, trials=3000, seed=3, course=0)
    z = found.histogram("weighted_z_1 E", 1)
    crossed = sum(count for low, count in zip(z[0], z[1], strict=False) if low >= model.bounds.efficacy[0])
    # Bins of 0.01: what lies in the bin of the bound may be on either side.
    assert abs(found.rejection_rate - crossed / 3000) < 0.005


def test_another_test_is_refused():
    for method in ("gehan", "maxcombo"):
        with pytest.raises(ArgumentError, match=f"the primary test of IMAGINED is {method}"):
            model_of(test=f"method: {method}, sides: 1, alpha: 0.025")


def test_an_unstratified_test_is_simulated_without_strata():
    pooled, stratified = model_of(test=LOGRANK.replace("true", "false")), model_of()
    assert pooled.pooled
    assert not stratified.pooled
    found = [simulate(each, trials=2048, seed=3, course=0) for each in (pooled, stratified)]
    assert found[0].at_look("time", 1) == found[1].at_look("time", 1)
    assert found[0].tally.decisions.tolist() != found[1].tally.decisions.tolist()


def test_looks_by_time_and_events_with_spending():
    planned = plan_simulation(imagined_file(plan=SPENDING))
    model = planned.model
    assert [(look.time, look.events) for look in model.looks] == [(12.0, None), (None, 80), (None, 110)]
    assert isinstance(model.bounds, SpentBounds)
    assert model.bounds.efficacy == tuple(planned.design.sequential.upper.tolist())
    assert model.bounds.efficacy[1] == float("inf")
    assert model.bounds.futility[0] == -float("inf") < model.bounds.futility[1]
    found = simulate(model, trials=4096, seed=3, course=0)
    assert 0.0 < found.probabilities[0, 0] < found.probabilities[0, 2]
    assert found.probabilities[0, 1] == 0.0
    assert found.rejection_rate == pytest.approx(planned.design.final_power, abs=0.02 + 4.0 * found.rejection_error)


def test_two_sides_have_a_bound_for_harm():
    bounds = model_of(test=LOGRANK.replace("sides: 1, alpha: 0.025", "sides: 2, alpha: 0.05")).bounds
    assert bounds.harm[0] == -bounds.efficacy[0] == pytest.approx(-1.959964, abs=1e-6)


def test_three_arms_and_minimization():
    minimized = "{method: minimization, probability: 0.8, strata: [sex]}"
    two_sided = LOGRANK.replace("sides: 1, alpha: 0.025", "sides: 2, alpha: 0.05")
    planned = plan_simulation(imagined_file(three=True, randomization=minimized, test=two_sided))
    model = planned.model
    assert any(said.startswith("test: each of E and D is compared with C") for said in planned.assumptions)
    assert model.arms == ("C", "E", "D")
    assert isinstance(model.randomization, Minimization)
    found = simulate(model, trials=1024, seed=3, course=0)
    assert found.power_of_arm("E").mean > found.power_of_arm("D").mean
    assert found.rejection_rate >= found.power_of_arm("E").mean


def test_scans_and_further_measures_where_they_are_asked_for():
    planned = plan_simulation(imagined_file(), scans=True, further=True)
    model = planned.model
    assert model.scans == ScanSchedule((8 * WEEK, 12 * WEEK), (48 * WEEK,))
    assert (model.landmarks, model.windows) == ((6.0, 12.0), (10.0,))
    # Gehan's test has no engine, and the other is not stratified.
    assert model.tests == (WeightedTest(weights="modest-time", t_star=3.0),)
    assert model.decides == "logrank"
    found = simulate(model, trials=512, seed=3, course=0)
    assert 0.0 < found.at_look("survival_12 C", 1).mean < found.at_look("survival_12 E", 1).mean < 1.0
    assert found.at_look("restricted_mean_10 C", 1).mean < found.at_look("restricted_mean_10 E", 1).mean < 10.0


def test_a_file_without_scans():
    trial = imagined_file()
    bare = trial.model_copy(update={"schedule": trial.schedule.model_copy(update={"tumor_assessments": None})})
    with pytest.raises(ArgumentError, match="trial IMAGINED plans no tumor assessments"):
        plan_simulation(bare, scans=True)
