"""Conditional power, stage-wise inference, graphs and predictions worked by hand or by another integral."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from equipoise.design import (
    HypothesisGraph,
    adjusted_inference,
    conditional_power,
    graphical_testing,
    group_sequential,
    predict_from_times,
    predictive_power,
    reestimate_events,
)
from equipoise.design.pooled_hazards import PiecewiseExponentialHazard, fit_weibull

PHI = NormalDist().cdf


def test_conditional_power_by_the_b_value():
    # 60 of 120 events at 1:1: t = 0.5, B = 1.5 sqrt(0.5) = 1.0606602, I_max = 120 / 4 = 30.
    observed = conditional_power(1.5, 60, maximum=120, bound=1.96, effect="observed", ratio=1)
    assert observed.b_value == pytest.approx(1.0606602, abs=1e-7)
    # The drift observed is B / t = 2.1213203: the final B is normal with mean 2.1213203 and variance 0.5.
    assert observed.power == pytest.approx(1 - PHI((1.96 - 2.1213203) / math.sqrt(0.5)), abs=1e-7)
    null = conditional_power(1.5, 60, maximum=120, bound=1.96, effect="null", ratio=1)
    assert null.power == pytest.approx(1 - PHI((1.96 - 1.0606602) / math.sqrt(0.5)), abs=1e-7)
    # Hazard ratio 0.6: drift 0.5108256 sqrt(30) = 2.7979071; mean 1.0606602 + 0.5 x 2.7979071 = 2.4596138.
    design = conditional_power(1.5, 60, maximum=120, bound=1.96, effect="design", hazard_ratio=0.6, ratio=1)
    assert design.power == pytest.approx(1 - PHI((1.96 - 2.4596138) / math.sqrt(0.5)), abs=1e-7)
    assert conditional_power(1.5, 15.0, maximum=30.0, bound=1.96, effect=0.6).power == design.power


def test_predictive_power_with_a_flat_prior():
    # (z - c sqrt t) / sqrt(1 - t) = (1.5 - 1.96 x 0.7071068) / 0.7071068 = 0.1613203.
    found = predictive_power(1.5, 60, maximum=120, bound=1.96, ratio=1)
    assert found.power == pytest.approx(PHI(0.1613203), abs=1e-7)


@pytest.mark.parametrize("prior", ["flat", (0.8, 0.3)])
@pytest.mark.parametrize(
    ("maximum", "bound"), [(120, 1.96), ([90, 120], [2.4, 2.0]), ([80, 100, 140], [2.6, 2.3, 2.02])]
)
def test_predictive_power_is_conditional_power_averaged(prior, maximum, bound):
    found = predictive_power(1.5, 60, maximum=maximum, bound=bound, prior=prior, ratio=1)
    sd = found.log_hr_sd

    def integrand(log_hr):
        power = conditional_power(1.5, 60, maximum=maximum, bound=bound, effect=math.exp(log_hr), ratio=1).power
        return power * norm.pdf(log_hr, found.log_hr, sd)

    average = quad(integrand, found.log_hr - 9 * sd, found.log_hr + 9 * sd, epsabs=1e-11, limit=200)[0]
    assert found.power == pytest.approx(average, abs=1e-8)


def test_posterior_of_a_normal_prior():
    # Information 15, precision of the prior 1 / 0.3^2 = 11.1111: theta (1.5 sqrt 15 - log(0.8) / 0.09) / 26.1111.
    found = predictive_power(1.5, 60, maximum=120, bound=1.96, prior=(0.8, 0.3), ratio=1)
    assert found.log_hr == pytest.approx(-(5.8094750 + 2.4793728) / 26.1111111, abs=1e-7)
    assert found.log_hr_sd == pytest.approx(1 / math.sqrt(26.1111111), abs=1e-8)


def test_promising_zone_by_hand():
    # z 1.5 after 100 of 200 events: (1.959964 sqrt 200 - 15) / 10 = 1.2718076; power 1 - Phi(1.2718076 - 1.5).
    found = reestimate_events(
        1.5, 100, planned=200, maximum=400, power=0.9, alpha=0.05, sides=2, method="cui-hung-wang", lowest=0.3
    )
    assert found.planned_power == pytest.approx(1 - PHI(1.2718076 - 1.5), abs=1e-6)
    # 100 + 100 ((1.2718076 + 1.2815516) / 1.5)^2 = 389.76.
    assert (found.zone, found.events) == ("promising", 390)
    assert found.weights == pytest.approx((math.sqrt(0.5), math.sqrt(0.5)))
    # At the end Z is 2.1: the second stage alone is (2.1 sqrt 390 - 15) / sqrt 290 = 1.5544704.
    final = found.final(2.1)
    assert final.statistic == pytest.approx(math.sqrt(0.5) * (1.5 + 1.5544704), abs=1e-6)
    assert final.rejected
    assert not found.final(1.85).rejected


def _two_looks(c1, z2, theta, i1, i2):
    """P(Z1 >= c1, or Z2 >= z2) by one integral over Z1."""
    r = math.sqrt(i1 / i2)

    def later(z1):
        mean = theta * math.sqrt(i2) + r * (z1 - theta * math.sqrt(i1))
        return norm.pdf(z1 - theta * math.sqrt(i1)) * norm.sf((z2 - mean) / math.sqrt(1 - r * r))

    low = theta * math.sqrt(i1) - 9.0
    return norm.sf(c1 - theta * math.sqrt(i1)) + quad(later, low, c1, epsabs=1e-13, limit=200)[0]


def test_stagewise_p_and_median_unbiased_estimate_of_two_looks():
    found = adjusted_inference([1.2, 2.5], [66, 132], upper=[2.9626, 1.9686], alpha=0.025, sides=1, ratio=1, final=True)
    assert found.p_value == pytest.approx(_two_looks(2.9626, 2.5, 0.0, 16.5, 33.0), abs=1e-10)
    for log_hr, p in {found.adjusted.estimate: 0.5, found.adjusted.low: 0.975, found.adjusted.high: 0.025}.items():
        assert _two_looks(2.9626, 2.5, -log_hr, 16.5, 33.0) == pytest.approx(p, abs=1e-9)


def test_stopping_at_the_first_look_is_the_fixed_test():
    found = adjusted_inference([3.1], [66], upper=[2.9626], alpha=0.05, sides=2, ratio=1)
    assert (found.stopped_look, found.rejected) == (1, True)
    assert found.p_value == pytest.approx(1 - PHI(3.1), abs=1e-12)
    # log HR -3.1 / sqrt 16.5 = -0.7631672, limits 1.959964 / sqrt 16.5 = 0.4825098 around it.
    assert found.adjusted.estimate == pytest.approx(-0.7631672, abs=1e-7)
    assert found.adjusted.low == pytest.approx(-0.7631672 - 0.4825098, abs=1e-7)
    assert found.p_value_two_sided == 2 * found.p_value


def test_repeated_limits_by_hand():
    found = adjusted_inference([1.2], [64], upper=[3.0], alpha=0.025, sides=1, ratio=1)
    # Information 16, standard error 0.25: log HR -0.3, limits 0.75 around it.
    assert (found.looks[0].repeated.low, found.looks[0].repeated.high) == pytest.approx((-1.05, 0.45))
    assert found.stopped_look is None
    assert math.isnan(found.p_value)


def test_repeated_p_of_a_first_look_inverts_the_spending_function():
    design = group_sequential([66, 132], alpha=0.025, sides=1, efficacy="obrien-fleming")
    found = adjusted_inference([1.8], [66], design=design)
    # 2 - 2 Phi(q / sqrt 0.5) = 1 - Phi(1.8) = 0.0359303: q = sqrt 0.5 x 2.0978 ..., alpha = 2 - 2 Phi(q).
    q = math.sqrt(0.5) * norm.isf(norm.sf(1.8) / 2)
    assert found.looks[0].repeated_p_value == pytest.approx(2 * norm.sf(q), abs=1e-12)


GRAPH = HypothesisGraph(
    {"PFS": 0.5, "OS": 0.5, "QoL": 0.0},
    {"PFS": {"OS": 0.5, "QoL": 0.5}, "OS": {"PFS": 1.0}, "QoL": {"OS": 1.0}},
)


def test_a_graph_updated_by_hand():
    left = GRAPH.remove("PFS")
    # Weights 0.5 + 0.5 x 0.5 and 0 + 0.5 x 0.5; OS to QoL (0 + 1 x 0.5) / (1 - 1 x 0.5) = 1; QoL to OS stays 1.
    assert left.weights == {"OS": 0.75, "QoL": 0.25}
    assert left.transitions == {"OS": {"QoL": 1.0}, "QoL": {"OS": 1.0}}
    assert left.remove("OS").weights == {"QoL": 1.0}


def test_the_steps_of_a_graph_by_hand():
    found = graphical_testing(
        {"PFS": 0.01, "OS": 0.018, "QoL": 0.02},
        weights=GRAPH.weights,
        transitions=GRAPH.transitions,
        alpha=0.025,
    )
    # PFS at 0.0125; then OS at 0.75 x 0.025 = 0.01875; then QoL at 0.025.
    assert [step.hypothesis for step in found.steps] == ["PFS", "OS", "QoL"]
    assert [step.level for step in found.steps] == pytest.approx([0.0125, 0.01875, 0.025])
    # 0.01 / 0.5 = 0.02; 0.018 / 0.75 = 0.024; 0.02 / 1 = 0.02, not below those before.
    assert found.adjusted_p_value == pytest.approx({"PFS": 0.02, "OS": 0.024, "QoL": 0.024})


def test_holm_is_a_graph():
    third = {a: {b: 0.5 for b in "ABC" if b != a} for a in "ABC"}
    found = graphical_testing(
        {"A": 0.01, "B": 0.07, "C": 0.02}, weights=dict.fromkeys("ABC", 1 / 3), transitions=third, alpha=0.05
    )
    assert found.rejected == {"A": 1, "B": None, "C": 1}
    assert found.adjusted_p_value == pytest.approx({"A": 0.03, "B": 0.07, "C": 0.04})


def test_the_level_of_a_look_is_that_of_its_share():
    both = {"PFS": {"OS": 1.0}, "OS": {"PFS": 1.0}}
    found = graphical_testing(
        {"PFS": [0.2], "OS": [0.0001]}, weights={"PFS": 0.2, "OS": 0.8}, transitions=both, alpha=0.025,
        information={"PFS": [1.0], "OS": [0.5]}, spending="obrien-fleming",
    )  # fmt: skip
    # OS: 2 - 2 Phi(z(0.01) / sqrt 0.5), z(0.01) the quantile of half of 0.8 x 0.025.
    assert found.steps[0].level == pytest.approx(2 * norm.sf(norm.isf(0.01) / math.sqrt(0.5)), rel=1e-9)
    # PFS keeps its P and is tested at the whole of alpha from then on.
    assert found.levels["PFS"] == pytest.approx(0.025)
    assert found.rejected == {"PFS": None, "OS": 1}


def test_rates_at_an_interim():
    found = predict_from_times(
        [4, 8, 3, 6, 2], [1, 0, 1, 0, 0], [0, 2, 4, 4, 6], dropout=[0, 0, 0, 0, 1],
        cutoff=10, events=3, n_planned=8, seed=4,
    )  # fmt: skip
    # 2 events and 1 dropout in 23 time units; 5 patients in 10.
    assert found.event_hazard.rates[0] == pytest.approx(2 / 23)
    assert found.dropout_hazard.rates[0] == pytest.approx(1 / 23)
    assert (found.accrual_rate, found.remaining, found.n_at_risk) == (0.5, 3, 2)


def test_a_piecewise_cumulative_hazard_inverted_by_hand():
    model = PiecewiseExponentialHazard(np.array([2.0, 5.0]), np.log([0.1, 0.2, 0.05]), np.eye(3))
    parameters = model.estimate[None, :]
    # H(6) = 0.1 x 2 + 0.2 x 3 + 0.05 x 1 = 0.85.
    assert model.cumulative(np.array([[6.0]]), parameters)[0, 0] == pytest.approx(0.85)
    # From 1 (H = 0.1) on 0.9 more: H = 1 at 5 + 0.2 / 0.05 = 9.
    assert model.draw_times(np.array([1.0]), np.array([[0.9]]), parameters)[0, 0] == pytest.approx(9.0)


def test_weibull_at_its_maximum():
    time = np.array([1.0, 2.0, 4.0, 5.0, 9.0, 3.0])
    event = np.array([1, 1, 1, 0, 1, 0], dtype=bool)

    def loglik(log_shape, log_scale):
        k, b = math.exp(log_shape), math.exp(log_scale)
        return float((event * (np.log(k) - k * np.log(b) + (k - 1) * np.log(time)) - (time / b) ** k).sum())

    fit = fit_weibull(time, event, "event")
    a, b = fit.estimate
    h = 1e-4

    def second(i, j):
        e = np.eye(2) * h
        ends = [(s * e[i] + t * e[j], s * t) for s in (1, -1) for t in (1, -1)]
        return sum(sign * loglik(*(fit.estimate + move)) for move, sign in ends) / (4 * h * h)

    assert (loglik(a + h, b) - loglik(a - h, b)) / (2 * h) == pytest.approx(0.0, abs=1e-6)
    assert (loglik(a, b + h) - loglik(a, b - h)) / (2 * h) == pytest.approx(0.0, abs=1e-6)
    information = -np.array([[second(i, j) for j in range(2)] for i in range(2)])
    assert fit.covariance == pytest.approx(np.linalg.inv(information), rel=1e-4)
