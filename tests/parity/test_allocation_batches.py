"""Allocation in batches, plain and compiled, equals the pure functions arm for arm."""

from fractions import Fraction

import numpy as np
import pytest

from equipoise.kernels.compiled import allocation as compiled
from equipoise.kernels.plain import allocation as plain
from equipoise.randomization import (
    CONSTRUCTIONS,
    IMBALANCES,
    BiasedCoin,
    BigStick,
    BlockUrn,
    Complete,
    MaximalProcedure,
    Method,
    Minimization,
    Patient,
    PermutedBlocks,
    Scheme,
    SeededWords,
    hu_hu,
)
from equipoise.seeds import Stream
from equipoise.simulation.batches import batch_of

FACTORS = {"prior": ("AI", "FULV"), "region": ("EU", "US", "JP")}
EQUAL = Scheme({"A": 1, "B": 1}, FACTORS)
TWO_TO_ONE = Scheme({"A": 2, "B": 1}, FACTORS)
THREE = Scheme({"A": 3, "B": 2, "C": 1}, FACTORS)
WEIGHTS = {"prior": 2, "region": Fraction(1, 3)}

METHODS: dict[str, Method] = {
    "complete": Complete(TWO_TO_ONE),
    "complete, three arms": Complete(THREE),
    "blocks of 3": PermutedBlocks(TWO_TO_ONE, (3,)),
    "blocks of 3, 6": PermutedBlocks(TWO_TO_ONE, (3, 6)),
    "blocks of 2, 4, 6": PermutedBlocks(EQUAL, (2, 4, 6)),
    "blocks of 6, 12, three arms": PermutedBlocks(THREE, (6, 12)),
    "big stick": BigStick(EQUAL, 2),
    "biased coin": BiasedCoin(EQUAL, 0.7),
    "block urn": BlockUrn(TWO_TO_ONE, 2),
    "block urn, three arms": BlockUrn(THREE, 2),
    "maximal procedure": MaximalProcedure(EQUAL, 3, 40),
    "hu and hu": hu_hu(EQUAL),
    "minimization without factors": Minimization(Scheme({"A": 2, "B": 1}), 0.7),
    "minimization at p = 1": Minimization(TWO_TO_ONE, 1),
} | {
    f"{construction}, {imbalance}, {name}": Minimization(
        scheme,
        0.8,
        imbalance=imbalance,
        construction=construction,
        weights=WEIGHTS,
        overall_weight=0.5,
        stratum_weight=0.7,
    )
    for name, scheme in (("1:1", EQUAL), ("2:1", TWO_TO_ONE), ("3:2:1", THREE))
    for construction in CONSTRUCTIONS
    for imbalance in IMBALANCES
}


def one_by_one(method: Method, strata: np.ndarray, seed: int, replicate: int) -> list[int]:
    """The arms that the pure functions give one trial."""
    state, words, names = method.start(), SeededWords(seed, replicate), method.scheme.all_strata()
    found = []
    for i, number in enumerate(strata):
        patient = Patient(str(i), method.scheme.named(names[number]))
        arm, state = method.allocate(state, patient, words)
        found.append(method.scheme.arms.index(arm))
    return found


@pytest.mark.parametrize("name", METHODS)
def test_batches_equal_the_pure_functions_draw_for_draw(name):
    method, n, trials, seed, first = METHODS[name], 40, 5, 20190405, 3
    batch = batch_of(method, n)
    strata = np.random.default_rng(7).integers(0, len(method.scheme.all_strata()), (trials, n))
    expected = [one_by_one(method, strata[t], seed, first + t) for t in range(trials)]
    for engine in ("plain", "compiled"):
        assert batch.draw(strata, seed, first=first, engine=engine).tolist() == expected, engine


@pytest.mark.parametrize("name", ["blocks of 3, 6", "block urn", "2:1 minimization"])
def test_compiled_equals_plain_over_many_trials(name):
    method = Minimization(TWO_TO_ONE, imbalance="variance") if "minim" in name else METHODS[name]
    strata = np.random.default_rng(11).integers(0, 6, (2000, 198))
    batch = batch_of(method, 198)
    assert np.array_equal(batch.draw(strata, 5, engine="plain"), batch.draw(strata, 5, engine="compiled"))


def test_a_batch_is_the_same_in_parts():
    batch = batch_of(METHODS["blocks of 3, 6"], 30)
    strata = np.random.default_rng(3).integers(0, 6, (50, 30))
    parts = [batch.draw(strata[k : k + 10], 9, first=100 + k) for k in range(0, 50, 10)]
    assert np.array_equal(np.concatenate(parts), batch.draw(strata, 9, first=100))


def test_words_are_those_of_the_streams():
    # Replicates beyond 32 bits have a high word of their own.
    replicates = np.array([0, 7, (1 << 40) + 3])
    strata = np.random.default_rng(3).integers(0, 4, (3, 25))
    words = plain.assignment_words(77, replicates, strata, 4)
    assert np.array_equal(words, compiled.assignment_words(77, replicates, strata, 4))
    for t, replicate in enumerate(replicates):
        stream = Stream(77, "allocation", int(replicate)).words(np.arange(4), 25)
        seen = [0] * 4
        for i, s in enumerate(strata[t]):
            assert words[t, i] == stream[s, seen[s]]
            seen[s] += 1
