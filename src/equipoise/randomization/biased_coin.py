"""Efron's biased coin: the arm that is behind has probability p, and equal arms a fair coin.

Source: Efron B. Forcing a sequential experiment to be balanced. Biometrika 1971;58:403-417,
doi:10.1093/biomet/58.3.403.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from equipoise.errors import ArgumentError
from equipoise.randomization.scheme import Scheme, certain, check_two_equal_arms, exact
from equipoise.randomization.stratified import Counted, Tally


@dataclass(frozen=True)
class BiasedCoin(Counted):
    """Efron's biased coin within each stratum.

    Arguments: a scheme of two arms 1:1; the probability of the arm that is behind, above 1/2 and at most 1 (Efron's own
    suggestion 2/3 is the default).
    Raises ArgumentError `argument-invalid` for another ratio or probability.
    The ratio is preserved at every step, as the method does not know the arms apart.

    >>> from equipoise.randomization import ListedWords, Patient
    >>> method = BiasedCoin(Scheme({"A": 1, "B": 1}))
    >>> arm, state = method.allocate(method.start(), Patient("001"), ListedWords({0: [0]}, {}))
    >>> arm, str(method.probabilities(state, Patient("002"))["B"])
    ('A', '2/3')
    """

    scheme: Scheme
    probability: Any = Fraction(2, 3)

    def __post_init__(self) -> None:
        check_two_equal_arms(
            self.scheme,
            "Efron's biased coin",
            "minimization without factors is the biased coin at any ratio, and keeps the ratio at every step",
        )
        object.__setattr__(self, "probability", exact(self.probability, "probability"))
        if not Fraction(1, 2) < self.probability <= 1:
            raise ArgumentError(
                "argument-invalid",
                f"the biased coin's probability is {self.probability}",
                reason="the arm that is behind must be preferred to its share of 1/2, and a probability is at most 1",
                hint="above 1/2 and at most 1; Efron suggests 2/3",
            )

    @property
    def name(self) -> str:
        return "biased-coin"

    @property
    def settings(self) -> dict[str, Any]:
        return {"probability": str(self.probability)}

    @property
    def preserves_ratio(self) -> bool:
        return True

    @property
    def warnings(self) -> tuple[str, ...]:
        return certain(self.probability, "the biased coin's probability")

    def weights(self, held: Tally) -> tuple[int, ...]:
        if held.difference == 0:
            return (1, 1)
        behind = self.probability.numerator
        ahead = self.probability.denominator - behind
        return (behind, ahead) if held.difference < 0 else (ahead, behind)

    def reason(self, held: Tally) -> str:
        if held.difference == 0:
            return "the arms have equal numbers: a fair coin"
        return f"the arms differ by {abs(held.difference)}: the arm behind has probability {self.probability}"
