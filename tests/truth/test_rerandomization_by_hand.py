"""Re-randomization, exact, one-sample, adjusted and MaxCombo tests on trials small enough to list every case."""

from itertools import permutations, product
from math import erfc, log, sqrt

import numpy as np
import pytest

from equipoise.analysis import (
    adjusted_logrank,
    logrank,
    logrank_exact,
    maxcombo,
    one_sample_logrank,
    rerandomization_test,
)
from equipoise.analysis.label_schemes import scheme_of_arms
from equipoise.kernels.plain.normal_region import normal_box

# Four patients die at 1, 2, 3, 4; scores event - sum d/n: 3/4, 5/12, -1/12, -13/12.
TIME, EVENT = [1, 2, 3, 4], [1, 1, 1, 1]
SCORES = [3 / 4, 5 / 12, -1 / 12, -13 / 12]


def test_scores():
    assert logrank_exact(TIME, EVENT, list("CCEE"), reference="C").scores == pytest.approx(SCORES, abs=1e-15)


def test_exact_distribution_of_two_of_four():
    # O - E of the six labellings: 12 14/12, 13 8/12, 14 -4/12, 23 4/12, 24 -8/12, 34 -14/12. Observed 34.
    test = logrank_exact(TIME, EVENT, list("CCEE"), reference="C")
    assert (test.u, test.permutations) == (pytest.approx(-14 / 12), 6)
    assert (test.p_experimental_better, test.p_control_better) == (pytest.approx(1 / 6), 1.0)
    assert test.p_value == pytest.approx(2 / 6)
    middle = logrank_exact(TIME, EVENT, list("CECE"), reference="C", two_sided="twice-smaller-tail")
    assert (middle.p_experimental_better, middle.p_value) == (pytest.approx(2 / 6), pytest.approx(4 / 6))


def test_blocks_of_two_leave_four_labellings():
    # Blocks (1, 2) and (3, 4): O - E of labels on 13 8/12, 14 -4/12, 23 4/12, 24 -8/12. Observed 24: the lowest.
    scheme = {"method": "permuted-blocks", "ratio": {"C": 1, "E": 1}, "block_sizes": 2}
    test = rerandomization_test(TIME, EVENT, list("CECE"), reference="C", scheme=scheme, statistic="o-e",
                       alternative="experimental-better")  # fmt: skip
    assert (test.exact, test.draws, test.observed) == (True, 4, pytest.approx(8 / 12))
    assert (test.p_value, test.p_error) == (1 / 4, 0.0)
    assert test.reference_mean == pytest.approx(0.0, abs=1e-15)


def test_an_unfinished_block_is_the_beginning_of_a_full_one():
    # One block of 4 (2:2) with three patients: EE. 1/6, and each other pattern with two 1/6, with one 1/6.
    scheme = {"method": "permuted-blocks", "ratio": {"C": 1, "E": 1}, "block_sizes": [4]}
    test = rerandomization_test([1, 2, 3], [1, 1, 1], list("CEE"), reference="C", scheme=scheme, statistic="o-e",
                       alternative="experimental-better")  # fmt: skip
    # Scores 2/3, 1/6, -5/6: CEE has -4/6, CCE -5/6 and no other is as low.
    assert test.p_value == pytest.approx(2 / 6)


def test_complete_randomization_two_to_one():
    # Weights (1/3)^a (2/3)^b; only EE and CE have O - E at or below that of CE (scores 1/2, -1/2).
    scheme = {"method": "complete", "ratio": {"C": 1, "E": 2}}
    test = rerandomization_test([1, 2], [1, 1], list("CE"), reference="C", scheme=scheme, statistic="o-e",
                       alternative="experimental-better")  # fmt: skip
    assert test.p_value == pytest.approx(2 / 9)


def test_two_of_three_arms_by_enumeration():
    # Two blocks of A, B, C, the second unfinished. Of the 6 x 6 arrangements those with B where it was put are drawn
    # with equal chances: their labels of A and C are those of blocks of two.
    arms = np.array(["B", "A", "C", "C", "B"])
    orders = [np.array(first + second)[:5] for first, second in product(permutations("ABC"), repeat=2)]
    kept = [labels for labels in orders if ((labels == "B") == (arms == "B")).all()]
    time, pair = np.array([1.0, 4.0, 2.0, 3.0, 5.0]), arms != "B"
    event = np.ones(3)
    options = {"reference": "C", "strata": None}
    z = [logrank(time[pair], event, labels[pair], **options).z for labels in kept]
    observed = logrank(time[pair], event, arms[pair], **options).z
    expected = np.mean([value >= observed - 1e-9 for value in z])

    scheme = scheme_of_arms(
        {"method": "permuted-blocks", "ratio": {"A": 1, "B": 1, "C": 1}, "block_sizes": 3}, ["A", "C"]
    )
    assert scheme == {"method": "permuted-blocks", "ratio": {"A": 1, "C": 1}, "block_sizes": 2}
    found = rerandomization_test(
        time[pair], event, arms[pair], reference="C", scheme=scheme, alternative="experimental-better"
    )
    assert found.exact
    assert found.p_value == pytest.approx(expected, abs=1e-15)


def test_sizes_drawn_again_are_those_of_the_pair():
    scheme = {"method": "permuted-blocks", "ratio": {"A": 2, "B": 2, "C": 1}, "redraw": [5, 10]}
    assert scheme_of_arms(scheme, ["C", "A"])["redraw"] == [3, 6]
    assert scheme_of_arms(scheme, ["A", "B", "C"]) == scheme


def test_z_of_every_labelling_is_that_of_logrank():
    time, event, strata = [3, 1, 4, 1, 5, 9, 2, 6], [1, 1, 0, 1, 1, 0, 1, 1], [1, 1, 1, 1, 2, 2, 2, 2]
    arm = list("ECECCEEC")
    scheme = {"method": "permutation"}
    test = rerandomization_test(time, event, arm, reference="C", strata=strata, scheme=scheme)
    halves = sorted(set(permutations("CCEE")))
    z = [logrank(time, event, [*one, *two], reference="C", strata=strata).z for one, two in product(halves, halves)]
    above = sum(value >= test.observed - 1e-9 for value in z) / 36
    below = sum(value <= test.observed + 1e-9 for value in z) / 36
    assert (test.draws, test.p_value) == (36, pytest.approx(min(1.0, 2 * min(above, below))))


def test_one_sample_against_an_exponential_curve():
    # H(t) = t / 10 over times 2, 5, 8 and one event at each of the first two: E 1.5, O 2.
    test = one_sample_logrank([2, 5, 8], [1, 1, 0], cumulative_hazard=lambda t: t / 10)
    assert (test.observed, test.expected) == (2, pytest.approx(1.5))
    assert test.z == pytest.approx(-0.5 / sqrt(1.5))
    assert test.p_value == pytest.approx(erfc(0.5 / sqrt(1.5) / sqrt(2)))
    average = one_sample_logrank([2, 5, 8], [1, 1, 0], survival=lambda t: np.exp(-t / 10), variance="average")
    assert average.z == pytest.approx(-0.5 / sqrt(1.75))
    # P(X >= 2) for a Poisson mean of 1.5 is 1 - 2.5 exp(-1.5).
    worse = one_sample_logrank([2, 5, 8], [1, 1, 0], expected=[0.2, 0.5, 0.8], alternative="control-better")
    assert worse.exact_p_value == pytest.approx(1 - 2.5 * np.exp(-1.5))


def test_one_sample_with_delayed_entry_and_piecewise_hazards():
    hazards = {"breaks": [4], "rates": [0.1, 0.2]}
    test = one_sample_logrank([3, 6], [1, 0], entry=[0, 2], hazards=hazards)
    assert test.expected == pytest.approx(0.3 + (0.2 + 0.4))


def test_limits_of_the_ratio_without_events():
    test = one_sample_logrank([2, 5], [0, 0], expected=[0.5, 0.5])
    assert (test.conf_low, test.conf_high) == (0.0, pytest.approx(-log(0.025)))


def test_adjustment_by_a_covariate_worked_by_hand():
    # Deaths at 1 (C), 2 (E), 3 (C), 4 (E); at risk C/E 2/2, 1/2, 1/1, 0/1. O_i, other arm's share (dN - Y d/n):
    # t=1: C 1/2 (1 - 1/4) and -1/8, E -1/8 each; t=2: C -2/9, E 1/3 (1 - 1/3) = 2/9 and -1/9;
    # t=3: C 1/2 * 1/2, E -1/4; t=4: 0.
    # C: 3/8; -1/8 - 2/9 + 1/4 = -7/72.  E: -1/8 + 2/9 = 7/72; -1/8 - 1/9 - 1/4 = -35/72.
    # U = E sum - C sum = -28/72 - 20/72 = -2/3. x = 0, 1 (C), 1, 3 (E), mean 5/4:
    # slopes C -34/72, E -42/144 = -21/72. Shift: E (4 - 5/2)(-21/72) - C (1 - 5/2)(-34/72) = -31.5/72 - 51/72.
    test = adjusted_logrank([1, 3, 2, 4], EVENT, list("CCEE"), reference="C", covariates={"x": [0, 1, 1, 3]})
    assert test.u_unadjusted == pytest.approx(-2 / 3)
    assert test.u == pytest.approx(-48 / 72 + 82.5 / 72)
    # Variance 1/4 + 2/9 + 1/4, less n/4 times the covariance of x, 19/12, times the slopes' sum squared.
    assert test.variance_unadjusted == pytest.approx(13 / 18)
    assert test.variance == pytest.approx(13 / 18 - 19 / 12 * (55 / 72) ** 2)


def test_normal_box_in_closed_form():
    # Orthants: 1/4 + arcsin(r) / (2 pi); equal correlation 1/2 in m dimensions: 1 / (m + 1).
    for r in (-0.9, 0.0, 0.5, 0.999):
        found = normal_box(np.full(2, -np.inf), np.zeros(2), np.array([[1, r], [r, 1]]))
        assert found == pytest.approx(0.25 + np.arcsin(r) / (2 * np.pi), abs=1e-14)
    for m in (3, 4):
        half = (np.eye(m) + 1) / 2
        assert normal_box(np.full(m, -np.inf), np.zeros(m), half) == pytest.approx(1 / (m + 1), abs=1e-12)


def test_normal_box_with_singular_correlation():
    # Z3 = (Z1 + Z2) / sqrt(2): the square of half-width c loses four corners, each by a line at distance c.
    s = sqrt(0.5)
    singular = np.array([[1, 0, s], [0, 1, s], [s, s, 1]])
    x = np.linspace(-1, 1, 200_001)
    middle = (x[1:] + x[:-1]) / 2
    high, low = np.minimum(1, sqrt(2) - middle), np.maximum(-1, -sqrt(2) - middle)
    tail = np.vectorize(lambda t: 0.5 * erfc(t / sqrt(2)))
    area = (np.exp(-(middle**2) / 2) / sqrt(2 * np.pi) * (tail(low) - tail(high))).sum() * 1e-5
    assert normal_box(-np.ones(3), np.ones(3), singular) == pytest.approx(area, abs=1e-9)
    # A test repeated any number of times is one test.
    assert normal_box(-np.ones(5), np.ones(5), np.ones((5, 5))) == pytest.approx(1 - erfc(sqrt(0.5)), abs=1e-14)


def test_maxcombo_of_one_test_is_that_test():
    one = logrank([3, 1, 4, 1, 5, 9, 2, 6], [1, 1, 0, 1, 1, 0, 1, 1], list("ECECCEEC"), reference="C", gamma=1)
    for alternative in ("two-sided", "experimental-better", "control-better"):
        combined = maxcombo(
            [3, 1, 4, 1, 5, 9, 2, 6], [1, 1, 0, 1, 1, 0, 1, 1], list("ECECCEEC"), reference="C",
            tests=[(0, 1), (0, 1)], alternative=alternative,
        )  # fmt: skip
        assert (combined.z_max, combined.z.tolist()) == (pytest.approx(one.z), pytest.approx([one.z, one.z]))
        assert combined.p_value == pytest.approx(combined.single_p[0], abs=1e-12)
