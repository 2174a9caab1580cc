"""What the allocation methods promise and refuse."""

from fractions import Fraction

import pytest

from equipoise.errors import ArgumentError
from equipoise.protocol import load_trial
from equipoise.randomization import (
    Complete,
    ListedWords,
    Patient,
    PermutedBlocks,
    Scheme,
    SeededWords,
    State,
    method_of,
)
from equipoise.seeds import Stream

SCHEME = Scheme({"A": 2, "B": 1}, {"site": ("north", "south")})
BLOCKS = PermutedBlocks(SCHEME, (3,))
NORTH = Patient("001", {"site": "north"})


def test_palmira_declares_blocks_of_three_and_six_in_four_strata():
    method = method_of(load_trial("palmira"))
    assert isinstance(method, PermutedBlocks)
    assert method.block_sizes == (3, 6)
    assert method.scheme.shares == {"PALBO_ET": Fraction(2, 3), "ET": Fraction(1, 3)}
    numbers = {method.scheme.number((a, b)) for a in ("AI", "FULV") for b in ("Y", "N")}
    assert numbers == {0, 1, 2, 3}


@pytest.mark.parametrize("size", [4, 0, -3, 3.0, True])
def test_block_size_must_hold_the_ratio(size):
    with pytest.raises(ArgumentError, match="cannot hold the ratio 2:1") as caught:
        PermutedBlocks(SCHEME, (3, size))
    assert caught.value.code == "argument-invalid"
    assert "3, 6, 9, 12" in (caught.value.hint or "")


def test_some_block_size_is_needed():
    with pytest.raises(ArgumentError, match="no block size is declared"):
        PermutedBlocks(SCHEME, ())


@pytest.mark.parametrize("share", [0, -1, 1.5, True])
def test_a_ratio_is_a_positive_whole_number(share):
    with pytest.raises(ArgumentError, match=r"arm 'B' has the allocation ratio"):
        Scheme({"A": 2, "B": share})


def test_one_arm_is_no_randomization():
    with pytest.raises(ArgumentError, match="1 arm given: A"):
        Scheme({"A": 1})


@pytest.mark.parametrize("levels", [(), ("x", "x")])
def test_a_factor_names_each_level_once(levels):
    with pytest.raises(ArgumentError, match="stratification factor 'site' has the levels"):
        Scheme({"A": 1, "B": 1}, {"site": levels})


@pytest.mark.parametrize("method", [BLOCKS, Complete(SCHEME)])
@pytest.mark.parametrize("levels", [{"site": "nroth"}, {}])
def test_unknown_level_names_the_nearest(method, levels):
    with pytest.raises(ArgumentError, match="is no level of this factor") as caught:
        method.probabilities(method.start(), Patient("001", levels))
    assert caught.value.code == "stratum-unknown"
    assert "north, south" in (caught.value.hint or "")


@pytest.mark.parametrize("method", [BLOCKS, Complete(SCHEME)])
def test_a_patient_is_allocated_once(method):
    _, state = method.allocate(method.start(), NORTH, SeededWords(1))
    with pytest.raises(ArgumentError, match="patient '001' has been allocated already") as caught:
        method.allocate(state, Patient("001", {"site": "south"}), SeededWords(1))
    assert caught.value.code == "subject-randomized-twice"


def test_a_state_belongs_to_its_scheme():
    other = PermutedBlocks(SCHEME, (6,))
    with pytest.raises(ArgumentError, match="belongs to another randomization scheme"):
        BLOCKS.allocate(other.start(), NORTH, SeededWords(1))


def test_allocation_leaves_the_old_state_as_it_was():
    start = BLOCKS.start()
    _, first = BLOCKS.allocate(start, NORTH, SeededWords(7))
    again, second = BLOCKS.allocate(start, NORTH, SeededWords(7))
    assert start == State(BLOCKS.digest, {}, {})
    assert first == second
    assert first.arms == {"001": again}
    assert first.count(again) == first.count(again, ("north",)) == 1
    assert first.count(again, ("south",)) == 0


def test_complete_randomization_keeps_its_probabilities_and_frequencies():
    method, words, given = Complete(SCHEME), SeededWords(11), []
    state = method.start()
    for k in range(1500):
        patient = Patient(str(k), {"site": "north"})
        arm, state = method.allocate(state, patient, words)
        given.append(arm)
    assert method.probabilities(state, Patient("next", {"site": "south"})) == {"A": Fraction(2, 3), "B": Fraction(1, 3)}
    # 4 standard errors of a share of 2/3.
    assert abs(given.count("A") / 1500 - 2 / 3) < 4 * (2 / 9 / 1500) ** 0.5
    assert given != sorted(given)


def test_seeded_words_are_those_of_the_named_streams():
    words = SeededWords(20190405, replicate=3)
    stream = Stream(20190405, "allocation", 3).words([2], 130)[0]
    assert [words.assignment(2, k) for k in (0, 63, 64, 129)] == [int(stream[k]) for k in (0, 63, 64, 129)]
    assert words.block_size(2, 5) == int(Stream(20190405, "block-sizes", 3).words([2], 6)[0, 5])


def test_a_listed_history_ends_where_it_was_written_down():
    with pytest.raises(ArgumentError, match="no assignment word is listed for stratum 0 at position 0"):
        BLOCKS.allocate(BLOCKS.start(), NORTH, ListedWords({1: [0]}, {}))


def test_a_word_has_32_bits():
    with pytest.raises(ArgumentError, match="is not a 32-bit word"):
        BLOCKS.allocate(BLOCKS.start(), NORTH, ListedWords({0: [2**32]}, {}))


def test_a_trial_without_randomization_has_no_method():
    trial = load_trial("palmira").model_copy(update={"randomization": None})
    with pytest.raises(ArgumentError, match="declares no randomization"):
        method_of(trial)


def test_permuted_blocks_need_sizes():
    palmira = load_trial("palmira")
    assert palmira.randomization is not None
    bare = palmira.randomization.model_copy(update={"block_sizes": None})
    with pytest.raises(ArgumentError, match="permuted blocks without block_sizes"):
        method_of(palmira.model_copy(update={"randomization": bare}))
