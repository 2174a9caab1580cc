"""The generalized log-rank test of four patients, every score and every labelling worked by hand.

control (0, 1]  (0, 1]      experimental (1, 2]  (3, not seen)

estimate of all: mass 1/2 in (0, 1], 1/4 in (1, 2], 1/4 after 3;   S = 1, 1/2, 1/4, 0
Sun: hazards 1/2, 1/2, 1, summed 1/2, 1, 2;   f(S) = -S x sum = 0, -1/4, -1/4, 0
    (0, 1]: (0 + 1/4) / (1/2) = 1/2      (1, 2]: (-1/4 + 1/4) / (1/4) = 0     (3, .): (-1/4 - 0) / (1/4) = -1
Finkelstein: f(S) = S log S = 0, -log(2)/2, -log(2)/2, 0:   scores log 2, log 2, 0, -2 log 2
Wilcoxon: S(left) + S(right) - 1 = 1/2, 1/2, -1/4, -3/4
U = 0 - 1 = -1;   s^2 = (1/4 + 1/4 + 0 + 1) / 3 = 1/2;   V = s^2 (2 - 2 x 2 / 4) = 1/2;   Z = 1 / sqrt(1/2)
labellings (two of four): sums 1, 1/2, 1/2, -1/2, -1/2, -1: two of six are as extreme, one is as low
"""

import math

import numpy as np
import pytest

from equipoise.analysis import interval_logrank

LEFT, RIGHT, GROUP = [0, 0, 1, 3], [1, 1, 2, math.inf], ["C", "C", "E", "E"]
LOG2 = math.log(2.0)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [("sun", [0.5, 0.5, 0, -1]), ("finkelstein", [LOG2, LOG2, 0, -2 * LOG2]), ("wilcoxon", [0.5, 0.5, -0.25, -0.75])],
)
def test_scores(scores, expected):
    test = interval_logrank(LEFT, RIGHT, GROUP, reference="C", scores=scores)
    assert test.subject_scores == pytest.approx(expected, abs=1e-12)
    assert test.u == pytest.approx([sum(expected[:2]), sum(expected[2:])], abs=1e-12)


def test_statistic():
    test = interval_logrank(LEFT, RIGHT, GROUP, reference="C")
    assert test.variance == pytest.approx(0.5, abs=1e-12)
    assert test.z == pytest.approx(math.sqrt(2.0), abs=1e-12)
    assert test.chi_square == pytest.approx(2.0, abs=1e-12)
    assert test.p_value == pytest.approx(math.erfc(1.0), abs=1e-12)
    one_sided = interval_logrank(LEFT, RIGHT, GROUP, reference="C", alternative="experimental-better")
    assert one_sided.p_value == pytest.approx(math.erfc(1.0) / 2, abs=1e-12)


def test_exact_p_value():
    options = {"reference": "C", "p_value": "exact"}
    both = interval_logrank(LEFT, RIGHT, GROUP, **options)
    assert (both.p_value, both.permutations) == (pytest.approx(2 / 6), 6)
    better = interval_logrank(LEFT, RIGHT, GROUP, **options, alternative="experimental-better")
    assert better.p_value == pytest.approx(1 / 6)
    worse = interval_logrank(LEFT, RIGHT, GROUP, **options, alternative="control-better")
    assert worse.p_value == pytest.approx(1.0)


def test_monte_carlo_p_value_is_near_the_exact_one():
    test = interval_logrank(LEFT, RIGHT, GROUP, reference="C", p_value="monte-carlo", draws=20_000, seed=3)
    assert abs(test.p_value - 2 / 6) < 4 * math.sqrt(2 / 6 * 4 / 6 / 20_000)
    assert test.p_error == pytest.approx(math.sqrt(2 / 6 * 4 / 6 / 20_000), rel=0.05)


def test_strata_add_up():
    """Two copies as two strata: U and V double."""
    test = interval_logrank(LEFT * 2, RIGHT * 2, GROUP * 2, reference="C", strata=[1] * 4 + [2] * 4)
    assert test.u == pytest.approx([2, -2], abs=1e-12)
    assert test.variance == pytest.approx(1.0, abs=1e-12)
    exact = interval_logrank(LEFT * 2, RIGHT * 2, GROUP * 2, reference="C", strata=[1] * 4 + [2] * 4, p_value="exact")
    # Sums of two of {1, 1/2, 1/2, -1/2, -1/2, -1}: only 1 + 1 and -1 - 1 reach 2 in size.
    assert (exact.p_value, exact.permutations) == (pytest.approx(2 / 36), 36)


def test_three_groups():
    """One patient each: V = s^2 (I - 1/3), so chi-square = sum of squared scores / s^2 = n - 1 = 2."""
    test = interval_logrank([0, 1, 2], [1, 2, 3], ["a", "b", "c"], reference="a")
    assert test.chi_square == pytest.approx(2.0, abs=1e-12)
    assert test.df == 2
    assert test.p_value == pytest.approx(math.exp(-1.0), abs=1e-12)
    assert np.isnan(test.z)
