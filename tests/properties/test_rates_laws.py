"""Laws of rates, differences, odds ratios and tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import cmh, exact_unconditional, odds_ratio, rate_difference, rate_interval, rate_test

METHODS = ("newcombe", "newcombe-continuity", "miettinen-nurminen", "mee", "wald", "sato")


@st.composite
def strata_of_counts(draw, largest=30, most=4):
    k = draw(st.integers(1, most))
    n1 = draw(st.lists(st.integers(1, largest), min_size=k, max_size=k))
    n2 = draw(st.lists(st.integers(1, largest), min_size=k, max_size=k))
    return [draw(st.integers(0, n)) for n in n1], n1, [draw(st.integers(0, n)) for n in n2], n2


def same(a, b, tolerance=1e-9):
    return a == pytest.approx(b, abs=tolerance, nan_ok=True)


@given(strata_of_counts())
@settings(max_examples=12)
def test_label_swap_flips_the_sign(counts):
    x1, n1, x2, n2 = counts
    for method in METHODS:
        forth, back = rate_difference(x1, n1, x2, n2, method=method), rate_difference(x2, n2, x1, n1, method=method)
        assert same(
            (forth.estimate, forth.conf_low, forth.conf_high), (-back.estimate, -back.conf_high, -back.conf_low)
        )
        assert same(forth.p_value, back.p_value)
    assert same(cmh(*counts).z, -cmh(x2, n2, x1, n1).z)
    one, other = odds_ratio(*counts, method="conditional"), odds_ratio(x2, n2, x1, n1, method="conditional")
    if one.conf_low > 0 and one.conf_high < np.inf:
        assert one.estimate * other.estimate == pytest.approx(1, rel=1e-8)
        assert one.conf_low * other.conf_high == pytest.approx(1, rel=1e-8)
    assert same(one.p_value, other.p_value)


@given(strata_of_counts())
@settings(max_examples=12)
def test_intervals_hold_their_estimate(counts):
    for method in METHODS:
        found = rate_difference(*counts, method=method)
        assert -1 <= found.conf_low <= found.estimate + 1e-12
        assert found.estimate - 1e-12 <= found.conf_high <= 1
    found = odds_ratio(*counts, method="conditional")
    if found.message is None:
        assert found.conf_low <= found.estimate * (1 + 1e-9)
        assert found.estimate <= found.conf_high * (1 + 1e-9)


@given(strata_of_counts(), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=12)
def test_a_one_arm_stratum_contributes_nothing(counts, x, n):
    x, n = min(x, n), max(x, n)
    x1, n1, x2, n2 = counts
    more = ([*x1, x], [*n1, n], [*x2, 0], [*n2, 0])
    assert same(cmh(*more).z, cmh(*counts).z, 0)
    for method in METHODS:
        assert same(rate_difference(*more, method=method).conf_low, rate_difference(*counts, method=method).conf_low, 0)
    assert same(odds_ratio(*more).estimate, odds_ratio(*counts).estimate, 0)


@given(strata_of_counts())
@settings(max_examples=12)
def test_score_interval_and_test_agree(counts):
    """The 95% score interval excludes 0 exactly when its own P is below .05; Mantel-Haenszel weights give CMH."""
    found = rate_difference(*counts, method="miettinen-nurminen")
    if abs(found.p_value - 0.05) > 1e-9 and found.estimate != 0:
        assert (found.conf_low > 0 or found.conf_high < 0) == (found.p_value < 0.05)
    test = cmh(*counts)
    if test.message is None:
        assert found.z == pytest.approx(test.z, abs=1e-9)


@given(st.integers(1, 12), st.integers(1, 12), st.data())
@settings(max_examples=15)
def test_exact_tests_are_ordered(m, n, data):
    """Boschloo's P is at most Fisher's, and all exact P are probabilities."""
    x1, x2 = data.draw(st.integers(0, m)), data.draw(st.integers(0, n))
    for alternative in ("two-sided", "greater", "less"):
        fisher = rate_test(x1, m, x2, n, method="fisher", alternative=alternative).p_value
        boschloo = exact_unconditional(x1, m, x2, n, alternative=alternative).p_value
        assert 0 < boschloo <= fisher + 1e-9
        assert rate_test(x1, m, x2, n, method="fisher-mid-p", alternative=alternative).p_value < fisher


@pytest.mark.parametrize("statistic", ["barnard", "boschloo", "suissa-shuster"])
@pytest.mark.parametrize(("m", "n"), [(4, 7)])
def test_unconditional_tests_keep_their_size(statistic, m, n):
    """Over all outcomes, at every common rate: P(P <= .05) <= .05, by enumeration."""
    from scipy.stats import binom

    rejects = np.array(
        [[exact_unconditional(i, m, j, n, statistic=statistic).p_value <= 0.05 for j in range(n + 1)]
         for i in range(m + 1)]
    )  # fmt: skip
    assert rejects.any()
    for p in np.linspace(0.005, 0.995, 199):
        size = binom.pmf(range(m + 1), m, p) @ rejects @ binom.pmf(range(n + 1), n, p)
        assert size <= 0.05 + 1e-9


def coverage(method, n, rates):
    from scipy.stats import binom

    limits = [rate_interval(x, n, method=method) for x in range(n + 1)]
    inside = np.array([[i.conf_low <= p <= i.conf_high for i in limits] for p in rates])
    return (binom.pmf(np.arange(n + 1), n, rates[:, None]) * inside).sum(axis=1)


@pytest.mark.parametrize("n", [5, 20])
def test_coverage_of_one_rate_by_enumeration(n):
    """Clopper-Pearson covers at least 95% everywhere; the others on average within two points of it."""
    rates = np.linspace(0.02, 0.98, 49)
    assert coverage("clopper-pearson", n, rates).min() >= 0.95 - 1e-12
    for method in ("wilson", "jeffreys", "agresti-coull"):
        assert coverage(method, n, rates).mean() == pytest.approx(0.95, abs=0.025)


@given(st.integers(1, 60), st.data())
def test_complement_mirrors_the_interval(n, data):
    x = data.draw(st.integers(0, n))
    for method in ("clopper-pearson", "wilson", "wilson-continuity", "jeffreys", "agresti-coull", "wald"):
        one, other = rate_interval(x, n, method=method), rate_interval(n - x, n, method=method)
        assert (one.conf_low, one.conf_high) == pytest.approx((1 - other.conf_high, 1 - other.conf_low), abs=1e-12)
