"""Permuted blocks worked by hand: urns, words, probabilities, whole distributions.

A word w picks ball number floor(w * left / 2**32) among the balls left, counted arm by arm in the order of the ratio.
"""

from fractions import Fraction
from itertools import permutations

import pytest

from equipoise.randomization import ListedWords, Patient, PermutedBlocks, Scheme, SeededWords, State

HALF = 2**31
LAST = 2**32 - 1
TWO_TO_ONE = Scheme({"A": 2, "B": 1})


def _history(method: PermutedBlocks, words: ListedWords, patients: list[Patient]) -> list[tuple[str, dict]]:
    """Arms in order, each with the probabilities that held before it was drawn."""
    state, steps = method.start(), []
    for patient in patients:
        before = method.probabilities(state, patient)
        arm, state = method.allocate(state, patient, words)
        steps.append((arm, before))
    return steps


def _patients(n: int) -> list[Patient]:
    return [Patient(f"{k:03d}") for k in range(n)]


def test_one_block_of_three_by_hand():
    # Urn AAB. Word 2**31: ball floor(3/2) = 1, an A; left AB. Word 2**31: ball floor(2/2) = 1, the B; left A.
    # Then the A is certain, whatever the word; the next block starts at 2/3 again, and its word LAST takes the B.
    words = ListedWords({0: [HALF, HALF, LAST, LAST]}, {})
    steps = _history(PermutedBlocks(TWO_TO_ONE, (3,)), words, _patients(4))
    assert [arm for arm, _ in steps] == ["A", "B", "A", "B"]
    assert [p["A"] for _, p in steps] == [Fraction(2, 3), Fraction(1, 2), Fraction(1), Fraction(2, 3)]
    assert all(sum(p.values()) == 1 for _, p in steps)


def test_boundaries_between_balls_by_hand():
    # Of three balls, the third begins at the first word w with 3 w >= 2 * 2**32, which is 2863311531.
    method = PermutedBlocks(TWO_TO_ONE, (3,))
    below = _history(method, ListedWords({0: [2863311530]}, {}), _patients(1))
    at = _history(method, ListedWords({0: [2863311531]}, {}), _patients(1))
    assert (below[0][0], at[0][0]) == ("A", "B")


def test_mixed_sizes_by_hand():
    # Block word 0 picks the first size (3), LAST the second (6). Within the 6 block the urn is AAAABB.
    words = ListedWords({0: [0, 0, 0, LAST, LAST, 0, 0, 0, 0]}, {0: [0, LAST]})
    steps = _history(PermutedBlocks(TWO_TO_ONE, (3, 6)), words, _patients(9))
    assert [arm for arm, _ in steps] == ["A", "A", "B", "B", "B", "A", "A", "A", "A"]
    assert [p["B"] for _, p in steps[:5]] == [Fraction(1, 3), Fraction(1, 2), 1, Fraction(1, 3), Fraction(1, 5)]
    assert [p["B"] for _, p in steps[5:]] == [0, 0, 0, 0]


def test_strata_have_urns_and_words_of_their_own_by_hand():
    # Strata are numbered with the last factor fastest: (x, y) 0, (x, n) 1, (z, y) 2, (z, n) 3.
    scheme = Scheme({"A": 1, "B": 1}, {"first": ("x", "z"), "second": ("y", "n")})
    method = PermutedBlocks(scheme, (2,))
    words = ListedWords({1: [LAST, 0], 2: [0, 0]}, {})
    patients = [
        Patient("1", {"first": "x", "second": "n"}),
        Patient("2", {"first": "z", "second": "y"}),
        Patient("3", {"first": "x", "second": "n"}),
        Patient("4", {"first": "z", "second": "y"}),
    ]
    steps = _history(method, words, patients)
    assert [arm for arm, _ in steps] == ["B", "A", "A", "B"]
    assert [p["A"] for _, p in steps] == [Fraction(1, 2), Fraction(1, 2), 1, 0]


def test_three_arms_by_hand():
    # 3:2:1 in a block of 6: balls 0-2 C, 3-4 D, 5 E. Word 2**31 takes ball 3 (D); of the 5 left (CCC D E) ball 2 (C).
    scheme = Scheme({"C": 3, "D": 2, "E": 1})
    steps = _history(PermutedBlocks(scheme, (6,)), ListedWords({0: [HALF, HALF, LAST]}, {}), _patients(3))
    assert [arm for arm, _ in steps] == ["D", "C", "E"]
    assert steps[2][1] == {"C": Fraction(1, 2), "D": Fraction(1, 4), "E": Fraction(1, 4)}


def _distribution(method: PermutedBlocks, length: int) -> dict[tuple[str, ...], Fraction]:
    """The exact probability of every sequence of one block, from the probabilities at each step."""
    size = method.block_sizes[0]
    sequences: dict[tuple[str, ...], Fraction] = {}

    def follow(state: State, arms: tuple[str, ...], probability: Fraction) -> None:
        if len(arms) == length:
            sequences[arms] = sequences.get(arms, Fraction(0)) + probability
            return
        patient = Patient(f"{len(arms)}")
        for arm, p in method.probabilities(state, patient).items():
            if p:
                # A word in the middle of the arm's share of the urn gives exactly this arm.
                before = sum(
                    (q for other, q in method.probabilities(state, patient).items() if other < arm), start=Fraction(0)
                )
                word = int((before + p / 2) * 2**32)
                drawn, after = method.allocate(state, patient, ListedWords({0: [word] * size}, {}))
                assert drawn == arm
                follow(after, (*arms, arm), probability * p)

    follow(method.start(), (), Fraction(1))
    return sequences


@pytest.mark.parametrize(
    ("ratio", "size"), [({"A": 2, "B": 1}, 3), ({"A": 2, "B": 1}, 6), ({"A": 1, "B": 1, "C": 1}, 3)]
)
def test_every_arrangement_of_a_block_is_equally_likely(ratio: dict[str, int], size: int):
    scheme = Scheme(ratio)
    content = "".join(arm * (share * size // scheme.total) for arm, share in ratio.items())
    arrangements = set(permutations(content))
    found = _distribution(PermutedBlocks(scheme, (size,)), size)
    assert set(found) == arrangements
    assert set(found.values()) == {Fraction(1, len(arrangements))}


def test_ratio_is_kept_at_every_step_of_a_block():
    sequences = _distribution(PermutedBlocks(TWO_TO_ONE, (6,)), 6)
    for step in range(6):
        assert sum(p for arms, p in sequences.items() if arms[step] == "A") == Fraction(2, 3)


def test_balance_at_every_block_end():
    method = PermutedBlocks(TWO_TO_ONE, (3, 6))
    state, words, ends = method.start(), SeededWords(20190405), 0
    for patient in _patients(300):
        _, state = method.allocate(state, patient, words)
        block = state.strata[()]
        if block.remaining == 0:
            ends += 1
            assert block.counts["A"] == 2 * block.counts["B"]
    assert state.strata[()].opened >= ends >= 50


def test_block_sizes_and_arms_come_with_their_frequencies():
    # 2000 seeds: shares within 4 standard errors of 1/2 (size 6 first) and of 2/3 (arm A first; A at place 4).
    method, first_six, first_a, fourth_a, seeds = PermutedBlocks(TWO_TO_ONE, (3, 6)), 0, 0, 0, 2000
    for seed in range(seeds):
        state, words, arms = method.start(), SeededWords(seed), []
        for patient in _patients(4):
            arm, state = method.allocate(state, patient, words)
            arms.append(arm)
            if len(arms) == 1:
                first_six += state.strata[()].size == 6
        first_a, fourth_a = first_a + (arms[0] == "A"), fourth_a + (arms[3] == "A")
    assert abs(first_six / seeds - 1 / 2) < 4 * (0.25 / seeds) ** 0.5
    assert abs(first_a / seeds - 2 / 3) < 4 * (2 / 9 / seeds) ** 0.5
    assert abs(fourth_a / seeds - 2 / 3) < 4 * (2 / 9 / seeds) ** 0.5


def test_blocks_of_three_in_four_strata_cannot_give_136_to_62():
    # Within a block of 3 in progress, A runs ahead of 2/3 by at most 2/3: 132 + 4 * 2/3 < 136. Blocks of 6 allow 4/3.
    def most(size: int) -> Fraction:
        return max(
            Fraction(arms[:n].count("A")) - Fraction(2 * n, 3)
            for arms in permutations("AAB" * (size // 3))
            for n in range(size + 1)
        )

    assert 132 + 4 * most(3) == Fraction(404, 3)
    assert 132 + 4 * most(6) >= 136
