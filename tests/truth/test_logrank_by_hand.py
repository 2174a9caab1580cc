"""The log-rank test worked by hand in fractions: two strata, a tie across arms, a last subject alone."""

from fractions import Fraction
from math import erfc, sqrt

import pytest

from equipoise.analysis import logrank

F = Fraction

# Stratum 1: control 1, 3, 4+; experimental 2, 3, 5.   Stratum 2: control 2, 6; experimental 2+, 4.
TIME = [1, 3, 4, 2, 3, 5, 2, 6, 2, 4]
EVENT = [1, 1, 0, 1, 1, 1, 1, 1, 0, 1]
ARM = ["C", "C", "C", "E", "E", "E", "C", "C", "E", "E"]
STRATUM = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2]

# Stratum 1, experimental:  t=1: d 1, 3 of 6;  t=2: d 1, 3 of 5;  t=3: d 2, 2 of 4;  t=5: d 1, 1 of 1
EXPECTED_1 = F(3, 6) + F(3, 5) + 2 * F(2, 4) + F(1)
VARIANCE_1 = F(1, 4) + F(3, 5) * F(2, 5) + 2 * F(1, 2) * F(1, 2) * F(4 - 2, 4 - 1) + 0
# Stratum 2, experimental:  t=2: d 1 (control), 2 of 4;  t=4: d 1, 1 of 2;  t=6: d 1 (control), 0 of 1
EXPECTED_2 = F(2, 4) + F(1, 2) + 0
VARIANCE_2 = F(1, 4) + F(1, 4) + 0


def stratified(**options):
    return logrank(TIME, EVENT, ARM, reference="C", strata=STRATUM, **options)


def test_hand_values_themselves():
    assert F(31, 10) == EXPECTED_1
    assert F(247, 300) == VARIANCE_1
    assert EXPECTED_2 == 1
    assert F(1, 2) == VARIANCE_2


def test_one_stratum():
    test = logrank(TIME[:6], EVENT[:6], ARM[:6], reference="C")
    assert test.observed.tolist() == [2, 3]
    assert test.expected == pytest.approx([5 - 3.1, 3.1], abs=1e-14)
    assert test.u == pytest.approx(-0.1, abs=1e-14)
    assert test.variance == pytest.approx(float(VARIANCE_1), abs=1e-15)


def test_two_strata_are_summed():
    test = stratified()
    assert test.observed.tolist() == [4, 4]
    assert test.u == pytest.approx(float(4 - EXPECTED_1 - EXPECTED_2), abs=1e-14)
    assert test.variance == pytest.approx(float(VARIANCE_1 + VARIANCE_2), abs=1e-15)


def test_z_is_positive_when_the_experimental_arm_has_fewer_events_than_expected():
    test = stratified()
    z = 0.1 / sqrt(247 / 300 + 1 / 2)
    assert test.z == pytest.approx(z, abs=1e-13)
    assert test.chi_square == pytest.approx(z * z, abs=1e-13)
    assert test.p_value == pytest.approx(erfc(z / sqrt(2)), abs=1e-13)


def test_one_sided_p_values():
    z = stratified().z
    better, worse = stratified(alternative="experimental-better"), stratified(alternative="control-better")
    assert better.p_value == pytest.approx(0.5 * erfc(z / sqrt(2)), abs=1e-14)
    assert better.p_value + worse.p_value == pytest.approx(1, abs=1e-14)


def test_three_groups():
    # One time, one death (in A) among 2 A, 1 B, 1 C: E = 1/2, 1/4, 1/4 and
    # V = [[1/4, -1/8, -1/8], [-1/8, 3/16, -1/16], [-1/8, -1/16, 3/16]].
    # With A left out: U = (-1/4, -1/4), V = [[3, -1], [-1, 3]]/16, whose inverse is 2 [[3, 1], [1, 3]]:
    # chi-square = 2 (3 + 1 + 1 + 3)/16 = 1
    test = logrank([1, 2, 2, 2], [1, 0, 0, 0], ["A", "A", "B", "C"], reference="A")
    assert test.expected == pytest.approx([0.5, 0.25, 0.25])
    assert test.covariance[1] == pytest.approx([-1 / 8, 3 / 16, -1 / 16])
    assert (test.chi_square, test.df) == (pytest.approx(1.0, abs=1e-13), 2)


def test_no_event_while_both_groups_are_at_risk_has_no_statistic_but_a_message():
    test = logrank([1, 2, 3, 4], [0, 0, 0, 1], ["C", "C", "E", "E"], reference="C")
    assert test.z != test.z
    assert test.message == "no event happened while more than one group was at risk: there is nothing to compare"
    (row,) = [row for row in test.to_rows() if row.statistic == "p_value"]
    assert (row.value, row.value_text, row.error) == (None, "NE", test.message)
