"""Permuted blocks: within each stratum, blocks in which every arm appears exactly as often as its ratio says.

The urn form: a new block puts `size * ratio / total` balls of each arm into an urn, and each patient draws one without
replacement, so the next assignment has probability (left of the arm) / (left in the block). Over a whole block this
gives every arrangement the same probability.
Source: Zelen M. The randomization and stratification of patients to clinical trials. J Chronic Dis 1974;27:365-375,
doi:10.1016/0021-9681(74)90015-0; Rosenberger WF, Lachin JM. Randomization in Clinical Trials, 2nd ed., Wiley 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from equipoise.errors import ArgumentError
from equipoise.randomization.scheme import Patient, Scheme, State, check_turn
from equipoise.randomization.words import WordSource, pick


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
class PermutedBlocks:
    """Stratified permuted blocks; where several sizes are declared, each block's is drawn with equal probability.

    Arguments: the scheme; the block sizes, each a multiple of the sum of the ratio.
    Raises ArgumentError `argument-invalid` for a size that cannot hold the ratio, and for no size at all.
    The ratio is preserved at every step: by symmetry of the urn each place of a block has the arm's share.

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
    def preserves_ratio(self) -> bool:
        return True

    @property
    def digest(self) -> str:
        return self.scheme.digest("permuted-blocks", block_sizes=list(self.block_sizes))

    def start(self) -> State:
        """The state before the first patient."""
        return State(self.digest, {}, {})

    def probabilities(self, state: State, patient: Patient) -> dict[str, Fraction]:
        """The exact probability of each arm for this patient, given the state (and so the open block's size).

        Raises ArgumentError as `allocate` does.
        """
        check_turn(state, patient, self.digest)
        block = state.strata.get(self.scheme.stratum(patient))
        if block is None or block.remaining == 0:
            return self.scheme.shares
        return {arm: Fraction(left, block.remaining) for arm, left in block.left.items()}

    def allocate(self, state: State, patient: Patient, words: WordSource) -> tuple[str, State]:
        """Give the patient an arm.

        Arguments: the state, the patient, and the source of random words: one word per assignment, and one per block
        where sizes are drawn.
        Returns the arm and the new state; the old state is left as it was.
        Raises ArgumentError `stratum-unknown`, `subject-randomized-twice`, or `argument-invalid` for a state of
        another scheme.
        """
        check_turn(state, patient, self.digest)
        stratum = self.scheme.stratum(patient)
        number = self.scheme.number(stratum)
        block = state.strata.get(stratum) or Block(0, 0, 0, {}, dict.fromkeys(self.scheme.arms, 0))
        if block.remaining == 0:
            block = self._opened(block, number, words)
        arm = self.scheme.arms[pick(words.assignment(number, block.assigned), tuple(block.left.values()))]
        drawn = Block(
            assigned=block.assigned + 1,
            opened=block.opened,
            size=block.size,
            left={**block.left, arm: block.left[arm] - 1},
            counts={**block.counts, arm: block.counts[arm] + 1},
        )
        return arm, State(state.scheme, {**state.strata, stratum: drawn}, {**state.arms, patient.id: arm})

    def _opened(self, block: Block, number: int, words: WordSource) -> Block:
        size = self.block_sizes[0]
        if len(self.block_sizes) > 1:
            size = self.block_sizes[pick(words.block_size(number, block.opened), (1,) * len(self.block_sizes))]
        left = {arm: size // self.scheme.total * share for arm, share in self.scheme.ratio.items()}
        return Block(block.assigned, block.opened + 1, size, left, block.counts)
