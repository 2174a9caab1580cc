"""Kernels and bounds of joint feasibility, every value worked by hand."""

import math

import numpy as np
import pytest

from equipoise.evidence.feasibility_bounds import narrowest_limits, score_bound, violations
from equipoise.evidence.feasibility_check import joint_feasibility
from equipoise.evidence.feasibility_targets import Wanted, targets_of
from equipoise.evidence.standard_error import Reading
from equipoise.kernels.plain import feasibility as plain
from made_up_published import published

# Two patients an arm: experimental event at 1, censored at 3; control events at 2 and 4.
ARM, EVENT = np.array([1, 0, 1, 0]), np.array([1, 1, 0, 1])
TIME = np.array([1.0, 2.0, 3.0, 4.0])
LEFT = np.array([2.0, 2.0])
NONE = np.full((0, 9), math.nan)


def numbers_at_risk() -> np.ndarray:
    """Control, experimental at the three events: 2, 2; 2, 1; 1, 0."""
    return np.array([[2.0, 2.0], [2.0, 1.0], [1.0, 0.0]])


def test_the_hazard_ratio_of_four_patients_is_the_root_of_two():
    """1 = h/(h+2/2) + h/(h+2) + 0 gives (h+1)(h+2) = 2 h^2 + 3 h, so h^2 = 2."""
    b, information = plain.cox_binary(numbers_at_risk(), 3, 1.0, 0.0)
    h = math.sqrt(2.0)
    assert math.exp(b) == pytest.approx(h, rel=1e-12)
    p = (h / (h + 1.0), h / (h + 2.0))
    assert information == pytest.approx(sum(one * (1.0 - one) for one in p), rel=1e-9)


def test_the_log_rank_z_of_four_patients():
    """U = 1 - 1/2 - 1/3 = 1/6, V = 1/4 + 2/9 = 17/36, z = -U / sqrt V = -1 / sqrt 17."""
    assert plain.logrank_binary(numbers_at_risk(), 3, 1.0) == pytest.approx(-1.0 / math.sqrt(17.0), rel=1e-12)


def test_misses_are_counted_in_their_units():
    """S of the control arm at 2.5 is 1/2: a box of 0.53 to 0.54 is 3 units of 0.01 away."""
    landmark = np.array([[0.0, 2.5, 0.53, 0.54, *[math.nan] * 5]])
    none = np.full((2, 7), math.nan)
    room = np.empty((4, 2))
    miss, d = plain.curve_misses(TIME, ARM, EVENT, LEFT, landmark, none, room)
    assert miss == pytest.approx(3.0)
    assert d == 3
    assert room[:3].tolist() == numbers_at_risk().tolist()
    effect = np.array([math.log(1.41), math.log(1.42), *[math.nan] * 5])
    found, b = plain.misfit(TIME, ARM, EVENT, LEFT, NONE, none, effect, np.full(4, math.nan), room, 0.0)
    assert found == 0.0
    assert math.exp(b) == pytest.approx(math.sqrt(2.0))


def test_a_rate_below_the_share_still_at_risk_is_impossible():
    """80 of 100 are at risk at 8 months, so S(6) >= 80/100; 60% prints from 59.5 to 60.5."""
    trial = published(
        rates=[{"at": 6, "experimental": "60"}],
        at_risk={"times": [0, 8], "experimental": [100, 80], "control": [100, 70]},
    )
    (broken,) = violations(Wanted(trial, trial.results[0], Reading()))
    assert broken.sure
    assert "still at risk" in broken.said
    assert "= 1.0000 x 80 / 100 = 0.8000" in broken.arithmetic[0]
    assert joint_feasibility(trial, trial.results[0]).finding.status == "inconsistent"


def test_too_many_events_leave_no_high_rate():
    """90 events of 100, of which at most 10 after 5 months: S(6) <= 1 - 80/100 = 20%, and 40% is printed."""
    trial = published(
        rates=[{"at": 6, "experimental": "40"}], experimental={"events": 90},
        at_risk={"times": [0, 5], "experimental": [100, 10], "control": [100, 20]},
    )  # fmt: skip
    found = violations(Wanted(trial, trial.results[0], Reading()))
    assert any("= 1 - (90 - 10) / 100 = 0.2000" in line for one in found for line in one.arithmetic)


def test_few_events_cannot_bring_a_curve_low():
    """5 events with 50 left at 12 months: S(6) >= 50/55 = 0.909, and 80% is printed."""
    trial = published(
        rates=[{"at": 6, "experimental": "80"}], experimental={"events": 5},
        at_risk={"times": [0, 12], "experimental": [100, 50], "control": [100, 50]},
    )  # fmt: skip
    found = violations(Wanted(trial, trial.results[0], Reading()))
    assert any("50 / 55 = 0.9091" in line for one in found for line in one.arithmetic)


def test_an_interval_of_a_rate_is_no_narrower_than_without_censoring():
    """S = 1/2 of 100: Var log S >= 1/100, so plain limits are 0.5 -+ 0.5 z / 10 = 0.402 and 0.598 at z = 1.96."""
    low, high = narrowest_limits(0.5, 100, 1.96)[2]
    assert (low, high) == (pytest.approx(0.402), pytest.approx(0.598))
    trial = published(rates=[{"at": 6, "experimental": "50.0 (95% 47.0-53.0)"}])
    (broken,) = violations(Wanted(trial, trial.results[0], Reading()))
    assert "no interval as narrow as 47.0-53.0" in broken.said


def test_numbers_at_risk_that_rise_are_impossible():
    trial = published(at_risk={"times": [0, 3, 6], "experimental": [100, 70, 75], "control": [100, 60, 40]})
    (broken,) = violations(Wanted(trial, trial.results[0], Reading()))
    assert "75 at risk at 6 after 70 at 3" in broken.said


def test_the_largest_score_of_two_intervals():
    """Control 10 -> 4 -> 0, experimental 10 -> 8 -> 0, events 10 and 2, ratio 1.

    Own events: 2 of 8 places in the last interval, p >= 1/(1 + 4) = 0.2, or 2 in the first, p >= 8/18: 2 x 0.2 = 0.4.
    Control events: 4 of the last interval, p >= 0; 6 of the first, p >= 8/18: 6 x 4/9 = 2.667. U <= 2 - 0.4 - 2.667.
    """
    assert score_bound([10, 4], [10, 8], 10, 2, 1.0) == pytest.approx(2.0 - 0.4 - 6.0 * 4.0 / 9.0)


def test_a_ratio_that_events_and_numbers_at_risk_rule_out_needs_the_text_to_say_unstratified():
    """With the counts above doubled tenfold, Cox's score at 0.995 is below zero, so a printed 1.00 is too high."""
    parts = {
        "experimental": {"events": 20}, "control": {"events": 100},
        "at_risk": {"times": [0, 6], "experimental": [100, 80], "control": [100, 40]},
    }  # fmt: skip
    for stratified, sure in ((False, True), (None, False)):
        trial = published({"value": "1.00", "stratified": stratified}, **parts)
        found = [one for one in violations(Wanted(trial, trial.results[0], Reading())) if "numbers at risk" in one.said]
        assert [one.sure for one in found] == [sure]
        assert "hazard ratio is lower than 1.00" in found[0].said


def test_boxes_end_just_inside_the_rounding_interval():
    trial = published("0.80", test={"p": "<.001"})
    targets = targets_of(Wanted(trial, trial.results[0], Reading()))
    assert np.exp(targets.effect[:2]) == pytest.approx([0.7951, 0.8049])
    assert targets.test[0] == pytest.approx(3.2905, abs=1e-4)
    assert math.isinf(targets.test[1])
