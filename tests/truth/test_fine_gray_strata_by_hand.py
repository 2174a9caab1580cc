"""Fine and Gray's likelihood at zero, with its weights worked by hand.

    group A: 1 (other cause)   2+          3 (cause)
    group B: 1.5+  1.6+        4 (cause)

Who failed of the other cause at 1 stays at risk with the weight G(t-), G of being uncensored:
    all together: (4/5) at 1.5, (3/4) at 1.6, (2/3) at 2: 2/5           in A alone: 1/2 at 2
At 3 the patients of 3 and 4 are at risk besides, at 4 the one of 4:
    one G:              -log(2 + 2/5) - log(1 + 2/5)
    G by group:         -log(2 + 1/2) - log(1 + 1/2)
    strata A, B, one G: -log(1 + 2/5) - log(1);    strata and G by group: -log(1 + 1/2) - log(1)
With weight 2 for the patient of 4 and one G (five become six, and so on): 5/6, 4/5, 3/4: 1/2; deaths weigh 1 and 2:
    -log(1 + 2 + 1/2) - 2 log(2 + 1/2)
"""

import math

import numpy as np
import pytest

from equipoise.analysis import cox, fine_gray

TIME, EVENT, GROUP = [1, 2, 3, 1.5, 1.6, 4], [2, 0, 1, 0, 0, 1], list("AAABBB")
X = {"x": [1.0, 0.0, 0.5, 0.0, 1.0, 1.0]}


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({}, [2.4, 1.4]),
        ({"censoring_group": GROUP}, [2.5, 1.5]),
        ({"strata": GROUP}, [1.4]),
        ({"strata": GROUP, "censoring_group": GROUP}, [1.5]),
        ({"weights": [1, 1, 1, 1, 1, 2]}, [3.5, 2.5, 2.5]),
    ],
)
def test_likelihood_at_zero(options, parts):
    fit = fine_gray(TIME, EVENT, X, cause=1, **options)
    assert fit.loglik[0] == pytest.approx(-math.fsum(map(math.log, parts)), abs=1e-14)


def _drawn(n, seed=3):
    draw = np.random.default_rng(seed)
    group, x = draw.integers(0, 2, n), draw.normal(size=n)
    time = draw.exponential(1 / np.exp(0.5 * x))
    cause = np.where(draw.uniform(size=n) < 0.5, 1, 2)
    censored = draw.exponential(np.where(group == 0, 0.35, 3.0))
    return np.minimum(time, censored), np.where(time <= censored, cause, 0), {"x": x}, group


def test_without_another_cause_it_is_cox_with_strata():
    time, event, x, group = _drawn(80)
    ours = fine_gray(time, (event > 0).astype(int), x, strata=group)
    stratified = cox(time, event > 0, x, strata=group, ties="breslow")
    assert ours.coef == pytest.approx(stratified.coef, abs=1e-10)
    assert ours.loglik == pytest.approx(stratified.loglik, abs=1e-10)


def test_weights_are_repeated_rows_to_the_coefficient():
    time, event, x, group = _drawn(90)
    count = 1 + np.arange(90) % 3
    rows = np.repeat(np.arange(90), count)
    weighted = fine_gray(time, event, x, cause=1, strata=group, censoring_group=group, weights=count)
    repeated = fine_gray(
        time[rows], event[rows], {"x": x["x"][rows]}, cause=1, strata=group[rows], censoring_group=group[rows]
    )
    assert weighted.coef == pytest.approx(repeated.coef, abs=1e-9)
    assert weighted.inverse_information == pytest.approx(repeated.inverse_information, rel=1e-8)


@pytest.mark.parametrize("options", [("censoring_group",), ("strata",), ("strata", "censoring_group")])
def test_variance_is_the_infinitesimal_jackknife(options):
    """The influence of a subject is the change of the coefficient with its weight, up to terms of order 1/n."""
    time, event, x, group = _drawn(200)
    given = dict.fromkeys(options, group)
    found = fine_gray(time, event, x, cause=1, **given)
    step, total = 1e-3, 0.0
    for subject in range(200):
        ends = []
        for sign in (1, -1):
            weights = np.ones(200)
            weights[subject] += sign * step
            ends.append(float(fine_gray(time, event, x, cause=1, weights=weights, **given).coef[0]))
        total += ((ends[0] - ends[1]) / (2 * step)) ** 2
    assert float(found.covariance[0, 0]) == pytest.approx(total, rel=0.01)
    assert abs(float(found.inverse_information[0, 0]) / total - 1.0) > 0.02
