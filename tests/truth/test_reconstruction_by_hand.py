"""Six patients whose curve is worked by hand, and what a reconstruction makes of it.

time   1      2      3      4      5      6
       event  cens.  event  event  cens.  event
risk   6      5      4      3      2      1
S      5/6           5/6*3/4 = 5/8
                            5/8*2/3 = 5/12
                                          0
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.curve_knots import HeightBound, curve_knots
from equipoise.evidence.curve_points import CurvePoints, clean_points
from equipoise.evidence.ensemble import Ensemble, EnsembleMember, area
from equipoise.evidence.guyot import guyot_reconstruction
from equipoise.evidence.joint_statistics import JointStatistics, joint_statistics
from equipoise.evidence.reconstructed_arms import CurveArm
from equipoise.evidence.reconstruction import reconstruct_curves
from equipoise.evidence.risk_numbers import risk_numbers

TIME = [1.0, 3.0, 4.0, 6.0]
HEIGHT = [5 / 6, 5 / 8, 5 / 12, 0.0]


def stepped() -> CurvePoints:
    return CurvePoints("A", np.array(TIME), np.array(HEIGHT), 1e-5, 6.0, stepped=True)


def test_exact_steps_give_every_patient_back_without_numbers_at_risk():
    """5/6 is one of six; 3/4 of that is one of four, so one of five left before; 2/3 one of three. A fall to 0 is
    one of one or two of two: that there are four events tells."""
    found = reconstruct_curves([CurveArm("A", stepped(), risk_numbers([], [], n=6), events=4)]).counts[0]
    happened = found.events > 0
    assert found.time[happened].tolist() == TIME
    assert found.events[happened].tolist() == [1, 1, 1, 1]
    assert found.at_risk[happened].tolist() == [6, 4, 3, 1]
    time, event = found.patients()
    assert time[event].tolist() == TIME
    # Censored between 1 and 3, and between 4 and 6: halfway where nothing else is known.
    assert time[~event].tolist() == [2.0, 5.0]


def test_guyot_gives_every_patient_back_with_numbers_at_risk():
    """At risk 6, 4, 2 at 0, 2.5, 4.5: between, one event and one censored; the guess n S'/S - n' is 6*5/6 - 4 = 1."""
    risk = risk_numbers([0.0, 2.5, 4.5], [6, 4, 2])
    points = clean_points([0.0, *TIME], [1.0, *HEIGHT], arm="A")
    found = guyot_reconstruction(points, risk, events=4)
    time, event = found.patients()
    assert time[event].tolist() == TIME
    assert [int((time >= at).sum()) for at in (0.0, 2.5, 4.5)] == [6, 4, 2]
    assert found.survival[found.events > 0] == pytest.approx(HEIGHT)


def test_numbers_at_risk_place_a_censoring_before_or_after_their_time():
    """One censored between 1 and 3: with 4 at risk at 1.5 it left before 1.5, with 5 after."""
    for count, low, high in ((4, 1.0, 1.5), (5, 1.5, 3.0)):
        risk = risk_numbers([0.0, 1.5], [6, count])
        time, event = reconstruct_curves([CurveArm("A", stepped(), risk, events=4)]).counts[0].patients()
        assert low < time[~event][0] < high


def test_censoring_ticks_place_the_censored():
    points = CurvePoints("A", np.array(TIME), np.array(HEIGHT), 1e-5, 6.0, stepped=True, marks=np.array([1.2, 5.9]))
    found = reconstruct_curves([CurveArm("A", points, risk_numbers([], [], n=6), events=4)])
    assert found.patients()["time"].to_list() == [1.0, 1.2, 3.0, 4.0, 5.9, 6.0]


def test_cleaning_pools_rises():
    """1, 0.8, 0.9, 0.6 with errors of 0.05: 0.8 and 0.9 become their mean."""
    found = clean_points([0, 1, 2, 3], [1.0, 0.8, 0.9, 0.6], error=0.05)
    assert found.height == pytest.approx([1.0, 0.85, 0.85, 0.6])
    assert found.notes == ("2 heights moved, by 0.0500 at most, so that none rises",)


def test_percent_is_told_from_share_and_the_lowest_of_one_time_kept():
    found = clean_points([0, 2, 2, 4], [100.0, 90.0, 70.0, 40.0])
    assert found.time.tolist() == [0.0, 2.0, 4.0]
    assert found.height == pytest.approx([1.0, 0.7, 0.4])
    assert found.notes == ("heights read as percent", "1 points stand above another at the same time")


def test_a_restricted_mean_is_the_area_under_the_steps():
    """1*1 + 2*5/6 + 1*5/8 + 1*5/12 up to 5."""
    counts = ArmCounts(6, np.array(TIME), np.array([1, 1, 1, 1]), np.array([0, 1, 0, 1, 0]), 6.0)
    assert area(counts, 5.0) == pytest.approx(1.0 + 2 * 5 / 6 + 5 / 8 + 5 / 12)


def test_statistics_of_four_patients():
    """Experimental events at 2, 4; control at 1, 3. O - E of the experimental: 2 - (1/2 + 2/3 + 1/2 + 1) = -2/3;
    V = 1/4 + 2/9 + 1/4 + 0 = 13/18; Z = (2/3) / sqrt(13/18). One-sided P is that of Z."""
    found = joint_statistics(np.array([2.0, 4.0, 1.0, 3.0]), np.ones(4, dtype=bool), np.array([1, 1, 0, 0]))
    z = (2 / 3) / math.sqrt(13 / 18)
    assert found.z == pytest.approx(z)
    assert found.p_value(2) == pytest.approx(math.erfc(z / math.sqrt(2)))
    assert found.p_value(1) == pytest.approx(found.p_value(2) / 2)
    # The score of Cox at b, r = e^b: 2 - r/(1+r) * 2 - 2r/(2r+1) - 1 = 0 (no ties), found at its root.
    r = found.hazard_ratio
    assert 1 - 2 * r / (1 + r) - 2 * r / (2 * r + 1) == pytest.approx(0.0, abs=1e-9)


def test_the_variance_of_an_ensemble_is_within_plus_between():
    """log HR 0.0 and 0.2, each with SE 0.1: mean 0.1, between 0.02, whole 0.01 + 1.5 * 0.02 = 0.04."""
    members = tuple(
        EnsembleMember((), JointStatistics(value, 0.1, 0.0), (1.0, 1.0), (1.0, 1.0)) for value in (0.0, 0.2)
    )
    mean, spread, whole = Ensemble(members, 1.0).pooled_ratio()
    assert (mean, spread, whole) == pytest.approx((0.1, math.sqrt(0.02), 0.2))


def test_knots_merge_points_numbers_at_risk_and_bounds():
    risk = risk_numbers([0.0, 2.5], [6, 4])
    knots = curve_knots(stepped(), risk, [HeightBound(5.0, 0.3, 0.45, 0.01)])
    assert knots.time.tolist() == [1.0, 2.5, 3.0, 4.0, 5.0, 6.0]
    assert knots.most.tolist() == [6, 4, 4, 4, 4, 4]
    assert knots.fewest.tolist() == [4, 4, 0, 0, 0, 0]
    assert knots.free.tolist() == [True, False, True, True, False, True]
    assert (knots.low[4], knots.high[4]) == (0.3, 0.45)
