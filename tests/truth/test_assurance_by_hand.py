"""Assurance in closed form, worked by hand, and against integrals and enumerations that share nothing with it."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from equipoise.design import GroupSequentialDesign, Spending, group_sequential, power_of
from equipoise.evidence import StudyEffect, assurance, conflict_p, pool, predictive_effect
from equipoise.kernels.plain.sequential import crossing_probabilities


def test_one_analysis_by_hand():
    """HR 0.7 with SD 0.15; 200 events at 1:1: I = 50, c = 1.959964.

    -log 0.7 sqrt 50 = 2.522071; minus c = 0.562107; over sqrt(1 + 0.0225 x 50) = 1.457738: Phi(0.385603) = 0.650105.
    """
    found = assurance((0.7, 0.15), events=200, alpha=0.05, sides=2)
    z = (-math.log(0.7) * math.sqrt(50.0) - 1.959963984540054) / math.sqrt(1.0 + 0.15**2 * 50.0)
    assert round(z, 6) == 0.385603
    assert found.assurance == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2.0)), rel=1e-13)
    assert round(found.assurance, 4) == 0.6501


def test_setting_of_ohagan_stevens_and_campbell():
    """Their two-arm setting on our scale: effect 0.2, SE 0.25 sqrt(2 / 25), prior SD sqrt 0.06, one-sided 2.5%.

    Phi((0.2 - 1.96 x 0.070711) / sqrt(0.005 + 0.06)) = Phi(0.240854) = 0.595; power at 0.2 is Phi(0.868463) = 0.807.
    """
    events = 4.0 / (0.25**2 * 2.0 / 25.0)
    found = assurance((math.exp(-0.2), math.sqrt(0.06)), events=events, alpha=0.025, sides=1)
    assert round(found.assurance, 3) == 0.595
    assert round(found.power_at_estimate, 3) == 0.807


@pytest.mark.parametrize("sd", [0.01, 0.15, 0.6, 2.0])
@pytest.mark.parametrize("events", [20, 300, 5000])
def test_quadrature_and_where_the_effect_is_a_benefit(sd: float, events: float):
    """The joint probability of success and benefit is an integral over the negative log hazard ratios."""
    m, i = math.log(0.8), events * 2.0 / 9.0
    found = assurance((0.8, sd), events=events, alpha=0.05, sides=2, ratio=2)

    def integrand(b: float) -> float:
        return float(norm.pdf(b, m, sd) * norm.sf(norm.isf(0.025) + b * math.sqrt(i)))

    edge = -norm.isf(0.025) / math.sqrt(i)
    joint = quad(integrand, m - 12 * sd, 0.0, points=[edge] if m - 12 * sd < edge else None, limit=400,
                 epsabs=1e-13, epsrel=1e-12)[0]  # fmt: skip
    assert found.benefit == pytest.approx(float(norm.cdf(-m / sd)), rel=1e-12)
    assert found.given_benefit == pytest.approx(joint / float(norm.cdf(-m / sd)), abs=1e-10)
    assert found.by_look[-1] == pytest.approx(found.assurance, abs=1e-12)


def of_averaged_increments(design: GroupSequentialDesign, m: float, v: float) -> np.ndarray:
    """Crossing probabilities with the effect integrated out by algebra.

    S_k = Z_k sqrt(I_k) given theta = -log HR; (S_k + m I_k) / (1 + v I_k) has independent increments with variance
    I_k / (1 + v I_k), so no quadrature over theta is needed.
    """
    i = design.events * design.variance_share
    own = i / (1.0 + v * i)
    lower, upper = ((b * np.sqrt(i) + m * i) / (1.0 + v * i) / np.sqrt(own) for b in (design.lower, design.upper))
    return crossing_probabilities(own, lower, upper, 0.0)[1]


@pytest.mark.parametrize("futility", [None, Spending("obrien-fleming")])
@pytest.mark.parametrize("prior", [(0.7, 0.15), (0.85, 0.4)])
def test_group_sequential_equals_its_averaged_increments(futility, prior):
    design = group_sequential(
        [0.4, 0.7, 1.0], alpha=0.025, sides=1, power=0.9, hazard_ratio=0.7, futility=futility, ratio=2
    )
    found = assurance(prior, design)
    exact = of_averaged_increments(design, math.log(prior[0]), prior[1] ** 2)
    np.testing.assert_allclose(found.by_look, exact.cumsum(), atol=1e-10)
    assert found.planned_power == pytest.approx(0.9, abs=1e-9)


def test_group_sequential_by_simulation():
    """A million trials whose hazard ratio is drawn; standard error below 0.0005."""
    design = group_sequential([0.5, 1.0], alpha=0.025, sides=1, power=0.8, hazard_ratio=0.7)
    rng = np.random.default_rng(20240611)
    n = 1_000_000
    theta = -rng.normal(math.log(0.75), 0.2, n)
    i = design.events * design.variance_share
    first = theta * i[0] + math.sqrt(i[0]) * rng.standard_normal(n)
    last = first + theta * (i[1] - i[0]) + math.sqrt(i[1] - i[0]) * rng.standard_normal(n)
    early = first / math.sqrt(i[0]) > design.upper[0]
    success = early | (last / math.sqrt(i[1]) > design.upper[1])
    found = assurance((0.75, 0.2), design)
    assert found.assurance == pytest.approx(success.mean(), abs=0.002)
    assert found.by_look[0] == pytest.approx(early.mean(), abs=0.002)
    assert found.given_benefit == pytest.approx(success[theta > 0].mean(), abs=0.002)
    assert found.expected_events == pytest.approx(np.where(early, design.events[0], design.events[1]).mean(), abs=0.3)
    estimate = np.exp(-last / i[1])
    assert found.probability_below(0.7) == pytest.approx((estimate < 0.7).mean(), abs=0.002)
    low, high = found.interval()
    assert ((estimate > low) & (estimate < high)).mean() == pytest.approx(0.95, abs=0.001)


def test_evidence_is_the_pooled_effect_and_its_spread():
    trials = [StudyEffect(name=n, effect=y, std_error=0.2) for n, y in zip("ABC", (-0.6, -0.3, 0.0), strict=True)]
    pooled = pool(trials, method="dersimonian-laird")
    # tests/truth/test_pooling_by_hand.py: SE^2 = 0.03, tau2 = 0.05.
    assert predictive_effect(pooled).sd == pytest.approx(math.sqrt(0.08))
    assert predictive_effect(pooled, "common").sd == pytest.approx(math.sqrt(0.03))
    assert predictive_effect(pooled).mean == pooled.effect


def test_events_for_a_target_are_the_fewest():
    found = assurance((0.7, 0.15), target=0.8, alpha=0.05, sides=2)
    assert found.assurance >= 0.8
    assert assurance((0.7, 0.15), events=found.events - 1, alpha=0.05, sides=2).assurance < 0.8


def test_target_of_a_group_sequential_design_keeps_its_bounds():
    design = group_sequential([0.5, 1.0], alpha=0.025, sides=1, power=0.8, hazard_ratio=0.7)
    found = assurance((0.7, 0.15), design, target=0.8)
    fewer = group_sequential([0.5 * (found.events - 1), found.events - 1], alpha=0.025, sides=1, hazard_ratio=0.7)
    assert found.assurance >= 0.8 > assurance((0.7, 0.15), fewer).assurance


def test_power_is_assurance_without_doubt():
    power = power_of(300, hazard_ratio=0.75, alpha=0.05, sides=2)
    assert assurance((0.75, 1e-6), power).assurance == pytest.approx(power.power, abs=1e-9)


def test_conflict_by_hand():
    """Evidence HR 0.7 (SD 0.15), estimate 1.1 (SE 0.2): 0.451985 / 0.25 = 1.807940, two-sided P 0.0706."""
    trial = StudyEffect(name="A", effect=math.log(1.1), std_error=0.2)
    assert conflict_p((0.7, 0.15), trial) == pytest.approx(2 * float(norm.sf(math.log(1.1 / 0.7) / 0.25)))
    assert round(conflict_p((0.7, 0.15), trial), 4) == 0.0706
