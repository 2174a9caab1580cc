"""What a design assumes of patients: when they come, when they have events, when they are lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design.levels import check_positive, refused, to_float
from equipoise.errors import DesignError

Floats = npt.NDArray[np.float64]


def _numbers(values: Any, name: str) -> tuple[float, ...]:
    one = isinstance(values, int | float | np.number)
    if isinstance(values, str) or not (one or hasattr(values, "__iter__")):
        raise refused(name, values, "a number or a sequence of numbers")
    return tuple(to_float(value, name) for value in ([values] if one else values))


def _pieces(rates: Any, breaks: Any, what: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Rates and breaks as tuples: finite, rates zero or above, breaks rising from above zero, one rate more."""
    found, at = _numbers(rates, "rates"), _numbers(breaks, "breaks")
    for rate in found:
        if not math.isfinite(rate) or rate < 0.0:
            raise refused("rates", rates, f"every {what} is a finite number, zero or above")
    if any(not math.isfinite(b) for b in at) or any(b <= a for a, b in zip((0.0, *at), at, strict=False)):
        raise refused("breaks", breaks, "times that rise, the first above zero")
    if len(found) != len(at) + 1:
        hint = f"{len(at)} breaks separate {len(at) + 1} pieces: give as many rates; the last has no end"
        raise refused("rates", rates, hint, f"{len(found)} rates and {len(at)} breaks do not belong together")
    return found, at


@dataclass(frozen=True, repr=False, init=False)
class Hazard:
    """A piecewise-constant hazard.

    `rates` (k,) events per time unit, zero or above, the first from time 0, the last without end; `breaks` (k - 1,) the
    times where it changes, rising. One number is a constant hazard. Raises ArgumentError `argument-invalid`.

    >>> round(Hazard.from_median(3.6).times(0.59).median(), 4)
    6.1017
    """

    rates: tuple[float, ...]
    breaks: tuple[float, ...] = ()

    def __init__(self, rates: float | Sequence[float], breaks: Sequence[float] = ()) -> None:
        checked = _pieces(rates, breaks, "hazard")
        object.__setattr__(self, "rates", checked[0])
        object.__setattr__(self, "breaks", checked[1])

    @classmethod
    def from_median(cls, median: float) -> Hazard:
        """The constant hazard with this median (time units, above zero): log(2) / median."""
        return cls((math.log(2.0) / check_positive(median, "median"),))

    @classmethod
    def from_rates(cls, rates: float | Sequence[float], breaks: Sequence[float] = ()) -> Hazard:
        """The hazard with these rates per time unit, changing at `breaks`; one number is constant."""
        return cls(rates, breaks)

    @classmethod
    def piecewise(cls, rates: Sequence[float], breaks: Sequence[float]) -> Hazard:
        """The hazard with `rates[0]` until `breaks[0]`, and so on; the last rate has no end."""
        return cls(tuple(rates), tuple(breaks))

    @classmethod
    def from_survival(cls, times: Sequence[float], survival: Sequence[float]) -> Hazard:
        """The hazard whose survival passes through these points, the last rate going on for ever.

        `times` rise from above zero; `survival` falls from 1 on, above zero.

        >>> Hazard.from_survival([6, 12], [0.5, 0.25]).rates == (math.log(2) / 6,) * 2
        True
        """
        at, level = _numbers(times, "times"), _numbers(survival, "survival")
        falling = all(0.0 < b <= a for a, b in zip((1.0, *level), level, strict=False))
        if not at or len(at) != len(level) or not falling:
            raise refused("survival", survival, "one probability a time, falling from 1 and above zero")
        before = (1.0, *level[:-1])
        widths = np.diff((0.0, *at))
        if not (widths > 0.0).all():
            raise refused("times", times, "times that rise, the first above zero")
        rates = [math.log(a / b) / w for a, b, w in zip(before, level, widths.tolist(), strict=True)]
        return cls(tuple(rates), at[:-1])

    @property
    def constant(self) -> bool:
        """Whether it never changes."""
        return len(set(self.rates)) == 1

    @cached_property
    def arrays(self) -> tuple[Floats, Floats]:
        """(rates, breaks) as arrays, read-only."""
        both = np.array(self.rates), np.array(self.breaks)
        for values in both:
            values.flags.writeable = False
        return both

    def at(self, time: Any) -> Any:
        """The hazard at a time or times (a break belongs to the piece that it starts)."""
        rates, breaks = self.arrays
        return _like(time, rates[np.searchsorted(breaks, _times(time), side="right")])

    def cumulative(self, time: Any) -> Any:
        """The cumulative hazard at a time or times from zero on."""
        at = _times(time)
        rates, breaks = self.arrays
        starts = np.concatenate(([0.0], breaks))
        reached = np.concatenate(([0.0], np.cumsum(rates[:-1] * np.diff(starts))))
        piece = np.searchsorted(starts, at, side="right") - 1
        return _like(time, reached[piece] + rates[piece] * (at - starts[piece]))

    def survival(self, time: Any) -> Any:
        """The probability of no event by a time or times, exp(-cumulative)."""
        return _like(time, np.exp(-np.asarray(self.cumulative(time))))

    def quantile(self, probability: float) -> float:
        """The time by which this share has had the event; infinity when it never has."""
        share = to_float(probability, "probability")
        if not 0.0 <= share < 1.0:
            raise refused("probability", probability, "a probability from 0 to below 1")
        left = -math.log1p(-share)
        starts = (0.0, *self.breaks)
        for rate, start, stop in zip(self.rates, starts, (*self.breaks, math.inf), strict=True):
            if left <= rate * (stop - start) if rate > 0.0 else left == 0.0:
                return start + (left / rate if rate > 0.0 else 0.0)
            left -= rate * (stop - start) if rate > 0.0 else 0.0
        return math.inf

    def median(self) -> float:
        """The time by which half have had the event; infinity when half never have."""
        return self.quantile(0.5)

    def times(self, hazard_ratio: float) -> Hazard:
        """The hazard multiplied by a hazard ratio above zero."""
        factor = check_positive(hazard_ratio, "hazard_ratio")
        return Hazard(tuple(rate * factor for rate in self.rates), self.breaks)

    def __repr__(self) -> str:
        return f"Hazard(rates={self.rates!r}, breaks={self.breaks!r})" if self.breaks else f"Hazard({self.rates[0]!r})"


def _times(time: Any) -> Floats:
    at = np.asarray(time, dtype=float)
    if np.isnan(at).any() or (at < 0.0).any():
        raise refused("time", time, "times from zero on")
    return at


def _like(time: Any, values: Any) -> Any:
    """A float for one time, an array for several."""
    return float(values) if np.ndim(time) == 0 else values


@dataclass(frozen=True, repr=False)
class Dropout:
    """Loss to follow-up, independent of the event.

    Either `rate`, a hazard per time unit (a number, or k rates with k - 1 `breaks`), or `probability` (from 0 to below
    1) of being lost by the time `at` if no event came first, at a constant hazard. For arms that differ give a mapping
    to the functions that take a dropout: {"control": Dropout(0.01), "experimental": Dropout(0.02)}.

    >>> round(Dropout(probability=0.1, at=12).hazard.rates[0], 6)
    0.00878
    """

    rate: float | tuple[float, ...] | None = None
    breaks: tuple[float, ...] = ()
    probability: float | None = None
    at: float | None = None

    def __post_init__(self) -> None:
        by_probability = self.probability is not None
        if by_probability == (self.rate is not None) or by_probability != (self.at is not None):
            raise refused("dropout", self, "give a rate, or a probability together with the time `at`")
        if by_probability and not 0.0 <= to_float(self.probability, "probability") < 1.0:
            raise refused("probability", self.probability, "a probability from 0 to below 1")
        if by_probability and self.breaks:
            raise refused("breaks", self.breaks, "breaks belong to rates, not to a probability")
        if not isinstance(self.rate, int | float | None):
            rates = _numbers(self.rate, "rate")
            object.__setattr__(self, "rate", rates[0] if len(rates) == 1 else rates)
        object.__setattr__(self, "breaks", _numbers(self.breaks, "breaks"))
        _ = self.hazard

    @cached_property
    def hazard(self) -> Hazard:
        """The hazard of being lost."""
        if self.probability is not None:
            return Hazard((-math.log1p(-self.probability) / check_positive(self.at, "at"),))
        return Hazard(self.rate, self.breaks)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        if self.probability is not None:
            return f"Dropout(probability={self.probability!r}, at={self.at!r})"
        return f"Dropout({self.rate!r}, breaks={self.breaks!r})" if self.breaks else f"Dropout({self.rate!r})"


@dataclass(frozen=True, repr=False)
class Accrual:
    """How patients arrive: a piecewise-constant intensity from time 0 on.

    `rates` (k,) patients per time unit and `breaks` (k - 1,) the times where they change; `duration` of accrual and
    `n`, the patients accrued in it. With `relative=True` the rates are a shape, scaled so that `n` come in `duration`;
    otherwise two of rates, duration and n determine the third. What is left out is open, for `fixed_design` to find:
    n or the duration of a shape, or both for given rates. Prefer the constructors `uniform`, `piecewise` and `ramp`.
    Raises ArgumentError `argument-invalid`; DesignError `design-unreachable` for an n that the rates never reach.

    >>> Accrual.uniform(n=198, duration=24).enrolled(12)
    99.0
    """

    rates: tuple[float, ...]
    breaks: tuple[float, ...] = ()
    duration: float | None = None
    n: float | None = None
    relative: bool = False

    def __post_init__(self) -> None:
        rates, breaks = _pieces(self.rates, self.breaks, "rate of accrual")
        if not any(rates):
            raise refused("rates", self.rates, "at least one rate of accrual above zero")
        for name in ("duration", "n"):
            value = getattr(self, name)
            self._set(name, None if value is None else check_positive(value, name))
        self._set("rates", rates)
        self._set("breaks", breaks)
        self._complete()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _complete(self) -> None:
        if self.duration is not None and self.breaks and self.breaks[-1] >= self.duration:
            raise refused("breaks", self.breaks, f"breaks before the end of accrual at {self.duration:g}")
        if self.relative and None in (self.duration, self.n):
            return
        if self.relative:
            factor = self.total / self._arrived(self.duration)
            self._set("rates", tuple(rate * factor for rate in self.rates))
            self._set("relative", False)
        elif self.n is None and self.duration is not None:
            self._set("n", check_positive(self._arrived(self.duration), "n"))
        elif self.n is not None and self.duration is None:
            self._set("duration", self._time_of(self.n))
            self._set("breaks", tuple(b for b in self.breaks if b < self.end))
            self._set("rates", self.rates[: len(self.breaks) + 1])
        elif self.n is not None and abs(self._arrived(self.duration) / self.n - 1.0) > 1e-9:
            arrived = self._arrived(self.duration)
            raise refused(
                "n", self.n, "leave out one of the three, or say relative=True to scale the rates",
                f"these rates bring {arrived:g} patients in {self.duration:g}",
            )  # fmt: skip

    @classmethod
    def uniform(cls, *, n: float | None = None, rate: float | None = None, duration: float | None = None) -> Accrual:
        """A constant intensity.

        Arguments: two of `n` (patients), `rate` (patients per time unit) and `duration` (time units); or one of them,
        the others then being open. All above zero.
        """
        return cls((1.0,) if rate is None else (rate,), (), duration, n, rate is None)

    @classmethod
    def piecewise(
        cls,
        rates: Sequence[float],
        breaks: Sequence[float],
        *,
        duration: float | None = None,
        n: float | None = None,
        relative: bool = False,
    ) -> Accrual:
        """`rates[0]` patients per time unit until `breaks[0]`, and so on, until `duration` or until `n` have come.

        `relative=True`: the rates are a shape only, scaled so that `n` patients come in `duration`.
        """
        return cls(tuple(rates), tuple(breaks), duration, n, relative)

    @classmethod
    def ramp(
        cls,
        *,
        ramp: float,
        n: float | None = None,
        rate: float | None = None,
        duration: float | None = None,
        steps: int = 12,
    ) -> Accrual:
        """An intensity that rises in a straight line from 0 at time 0 to its full rate at `ramp`, and stays there.

        Arguments: `ramp` (time units); two of `n`, the full `rate` and `duration`, or one of them. The line is taken as
        `steps` equal steps (a whole number from 1 on), each at the line's mean: exact at the ends of the steps.
        """
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise refused("steps", steps, "a whole number from 1 on")
        width, full = check_positive(ramp, "ramp") / steps, 1.0 if rate is None else check_positive(rate, "rate")
        rates = [full * (k + 0.5) / steps for k in range(steps)]
        breaks = [width * (k + 1) for k in range(steps)]
        return cls((*rates, full), tuple(breaks), duration, n, rate is None)

    @property
    def is_open(self) -> bool:
        """Whether n, the duration, or both are still to be found."""
        return self.n is None or self.duration is None

    @property
    def total(self) -> float:
        """The patients accrued in all. Raises ArgumentError `argument-invalid` where it is open."""
        return self._known("n")

    @property
    def end(self) -> float:
        """The end of accrual. Raises ArgumentError `argument-invalid` where it is open."""
        return self._known("duration")

    def _known(self, name: str) -> float:
        value: float | None = getattr(self, name)
        if value is None:
            raise refused("accrual", self, "an accrual with its n and duration", f"its {name} is open")
        return value

    def with_n(self, n: float) -> Accrual:
        """The same shape and duration with this many patients."""
        return replace(self, n=n, relative=True)

    def with_duration(self, duration: float) -> Accrual:
        """This accrual ended at `duration`: the n given for a shape, or what the rates bring."""
        breaks = tuple(b for b in self.breaks if b < duration)
        kept = self.rates[: len(breaks) + 1]
        return Accrual(kept, breaks, duration, self.n if self.relative else None, self.relative)

    def sped(self, factor: float) -> Accrual:
        """The same number of patients at rates multiplied by `factor`, the last rate going on as long as needed."""
        if self.is_open:
            raise refused("accrual", self, "an accrual with its n and duration")
        rates = tuple(rate * check_positive(factor, "factor") for rate in self.rates)
        return Accrual(rates, self.breaks, n=self.total)

    def enrolled(self, time: Any) -> Any:
        """Patients arrived by a time or times from zero on."""
        at = np.minimum(_times(time), self.end)
        return _like(time, self._arrived(at))

    def time_of(self, n: float) -> float:
        """The time by which `n` patients have arrived. Raises DesignError `design-unreachable`."""
        if self.relative:
            raise refused("accrual", self, "an accrual with rates, or with its n and duration")
        found = self._time_of(check_positive(n, "n"))
        if self.duration is not None and found > self.duration * (1.0 + 1e-12):
            raise _never(n, self.total, self.duration)
        return found

    @property
    def edges(self) -> Floats:
        """The ends of the pieces: 0, the breaks, the duration."""
        return np.array((0.0, *self.breaks, self.duration), dtype=float)

    def _arrived(self, time: Any) -> Any:
        edges = np.array((0.0, *self.breaks))
        reached = np.concatenate(([0.0], np.cumsum(np.array(self.rates[:-1]) * np.diff(edges))))
        piece = np.searchsorted(edges, time, side="right") - 1
        return _like(time, reached[piece] + np.array(self.rates)[piece] * (time - edges[piece]))

    def _time_of(self, n: float) -> float:
        left = n
        edges = (0.0, *self.breaks, math.inf)
        for rate, start, stop in zip(self.rates, edges, edges[1:], strict=False):
            if rate > 0.0 and left <= rate * (stop - start):
                return start + left / rate
            left -= rate * (stop - start) if rate > 0.0 else 0.0
        raise _never(n, n - left, self.breaks[-1])

    def __repr__(self) -> str:
        known = f"n={self.n!r}, duration={self.duration!r}"
        if not self.breaks and (self.relative or (not self.is_open and self.rates[0] == self.total / self.end)):
            return f"Accrual.uniform({known})"
        rates = f"rates={self.rates!r}, breaks={self.breaks!r}"
        return f"Accrual({rates}, {known}, relative={self.relative!r})"


def _never(n: float, most: float, when: float) -> DesignError:
    return DesignError(
        "design-unreachable",
        f"{n:g} patients are never accrued: the rates bring {most:g}, by {when:g}",
        where="accrual",
        hint="give a longer accrual, higher rates, or fewer patients",
    )
