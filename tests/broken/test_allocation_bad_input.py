"""Bad input to the allocation methods and lists: each is refused by its code, says why, and names what is permitted."""

import json
from dataclasses import replace
from typing import Any

import pytest

from equipoise.errors import ArgumentError, DataError
from equipoise.randomization import (
    AllocationList,
    BiasedCoin,
    BigStick,
    BlockUrn,
    Complete,
    ListedWords,
    MaximalProcedure,
    Method,
    Minimization,
    Patient,
    PermutedBlocks,
    Scheme,
    SeededWords,
    generate_list,
    parse_list,
    verify_list,
)

FACTORS = {"sex": ("f", "m"), "site": ("north", "south")}
EQUAL = Scheme({"A": 1, "B": 1}, FACTORS)
TWO_TO_ONE = Scheme({"A": 2, "B": 1}, FACTORS)
SOMEONE = Patient("001", {"sex": "f", "site": "north"})
EVERY = [
    Complete(TWO_TO_ONE),
    PermutedBlocks(TWO_TO_ONE, (3, 6)),
    BigStick(EQUAL, 2),
    BiasedCoin(EQUAL),
    BlockUrn(TWO_TO_ONE, 2),
    MaximalProcedure(EQUAL, 2, 8),
    Minimization(TWO_TO_ONE),
]
EACH = pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)


def test_a_ratio_with_a_zero():
    with pytest.raises(ArgumentError, match="arm 'B' has the allocation ratio 0") as caught:
        Scheme({"A": 2, "B": 0})
    assert caught.value.code == "argument-invalid"


def test_a_block_size_that_is_no_multiple_of_the_ratio():
    with pytest.raises(ArgumentError, match="block size 4 cannot hold the ratio 2:1") as caught:
        PermutedBlocks(TWO_TO_ONE, (4,))
    assert caught.value.hint == "permitted: 3, 6, 9, 12, ..."


@EACH
def test_an_unknown_level(method: Method):
    stranger = Patient("001", {"sex": "f", "site": "nort"})
    for act in (method.probabilities, method.outcomes, method.explain):
        with pytest.raises(ArgumentError, match="has site = 'nort', which is no level") as caught:
            act(method.start(), stranger)
        assert caught.value.code == "stratum-unknown"
        assert "north" in (caught.value.hint or "")


@EACH
def test_a_patient_allocated_twice(method: Method):
    _, state = method.allocate(method.start(), SOMEONE, SeededWords(1))
    with pytest.raises(ArgumentError, match="patient '001' has been allocated already") as caught:
        method.allocate(state, SOMEONE, SeededWords(1))
    assert caught.value.code == "subject-randomized-twice"


@EACH
def test_a_state_from_another_trial(method: Method):
    ratio = {"X": 1, "Y": 1} if method.scheme is EQUAL else {"X": 2, "Y": 1}
    other = type(method)(**{**vars(method), "scheme": Scheme(ratio, FACTORS)})
    with pytest.raises(ArgumentError, match="belongs to another randomization scheme"):
        method.allocate(other.start(), SOMEONE, SeededWords(1))


@pytest.mark.parametrize("imbalance", ["range", "variance"])
def test_a_state_of_other_settings(imbalance: str):
    method = Minimization(TWO_TO_ONE, 0.8, "standard-deviation")
    with pytest.raises(ArgumentError, match="belongs to another randomization scheme"):
        method.probabilities(Minimization(TWO_TO_ONE, 0.8, imbalance).start(), SOMEONE)


@pytest.mark.parametrize(
    "given", [{"weights": {"sex": 0, "site": 0}}, {"weights": {"sex": 0, "site": 0}, "overall_weight": 0}]
)
def test_weights_that_sum_to_zero(given: dict):
    with pytest.raises(ArgumentError, match="the weights of minimization sum to zero") as caught:
        Minimization(EQUAL, 0.8, **given)
    assert caught.value.code == "argument-invalid"


def test_an_overall_weight_of_zero_without_factors():
    with pytest.raises(ArgumentError, match="the weights of minimization sum to zero"):
        Minimization(Scheme({"A": 1, "B": 1}), 0.8, overall_weight=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": {"sexx": 1}}, "a weight is given to 'sexx', which is no factor"),
        ({"weights": {"sex": -1}}, "weight of sex is -1"),
        ({"overall_weight": "much"}, "overall_weight is 'much'"),
        ({"stratum_weight": float("nan")}, "stratum_weight is nan"),
        ({"overall_weight": float("inf")}, "overall_weight is inf"),
        ({"imbalance": "rang"}, "imbalance is 'rang'"),
        ({"construction": "han"}, "construction is 'han'"),
        ({"probability": 0.12345678}, "probability is 0.12345678"),
        ({"probability": True}, "probability is True"),
    ],
)
def test_other_settings_of_minimization(given: dict, message: str):
    with pytest.raises(ArgumentError, match=message) as caught:
        Minimization(EQUAL, **given)
    assert caught.value.code == "argument-invalid"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("construction", "probability", "share"),
    [
        ("ratio-preserving", "1/3", "1/3"),
        ("ratio-preserving", 0.2, "1/3"),
        ("han2009", "1/3", "1/3"),
        ("naive", "2/3", "2/3"),
        ("naive", 0.6, "2/3"),
        ("ratio-preserving", 1.01, "1/3"),
        ("han2009", 2, "1/3"),
        ("naive", -0.1, "2/3"),
    ],
)
def test_a_random_element_that_prefers_nobody_or_exceeds_one(construction: str, probability: object, share: str):
    with pytest.raises(ArgumentError, match=f"the random element of {construction} minimization is") as caught:
        Minimization(TWO_TO_ONE, probability, construction=construction)
    assert caught.value.hint == f"above {share} and at most 1"


@pytest.mark.parametrize("probability", [0.5, 0.3, 1.2])
def test_a_biased_coin_that_prefers_nobody_or_exceeds_one(probability: float):
    with pytest.raises(ArgumentError, match="the biased coin's probability is") as caught:
        BiasedCoin(EQUAL, probability)
    assert caught.value.hint == "above 1/2 and at most 1; Efron suggests 2/3"


def test_a_random_element_of_one_is_a_warning():
    assert "every assignment is certain" in Minimization(EQUAL, 1).warnings[0]
    assert "every assignment is certain" in BiasedCoin(EQUAL, 1).warnings[0]
    assert Minimization(EQUAL, 0.999).warnings == BiasedCoin(EQUAL).warnings == ()


@pytest.mark.parametrize(
    "method", [BlockUrn(TWO_TO_ONE, 2), Minimization(TWO_TO_ONE, construction="han2009")], ids=lambda m: m.name
)
def test_a_ratio_that_is_not_kept_is_a_warning(method: Method):
    assert len(method.warnings) == 1
    assert "2:1" in method.warnings[0]


@pytest.mark.parametrize(
    "make", [lambda s: BigStick(s, 2), lambda s: BiasedCoin(s), lambda s: MaximalProcedure(s, 2, 6)]
)
@pytest.mark.parametrize("ratio", [{"A": 2, "B": 1}, {"A": 1, "B": 1, "C": 1}])
def test_methods_of_two_equal_arms_refuse_other_ratios(make, ratio: dict[str, int]):
    with pytest.raises(ArgumentError, match="is defined for two arms 1:1, this trial has") as caught:
        make(Scheme(ratio))
    assert caught.value.hint


@pytest.mark.parametrize("value", [0, -1, 1.5, True, None])
def test_whole_settings(value: object):
    with pytest.raises(ArgumentError, match=f"maximum_imbalance is {value!r}"):
        BigStick(EQUAL, value)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match=f"urn_lambda is {value!r}"):
        BlockUrn(EQUAL, value)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match=f"length is {value!r}"):
        MaximalProcedure(EQUAL, 2, value)  # pyright: ignore[reportArgumentType]


def test_a_sequence_of_odd_length():
    with pytest.raises(ArgumentError, match="sequence has length 7") as caught:
        MaximalProcedure(EQUAL, 2, 7)
    assert caught.value.hint == "an even number, as 8"


def test_a_sequence_that_is_used_up():
    method = MaximalProcedure(Scheme({"A": 1, "B": 1}), 1, 2)
    state, words = method.start(), ListedWords({0: [0, 0, 0]}, {})
    for patient in "12":
        _, state = method.allocate(state, Patient(patient), words)
    with pytest.raises(ArgumentError, match="sequence of 2 patients is used up"):
        method.allocate(state, Patient("3"), words)


BLOCKS = PermutedBlocks(TWO_TO_ONE, (3, 6))


def test_minimization_with_factors_has_no_list():
    with pytest.raises(ArgumentError, match="minimization with factors has no list"):
        generate_list(Minimization(EQUAL), 10, seed=1)


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({"sizes": -1}, "argument-invalid", "size of stratum f/north is -1"),
        ({"sizes": 10_001}, "argument-invalid", "size of stratum f/north is 10,001"),
        ({"sizes": {("f", "north"): 1.5}}, "argument-invalid", "size of stratum f/north is 1.5"),
        ({"sizes": {("f", "nort"): 3}}, "stratum-unknown", "sizes name stratum f/nort, which"),
        ({"seed_policy": "secret"}, "argument-invalid", "seed_policy is 'secret'"),
        ({"seed": -1}, "argument-invalid", "seed -1 is not a whole number"),
    ],
)
def test_lists_that_cannot_be_drawn(given: dict, code: str, message: str):
    with pytest.raises(ArgumentError, match=message) as caught:
        generate_list(**({"method": BLOCKS, "sizes": 3, "seed": 1} | given))  # pyright: ignore[reportArgumentType]
    assert caught.value.code == code


def test_a_factor_that_has_the_name_of_a_column():
    with pytest.raises(ArgumentError, match="a factor is named 'arm'"):
        generate_list(Complete(Scheme({"A": 1, "B": 1}, {"arm": ("x", "y")})), 2, seed=1)


@pytest.mark.parametrize(
    "text",
    ["", "arm\nA\n", "{}", "{", '{"format": "another"}', "# format: no json\narm\n", "[1]", '{"allocations": 3}'],
)
def test_text_that_is_no_list(text: str):
    with pytest.raises(DataError, match="this is no allocation list") as caught:
        parse_list(text)
    assert caught.value.code == "file-unreadable"


@pytest.mark.parametrize("form", ["to_csv", "to_json"])
def test_a_list_that_was_changed(form: str):
    text = getattr(generate_list(BLOCKS, 6, seed=5), form)()
    last = text.rindex('"A"' if form == "to_json" else "A\n")
    changed = text[:last] + text[last:].replace("A", "B", 1)
    with pytest.raises(DataError, match="the allocations have the digest") as caught:
        parse_list(changed)
    assert caught.value.code == "value-invalid"


def test_a_list_of_another_seed_or_scheme_or_with_a_gap():
    drawn = generate_list(BLOCKS, 6, seed=5)
    with pytest.raises(DataError, match=r"the seed does not give the arm at place 1 of stratum f/north\n"):
        verify_list(drawn.to_csv(), BLOCKS, seed=6)
    with pytest.raises(ArgumentError, match="the list belongs to another randomization scheme"):
        verify_list(drawn.to_csv(), PermutedBlocks(TWO_TO_ONE, (3,)), seed=5)
    gap = json.loads(drawn.to_json())
    del gap["allocations"][0]
    short = type(drawn)(**{**vars(drawn), "slots": drawn.slots[1:]})
    gap["digest"] = short.digest
    with pytest.raises(DataError, match="the list has 23 allocations, and its places run to 24"):
        verify_list(json.dumps(gap), BLOCKS, seed=5)


def _resealed(drawn: AllocationList, **changed: Any) -> str:
    """The text of a list that was changed and given the digest of what it now says."""
    return type(drawn)(**{**vars(drawn), **changed}).to_json(blocks=True)


def test_what_was_changed_and_digested_anew_is_named_without_its_arm():
    drawn = generate_list(BLOCKS, 6, seed=5, seed_policy="open")
    slot = drawn.slots[7]
    flipped = replace(slot, arm="B" if slot.arm == "A" else "A")
    text = _resealed(drawn, slots=(*drawn.slots[:7], flipped, *drawn.slots[8:]))
    with pytest.raises(DataError, match=r"the seed does not give the arm at place 2 of stratum f/south\n") as caught:
        verify_list(text, BLOCKS, seed=5)
    assert not {"A", "B"} & set(f"{caught.value} {caught.value.reason} {caught.value.hint}".split())
    moved = replace(slot, block=9)
    text = _resealed(drawn, slots=(*drawn.slots[:7], moved, *drawn.slots[8:]))
    with pytest.raises(DataError, match=r"the seed does not give the block at place 2 of stratum f/south\n"):
        verify_list(text, BLOCKS, seed=5)


@pytest.mark.parametrize(
    ("changed", "what"),
    [({"method": "complete"}, "method"), ({"ratio": {"A": 1, "B": 1}}, "ratio"), ({"seed": 6}, "seed")],
)
def test_what_stands_above_the_allocations_is_held_against_the_method(changed: dict, what: str):
    drawn = generate_list(BLOCKS, 6, seed=5, seed_policy="open")
    assert verify_list(_resealed(drawn), BLOCKS, seed=5) == drawn
    with pytest.raises(DataError, match=f"the list states another {what} than it was drawn with"):
        verify_list(_resealed(drawn, **changed), BLOCKS, seed=5)


def test_a_shifted_row_does_not_show_its_arm():
    lines = generate_list(BLOCKS, 6, seed=5).to_csv().splitlines()
    lines[-1] = "m,south,SECRET_ARM,6"
    with pytest.raises(DataError, match="this is no allocation list: a place is no whole number") as caught:
        parse_list("\n".join(lines))
    assert "SECRET_ARM" not in str(caught.value)


def test_messages_of_a_list_do_not_hold_its_seed():
    for given in ({"sizes": -1}, {"sizes": 20_000}, {"method": Minimization(EQUAL)}, {"seed_policy": "x"}):
        with pytest.raises(ArgumentError, match=r".") as caught:
            generate_list(**({"method": BLOCKS, "sizes": 3, "seed": 987654321} | given))  # pyright: ignore[reportArgumentType]
        assert "987654321" not in f"{caught.value} {caught.value.reason} {caught.value.hint}"
