"""What one trial brings to a pool: an effect and its standard error, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from equipoise.errors import ArgumentError
from equipoise.evidence.effect_readings import Numbers
from equipoise.evidence.information_check import width_errors
from equipoise.evidence.printed import Printed, parse_printed
from equipoise.kernels.plain.special import normal_quantile

Measure = Literal["hazard-ratio", "rmst-difference"]
MEASURES: tuple[Measure, ...] = ("hazard-ratio", "rmst-difference")
USUAL_LEVELS = (0.80, 0.90, 0.95, 0.99)
# Printed limits center on the estimate within this many standard errors, or something is wrong with one of the three.
_OFF_CENTER = 0.25
# Rounding of a standard error that is exactly 2 / sqrt(d).
_ROUNDING = 1e-12

# A number of a publication: as printed, its text ("0.80"), or the number.
NumberLike = Printed | str | float


@dataclass(frozen=True, kw_only=True)
class StudyEffect:
    """One trial's effect.

    `effect`: log hazard ratio, experimental to control, or the difference of restricted means (experimental - control),
    as `measure` says; `std_error` of it; `largest_std_error`, the largest that the printed digits allow, None where
    nothing was rounded; `origin`: "interval", "p-value", "standard error" or "data"; `events` and `randomized` where
    known, by which the standard error is checked unless `bounded` is False (no bound holds for robust and weighted
    analyses); `note`: what a reader should know of the numbers. Raises ArgumentError `argument-invalid` for a standard
    error that is not positive and finite, an effect that is not finite, and an unknown measure.
    """

    name: str
    effect: float
    std_error: float
    measure: Measure = "hazard-ratio"
    largest_std_error: float | None = None
    origin: str = "standard error"
    events: int | None = None
    randomized: int | None = None
    bounded: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ArgumentError(
                "argument-invalid", f"the measure of {self.name} is {self.measure!r}", hint=" or ".join(MEASURES)
            )
        if not math.isfinite(self.effect):
            raise ArgumentError("argument-invalid", f"the effect of {self.name} is {self.effect}")
        if not (math.isfinite(self.std_error) and self.std_error > 0.0):
            raise ArgumentError(
                "argument-invalid",
                f"the standard error of {self.name} is {self.std_error}",
                reason="a trial weighs in a pool by its standard error, which must be a positive number",
            )

    @property
    def estimate(self) -> float:
        """The effect as a reader reads it: the hazard ratio, or the difference."""
        return shown_effect(self.effect, self.measure)

    @property
    def most_events(self) -> int | None:
        """The events reported, else everybody; None where no bound is known or holds."""
        if self.measure != "hazard-ratio" or not self.bounded:
            return None
        return (self.events if self.events is not None else self.randomized) or None

    @property
    def least_std_error(self) -> float | None:
        """2 / sqrt(d): no Cox or log-rank analysis of d events has a smaller one."""
        most = self.most_events
        return None if most is None else 2.0 / math.sqrt(most)

    @property
    def possible(self) -> bool:
        """Whether the standard error, as large as the printed digits allow, is one that so many events can give."""
        least = self.least_std_error
        largest = self.std_error if self.largest_std_error is None else self.largest_std_error
        return least is None or largest >= least * (1.0 - _ROUNDING)


def shown_effect(value: float, measure: Measure) -> float:
    """A number of the scale that is pooled, as a reader reads it."""
    return math.exp(value) if measure == "hazard-ratio" else value


def to_printed(value: NumberLike, what: str) -> Printed:
    """A number as printed: a text keeps its digits, a number has those that Python shows.

    Raises ArgumentError `argument-invalid`.
    """
    if isinstance(value, Printed):
        return value
    try:
        return parse_printed(value if isinstance(value, str) else repr(float(value)))
    except (TypeError, ValueError) as problem:
        raise ArgumentError("argument-invalid", f"{what}: {problem}") from problem


def level_share(level: NumberLike, name: str) -> float:
    """An interval's level as a share, from 95, "95%" or 0.95. Raises ArgumentError `argument-invalid`.

    >>> level_share("90%", "PACE"), level_share(0.95, "PALMIRA")
    (0.9, 0.95)
    """
    value = to_printed(level, f"the level of {name}'s interval").value
    if 0.5 <= value < 1.0:
        return value
    if 50.0 <= value < 100.0:
        return value / 100.0
    raise ArgumentError(
        "argument-invalid",
        f"the level of {name}'s interval is {level}",
        hint="give it in percent, 95, or as a share, 0.95; it lies between 50% and 100%",
    )


def effect_from_interval(
    name: str,
    ratio: NumberLike,
    lower: NumberLike,
    upper: NumberLike,
    *,
    level: NumberLike,
    events: int | None = None,
    randomized: int | None = None,
    bounded: bool = True,
) -> StudyEffect:
    """The effect behind a hazard ratio and its interval: SE = (log upper - log lower) / (2 z).

    Arguments: hazard ratio and limits, all positive, as numbers or as printed ("0.80" says that it was rounded to two
    digits); the interval's own `level`, 95 or 0.95, which decides the weight: a 90% interval read as a 95% one makes a
    trial 1.42 times as heavy as it is; `events`, `randomized` and `bounded` as of `StudyEffect`. The note says where
    the limits are not centered on the estimate. Raises ArgumentError `argument-invalid` for limits that do not hold the
    estimate, are equal, or are not positive.

    >>> effect = effect_from_interval("PACE", 1.11, 0.79, 1.55, level=90)
    >>> round(effect.effect, 4), round(effect.std_error, 4)
    (0.1044, 0.2049)
    """
    share = level_share(level, name)
    middle, low, high = (to_printed(value, name) for value in (ratio, lower, upper))
    for what, number in (("hazard ratio", middle), ("lower limit", low), ("upper limit", high)):
        _check_plain(name, what, number)
    if low.value == middle.value == high.value:
        raise ArgumentError(
            "argument-invalid", f"{name}: the interval {low} to {high} has no width",
            reason="a trial without uncertainty would weigh without end",
            hint="check the three numbers against the paper",
        )  # fmt: skip
    if not (low.value < high.value and low.value <= middle.value <= high.value):
        swapped = "; the limits seem swapped" if low.value > high.value else ""
        raise ArgumentError(
            "argument-invalid",
            f"{name}: the interval {low} to {high} does not hold the hazard ratio {middle}{swapped}",
            hint="check the three numbers against the paper",
        )
    b, width = math.log(middle.value), math.log(high.value) - math.log(low.value)
    std_error = width / (2.0 * normal_quantile(0.5 + share / 2.0))
    off = abs(b - 0.5 * (math.log(high.value) + math.log(low.value))) / std_error
    note = ""
    if off > _OFF_CENTER:
        note = f"the limits are not centered on the estimate on the log scale ({off:.2f} standard errors off)"
    widths = width_errors(Numbers(middle, (low, high), None), share)
    return StudyEffect(
        name=name, effect=b, std_error=std_error, origin="interval", events=events, randomized=randomized, note=note,
        bounded=bounded, largest_std_error=None if widths is None else widths[1],
    )  # fmt: skip


def effect_from_p(
    name: str,
    ratio: NumberLike,
    p_value: NumberLike,
    *,
    sides: int,
    events: int | None = None,
    randomized: int | None = None,
    bounded: bool = True,
) -> StudyEffect:
    """The effect behind a hazard ratio and its P value: SE = |log ratio| / z(P), as if the P value were Wald's.

    Arguments: hazard ratio; P value, numbers or as printed; `sides` 1 or 2; the others as of `StudyEffect`. One-sided
    P values are read in favor of the experimental arm. Raises ArgumentError `argument-invalid` where no standard error
    follows: a P value that is a bound ("<.001"), a ratio of 1, P of 1, or a one-sided P above one half with a ratio
    below 1.

    >>> round(effect_from_p("A", 0.7, ".05", sides=2).std_error, 4)
    0.182
    """
    middle, p = to_printed(ratio, name), to_printed(p_value, name)
    _check_plain(name, "hazard ratio", middle)
    if p.relation != "=":
        raise ArgumentError(
            "argument-invalid",
            f"{name}: P is printed as {p}, a bound from which no standard error follows",
            hint="give the interval, or a P value in digits",
        )
    if sides not in (1, 2) or not (0.0 < p.value < 1.0):
        raise ArgumentError(
            "argument-invalid",
            f"{name}: P is {p} with {sides} sides",
            hint="give a P value between 0 and 1, and sides 1 or 2",
        )
    b = math.log(middle.value)
    z = _z_of(p.value, sides, b)
    if z * b <= 0.0:
        raise ArgumentError(
            "argument-invalid",
            f"{name}: hazard ratio {middle} and P {p} give no standard error",
            reason="they lie on different sides of no effect, or the effect is none",
        )
    # The largest: the ratio as far from 1, and P as near to one half, as the digits allow.
    far = math.log(middle.high if b > 0.0 else middle.low) if middle.low > 0.0 else math.inf
    corners = [abs(far / near) for end in (p.low, p.high) if 0.0 < end < 1.0 and (near := _z_of(end, sides, b)) * b > 0]
    return StudyEffect(
        name=name, effect=b, std_error=b / z, origin="p-value", events=events, randomized=randomized, bounded=bounded,
        note="standard error from the P value", largest_std_error=max(corners) if corners else None,
    )  # fmt: skip


def effect_from_std_error(
    name: str,
    effect: float,
    std_error: float,
    *,
    measure: Measure = "hazard-ratio",
    events: int | None = None,
    randomized: int | None = None,
    bounded: bool = True,
) -> StudyEffect:
    """The effect as it was estimated: a log hazard ratio, or a difference of restricted means, and its standard error.

    Arguments and errors as of `StudyEffect`.

    >>> round(effect_from_std_error("A", -0.25, 0.12).estimate, 4)
    0.7788
    """
    return StudyEffect(
        name=name, effect=float(effect), std_error=float(std_error), measure=measure, events=events,
        randomized=randomized, bounded=bounded,
    )  # fmt: skip


def level_unstated(name: str, lower: Printed, upper: Printed) -> ArgumentError:
    """The error for an interval without its level: what its standard error would be at the usual ones."""
    said = []
    if lower.reached and upper.reached and 0.0 < lower.value < upper.value:
        width = math.log(upper.value) - math.log(lower.value)
        said = [f"{width / (2.0 * normal_quantile(0.5 + at / 2.0)):.4f} at {100 * at:g}%" for at in USUAL_LEVELS]
    tried = f"; its standard error is {', '.join(said)}" if said else ""
    return ArgumentError(
        "argument-invalid",
        f"{name}: the interval {lower} to {upper} has no level",
        reason=f"the level decides what the trial weighs{tried}",
        hint="write the level that the paper states, such as 95 or 90",
    )


def _z_of(p_value: float, sides: int, b: float) -> float:
    """The Wald statistic b / SE of a P value."""
    if sides == 1:
        return normal_quantile(p_value)
    return math.copysign(normal_quantile(1.0 - p_value / 2.0), b)


def _check_plain(name: str, what: str, number: Printed) -> None:
    if not (0.0 < number.value < math.inf) or number.relation != "=":
        raise ArgumentError(
            "argument-invalid",
            f"the {what} of {name} is {number}",
            hint="give a positive number, the hazard ratio and not its log",
        )


def check_studies(studies: Sequence[StudyEffect], least: int = 1) -> None:
    """Raises ArgumentError `argument-invalid` for too few studies, a name twice, and measures that are mixed."""
    if len(studies) < least:
        raise ArgumentError(
            "argument-invalid",
            f"{len(studies)} trial{'s' if len(studies) != 1 else ''} cannot be pooled",
            hint=f"give at least {least}",
        )
    names = [study.name for study in studies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(
            "argument-invalid",
            f"two trials are named {twice[0]!r}",
            reason="a trial counted twice weighs twice",
            hint="name each comparison, or leave one out",
        )
    if len({study.measure for study in studies}) > 1:
        raise ArgumentError(
            "argument-invalid",
            "hazard ratios and differences of restricted means cannot be pooled together",
            hint="pool one measure",
        )
