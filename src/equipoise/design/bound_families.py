"""The bounds of a design as a function of alpha: what repeated and sequential P values are read from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from equipoise.design.boundaries import Boundary
from equipoise.design.sequential_rules import SequentialRules, solve_sequential
from equipoise.design.spending import Spending
from equipoise.design.stagewise import crossing_point
from equipoise.kernels.plain.sequential import crossing_probabilities
from equipoise.kernels.plain.special import normal_tail

# Stands for a bound at infinity where a root is sought.
_FAR = 1e3
# The normal quantile of an alpha just below one half.
_LEAST = 1e-6
# The smallest alpha that is looked at: far below, nothing is left of a probability.
_SMALLEST = 1e-300


@dataclass(frozen=True, eq=False)
class BoundFamily:
    """The rules of a design for every alpha of one side, at all its looks as they are (K)."""

    rules: SequentialRules
    fraction: np.ndarray
    time: np.ndarray

    @property
    def mirrored(self) -> bool:
        """Whether crossing minus the upper bounds stops the trial too: then alpha of one side ends at one half."""
        return self.rules.harm == "mirror"

    def repeated_p(self, look: int, z: float) -> float:
        """The alpha whose bound at a look (from 0) is z; NaN where the rules do not say.

        They do not where bounds were given as numbers, or by Haybittle and Peto, or depend on binding futility.
        """
        efficacy = self.rules.efficacy
        if self.rules.binding or not isinstance(efficacy, Spending | Boundary):
            return math.nan
        if self.mirrored and z <= 0.0:
            return 0.5
        shape = efficacy.shape(self.fraction) if isinstance(efficacy, Boundary) else None
        if shape is not None:
            return self._scaled_p(z / shape[look] * shape)
        return math.nan if isinstance(efficacy, Boundary) else self._solve_p(look, z)

    def _scaled_p(self, bounds: np.ndarray) -> float:
        at = self.rules.efficacy_at
        upper = bounds if at is None else np.where(np.isin(np.arange(1, len(bounds) + 1), at), bounds, math.inf)
        lower = -upper if self.mirrored else np.full(len(upper), -math.inf)
        return float(crossing_probabilities(self.fraction, lower, upper, 0.0)[1].sum())

    def _solve_p(self, look: int, z: float) -> float:
        # Error is spent as information comes: bounds up to the look do not depend on what follows.
        fraction, time = self.fraction[: look + 1], self.time[: look + 1]

        def excess(x: float) -> float:
            alpha = max(normal_tail(x), _SMALLEST)
            rules = replace(self.rules, alpha=alpha, futility=None, efficacy_at=self._until(look))
            bound = float(solve_sequential(rules, fraction, time, power=None, drift=None).upper[look])
            return (bound if math.isfinite(bound) else math.copysign(_FAR, bound)) - z

        if self.mirrored and excess(_LEAST) > 0.0:
            return 0.5
        return normal_tail(crossing_point(excess, max(z, 0.0), lowest=_LEAST if self.mirrored else -math.inf))

    def _until(self, look: int) -> tuple[int, ...] | None:
        at = self.rules.efficacy_at
        return None if at is None else tuple(k for k in at if k <= look + 1)
