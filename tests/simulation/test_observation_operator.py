"""The observation operator: by hand on tiny schedules, and against patients drawn one by one."""

import math
from itertools import pairwise

import numpy as np
import pytest

from equipoise.protocol import load_trial
from equipoise.simulation.calibration import ArmDesign, solve_truth
from equipoise.simulation.courses import draw_courses
from equipoise.simulation.enrollment import draw_cohort
from equipoise.simulation.hazards import Hazards
from equipoise.simulation.observation import ScanPlan, expect_alive, expect_curve, expect_event_free, unseen
from equipoise.simulation.premises import calibrate, expect_followed, read_premises, scan_plan

RATE = 0.01
LATENT = Hazards((math.inf,), (RATE,))


def _exact(planned: tuple[int, ...]) -> ScanPlan:
    return ScanPlan(planned, 0, (1.0,), missed=0.0, suspicion=0.0, delay=1.0)


def test_daily_scans_show_the_latent_curve():
    free = expect_event_free(LATENT, 0.0, 0.0, _exact(tuple(range(1, 200))), 100)
    assert free == pytest.approx(np.exp(-RATE * np.arange(101)), abs=1e-12)


def test_two_exact_scans_make_a_staircase():
    # Scans on days 10 and 30: nothing is seen before 10; then everybody who progressed by 10; the rest at 30.
    free = expect_event_free(LATENT, 0.0, 0.0, _exact((10, 30)), 40)
    assert free[:10] == pytest.approx(np.ones(10))
    assert free[10:30] == pytest.approx(np.full(20, math.exp(-RATE * 10)))
    assert free[30:] == pytest.approx(np.full(11, math.exp(-RATE * 30)))


def test_jitter_spreads_the_step_and_a_missed_scan_lowers_it():
    # One scan on day 9, 10 or 11 with probabilities 1/4, 1/2, 1/4, missed in one case of ten. On day 9, those who
    # progressed by 9 are seen with probability 0.9 / 4; a progression of day 10 cannot be.
    plan = ScanPlan((10,), -1, (0.25, 0.5, 0.25), missed=0.1, suspicion=0.0, delay=1.0)
    free = expect_event_free(LATENT, 0.0, 0.0, plan, 20)
    by_nine = 1 - math.exp(-RATE * 9)
    assert free[9] == pytest.approx(1 - 0.9 * 0.25 * by_nine)
    on_ten, on_eleven = (math.exp(-RATE * (d - 1)) - math.exp(-RATE * d) for d in (10, 11))
    assert free[11] == pytest.approx(1 - 0.9 * (by_nine + 0.75 * on_ten + 0.25 * on_eleven))


def test_suspicion_shows_progression_without_a_scheduled_scan():
    # Half of progressions lead to a scan a day and an exponential time of mean 5 days later.
    plan = ScanPlan((1000,), 0, (1.0,), missed=0.0, suspicion=0.5, delay=5.0)
    seen = 1 - unseen(plan, 10).undetected[3, :6]
    assert seen == pytest.approx(0.5 * (1 - np.exp(-np.arange(6) / 5.0)))


def test_death_before_progression_counts_and_after_it_too():
    free = expect_event_free(LATENT, 0.002, 0.05, _exact((1000,)), 60)
    assert free[60] == pytest.approx(expect_alive(LATENT, 0.002, 0.05, 60), rel=1e-4)
    equal = expect_alive(LATENT, 0.003, 0.003, 60)
    assert equal == pytest.approx(math.exp(-0.003 * 60), rel=1e-6)


def test_complete_follow_up_leaves_the_curve_as_it_is():
    plan = _exact((20, 40, 60))
    free = expect_event_free(LATENT, 0.0, 0.0, plan, 70)
    curve = expect_curve(free, np.ones(200), plan)
    assert curve.survival == pytest.approx(free)
    assert curve.at(41) == pytest.approx(math.exp(-RATE * 40))
    assert curve.at(40.9) == pytest.approx(math.exp(-RATE * 20))


def test_censoring_at_the_last_scan_takes_patients_out_of_the_risk_set_early():
    # A third of patients is followed to day 25 only, censored at the scan of day 20; events of day 40 are judged on the
    # others, so the curve is still right, because follow-up is independent.
    plan = _exact((20, 40, 60))
    free = expect_event_free(LATENT, 0.0, 0.0, plan, 50)
    followed = np.where(np.arange(200) <= 25, 1.0, 2 / 3)
    assert expect_curve(free, followed, plan).survival == pytest.approx(free)
    # With deaths between scans the backdated censoring biases the curve downwards, as it does in real trials.
    dying = expect_event_free(LATENT, 0.004, 0.0, plan, 50)
    assert expect_curve(dying, followed, plan).survival[24] < dying[24] - 0.001


def test_expected_median_of_a_smooth_curve_is_its_median():
    plan = _exact(tuple(range(1, 600)))
    curve = expect_curve(expect_event_free(LATENT, 0.0, 0.0, plan, 400), np.ones(1000), plan)
    # The mean of the sample median lies above the median by about 1 / (2 n rate), half a day for 100 patients.
    assert curve.expected_median(100_000) == pytest.approx(math.log(2) / RATE + 1, abs=0.6)
    assert 0 < curve.expected_median(100) - curve.expected_median(100_000) < 1.5


@pytest.mark.parametrize("every", [42, 56, 84])
def test_calibration_undoes_the_observation(every: int):
    plan = ScanPlan(tuple(range(every, 3000, every)), -5, (1 / 11,) * 11, missed=0.03, suspicion=0.4, delay=10.0)
    observed = Hazards((150.0, math.inf), (0.005, 0.004))
    design = ArmDesign(observed, 900.0, 400.0, 120, plan, (1.0,) * 3000)
    solved = solve_truth(design)
    met = {row["quantity"]: row for row in solved.rows if row["wanted"] is not None}
    assert len(met) == 3
    for row in met.values():
        assert row["met"] == pytest.approx(row["wanted"], rel=1e-5)
    assert solved.death_after > solved.death_before > 0


def test_operator_agrees_with_patients_drawn_one_by_one():
    palmira = load_trial("palmira")
    identity = palmira.trial.model_copy(
        update={"enrollment": palmira.trial.enrollment.model_copy(update={"value": 6000})}
    )
    small = read_premises(palmira, palmira.scenario(None, use="synthesize"))
    large = read_premises(palmira.model_copy(update={"trial": identity}), small.scenario)
    truth = calibrate(small)
    courses = draw_courses(large, truth, draw_cohort(large, 5, 0), 5, 0)
    plan = scan_plan(small, 900.0)
    for arm, law in truth.items():
        event = np.array([course.event for course in courses if course.patient.arm == arm and course.dropped > 700])
        free = expect_event_free(law.progression, law.death_before, law.death_after, plan, 500)
        for day in (40, 57, 63, 100, 140, 170, 230, 365, 480):
            error = math.sqrt(free[day] * (1 - free[day]) / len(event))
            assert abs(float(np.mean(event > day)) - free[day]) < 4 * error, (arm, day)


def test_follow_up_falls_from_one_to_nothing():
    palmira = load_trial("palmira")
    followed = expect_followed(read_premises(palmira, palmira.scenario("published")))
    assert followed[0] == pytest.approx(1.0)
    assert all(later <= earlier for earlier, later in pairwise(followed))
    assert followed[-1] < 0.05
