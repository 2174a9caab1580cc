"""A delayed cure by hand: both arms have hazard log 2 until time 1, then the experimental arm has none.

All patients come in the first time unit and the data are cut 400 units later, so that nothing is censored before it
happens: S_0(t) = 2^-t, S_1(t) = 2^-t until 1 and 1/2 from then on. With 1:1 allocation, per patient:

up to 1    e = 1/2, events 1/2; the arms are alike, so nothing is added to the mean; e (1 - e) v adds 1/8.
from 1 on  x = S_0(t) / (1/2) falls from 1 to 0; pi_0 = x / 4, pi_1 = 1/4, e = 1 / (1 + x), v dt = -dx / 4,
           so the mean is 1/4 integral 1 / (1 + x) dx = log(2) / 4 and e (1 - e) v adds
           1/4 integral x / (1 + x)^2 dx = (log 2 - 1/2) / 4.
"""

import math

import numpy as np
import pytest

from equipoise.design import (
    Accrual,
    Hazard,
    Stratum,
    average_hazard_ratio,
    maxcombo_design,
    milestone_design,
    rmst_design,
    weighted_logrank_design,
)
from equipoise.design.planned_trial import planned_trial
from equipoise.design.weighted_moments import LogrankWeight, weighted_moments

LOG2 = math.log(2.0)
CONTROL = Hazard.from_rates(LOG2)
CURED = Hazard.piecewise([LOG2, 0.0], [1.0])
ARMS = {"control": CONTROL, "experimental": CURED}
ACCRUAL = Accrual.uniform(n=20, duration=1)
LATE = 400.0
close = pytest.approx


def moments(*weights):
    return weighted_moments(planned_trial(ACCRUAL, **ARMS), weights, LATE)


def test_moments_of_the_log_rank_numerator():
    m = moments(LogrankWeight())
    assert m.events == close([0.5, 0.25], rel=1e-12)
    assert m.mean[0] == close(LOG2 / 4, rel=1e-12)
    assert m.estimated[0, 0] == close(1 / 8 + (LOG2 - 0.5) / 4, rel=1e-12)
    # With both arms at the pooled hazard the share stays 1/2: a quarter of all 3/4 events.
    assert m.null[0, 0] == close(3 / 16, rel=1e-12)


def test_moments_with_late_weight():
    """FH(0, 1): w = 1 - S, S the pooled curve, 2^-t and then (1 + x) / 4.

    Mean: 1/4 integral (3 - x) / 4 / (1 + x) dx = (4 log 2 - 1) / 16. Variance: up to 1, 1/4 integral from 0 to 1/2 of
    u^2 du = 1/96; then 1/64 integral (3 - x)^2 x / (1 + x)^2 dx, with y = 1 + x the integral from 1 to 2 of
    y - 9 + 24 / y - 16 / y^2, so (24 log 2 - 15.5) / 64. Covariance with the log-rank: 1/4 integral u du = 1/32, then
    1/16 integral (3 - x) x / (1 + x)^2 dx = integral of -1 + 5 / y - 4 / y^2, so (5 log 2 - 3) / 16.
    """
    m = moments(LogrankWeight(), LogrankWeight(gamma=1.0))
    assert m.mean[1] == close((4 * LOG2 - 1) / 16, rel=1e-12)
    assert m.estimated[1, 1] == close(1 / 96 + (24 * LOG2 - 15.5) / 64, rel=1e-12)
    assert m.estimated[0, 1] == close(1 / 32 + (5 * LOG2 - 3) / 16, rel=1e-12)


def test_exact_variance_where_the_experimental_arm_never_fails():
    """Log-rank, hazards 1 and 0, nothing censored: the variance of U itself, from its independent terms.

    With x = exp(-t): at risk x / 2 and 1 / 2, e = 1 / (1 + x), pooled hazard h = x / (1 + x). For a control patient
    dying at x, the term is -e(x) + integral of e h dt from 0 = -1 / (1 + x) + integral from x to 1 of 1 / (1 + y)^2 dy
    = -1 / (1 + x) + 1 / (1 + x) - 1 / 2 = -1 / 2: always the same, so no variance. An experimental patient's term is
    the same for all, minus integral of x / (1 + x) h dt: no variance either. U = -sum of e at the deaths depends on
    the order of deaths alone, and the order is always the same.
    """
    arms = {"control": Hazard.from_rates(1.0), "experimental": Hazard.from_rates(0.0)}
    m = weighted_moments(planned_trial(ACCRUAL, **arms), [LogrankWeight()], LATE)
    assert m.mean[0] == close(0.5 * LOG2, rel=1e-12)
    assert m.exact[0, 0] == close(0.0, abs=1e-13)
    # 1/2 integral x / (1 + x)^2 dx
    assert m.estimated[0, 0] == close(0.5 * (LOG2 - 0.5), rel=1e-12)


def test_exact_variance_without_an_effect_is_the_estimated_one():
    same = {"control": CONTROL, "experimental": CONTROL}
    weights = [LogrankWeight(), LogrankWeight(rho=1.0, gamma=0.5), LogrankWeight(t_star=0.7), LogrankWeight(s_star=0.3)]
    m = weighted_moments(planned_trial(ACCRUAL, **same, ratio=2), weights, 3.0)
    assert m.exact == close(m.estimated, rel=1e-12)
    assert m.null == close(m.estimated, rel=1e-12)


def test_modest_weights():
    """1 / max(S, 1/2) up to time 1, where S passes 1/2, is 1 / S: covariance with the log-rank 1/4 integral 1 / S dF.

    That is log(2) / 4; afterwards the weight is 2. t* = 1 is the same weight.
    """
    by_survival, by_time = LogrankWeight(s_star=0.5), LogrankWeight(t_star=1.0)
    m = moments(LogrankWeight(), by_survival, by_time)
    assert m.mean[1:] == close(2 * LOG2 / 4, rel=1e-11)
    expected = LOG2 / 4 + 2 * (LOG2 - 0.5) / 4
    assert m.estimated[0, 1:] == close(expected, rel=1e-11)


def test_steps_and_functions_of_time():
    """Weight 0 until time 1 and 1 after it keeps the second part alone."""
    steps = LogrankWeight(steps=((1.0,), (0.0, 1.0)))
    m = moments(steps, LogrankWeight(function=lambda _, s: 1.0 - s), LogrankWeight(gamma=1.0))
    assert m.mean[0] == close(LOG2 / 4, rel=1e-12)
    assert m.estimated[0, 0] == close((LOG2 - 0.5) / 4, rel=1e-12)
    assert m.mean[1] == close(m.mean[2], rel=1e-14)


def test_power_and_n_of_the_log_rank_test():
    """Mean and variance are both log(2) / 4, so with n = 20 Z has mean sqrt(20 log(2) / 4) = 1.861649."""
    design = weighted_logrank_design(**ARMS, accrual=ACCRUAL, alpha=0.05, sides=2, time=LATE)
    assert design.looks[0].mean_z == close(1.8616487, abs=5e-8)
    # Phi(1.861649 - 1.959964) = Phi(-0.098315)
    assert design.power == close(0.4608407, abs=5e-7)
    assert design.effect("weighted_hazard_ratio") == close(math.exp(-1), rel=1e-12)
    assert design.looks[0].information_h0 == close(20 * 3 / 16, rel=1e-12)
    # (1.959964 + 0.841621)^2 / (log(2) / 4) = 7.848880 / 0.1732868
    wanted = weighted_logrank_design(
        **ARMS, accrual=Accrual.uniform(duration=1), alpha=0.05, sides=2, time=LATE, power=0.8
    )
    assert wanted.n == close(45.29412, abs=1e-4)


def test_average_hazard_ratios():
    """Kalbfleisch-Prentice: G = 2^-t, then sqrt(x) / 2; 1/2 of each arm's integral comes before time 1, and after it
    the control arm's is 1/2 integral x^(-1/2) dx = 1: (1/2) / (3/2) = 1/3.

    Cox, c the hazard ratio: 1/4 = c / (1 + c) / 2 + c log(1 + 1 / c) / 4.
    Geometric: a hazard ratio of 0 has no logarithm, so the average is 0.
    """
    found = {
        method: average_hazard_ratio(**ARMS, accrual=ACCRUAL, time=LATE, method=method).hazard_ratio
        for method in ("geometric", "kalbfleisch-prentice", "cox")
    }
    assert found["kalbfleisch-prentice"] == close(1 / 3, rel=1e-12)
    c = found["cox"]
    assert c / (1 + c) / 2 + c * math.log(1 + 1 / c) / 4 == close(0.25, rel=1e-12)
    assert found["geometric"] == 0.0


def test_geometric_average_by_expected_events():
    """Hazard ratio 1 until time 1 and 1/2 after it, nothing censored: half of all events before, half after."""
    later = Hazard.piecewise([LOG2, LOG2 / 2], [1.0])
    found = average_hazard_ratio(control=CONTROL, experimental=later, accrual=ACCRUAL, time=LATE)
    assert found.hazard_ratio == close(math.sqrt(0.5), rel=1e-12)
    assert found.events == close((10.0, 10.0), rel=1e-12)
    assert found.hazard_ratios == (((0.0, 1.0, 1.0), (1.0, LATE, 0.5)),)


def test_restricted_mean_and_its_variance():
    """Nothing censored before tau = 1, hazard 1: mean 1 - 1/e; E min(T, 1)^2 = 2 (1 - 2/e).

    The experimental arm, hazard 1/2: mean 2 (1 - e^-1/2), E min(T, 1)^2 = 8 (1 - 1.5 e^-1/2). Each arm has n / 2.
    """
    one, half = math.exp(-1.0), math.exp(-0.5)
    design = rmst_design(
        tau=1, control=Hazard.from_rates(1.0), hazard_ratio=0.5, accrual=Accrual.uniform(n=100, duration=1),
        alpha=0.025, sides=1, time=9,
    )  # fmt: skip
    means = (1 - one, 2 * (1 - half))
    variances = (2 * (1 - 2 * one) - means[0] ** 2, 8 * (1 - 1.5 * half) - means[1] ** 2)
    assert design.effect("rmst_control") == close(means[0], rel=1e-12)
    assert design.effect("rmst_experimental") == close(means[1], rel=1e-12)
    assert design.effect("standard_error_per_patient") ** 2 == close(2 * sum(variances), rel=1e-11)
    expected_z = 10 * (means[1] - means[0]) / math.sqrt(2 * sum(variances))
    assert design.looks[0].mean_z == close(expected_z, rel=1e-11)
    ratio = rmst_design(
        tau=1, control=Hazard.from_rates(1.0), hazard_ratio=0.5, accrual=Accrual.uniform(n=100, duration=1),
        alpha=0.025, sides=1, time=9, contrast="ratio",
    )  # fmt: skip
    relative = 2 * sum(v / m**2 for v, m in zip(variances, means, strict=True))
    assert ratio.looks[0].mean_z == close(10 * math.log(means[1] / means[0]) / math.sqrt(relative), rel=1e-11)


@pytest.mark.parametrize("transform", ["plain", "log", "log-log", "logit", "arcsine"])
def test_milestone_survival_without_censoring_is_binomial(transform):
    """At time 1: 1/2 with control, sqrt(1/2) with a hazard ratio of 1/2; variances S (1 - S) / (n / 2)."""
    design = milestone_design(
        tau=1, control=CONTROL, hazard_ratio=0.5, accrual=Accrual.uniform(n=100, duration=1), alpha=0.025, sides=1,
        time=9, transform=transform,
    )  # fmt: skip
    low, high = 0.5, math.sqrt(0.5)
    variance = [2 * s * (1 - s) for s in (low, high)]
    change = {
        "plain": (lambda s: s, lambda _: 1.0),
        "log": (math.log, lambda s: 1 / s),
        "log-log": (lambda s: -math.log(-math.log(s)), lambda s: -1 / (s * math.log(s))),
        "logit": (lambda s: math.log(s / (1 - s)), lambda s: 1 / (s * (1 - s))),
        "arcsine": (lambda s: math.asin(math.sqrt(s)), lambda s: 0.5 / math.sqrt(s * (1 - s))),
    }
    g, slope = change[transform]
    spread = math.sqrt(sum(v * slope(s) ** 2 for v, s in zip(variance, (low, high), strict=True)))
    assert design.looks[0].mean_z == close(10 * (g(high) - g(low)) / spread, rel=1e-11)
    assert design.effect("standard_error_per_patient") ** 2 == close(sum(variance), rel=1e-11)


def test_milestone_soon_after_the_first_patient_reaches_it():
    """Milestone 1, data cut at 1.01, accrual over [0, 1]: with u = 1.01 - t, hazard 1 and both arms alike, n Var / S^2
    is 2 (integral from 0 to 0.01 of e^t dt + e^1.01 integral from 0.01 to 1 of e^-u / u du)."""
    from scipy.special import exp1

    design = milestone_design(
        tau=1, control=Hazard.from_rates(1.0), hazard_ratio=1.0, accrual=Accrual.uniform(n=9, duration=1), alpha=0.05,
        sides=2, time=1.01,
    )  # fmt: skip
    rate = math.expm1(0.01) + math.exp(1.01) * (exp1(0.01) - exp1(1.0))
    assert design.effect("standard_error_per_patient") ** 2 == close(2 * 2 * math.exp(-2.0) * rate, rel=1e-11)


def test_two_equal_strata_are_one_stratum():
    """Halves with the same hazards: the numerators add up; standardized curves are the same."""
    halves = {"a": Stratum(0.5, CONTROL, experimental=CURED), "b": Stratum(0.5, CONTROL, experimental=CURED)}
    shared = {"accrual": ACCRUAL, "alpha": 0.05, "sides": 2, "time": 9.0}
    for design, more in (
        (weighted_logrank_design, {"gamma": 1}),
        (rmst_design, {"tau": 2}),
        (milestone_design, {"tau": 2}),
    ):
        whole, parts = design(**ARMS, **shared, **more), design(strata=halves, **shared, **more)
        assert parts.power == close(whole.power, rel=1e-12)
        assert parts.looks[0].information_h0 == close(whole.looks[0].information_h0, rel=1e-12)


def test_maxcombo_bound_in_closed_form():
    """Without effect and censoring Cov(1, 1 - S) is 1/2 between variances 1 and 1/3: correlation sqrt(3) / 2.

    P(both below 0) = 1/4 + arcsin(sqrt(3) / 2) / (2 pi) = 5 / 12, so at a level of 7 / 12 the bound is 0.
    """
    design = maxcombo_design(
        tests=[(0, 0), (0, 1)], control=CONTROL, hazard_ratio=0.999, accrual=ACCRUAL, alpha=7 / 12, sides=1, time=LATE
    )
    assert design.correlation_h0[0][1] == close(math.sqrt(3) / 2, rel=1e-9)
    assert design.looks[0].z_upper == close(0.0, abs=1e-8)
    single = maxcombo_design(tests=[(0, 1)], **ARMS, accrual=ACCRUAL, alpha=0.05, sides=2, time=LATE)
    plain = weighted_logrank_design(**ARMS, gamma=1, accrual=ACCRUAL, alpha=0.05, sides=2, time=LATE)
    assert single.power == close(plain.power, abs=1e-9)


def test_maxcombo_power_is_a_bivariate_normal():
    """1 - P(Z_1 < c, Z_2 < c) with the means and correlation above, by scipy's own bivariate normal."""
    from scipy.stats import multivariate_normal

    design = maxcombo_design(tests=[(0, 0), (0, 1)], **ARMS, accrual=ACCRUAL, alpha=0.025, sides=1, time=LATE)
    variance = np.array([LOG2 / 4, 1 / 96 + (24 * LOG2 - 15.5) / 64])
    mean = np.sqrt(20.0) * np.array([LOG2 / 4, (4 * LOG2 - 1) / 16]) / np.sqrt(variance)
    rho = (1 / 32 + (5 * LOG2 - 3) / 16) / math.sqrt(variance.prod())
    assert design.means[0] == close(mean, rel=1e-11)
    below = multivariate_normal(mean, [[1, rho], [rho, 1]]).cdf([design.looks[0].z_upper] * 2)
    assert design.power == close(1 - below, abs=1e-7)
