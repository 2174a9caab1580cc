"""Inference after a group-sequential trial by the stage-wise ordering of its outcomes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from equipoise.kernels.plain.roots import root_between
from equipoise.kernels.plain.sequential import crossing_probabilities
from equipoise.kernels.plain.special import normal_quantile

# Beyond this many standard errors from the estimate nothing is looked for.
_FARTHEST = 40.0


@dataclass(frozen=True, eq=False)
class StagewiseOutcome:
    """A trial that ended at its last look with `z`, not having crossed `upper` or `lower` (s - 1) before.

    `information` (s) up to that look. `above`: whether it ended in the upper region or at the last planned look; False
    where it crossed a binding lower bound.
    """

    z: float
    information: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    above: bool = True

    def p_value(self, theta: float = 0.0) -> float:
        """P of an outcome at least as much in favor of benefit: an earlier upper crossing, or here with a larger Z."""
        lower_crossed, upper_crossed = crossing_probabilities(
            self.information, np.append(self.lower, self._end(-1.0)), np.append(self.upper, self._end(1.0)), theta
        )
        return float(upper_crossed.sum()) if self.above else 1.0 - float(lower_crossed.sum())

    def _end(self, sign: float) -> float:
        """Both bounds of the last look at z: what is not above is below."""
        return self.z if (sign > 0.0) == self.above else sign * math.inf

    def solve_theta(self, probability: float) -> float:
        """The effect under which `p_value` is a given probability; it rises with the effect."""
        goal = normal_quantile(probability)
        root = math.sqrt(self.information[-1])
        return crossing_point(lambda x: probit(self.p_value(x / root)) - goal, self.z) / root


def crossing_point(rising: Callable[[float], float], near: float, *, lowest: float = -math.inf) -> float:
    """The root of a rising function on a scale of standard errors; infinite where it has none within 40 of `near`.

    `lowest` is the smallest point at which the function may be asked, where it is not above zero.
    """
    low, high, step = max(near - 1.0, lowest), near + 1.0, 1.0
    while rising(low) > 0.0:
        low, step = max(low - step, lowest), 2.0 * step
        if near - low > _FARTHEST:
            return -math.inf
    step = 1.0
    while rising(high) < 0.0:
        high, step = high + step, 2.0 * step
        if high - near > _FARTHEST:
            return math.inf
    return root_between(rising, low, high)


def probit(p: float) -> float:
    """The normal quantile of a probability, kept finite at 0 and 1."""
    return normal_quantile(min(max(p, 1e-300), 1.0 - 1e-16))
