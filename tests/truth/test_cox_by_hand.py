"""Cox regression where the maximum has a closed form, r standing for the hazard ratio."""

from math import log, sqrt

import numpy as np
import pytest

from equipoise.analysis import cox


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_no_ties(engine):
    # Deaths a, b, a, b in turn: L = 1/(2+2r) x r/(1+2r) x 1/(1+r); dlogL/dlog r = 0 is 4 r^2 + r - 1 = 0
    r = (sqrt(17) - 1) / 8
    fit = cox([1, 2, 3, 4], [1] * 4, ["a", "b", "a", "b"], reference="a", engine=engine)
    assert fit.coef[0] == pytest.approx(log(r), abs=1e-12)
    assert fit.loglik[0] == pytest.approx(-log(4 * 3 * 2), abs=1e-13)
    assert fit.loglik[1] == pytest.approx(log(1 / (2 + 2 * r) * r / (1 + 2 * r) / (1 + r)), abs=1e-13)
    shares = np.array([2 * r / (2 + 2 * r), 2 * r / (1 + 2 * r), r / (1 + r)])
    assert fit.std_error[0] == pytest.approx((shares * (1 - shares)).sum() ** -0.5, abs=1e-12)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_ties_by_efron(engine):
    # At risk a, a, b; one a and the b die together, later the other a: L = r / ((2 + r)(3/2 + r/2)), so r^2 = 6.
    # Score at 0: U = 1 - 1/3 - 1/4 = 5/12, I = 2/9 + 3/16 = 59/144, so 25/59.
    fit = cox([1, 1, 2], [1, 1, 1], ["a", "b", "a"], reference="a", ties="efron", engine=engine)
    assert fit.hazard_ratio[0] == pytest.approx(sqrt(6), abs=1e-12)
    assert fit.score.chi_square == pytest.approx(25 / 59, abs=1e-14)
    assert fit.loglik[0] == pytest.approx(-log(3 * 2), abs=1e-14)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_ties_by_breslow(engine):
    # L = r / (2 + r)^2, largest at r = 2; score at 0: U = 1 - 2/3, I = 2 x 2/9, so 1/4
    fit = cox([1, 1, 2], [1, 1, 1], ["a", "b", "a"], reference="a", ties="breslow", engine=engine)
    assert fit.hazard_ratio[0] == pytest.approx(2, abs=1e-12)
    assert fit.score.chi_square == pytest.approx(1 / 4, abs=1e-14)
    assert fit.loglik[0] == pytest.approx(-2 * log(3), abs=1e-14)


def test_the_convention_chooses_the_rule_for_ties():
    assert cox([1, 1, 2], [1, 1, 1], ["a", "b", "a"], reference="a").ties == "efron"
    assert cox([1, 1, 2], [1, 1, 1], ["a", "b", "a"], reference="a", convention="sas").ties == "breslow"


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_strata_multiply_likelihoods(engine):
    # Two strata, a and b each: first dies a: 1/(1+r); in the other twice that b dies first: (r/(1+r))^2. r = 2.
    time, stratum = [1, 2, 2, 1, 2, 1], [1, 1, 2, 2, 3, 3]
    fit = cox(time, [1] * 6, ["a", "b", "a", "b", "a", "b"], reference="a", strata=stratum, engine=engine)
    assert fit.hazard_ratio[0] == pytest.approx(2, abs=1e-12)
    assert fit.std_error[0] == pytest.approx(1 / sqrt(3 * 2 / 9), abs=1e-12)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_delayed_entry(engine):
    # b dies at 1 among a, b; a dies at 3 among a, b, b (two enter at 2): L = r/(1+r) x 1/(1+2r): 2 r^2 = 1
    time, entry = [3, 1, 4, 4], [0, 0, 2, 2]
    fit = cox(time, [1, 1, 0, 0], ["a", "b", "b", "b"], reference="a", entry=entry, engine=engine)
    assert fit.hazard_ratio[0] == pytest.approx(sqrt(0.5), abs=1e-12)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_weights(engine):
    # a (weight 2) dies at 1 among a, b (weight 1); b (weight 3) dies at 2 among a (weight 1), b (3) and b (1):
    # l = -2 log(3 + 4r + ...) is solved by its score below
    time, weights, group = [1, 2, 3, 3], [2, 3, 1, 1], ["a", "b", "a", "b"]
    fit = cox(time, [1, 1, 0, 0], group, reference="a", weights=weights, engine=engine)
    r = fit.hazard_ratio[0]
    # Risk weights at 1: a 3, b 4; at 2: a 1, b 4. Score: 3 - 2 x 4r/(3+4r) - 3 x 4r/(1+4r) = 0
    assert 3 - 8 * r / (3 + 4 * r) - 12 * r / (1 + 4 * r) == pytest.approx(0, abs=1e-12)


def test_wald_limits_and_p_value():
    fit = cox([1, 1, 2], [1, 1, 1], ["a", "b", "a"], reference="a", ties="breslow", conf_level=0.9)
    # r = 2: each of the two deaths has share 2/4, so I = 2 x 1/4 and se = sqrt 2
    assert fit.std_error[0] == pytest.approx(sqrt(2), abs=1e-12)
    assert fit.conf_int[0] == pytest.approx(2 * np.exp(np.array([-1, 1]) * 1.6448536269514722 * sqrt(2)), rel=1e-12)
    assert fit.wald.chi_square == pytest.approx(log(2) ** 2 / 2, abs=1e-12)
