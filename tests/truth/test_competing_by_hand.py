"""Cumulative incidence, Gray's test and Fine-Gray regression worked by hand on a few subjects."""

from math import log, sqrt

import pytest

from equipoise.analysis import cumulative_incidence, fine_gray, gray_test

# Times 1 2 3 4: cause 1, cause 2, censored, cause 1
TIME, EVENT = [1, 2, 3, 4], [1, 2, 0, 1]


def test_incidences_and_survival_add_up_to_one():
    # S: 3/4, 1/2, 1/2, 0. F_1: 1/4 at 1, + 1/2 x 1/1 at 4; F_2: 3/4 x 1/3 = 1/4 at 2
    both = cumulative_incidence(TIME, EVENT)
    assert both["1"].incidence.tolist() == [0.25, 0.25, 0.25, 0.75]
    assert both["2"].incidence.tolist() == [0, 0.25, 0.25, 0.25]
    assert both["1"].event_free.tolist() == [0.75, 0.5, 0.5, 0]


def test_variance_with_independent_causes():
    # At 2, F = 1/4 came at time 1 and nothing after: 1/4^2 = 1/16.
    # At 4: time 1 has r = (3/4 - 1/4)/(3/4) = 2/3: (1/3)^2 / 16 = 1/144; time 2, other cause, r = (1/2)/(1/2) = 1:
    # (3/4)^2 / 3^2 = 1/16; time 4, the last at risk: (1/2)^2 = 1/4
    curve = cumulative_incidence(TIME, EVENT)["1"]
    assert curve.std_error[1] ** 2 == pytest.approx(1 / 16)
    assert curve.std_error[3] ** 2 == pytest.approx(1 / 144 + 1 / 16 + 1 / 4)


def test_variance_by_the_delta_method():
    # At 4: time 1: 1/4 (1/4 x 1/9 - (1/4 x 1/3)^2) = 1/192; time 2: (9/16)/3 (1/3 - 1/9) = 1/24; time 4: all fail, 0
    curve = cumulative_incidence(TIME, EVENT, variance="greenwood")["1"]
    assert curve.std_error[3] ** 2 == pytest.approx(1 / 192 + 1 / 24)


def test_tied_failures_are_drawn_without_replacement():
    # Two of cause 1 among four: 1/2, variance (1 - 1/3) 2 / 16 = 1/12
    curve = cumulative_incidence([1, 1, 2, 2], [1, 1, 0, 0])["1"]
    assert curve.incidence[0] == 0.5
    assert curve.std_error[0] ** 2 == pytest.approx(1 / 12)


def test_limits():
    # F = 1/4, se = 1/4: log -+ z, log-log: log(-log F) has standard error 1 / |log F|
    z = 1.959963984540054
    (plain,) = cumulative_incidence(TIME, EVENT, conf_type="plain")["1"].at(2)
    assert (plain.conf_low, plain.conf_high) == pytest.approx((0, 0.25 + z / 4))
    (logs,) = cumulative_incidence(TIME, EVENT, conf_type="log")["1"].at(2)
    assert logs.conf_low == pytest.approx(0.25 * 2.718281828459045**-z)
    (both,) = cumulative_incidence(TIME, EVENT)["1"].at(2)
    assert log(log(both.conf_low) / log(0.25)) == pytest.approx(z / log(4))


def test_gray_for_two_subjects():
    # a fails at 1, b at 2. At 1 each counts 1: score of a = 1 - 1/2; influences are +-1/2, each process has variance
    # 1 / (2 x 1): V = 2 x (1/2)^2 x 1/2 = 1/4. At 2 only b is left: nothing. Chi-square (1/2)^2 / (1/4) = 1
    test = gray_test([1, 2], [1, 1], ["a", "b"])["1"]
    assert test.score.tolist() == [0.5, -0.5]
    assert test.covariance[0, 0] == pytest.approx(0.25)
    assert (test.chi_square, test.df) == (pytest.approx(1), 1)
    assert test.p_value == pytest.approx(0.31731050786)


def test_gray_counts_those_who_failed_of_the_other_cause():
    # a: other cause at 1, cause at 3; b: cause at 2, censored at 4. At 2: n_a = 1 and S_a(2-) = 1/2, so a counts 2, as
    # b does: score of b = 1 - 2/4. At 3: n_a / S_a = 2, free of the cause 1; n_b = 1, S_b = 1/2: 2, times
    # 1 - F_b = 1/2: score of b = 0 - 1/3
    test = gray_test([1, 3, 2, 4], [2, 1, 1, 0], list("aabb"))["1"]
    assert test.score[1] == pytest.approx(1 / 2 - 1 / 3)


def test_fine_gray_keeps_those_who_failed_of_another_cause():
    # x = 1 failed of the other cause at 1; the cause at 2 (x = 1) and 3 (x = 0). With t = exp(b):
    # L = t / (2 t + 1) x 1 / (1 + t): 1 / (2 t + 1) = t / (1 + t), so t = 1 / sqrt(2)
    fit = fine_gray([1, 2, 3], [2, 1, 1], [1.0, 1.0, 0.0], cause=1)
    assert fit.hazard_ratio[0] == pytest.approx(1 / sqrt(2))


def test_fine_gray_weighs_them_by_the_censoring_to_come():
    # One more, x = 0, censored at 1.5 among three: G(2-) = G(3-) = 2/3, and the lingering subject counts 2/3.
    # 1 / (1 + 5/3 t) = (2/3 t) / (1 + 2/3 t), so 10/9 t^2 = 1
    fit = fine_gray([1, 1.5, 2, 3], [2, 0, 1, 1], [1.0, 0.0, 1.0, 0.0], cause=1)
    assert fit.hazard_ratio[0] == pytest.approx(3 / sqrt(10))
    # Information: sum of p (1 - p), p = (5/3 t) / (1 + 5/3 t) at 2 and (2/3 t) / (1 + 2/3 t) at 3
    t = 3 / sqrt(10)
    p, q = (5 / 3 * t) / (1 + 5 / 3 * t), (2 / 3 * t) / (1 + 2 / 3 * t)
    assert fit.inverse_information[0, 0] == pytest.approx(1 / (p * (1 - p) + q * (1 - q)))
