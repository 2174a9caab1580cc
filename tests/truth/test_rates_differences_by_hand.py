"""Rates, differences, odds ratios and tests on tables small enough to work by hand."""

from math import asin, log, pi, sqrt

import numpy as np
import pytest

from equipoise.analysis import (
    cmh,
    cmh_general,
    exact_unconditional,
    odds_ratio,
    pool_strata,
    rate_difference,
    rate_interval,
    rate_test,
    two_by_two,
)
from equipoise.frames.results import ResultTable
from equipoise.kernels.plain.binomial_score import Tables, restricted_rates

Z = 1.959963984540054


def close(value):
    return pytest.approx(value, abs=1e-13)


def test_wilson_without_events():
    # p² = z² p (1 - p) / 10, so p = z² / (10 + z²)
    interval = rate_interval(0, 10, method="wilson")
    assert (interval.conf_low, interval.conf_high) == (0, close(Z**2 / (10 + Z**2)))


def test_wilson_of_a_half():
    # Center 1/2; half width z sqrt(1/8 + z²/16) / (1 + z²/2)
    half = Z * sqrt(1 / 8 + Z**2 / 16) / (1 + Z**2 / 2)
    interval = rate_interval(1, 2, method="wilson")
    assert (interval.conf_low, interval.conf_high) == (close(0.5 - half), close(0.5 + half))


def test_wilson_continuity_solves_its_equation():
    interval = rate_interval(3, 10, method="wilson-continuity")
    for limit in (interval.conf_low, interval.conf_high):
        assert (abs(0.3 - limit) - 0.05) ** 2 == close(Z**2 * limit * (1 - limit) / 10)


def test_jeffreys_of_one_in_one():
    # Beta(3/2, 1/2) has the distribution function (2/pi) (asin sqrt(p) - sqrt(p (1 - p)))
    interval = rate_interval(1, 1, method="jeffreys")
    p = interval.conf_low
    assert 2 / pi * (asin(sqrt(p)) - sqrt(p * (1 - p))) == close(0.025)
    assert interval.conf_high == 1


def test_agresti_coull_and_wald():
    # Two of four: center 1/2, variances (1/4)/(4 + z²) and (1/4)/4
    added, plain = rate_interval(2, 4, method="agresti-coull"), rate_interval(2, 4, method="wald")
    assert added.conf_high == close(0.5 + Z * sqrt(0.25 / (4 + Z**2)))
    assert plain.conf_high == close(0.5 + Z * sqrt(0.25 / 4))


def test_newcombe_from_its_wilson_limits():
    # Limits of 3/4 and 1/4 mirror each other: l1 = 1 - u2. So both distances below are 3/4 - l1.
    one = rate_interval(3, 4, method="wilson")
    difference = rate_difference(3, 4, 1, 4)
    assert difference.estimate == 0.5
    assert difference.conf_low == close(0.5 - sqrt(2) * (0.75 - one.conf_low))
    assert difference.conf_high == close(0.5 + sqrt(2) * (one.conf_high - 0.75))


@pytest.mark.parametrize("weights", ["cmh", "sample-size", "equal", "wilson"])
def test_equal_strata_are_one_table(weights):
    # Two equal strata carry weight 1/2 each; at quantile z / sqrt(2) their Wilson limits are those of the doubled
    # counts at z, and Yan and Su's distance z sqrt(l (1 - l) / 2n) is Newcombe's p - l by Wilson's equation.
    single, double = rate_difference(14, 20, 6, 16), rate_difference([7, 7], [10, 10], [3, 3], [8, 8], weights=weights)
    assert double.weights == close((0.5, 0.5))
    assert (double.conf_low, double.conf_high) == close((single.conf_low, single.conf_high))


def test_score_test_of_no_difference_is_the_chi_square():
    # 3/4 v 1/4: chi-square (2/4)² / (1/4 (1/4 + 1/4)) = 2; with N/(N - 1) in the variance 2 * 7/8
    assert rate_test(3, 4, 1, 4, method="chi-square").chi_square == close(2)
    assert rate_difference(3, 4, 1, 4, method="mee").z ** 2 == close(2)
    assert rate_difference(3, 4, 1, 4, method="miettinen-nurminen").z ** 2 == close(7 / 4)
    # Yates: (|3 - 2| - 1/2)² in the place of 1: a quarter of 2
    assert rate_test(3, 4, 1, 4, method="chi-square-continuity").chi_square == close(0.5)
    assert rate_test(3, 4, 1, 4, method="chi-square-n-1").chi_square == close(7 / 4)
    # 2 (6 log(3/2) + 2 log(1/2)): cells 3, 1, 1, 3 expect 2 each
    assert rate_test(3, 4, 1, 4, method="likelihood-ratio").chi_square == close(12 * log(1.5) + 4 * log(0.5))
    # Unpooled: (1/2)² / (2 * (3/16) / 4) = 8/3
    assert rate_test(3, 4, 1, 4, method="wald").chi_square == close(8 / 3)
    assert rate_difference(3, 4, 1, 4, method="wald").z ** 2 == close(8 / 3)


def test_restricted_rates_of_mirrored_counts():
    # 3/4 and 1/4 with p1 - p2 = d: by symmetry p1 = (1 + d)/2, p2 = (1 - d)/2 for every d
    table = Tables(*(np.array([float(v)]) for v in (3, 4, 1, 4)))
    for d in (-0.6, 0.0, 0.3, 0.9):
        p1, p2 = restricted_rates(table, d)
        assert (p1[0], p2[0]) == close(((1 + d) / 2, (1 - d) / 2))


def test_score_limits_solve_their_equation():
    # There the variance is 2 (1 - d²)/4/4 * 8/7 = (1 - d²)/7: (1/2 - d)² = z² (1 - d²)/7, a quadratic in d
    a, b, c = 1 + Z**2 / 7, -1.0, 0.25 - Z**2 / 7
    low, high = ((-b + s * sqrt(b * b - 4 * a * c)) / (2 * a) for s in (-1, 1))
    found = rate_difference(3, 4, 1, 4, method="miettinen-nurminen")
    assert (found.conf_low, found.conf_high) == close((low, high))


def test_sato_variance():
    # One table 3/4 v 1/4: P = (16*1 - 16*3 + 0)/64 = -1/2, Q = (3*3 + 1*1)/16 = 5/8, divided by (16/8)²:
    # (1/2 * -1/2 + 5/8)/4 = 3/32
    found = rate_difference(3, 4, 1, 4, method="sato")
    assert found.conf_high == close(min(0.5 + Z * sqrt(3 / 32), 1.0))
    assert found.z == close(0.5 / sqrt(3 / 32))


TWO = ([3, 1], [4, 2], [1, 0], [4, 2])


def test_cmh_of_two_strata():
    # E: 4*4/8 = 2 and 2*1/4 = 1/2; V: 4*4*4*4/(64*7) = 4/7 and 2*2*1*3/(16*3) = 1/4; sum 23/28.
    # (4 - 5/2)² = 9/4, so 63/23; corrected (3/2 - 1/2)² = 1, so 28/23
    test = cmh(*TWO)
    assert (test.observed, test.expected) == (4, 2.5)
    assert test.chi_square == close(63 / 23)
    assert cmh(*TWO, correct=True).chi_square == close(28 / 23)
    assert test.z > 0


def test_general_cmh_of_two_groups_is_cmh():
    rows = [(1, "E", "s")] * 3 + [(0, "E", "s")] + [(1, "C", "s")] + [(0, "C", "s")] * 3
    rows += [(1, "E", "t"), (0, "E", "t"), (0, "C", "t"), (0, "C", "t")]
    event, group, stratum = zip(*rows, strict=True)
    for association in ("general", "mean-score", "correlation"):
        test = cmh_general(list(event), list(group), strata=list(stratum), association=association)
        assert (test.chi_square, test.df) == (close(63 / 23), 1)


def test_mantel_haenszel_odds_ratio():
    # R = 3*3/8 + 1*2/4 = 13/8, S = 1*1/8 + 0 = 1/8: 13. With P = 3/4, Q = 1/4 in both:
    # sum PR = 39/32, PS = 3/32, QR = 13/32, QS = 1/32; variance 3/13 + 16/13 + 1 = 32/13
    found = odds_ratio(*TWO)
    assert found.estimate == close(13)
    assert found.std_error == close(sqrt(32 / 13))
    assert log(found.conf_high) == close(log(13) + Z * sqrt(32 / 13))


def test_conditional_odds_ratio():
    # 3/4 v 1/4: 1, 16, 36, 16, 1 of 70 arrangements have 0 to 4 events in the first group. At odds ratio r the mean
    # is 3 where r⁴ - 36 r² - 32 r - 3 = 0.
    found = odds_ratio(3, 4, 1, 4, method="conditional")
    r = found.estimate
    assert r**4 - 36 * r**2 - 32 * r - 3 == pytest.approx(0, abs=1e-9)
    assert found.p_value == close(34 / 70)
    assert odds_ratio(3, 4, 1, 4, method="conditional", alternative="greater").p_value == close(17 / 70)
    assert odds_ratio(3, 4, 1, 4, method="conditional", mid_p=True).p_value == close((1 + 16 / 2 + 16 / 2 + 1) / 70)
    # Lower limit: (16 r³ + r⁴) / (1 + 16 r + 36 r² + 16 r³ + r⁴) = .025
    low = found.conf_low
    total = 1 + 16 * low + 36 * low**2 + 16 * low**3 + low**4
    assert (16 * low**3 + low**4) / total == close(0.025)


def test_conditional_over_strata_convolves():
    # The second table adds 0 or 1 with weights 2 : 2 of C(4,1) = 4 arrangements, so the sum has 1, 17, 52, 52, 17, 1
    # of 140; 4 observed: P(S >= 4) = 18/140
    found = odds_ratio(*TWO, method="conditional", alternative="greater")
    assert found.p_value == close(18 / 140)


@pytest.mark.parametrize("statistic", ["barnard", "boschloo", "suissa-shuster"])
def test_unconditional_of_the_most_extreme_table(statistic):
    # 2 of 2 v 0 of 2: p² (1 - p)², at most 1/16 at one half; two-sided twice that
    one = exact_unconditional(2, 2, 0, 2, statistic=statistic, alternative="greater")
    assert one.p_value == close(1 / 16)
    assert one.nuisance == pytest.approx(0.5, abs=1e-6)
    assert exact_unconditional(2, 2, 0, 2, statistic=statistic).p_value == close(1 / 8)


def test_berger_and_boos_add_their_share():
    plain = exact_unconditional(2, 2, 0, 2, alternative="greater")
    narrow = exact_unconditional(2, 2, 0, 2, alternative="greater", gamma=0.001)
    assert narrow.p_value == close(plain.p_value + 0.001)
    assert 0 < narrow.searched[0] < 0.5 < narrow.searched[1] < 1


def test_one_arm_strata_are_dropped_and_named():
    found = cmh([3, 1, 5], [4, 2, 9], [1, 0, 0], [4, 2, 0], strata=["s", "t", "lonely"])
    assert found.chi_square == close(63 / 23)
    rows = ResultTable(found.to_rows())
    assert rows.one(statistic="n_strata_one_arm").label == "lonely"
    assert rows.one(statistic="chi_square").warning == "strata with one group only contribute nothing: lonely"


def test_pooling_rule():
    # Groups below 3: t (2) and u (1). Pooled they have 3 and 3, which suffices: s stays.
    counts = ([3, 1, 1], [4, 2, 1], [1, 0, 1], [4, 2, 1])
    found = rate_difference(*counts, strata=["s", "t", "u"], pool_below=3)
    assert (found.table.strata, found.table.pooled) == (("s", "pooled"), ("t", "u"))
    assert found.table.n1.tolist() == [4, 3]
    assert found.estimate == close(rate_difference([3, 2], [4, 3], [1, 1], [4, 3]).estimate)
    assert ResultTable(found.to_rows()).one(statistic="n_strata_pooled").label == "t; u"
    # Below 4 the pooled pair still falls short, so the smallest of the others joins: one table is left.
    assert rate_difference(*counts, pool_below=4).table.n1.tolist() == [7]
    # Nothing is sparse: nothing changes.
    assert rate_difference(*counts, pool_below=1).table.pooled == ()


def test_counts_from_subjects():
    table = two_by_two(
        [1, 0, 1, 1, 0, 0], ["E", "E", "C", "E", "C", "C"], reference="C", strata=["a", "a", "a", "b", "b", "b"]
    )
    assert table.levels == ("E", "C")
    assert [column.tolist() for column in table.counts] == [[1, 1], [2, 1], [1, 0], [1, 2]]
    assert rate_difference(table).estimate == rate_difference([1, 1], [2, 1], [1, 0], [1, 2]).estimate


def test_no_events_have_no_statistic():
    assert cmh(0, 5, 0, 6).message == "all subjects have the event, or none has: the rates cannot differ"
    assert "no table has both" in str(odds_ratio(0, 5, 0, 6).message)
    rows = ResultTable(odds_ratio(0, 5, 3, 6).to_rows())
    assert rows.value(statistic="estimate") == 0
    assert rows.one(statistic="conf_low").value_text == "NE"


def test_pooling_of_rows():
    # Subjects by stratum and arm: a 3 E 3 C, b 1 E 0 C, c 2 E 1 C. Below 2: b and c, together 3 and 1, fall short, so a
    # joins and one stratum is left. Below 1: b alone, and a stratum is not joined with itself: the smallest, c, joins.
    arm = ["E", "C", "E", "C", "E", "C", "E", "E", "E", "C"]
    stratum = ["a"] * 6 + ["b"] + ["c"] * 3
    assert pool_strata(stratum, arm, below=2).strata == ("pooled",)
    found = pool_strata(stratum, arm, below=1)
    assert (found.strata, found.pooled) == (("a", "pooled"), ("b", "c"))
    assert found.column.tolist() == ["a"] * 6 + ["pooled"] * 4
    assert ResultTable(found.to_rows()).one(statistic="n_strata_pooled").label == "b; c"
    assert pool_strata(stratum, arm, below=0).pooled == ()
    # By events, one of them in a's control arm only: every stratum falls short.
    events = [0, 1, 0, 0, 0, 0, 1, 0, 1, 1]
    assert pool_strata(stratum, arm, below=1, event=events).pooled == ("a", "b")
