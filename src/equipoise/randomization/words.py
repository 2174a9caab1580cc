"""Where the random words of an allocation come from: addressed by stratum and position, never consumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from equipoise.errors import ArgumentError
from equipoise.seeds import Stream

_CHUNK = 64


class WordSource(Protocol):
    """32-bit words by address, so that an allocation can be repeated and explained."""

    def assignment(self, stratum: int, position: int) -> int:
        """The word that decides the assignment at `position` (from 0) of a stratum."""
        ...

    def block_size(self, stratum: int, block: int) -> int:
        """The word that decides the size of block number `block` (from 0) of a stratum."""
        ...


@dataclass(frozen=True)
class SeededWords:
    """The words of the named streams `allocation` and `block-sizes` of one seed and replicate."""

    seed: int
    replicate: int = 0

    def assignment(self, stratum: int, position: int) -> int:
        return _chunk(self.seed, "allocation", self.replicate, stratum, position // _CHUNK)[position % _CHUNK]

    def block_size(self, stratum: int, block: int) -> int:
        return _chunk(self.seed, "block-sizes", self.replicate, stratum, block // _CHUNK)[block % _CHUNK]


@dataclass(frozen=True)
class ListedWords:
    """Words written down by stratum number: for histories worked by hand and for replaying a sealed list."""

    assignments: Mapping[int, Sequence[int]]
    block_sizes: Mapping[int, Sequence[int]]

    def assignment(self, stratum: int, position: int) -> int:
        return _listed(self.assignments, stratum, position, "assignment")

    def block_size(self, stratum: int, block: int) -> int:
        return _listed(self.block_sizes, stratum, block, "block size")


def pick(word: int, weights: Sequence[int]) -> int:
    """The index chosen by one 32-bit word among whole-number weights, by multiplication and shift.

    Ball number `word * total >> 32` of an urn that holds `weights[i]` balls of kind i, counted in order. Each
    probability differs from `weights[i] / total` by less than 2**-32 (Lemire 2019, doi:10.1145/3230636, without the
    rejection step, so that one assignment costs exactly one word).

    >>> pick(0, (2, 1)), pick(2**31, (2, 1)), pick(2**32 - 1, (2, 1))
    (0, 0, 1)
    """
    ball = word * sum(weights) >> 32
    for index, weight in enumerate(weights):
        ball -= weight
        if ball < 0:
            return index
    raise ArgumentError(
        "argument-invalid",
        f"word {word} is not a 32-bit word or the weights {tuple(weights)} hold no ball",
        hint="words run from 0 to 4294967295 and at least one weight is positive",
    )


@lru_cache(maxsize=4096)
def _chunk(seed: int, purpose: str, replicate: int, unit: int, chunk: int) -> tuple[int, ...]:
    words = Stream(seed, purpose, replicate).words([unit], _CHUNK, first=chunk * _CHUNK)
    return tuple(int(word) for word in words[0])


def _listed(listing: Mapping[int, Sequence[int]], stratum: int, place: int, what: str) -> int:
    words = listing.get(stratum, ())
    if place >= len(words):
        raise ArgumentError(
            "argument-invalid",
            f"no {what} word is listed for stratum {stratum} at position {place}",
            reason="a listed history can only be replayed as far as it was written down",
            hint=f"the stratum has {len(words)} listed words",
        )
    return words[place]
