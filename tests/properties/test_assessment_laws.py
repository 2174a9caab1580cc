"""Laws of the assessment of randomization: what is drawn agrees with what is exact, and what must add up does."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.design import power_of
from equipoise.frames.results import ResultTable
from equipoise.randomization import (
    BiasedCoin,
    BigStick,
    BlockUrn,
    Complete,
    MaximalProcedure,
    Minimization,
    PermutedBlocks,
    Scheme,
    assess,
    exact_steps,
    probability_of_split,
)
from equipoise.randomization.exact import convergence_guess
from equipoise.randomization.mixing import binomial_rows
from equipoise.simulation import assess_procedure
from equipoise.simulation.batches import batch_of

FACTORS = {"prior": ("AI", "FULV"), "visceral": ("Y", "N")}
PREVALENCES = {"prior": {"AI": 0.8, "FULV": 0.2}, "visceral": {"Y": 0.6, "N": 0.4}}
EQUAL, TWO_TO_ONE = Scheme({"A": 1, "B": 1}, FACTORS), Scheme({"A": 2, "B": 1}, FACTORS)
METHODS = {
    "complete": Complete(TWO_TO_ONE),
    "blocks of 3": PermutedBlocks(TWO_TO_ONE, (3,)),
    "blocks of 3, 6": PermutedBlocks(TWO_TO_ONE, (3, 6)),
    "big stick": BigStick(EQUAL, 2),
    "biased coin": BiasedCoin(EQUAL),
    "block urn": BlockUrn(TWO_TO_ONE, 2),
    "maximal procedure": MaximalProcedure(EQUAL, 2, 60),
}
SIZES = {("AI", "Y"): 25, ("AI", "N"): 20, ("FULV", "Y"): 8, ("FULV", "N"): 7}
TRIALS = 4000


def _close(simulated: float, error: float, exact: float) -> bool:
    return abs(simulated - exact) <= 4.0 * error + 1e-12


@pytest.mark.parametrize("strata", ["prevalences", "sizes"])
@pytest.mark.parametrize("name", METHODS)
def test_simulated_agrees_with_exact_within_four_standard_errors(name, strata):
    method = METHODS[name]
    stated = {"prevalences": PREVALENCES} if strata == "prevalences" else {"sizes": SIZES}
    exact = ResultTable(assess(method, 60, **stated).rows)
    drawn = ResultTable(assess_procedure(method, 60, how="simulated", replicates=TRIALS, seed=31, **stated).rows)
    guess = {"parameter": "correct-guess", "at": None}
    assert _close(
        drawn.value(statistic="convergence", **guess),
        drawn.value(statistic="convergence_se", **guess),
        exact.value(statistic="convergence", **guess),
    )
    for row in exact.select(statistic="mean_abs"):
        place = {"parameter": row.parameter, "level2": row.level2}
        mean, error = drawn.value(statistic="mean_abs", **place), drawn.value(statistic="mean_abs_se", **place)
        assert row.value is not None
        assert _close(mean, error, row.value), (place, mean, row.value)
    for row in exact.select(parameter="imbalance-overall", statistic="probability"):
        found = drawn.select(parameter="imbalance-overall", statistic="probability", label=row.label)
        share, p = (next(iter(found)).value or 0.0) if len(found) else 0.0, row.value or 0.0
        assert abs(share - p) <= 4.0 * math.sqrt(p * (1 - p) / TRIALS) + 2.0 / TRIALS


@pytest.mark.parametrize("name", ["blocks of 3, 6", "block urn", "complete"])
def test_simulated_trend_bias_agrees_with_exact(name):
    method = METHODS[name]
    alone = type(method)(Scheme(method.scheme.ratio), *[v for k, v in vars(method).items() if k != "scheme"])
    exact = ResultTable(assess(alone, 40).rows).select(parameter="chronological-bias")
    drawn = ResultTable(assess_procedure(alone, 40, how="simulated", replicates=TRIALS, seed=5).rows)
    for row in exact:
        place = {"parameter": "chronological-bias", "level2": row.level2}
        value, error = (drawn.value(statistic=row.statistic + more, **place) for more in ("", "_se"))
        assert row.value is not None
        assert _close(value, error, row.value), row


def test_ratio_preserving_minimization_keeps_two_thirds_to_198():
    strata = np.random.default_rng(5).choice(4, size=(20_000, 198), p=[0.5, 0.3, 0.15, 0.05])
    share = (batch_of(Minimization(TWO_TO_ONE), 198).draw(strata, 20190405) == 0).mean(axis=0)
    error = math.sqrt(2 / 9 / 20_000)
    assert np.abs(share - 2 / 3).max() < 4.0 * error
    assert abs(share.mean() - 2 / 3) < 4.0 * error / math.sqrt(198)


@pytest.mark.parametrize(("construction", "least"), [("han2009", 0.15), ("naive", 0.10)])
def test_other_constructions_depart_from_two_thirds(construction, least):
    method = Minimization(TWO_TO_ONE, 0.8, construction=construction)
    strata = np.random.default_rng(5).choice(4, size=(20_000, 12), p=[0.5, 0.3, 0.15, 0.05])
    share = (batch_of(method, 12).draw(strata, 20190405) == 0).mean(axis=0)
    assert np.abs(share - 2 / 3).max() > least


@pytest.mark.parametrize("name", METHODS)
def test_methods_keep_the_ratio_at_each_step_exactly_when_they_say_so(name):
    method = METHODS[name]
    shares = tuple(method.scheme.shares.values())
    kept = all(step.arms == shares for step in exact_steps(method, 12))
    assert kept == method.preserves_ratio


@given(
    st.lists(st.integers(0, 30), min_size=2, max_size=4),
    st.lists(st.integers(1, 4), min_size=4, max_size=4),
)
def test_a_guess_is_a_distribution_over_the_arms_most_behind(counts, ratio):
    ratio = ratio[: len(counts)]
    guess, n, total = convergence_guess(counts, ratio), sum(counts), sum(ratio)
    assert sum(guess) == 1
    behind = [n * r - total * c for c, r in zip(counts, ratio, strict=True)]
    assert all(b == max(behind) for b, g in zip(behind, guess, strict=True) if g)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 25),
    prior=st.floats(0.01, 0.99),
    visceral=st.floats(0.01, 0.99),
    sizes=st.sampled_from([(3,), (6,), (3, 6)]),
)
def test_splits_are_a_distribution_whatever_the_prevalences(n, prior, visceral, sizes):
    prevalences = {"prior": {"AI": prior, "FULV": 1 - prior}, "visceral": {"Y": visceral, "N": 1 - visceral}}
    found = assess(PermutedBlocks(TWO_TO_ONE, sizes), n, prevalences=prevalences)
    assert sum(found.splits.values()) == pytest.approx(1.0, abs=1e-12)
    assert all(a + b == n for a, b in found.splits)
    # Each arm's expected number is its share, at every n: blocks keep the ratio.
    assert sum(a * p for (a, _), p in found.splits.items()) == pytest.approx(2 * n / 3, abs=1e-10)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(0, 60), share=st.floats(0.0, 1.0))
def test_binomial_rows_are_binomial(n, share):
    row = binomial_rows(n, share)[n]
    expected = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    assert row == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_random_sizes_are_the_mixture_of_stated_sizes():
    # One stratum of two, sizes binomial: the split with prevalences is the mean over the sizes.
    scheme = Scheme({"A": 2, "B": 1}, {"sex": ("f", "m")})
    method, n, p = PermutedBlocks(scheme, (3, 6)), 9, 0.3
    mixed = sum(
        math.comb(n, k) * p**k * (1 - p) ** (n - k)
        * probability_of_split(method, {"A": 7, "B": 2}, sizes={("f",): k, ("m",): n - k})
        for k in range(n + 1)
    )  # fmt: skip
    found = probability_of_split(method, {"A": 7, "B": 2}, prevalences={"sex": {"f": p, "m": 1 - p}})
    assert found == pytest.approx(mixed, rel=1e-12)


def test_a_maximal_procedure_need_only_be_as_long_as_the_largest_stratum():
    method = MaximalProcedure(EQUAL, 2, 26)
    exact = ResultTable(assess(method, 60, sizes=SIZES).rows)
    drawn = ResultTable(assess_procedure(method, 60, sizes=SIZES, how="simulated", replicates=TRIALS, seed=2).rows)
    found = [each.value(parameter="imbalance-overall", statistic="mean_abs") for each in (exact, drawn)]
    error = drawn.value(parameter="imbalance-overall", statistic="mean_abs_se")
    assert _close(found[1], error, found[0])


def test_loss_of_power_is_that_of_the_splits():
    planned = power_of(100, hazard_ratio=0.6, alpha=0.05, sides=2, ratio=1)
    method = BiasedCoin(Scheme({"A": 1, "B": 1}), 1)
    found = ResultTable(assess_procedure(method, 5, planned=planned).rows).select(parameter="power-loss")
    uneven = power_of(100, hazard_ratio=0.6, alpha=0.05, sides=2, ratio=3 / 2).power
    # Five patients at p = 1 are 3 : 2 or 2 : 3, always.
    assert found.value(statistic="loss") == pytest.approx(planned.power - uneven, abs=1e-12)
    assert found.value(statistic="planned") == pytest.approx(planned.power, abs=1e-12)


def test_stratified_imbalance_costs_more_than_overall_imbalance():
    planned = power_of(127, hazard_ratio=0.59, alpha=0.05, sides=2, ratio=2)
    found = ResultTable(
        assess_procedure(METHODS["complete"], 60, prevalences=PREVALENCES, planned=planned, replicates=2000).rows
    ).select(parameter="power-loss", statistic="loss")
    assert found.value(level2="stratified") > found.value(level2="unstratified") > 0.0
