"""Big stick: a fair coin, until one arm is ahead by the largest imbalance that is tolerated.

Source: Soares JF, Wu CFJ. Some restricted randomization rules in sequential designs. Commun Stat Theory Methods
1983;12:2017-2034, doi:10.1080/03610928308828586.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from equipoise.randomization.scheme import Scheme, check_two_equal_arms, check_whole
from equipoise.randomization.stratified import Counted, Tally


@dataclass(frozen=True)
class BigStick(Counted):
    """Soares and Wu's big stick within each stratum: 1/2, but the arm behind by `maximum_imbalance` is certain.

    Arguments: a scheme of two arms 1:1; the largest difference tolerated in a stratum, a whole number from 1.
    Raises ArgumentError `argument-invalid` for another ratio or imbalance.
    The ratio is preserved at every step, as the method does not know the arms apart.

    >>> from equipoise.randomization import Patient
    >>> method = BigStick(Scheme({"A": 1, "B": 1}), 3)
    >>> {arm: str(p) for arm, p in method.probabilities(method.start(), Patient("001")).items()}
    {'A': '1/2', 'B': '1/2'}
    """

    scheme: Scheme
    maximum_imbalance: int

    def __post_init__(self) -> None:
        check_two_equal_arms(
            self.scheme, "the big stick", "block-urn limits the imbalance at any ratio; permuted-blocks too"
        )
        check_whole(self.maximum_imbalance, 1, "maximum_imbalance")

    @property
    def name(self) -> str:
        return "big-stick"

    @property
    def settings(self) -> dict[str, Any]:
        return {"maximum_imbalance": self.maximum_imbalance}

    @property
    def preserves_ratio(self) -> bool:
        return True

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    def weights(self, held: Tally) -> tuple[int, ...]:
        difference = held.difference
        return (int(difference < self.maximum_imbalance), int(-difference < self.maximum_imbalance))

    def reason(self, held: Tally) -> str:
        gap = abs(held.difference)
        if gap < self.maximum_imbalance:
            return f"the arms differ by {gap}, less than {self.maximum_imbalance}: a fair coin"
        return f"the arms differ by {gap}, the most that is tolerated: the arm behind is certain"
