"""On made-up abstracts in many journals' manners, no value is misread in silence."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import ArgumentError
from equipoise.evidence.abstract_text import Draft, draft_from_text
from made_up_abstracts import MadeUpAbstract, made_up_abstract

BANK, LARGE_BANK = 300, 5_000


def misread(made: MadeUpAbstract, draft: Draft) -> list[tuple[str, str, str | None]]:
    """Values that differ from what the abstract says, though no doubt of their order was stated."""
    found = []
    for one in draft.readings:
        if "experimental arm's" in one.doubt or one.field in ("ratio", "follow-up"):
            continue
        name = one.field
        if " arm, " in name:
            name = {"experimental": made.experimental, "control": made.control}[name.split(" arm, ")[0]]
        if made.truth.get(name) != one.value:
            found.append((one.field, one.value, made.truth.get(name)))
    return found


@pytest.mark.parametrize("size", [BANK, pytest.param(LARGE_BANK, marks=pytest.mark.slow)])
def test_a_bank_of_abstracts_has_no_silent_misreading_and_is_mostly_read(size):
    counts = Counter()
    for seed in range(size):
        made = made_up_abstract(seed)
        draft = draft_from_text(made.text)
        assert misread(made, draft) == [], (seed, made.text)
        counts["values"] += len(made.truth)
        counts["read"] += sum(one.field not in ("ratio", "follow-up") for one in draft.readings)
        counts["asked"] += sum("experimental arm's" in one.doubt for one in draft.readings)
        assumed = any("experimental arm's" in one.doubt for one in draft.readings)
        assert assumed == any(question.startswith("arm order") for question in draft.questions)
    assert counts["read"] / counts["values"] > 0.9
    assert counts["asked"] / counts["read"] < 0.5


def test_every_number_of_an_abstract_is_read_or_listed_as_not_read():
    for seed in range(60):
        made = made_up_abstract(seed)
        draft = draft_from_text(made.text)
        spans = [(one.start, one.end) for one in (*draft.readings, *draft.unread)]
        for place, letter in enumerate(made.text):
            assert not letter.isdigit() or any(start <= place < end for start, end in spans), (seed, made.text[place:])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_gives_a_draft_or_a_coded_error(text):
    if not text.strip():
        with pytest.raises(ArgumentError, match="there is no text to read"):
            draft_from_text(text)
        return
    draft = draft_from_text(text)
    assert draft.to_yaml().startswith("# Draft read from pasted text")
    assert all(text[one.start : one.end] for one in draft.readings)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "HR",
                "hazard ratio",
                "0.84",
                "95% CI",
                "(",
                ")",
                "[",
                "]",
                "to",
                "-",
                ",",
                ";",
                "P",
                "=",
                "<",
                ".149",
                "median",
                "PFS",
                "OS",
                "was",
                "4.9",
                "months",
                "v",
                "3.6",
                "%",
                "42.1%",
                "6-month",
                "at",
                "in the placebo group",
                ".",
                "and",
                "respectively",
                "198 patients were randomly assigned",
                "2:1",
                "CI",
                "not reached",
                "events",
                "100",
            ]
        ),
        max_size=30,
    )
)
def test_pieces_in_any_order_are_read_with_their_own_digits(pieces):  # fmt: skip
    """Whatever the order, what is read stands in the words it is said to stand in."""
    text = " ".join(pieces)
    if not text.strip():
        return
    for one in draft_from_text(text).readings:
        first = one.value.split()[0]
        assert first == "NE" or first.lstrip("<>") in text[one.start : one.end].replace(" ", "")
