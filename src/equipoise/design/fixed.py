"""Events, power and hazard ratio of a fixed design, each from the other two: Schoenfeld and Freedman."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from equipoise.design.design_result import (
    DesignResult,
    design_row,
    prose_count,
    prose_number,
    prose_percent,
    prose_small,
    render_code,
)
from equipoise.design.levels import (
    check_alpha,
    check_choice,
    check_positive,
    check_power,
    critical_z,
    experimental_share,
    ratio_words,
    to_ratio,
)
from equipoise.errors import DesignError
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.special import normal_quantile, normal_tail

METHODS = ("schoenfeld", "freedman")
_FIGURE_POINTS = 61
_AUTHORS = {"schoenfeld": "Schoenfeld", "freedman": "Freedman"}


def effect_size(hazard_ratio: float, ratio: float, method: str) -> float:
    """The mean of Z per square root of an event; positive when the hazard ratio is below 1.

    Schoenfeld: -log(HR) sqrt(p (1 - p)), p the experimental share. Freedman: sqrt(r) (1 - HR) / (1 + r HR).
    """
    if method == "freedman":
        return math.sqrt(ratio) * (1.0 - hazard_ratio) / (1.0 + ratio * hazard_ratio)
    p = experimental_share(ratio)
    return -math.log(hazard_ratio) * math.sqrt(p * (1.0 - p))


def hazard_ratio_of(effect: float, ratio: float, method: str) -> float:
    """The hazard ratio with this `effect_size`; zero or below where there is none."""
    if method == "freedman":
        scaled = effect / math.sqrt(ratio)
        return (1.0 - scaled) / (1.0 + ratio * scaled)
    p = experimental_share(ratio)
    return math.exp(-effect / math.sqrt(p * (1.0 - p)))


def events_for(hazard_ratio: float, alpha: float, power: float, ratio: float, method: str) -> float:
    """Events, not rounded, at which one side's `alpha` test has this power. Raises DesignError `design-unreachable`."""
    effect = effect_size(hazard_ratio, ratio, method)
    if effect <= 0.0:
        same = hazard_ratio == 1.0
        raise DesignError(
            "design-unreachable",
            f"no number of events gives power {power:g} at a hazard ratio of {hazard_ratio:g}",
            where="hazard_ratio",
            reason="power is the one-sided alpha there" if same else "the control arm does better there",
            hint="give a hazard ratio below 1, experimental to control, or the reciprocal of control to experimental",
        )
    return ((critical_z(alpha) + normal_quantile(power)) / effect) ** 2


def power_for(events: float, hazard_ratio: float, alpha: float, ratio: float, method: str) -> float:
    """The probability that one side's `alpha` test rejects in favor of the experimental arm."""
    return normal_tail(critical_z(alpha) - effect_size(hazard_ratio, ratio, method) * math.sqrt(events))


def whole_events(events: float) -> int:
    """Events rounded up, a rounding error above a whole number forgiven."""
    return math.ceil(events * (1.0 - 1e-12))


class HasPower(Protocol):
    """Any design that knows its power at other hazard ratios."""

    def power_at(self, hazard_ratio: Any) -> Any: ...


@dataclass(frozen=True, repr=False)
class LogrankPower(DesignResult):
    """Events, hazard ratio and power of one log-rank test; `solved` names the one that was found from the others.

    `events` is as computed; `events_up` is rounded up. `float(result)` is what was solved for.
    """

    solved: str
    events: float
    hazard_ratio: float
    power: float
    alpha: float
    sides: int
    ratio: float
    method: str

    @property
    def events_up(self) -> int:
        """Events, rounded up to a whole number."""
        return whole_events(self.events)

    @property
    def critical_hazard_ratio(self) -> float:
        """The observed hazard ratio at the edge of significance, by Schoenfeld's variance of its logarithm."""
        return hazard_ratio_of(critical_z(self.alpha / self.sides) / math.sqrt(self.events), self.ratio, "schoenfeld")

    def power_at(self, hazard_ratio: Any) -> Any:
        """Power with these events at other hazard ratios (one, or an array)."""
        side = self.alpha / self.sides
        return over(hazard_ratio, lambda hr: power_for(self.events, hr, side, self.ratio, self.method))

    def __float__(self) -> float:
        return float(getattr(self, self.solved))

    def to_rows(self) -> list[ResultRow]:
        """events, events rounded up, hazard ratio, power, critical hazard ratio, alpha, sides, ratio."""
        values: list[tuple[str, float, str | None]] = [
            ("events", self.events_up, "int"),
            ("events_exact", self.events, None),
            ("hazard_ratio", self.hazard_ratio, "ratio"),
            ("power", self.power, "percent"),
            ("hazard_ratio_critical", self.critical_hazard_ratio, "ratio"),
            ("alpha", self.alpha, None),
            ("sides", self.sides, "int"),
            ("ratio", self.ratio, None),
        ]
        return [design_row(name, value, format=form, method=self.method) for name, value, form in values]

    def figure_rows(self) -> list[ResultRow]:
        """The rows of the result, and for a figure its power over true hazard ratios."""
        return [*self.to_rows(), *power_rows(self, self.hazard_ratio)]

    def text(self) -> str:
        # Power and hazard ratio are those of the events as they are; events that are asked for are rounded up.
        asked = self.solved == "events"
        rounded = asked and self.events != self.events_up
        before = f", {prose_small(self.events, 2)} before rounding up" if rounded else ""
        events = prose_count(prose_number(float(self.events_up)) if asked else prose_small(self.events, 2), "event")
        return (
            f"With {ratio_words(self.ratio)} randomization (experimental to control), {events} "
            f"{'gives' if events == '1 event' else 'give'} a "
            f"{level_words(self.alpha, self.sides)} {prose_percent(self.power)} power to detect a hazard ratio of "
            f"{prose_small(self.hazard_ratio, 3)} ({_AUTHORS[self.method]}'s formula{before}). "
            f"The largest observed hazard ratio that reaches significance is about "
            f"{prose_small(self.critical_hazard_ratio, 3)}."
        )

    def code(self) -> str:
        verbs = {"events": "events_required", "power": "power_of", "hazard_ratio": "detectable_hazard_ratio"}
        names = ("events", "hazard_ratio", "power", "alpha", "sides", "ratio", "method")
        return render_code(verbs[self.solved], {name: getattr(self, name) for name in names if name != self.solved})


def power_rows(design: HasPower, planned: float) -> list[ResultRow]:
    """For a figure: power over true hazard ratios, and the one that was planned."""
    ratios = np.linspace(min(0.4, 0.7 * planned), 1.0, _FIGURE_POINTS)
    rows = [design_row("hazard_ratio", planned, parameter="requirement", format="ratio")]
    for ratio, power in zip(ratios.tolist(), np.asarray(design.power_at(ratios)).tolist(), strict=True):
        place: dict[str, Any] = {"at": ratio, "at_unit": "hazard ratio", "format": "percent"}
        rows.append(design_row("power", power, parameter="curve", **place))
    return rows


def level_words(alpha: float, sides: int) -> str:
    """ "two-sided log-rank test at the 5% level" """
    return f"{'two' if sides == 2 else 'one'}-sided log-rank test at the {prose_small(100.0 * alpha)}% level"


def over(values: Any, function: Callable[[float], float]) -> Any:
    """The function at one number, or at each of an array."""
    if np.ndim(values) == 0:
        return function(check_positive(values, "hazard_ratio"))
    array = np.asarray(values, dtype=float)
    return np.array([function(check_positive(v, "hazard_ratio")) for v in array.ravel().tolist()]).reshape(array.shape)


def events_required(
    hazard_ratio: float,
    *,
    alpha: float,
    sides: int,
    power: float,
    ratio: float | tuple[float, float] = 1.0,
    method: str = "schoenfeld",
) -> LogrankPower:
    """The number of events a log-rank test needs.

    Arguments: `hazard_ratio`, experimental to control, above 0 and below 1; `alpha`, in (0, 1), spread over `sides`, 1
    or 2; `power`, above alpha and below 1; `ratio`, experimental to control, a number or a pair; `method`, "schoenfeld"
    or "freedman".

    Returns a `LogrankPower`; `.events_up` is the whole number. Raises ArgumentError `argument-invalid`, and DesignError
    `design-unreachable` for a hazard ratio of 1 or more.

    Formula: (z_alpha + z_power)^2 / (p (1 - p) log(HR)^2), p = r / (1 + r); Freedman's
    (z_alpha + z_power)^2 (1 + r HR)^2 / (r (1 - HR)^2).
    Source: Schoenfeld DA. Biometrika 1981;68:316-319; Freedman LS. Stat Med 1982;1:121-129.

    >>> events_required(0.59, alpha=0.05, sides=2, power=0.8, ratio=2).events_up
    127
    >>> events_required(0.59, alpha=0.05, sides=2, power=0.8, ratio=2, method="freedman").events_up
    111
    """
    check_choice(method, METHODS, "method")
    side, r = check_alpha(alpha, sides), to_ratio(ratio)
    level = check_power(power, alpha)
    hr = check_positive(hazard_ratio, "hazard_ratio")
    return LogrankPower("events", events_for(hr, side, level, r, method), hr, level, float(alpha), sides, r, method)


def power_of(
    events: float,
    *,
    hazard_ratio: float,
    alpha: float,
    sides: int,
    ratio: float | tuple[float, float] = 1.0,
    method: str = "schoenfeld",
) -> LogrankPower:
    """The power of a log-rank test with this number of events.

    Arguments: `events`, above 0; the others as of `events_required`, where `hazard_ratio` may also be 1 or above: power
    counts rejection in favor of the experimental arm only.

    Returns a `LogrankPower`. Raises ArgumentError `argument-invalid`.

    Source: Schoenfeld DA. Biometrika 1981;68:316-319; Freedman LS. Stat Med 1982;1:121-129.

    >>> round(power_of(155, hazard_ratio=0.59, alpha=0.05, sides=2, ratio=2).power, 6)
    0.872164
    """
    check_choice(method, METHODS, "method")
    side, r = check_alpha(alpha, sides), to_ratio(ratio)
    d, hr = check_positive(events, "events"), check_positive(hazard_ratio, "hazard_ratio")
    return LogrankPower("power", d, hr, power_for(d, hr, side, r, method), float(alpha), sides, r, method)


def detectable_hazard_ratio(
    events: float,
    *,
    alpha: float,
    sides: int,
    power: float,
    ratio: float | tuple[float, float] = 1.0,
    method: str = "schoenfeld",
) -> LogrankPower:
    """The hazard ratio that a log-rank test with this number of events detects with this power.

    Arguments: `events`, above 0; the others as of `events_required`.

    Returns a `LogrankPower`. Raises ArgumentError `argument-invalid`, and DesignError `design-unreachable` where
    Freedman's formula has no hazard ratio above zero.

    Source: Schoenfeld DA. Biometrika 1981;68:316-319; Freedman LS. Stat Med 1982;1:121-129.

    >>> round(detectable_hazard_ratio(127, alpha=0.05, sides=2, power=0.8, ratio=2).hazard_ratio, 3)
    0.59
    """
    check_choice(method, METHODS, "method")
    side, r = check_alpha(alpha, sides), to_ratio(ratio)
    level = check_power(power, alpha)
    d = check_positive(events, "events")
    needed = critical_z(side) + normal_quantile(level)
    hr = hazard_ratio_of(needed / math.sqrt(d), r, method)
    if not hr > 0.0:
        raise DesignError(
            "design-unreachable",
            f"{d:g} events give power {level:g} at no hazard ratio, by Freedman's formula",
            where="events",
            hint=f"it needs more than {needed**2 / r:.4g} events, even for a hazard ratio of 0",
        )
    return LogrankPower("hazard_ratio", d, hr, level, float(alpha), sides, r, method)
