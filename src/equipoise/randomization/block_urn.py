"""Block urn: permuted blocks that give back every balanced set as soon as it is complete.

The urn begins with lambda balanced sets, each with as many balls of an arm as its ratio says. A drawn ball is put
aside; when the balls put aside contain a balanced set, that set goes back. With n_i patients of arm i, ratio r_i and
k = min floor(n_i / r_i) sets given back, arm i has r_i (lambda + k) - n_i balls. The imbalance is limited as by
permuted blocks of lambda sets, and the assignments are harder to guess. At unequal ratios the unconditional probability
of an arm is not its share at every step.
Source: Zhao W, Weng Y. Block urn design: a new randomization algorithm for sequential trials with two or more
treatments and balanced or unbalanced allocation. Contemp Clin Trials 2011;32:953-961, doi:10.1016/j.cct.2011.08.004.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from equipoise.randomization.scheme import Scheme, check_whole
from equipoise.randomization.stratified import Counted, Tally


@dataclass(frozen=True)
class BlockUrn(Counted):
    """Zhao and Weng's block urn within each stratum, for any number of arms and any ratio.

    Arguments: the scheme; `urn_lambda`, the balanced sets of the urn, a whole number from 1 (1 is permuted blocks of
    the smallest size).
    Raises ArgumentError `argument-invalid` for another number.
    The ratio is preserved at every step where all arms have the same share, and where `urn_lambda` is 1.

    >>> from equipoise.randomization import Patient
    >>> method = BlockUrn(Scheme({"A": 2, "B": 1}), 2)
    >>> {arm: str(p) for arm, p in method.probabilities(method.start(), Patient("001")).items()}
    {'A': '2/3', 'B': '1/3'}
    """

    scheme: Scheme
    urn_lambda: int

    def __post_init__(self) -> None:
        check_whole(self.urn_lambda, 1, "urn_lambda")

    @property
    def name(self) -> str:
        return "block-urn"

    @property
    def settings(self) -> dict[str, Any]:
        return {"urn_lambda": self.urn_lambda}

    @property
    def preserves_ratio(self) -> bool:
        return self.urn_lambda == 1 or len(set(self.scheme.ratio.values())) == 1

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.preserves_ratio:
            return ()
        ratio = ":".join(str(share) for share in self.scheme.ratio.values())
        return (f"at {ratio} the block urn does not keep the ratio at every step; permuted blocks do",)

    def weights(self, held: Tally) -> tuple[int, ...]:
        sets = self.urn_lambda + self._returned(held)
        return tuple(share * sets - held.counts[arm] for arm, share in self.scheme.ratio.items())

    def summary(self, held: Tally) -> Hashable:
        return self.weights(held)

    def reason(self, held: Tally) -> str:
        balls = ", ".join(f"{count} {arm}" for arm, count in zip(self.scheme.arms, self.weights(held), strict=True))
        return f"the urn holds {balls}, after {self._returned(held)} balanced sets given back"

    def _returned(self, held: Tally) -> int:
        return min(held.counts[arm] // share for arm, share in self.scheme.ratio.items())
