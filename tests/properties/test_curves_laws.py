"""Laws of what is read off curves: scale of time, labels, weights, nesting of bands, coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import kaplan_meier, median_difference, milestone, nelson_aalen, rmst


@st.composite
def trials(draw):
    """Times, events and arms of a small trial with both arms and an event in each."""
    n = draw(st.integers(4, 30))
    time = draw(st.lists(st.integers(1, 12), min_size=n, max_size=n))
    event = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    arm = draw(st.lists(st.sampled_from("CE"), min_size=n, max_size=n))
    return (
        np.array([*time, 1, 1, 9, 9], dtype=float),
        np.array([*event, 1, 1, 0, 0], dtype=bool),
        np.array([*arm, *"CECE"]),
    )


@settings(deadline=None)
@given(trials(), st.integers(-20, 20))
def test_scaling_time_scales_means_and_changes_no_statistic(trial, power):
    time, event, arm = trial
    factor = 2.0**power
    one = rmst(time, event, arm, reference="C", tau=8, time_tolerance=0)
    other = rmst(time * factor, event, arm, reference="C", tau=8 * factor, time_tolerance=0)
    assert other.difference.estimate == one.difference.estimate * factor
    assert other.difference.z == one.difference.z
    assert other.ratio == one.ratio


@settings(deadline=None)
@given(trials())
def test_swapping_the_labels_flips_the_difference(trial):
    time, event, arm = trial
    one = rmst(time, event, arm, reference="C", tau=8)
    other = rmst(time, event, arm, reference="E", tau=8)
    assert one.difference.estimate == -other.difference.estimate
    assert one.ratio.estimate == pytest.approx(1 / other.ratio.estimate)
    a, b = (milestone(time, event, arm, at=5, reference=level) for level in "CE")
    assert (a.z == -b.z) or (np.isnan(a.z) and np.isnan(b.z))


@settings(deadline=None)
@given(trials(), st.integers(1, 4))
def test_weights_equal_repeated_rows(trial, times):
    time, event, arm = trial
    weight = np.where(np.arange(len(time)) % 2 == 0, times, 1)
    rows = np.repeat(np.arange(len(time)), weight)
    one = rmst(time, event, arm, reference="C", tau=8, weights=weight)
    other = rmst(time[rows], event[rows], arm[rows], reference="C", tau=8)
    assert one.difference.std_error == pytest.approx(other.difference.std_error)
    for ties in ("nelson-aalen", "fleming-harrington"):
        a = nelson_aalen(time, event, weights=weight, ties=ties).curves[0]
        b = nelson_aalen(time[rows], event[rows], ties=ties).curves[0]
        assert a.hazard == pytest.approx(b.hazard)
        assert a.std_error == pytest.approx(b.std_error)


@settings(deadline=None)
@given(trials())
def test_two_windows_add_up(trial):
    time, event, _ = trial
    km = kaplan_meier(time, event)
    assert km.rmst(4).rmst + km.rmst(8, start=4).rmst == pytest.approx(km.rmst(8).rmst)


@pytest.mark.parametrize("kind", ["hall-wellner", "equal-precision"])
def test_a_band_holds_the_pointwise_limits_and_a_wider_window_a_wider_band(kind):
    time, event = np.arange(1.0, 61), np.arange(60) % 4 > 0
    km = kaplan_meier(time, event, conf_type="log-log")
    (wide,), (narrow,) = km.bands(kind), km.bands(kind, 15, 40)
    assert wide.critical_value > narrow.critical_value
    point = km.curves[0]
    at = np.isin(point.time, narrow.time)
    assert (narrow.conf_low < point.conf_low[at]).all()
    assert (narrow.conf_high > point.conf_high[at]).all()


@pytest.mark.slow
def test_coverage_of_bands_means_and_medians():
    """Exponential times, a quarter censored, 200 a arm: shares of 2,000 trials that cover, within 4 standard errors.

    The bands and the median's limits are large-sample: an allowance of 1.5 points covers what 200 subjects leave.
    """
    rng, trials_drawn = np.random.default_rng(20), 2000
    hits = {"hall-wellner": 0, "equal-precision": 0, "rmst": 0, "median": 0}
    arm = np.repeat(["C", "E"], 200)
    for _ in range(trials_drawn):
        latent = rng.exponential(np.where(arm == "C", 1.0, 1.5))
        censored = rng.uniform(0.5, 4.0, 400)
        time, event = np.minimum(latent, censored), latent <= censored
        km = kaplan_meier(time[:200], event[:200], conf_type="log-log")
        for kind in ("hall-wellner", "equal-precision"):
            (band,) = km.bands(kind, 0.1, 1.5)
            # The curve steps down at an event: just before it the truth must lie under the former upper limit.
            truth, ahead = np.exp(-band.time), np.exp(-np.append(band.time[1:], 1.5))
            hits[kind] += bool((truth <= band.conf_high).all() and (ahead >= band.conf_low).all())
        means = rmst(time, event, arm, reference="C", tau=1.5).difference
        truth = 1.5 * (1 - np.exp(-1)) - (1 - np.exp(-1.5))
        hits["rmst"] += bool(means.conf_low <= truth <= means.conf_high)
        (median,) = median_difference(time, event, arm, reference="C").contrasts
        hits["median"] += bool(median.difference_low <= 0.5 * np.log(2) <= median.difference_high)
    allowed = 4 * np.sqrt(0.95 * 0.05 / trials_drawn)
    shares = {name: count / trials_drawn for name, count in hits.items()}
    assert all(abs(share - 0.95) < allowed + (0 if name == "rmst" else 0.015) for name, share in shares.items()), shares
