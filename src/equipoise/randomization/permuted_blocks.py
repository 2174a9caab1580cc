"""Permuted blocks: within each stratum, blocks in which every arm appears exactly as often as its ratio says.

The urn form: a new block puts `size * ratio / total` balls of each arm into an urn, and each patient draws one without
replacement, so the next assignment has probability (left of the arm) / (left in the block). Over a whole block this
gives every arrangement the same probability.
Source: Zelen M. The randomization and stratification of patients to clinical trials. J Chronic Dis 1974;27:365-375,
doi:10.1016/0021-9681(74)90015-0; Rosenberger WF, Lachin JM. Randomization in Clinical Trials, 2nd ed., Wiley 2016.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.errors import ArgumentError
from equipoise.randomization.scheme import Scheme
from equipoise.randomization.stratified import Stratified


@dataclass(frozen=True)
class Block:
    """One stratum: assignments made, blocks opened, the size of the open block and what it still holds by arm."""

    assigned: int
    opened: int
    size: int
    left: Mapping[str, int]
    counts: Mapping[str, int]

    @property
    def remaining(self) -> int:
        return sum(self.left.values())


@dataclass(frozen=True)
class PermutedBlocks(Stratified[Block]):
    """Stratified permuted blocks; where several sizes are declared, each block's is drawn with equal probability.

    Arguments: the scheme; the block sizes, each a multiple of the sum of the ratio.
    Raises ArgumentError `argument-invalid` for a size that cannot hold the ratio, and for no size at all.
    The ratio is preserved at every step: by symmetry of the urn each place of a block has the arm's share.

    >>> from equipoise.randomization import Patient
    >>> method = PermutedBlocks(Scheme({"A": 2, "B": 1}), (3,))
    >>> {arm: str(p) for arm, p in method.probabilities(method.start(), Patient("001")).items()}
    {'A': '2/3', 'B': '1/3'}
    """

    scheme: Scheme
    block_sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.block_sizes:
            raise ArgumentError("argument-invalid", "no block size is declared", hint="declare at least one block size")
        for size in self.block_sizes:
            if isinstance(size, bool) or not isinstance(size, int) or size < 1 or size % self.scheme.total:
                ratio = ":".join(str(share) for share in self.scheme.ratio.values())
                raise ArgumentError(
                    "argument-invalid",
                    f"block size {size!r} cannot hold the ratio {ratio}",
                    reason=f"a full block gives each arm its share, so its size is a multiple of {self.scheme.total}",
                    hint=f"permitted: {', '.join(str(self.scheme.total * k) for k in (1, 2, 3, 4))}, ...",
                )
        object.__setattr__(self, "block_sizes", tuple(self.block_sizes))

    @property
    def name(self) -> str:
        return "permuted-blocks"

    @property
    def settings(self) -> dict[str, Any]:
        return {"block_sizes": list(self.block_sizes)}

    @property
    def preserves_ratio(self) -> bool:
        return True

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.block_sizes != (self.scheme.total,):
            return ()
        return (f"all blocks have size {self.scheme.total}: whoever knows that knows the last assignment of each",)

    def fresh(self) -> Block:
        return Block(0, 0, 0, {}, dict.fromkeys(self.scheme.arms, 0))

    def openings(self, held: Block) -> Sequence[Block]:
        if held.remaining:
            return (held,)
        return tuple(self._opened(held, size) for size in self.block_sizes)

    def weights(self, held: Block) -> tuple[int, ...]:
        return tuple(held.left.values())

    def after(self, held: Block, arm: str) -> Block:
        return Block(
            assigned=held.assigned + 1,
            opened=held.opened,
            size=held.size,
            left={**held.left, arm: held.left[arm] - 1},
            counts={**held.counts, arm: held.counts[arm] + 1},
        )

    def summary(self, held: Block) -> Hashable:
        return tuple(held.left.values()) if held.remaining else ()

    def reason(self, held: Block) -> str:
        if held.remaining:
            left = ", ".join(f"{count} {arm}" for arm, count in held.left.items())
            return f"block {held.opened} of size {held.size} still holds {left}"
        return "a new block begins, and its first place has each arm with its share"

    def _opened(self, held: Block, size: int) -> Block:
        left = {arm: size // self.scheme.total * share for arm, share in self.scheme.ratio.items()}
        return Block(held.assigned, held.opened + 1, size, left, held.counts)
