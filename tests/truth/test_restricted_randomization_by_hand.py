"""Big stick, biased coin, block urn and maximal procedure worked by hand, and what every method says of itself."""

from fractions import Fraction
from itertools import accumulate, product

import pytest

from equipoise.randomization import (
    BiasedCoin,
    BigStick,
    BlockUrn,
    Complete,
    ListedWords,
    MaximalProcedure,
    Method,
    Patient,
    PermutedBlocks,
    Scheme,
)

LAST = 2**32 - 1
EQUAL = Scheme({"A": 1, "B": 1})
TWO_TO_ONE = Scheme({"A": 2, "B": 1})


def _chances(method: Method, arms: str) -> list[Fraction]:
    """The probability of A before each assignment of a history; A and B are given by the words 0 and LAST."""
    words = ListedWords({0: [0 if arm == "A" else LAST for arm in arms]}, {})
    state, found = method.start(), []
    for place, arm in enumerate(arms):
        found.append(method.probabilities(state, Patient(str(place)))["A"])
        given, state = method.allocate(state, Patient(str(place)), words)
        assert given == arm
    return found


def test_big_stick_by_hand():
    # Differences before each: 0, 1, 2 (the most), 1, 2, 1, 0, -1, -2.
    chances = _chances(BigStick(EQUAL, 2), "AABABBBBA")
    half = Fraction(1, 2)
    assert chances == [half, half, 0, half, 0, half, half, half, 1]


def test_biased_coin_by_hand():
    # Differences before each: 0, 1, 2, 1, 0, -1.
    assert _chances(BiasedCoin(EQUAL), "AABBBA") == [
        Fraction(1, 2),
        Fraction(1, 3),
        Fraction(1, 3),
        Fraction(1, 3),
        Fraction(1, 2),
        Fraction(2, 3),
    ]


def test_block_urn_at_two_to_one_by_hand():
    # lambda 2: AAAA BB. A: AAA BB. A: AA BB. B: a set AAB goes back, AAAA BB less nothing = (6 - 2, 3 - 1).
    # B: (4, 1), no set. A: (3, 1). A: (6 - 4, 3 - 2), and sets min(4 // 2, 2 // 1) = 2 go back: (8 - 4, 4 - 2).
    chances = _chances(BlockUrn(TWO_TO_ONE, 2), "AABBAAA")
    assert chances == [
        Fraction(4, 6),
        Fraction(3, 5),
        Fraction(2, 4),
        Fraction(4, 6),
        Fraction(4, 5),
        Fraction(3, 4),
        Fraction(4, 6),
    ]


def test_block_urn_of_one_set_is_permuted_blocks():
    urn, blocks = BlockUrn(TWO_TO_ONE, 1), PermutedBlocks(TWO_TO_ONE, (3,))
    assert _chances(urn, "ABAAABBAA") == _chances(blocks, "ABAAABBAA")
    assert urn.preserves_ratio


def test_maximal_procedure_by_hand():
    # Length 6, at most 2 apart: of the 20 balanced sequences AAABBB and BBBAAA go to 3, so 18 are left.
    # After A: 9 of 18. Of those 9, AABABB, AABBAB and AABBBA go on with A: 3 / 9. After AA the B is certain. After AAB
    # one of the 3 goes on with A, after AABB one of 2, and AABBB has its A left.
    method = MaximalProcedure(EQUAL, 2, 6)
    assert _chances(method, "AABBBA") == [Fraction(1, 2), Fraction(1, 3), 0, Fraction(1, 3), Fraction(1, 2), 1]
    told = method.explain(method.start(), Patient("1"))
    assert told.reason == "of the 18 sequences that can still follow, 9 go on with A and 9 with B"


@pytest.mark.parametrize(("bound", "length"), [(1, 6), (2, 6), (2, 8), (3, 8), (8, 8)])
def test_maximal_procedure_makes_every_admissible_sequence_equally_likely(bound: int, length: int):
    method = MaximalProcedure(EQUAL, bound, length)
    balanced = [arms for arms in product("AB", repeat=length) if arms.count("A") * 2 == length]
    admissible = [
        arms for arms in balanced if max(abs(d) for d in accumulate(1 if a == "A" else -1 for a in arms)) <= bound
    ]
    for arms in admissible:
        probability = Fraction(1)
        for arm, chance in zip(arms, _chances(method, "".join(arms)), strict=True):
            probability *= chance if arm == "A" else 1 - chance
        assert probability == Fraction(1, len(admissible))


@pytest.mark.parametrize(
    ("method", "arms", "reason"),
    [
        (Complete(TWO_TO_ONE), "A", "every patient has each arm with its share, whatever came before"),
        (PermutedBlocks(TWO_TO_ONE, (3,)), "A", "block 1 of size 3 still holds 1 A, 1 B"),
        (
            PermutedBlocks(TWO_TO_ONE, (3,)),
            "AAB",
            "a new block begins, and its first place has each arm with its share",
        ),
        (BigStick(EQUAL, 2), "A", "the arms differ by 1, less than 2: a fair coin"),
        (BigStick(EQUAL, 2), "AA", "the arms differ by 2, the most that is tolerated: the arm behind is certain"),
        (BiasedCoin(EQUAL), "AB", "the arms have equal numbers: a fair coin"),
        (BiasedCoin(EQUAL, 0.75), "A", "the arms differ by 1: the arm behind has probability 3/4"),
        (BlockUrn(TWO_TO_ONE, 2), "AAB", "the urn holds 4 A, 2 B, after 1 balanced sets given back"),
    ],
)
def test_methods_explain_themselves(method: Method, arms: str, reason: str):
    words = ListedWords({0: [0 if arm == "A" else LAST for arm in arms]}, {})
    state = method.start()
    for place in range(len(arms)):
        _, state = method.allocate(state, Patient(str(place)), words)
    told = method.explain(state, Patient("next"))
    assert told.reason == reason
    assert told.probabilities == method.probabilities(state, Patient("next"))
    assert told.details[0] == {
        "stratum": "all patients",
        "assigned": len(arms),
        "A": arms.count("A"),
        "B": arms.count("B"),
    }
    assert str(told).startswith(f"patient next, {method.name}: A ")
