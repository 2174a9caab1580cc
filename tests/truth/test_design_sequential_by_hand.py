"""Group-sequential probabilities and bounds against closed forms and another way of integrating."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from equipoise.design import Accrual, Boundary, Hazard, Spending, group_sequential, sequential_trial
from equipoise.kernels.compiled import normal
from equipoise.kernels.plain import sequential
from equipoise.kernels.plain.normal_region import normal_box
from equipoise.kernels.plain.sequential import crossing_probabilities, legendre_rule, simpson_rule, solve_upper

NONE = math.inf


def test_orthants_of_two_and_three_looks():
    """Bounds at zero: P(Z1 < 0 < Z2) = 1/4 - asin(rho) / 2 pi, rho = sqrt(1/2): 1/8. Three looks by the same rule."""
    _, above = crossing_probabilities(np.array([1.0, 2.0]), np.full(2, -NONE), np.zeros(2), 0.0)
    assert above == pytest.approx([0.5, 0.125], abs=1e-12)
    rho = [math.sqrt(1 / 2), math.sqrt(1 / 3), math.sqrt(2 / 3)]
    stays = 1 / 8 + sum(math.asin(r) for r in rho) / (4 * math.pi)
    _, above = crossing_probabilities(np.array([1.0, 2.0, 3.0]), np.full(3, -NONE), np.zeros(3), 0.0)
    assert above.sum() == pytest.approx(1.0 - stays, abs=1e-12)


def test_two_looks_by_the_bivariate_normal():
    """O'Brien-Fleming spending of 0.025 at half the information.

    z(0.0125) = 2.241403; 2 - 2 Phi(2.241403 / sqrt(0.5)) = 2 - 2 Phi(3.169822) = 0.00152532, whose Z is 2.962588.
    The second bound c solves P(Z1 < 2.962588, Z2 > c) = 0.025 - 0.00152532 = 0.02347468, correlation sqrt(0.5).
    """
    design = group_sequential([0.5, 1.0], alpha=0.025, sides=1)
    first = 2.0 - 2.0 * norm.cdf(norm.isf(0.0125) / math.sqrt(0.5))
    assert first == pytest.approx(0.00152532, abs=5e-9)
    assert design.upper[0] == pytest.approx(norm.isf(first), abs=1e-10)
    joint = multivariate_normal([0, 0], [[1, math.sqrt(0.5)], [math.sqrt(0.5), 1]])
    above = norm.cdf(design.upper[0]) - joint.cdf(design.upper)
    assert above == pytest.approx(0.02347468, abs=1e-8)
    assert design.upper[1] == pytest.approx(1.968596, abs=5e-7)


@pytest.mark.parametrize("drift", [0.0, 1.3, 3.1])
@pytest.mark.parametrize("information", [[0.3, 1.0], [0.2, 0.7, 1.0], [1.0, 1.4, 3.0], [0.25, 0.5, 0.75, 1.0]])
def test_the_recursion_is_the_multivariate_normal(information, drift):
    """The chance of staying between the bounds at all looks, by deterministic quadrature of the whole box."""
    info = np.array(information)
    lower, upper = np.linspace(-0.8, 0.9, len(info)), np.linspace(2.9, 2.0, len(info))
    below, above = crossing_probabilities(info, lower, upper, drift)
    correlation = np.sqrt(np.minimum.outer(info, info) / np.maximum.outer(info, info))
    mean = drift * np.sqrt(info)
    stays = normal_box(lower - mean, upper - mean, correlation)
    assert below.sum() + above.sum() == pytest.approx(1.0 - stays, abs=1e-9 if len(info) < 4 else 1e-7)
    first = norm.sf(upper[0] - mean[0])
    assert above[0] == pytest.approx(first, rel=1e-12)


def test_jennison_turnbull_grid_is_a_second_way():
    info = np.arange(1, 6) / 5
    lower, upper = np.array([-0.9, 0.0, 0.7, 1.36, 2.03]), np.array([4.9, 3.36, 2.68, 2.29, 2.03])
    for drift in (0.0, 3.4):
        ours = crossing_probabilities(info, lower, upper, drift)
        theirs = crossing_probabilities(info, lower, upper, drift, rule=simpson_rule(64))
        assert np.abs(np.array(ours) - theirs).max() < 1e-8
        assert np.sum(ours) == pytest.approx(1.0, abs=1e-10)
    node, weight = simpson_rule(18)(-40.0, 40.0, 0.0, 1.0, 1.0)
    assert weight @ np.exp(-0.5 * node**2) == pytest.approx(math.sqrt(2 * math.pi), rel=1e-6)


def test_doubling_the_nodes_changes_nothing_but_rounding():
    for information in (np.arange(1, 6) / 5, np.arange(1, 21) / 20, np.array([0.5, 0.52, 1.0])):
        spent = 0.025 * np.log1p((math.e - 1) * information)
        found = solve_upper(information, spent)
        twice = sequential.node_count(16.0, math.sqrt(np.diff(information).min())) * 2
        assert np.abs(found - solve_upper(information, spent, rule=legendre_rule(twice))).max() < 1e-10


def test_many_drifts_at_once_are_those_one_by_one():
    info, lower, upper = np.array([1.0, 2.0, 4.0]), np.array([-1.0, -NONE, 0.5]), np.array([2.5, NONE, 2.0])
    drifts = np.linspace(-6.0, 9.0, 23)
    together = np.array(crossing_probabilities(info, lower, upper, drifts))
    alone = np.array([crossing_probabilities(info, lower, upper, d) for d in drifts]).transpose(1, 0, 2)
    assert np.abs(together - alone).max() < 1e-11


def test_compiled_tail_and_quantile():
    for z in np.linspace(-8.0, 8.0, 801):
        assert normal.tail(z) == pytest.approx(0.5 * math.erfc(z / math.sqrt(2.0)), rel=2e-14)
        assert normal.exponential(-z * z) == pytest.approx(math.exp(-z * z), rel=1e-15)
    for p in (1e-200, 1e-20, 1e-5, 0.025, 0.3, 0.5, 0.9, 1.0 - 1e-9):
        assert normal.quantile(p) == pytest.approx(norm.ppf(p), abs=1e-13, rel=1e-12)


def test_spending_functions_by_hand():
    """t = 0.5, a = 0.05: z(0.025) = 1.959964, / sqrt(0.5) = 2.771808, two tails 0.005575; log(1.859141) = 0.620115;

    Hwang-Shih-DeCani gamma -4: (e^2 - 1) / (e^4 - 1) = 6.389056 / 53.598150 = 0.119203; rho 3: 1/8.
    """
    half = {
        Spending("obrien-fleming"): 0.005575,
        Spending("pocock"): 0.05 * 0.620115,
        Spending("hwang-shih-decani", -4): 0.05 * 0.119203,
        Spending("hwang-shih-decani", 0): 0.025,
        Spending("power", 3): 0.05 / 8,
        Spending("power", 1).truncated(start=0.2, stop=0.8): 0.025,
        Spending("power", 2).truncated(start=0.25): 0.05 / 9,
        Spending("power", 2).trimmed(start=0.25): 0.0125,
        Spending.user([(0.4, 0.01), (0.8, 0.03), (1.0, 0.05)]): 0.015,
    }
    for spending, expected in half.items():
        assert spending.spent([0.5], 0.05)[0] == pytest.approx(expected, abs=5e-7)
        assert spending(0.05, 0.5) == spending.spent([0.5], 0.05)[0]
        assert spending.spent([0.0, 1.0, 1.2], 0.05) == [0.0, 0.05, 0.05]
    assert Spending("power", 2).truncated(start=0.25).spent([0.2, 0.25], 0.05) == [0.0, 0.0]
    assert Spending("power", 2).trimmed(stop=0.6).spent([0.6], 0.05) == [0.05]


def test_scales_by_hand():
    """Events 50 and 100 at 1:1: information 12.5 and 25. Z 2 at t = 0.5: HR exp(-2 / sqrt 12.5) = 0.567957, B 1.414214.

    Final bound 2, drift -log(0.6) sqrt(25) = 2.554128. Conditional power under the design
    Phi((1.414214 + 1.277064 - 2) / 0.707107) = Phi(0.977615) = 0.835867; observed: drift 2.828427,
    Phi((1.414214 + 1.414214 - 2) / 0.707107) = Phi(1.171573) = 0.879315; null: Phi(-0.828427) = 0.203714;
    predictive: Phi((2.828427 - 2) / 1) = Phi(0.828427) = 0.796286.
    """
    design = group_sequential([50, 100], alpha=0.05, sides=1, efficacy=[2.0, 2.0], hazard_ratio=0.6)
    assert design.on_scale("p")[0] == pytest.approx(0.0227501, abs=5e-8)
    assert design.on_scale("hr")[0] == pytest.approx(0.567957, abs=5e-5)
    assert design.on_scale("b")[0] == pytest.approx(1.414214, abs=5e-7)
    powers = [design.on_scale("conditional-power", effect=e)[0] for e in ("design", "observed", "null")]
    assert powers == pytest.approx([0.835867, 0.879315, 0.203714], abs=5e-6)
    assert design.on_scale("predictive-power")[0] == pytest.approx(0.796286, abs=5e-6)
    assert np.isnan(design.on_scale("conditional-power")[1])
    assert np.isnan(design.on_scale("z", "harm")).all()


def test_a_skipped_look_leaves_its_error_to_the_next():
    """Spending 0.025 t at thirds, no bound at look 1: look 2 spends 2/3 of alpha, as a design without look 1 does."""
    spending = Spending("power", 1)
    design = group_sequential(3, alpha=0.025, sides=1, efficacy=spending, efficacy_at=[2, 3])
    without = group_sequential([2 / 3, 1], alpha=0.025, sides=1, efficacy=spending)
    assert math.isinf(design.upper[0])
    assert design.upper[1:] == pytest.approx(without.upper, abs=1e-10)
    assert design.alpha_spent == pytest.approx([0.0, 0.025 * 2 / 3, 0.025], abs=1e-11)


def test_calendar_spending_reads_other_times():
    design = group_sequential([0.4, 1.0], alpha=0.025, sides=1, efficacy=Spending("power", 1), spending_time=[0.6, 1.0])
    assert design.upper[0] == pytest.approx(norm.isf(0.015), abs=1e-12)
    assert design.alpha_spent == pytest.approx([0.015, 0.025], abs=1e-12)


def test_haybittle_peto_by_hand():
    """Z 3 at half the information spends 0.00134990; the last bound leaves P(Z1 < 3, Z2 > c) = 0.0236501."""
    design = group_sequential(2, alpha=0.025, sides=1, efficacy=Boundary("haybittle-peto"))
    assert design.upper[0] == 3.0
    joint = multivariate_normal([0, 0], [[1, math.sqrt(0.5)], [math.sqrt(0.5), 1]])
    assert norm.cdf(3.0) - joint.cdf(design.upper) == pytest.approx(0.02365010, abs=1e-8)


class TestMonitoring:
    planned = group_sequential([100, 200], alpha=0.025, sides=1, hazard_ratio=0.65)

    def test_first_look_early(self):
        """The first look at 80 events spends 2 - 2 Phi(z(0.0125) / sqrt 0.4), whatever comes later."""
        seen = self.planned.at([80])
        spent = 2.0 * norm.sf(norm.isf(0.0125) / math.sqrt(0.4))
        assert seen.alpha_spent[0] == pytest.approx(spent, abs=1e-12)
        assert seen.events.tolist() == [80.0, 200.0]
        for last in (150, 190, 200, 215, 260):
            final = self.planned.at([80, last], final=True)
            assert final.upper[0] == pytest.approx(seen.upper[0], abs=1e-12)
            assert final.alpha_spent[1] == pytest.approx(0.025, abs=1e-12)

    def test_over_running_follows_the_correlation(self):
        """After 100 and 240 events: P(Z1 < c1, Z2 > c2) = alpha - spent with correlation sqrt(100 / 240)."""
        final = self.planned.at([100, 240], final=True)
        assert final.upper[0] == pytest.approx(self.planned.upper[0], abs=1e-12)
        rho = math.sqrt(100 / 240)
        joint = multivariate_normal([0, 0], [[1, rho], [rho, 1]])
        above = norm.cdf(final.upper[0]) - joint.cdf(final.upper)
        assert above == pytest.approx(0.025 - final.alpha_spent[0], abs=1e-8)
        assert final.drift == pytest.approx(-math.log(0.65) * math.sqrt(60.0), abs=1e-12)

    def test_only_the_planned_design_at_the_planned_looks(self):
        for efficacy in (Spending("pocock"), Boundary("pocock"), [2.5, None]):
            design = group_sequential([100, 200], alpha=0.025, sides=1, efficacy=efficacy)
            again = design.at([100, 200], final=True)
            assert again.upper == pytest.approx(design.upper, abs=1e-9)

    def test_futility_and_harm_go_along(self):
        design = group_sequential([60, 120, 180], alpha=0.05, sides=2, futility=Spending("pocock"), hazard_ratio=0.65)
        again = design.at([60, 120, 180], final=True)
        for name in ("upper", "futility", "harm"):
            assert getattr(again, name) == pytest.approx(getattr(design, name), abs=1e-9)
        moved = design.at([70])
        assert moved.events.tolist() == [70.0, 120.0, 180.0]
        assert moved.futility[0] > design.futility[0]


def test_a_sequential_trial_with_patients_given():
    """With n given the looks come when their events are expected: 100 events of 200 patients, exponential, no dropout.

    All enter at once (nearly), so control and experimental fractions are 1 - exp(-t h) with h = log 2 / 10, half each.
    """
    design = group_sequential([50, 100], alpha=0.025, sides=1, hazard_ratio=0.6)
    trial = sequential_trial(design, accrual=Accrual.uniform(n=200, duration=1e-6), control=Hazard.from_median(10.0))
    h = math.log(2.0) / 10.0
    events = 100 * (1 - np.exp(-h * trial.time)) + 100 * (1 - np.exp(-0.6 * h * trial.time))
    assert events == pytest.approx([50.0, 100.0], abs=1e-4)
    assert trial.n == 200.0
