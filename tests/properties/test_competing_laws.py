"""Laws of competing-risk estimates: what they become without a second cause, weights, order, scale, size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import cox, cumulative_incidence, fine_gray, gray_test, kaplan_meier


@st.composite
def trials(draw, causes=2):
    n = draw(st.integers(4, 40))
    time = draw(st.lists(st.integers(1, 10), min_size=n, max_size=n))
    event = draw(st.lists(st.integers(0, causes), min_size=n, max_size=n))
    arm = draw(st.lists(st.sampled_from("CE"), min_size=n, max_size=n))
    return np.array([*time, 1, 2, 3, 4], dtype=float), np.array([*event, 1, 1, 0, 0]), np.array([*arm, *"CEEC"])


@settings(deadline=None)
@given(trials(causes=1))
def test_one_cause_is_one_minus_kaplan_meier(trial):
    time, event, _ = trial
    km = kaplan_meier(time, event == 1).curves[0]
    curve = cumulative_incidence(time, event, variance="greenwood")["1"]
    assert curve.incidence == pytest.approx(1 - km.survival, abs=1e-12)
    known = km.survival > 0
    assert curve.std_error[known] == pytest.approx(km.std_error[known], abs=1e-7)


@settings(deadline=None)
@given(trials(causes=3))
def test_incidences_and_survival_share_out_one(trial):
    time, event, _ = trial
    found = cumulative_incidence(time, event)
    total = sum(curve.incidence for curve in found)
    assert total + kaplan_meier(time, event > 0).curves[0].survival == pytest.approx(1.0)


@settings(deadline=None)
@given(trials())
def test_gray_does_not_depend_on_names_or_scale(trial):
    time, event, arm = trial
    one = gray_test(time, event, arm)["1"]
    other = gray_test(time * 2.0**9, event, np.where(arm == "C", "Z", "E"), time_tolerance=0)["1"]
    if np.isnan(one.chi_square):
        assert one.message == other.message
    else:
        assert other.chi_square == pytest.approx(one.chi_square, rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(trials(), st.integers(1, 3))
def test_weights_equal_repeated_rows(trial, times):
    time, event, _ = trial
    weight = np.where(np.arange(len(time)) % 2 == 0, times, 1)
    rows = np.repeat(np.arange(len(time)), weight)
    one, other = (
        cumulative_incidence(time, event, weights=weight)["1"],
        cumulative_incidence(time[rows], event[rows])["1"],
    )
    assert one.incidence == pytest.approx(other.incidence)
    assert one.std_error == pytest.approx(other.std_error, abs=1e-9)


def test_fine_gray_with_one_cause_is_cox_with_breslow_ties():
    i = np.arange(80)
    time, event, x = 1.0 + (i * 37) % 23, (i * 7) % 3 > 0, np.sin(i * 12.9898)
    one = fine_gray(time, event.astype(int), x)
    other = cox(time, event, x, ties="breslow")
    assert one.coef[0] == pytest.approx(other.coef[0], rel=1e-9)
    assert one.inverse_information[0, 0] == pytest.approx(other.covariance[0, 0], rel=1e-9)


@pytest.mark.slow
def test_size_of_gray_and_coverage_of_fine_gray():
    """2,000 null trials of 300: Gray rejects 5% within 4 standard errors; Fine-Gray's 95% limits cover 1 as often."""
    rng, drawn = np.random.default_rng(7), 2000
    rejected = covered = 0
    arm = np.repeat(["C", "E"], 150)
    for _ in range(drawn):
        latent = rng.exponential(1.0, 300)
        cause = 1 + (rng.random(300) < 0.4)
        censored = rng.uniform(0.2, 3.0, 300)
        time, event = np.minimum(latent, censored), np.where(latent <= censored, cause, 0)
        rejected += gray_test(time, event, arm)["1"].p_value < 0.05
        low, high = fine_gray(time, event, arm, cause=1, reference="C").conf_int[0]
        covered += low <= 1 <= high
    allowed = 4 * np.sqrt(0.05 * 0.95 / drawn)
    assert abs(rejected / drawn - 0.05) < allowed
    assert abs(covered / drawn - 0.95) < allowed
