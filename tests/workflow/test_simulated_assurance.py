"""A design simulated under hazard ratios that stand for the evidence equals its assurance by formula."""

import pytest

import equipoise as eq
from equipoise.errors import ArgumentError
from equipoise.workflow.pooling import simulate_assurance


def test_simulated_assurance_is_near_the_formula():
    evidence = eq.pool("after-cdk46")
    found = simulate_assurance("palmira", evidence, trials=4000, seed=3, nodes=9)
    formula = eq.assurance(evidence, "palmira").assurance
    assert sum(found.weights) == pytest.approx(1.0)
    # The formula has Schoenfeld's approximation, the simulation an estimated variance, strata and time: within 0.02
    # beside three Monte-Carlo errors.
    assert abs(found.assurance - formula) < 0.02 + 3.0 * found.std_error
    assert found.std_error < 0.01
    statistics = {(row.analysis, row.parameter, row.statistic) for row in found.to_rows()}
    assert ("assurance", "simulated", "assurance") in statistics
    assert any(parameter == "power-curve" for _, parameter, _ in statistics)


def test_nine_nodes_are_enough_for_this_design():
    """The same rule on the formula's power has no error that simulation could show."""
    from equipoise.evidence import predictive_effect

    evidence = eq.pool("after-cdk46")
    ratios, weights = predictive_effect(evidence).mixture(9)  # pyright: ignore[reportArgumentType]
    by_rule = weights @ eq.plan("palmira").final_test.power_at(ratios)  # pyright: ignore
    assert by_rule == pytest.approx(eq.assurance(evidence, "palmira").assurance, abs=1e-4)


def test_nodes_that_stand_for_nothing():
    with pytest.raises(ArgumentError, match="nodes is 2"):
        simulate_assurance("palmira", (0.8, 0.1), trials=10, seed=1, nodes=2)
