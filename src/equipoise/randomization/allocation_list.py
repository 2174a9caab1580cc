"""Allocation lists: drawn ahead from a seed, digested, written as text, read back, and drawn again to the byte."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from equipoise.errors import ArgumentError, DataError, permitted
from equipoise.provenance import equipoise_version
from equipoise.randomization.scheme import Method, Patient, Stratum, check_whole
from equipoise.randomization.words import SeededWords

FORMAT = "equipoise allocation list 1"
POLICIES = ("sealed", "open")
_HEADER = ("format", "trial", "method", "scheme", "ratio", "factors", "seed_policy", "seed", "version", "digest")
_BLOCKS = ("block", "block_size")
LONGEST_STRATUM = 10_000


@dataclass(frozen=True)
class Slot:
    """One place of the list: stratum, place in it from 1, arm, and the block it lies in where the method has blocks."""

    stratum: Stratum
    place: int
    arm: str
    block: int | None = None
    block_size: int | None = None


@dataclass(frozen=True)
class AllocationList:
    """The allocations of every stratum in order, with what is needed to draw them again.

    `scheme` is the digest of the method with its settings; `seed` is kept under the policy "open" only. The digest
    covers trial, scheme and allocations, not the version that drew them nor whether blocks are shown.
    """

    trial: str
    method: str
    scheme: str
    ratio: Mapping[str, int]
    factors: tuple[str, ...]
    seed_policy: str
    seed: int | None
    slots: tuple[Slot, ...] = field(repr=False)
    version: str = field(default_factory=equipoise_version)

    @property
    def digest(self) -> str:
        """SHA-256 of trial, scheme and allocations: published before the first patient, it proves the list later."""
        content = [self.trial, self.scheme, [[list(slot.stratum), slot.place, slot.arm] for slot in self.slots]]
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()

    @property
    def has_blocks(self) -> bool:
        return any(slot.block is not None for slot in self.slots)

    def header(self) -> dict[str, Any]:
        """What stands above the allocations."""
        known = {"format": FORMAT, **{name: getattr(self, name) for name in _HEADER[1:]}}
        return known | {"ratio": dict(self.ratio), "factors": list(self.factors)}

    def rows(self, *, blocks: bool = False) -> list[dict[str, Any]]:
        """One row per allocation: the factors, `place` in the stratum, `arm`, and with `blocks` the block and its size.

        Raises ArgumentError `argument-invalid` where blocks are asked for and the method has none.
        """
        if blocks and not self.has_blocks:
            raise ArgumentError(
                "argument-invalid",
                f"the list was drawn by {self.method}, which has no blocks to show",
                hint="leave the blocks hidden",
            )
        return [
            dict(zip(self.factors, slot.stratum, strict=True))
            | {"place": slot.place}
            | ({"block": slot.block, "block_size": slot.block_size} if blocks else {})
            | {"arm": slot.arm}
            for slot in self.slots
        ]

    def to_csv(self, *, blocks: bool = False) -> str:
        """The list as CSV, the header in lines that begin with "# "; the same list gives the same text."""
        text = io.StringIO()
        for name, value in self.header().items():
            text.write(f"# {name}: {json.dumps(value)}\n")
        columns = [*self.factors, "place", *(_BLOCKS if blocks else ()), "arm"]
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows(blocks=blocks))
        return text.getvalue()

    def to_json(self, *, blocks: bool = False) -> str:
        """The list as JSON: the header, and `allocations`; the same list gives the same text."""
        return json.dumps({**self.header(), "allocations": self.rows(blocks=blocks)}, indent=1) + "\n"


def generate_list(
    method: Method,
    sizes: int | Mapping[Stratum, int],
    *,
    seed: int,
    seed_policy: str = "sealed",
    trial: str = "",
) -> AllocationList:
    """Draw the allocations of every stratum ahead of the patients.

    Arguments: the method; how many allocations, for every stratum or by stratum (at most 10,000; a tuple of levels in
    the order of the factors; a stratum left out has none); the seed, a whole number from 0 to 2**48 - 1;
    `seed_policy`: "sealed" (the list does not say the seed) or "open"; the trial's identifier.
    Returns an `AllocationList`; the same method, sizes and seed give the same bytes.
    Raises ArgumentError `argument-invalid` for a method that depends on who else has arrived (minimization with
    factors), sizes that are no whole numbers, another policy, a seed out of range; `stratum-unknown` for an undeclared
    stratum.

    >>> from equipoise.randomization import PermutedBlocks, Scheme
    >>> drawn = generate_list(PermutedBlocks(Scheme({"A": 2, "B": 1}), (3,)), 6, seed=1)
    >>> "".join(slot.arm for slot in drawn.slots)
    'ABAABA'
    """
    if not method.lists_ahead:
        raise ArgumentError(
            "argument-invalid",
            f"{method.name} with factors has no list",
            reason="each assignment depends on the levels of every patient who came before",
            hint="allocate patient by patient, or stratify by a method that draws each stratum by itself",
        )
    if seed_policy not in POLICIES:
        hint = permitted(str(seed_policy), POLICIES)
        raise ArgumentError("argument-invalid", f"seed_policy is {seed_policy!r}", hint=hint)
    taken = [name for name in method.scheme.factors if name in ("place", "arm", *_BLOCKS)]
    if taken:
        raise ArgumentError(
            "argument-invalid",
            f"a factor is named {taken[0]!r}, which is a column of the list",
            hint="give the factor another name",
        )
    words = SeededWords(seed)
    slots = [slot for stratum, n in _sizes(method, sizes) for slot in _drawn(method, stratum, n, words)]
    return AllocationList(
        trial=trial,
        method=method.name,
        scheme=method.digest,
        ratio=method.scheme.ratio,
        factors=tuple(method.scheme.factors),
        seed_policy=seed_policy,
        seed=seed if seed_policy == "open" else None,
        slots=tuple(slots),
    )


def parse_list(text: str) -> AllocationList:
    """Read a list back from the text of `to_csv` or `to_json`, and check its digest.

    Raises DataError `file-unreadable` for text that is no allocation list, and `value-invalid` where the allocations
    are not those of the digest.
    """
    try:
        header, rows = _read_json(text) if text.lstrip().startswith("{") else _read_csv(text)
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']!r}")
        given = {name: header[name] for name in _HEADER if name not in ("format", "digest")}
        factors = tuple(header["factors"])
        slots = tuple(_slot(row, factors) for row in rows)
        found = AllocationList(**(given | {"factors": factors, "slots": slots}))
        stated = header["digest"]
    except (ValueError, KeyError, TypeError, AttributeError) as broken:
        raise DataError(
            "file-unreadable",
            f"this is no allocation list: {broken}",
            reason="a list begins with its format, scheme and digest",
            hint=f"hand in the text as it was written ({FORMAT})",
        ) from None
    if found.digest != stated:
        raise DataError(
            "value-invalid",
            f"the allocations have the digest {found.digest[:16]}..., the list states {str(stated)[:16]}...",
            reason="the list was changed after it was drawn",
            hint="go back to the sealed copy, or draw the list again from the sealed seed",
        )
    return found


def verify_list(text: str, method: Method, *, seed: int) -> AllocationList:
    """Draw the list again from the method and the seed, and hold every allocation against the text.

    Returns the list drawn again. Raises as `parse_list`; ArgumentError `argument-invalid` where the list belongs to
    another scheme; DataError `value-invalid` naming the first place that the seed does not give (never the arm: others
    may see the message), or what is stated above the allocations and is not so.
    """
    given = parse_list(text)
    if given.scheme != method.digest:
        raise ArgumentError(
            "argument-invalid",
            f"the list belongs to another randomization scheme ({given.scheme}, this one is {method.digest})",
            reason="arms, ratio, strata or settings differ from those the list was drawn with",
            hint="rebuild the method as it was declared when the list was drawn",
        )
    sizes: dict[Stratum, int] = {}
    for slot in given.slots:
        sizes[slot.stratum] = max(slot.place, sizes.get(slot.stratum, 0))
    if sum(sizes.values()) != len(given.slots):
        raise DataError(
            "value-invalid",
            f"the list has {len(given.slots)} allocations, and its places run to {sum(sizes.values())}",
            reason="places of a stratum count from 1 without a gap",
            hint="go back to the sealed copy",
        )
    again = generate_list(method, sizes, seed=seed, seed_policy=given.seed_policy, trial=given.trial)
    _check_drawn(given, again)
    return again


def _check_drawn(given: AllocationList, again: AllocationList) -> None:
    for stated, drawn in zip(given.slots, again.slots, strict=True):
        unlike = (stated.stratum, stated.place, stated.arm) != (drawn.stratum, drawn.place, drawn.arm)
        blocks = (stated.block, stated.block_size), (drawn.block, drawn.block_size)
        if unlike or (blocks[0] != blocks[1] and blocks[0] != (None, None)):
            raise DataError(
                "value-invalid",
                f"the seed does not give the {'arm' if unlike else 'block'} at place {stated.place} of "
                f"{_named(stated.stratum)}",
                reason="the list was drawn from another seed, was changed, or a version that draws otherwise drew it",
                hint=f"the list was drawn by equipoise {given.version}; try its sealed seed again",
            )
    for name in ("method", "ratio", "factors", "seed"):
        stated, drawn = getattr(given, name), getattr(again, name)
        if stated != drawn:
            raise DataError(
                "value-invalid",
                f"the list states another {name.rstrip('s')} than it was drawn with",
                reason="what stands above the allocations was changed after they were drawn",
                hint="go back to the sealed copy",
            )


def _sizes(method: Method, sizes: int | Mapping[Stratum, int]) -> Iterator[tuple[Stratum, int]]:
    """The strata in the order of their numbers, each with its allocations."""
    strata = method.scheme.all_strata()
    by_stratum = sizes if isinstance(sizes, Mapping) else dict.fromkeys(strata, sizes)
    for stratum, n in by_stratum.items():
        if stratum not in strata:
            known = ["/".join(levels) for levels in strata]
            raise ArgumentError(
                "stratum-unknown",
                f"sizes name {_named(stratum)}, which the scheme does not have",
                hint=permitted("/".join(map(str, stratum)), known),
            )
        check_whole(n, 0, f"size of {_named(stratum)}")
        if n > LONGEST_STRATUM:
            raise ArgumentError(
                "argument-invalid",
                f"size of {_named(stratum)} is {n:,}",
                hint=f"at most {LONGEST_STRATUM:,}: as many as may be enrolled there, and some to spare",
            )
    for stratum in strata:
        if stratum in by_stratum:
            yield stratum, by_stratum[stratum]


def _drawn(method: Method, stratum: Stratum, n: int, words: SeededWords) -> Iterator[Slot]:
    state, levels = method.start(), method.scheme.named(stratum)
    for place in range(1, n + 1):
        arm, state = method.allocate(state, Patient(str(place), levels), words)
        held = state.strata[stratum]
        block, size = getattr(held, "opened", 0), getattr(held, "size", None)
        yield Slot(stratum, place, arm, block or None, size if block else None)


def _named(stratum: Stratum) -> str:
    return f"stratum {'/'.join(map(str, stratum))}" if stratum else "the list"


def _read_json(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    whole = json.loads(text)
    return whole, whole["allocations"]


def _read_csv(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    lines = text.splitlines(keepends=True)
    first = sum(1 for _ in takewhile(lambda line: line.startswith("# "), lines))
    pairs = (line[2:].split(": ", 1) for line in lines[:first])
    header = {name: json.loads(value) for name, value in pairs}
    return header, list(csv.DictReader(io.StringIO("".join(lines[first:])), strict=True))


def _slot(row: Mapping[str, Any], factors: tuple[str, ...]) -> Slot:
    block = {name: _count(row[name], name) for name in _BLOCKS if name in row}
    return Slot(tuple(row[name] for name in factors), _count(row["place"], "place"), row["arm"], **block)


def _count(value: Any, name: str) -> int:
    """A whole number of the list; a message that repeated the value could show an arm from a shifted row."""
    if not str(value).isdecimal():
        raise ValueError(f"a {name.replace('_', ' ')} is no whole number")
    return int(value)
