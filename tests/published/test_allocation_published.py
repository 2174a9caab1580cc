"""Allocation probabilities that are printed elsewhere, and the exact tables of the ratio at each step."""

from collections import defaultdict
from fractions import Fraction

import pytest

from equipoise.randomization import BlockUrn, ListedWords, Method, Minimization, Patient, PermutedBlocks, Scheme

TWO_TO_ONE = Scheme({"A": 2, "B": 1})


def _steps(method: Method, n: int, levels: list[dict[str, str]] | None = None) -> list[Fraction]:
    """The unconditional probability of A at each step, over every history that the earlier steps can have."""
    futures = {method.key(method.start()): (Fraction(1), method.start())}
    found = []
    for step in range(n):
        patient, following, share = Patient(str(step), levels[step] if levels else {}), {}, Fraction(0)
        for chance, state in futures.values():
            for outcome in method.outcomes(state, patient):
                share += chance * outcome.probability * (outcome.arm == "A")
                key = method.key(outcome.state)
                before = following[key][0] if key in following else Fraction(0)
                following[key] = (before + chance * outcome.probability, outcome.state)
        futures = following
        found.append(share)
    return found


def _two_arms_steps(preferred_a: Fraction, preferred_b: Fraction, n: int) -> list[Fraction]:
    """The same at 2:1 without factors, by numbers of A alone: A is preferred where abs(d + 1/2) < abs(d - 1)."""
    numbers, found = {0: Fraction(1)}, []
    for step in range(n):
        following, share = defaultdict(Fraction), Fraction(0)
        for a, chance in numbers.items():
            d = Fraction(a, 2) - (step - a)
            p = preferred_a if abs(d + Fraction(1, 2)) < abs(d - 1) else preferred_b
            share += chance * p
            following[a + 1] += chance * p
            following[a] += chance * (1 - p)
        numbers = following
        found.append(share)
    return found


def test_biased_coin_minimization_departs_from_two_to_one_as_printed():
    # Han et al.'s method without factors, p = 0.7: P(A) at steps 1 to 6, to the digits printed.
    steps = _steps(Minimization(TWO_TO_ONE, 0.7, construction="han2009"), 6)
    assert [round(float(p), digits) for p, digits in zip(steps, (3, 4, 3, 3, 3, 3), strict=True)] == [
        0.850, 0.3825, 0.710, 0.808, 0.437, 0.717,
    ]  # fmt: skip


def test_exact_table_of_the_ratio_at_each_step():
    han = _steps(Minimization(TWO_TO_ONE, 0.7, construction="han2009"), 8)
    naive = _steps(Minimization(TWO_TO_ONE, 0.7, construction="naive"), 8)
    assert han == _two_arms_steps(Fraction(17, 20), Fraction(3, 10), 8)
    assert naive == _two_arms_steps(Fraction(7, 10), Fraction(3, 10), 8)
    assert han[:4] == [Fraction(17, 20), Fraction(153, 400), Fraction(2839, 4000), Fraction(32317, 40000)]
    assert naive[:4] == [Fraction(7, 10), Fraction(21, 50), Fraction(77, 125), Fraction(1687, 2500)]
    assert Fraction(2, 3) not in (*han, *naive)
    assert _steps(Minimization(TWO_TO_ONE, 0.7), 8) == [Fraction(2, 3)] * 8
    assert _steps(PermutedBlocks(TWO_TO_ONE, (3, 6)), 8) == [Fraction(2, 3)] * 8


LEVELS = [{"sex": s, "site": t} for s, t in ("fn", "fs", "mn", "fn", "ms", "fs", "fn", "mn")]


@pytest.mark.parametrize("imbalance", ["range", "variance", "standard-deviation"])
def test_ratio_preserving_minimization_keeps_two_to_one_whoever_arrives(imbalance: str):
    scheme = Scheme({"A": 2, "B": 1}, {"sex": ("f", "m"), "site": ("n", "s")})
    method = Minimization(scheme, 0.7, imbalance, weights={"sex": 2}, overall_weight=1, stratum_weight=0.5)
    assert _steps(method, 6, LEVELS[:6]) == [Fraction(2, 3)] * 6
    plain = Minimization(scheme, 0.9, imbalance)
    assert _steps(plain, 8, LEVELS) == [Fraction(2, 3)] * 8
    departing = Minimization(scheme, 0.9, imbalance, construction="han2009")
    assert max(abs(p - Fraction(2, 3)) for p in _steps(departing, 8, LEVELS)) > Fraction(1, 10)


def test_block_urn_departs_from_two_to_one_as_printed():
    # lambda 2: 2/3 at the first four steps, .640 at step 5.
    steps = _steps(BlockUrn(TWO_TO_ONE, 2), 5)
    assert steps[:4] == [Fraction(2, 3)] * 4
    assert steps[4] == Fraction(16, 25)
    assert not BlockUrn(TWO_TO_ONE, 2).preserves_ratio


def test_block_urn_history_of_zhao_and_weng():
    """Table 1 of Zhao and Weng 2011: two arms, block size 6 (lambda 3), fourteen patients."""
    arms = "ABAABBBBABABAA"
    printed = [0.5, 0.4, 0.5, 0.4, 0.25, 0.4, 0.5, 0.6, 0.75, 0.6, 0.75, 0.6, 0.75, 0.6]
    method = BlockUrn(Scheme({"A": 1, "B": 1}), 3)
    drawn = [0.4026, 0.5654, 0.0927, 0.3080, 0.7758, 0.9219, 0.6115, 0.8604, 0.4848, 0.7746, 0.2345, 0.8507]
    words = ListedWords({0: [int(u * 2**32) for u in (*drawn, 0.0661, 0.2630)]}, {})
    state, found, given = method.start(), [], []
    for place in range(len(arms)):
        found.append(float(method.probabilities(state, Patient(str(place)))["A"]))
        arm, state = method.allocate(state, Patient(str(place)), words)
        given.append(arm)
    # Quotients of small whole numbers.
    assert found == pytest.approx(printed, rel=1e-15)
    assert "".join(given) == arms
