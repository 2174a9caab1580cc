"""Axes of numbers: where a value stands, and the honest ticks that say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, inf, isfinite, log, log10
from typing import Literal

from equipoise.reporting.formatting import MINUS

Kind = Literal["linear", "log"]
# An interval that leaves an axis by more than this factor (this share, on a linear axis) ends in an arrow instead.
_FARTHEST = 8.0
_MOST_TICKS = 6
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """An axis from its first to its last tick; `percent`: ticks are shares, written as percent; `names` instead."""

    ticks: tuple[float, ...]
    kind: Kind = "linear"
    percent: bool = False
    names: tuple[str, ...] = ()

    @property
    def low(self) -> float:
        return self.ticks[0]

    @property
    def high(self) -> float:
        return self.ticks[-1]

    def share(self, value: float) -> float:
        """Where a value stands between the first tick (0) and the last (1); beyond them, at them."""
        if self.kind == "log":
            if value <= 0.0:
                return 0.0
            value, low, high = log(value) if value < inf else inf, log(self.low), log(self.high)
        else:
            low, high = self.low, self.high
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def holds(self, value: float) -> bool:
        """Whether a value stands on the axis (but for rounding)."""
        slack = 1e-9 * (self.high - self.low)
        return self.low - slack <= value <= self.high + slack

    def text(self, tick: float) -> str:
        if self.names:
            return self.names[self.ticks.index(tick)]
        shown = f"{abs(tick) * 100:.6g}%" if self.percent else f"{abs(tick):.6g}"
        return (MINUS if tick < 0 else "") + shown

    def thinned(self, length: float, wide: float) -> tuple[float, ...]:
        """Every tick, or every second, third ... where `wide` texts would touch on `length` points.

        The tick of no effect, 1 of ratios and 0 of others, stays; without one, the first.
        """
        null = 1.0 if self.kind == "log" else 0.0
        origin = self.ticks.index(null) if null in self.ticks else 0
        for step in range(1, len(self.ticks)):
            kept = self.ticks[origin % step :: step]
            if all((self.share(b) - self.share(a)) * length >= wide for a, b in pairwise(kept)):
                return kept
        return self.ticks[origin : origin + 1]


def log_scale(values: Iterable[float | None], centers: Iterable[float | None] = ()) -> Scale:
    """A scale of ratios around 1 that holds every estimate (`centers`), and limits not too far from them."""
    middle = [1.0, *_usable(centers)]
    low, high = min(middle) / _FARTHEST, max(middle) * _FARTHEST
    found = [*middle, *(min(max(value, low), high) for value in _usable(values)), 0.5, 2.0]
    base = 2.0 if max(found) / min(found) <= 2.0**7 else 10.0
    first, last = floor(log(min(found), base) + 1e-9), ceil(log(max(found), base) - 1e-9)
    step = max(1, ceil((last - first) / 8))
    return Scale(tuple(base**power for power in range(first, last + step, step)), "log")


def _usable(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and 0.0 < value < inf]


def linear_scale(
    values: Iterable[float | None], *, percent: bool = False, bounds: tuple[float, float] | None = None
) -> Scale:
    """A scale whose ticks are 1, 2, 2.5 or 5 times a power of ten and hold every value; `bounds` it must not leave."""
    known = [value for value in values if value is not None and isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if high - low < 1e-12 * max(1.0, abs(high)):
        low, high = min(low, 0.0), max(high, 0.0) if high else 1.0
    rough = (high - low) / _MOST_TICKS
    power = 10.0 ** floor(log10(rough))
    step = power * next(step for step in _STEPS if power * step >= rough * (1.0 - 1e-9))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    ticks = [float(f"{step * place:.12g}") for place in range(first, last + 1)]
    if bounds is not None:
        ticks = [tick for tick in ticks if bounds[0] <= tick <= bounds[1]]
    return Scale(tuple(ticks), percent=percent)
