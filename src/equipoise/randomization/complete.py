"""Complete randomization: every patient independently, each arm with its share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from equipoise.randomization.scheme import Patient, Scheme, State, check_turn
from equipoise.randomization.words import WordSource, pick


@dataclass(frozen=True)
class Tally:
    """One stratum: assignments made, in all and by arm."""

    assigned: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Complete:
    """Complete randomization in the ratio of the scheme; strata only address the random words.

    The ratio is preserved at every step, and nothing limits the imbalance.

    >>> method = Complete(Scheme({"A": 1, "B": 1}))
    >>> {arm: str(p) for arm, p in method.probabilities(method.start(), Patient("001")).items()}
    {'A': '1/2', 'B': '1/2'}
    """

    scheme: Scheme

    @property
    def preserves_ratio(self) -> bool:
        return True

    @property
    def digest(self) -> str:
        return self.scheme.digest("complete")

    def start(self) -> State:
        """The state before the first patient."""
        return State(self.digest, {}, {})

    def probabilities(self, state: State, patient: Patient) -> dict[str, Fraction]:
        """The exact probability of each arm for this patient: always its share. Raises as `allocate` does."""
        check_turn(state, patient, self.digest)
        self.scheme.stratum(patient)
        return self.scheme.shares

    def allocate(self, state: State, patient: Patient, words: WordSource) -> tuple[str, State]:
        """Give the patient an arm, by one word.

        Returns the arm and the new state; the old state is left as it was.
        Raises ArgumentError `stratum-unknown`, `subject-randomized-twice`, or `argument-invalid` for a state of
        another scheme.
        """
        check_turn(state, patient, self.digest)
        stratum = self.scheme.stratum(patient)
        tally = state.strata.get(stratum) or Tally(0, dict.fromkeys(self.scheme.arms, 0))
        word = words.assignment(self.scheme.number(stratum), tally.assigned)
        arm = self.scheme.arms[pick(word, tuple(self.scheme.ratio.values()))]
        drawn = Tally(tally.assigned + 1, {**tally.counts, arm: tally.counts[arm] + 1})
        return arm, State(state.scheme, {**state.strata, stratum: drawn}, {**state.arms, patient.id: arm})
