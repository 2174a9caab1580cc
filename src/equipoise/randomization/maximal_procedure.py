"""Maximal procedure: all sequences that end balanced and never exceed the tolerated imbalance, equally likely.

With m places left and difference d, let W(d, m) count the ways to return to 0 without leaving -b..b. The next patient
has the first arm with probability W(d + 1, m - 1) / W(d, m), and so every admissible sequence is equally likely.
Source: Berger VW, Ivanova A, Deloria Knoll M. Minimizing predictability while retaining balance through the use of less
restrictive randomization procedures. Stat Med 2003;22:3017-3028, doi:10.1002/sim.1538; the recursion: Salama I,
Ivanova A, Qaqish B. Efficient generation of constrained block allocation sequences. Stat Med 2008;27:1421-1428,
doi:10.1002/sim.3014.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from equipoise.errors import ArgumentError
from equipoise.randomization.scheme import Scheme, check_two_equal_arms, check_whole
from equipoise.randomization.stratified import Counted, Tally


@dataclass(frozen=True)
class MaximalProcedure(Counted):
    """Berger, Ivanova and Knoll's maximal procedure within each stratum.

    Arguments: a scheme of two arms 1:1; the largest difference tolerated, a whole number from 1; `length`, the patients
    of a stratum's sequence, an even whole number: the sequence ends balanced, and a stratum takes no more than that.
    Raises ArgumentError `argument-invalid` for another ratio, imbalance or length, and when a sequence is used up.
    The ratio is preserved at every step, as the method does not know the arms apart.

    >>> from equipoise.randomization import ListedWords, Patient
    >>> method = MaximalProcedure(Scheme({"A": 1, "B": 1}), 2, 4)
    >>> arm, state = method.allocate(method.start(), Patient("001"), ListedWords({0: [0]}, {}))
    >>> arm, str(method.probabilities(state, Patient("002"))["A"])
    ('A', '1/3')
    """

    scheme: Scheme
    maximum_imbalance: int
    length: int

    def __post_init__(self) -> None:
        check_two_equal_arms(
            self.scheme, "the maximal procedure", "block-urn limits the imbalance at any ratio; permuted-blocks too"
        )
        check_whole(self.maximum_imbalance, 1, "maximum_imbalance")
        check_whole(self.length, 2, "length")
        if self.length % 2:
            raise ArgumentError(
                "argument-invalid",
                f"the maximal procedure's sequence has length {self.length}",
                reason="its sequences end with equal arms",
                hint=f"an even number, as {self.length + 1}",
            )

    @property
    def name(self) -> str:
        return "maximal-procedure"

    @property
    def settings(self) -> dict[str, Any]:
        return {"maximum_imbalance": self.maximum_imbalance, "length": self.length}

    @property
    def preserves_ratio(self) -> bool:
        return True

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    def weights(self, held: Tally) -> tuple[int, ...]:
        left = self.length - held.assigned
        if left == 0:
            raise ArgumentError(
                "argument-invalid",
                f"the maximal procedure's sequence of {self.length} patients is used up in this stratum",
                reason="every sequence was drawn to end balanced there",
                hint=f"declare sequences as long as the largest stratum may become, or ask for {self.length} at most",
            )
        bound = self.maximum_imbalance
        ways, place = _ways(bound, self.length)[left - 1], held.difference + bound
        return tuple(ways[at] if 0 <= at <= 2 * bound else 0 for at in (place + 1, place - 1))

    def reason(self, held: Tally) -> str:
        first, second = self.weights(held)
        return (
            f"of the {first + second} sequences that can still follow, {first} go on with {self.scheme.arms[0]} and "
            f"{second} with {self.scheme.arms[1]}"
        )


@lru_cache(maxsize=64)
def _ways(bound: int, length: int) -> tuple[tuple[int, ...], ...]:
    """Ways back to 0 within -bound..bound: row m has them with m places left, by difference from -bound upwards."""
    rows = [tuple(int(d == 0) for d in range(-bound, bound + 1))]
    for _ in range(length):
        last = (0, *rows[-1], 0)
        rows.append(tuple(last[at] + last[at + 2] for at in range(2 * bound + 1)))
    return tuple(rows)
