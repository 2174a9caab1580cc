"""What every reconstruction holds: cleaning twice is cleaning once, totals and numbers at risk are met exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.evidence.curve_points import CurvePoints, clean_points
from equipoise.evidence.reconstructed_arms import CurveArm
from equipoise.evidence.reconstruction import Reconstruction, reconstruct_curves
from equipoise.evidence.risk_numbers import RiskNumbers, risk_numbers


@st.composite
def patients(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(8, 60))
    days = draw(st.lists(st.integers(1, 400), min_size=n, max_size=n))
    event = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    event[:3] = [True, True, True]
    return np.array(days) / 10.0, np.array(event)


def curve_of(time: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    at = np.unique(time[event])
    left = [1.0 - ((time == t) & event).sum() / (time >= t).sum() for t in at]
    return at, np.cumprod(left)


def exact_arm(time: np.ndarray, event: np.ndarray, label: str = "A", *, events: bool = True) -> CurveArm:
    at, height = curve_of(time, event)
    points = CurvePoints(label, at, height, 1e-6, float(time.max()), stepped=True)
    return CurveArm(label, points, table_of(time), int(event.sum()) if events else None)


def table_of(time: np.ndarray) -> RiskNumbers:
    times = np.linspace(0.0, float(time.max()) * 0.9, 5)
    return risk_numbers(times, [(time >= at).sum() for at in times])


def check_table(found: Reconstruction, label: str, risk: RiskNumbers) -> None:
    frame = found.patients()
    time = frame.filter(frame["arm"] == label)["time"].to_numpy()
    assert [int((time >= at).sum()) for at in risk.time] == risk.count.tolist()


@given(patients())
@settings(max_examples=40, deadline=None)
def test_exact_steps_come_back(data):
    """Curve, events and numbers at risk of any patients, but for what a fall to zero does not tell."""
    time, event = data
    arm = exact_arm(time, event)
    found = reconstruct_curves([arm])
    counts = found.counts[0]
    assert np.abs(counts.height_at(arm.points.time) - arm.points.height).max() < 1e-5
    assert counts.n_events == arm.events
    assert counts.n == len(time)
    check_table(found, "A", arm.risk)


@given(patients(), st.integers(0, 2**32), st.sampled_from(["constrained", "guyot"]))
@settings(max_examples=30, deadline=None)
def test_noisy_points_keep_totals_and_numbers_at_risk(data, seed, method):
    time, event = data
    rng = np.random.default_rng(seed)
    at, height = curve_of(time, event)
    clicks = np.sort(rng.uniform(0.0, time.max(), 60))
    seen = np.append(1.0, height)[np.searchsorted(at, clicks, side="right")] + rng.normal(0.0, 0.003, 60)
    points = clean_points(np.append(0.0, clicks), np.append(1.0, seen), arm="A", error=0.01)
    arm = CurveArm("A", points, table_of(time), int(event.sum()))
    found = reconstruct_curves([arm], method=method)
    assert len(found.patients()) == len(time)
    check_table(found, "A", arm.risk)
    if method == "constrained":
        assert abs(found.counts[0].n_events - arm.events) <= max(2, 0.1 * arm.events)


@given(st.lists(st.tuples(st.floats(0.1, 50), st.floats(0.05, 0.9)), min_size=3, max_size=40), st.floats(0.03, 0.1))
@settings(deadline=None)
def test_cleaning_is_idempotent(pairs, error):
    heights = sorted((height for _, height in pairs), reverse=True)
    times = sorted(time for time, _ in pairs)
    noise = np.resize([0.0, 0.01, -0.01], len(pairs))
    time, height = np.append(0.0, times), np.append(1.0, np.clip(np.array(heights) + noise, 0.0, 1.0))
    once = clean_points(time, height, error=error)
    again = clean_points(once.time, once.height, error=error)
    assert again.height == pytest.approx(once.height, abs=1e-12)
    assert (np.diff(once.height) <= 1e-12).all()
    assert again.notes == ()


def two_arms() -> list[CurveArm]:
    rng = np.random.default_rng(5)
    arms = []
    for label, mean in (("Experimental", 9.0), ("Control", 6.0)):
        time, event = rng.exponential(mean, 80), rng.random(80) < 0.8
        arms.append(exact_arm(time, event, label, events=False))
    return arms


def test_an_ensemble_is_the_same_for_the_same_seed_and_another_for_another():
    arms = two_arms()
    first, again, other = (reconstruct_curves(arms, ensemble=3, seed=seed) for seed in (1, 1, 2))
    assert first.patients(2).equals(again.patients(2))
    assert not first.patients(2).equals(other.patients(2))
    assert not first.patients(2).equals(first.patients(3))
    assert first.patients().equals(other.patients())


def test_members_of_an_ensemble_keep_patients_and_numbers_at_risk():
    arms = two_arms()
    found = reconstruct_curves(arms, ensemble=4)
    for member in range(1, 5):
        frame = found.patients(member)
        for arm in arms:
            time = frame.filter(frame["arm"] == arm.label)["time"].to_numpy()
            assert [int((time >= at).sum()) for at in arm.risk.time] == arm.risk.count.tolist()


def test_tables_hold_the_same_patients_in_days():
    found = reconstruct_curves(two_arms(), unit="weeks")
    plain, adtte = found.patients(), found.adtte(paramcd="OS")
    assert adtte["AVAL"].to_numpy() == pytest.approx(7.0 * plain["time"].to_numpy())
    assert (1 - adtte["CNSR"]).sum() == plain["event"].sum()
    assert adtte["PARAMCD"].unique().to_list() == ["OS"]
    assert found.adsl()["USUBJID"].n_unique() == len(plain)
