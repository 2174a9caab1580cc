"""Numbers printed by gsDesign2 (Merck) and lrstat (Lu) in their public documentation, and by Prior (2020).

gsDesign2: https://merck.github.io/gsDesign2/ index and reference pages (ahr, gs_info_wlr, gs_power_wlr, fixed_design).
lrstat: https://kaifenglu.github.io/lrstat/ article "maxcombo", reference pages rmstat, rmpower, kmpower.

gsDesign2 integrates with a relative error of some 1e-4, so its variances are met to that; and it combines the two
variances otherwise than we do (docs/methods/weighted-logrank-design.md), so its n is recomputed from our moments.
"""

import math

import numpy as np
import pytest

from equipoise.design import (
    Accrual,
    Dropout,
    Hazard,
    Spending,
    Stratum,
    average_hazard_ratio,
    maxcombo_design,
    milestone_design,
    rmst_design,
    weighted_logrank_design,
)
from equipoise.design.planned_trial import planned_trial
from equipoise.design.weighted_moments import LogrankWeight, weighted_moments
from equipoise.kernels.plain.sequential import crossing_probabilities
from equipoise.kernels.plain.special import normal_quantile

LOG2 = math.log(2.0)
Z_ALPHA, Z_POWER = normal_quantile(0.975), normal_quantile(0.9)
LOST = Dropout(0.001)


def delayed(median, start=4.0, hazard_ratio=0.6):
    control = Hazard.from_median(median)
    late = Hazard.piecewise([control.rates[0], hazard_ratio * control.rates[0]], [start])
    return {"control": control, "experimental": late, "dropout": LOST}


def test_average_hazard_ratio_of_the_ahr_page():
    accrual = Accrual.piecewise([3, 6, 9], [2, 4], duration=14)
    control = Hazard.piecewise([LOG2 / 9, LOG2 / 18], [3])
    experimental = Hazard.piecewise([0.9 * LOG2 / 9, 0.6 * LOG2 / 18], [3])
    for time, ahr, events in ((15, 0.7857415, 30.27841), (30, 0.6952153, 58.49097)):
        found = average_hazard_ratio(
            control=control, experimental=experimental, accrual=accrual, dropout=LOST, time=time
        )
        assert found.hazard_ratio == pytest.approx(ahr, abs=6e-8)
        assert sum(found.events) == pytest.approx(events, abs=6e-6)


def test_fixed_design_of_the_front_page():
    """n 420.6346 and 311.0028 events for 90% power by the average hazard ratio at 36 months.

    n = ((z_alpha / sqrt(info0) + z_power / sqrt(info)) / log AHR)^2, info0 a quarter of the events and info the sum of
    (1 / events_control + 1 / events_experimental)^-1 over the two periods, per patient.
    """
    arms = delayed(12)
    accrual = Accrual.uniform(n=1, duration=12)
    whole = average_hazard_ratio(**arms, accrual=accrual, time=36)
    # Events before month 4 from a trial whose hazards end there.
    early = {name: Hazard.piecewise([LOG2 / 12, 0.0], [4]) for name in ("control", "experimental")}
    first = np.array(average_hazard_ratio(**early, dropout=LOST, accrual=accrual, time=36).events)
    second = np.array(whole.events) - first
    information = sum(1 / (1 / part).sum() for part in (first, second))
    scale = Z_ALPHA / math.sqrt(sum(whole.events) / 4) + Z_POWER / math.sqrt(information)
    n = (scale / math.log(whole.hazard_ratio)) ** 2
    assert n == pytest.approx(420.6346, abs=6e-5)
    assert n * sum(whole.events) == pytest.approx(311.0028, abs=6e-5)


@pytest.mark.parametrize(
    ("time", "events", "theta", "information"),
    [(24, 246.28341, 0.3334865, 61.35217), (30, 293.69568, 0.3630247, 72.91885)],
)
def test_information_of_the_gs_info_wlr_page(time, events, theta, information):
    """theta is mean / variance. The page's third time, 10, lies within accrual, where its mean is per planned patient
    and its variance per enrolled one; -log of its own average hazard ratio, 0.8720599, is what we find there."""
    trial = planned_trial(Accrual.uniform(n=500, duration=12), **delayed(15))
    m = weighted_moments(trial, [LogrankWeight()], time)
    assert 500 * m.events.sum() == pytest.approx(events, abs=6e-6)
    assert 500 * m.estimated[0, 0] == pytest.approx(information, rel=1e-4)
    assert m.mean[0] / m.estimated[0, 0] == pytest.approx(theta, rel=1e-4)
    early = weighted_moments(trial, [LogrankWeight()], 10.0)
    assert math.exp(-early.mean[0] / early.estimated[0, 0]) == pytest.approx(0.8720599, abs=2e-5)


def test_information_of_the_gs_info_combo_page():
    """FH(0, 1/2) and FH(1/2, 0) at 24 months, all patients in: information and weighted average hazard ratio."""
    accrual = Accrual.piecewise([3, 6, 9], [2, 4], duration=14)
    control = Hazard.piecewise([LOG2 / 9, LOG2 / 18], [3])
    experimental = Hazard.piecewise([0.9 * LOG2 / 9, 0.6 * LOG2 / 18], [3])
    for rho, gamma, information, ahr in ((0, 0.5, 2.8274229, 0.6744758), (0.5, 0, 9.4062683, 0.7278445)):
        design = weighted_logrank_design(
            control=control, experimental=experimental, accrual=accrual, dropout=LOST, alpha=0.025, sides=1, time=24,
            rho=rho, gamma=gamma,
        )  # fmt: skip
        assert design.looks[0].information_h1 == pytest.approx(information, rel=1e-4)
        assert design.effect("weighted_hazard_ratio") == pytest.approx(ahr, rel=1e-4)


def test_power_of_fixed_bounds_of_the_gs_power_wlr_page():
    """Analyses at 10, 24 and 30 months with given bounds: error, events, expected Z, and power.

    The page's powers contain its mean at month 10, which is 10/12 of ours (see above): with that mean our recursion
    gives its powers to 1e-4 (what is left is not explained), with ours 0.0195, 0.6234 and 0.8458.
    """
    design = weighted_logrank_design(
        **delayed(15), accrual=Accrual.uniform(n=500, duration=12), alpha=0.025, sides=1, interim=[10, 24], time=30,
        efficacy=[2.668630, 2.288719, 2.030702], futility=[-1.281552, None],
    )  # fmt: skip
    assert [look.alpha for look in design.looks] == pytest.approx([0.003808063, 0.013972843, 0.026176770], abs=4e-6)
    assert [sum(look.events) for look in design.looks] == pytest.approx([77.80361, 246.28341, 293.69568], abs=6e-6)
    means, information = np.array([look.mean_z for look in design.looks]), [x.information_h1 for x in design.looks]
    printed = np.array([0.1140863, 0.3334865, 0.3630247]) * np.sqrt([19.44920, 61.35217, 72.91885])
    means[0] *= 10 / 12
    assert means == pytest.approx(printed, rel=1e-4)
    upper, lower = np.array([2.668630, 2.288719, 2.030702]), np.array([-1.281552, -math.inf, -math.inf])
    powers = np.cumsum(crossing_probabilities(np.array(information), lower - means, upper - means, 0.0)[1])
    assert powers == pytest.approx([0.01524044, 0.62184674, 0.84166072], abs=1e-4)
    assert [look.power for look in design.looks] == pytest.approx([0.0195, 0.6234, 0.8458], abs=6e-5)


@pytest.mark.parametrize(
    ("weight", "printed", "ahr"),
    [
        ({"rho": 1, "gamma": 1}, 352, 0.644),
        ({"weighting": "modestly-weighted", "t_star": 4}, 430, 0.688),
    ],
)
def test_n_of_the_fixed_design_page(weight, printed, ahr):
    """FH(1, 1) and modest weights (tau 4): n by gsDesign2's own mix of variances, the null one at the mean hazard."""
    arms, accrual = delayed(12), Accrual.uniform(n=1, duration=18)
    shared = {"accrual": accrual, "alpha": 0.025, "sides": 1, "time": 36, **weight}
    assumed = weighted_logrank_design(**arms, **shared)
    between = Hazard.piecewise([LOG2 / 12, 0.8 * LOG2 / 12], [4])
    none = weighted_logrank_design(control=between, experimental=between, dropout=LOST, **shared)
    v1, v0 = assumed.looks[0].information_h1, none.looks[0].information_h1
    theta = assumed.looks[0].mean_z / math.sqrt(v1)
    n = ((Z_ALPHA / math.sqrt(v0) + Z_POWER / math.sqrt(v1)) / theta) ** 2
    assert n == pytest.approx(printed, abs=0.51)
    assert assumed.effect("weighted_hazard_ratio") == pytest.approx(ahr, abs=5.1e-4)


def test_maxcombo_of_the_fixed_design_page():
    shared = {"tests": [(0, 0), (0.5, 0)], "alpha": 0.025, "sides": 1, "time": 36, **delayed(12)}
    wanted = maxcombo_design(accrual=Accrual.uniform(duration=18), power=0.9, **shared)
    assert (wanted.n, wanted.events, wanted.looks[0].z_upper) == pytest.approx((483, 339, 2.02), abs=0.51)
    given = maxcombo_design(accrual=Accrual.uniform(n=360, duration=18), **shared)
    assert given.looks[0].z_upper == pytest.approx(2.02, abs=5.1e-3)
    assert given.power == pytest.approx(0.797, abs=5.1e-4)


@pytest.mark.parametrize(
    ("design", "n", "events", "power"),
    [(rmst_design, 671, 477, 0.661), (milestone_design, 606, 431, 0.705)],
)
def test_curve_tests_of_the_fixed_design_page(design, n, events, power):
    shared = {
        "tau": 18, "control": Hazard.from_median(12), "hazard_ratio": 0.7, "dropout": LOST, "alpha": 0.025, "sides": 1,
        "time": 36,
    }  # fmt: skip
    wanted = design(accrual=Accrual.uniform(duration=18), power=0.9, **shared)
    assert (wanted.n, wanted.events) == pytest.approx((n, events), abs=0.51)
    given = design(accrual=Accrual.uniform(n=360, duration=18), **shared)
    assert given.power == pytest.approx(power, abs=5.1e-4)


def test_prior_2020_by_lrstat():
    """Log-rank at 50 events, then the larger of FH(0, 0) and FH(0, 1) at 99.9 of 100; power about 72 to 73%.

    lrstat takes the correlations under the alternative for the null too (bound 2.137765, power 0.724064).
    """
    control = Hazard.from_rates(0.25)
    design = maxcombo_design(
        tests=[(0, 0), (0, 1)], control=control, experimental=Hazard.piecewise([0.25, 0.125], [1.5]),
        accrual=Accrual.uniform(n=100, duration=4), alpha=0.025, sides=1, interim=[5.363], time=50.324,
        efficacy=Spending.user([(0.4, 0.0015), (0.6, 0.0015), (1.0, 0.025)]),
    )  # fmt: skip
    first, last = design.looks
    assert first.events + last.events == pytest.approx((27.52063, 22.47993, 49.99970, 49.90030), abs=6e-6)
    assert (first.information_h1, last.information_h1) == pytest.approx((12.46380, 22.26989), abs=6e-6)
    assert (*design.means[0], *design.means[1]) == pytest.approx((0.900461, 2.234470, 2.662341), abs=6e-7)
    printed = [[1, 0.748, 0.370], [0.748, 1, 0.861], [0.370, 0.861, 1]]
    assert np.array(design.correlation_h1) == pytest.approx(np.array(printed), abs=5.1e-4)
    assert first.z_upper == pytest.approx(2.968, abs=5.1e-4)
    assert last.z_upper == pytest.approx(2.1378, abs=2e-3)
    assert design.power == pytest.approx(0.7241, abs=1e-3)


STRATA = {
    "low": Stratum(0.2, Hazard.from_rates(0.0533), experimental=Hazard.piecewise([0.0533, 0.0309], [6])),
    "high": Stratum(
        0.8, Hazard.from_rates(1.5 * 0.0533), experimental=Hazard.piecewise([1.5 * 0.0533, 1.5 * 0.0309], [6])
    ),
}
RAMP = Accrual.piecewise([26 / 9 * k for k in range(1, 10)], list(range(1, 9)), duration=22)
STRATIFIED = {
    "strata": STRATA, "accrual": RAMP, "dropout": Dropout(probability=0.05, at=12), "alpha": 0.025, "sides": 1,
}  # fmt: skip


def test_stratified_restricted_means_by_lrstat():
    """rmstat at 22 and 40 months: means, difference, information, Z; rmpower with a look at 80%."""
    design = rmst_design(tau=18, **STRATIFIED, interim=[22], time=40)
    assert design.n == pytest.approx(468, rel=1e-12)
    early, late = design.looks
    assert dict(late.effects)["rmst_experimental"] == pytest.approx(10.85387, abs=6e-6)
    assert dict(late.effects)["rmst_control"] == pytest.approx(9.948097, abs=6e-7)
    assert dict(late.effects)["difference"] == pytest.approx(0.9057767, abs=6e-8)
    assert (early.information_h1, late.information_h1) == pytest.approx((1.821760, 2.621337), abs=6e-7)
    assert (early.mean_z, late.mean_z) == pytest.approx((1.222550, 1.466502), abs=6e-7)
    assert sum(late.events) == pytest.approx(356.3965, abs=6e-5)
    planned = rmst_design(tau=18, **STRATIFIED, fractions=[0.8], time=40)
    # lrstat's fraction is of the information under the alternative, ours under no effect.
    assert planned.power == pytest.approx(0.3042, abs=2e-4)
    assert planned.time == 40
    assert planned.looks[0].time == pytest.approx(23.8, abs=0.051)


def test_stratified_milestones_by_lrstat():
    """kmpower: survival 0.384 and 0.266 at 18 months, information 527.17, power 0.7634 with a look at 80%."""
    design = milestone_design(tau=18, **STRATIFIED, fractions=[0.8], time=40)
    assert design.effect("survival_experimental") == pytest.approx(0.384, abs=5.1e-4)
    assert design.effect("survival_control") == pytest.approx(0.266, abs=5.1e-4)
    assert design.looks[-1].information_h1 == pytest.approx(527.17, abs=5.1e-3)
    assert [look.z_upper for look in design.looks] == pytest.approx([2.250, 2.025], abs=5.1e-4)
    assert design.power == pytest.approx(0.7634, abs=1e-4)
    assert design.looks[0].time == pytest.approx(31.1, abs=0.051)
