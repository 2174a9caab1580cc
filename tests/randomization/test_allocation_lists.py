"""Allocation lists: the same bytes from the same seed, read back, verified, with blocks hidden or shown."""

import csv
import hashlib
import json
from collections import Counter

import pytest

from equipoise.errors import ArgumentError
from equipoise.protocol import load_trial
from equipoise.provenance import equipoise_version
from equipoise.randomization import (
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
    generate_list,
    method_of,
    parse_list,
    verify_list,
)

FACTORS = {"sex": ("f", "m"), "site": ("north, upper", "south")}
TWO_TO_ONE = Scheme({"A": 2, "B": 1}, FACTORS)
BLOCKS = PermutedBlocks(TWO_TO_ONE, (3, 6))
LISTED = [
    BLOCKS,
    Complete(TWO_TO_ONE),
    BlockUrn(TWO_TO_ONE, 2),
    BigStick(Scheme({"A": 1, "B": 1}, FACTORS), 2),
    MaximalProcedure(Scheme({"A": 1, "B": 1}, FACTORS), 3, 12),
    Minimization(Scheme({"A": 2, "B": 1}), 0.8),
]


@pytest.mark.parametrize("form", ["to_csv", "to_json"])
@pytest.mark.parametrize("method", LISTED, ids=lambda method: method.name)
def test_the_same_seed_gives_the_same_bytes_and_they_are_read_back(method: Method, form: str):
    first = generate_list(method, 12, seed=20190405, trial="PALMIRA")
    again = generate_list(method, 12, seed=20190405, trial="PALMIRA")
    text = getattr(first, form)()
    assert text.encode() == getattr(again, form)().encode()
    assert parse_list(text).digest == first.digest
    assert getattr(verify_list(text, method, seed=20190405), form)() == text
    assert generate_list(method, 12, seed=20190406, trial="PALMIRA").digest != first.digest


def test_the_list_is_what_the_patients_would_be_given():
    drawn, words = generate_list(BLOCKS, 7, seed=3), SeededWords(3)
    state, given = BLOCKS.start(), []
    for number, slot in enumerate(drawn.slots):
        arm, state = BLOCKS.allocate(state, Patient(str(number), BLOCKS.scheme.named(slot.stratum)), words)
        given.append(arm)
    assert given == [slot.arm for slot in drawn.slots]
    assert Counter(slot.stratum for slot in drawn.slots) == dict.fromkeys(BLOCKS.scheme.all_strata(), 7)


def test_sizes_by_stratum_in_the_order_of_the_strata():
    drawn = generate_list(BLOCKS, {("m", "south"): 2, ("f", "south"): 3}, seed=3)
    assert [(slot.stratum, slot.place) for slot in drawn.slots] == [
        *((("f", "south"), k) for k in (1, 2, 3)),
        *((("m", "south"), k) for k in (1, 2)),
    ]


def test_blocks_are_hidden_unless_shown_and_do_not_change_the_digest():
    drawn = generate_list(BLOCKS, 9, seed=3)
    hidden, shown = drawn.to_csv(), drawn.to_csv(blocks=True)
    assert "\nsex,site,place,arm\n" in hidden
    assert "\nsex,site,place,block,block_size,arm\n" in shown
    rows = csv.DictReader(line for line in shown.splitlines() if not line.startswith("# "))
    by_block = Counter((row["sex"], row["site"], row["block"], row["block_size"]) for row in rows)
    assert all(count <= int(size) for (_, _, _, size), count in by_block.items())
    assert {size for _, _, _, size in by_block} == {"3", "6"}
    assert parse_list(hidden).digest == parse_list(shown).digest == drawn.digest
    assert json.loads(drawn.to_json(blocks=True))["allocations"][0]["block"] == 1
    assert parse_list(shown).slots == drawn.slots
    assert not parse_list(hidden).has_blocks


def test_a_method_without_blocks_has_none_to_show():
    with pytest.raises(ArgumentError, match="drawn by complete, which has no blocks to show"):
        generate_list(Complete(TWO_TO_ONE), 2, seed=1).to_json(blocks=True)


def test_a_sealed_list_does_not_hold_its_seed():
    sealed = generate_list(BLOCKS, 6, seed=123454321)
    opened = generate_list(BLOCKS, 6, seed=123454321, seed_policy="open")
    assert sealed.seed is None
    assert "123454321" not in sealed.to_csv() + sealed.to_json() + repr(sealed)
    assert "# seed: 123454321\n" in opened.to_csv()
    assert sealed.digest == opened.digest


def test_header_and_digest_of_a_list():
    drawn = generate_list(PermutedBlocks(Scheme({"A": 1, "B": 1}), (2,)), 2, seed=1, trial="T")
    arms = [slot.arm for slot in drawn.slots]
    content = f'["T","{drawn.scheme}",[[[],1,"{arms[0]}"],[[],2,"{arms[1]}"]]]'
    assert drawn.digest == hashlib.sha256(content.encode()).hexdigest()
    assert drawn.to_csv().splitlines() == [
        '# format: "equipoise allocation list 1"',
        '# trial: "T"',
        '# method: "permuted-blocks"',
        f'# scheme: "{drawn.scheme}"',
        '# ratio: {"A": 1, "B": 1}',
        "# factors: []",
        '# seed_policy: "sealed"',
        "# seed: null",
        f'# version: "{equipoise_version()}"',
        f'# digest: "{drawn.digest}"',
        "place,arm",
        f"1,{arms[0]}",
        f"2,{arms[1]}",
    ]


def test_the_list_of_palmira():
    method = method_of(load_trial("palmira"))
    drawn = generate_list(method, 60, seed=7, trial="PALMIRA")
    assert len(drawn.slots) == 240
    counts = Counter(slot.arm for slot in drawn.slots)
    # 60 places hold whole blocks and at most one that is cut: within a block of 6 two arms are at most 4/3 from 2:1.
    assert abs(counts["PALBO_ET"] - 160) <= 4 * 4 / 3
