"""Complete randomization: every patient independently, each arm with its share.

Source: Rosenberger WF, Lachin JM. Randomization in Clinical Trials, 2nd ed., Wiley 2016, chapter 3.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from equipoise.randomization.scheme import Scheme
from equipoise.randomization.stratified import Counted, Tally


@dataclass(frozen=True)
class Complete(Counted):
    """Complete randomization in the ratio of the scheme; strata only address the random words.

    The ratio is preserved at every step, and nothing limits the imbalance.

    >>> from equipoise.randomization import Patient
    >>> method = Complete(Scheme({"A": 1, "B": 1}))
    >>> {arm: str(p) for arm, p in method.probabilities(method.start(), Patient("001")).items()}
    {'A': '1/2', 'B': '1/2'}
    """

    scheme: Scheme

    @property
    def name(self) -> str:
        return "complete"

    @property
    def settings(self) -> dict[str, Any]:
        return {}

    @property
    def preserves_ratio(self) -> bool:
        return True

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    def weights(self, held: Tally) -> tuple[int, ...]:  # noqa: ARG002 - the interface
        return tuple(self.scheme.ratio.values())

    def summary(self, held: Tally) -> Hashable:  # noqa: ARG002 - the interface
        return ()

    def reason(self, held: Tally) -> str:  # noqa: ARG002 - the interface
        return "every patient has each arm with its share, whatever came before"
