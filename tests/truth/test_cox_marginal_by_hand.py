"""SAS's exact ties on four patients, every order of the tied deaths listed.

    x = 1 and x = 0 die together at 1; x = 1 dies at 2; x = 0 is last, at 3.   w = exp(b)

At 1 all four are at risk, sum 2 + 2w:
    the patient with x = 1 first:  w / (2 + 2w) x 1 / (2 + w)
    the patient with x = 0 first:  1 / (2 + 2w) x w / (1 + 2w)
At 2: w / (w + 1);  at 3: nobody else is there, 1.
    b = 0, w = 1: (1/4)(1/3) + (1/4)(1/3) = 1/6, times 1/2 = 1/12
Discrete time (R's exact, SAS's DISCRETE) at 1 has w / (1 + 4w + w^2): the pair among the six pairs, at b = 0 also 1/6.
"""

import itertools
import math

import numpy as np
import pytest

from equipoise.analysis import cox
from equipoise.errors import ArgumentError

TIME, EVENT, X = [1, 1, 2, 3], [1, 1, 1, 1], [1.0, 0.0, 1.0, 0.0]


def _by_hand(b: float) -> float:
    w = math.exp(b)
    tied = w / (2 + 2 * w) / (2 + w) + 1 / (2 + 2 * w) * w / (1 + 2 * w)
    return math.log(tied * w / (w + 1))


def test_two_tied_deaths():
    fit = cox(TIME, EVENT, {"x": X}, ties="marginal")
    assert fit.loglik[0] == pytest.approx(math.log(1 / 12), abs=1e-14)
    assert fit.loglik[1] == pytest.approx(_by_hand(float(fit.coef[0])), abs=1e-14)
    step = 1e-4
    around = [_by_hand(float(fit.coef[0]) + k * step) for k in (-1, 0, 1)]
    assert around[1] > max(around[0], around[2])
    assert fit.std_error[0] == pytest.approx(step / math.sqrt(2 * around[1] - around[0] - around[2]), rel=1e-5)


def test_names_of_r_and_of_sas():
    marginal, discrete = (float(cox(TIME, EVENT, {"x": X}, ties=rule).coef[0]) for rule in ("marginal", "discrete"))
    assert abs(marginal - discrete) > 0.01
    assert float(cox(TIME, EVENT, {"x": X}, ties="exact").coef[0]) == discrete
    in_sas = cox(TIME, EVENT, {"x": X}, ties="exact", convention="sas")
    assert float(in_sas.coef[0]) == marginal
    assert in_sas.method == "cox-marginal"
    assert float(cox(TIME, EVENT, {"x": X}, ties="discrete", convention="sas").coef[0]) == discrete


def _orders(eta: list[float], later: float) -> float:
    """The log of the sum over every order of the tied deaths of the chance of that order."""
    total = 0.0
    for order in itertools.permutations(eta):
        at_risk, chance = later + sum(map(math.exp, eta)), 1.0
        for one in order:
            chance *= math.exp(one) / at_risk
            at_risk -= math.exp(one)
        total += chance
    return math.log(total)


@pytest.mark.parametrize("deaths", [2, 3, 4, 6])
@pytest.mark.parametrize("beta", [-1.5, 0.0, 0.7, 4.0])
def test_every_order_of_several_deaths(deaths, beta):
    x = np.array([0.3, -1.0, 2.0, 0.0, 1.1, -0.4, 0.9, 0.2])
    time, event = np.where(np.arange(8) < deaths, 1, 2), (np.arange(8) < deaths).astype(int)
    model = cox(time, event, {"x": x}, ties="marginal").model
    eta = (beta * x).tolist()
    expected = _orders(eta[:deaths], sum(map(math.exp, eta[deaths:])))
    assert model.terms(np.array([beta])).loglik == pytest.approx(expected, abs=1e-12)


def test_everybody_left_dies_at_once():
    """The order of all who are left is sure to be some order: that time says nothing."""
    few = cox([1, 2, 3, 3, 3], [1, 1, 1, 1, 1], {"x": [1, 0, 1, 0, 1]}, ties="marginal")
    same = cox([1, 2, 3, 3, 3], [1, 1, 0, 0, 0], {"x": [1, 0, 1, 0, 1]}, ties="marginal")
    assert few.coef == pytest.approx(same.coef, abs=1e-12)
    assert few.loglik == pytest.approx(same.loglik, abs=1e-13)


def test_without_ties_every_rule_is_one():
    fits = [cox([1, 2, 3, 4], [1, 1, 1, 1], {"x": X}, ties=rule) for rule in ("marginal", "efron", "discrete")]
    assert fits[0].coef == pytest.approx(fits[1].coef, abs=1e-12)
    assert fits[0].covariance == pytest.approx(fits[2].covariance, abs=1e-12)


@pytest.mark.parametrize("option", ["weights", "cluster", "penalty"])
def test_refusals(option):
    given = {"weights": [2, 1, 1, 1], "cluster": [1, 1, 2, 2], "penalty": "firth"}[option]
    with pytest.raises(ArgumentError, match=f'{option} is given with ties="marginal"'):
        cox(TIME, EVENT, {"x": X}, ties="marginal", **{option: given})
    with pytest.raises(ArgumentError, match='score residuals with ties="marginal"'):
        cox(TIME, EVENT, {"x": X}, ties="marginal").residuals("score")
