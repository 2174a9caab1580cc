"""A method within one stratum as a chain of numbered states: how every assignment can fall, and what follows.

Methods that treat each stratum by itself are such chains. Assessment walks them exactly, and simulation in batches
takes them as tables (`kernels.plain.allocation.chain_arms`): both are made from the pure functions, so neither is a
second definition of a method.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError
from equipoise.randomization.biased_coin import BiasedCoin
from equipoise.randomization.big_stick import BigStick
from equipoise.randomization.scheme import Method, Patient, State, Stratum
from equipoise.randomization.stratified import Stratified

_WORDS = 1 << 32
MOST_STATES = 100_000


@dataclass(frozen=True)
class Branch:
    """One way an assignment can fall: the arm's index, its exact probability, and the number of the state after it."""

    arm: int
    probability: Fraction
    following: int


@dataclass(frozen=True)
class Node:
    """One state: its `branches`; or, where a block size is drawn first, the equally likely states in `sizes`."""

    branches: tuple[Branch, ...]
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class ChainTables:
    """A chain as arrays, for batches.

    `threshold` (states, arms - 1): the arm is the number of thresholds that a 32-bit word reaches. `following` (states,
    arms): the state after each arm. `sizes` (states, most sizes): the states that a drawn block size leads to, and
    `n_sizes` (states) how many there are, 0 where none is drawn. State 0 is the start. `smallest` is the least number
    of assignments between two drawn sizes.
    """

    threshold: npt.NDArray[np.uint64]
    following: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]
    n_sizes: npt.NDArray[np.int32]
    smallest: int


@dataclass(frozen=True)
class Chain:
    """The states of a method within one stratum that `n` assignments can reach; state 0 is the start."""

    method: Method
    nodes: tuple[Node, ...]

    @property
    def memoryless(self) -> bool:
        """Whether every assignment is drawn alike, whatever came before: strata then make no difference."""
        return len(self.nodes) == 1

    def tables(self) -> ChainTables:
        """The chain as arrays."""
        arms, most = len(self.method.scheme.arms), max(1, *(len(node.sizes) for node in self.nodes))
        threshold = np.full((len(self.nodes), arms - 1), _WORDS, dtype=np.uint64)
        following = np.zeros((len(self.nodes), arms), dtype=np.int32)
        sizes = np.zeros((len(self.nodes), most), dtype=np.int32)
        for i, node in enumerate(self.nodes):
            shares = [Fraction(0)] * arms
            for branch in node.branches:
                shares[branch.arm] = branch.probability
                following[i, branch.arm] = branch.following
            threshold[i] = thresholds(shares)
            sizes[i, : len(node.sizes)] = node.sizes
        n_sizes = np.array([len(node.sizes) for node in self.nodes], dtype=np.int32)
        return ChainTables(threshold, following, sizes, n_sizes, min(getattr(self.method, "block_sizes", (1,))))


def thresholds(shares: list[Fraction]) -> list[int]:
    """The least 32-bit word of the second arm, of the third, ...: `words.pick` with weights proportional to `shares`.

    Ball number floor(w T / 2^32) of T lies below the first c exactly when w < ceil(2^32 c / T).

    >>> thresholds([Fraction(2, 3), Fraction(1, 3)])
    [2863311531]
    """
    total, found = Fraction(0), []
    for share in shares[:-1]:
        total += share
        found.append(_first_word(total))
    return found


class _Explorer:
    """Numbers states by what decides their future, as they are met, and remembers one state of each."""

    def __init__(self, method: Method, shares: Mapping[Stratum, Fraction]) -> None:
        self.method, self.shares = method, shares
        self.numbers: dict[Hashable, int] = {}
        self.states: list[Any] = []

    def number(self, state: Any) -> int:
        method = self.method
        key = _future(method, state) if isinstance(method, Stratified) else method.key(state)
        if key not in self.numbers:
            self.numbers[key] = len(self.states)
            self.states.append(state)
        return self.numbers[key]

    def start(self) -> int:
        return self.number(self.method.fresh() if isinstance(self.method, Stratified) else self.method.start())

    def node(self, number: int) -> Node:
        state = self.states[number]
        if not isinstance(self.method, Stratified):
            return self._looked_up(state)
        openings = self.method.openings(state)
        if len(openings) > 1:
            return Node((), tuple(self.number(opened) for opened in openings))
        weights, opened = self.method.weights(openings[0]), openings[0]
        return Node(
            tuple(
                Branch(k, Fraction(weight, sum(weights)), self.number(self.method.after(opened, arm)))
                for k, (arm, weight) in enumerate(zip(self.method.scheme.arms, weights, strict=True))
                if weight
            )
        )

    def _looked_up(self, state: State) -> Node:
        """Of a method that looks at the whole trial: the next patient may come from any stratum."""
        scheme, found = self.method.scheme, {}
        for stratum, share in self.shares.items():
            for outcome in self.method.outcomes(state, Patient(f"{len(state.arms)}", scheme.named(stratum))):
                place = scheme.arms.index(outcome.arm), self.number(outcome.state)
                found[place] = found.get(place, Fraction(0)) + share * outcome.probability
        return Node(tuple(Branch(arm, p, following) for (arm, following), p in found.items()))


def _future(method: Stratified[Any], held: Any) -> Hashable:
    """What of a stratum decides its later probabilities, in as few states as there are."""
    if isinstance(method, BiasedCoin | BigStick):
        return held.difference
    return method.summary(held)


def _first_word(share: Fraction) -> int:
    """The least word that does not fall into this first share of an urn."""
    return -((-share.numerator * _WORDS) // share.denominator)


def chain_of(method: Method, n: int, shares: Mapping[Stratum, Fraction] | None = None) -> Chain:
    """The chain of a method within one stratum, as far as `n` assignments reach; of minimization, in the whole trial.

    Arguments: a method; `n`, a whole number of assignments, 1 or more; for minimization with factors `shares`, how
    common each stratum is.
    Raises ArgumentError `argument-invalid` where more than 100,000 states can be reached.
    """
    explorer = _Explorer(method, shares or {method.scheme.all_strata()[0]: Fraction(1)})
    waiting = deque([(explorer.start(), 0)])
    nodes: dict[int, Node] = {}
    while waiting:
        number, made = waiting.popleft()
        if number in nodes:
            continue
        nodes[number] = node = explorer.node(number) if made < n else Node(())
        # Drawing a size is no assignment, so what follows it is as near as the state itself and comes first.
        waiting.extendleft((following, made) for following in node.sizes)
        waiting.extend((branch.following, made + 1) for branch in node.branches)
        if len(nodes) > MOST_STATES:
            raise ArgumentError(
                "argument-invalid",
                f"the method can be in more than {MOST_STATES:,} states within {n} assignments of a stratum",
                reason="exact assessment and batches list every state",
                hint="give a smaller n, smaller blocks or fewer arms",
            )
    return Chain(method, tuple(nodes[number] for number in range(len(nodes))))
