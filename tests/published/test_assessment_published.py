"""Predictability and balance of randomization against the formulas that the literature prints."""

import math

import pytest

from equipoise.frames.results import ResultTable
from equipoise.randomization import (
    BiasedCoin,
    BigStick,
    Complete,
    PermutedBlocks,
    Scheme,
    assess,
    exact_distribution,
    exact_steps,
)

EQUAL = Scheme({"A": 1, "B": 1})


@pytest.mark.parametrize("half", range(1, 9))
def test_correct_guesses_of_a_permuted_block(half):
    # Blackwell and Hodges 1957; Matts and Lachin 1988 (Control Clin Trials 9:327-344): a block of 2b is guessed
    # b + 2^(2b - 1) / C(2b, b) - 1/2 times.
    steps = exact_steps(PermutedBlocks(EQUAL, (2 * half,)), 2 * half)
    expected = half + 2 ** (2 * half - 1) / math.comb(2 * half, half) - 0.5
    assert float(sum(step.guessed for step in steps)) == pytest.approx(expected, abs=1e-14)


def test_correct_guesses_of_random_blocks_are_the_mean_over_their_sizes():
    # Matts and Lachin 1988: within the first block the sizes are mixed with equal weights; blocks of 2 are begun again.
    both = exact_steps(PermutedBlocks(EQUAL, (2, 4)), 2)
    alone = [exact_steps(PermutedBlocks(EQUAL, (size,)), 2) for size in (2, 4)]
    for k in range(2):
        assert both[k].guessed == sum(steps[k].guessed for steps in alone) / 2


@pytest.mark.parametrize("p", [0.6, 2 / 3, 0.75, 0.9])
def test_correct_guesses_of_the_biased_coin(p):
    # Efron 1971 (Biometrika 58:403-417): in the long run (r - 1) / (4 r) more than half, r = p / (1 - p).
    steps = assess(BiasedCoin(EQUAL, round(p, 6)), 200).rows
    by_step = [row.value for row in ResultTable(steps).select(parameter="correct-guess", at_unit="assignment")]
    ratio = p / (1 - p)
    late = (by_step[-1] + by_step[-2]) / 2
    assert late == pytest.approx(0.5 + (ratio - 1) / (4 * ratio), abs=2e-3 if p == 0.6 else 1e-5)


@pytest.mark.parametrize("p", [0.6, 0.75])
def test_limiting_balance_of_the_biased_coin(p):
    # Efron 1971: after many patients, an even number of them, the arms are equal with probability
    # (r - 1) / r, r = p / (1 - p).
    splits, ratio = assess(BiasedCoin(EQUAL, p), 200).splits, p / (1 - p)
    assert splits[100, 100] == pytest.approx((ratio - 1) / ratio, abs=2e-3)


@pytest.mark.parametrize("bound", [1, 2, 3, 5])
def test_correct_guesses_of_the_big_stick(bound):
    # Soares and Wu 1983 (Commun Stat 12:2017-2034): the walk stands at its bound 1 / (2 b) of the time in the long run,
    # where the next arm is certain; elsewhere a guess is right half of the time.
    steps = ResultTable(assess(BigStick(EQUAL, bound), 300).rows).select(
        parameter="correct-guess", statistic="convergence", at_unit="assignment"
    )
    late = [row.value for row in steps][-2:]
    assert sum(late) / 2 == pytest.approx(0.5 + 1 / (4 * bound), abs=1e-4)


@pytest.mark.parametrize(("ratio", "n"), [((1, 1), 20), ((2, 1), 17)])
def test_complete_randomization_is_binomial(ratio, n):
    p = ratio[0] / sum(ratio)
    found = exact_distribution(Complete(Scheme(dict(zip("AB", ratio, strict=True)))), n)
    for k in range(n + 1):
        assert float(found[k, n - k]) == pytest.approx(math.comb(n, k) * p**k * (1 - p) ** (n - k), rel=1e-12)


def test_complete_randomization_over_strata_is_one_binomial():
    scheme = Scheme({"A": 2, "B": 1}, {"prior": ("AI", "FULV"), "visceral": ("Y", "N")})
    prevalences = {"prior": {"AI": 0.899, "FULV": 0.101}, "visceral": {"Y": 0.6, "N": 0.4}}
    splits = assess(Complete(scheme), 198, prevalences=prevalences).splits
    for k in range(100, 170):
        expected = math.comb(198, k) * 2**k / 3**198
        assert splits[k, 198 - k] == pytest.approx(expected, rel=1e-11)
