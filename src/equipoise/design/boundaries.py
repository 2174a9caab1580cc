"""The classical group-sequential boundaries: one constant decides all looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from equipoise.design.levels import to_float
from equipoise.errors import ArgumentError, permitted
from equipoise.kernels import dispatch
from equipoise.kernels.plain.sequential import Bounds
from equipoise.kernels.plain.special import normal_quantile

FAMILIES = ("obrien-fleming", "pocock", "wang-tsiatis", "haybittle-peto")
CITATION = {name: name for name in FAMILIES}
_STEPS = 100


@dataclass(frozen=True, repr=False)
class Boundary:
    """A classical boundary: Z bounds of one shape, scaled so that the error over all looks is alpha.

    Arguments: `family`, with its `parameter`:
    - "wang-tsiatis": c t^(delta - 1/2) at information fraction t; `parameter` is delta, from -1 to 1.
    - "obrien-fleming": delta 0; "pocock": delta 1/2; no parameter.
    - "haybittle-peto": `parameter` (3 unless given) at every interim, and at the last look what alpha leaves.

    Raises ArgumentError `argument-invalid`. Source: O'Brien PC, Fleming TR. Biometrics 1979;35:549-556; Pocock SJ.
    Biometrika 1977;64:191-199; Wang SK, Tsiatis AA. Biometrics 1987;43:193-199; Haybittle JL. Br J Radiol
    1971;44:793-797; Peto R, et al. Br J Cancer 1976;34:585-612.

    >>> Boundary("wang-tsiatis", 0.25)
    Boundary('wang-tsiatis', 0.25)
    """

    family: str
    parameter: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.family, str) or self.family not in FAMILIES:
            raise _invalid(f"no boundary is called {self.family!r}", permitted(str(self.family), FAMILIES))
        given = None if self.parameter is None else to_float(self.parameter, "parameter")
        if self.family in ("obrien-fleming", "pocock") and given is not None:
            raise _invalid(f"the boundary {self.family!r} has no parameter", "wang-tsiatis takes delta")
        if self.family == "wang-tsiatis" and (given is None or not -1.0 <= given <= 1.0):
            raise _invalid(f"delta of wang-tsiatis is {given!r}", "give a number from -1 to 1; 0.25 lies between")
        if self.family == "haybittle-peto" and given is not None and not 0.0 < given < 30.0:
            raise _invalid(f"the interim bound of haybittle-peto is {given!r}", "give a Z value, such as 3")

    def shape(self, fraction: np.ndarray) -> np.ndarray | None:
        """The bounds (K,) before scaling at information fractions (K,); None for Haybittle-Peto."""
        if self.family == "haybittle-peto":
            return None
        delta = {"obrien-fleming": 0.0, "pocock": 0.5}.get(self.family, self.parameter or 0.0)
        return fraction ** (delta - 0.5)

    def solve(
        self, fraction: np.ndarray, alpha: float, active: np.ndarray, lower: np.ndarray | None, engine: str
    ) -> Bounds:
        """Upper bounds (K,) with one-sided error `alpha`.

        `active` (K,) marks the looks that have a bound; `lower` (K,) stops trials below (None: the mirror image does).
        Raises ArgumentError `argument-invalid` when fixed interim bounds alone spend alpha.
        """
        shape = self.shape(fraction)
        given = np.zeros((4, len(fraction)))
        given[0] = -math.inf if lower is None else lower

        def bounds(upper: np.ndarray) -> Bounds:
            given[1] = np.where(active, upper, math.inf)
            return dispatch.sequential_bounds(fraction, given, symmetric=lower is None, engine=engine)

        if shape is not None:
            return _scaled(lambda c: bounds(c * shape), alpha)
        upper = np.full(len(fraction), 3.0 if self.parameter is None else self.parameter)
        upper[-1] = math.nan
        before = bounds(np.where(np.isnan(upper), math.inf, upper))
        left = alpha - float(before.upper_crossed.sum())
        if left <= 0.0:
            message = f"interim bounds at {upper[0]:g} spend {alpha - left:.6g} of alpha {alpha:g}"
            raise _invalid(message, "raise the interim bound, or take fewer looks")
        given[3, -1] = left
        return bounds(upper)

    def describe(self) -> str:
        """The boundary in words, for a protocol."""
        names = {
            "obrien-fleming": "O'Brien-Fleming boundary",
            "pocock": "Pocock boundary",
            "wang-tsiatis": f"Wang-Tsiatis boundary with delta {self.parameter or 0.0:g}",
            "haybittle-peto": f"Haybittle-Peto boundary with {self.parameter or 3.0:g} at the interims",
        }
        return names[self.family]

    def __repr__(self) -> str:
        return (
            f"Boundary({self.family!r})" if self.parameter is None else f"Boundary({self.family!r}, {self.parameter!r})"
        )


def _scaled(bounds: Callable[[float], Bounds], alpha: float) -> Bounds:
    """The bounds at the constant that makes the error alpha: secant steps on the probit of the error."""
    goal = -normal_quantile(alpha)
    constant, before, level_before = goal + 0.2, math.nan, math.nan
    found = bounds(constant)
    for _ in range(_STEPS):
        level = -normal_quantile(min(max(float(found.upper_crossed.sum()), 1e-300), 1.0 - 1e-16))
        slope = (level - level_before) / (constant - before)
        if not slope > 0.1:
            slope = 1.0
        before, level_before = constant, level
        constant += min(max((goal - level) / slope, -1.0), 1.0)
        found = bounds(constant)
        if abs(constant - before) <= 1e-8:
            return found
    raise _invalid(f"no boundary of this shape has alpha {alpha!r}", "see that alpha lies between 0 and 1/2")


def _invalid(message: str, hint: str) -> ArgumentError:
    return ArgumentError("argument-invalid", message, where="Boundary", hint=hint)
