"""Weighted log-rank tests worked by hand in fractions.

Control 1, 3, 4+; experimental 2, 3, 5. Event times, all six together:
t=1: d 1 (control), n 6, Y 3;   t=2: d 1 (experimental), n 5, Y 3;   t=3: d 2 (one each), n 4, Y 2;
t=5: d 1 (experimental), n 1, Y 1.
Pooled Kaplan-Meier before each: 1, 5/6, 2/3, 1/3.   Of Peto and Peto after each: 6/7, 5/7, 3/7, 3/14.
"""

from fractions import Fraction
from math import sqrt

import pytest

from equipoise.analysis import logrank

F = Fraction
TIME, EVENT, ARM = [1, 3, 4, 2, 3, 5], [1, 1, 0, 1, 1, 1], ["C", "C", "C", "E", "E", "E"]
SURPLUS = [F(-1, 2), F(2, 5), F(0), F(0)]
VARIANCE = [F(1, 4), F(6, 25), F(1, 3), F(0)]
BEFORE = [F(1), F(5, 6), F(2, 3), F(1, 3)]
PETO = [F(6, 7), F(6, 7) * F(5, 6), F(6, 7) * F(5, 6) * F(3, 5), F(6, 7) * F(5, 6) * F(3, 5) * F(1, 2)]
AT_RISK = [6, 5, 4, 1]

BY_HAND = [
    ({}, [1, 1, 1, 1]),
    ({"rho": 1}, BEFORE),
    ({"gamma": 1}, [1 - s for s in BEFORE]),
    ({"rho": 1, "gamma": 2}, [s * (1 - s) ** 2 for s in BEFORE]),
    ({"weighting": "gehan"}, AT_RISK),
    ({"weighting": "peto"}, PETO),
    ({"weighting": "modified-peto"}, [p * F(n, n + 1) for p, n in zip(PETO, AT_RISK, strict=True)]),
    ({"weighting": "modestly-weighted", "s_star": 0.75}, [F(1), F(6, 5), F(4, 3), F(4, 3)]),
    # The curve just after t* = 2 is 2/3; an event at t* itself counts.
    ({"weighting": "modestly-weighted", "t_star": 2}, [F(1), F(6, 5), F(3, 2), F(3, 2)]),
    ({"weighting": "modestly-weighted", "t_star": 0.5}, [1, 1, 1, 1]),
]


def test_hand_values_themselves():
    assert [F(6, 7), F(5, 7), F(3, 7), F(3, 14)] == PETO
    assert sum(SURPLUS) == F(-1, 10)


@pytest.mark.parametrize(("options", "weight"), BY_HAND, ids=[str(options) for options, _ in BY_HAND])
def test_weighted_sums(options, weight):
    test = logrank(TIME, EVENT, ARM, reference="C", **options)
    u = sum(w * s for w, s in zip(weight, SURPLUS, strict=True))
    variance = sum(w * w * v for w, v in zip(weight, VARIANCE, strict=True))
    assert test.u == pytest.approx(float(u), abs=1e-14)
    assert test.variance == pytest.approx(float(variance), rel=1e-14)
    assert test.z == pytest.approx(-float(u) / sqrt(variance), abs=1e-14)


def test_tarone_ware_weighs_by_the_root_of_the_number_at_risk():
    test = logrank(TIME, EVENT, ARM, reference="C", weighting="tarone-ware")
    assert test.u == pytest.approx(-0.5 * sqrt(6) + 0.4 * sqrt(5), abs=1e-14)
    assert test.variance == pytest.approx(6 / 4 + 5 * 0.24 + 4 / 3, rel=1e-14)


def test_weights_are_made_within_each_stratum():
    # The second stratum is the first with times ten-fold: its curve starts again at one, so the sums double.
    time, strata = TIME + [10 * t for t in TIME], [1] * 6 + [2] * 6
    one = logrank(TIME, EVENT, ARM, reference="C", rho=1)
    two = logrank(time, EVENT * 2, ARM * 2, reference="C", rho=1, strata=strata)
    assert (two.u, two.variance) == (pytest.approx(2 * one.u), pytest.approx(2 * one.variance))


def test_trend_over_three_groups():
    # One death (in A) among 2 A, 1 B, 1 C: O - E = (1/2, -1/4, -1/4), V as in three groups. Scores 0, 1, 2:
    # u = -1/4 - 2/4 = -3/4, variance = 3/16 - 4/16 + 4 * 3/16 = 11/16
    test = logrank([1, 2, 2, 2], [1, 0, 0, 0], ["A", "A", "B", "C"], reference="A", trend=True)
    assert test.scores == (0.0, 1.0, 2.0)
    assert (test.u, test.variance, test.df) == (pytest.approx(-0.75), pytest.approx(11 / 16), 1)
    assert test.z == pytest.approx(0.75 / sqrt(11 / 16))


def test_scores_by_name_follow_the_level_not_its_place():
    named = logrank([1, 2, 2, 2], [1, 0, 0, 0], ["A", "A", "B", "C"], reference="B", trend=True,
                    scores={"A": 0, "B": 1, "C": 2})  # fmt: skip
    assert named.levels == ("B", "A", "C")
    assert named.scores == (1.0, 0.0, 2.0)
    assert named.u == pytest.approx(-0.75)


def test_a_weight_of_zero_everywhere_has_no_statistic():
    test = logrank([1, 1, 2, 2], [1, 0, 0, 0], ["C", "E", "C", "E"], reference="C", gamma=1)
    assert test.z != test.z
    assert test.message == (
        "no event has a weight above zero under Fleming-Harrington(0, 1): there is nothing to compare"
    )
