"""Pools small enough to work by hand, with every intermediate value."""

import math

import numpy as np
import pytest

from equipoise.analysis import cox, logrank, rmst
from equipoise.evidence import StudyEffect, effect_from_interval, effect_from_p, pool, pool_patients


def studies(effects: list[float], errors: list[float]) -> list[StudyEffect]:
    return [StudyEffect(name=n, effect=y, std_error=s) for n, y, s in zip("ABCD", effects, errors, strict=False)]


def test_three_trials_of_equal_precision():
    """y = -0.6, -0.3, 0.0; v = 0.04 each, so w = 25.

    Mean -0.3. Q = 25 (0.09 + 0 + 0.09) = 4.5, df 2. DL: C = 75 - 1875 / 75 = 50, tau2 = (4.5 - 2) / 50 = 0.05. With
    equal v all three estimators agree: sum (y - mean)^2 / 2 = 0.09 = v + tau2. I2 = 2.5 / 4.5, H2 = 2.25.
    """
    trials = studies([-0.6, -0.3, 0.0], [0.2, 0.2, 0.2])
    fixed = pool(trials, method="fixed")
    assert fixed.effect == pytest.approx(-0.3, abs=1e-15)
    assert fixed.std_error == pytest.approx(math.sqrt(1.0 / 75.0), rel=1e-15)
    assert fixed.heterogeneity.q == pytest.approx(4.5, rel=1e-14)
    assert fixed.heterogeneity.p_value == pytest.approx(math.exp(-2.25), rel=1e-13)
    for method in ("dersimonian-laird", "reml", "paule-mandel"):
        found = pool(trials, method=method)
        assert found.tau2 == pytest.approx(0.05, rel=1e-12)
        assert found.std_error == pytest.approx(math.sqrt(0.09 / 3.0), rel=1e-12)
        assert found.heterogeneity.i2 == pytest.approx(2.5 / 4.5, rel=1e-12)
        assert found.heterogeneity.h2 == pytest.approx(2.25, rel=1e-12)
        assert found.weights == pytest.approx((1 / 3, 1 / 3, 1 / 3), rel=1e-12)


def test_prediction_interval_of_three_trials():
    """One degree of freedom: t(0.975, 1) = tan(0.475 pi) = 12.7062; sqrt(0.03 + 0.05) = 0.282843."""
    found = pool(studies([-0.6, -0.3, 0.0], [0.2, 0.2, 0.2]), method="dersimonian-laird")
    reach = math.tan(0.475 * math.pi) * math.sqrt(0.08)
    assert found.predicted == pytest.approx((math.exp(-0.3 - reach), math.exp(-0.3 + reach)), rel=1e-10)
    assert pool(studies([-0.6, 0.0], [0.2, 0.2])).predicted is None
    assert pool(studies([-0.6, 0.0], [0.2, 0.2]), prediction="k-1").predicted is not None


def test_hartung_knapp_of_three_trials():
    """q = sum w (y - mean)^2 / 2 with w = 1 / 0.09 is 1 at the DL estimate; fixed, w = 25: q = 2.25, SE^2 = 0.03."""
    trials = studies([-0.6, -0.3, 0.0], [0.2, 0.2, 0.2])
    assert pool(trials, method="fixed", interval="hartung-knapp").std_error == pytest.approx(math.sqrt(0.03))
    close = studies([-0.31, -0.3, -0.29], [0.2, 0.2, 0.2])
    narrow = pool(close, interval="hartung-knapp").std_error
    # q = 25 (0.0001 + 0.0001) / 2 = 0.0025: the interval would be a twentieth as wide as the normal one's.
    assert narrow == pytest.approx(math.sqrt(0.0025 / 75.0), rel=1e-10)
    assert pool(close, interval="hartung-knapp-adhoc").std_error == pytest.approx(math.sqrt(1.0 / 75.0), rel=1e-12)


def test_interval_of_tau2_by_the_q_profile():
    """Equal v: the generalized Q at tau2 is 0.18 / (0.04 + tau2), so its limits are 0.18 / chi2 - 0.04.

    Chi-square quantiles with 2 degrees of freedom are -2 log(1 - p): 7.377759 and 0.050636.
    """
    found = pool(studies([-0.6, -0.3, 0.0], [0.2, 0.2, 0.2])).tau2_interval
    assert found[0] == max(0.0, 0.18 / (-2.0 * math.log(0.025)) - 0.04) == 0.0
    assert found[1] == pytest.approx(0.18 / (-2.0 * math.log(0.975)) - 0.04, rel=1e-12)


def test_two_unequal_trials():
    """y = 0, 1; v = 1, 0.25; w = 1, 4. Mean 0.8; Q = 0.64 + 4 x 0.04 = 0.8 = 1 / (v1 + v2), below 1 df: tau2 = 0."""
    found = pool(studies([0.0, 1.0], [1.0, 0.5]), method="dersimonian-laird")
    assert (found.effect, found.tau2) == (pytest.approx(0.8), 0.0)
    assert found.heterogeneity.q == pytest.approx(0.8)
    assert found.without == ()


def test_standard_error_of_an_interval_and_of_a_p_value():
    """exp(-+1.959964 x 0.1) about 0.8; P two-sided .05 is z 1.959964."""
    reach = 1.959963984540054 * 0.1
    by_interval = effect_from_interval("A", 0.8, 0.8 * math.exp(-reach), 0.8 * math.exp(reach), level=95)
    assert by_interval.std_error == pytest.approx(0.1, rel=1e-14)
    assert effect_from_p("A", 0.8, 0.05, sides=2).std_error == pytest.approx(-math.log(0.8) / 1.959963984540054)
    assert effect_from_p("A", 0.8, 0.025, sides=1).std_error == pytest.approx(-math.log(0.8) / 1.959963984540054)


def test_printed_digits_bound_the_standard_error():
    """0.66-1.07 is 0.655 to 1.075 at the widest: log(1.075 / 0.655) / (2 x 1.959964) = 0.12640."""
    found = effect_from_interval("A", "0.84", "0.66", "1.07", level=95, randomized=198)
    assert found.largest_std_error == pytest.approx(math.log(1.075 / 0.655) / (2 * 1.959963984540054), rel=1e-14)
    assert found.least_std_error == pytest.approx(2.0 / math.sqrt(198))
    assert not found.possible
    assert effect_from_interval("A", "0.84", "0.66", "1.07", level=95, randomized=251).possible


def two_trials() -> tuple[list[float], list[int], list[str], list[str]]:
    """Two trials of six patients, on times that interleave."""
    time = [1.0, 3, 5, 2, 4, 6, 2, 5, 8, 3, 7, 9]
    event = [1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1]
    return time, event, (["c"] * 3 + ["e"] * 3) * 2, ["X"] * 6 + ["Y"] * 6


def test_one_stage_log_rank_adds_the_trials():
    """Observed - expected of the experimental arm, and its variance, summed over the trials.

    X: at 1 3/6, at 2 3/5, at 3 2/4, at 4 2/3, at 6 1/1: E = 0.5 + 0.6 + 0.5 + 2/3 + 1 = 3.266667, O = 3;
    V = 1/4 + 6/25 + 1/4 + 2/9 + 0 = 0.962222.
    Y: at 2 3/6, at 3 3/5, at 5 2/4, at 8 1/2, at 9 1/1: E = 0.5 + 0.6 + 0.5 + 0.5 + 1 = 3.1, O = 2;
    V = 1/4 + 6/25 + 1/4 + 1/4 + 0 = 0.99.
    """
    time, event, arm, trial = two_trials()
    found = pool_patients(time, event, arm, trial, reference="c")
    assert found.logrank.u == pytest.approx((3 - 3.2666666666666666) + (2 - 3.1), abs=1e-12)
    assert found.logrank.variance == pytest.approx(0.9622222222222222 + 0.99, abs=1e-12)
    assert found.logrank.z == pytest.approx(1.3666666666666667 / math.sqrt(1.9522222222222223))


def test_stages_are_those_of_analysis():
    time, event, arm, trial = two_trials()
    found = pool_patients(time, event, arm, trial, reference="c", tau=5.0, method="fixed", endpoint="PFS")
    one = cox(time, event, arm, reference="c", strata=trial)
    assert found.cox.coef[0] == one.coef[0]
    assert found.logrank.chi_square == logrank(time, event, arm, reference="c", strata=trial).chi_square
    parts = [slice(0, 6), slice(6, 12)]
    fits = [cox(time[p], event[p], arm[p], reference="c") for p in parts]
    w = np.array([1.0 / fit.std_error[0] ** 2 for fit in fits])
    y = np.array([fit.coef[0] for fit in fits])
    assert found.two_stage is not None
    assert found.two_stage.effect == pytest.approx(float(w @ y / w.sum()), rel=1e-12)
    means = [rmst(time[p], event[p], arm[p], reference="c", tau=5.0).difference for p in parts]
    w = np.array([1.0 / mean.std_error**2 for mean in means])
    assert found.rmst is not None
    assert found.rmst.estimate == pytest.approx(float(w @ [mean.estimate for mean in means] / w.sum()), rel=1e-12)
    analyses = {row.analysis for row in found.to_rows()}
    assert analyses == {"pool-patients", "pool", "pool-rmst"}


def test_restricted_means_end_where_every_arm_still_has_data():
    time, event, arm, trial = two_trials()
    # The largest times of the four arms are 5, 6, 8 and 9.
    assert pool_patients(time, event, arm, trial, reference="c").tau == 5.0
