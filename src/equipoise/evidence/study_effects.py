"""What one trial brings to a pool: a log hazard ratio and its standard error, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.errors import ArgumentError
from equipoise.kernels.plain.special import normal_quantile

USUAL_LEVELS = (0.80, 0.90, 0.95, 0.99)
# Printed limits center on the estimate within this many standard errors, or something is wrong with one of the three.
_OFF_CENTER = 0.25


@dataclass(frozen=True, kw_only=True)
class StudyEffect:
    """One trial's effect.

    `log_ratio`: log hazard ratio, experimental to control; `std_error` of it; `origin`: "interval", "p-value",
    "standard error" or "data"; `events` and `randomized` where known (for the check that the standard error is
    possible); `note`: what a reader should know of the numbers. Raises ArgumentError `argument-invalid` for a standard
    error that is not positive and finite, and an effect that is not finite.
    """

    name: str
    log_ratio: float
    std_error: float
    origin: str = "standard error"
    events: int | None = None
    randomized: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.log_ratio):
            raise ArgumentError("argument-invalid", f"the log hazard ratio of {self.name} is {self.log_ratio}")
        if not (math.isfinite(self.std_error) and self.std_error > 0.0):
            raise ArgumentError(
                "argument-invalid",
                f"the standard error of {self.name} is {self.std_error}",
                reason="a trial weighs in a pool by its standard error, which must be a positive number",
            )

    @property
    def ratio(self) -> float:
        return math.exp(self.log_ratio)

    @property
    def least_std_error(self) -> float | None:
        """2 / sqrt(d): no Cox or log-rank analysis of d events has a smaller one; d is at most everybody."""
        most = self.events if self.events is not None else self.randomized
        return 2.0 / math.sqrt(most) if most else None

    @property
    def possible(self) -> bool:
        """Whether the standard error is one that so many events can give."""
        least = self.least_std_error
        return least is None or self.std_error >= least * (1.0 - 1e-12)


def effect_from_interval(
    name: str,
    ratio: float,
    lower: float,
    upper: float,
    *,
    level: float,
    events: int | None = None,
    randomized: int | None = None,
) -> StudyEffect:
    """The effect behind a hazard ratio and its interval: SE = (log upper - log lower) / (2 z).

    Arguments: hazard ratio and limits, all positive; the interval's own `level` (0.95), which decides the weight: a 90%
    interval read as a 95% one makes a trial 1.42 times as heavy as it is. The note says where the limits are not
    centered on the estimate. Raises ArgumentError `argument-invalid` for limits that do not hold the estimate.

    >>> effect = effect_from_interval("PACE", 1.11, 0.79, 1.55, level=0.90)
    >>> round(effect.log_ratio, 4), round(effect.std_error, 4)
    (0.1044, 0.2049)
    """
    _check_ratio(name, ratio)
    if not (0.0 < level < 1.0):
        raise ArgumentError(
            "argument-invalid",
            f"the level of {name}'s interval is {level}",
            hint="give it as a share: 0.95 for a 95% interval",
        )
    if not (0.0 < lower < upper < math.inf) or not (lower <= ratio <= upper):
        swapped = " (the limits seem swapped)" if lower > upper else ""
        raise ArgumentError(
            "argument-invalid",
            f"{name}: the interval {lower} to {upper} does not hold the hazard ratio {ratio}{swapped}",
            hint="check the three numbers against the paper",
        )
    std_error = (math.log(upper) - math.log(lower)) / (2.0 * normal_quantile(0.5 + level / 2.0))
    off = abs(math.log(ratio) - 0.5 * (math.log(upper) + math.log(lower))) / std_error
    note = ""
    if off > _OFF_CENTER:
        note = f"the limits are not centered on the estimate on the log scale ({off:.2f} standard errors off)"
    return StudyEffect(
        name=name, log_ratio=math.log(ratio), std_error=std_error, origin="interval", events=events,
        randomized=randomized, note=note,
    )  # fmt: skip


def effect_from_p(
    name: str, ratio: float, p_value: float, *, sides: int, events: int | None = None, randomized: int | None = None
) -> StudyEffect:
    """The effect behind a hazard ratio and its P value: SE = |log ratio| / z(P), as if the P value were Wald's.

    Arguments: hazard ratio; P value; `sides` 1 or 2. One-sided P values are read in favor of the experimental arm.
    Raises ArgumentError `argument-invalid` where no standard error follows (a ratio of 1, P of 1, or a one-sided P
    above one half with a ratio below 1).
    """
    _check_ratio(name, ratio)
    if sides not in (1, 2) or not (0.0 < p_value < 1.0):
        raise ArgumentError(
            "argument-invalid",
            f"{name}: P is {p_value} with {sides} sides",
            hint="give a P value between 0 and 1, and sides 1 or 2",
        )
    z = normal_quantile(p_value) if sides == 1 else math.copysign(normal_quantile(1.0 - p_value / 2.0), math.log(ratio))
    if z * math.log(ratio) <= 0.0:
        raise ArgumentError(
            "argument-invalid",
            f"{name}: hazard ratio {ratio} and P {p_value} give no standard error",
            reason="they lie on different sides of no effect, or the effect is none",
        )
    return StudyEffect(
        name=name, log_ratio=math.log(ratio), std_error=math.log(ratio) / z, origin="p-value", events=events,
        randomized=randomized, note="standard error from the P value",
    )  # fmt: skip


def _check_ratio(name: str, ratio: float) -> None:
    if not (0.0 < ratio < math.inf):
        raise ArgumentError(
            "argument-invalid",
            f"the hazard ratio of {name} is {ratio}",
            hint="give a positive hazard ratio, not its log",
        )


def check_studies(studies: Sequence[StudyEffect], least: int = 1) -> None:
    """Raises ArgumentError `argument-invalid` for too few studies, and for a name that two have."""
    if len(studies) < least:
        raise ArgumentError(
            "argument-invalid", f"{len(studies)} trials cannot be pooled", hint=f"give at least {least}"
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
