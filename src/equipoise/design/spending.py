"""Error spending: how much of an error probability may have been used by a given share of the information."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from equipoise.design.levels import to_float
from equipoise.errors import ArgumentError, DesignError, permitted
from equipoise.kernels.plain.special import normal_quantile

FAMILIES = ("obrien-fleming", "pocock", "hwang-shih-decani", "power", "user")
CITATION = {
    "obrien-fleming": "lan-demets",
    "pocock": "lan-demets",
    "hwang-shih-decani": "hwang-shih-decani",
    "power": "kim-demets",
    "user": "lan-demets",
}
_SLACK = 1e-9


@dataclass(frozen=True, repr=False)
class Spending:
    """An error spending function: the cumulative error by information fraction t, for a total error a.

    Arguments: `family`, with its `parameter`:
    - "obrien-fleming": 2 - 2 Phi(z(a/2) / sqrt t), by Lan and DeMets; no parameter.
    - "pocock": a log(1 + (e - 1) t), by Lan and DeMets; no parameter.
    - "hwang-shih-decani": a (1 - exp(-gamma t)) / (1 - exp(-gamma)), a t at gamma 0; gamma is any number.
    - "power": a t^rho, by Kim and DeMets; rho above 0.
    - "user": straight lines through `points`, pairs of fraction and cumulative error, the last (1, total).
    `.truncated(start, stop)` and `.trimmed(start, stop)` let no error be spent up to `start` and all by `stop`.

    Raises ArgumentError `argument-invalid` for an unknown family or a wrong parameter, DesignError `spending-invalid`
    for points that decrease. Source: Lan KKG, DeMets DL. Biometrika 1983;70:659-663; Hwang IK, Shih WJ, DeCani JS.
    Stat Med 1990;9:1439-1445; Kim K, DeMets DL. Biometrika 1987;74:149-154.

    >>> [round(a, 6) for a in Spending("obrien-fleming").spent([0.5, 1.0], 0.025)]
    [0.001525, 0.025]
    >>> Spending("hwang-shih-decani", -4.0).truncated(start=0.3)
    Spending('hwang-shih-decani', -4.0, start=0.3)
    """

    family: str
    parameter: float | None = None
    points: tuple[tuple[float, float], ...] = ()
    start: float = 0.0
    stop: float = 1.0
    rescaled: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.family, str) or self.family not in FAMILIES:
            raise _invalid(f"no spending function is called {self.family!r}", permitted(str(self.family), FAMILIES))
        self._check_parameter()
        if not 0.0 <= self.start < self.stop <= 1.0:
            message = f"spending from {self.start!r} to {self.stop!r} is no part of the information"
            raise _invalid(message, "give 0 <= start < stop <= 1")
        if (self.family == "user") != bool(self.points):
            raise _invalid("points belong to the spending function 'user'", "give both or neither")
        if self.points:
            object.__setattr__(self, "points", _checked_points(self.points))

    def _check_parameter(self) -> None:
        needed = self.family in ("hwang-shih-decani", "power")
        if needed != (self.parameter is not None):
            has = "needs its parameter" if needed else "has no parameter"
            raise _invalid(f"the spending function {self.family!r} {has}", "gamma of hwang-shih-decani, rho of power")
        if needed and not math.isfinite(to_float(self.parameter, "parameter")):
            raise _invalid(f"the parameter of {self.family!r} is {self.parameter!r}", "give a finite number")
        if self.family == "power" and (self.parameter or 0.0) <= 0.0:
            raise _invalid(f"the exponent of power spending is {self.parameter!r}", "give a number above 0")

    @classmethod
    def user(cls, points: Sequence[tuple[float, float]]) -> Spending:
        """Straight lines through pairs of information fraction (to 1) and cumulative error.

        >>> Spending.user([(0.5, 0.01), (1.0, 0.025)]).spent([0.25, 0.75], 0.025)
        [0.005, 0.0175]
        """
        return cls("user", points=tuple(points))

    def truncated(self, start: float = 0.0, stop: float = 1.0) -> Spending:
        """The same function with its time running from `start` to `stop` instead of from 0 to 1."""
        return replace(self, start=start, stop=stop, rescaled=True)

    def trimmed(self, start: float = 0.0, stop: float = 1.0) -> Spending:
        """The same function between `start` and `stop`; nothing before, everything after."""
        return replace(self, start=start, stop=stop, rescaled=False)

    def spent(self, fraction: Sequence[float] | np.ndarray, total: float) -> list[float]:
        """Cumulative error at the given fractions (K,) for a total error; above fraction 1 it is the total."""
        times = self._times(fraction)
        if self.family == "obrien-fleming":
            return _obrien_fleming(times, total)
        return [self._at(t, total) for t in times]

    def __call__(self, total: float, fraction: float) -> float:
        """Cumulative error at one fraction for a total error."""
        return self.spent([fraction], total)[0]

    def check_total(self, total: float, name: str) -> None:
        """Raises DesignError `spending-invalid` when points of the user do not end at the total error."""
        if self.points and abs(self.points[-1][1] - total) > _SLACK:
            last = self.points[-1][1]
            word = "exceeds" if last > total else "falls short of"
            raise spending_invalid(
                f"the spending points end at {last!r}, which {word} {name} = {total!r}",
                "all error is spent at the end, and no more",
                f"let the last point be (1, {total!r})",
            )

    def _times(self, fraction: Sequence[float] | np.ndarray) -> list[float]:
        times = fraction.tolist() if isinstance(fraction, np.ndarray) else [float(t) for t in fraction]
        if self.start == 0.0 and self.stop == 1.0:
            return times
        width = self.stop - self.start
        scaled = [(t - self.start) / width for t in times] if self.rescaled else times
        return [
            0.0 if t <= self.start else 1.0 if t >= self.stop else s for t, s in zip(times, scaled, strict=True)
        ]  # fmt: skip

    def _at(self, t: float, total: float) -> float:
        if t <= 0.0 or t >= 1.0:
            return 0.0 if t <= 0.0 else total
        if self.family == "pocock":
            return total * math.log1p((math.e - 1.0) * t)
        if self.family == "power":
            return total * t ** (self.parameter or 1.0)
        if self.family == "user":
            return self._interpolated(t) * total / self.points[-1][1]
        gamma = self.parameter or 0.0
        if gamma < 0.0:
            # The same, divided by the larger exponential, which may be too large for a number.
            return total * math.exp(gamma * (1.0 - t)) * math.expm1(gamma * t) / math.expm1(gamma)
        return total * t if gamma == 0.0 else total * math.expm1(-gamma * t) / math.expm1(-gamma)

    def _interpolated(self, t: float) -> float:
        times, values = zip((0.0, 0.0), *self.points, strict=True)
        return float(np.interp(t, times, values))

    def describe(self) -> str:
        """The function in words, for a protocol."""
        names = {
            "obrien-fleming": "Lan-DeMets spending function of O'Brien-Fleming type",
            "pocock": "Lan-DeMets spending function of Pocock type",
            "hwang-shih-decani": f"Hwang-Shih-DeCani spending function with parameter {self.parameter or 0.0:g}",
            "power": f"power spending function with exponent {self.parameter or 0.0:g}",
            "user": "spending function given point by point",
        }
        whole = (self.start, self.stop) == (0.0, 1.0)
        within = "" if whole else f", from {self.start:g} to {self.stop:g} of the information"
        return names[self.family] + within

    def __repr__(self) -> str:
        parts = [repr(self.family)]
        if self.parameter is not None:
            parts.append(repr(self.parameter))
        defaults: dict[str, Any] = {"points": (), "start": 0.0, "stop": 1.0, "rescaled": True}
        parts += [f"{name}={getattr(self, name)!r}" for name, value in defaults.items() if getattr(self, name) != value]
        return f"Spending({', '.join(parts)})"


def _obrien_fleming(times: list[float], total: float) -> list[float]:
    scaled = -normal_quantile(total / 2.0) / math.sqrt(2.0)
    erfc, sqrt = math.erfc, math.sqrt
    return [0.0 if t <= 0.0 else total if t >= 1.0 else erfc(scaled / sqrt(t)) for t in times]


def to_spending(value: Any) -> Spending:
    """A `Spending`, as it is or by the name of its family (a pair of name and parameter where it has one).

    >>> to_spending(("hwang-shih-decani", -4))
    Spending('hwang-shih-decani', -4)
    """
    if isinstance(value, Spending):
        return value
    if isinstance(value, str):
        return Spending(value)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return Spending(*value)
    hint = 'give Spending("obrien-fleming"), or the name alone'
    raise _invalid(f"{value!r} is no spending function", hint)


def _checked_points(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    hint = "give pairs of fraction and cumulative error, both increasing, the last at fraction 1"
    try:
        pairs = tuple((to_float(t, "points"), to_float(error, "points")) for t, error in points)
    except (TypeError, ValueError):
        raise _invalid(f"the points are {points!r}", hint) from None
    times, errors = [t for t, _ in pairs], [e for _, e in pairs]
    if not all(map(math.isfinite, (*times, *errors))):
        raise _invalid(f"the points are {points!r}", hint)
    if any(b <= a for a, b in zip((0.0, *times), times, strict=False)) or abs(times[-1] - 1.0) > _SLACK:
        raise spending_invalid(f"the fractions of the points are {times}", "they must increase to 1", hint)
    if errors[0] < 0.0 or any(b < a for a, b in pairwise(errors)) or not errors[-1] > 0.0:
        message = f"the cumulative errors of the points are {errors}"
        raise spending_invalid(message, "error once spent cannot be had back", hint)
    return pairs


def spending_invalid(message: str, reason: str, hint: str) -> DesignError:
    """An error about spending or information that no design can have."""
    return DesignError("spending-invalid", message, reason=reason, hint=hint)


def _invalid(message: str, hint: str) -> ArgumentError:
    return ArgumentError("argument-invalid", message, where="Spending", hint=hint)
