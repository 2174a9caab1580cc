"""Laws that hold for any data: order, labels, scale of time, strata, weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import cox, kaplan_meier, logrank

ARMS = ("C", "E")


@st.composite
def trials(draw, *, ties=True, minimum=4):
    """Times, events, arms and strata of a small trial in which both arms occur and something happens."""
    n = draw(st.integers(minimum, 40))
    highest = 8 if ties else 10_000
    time = draw(st.lists(st.integers(1, highest), min_size=n, max_size=n, unique=not ties))
    event = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    arm = draw(st.lists(st.sampled_from(ARMS), min_size=n, max_size=n))
    stratum = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    time, event, arm, stratum = [*time, 1, 1], [*event, True, False], [*arm, "C", "E"], [*stratum, 0, 0]
    return np.array(time, dtype=float), np.array(event), np.array(arm), np.array(stratum)


def assert_close(a, b, tolerance=1e-9):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


@settings(deadline=None)
@given(trials())
def test_swapping_the_labels_flips_the_sign_of_z(trial):
    time, event, arm, stratum = trial
    one = logrank(time, event, arm, reference="C", strata=stratum)
    other = logrank(time, event, arm, reference="E", strata=stratum)
    assert_close(one.z, -other.z)
    assert_close(one.p_value, other.p_value)


@settings(deadline=None)
@given(trials())
def test_swapping_the_labels_inverts_the_hazard_ratio(trial):
    time, event, arm, stratum = trial
    one = cox(time, event, arm, reference="C", strata=stratum)
    other = cox(time, event, arm, reference="E", strata=stratum)
    assert_close(one.coef, -other.coef, 1e-7)
    assert_close(one.likelihood_ratio.chi_square, other.likelihood_ratio.chi_square)


@settings(deadline=None)
@given(trials(), st.integers(-30, 30))
def test_scaling_time_by_a_power_of_two_changes_no_statistic(trial, power):
    time, event, arm, stratum = trial
    scaled = time * 2.0**power
    options = {"time_tolerance": 0.0}
    one = logrank(time, event, arm, reference="C", strata=stratum, **options)
    other = logrank(scaled, event, arm, reference="C", strata=stratum, **options)
    assert one.chi_square == other.chi_square or (one.message and other.message)
    km, km_scaled = kaplan_meier(time, event, **options), kaplan_meier(scaled, event, **options)
    assert np.array_equal(km.curves[0].survival, km_scaled.curves[0].survival)
    assert km.median().time * 2.0**power == km_scaled.median().time or np.isnan(km.median().time)


@settings(deadline=None)
@given(trials(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(trial, random):
    time, event, arm, stratum = trial
    order = list(range(len(time)))
    random.shuffle(order)
    one = logrank(time, event, arm, reference="C", strata=stratum)
    other = logrank(time[order], event[order], arm[order], reference="C", strata=stratum[order])
    assert_close(one.chi_square, other.chi_square)
    a = kaplan_meier(time, event, group=arm)
    b = kaplan_meier(time[order], event[order], group=arm[order])
    for left, right in zip(a, b, strict=True):
        assert np.array_equal(left.survival, right.survival)


@settings(deadline=None)
@given(trials(), st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=6))
def test_a_one_arm_stratum_adds_nothing_to_the_treatment_comparison(trial, extra):
    time, event, arm, stratum = trial
    more = (
        np.append(time, [t for t, _ in extra]),
        np.append(event, [e for _, e in extra]),
        np.append(arm, ["E"] * len(extra)),
    )
    strata = np.append(stratum, [9] * len(extra))
    one = logrank(time, event, arm, reference="C", strata=stratum)
    other = logrank(*more, reference="C", strata=strata)
    assert_close(one.chi_square, other.chi_square)
    assert "9" in other.one_arm_strata
    assert_close(
        cox(time, event, arm, reference="C", strata=stratum).coef,
        cox(*more, reference="C", strata=strata).coef,
        1e-7,
    )


@settings(deadline=None)
@given(trials(), st.data())
def test_weights_equal_replication_except_for_efron(trial, data):
    time, event, arm, _ = trial
    weights = np.array(data.draw(st.lists(st.integers(1, 3), min_size=len(time), max_size=len(time))))
    replicated = [np.repeat(column, weights) for column in (time, event, arm)]
    a, b = logrank(time, event, arm, reference="C", weights=weights), logrank(*replicated, reference="C")
    assert_close(a.chi_square, b.chi_square)
    km, km_replicated = kaplan_meier(time, event, weights=weights), kaplan_meier(replicated[0], replicated[1])
    assert_close(km.curves[0].conf_low, km_replicated.curves[0].conf_low)
    fit = cox(time, event, arm, reference="C", weights=weights, ties="breslow")
    assert_close(fit.coef, cox(*replicated, reference="C", ties="breslow").coef, 1e-7)


def test_efron_with_weights_differs_from_replication():
    time, event, arm, weights = [1, 2, 3, 4], [1, 1, 1, 1], ["C", "E", "E", "C"], [3, 1, 2, 1]
    replicated = [np.repeat(np.array(column), weights) for column in (time, event, arm)]
    weighted = cox(time, event, arm, reference="C", weights=weights, ties="efron")
    assert abs(weighted.coef[0] - cox(*replicated, reference="C", ties="efron").coef[0]) > 0.01


@settings(deadline=None)
@given(trials())
def test_observed_and_expected_have_the_same_sum(trial):
    time, event, arm, stratum = trial
    test = logrank(time, event, arm, reference="C", strata=stratum)
    assert_close(test.observed.sum(), test.expected.sum())
    assert_close(test.covariance.sum(axis=0), 0.0)


@settings(deadline=None)
@given(trials(ties=False))
def test_without_ties_the_score_test_of_cox_is_the_logrank_test(trial):
    time, event, arm, _ = trial
    # The two subjects added to every trial are tied at 1, but only one of them has the event.
    time = np.where(time == 1, np.arange(len(time)) + 20_000.0, time)
    test = logrank(time, event, arm, reference="C")
    assert_close(test.chi_square, cox(time, event, arm, reference="C").score.chi_square, 1e-8)


@settings(deadline=None)
@given(trials())
def test_without_censoring_the_curve_is_the_share_still_alive(trial):
    time, _, _, _ = trial
    curve = kaplan_meier(time, np.ones(len(time))).curves[0]
    assert_close(curve.survival, [(time > t).mean() for t in curve.time])


@settings(deadline=None)
@given(trials(), st.sampled_from(["log", "log-log", "plain", "logit", "arcsine"]))
def test_limits_hold_the_estimate_and_stay_in_the_unit_interval(trial, conf_type):
    time, event, _, _ = trial
    curve = kaplan_meier(time, event, conf_type=conf_type).curves[0]
    known = ~np.isnan(curve.conf_low)
    assert (curve.conf_low[known] <= curve.survival[known] + 1e-12).all()
    assert (curve.conf_high[known] >= curve.survival[known] - 1e-12).all()
    assert curve.conf_low[known].min(initial=0.0) >= 0.0
    assert curve.conf_high[known].max(initial=1.0) <= 1.0


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_shifting_and_scaling_a_covariate_scales_its_coefficient(shift):
    rng = np.random.default_rng(5)
    time, event, x = rng.integers(1, 20, 80), rng.random(80) < 0.7, rng.normal(size=80)
    one, other = cox(time, event, x), cox(time, event, 1000.0 * x + shift)
    assert_close(one.coef, 1000.0 * other.coef, 1e-8)
