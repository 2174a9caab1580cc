"""Exact ties, Firth, residuals, robust variance, profile limits and baselines where the numbers have closed forms."""

from itertools import combinations
from math import exp, isnan, log, sqrt

import numpy as np
import pytest

from equipoise.analysis import cox

TIED = ([1, 1, 2], [1, 1, 1], ["a", "b", "a"])


def test_exact_ties():
    # Of a, a, b at risk two die, one a and the b: pairs are aa, ab, ab, so L = r / (1 + 2r): monotone, r is infinite.
    fit = cox(*TIED, reference="a", ties="exact")
    assert np.isposinf(fit.coef[0])
    assert fit.loglik[0] == pytest.approx(-log(3), abs=1e-14)
    # One more b that outlives all: pairs of a, a, b, b: aa, 4 ab, bb; then a dies among a, b.
    # L = r / (1 + 4r + r^2) x 1 / (1 + r): derivative in log r is 0 when 1 + 4r + r^2 = ... solved by its score below.
    fit = cox([1, 1, 2, 3], [1, 1, 1, 0], ["a", "b", "a", "b"], reference="a", ties="exact")
    r = fit.hazard_ratio[0]
    share = (4 * r + 2 * r**2) / (1 + 4 * r + r**2)
    assert 1 - share - r / (1 + r) == pytest.approx(0, abs=1e-12)
    variance = (4 * r + 4 * r**2) / (1 + 4 * r + r**2) - share**2 + r / (1 + r) ** 2
    assert fit.std_error[0] == pytest.approx(1 / sqrt(variance), rel=1e-12)
    assert fit.method == "cox-exact"
    assert cox([1, 1, 2, 3], [1, 1, 1, 0], list("abab"), reference="a", ties="discrete").coef[0] == fit.coef[0]


def test_exact_ties_against_all_subsets():
    # Seven rows, five of them dead at one time, two covariates: the sum over all 21 subsets, written out.
    x = np.array([[0.3, 1.0], [1.2, 0.0], [-0.7, 2.0], [0.1, 1.0], [2.0, 0.0], [-1.1, 1.0], [0.6, 3.0]])
    fit = cox([1.0] * 5 + [2.0, 2.0], [1] * 5 + [0, 0], x, ties="exact")
    beta = fit.model.design.patterns  # centered, the likelihood is the same
    at = np.array([0.4, -0.3])
    terms = fit.model.terms(at)
    weights = {s: exp(sum(beta[i] @ at for i in s)) for s in combinations(range(7), 5)}
    total = sum(weights.values())
    assert terms.loglik == pytest.approx(sum(beta[i] @ at for i in range(5)) - log(total), abs=1e-13)
    sums = {s: sum(beta[i] for i in s) for s in weights}
    mean = sum(w * sums[s] for s, w in weights.items()) / total
    assert terms.score == pytest.approx(sum(beta[:5]) - mean, abs=1e-13)
    second = sum(w * np.outer(sums[s] - mean, sums[s] - mean) for s, w in weights.items()) / total
    assert terms.information == pytest.approx(second, abs=1e-13)


def test_exact_ties_with_hundreds_of_deaths_do_not_overflow():
    # 600 of 1,200 die at once, 300 of each arm's 600: no difference, the log of C(1200, 600) is 828
    group = np.tile(["a", "b"], 600)
    fit = cox(np.where(np.arange(1200) < 600, 1.0, 2.0), np.arange(1200) < 600, group, reference="a", ties="exact")
    assert fit.coef[0] == pytest.approx(0, abs=1e-10)
    from math import lgamma

    assert fit.loglik[0] == pytest.approx(-(lgamma(1201) - 2 * lgamma(601)), rel=1e-12)
    # Under the hypergeometric law the variance of the number of b among 600 of 1200 is 600 x 1/4 x 600/1199
    assert fit.std_error[0] == pytest.approx((150 * 600 / 1199) ** -0.5, rel=1e-9)


def test_firth_with_one_death():
    # b dies first among a, b: L = r/(1+r), I = r/(1+r)^2, so L sqrt(I) = r^1.5 / (1+r)^2, largest at r = 3.
    fit = cox([1, 2], [1, 0], ["b", "a"], reference="a", penalty="firth")
    assert fit.hazard_ratio[0] == pytest.approx(3, rel=1e-10)
    assert fit.std_error[0] == pytest.approx(4 / sqrt(3), rel=1e-10)
    assert fit.loglik[1] == pytest.approx(1.5 * log(3) - 2 * log(4), abs=1e-13)
    assert fit.loglik[0] == pytest.approx(-2 * log(2), abs=1e-13)
    # Gradient at 0: 1 - 1/2 + (1 - 2/2)/2 = 1/2, I = 1/4: score statistic 1
    assert fit.score.chi_square == pytest.approx(1, abs=1e-13)
    assert fit.method == "cox-firth"
    assert fit.warning is None


def test_firth_is_half_a_death_in_each_arm():
    # Deaths of two arms, each facing n : n at risk: as logistic regression, Firth adds half a death to each side.
    # Three strata of one pair each, b dies first in all: r = (3 + 1/2) / (1/2) = 7
    fit = cox([1, 2] * 3, [1, 0] * 3, ["b", "a"] * 3, strata=[1, 1, 2, 2, 3, 3], reference="a", penalty="firth")
    assert fit.hazard_ratio[0] == pytest.approx(7, rel=1e-10)


def test_profile_limits():
    # Pairs: b first in 2 of 3: l = 2 log r - 3 log(1 + r); the limits solve 2(l(2) - l(r)) = 3.841458820694124
    fit = cox([1, 2, 1, 2, 2, 1], [1, 0, 1, 0, 0, 1], list("bababa"), strata=[1, 1, 2, 2, 3, 3], reference="a")
    assert fit.hazard_ratio[0] == pytest.approx(2, rel=1e-10)
    for r in fit.profile_conf_int()[0]:
        fall = 2 * (2 * log(2) - 3 * log(3) - 2 * log(r) + 3 * log(1 + r))
        assert fall == pytest.approx(3.841458820694124, abs=1e-11)


def test_profile_limits_after_a_monotone_likelihood():
    # b first in 3 of 3 pairs: l = 3 log(r / (1 + r)), at most 0; below, r/(1+r) = exp(-3.841458820694124/6)
    fit = cox([1, 2] * 3, [1, 0] * 3, ["b", "a"] * 3, strata=[1, 1, 2, 2, 3, 3], reference="a")
    low, high = fit.profile_conf_int()[0]
    share = exp(-3.841458820694124 / 6)
    assert low == pytest.approx(share / (1 - share), rel=1e-6)
    assert np.isposinf(high)


def test_residuals():
    # Breslow, r = 2 (see test_cox_by_hand): at 1 the sum at risk is 4, two die: dH = 1/2; at 2 the sum is 1: dH = 1.
    fit = cox(*TIED, reference="a", ties="breslow")
    assert fit.residuals("martingale").values == pytest.approx([1 - 1 / 2, 1 - 2 / 2, 1 - 3 / 2], abs=1e-12)
    # x is 0, 1, 0; its mean at risk is 1/2 at time 1 and 0 at time 2
    assert fit.residuals("schoenfeld").values[:, 0] == pytest.approx([-1 / 2, 1 / 2, 0], abs=1e-12)
    # Scaled: 3 deaths times variance 2 times residual, plus log 2
    expected = np.array([-3, 3, 0]) + log(2)
    assert fit.residuals("scaled-schoenfeld").values[:, 0] == pytest.approx(expected, abs=1e-12)
    # Score: a (0 - 1/2) (1 - 1/2) = -1/4; b (1 - 1/2) (1 - 1) = 0; the other a: (0 - 1/2) (0 - 1/2) + 0 = 1/4
    assert fit.residuals("score").values[:, 0] == pytest.approx([-1 / 4, 0, 1 / 4], abs=1e-12)
    assert fit.residuals("dfbeta").values[:, 0] == pytest.approx([-1 / 2, 0, 1 / 2], abs=1e-12)
    deviance = [sqrt(-2 * (1 / 2 + log(1 / 2))), 0, -sqrt(-2 * (-1 / 2 + log(3 / 2)))]
    assert fit.residuals("deviance").values == pytest.approx(deviance, abs=1e-7)


def test_efron_residuals():
    # r = sqrt 6; at 1 the two deaths face 2 + r and 3/2 + r/2: steps s1 and s2, and the dead bear half of the second
    r = sqrt(6)
    s1, s2 = 1 / (2 + r), 1 / (1.5 + r / 2)
    fit = cox(*TIED, reference="a", ties="efron")
    own = s1 + s2 / 2
    expected = [1 - own, 1 - r * own, 1 - (s1 + s2 + 1)]
    assert fit.residuals("martingale").values == pytest.approx(expected, abs=1e-12)


def test_robust_variance():
    # dfbetas are -1/2, 0, 1/2 (above): each row its own cluster, 1/2; the rows of a together, 0.
    fit = cox(*TIED, reference="a", ties="breslow", cluster=[1, 2, 3])
    assert fit.covariance[0, 0] == pytest.approx(1 / 2, abs=1e-12)
    assert fit.naive_covariance is not None
    assert fit.naive_covariance[0, 0] == pytest.approx(2, abs=1e-12)
    assert fit.wald.chi_square == pytest.approx(2 * log(2) ** 2, abs=1e-12)
    # At 0: means 1/3, steps 2/3: scores -1/3 x 1/3, 2/3 x 1/3, -1/3 x -2/3 + 0: sum 1/3, squares 1/81 + 4/81 + 4/81
    assert fit.robust_score is not None
    assert fit.robust_score.chi_square == pytest.approx((1 / 9) / (9 / 81), abs=1e-12)
    together = cox(*TIED, reference="a", ties="breslow", cluster=["x", "y", "x"])
    # The dfbetas of x cancel, and so does the one of y: nothing is known of the variance.
    assert isnan(together.covariance[0, 0])
    assert together.warning == "the dfbetas of every cluster cancel: b vs a has no robust variance"


def test_baseline():
    # Breslow, r = 2: H(1) = 2/4, H(2) = 2/4 + 1/1 for a; twice that for b.
    fit = cox(*TIED, reference="a", ties="breslow")
    (a,), (b,) = fit.baseline(), fit.baseline({"group": "b"})
    assert a.cumulative_hazard == pytest.approx([1 / 2, 3 / 2], abs=1e-12)
    assert b.cumulative_hazard == pytest.approx([1, 3], abs=1e-12)
    assert a.survival == pytest.approx([exp(-1 / 2), exp(-3 / 2)], abs=1e-12)
    # Variance for a at 1: 2/16 of the steps, and 2 q^2 with q = (0 - 1/2) 1/2 of the coefficient
    assert a.std_error[0] == pytest.approx(sqrt(2 / 16 + 2 / 16), abs=1e-12)
    # For b: 4 (2/16 + 2 q^2), q = (1 - 1/2) 1/2
    assert b.std_error[0] == pytest.approx(sqrt(4 * (2 / 16 + 2 / 16)), abs=1e-12)
    assert a.survival_low[0] == pytest.approx(exp(-1 / 2 - 1.959963984540054 / 2), abs=1e-12)
    assert a.survival_high[0] == 1


def test_proportional_hazards():
    # Deaths a, b, a of a, b, a, b (the last censored) at 1, 2, 3 without effect at beta: built from its parts below.
    fit = cox([1, 2, 3, 4], [1, 1, 1, 0], ["a", "b", "a", "b"], reference="a")
    r = fit.hazard_ratio[0]
    share = np.array([2 * r / (2 + 2 * r), 2 * r / (1 + 2 * r), r / (1 + r)])
    residual, variance, g = np.array([0, 1, 0]) - share, share * (1 - share), np.array([-1.0, 0, 1])
    left = (g**2 @ variance) - (g @ variance) ** 2 / variance.sum()
    test = fit.proportional_hazards_test("identity")
    assert test["b vs a"].chi_square == pytest.approx((g @ residual) ** 2 / left, rel=1e-11)
    assert test["GLOBAL"].chi_square == pytest.approx(test["group"].chi_square, rel=1e-13)
    # 1994: the variance is taken as constant, its mean: sum over deaths of g^2 is 2
    old = fit.proportional_hazards_test("identity", method="1994")
    assert old["b vs a"].chi_square == pytest.approx((g @ residual) ** 2 / (2 * variance.sum() / 3), rel=1e-11)


@pytest.mark.parametrize(
    ("transform", "expected"), [("km", [0, 1 / 4, 1 / 2]), ("rank", [1, 2, 3]), ("log", [0, log(2), log(3)])]
)
def test_scales_of_time(transform, expected):
    fit = cox([1, 2, 3, 4], [1, 1, 1, 0], ["a", "b", "a", "b"], reference="a")
    assert fit.proportional_hazards_test(transform).transformed == pytest.approx(expected, abs=1e-15)


def test_counting_process_splits_change_nothing():
    # A subject at risk over (0, 5] is the same as one over (0, 2] and (2, 5]
    whole = cox([5, 3, 4, 6], [1, 1, 0, 1], {"x": [1.0, 2.0, 0.0, 1.5]})
    split = cox([2, 5, 3, 4, 6], [0, 1, 1, 0, 1], {"x": [1.0, 1.0, 2.0, 0.0, 1.5]}, entry=[0, 2, 0, 0, 0])
    assert split.coef == pytest.approx(whole.coef, abs=1e-12)
    by = split.residuals("martingale", by=[1, 1, 2, 3, 4]).values
    assert by == pytest.approx(whole.residuals("martingale").values, abs=1e-12)
