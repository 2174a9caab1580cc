"""Methods in which every stratum draws by itself: the same turn for all of them, and only the urn differs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, Protocol, TypeVar

from equipoise.randomization.scheme import Explanation, Outcome, Patient, Scheme, State, check_turn
from equipoise.randomization.words import WordSource, pick


class Held(Protocol):
    """What a stratum holds: assignments made, blocks opened, and how many of each arm."""

    @property
    def assigned(self) -> int: ...

    @property
    def opened(self) -> int: ...

    @property
    def counts(self) -> Mapping[str, int]: ...


H = TypeVar("H", bound=Held)


class Stratified(ABC, Generic[H]):
    """A method whose strata are independent: a subclass says what a stratum holds and what its urn weighs."""

    scheme: Scheme

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What tells this method from others of its name on the same scheme, for the digest."""

    @property
    @abstractmethod
    def warnings(self) -> tuple[str, ...]: ...

    @abstractmethod
    def fresh(self) -> H:
        """What a stratum holds before its first patient."""

    @abstractmethod
    def openings(self, held: H) -> Sequence[H]:
        """What the stratum may hold when its next patient comes: equally likely, one word where several."""

    @abstractmethod
    def weights(self, held: H) -> tuple[int, ...]:
        """The balls of each arm in the urn of the next patient."""

    @abstractmethod
    def after(self, held: H, arm: str) -> H:
        """What the stratum holds after giving an arm."""

    @abstractmethod
    def summary(self, held: H) -> Hashable:
        """What of a stratum decides its later probabilities."""

    @abstractmethod
    def reason(self, held: H) -> str:
        """Why the next probabilities are what they are."""

    @property
    def cited(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def lists_ahead(self) -> bool:
        return True

    @property
    def digest(self) -> str:
        return self.scheme.digest(self.name, **self.settings)

    def start(self) -> State:
        """The state before the first patient."""
        return State(self.digest, {}, {})

    def probabilities(self, state: State, patient: Patient) -> dict[str, Fraction]:
        """The exact probability of each arm for this patient, given the state. Raises ArgumentError as `allocate`."""
        _, held = self._turn(state, patient)
        return self._probabilities(held)

    def outcomes(self, state: State, patient: Patient) -> tuple[Outcome, ...]:
        """Everything that can happen to this patient, with exact probabilities. Raises ArgumentError as `allocate`."""
        stratum, held = self._turn(state, patient)
        openings, found = self.openings(held), []
        for opened in openings:
            weights = self.weights(opened)
            for arm, weight in zip(self.scheme.arms, weights, strict=True):
                if weight:
                    probability = Fraction(weight, sum(weights) * len(openings))
                    found.append(Outcome(probability, arm, self._next(state, stratum, opened, patient, arm)))
        return tuple(found)

    def allocate(self, state: State, patient: Patient, words: WordSource) -> tuple[str, State]:
        """Give the patient an arm.

        Arguments: the state, the patient, and the source of random words: one word per assignment, and one per block
        where block sizes are drawn.
        Returns the arm and the new state; the old state is left as it was.
        Raises ArgumentError `stratum-unknown`, `subject-randomized-twice`, or `argument-invalid` for a state of
        another scheme.
        """
        stratum, held = self._turn(state, patient)
        number, openings = self.scheme.number(stratum), self.openings(held)
        opened = openings[0]
        if len(openings) > 1:
            opened = openings[pick(words.block_size(number, opened.opened - 1), (1,) * len(openings))]
        arm = self.scheme.arms[pick(words.assignment(number, opened.assigned), self.weights(opened))]
        return arm, self._next(state, stratum, opened, patient, arm)

    def key(self, state: State) -> Hashable:
        """What of the state decides all later probabilities: the summary of each stratum that has begun."""
        return tuple(sorted((stratum, self.summary(held)) for stratum, held in state.strata.items()))

    def explain(self, state: State, patient: Patient) -> Explanation:
        """The probabilities of this patient and why, for the statistician only. Raises ArgumentError as `allocate`."""
        stratum, held = self._turn(state, patient)
        details = ({"stratum": "/".join(stratum) or "all patients", "assigned": held.assigned, **held.counts},)
        return Explanation(
            self.name, patient.id, self.scheme.named(stratum), self._probabilities(held), self.reason(held), details
        )

    def _turn(self, state: State, patient: Patient) -> tuple[tuple[str, ...], H]:
        check_turn(state, patient, self.digest)
        stratum = self.scheme.stratum(patient)
        held = state.strata.get(stratum)
        return stratum, self.fresh() if held is None else held

    def _probabilities(self, held: H) -> dict[str, Fraction]:
        openings = self.openings(held)
        found = dict.fromkeys(self.scheme.arms, Fraction(0))
        for weights in map(self.weights, openings):
            for arm, weight in zip(found, weights, strict=True):
                found[arm] += Fraction(weight, sum(weights) * len(openings))
        return found

    def _next(self, state: State, stratum: tuple[str, ...], opened: H, patient: Patient, arm: str) -> State:
        strata = {**state.strata, stratum: self.after(opened, arm)}
        return State(state.scheme, strata, {**state.arms, patient.id: arm})


@dataclass(frozen=True)
class Tally:
    """One stratum: assignments made, in all and by arm."""

    assigned: int
    counts: Mapping[str, int]

    @property
    def opened(self) -> int:
        """Blocks opened: none, the method has no blocks."""
        return 0

    @property
    def difference(self) -> int:
        """Patients of the first of two arms less those of the second."""
        first, second = self.counts.values()
        return first - second


class Counted(Stratified[Tally]):
    """A method whose probabilities follow from the numbers of each arm in the stratum, and nothing else."""

    def fresh(self) -> Tally:
        return Tally(0, dict.fromkeys(self.scheme.arms, 0))

    def openings(self, held: Tally) -> Sequence[Tally]:
        return (held,)

    def after(self, held: Tally, arm: str) -> Tally:
        return Tally(held.assigned + 1, {**held.counts, arm: held.counts[arm] + 1})

    def summary(self, held: Tally) -> Hashable:
        return tuple(held.counts.values())
