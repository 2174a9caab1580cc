"""How a design fares when its assumptions are wrong: power over hazard ratios, and a grid over what was assumed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design.design_result import (
    DesignResult,
    design_row,
    prose_count,
    prose_number,
    prose_percent,
    render_code,
)
from equipoise.design.fixed import HasPower
from equipoise.design.hazards import Dropout, Hazard
from equipoise.design.levels import check_positive, refused, to_array, to_floats
from equipoise.design.sample_size import FixedDesign
from equipoise.design.signal import signal_at
from equipoise.design.trial_course import ARMS, Dropouts, dropout_by_arm, trial_course
from equipoise.errors import DesignError
from equipoise.frames.results import ResultRow

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class PowerCurve(DesignResult):
    """Power of one design over hazard ratios; arrays of one length."""

    hazard_ratio: Floats
    power: Floats
    design: Any

    def to_rows(self) -> list[ResultRow]:
        """power at each hazard ratio (`at`)."""
        pairs = zip(self.hazard_ratio.tolist(), self.power.tolist(), strict=True)
        return [
            design_row("power", power, parameter="curve", at=hr, at_unit="hazard ratio", format="percent")
            for hr, power in pairs
        ]

    def text(self) -> str:
        pairs = zip(self.hazard_ratio.tolist(), self.power.tolist(), strict=True)
        said = [f"{prose_percent(power)} at {prose_number(hr)}" for hr, power in pairs]
        return f"Power by hazard ratio: {', '.join(said)}."

    def code(self) -> str:
        return render_code("power_curve", {"design": self.design, "hazard_ratios": self.hazard_ratio.tolist()})


def power_curve(design: HasPower, hazard_ratios: Any) -> PowerCurve:
    """The power of a design at each of several true hazard ratios.

    Arguments: `design`, any result with `power_at`, such as of `fixed_design` or `power_of`; `hazard_ratios`, numbers
    above zero, experimental to control.

    Returns a `PowerCurve`. Raises ArgumentError `argument-invalid`.

    Source: as of the design.

    >>> from equipoise.design import power_of
    >>> design = power_of(127, hazard_ratio=0.59, alpha=0.05, sides=2, ratio=2)
    >>> power_curve(design, [0.5, 0.59, 1.0]).power.round(3).tolist()
    [0.957, 0.8, 0.025]
    """
    if not hasattr(design, "power_at"):
        raise refused("design", design, "a design with power_at, such as the result of fixed_design")
    at = np.atleast_1d(to_array(hazard_ratios, "hazard_ratios", "hazard ratios above zero"))
    if at.ndim != 1 or not len(at) or not (np.isfinite(at) & (at > 0.0)).all():
        raise refused("hazard_ratios", hazard_ratios, "hazard ratios above zero")
    return PowerCurve(at, np.asarray(design.power_at(at), dtype=float), design)


@dataclass(frozen=True)
class GridPoint:
    """One combination of assumptions, and what becomes of the design under it.

    `events` and `power_at_time` at the planned calendar time; `time` by which the planned events are expected (NaN when
    they never are) with `power_at_events` there.
    """

    hazard_ratio: float
    accrual_factor: float
    dropout: Dropouts
    events: float
    power_at_time: float
    time: float
    power_at_events: float


@dataclass(frozen=True, eq=False, repr=False)
class SensitivityGrid(DesignResult):
    """A fixed design over a grid of assumptions; `points` in the order of hazard ratios, accrual factors, dropouts."""

    design: FixedDesign
    points: tuple[GridPoint, ...]
    hazard_ratios: tuple[float, ...]
    accrual_factors: tuple[float, ...]
    dropouts: tuple[Dropouts, ...]

    def __iter__(self) -> Iterator[GridPoint]:
        return iter(self.points)

    def to_rows(self) -> list[ResultRow]:
        """events and power at the planned time, and the time of the planned events, at each point.

        `group1` is the accrual factor, `group2` the dropout, `at` the hazard ratio.
        """
        rows: list[ResultRow] = []
        for point in self.points:
            place: dict[str, Any] = {
                "at": point.hazard_ratio, "at_unit": "hazard ratio", "group1": "accrual",
                "level1": prose_percent(point.accrual_factor), "group2": "dropout",
                "level2": dropout_words(point.dropout), "method": self.design.method,
            }  # fmt: skip
            rows.append(design_row("events", point.events, **place))
            rows.append(design_row("power", point.power_at_time, format="percent", **place))
            rows.append(
                design_row("time", point.time, missing="not reached", label="of the planned events",
                           unit=self.design.time_unit, **place)
            )  # fmt: skip
            rows.append(design_row("power_at_events", point.power_at_events, format="percent", **place))
        return rows

    def text(self) -> str:
        unit, planned = self.design.time_unit, self.design
        powers = [point.power_at_time for point in self.points]
        times = [point.time for point in self.points if not math.isnan(point.time)]
        never = len(self.points) - len(times)
        ends = [prose_number(time, 1) for time in (min(times), max(times))] if times else []
        span = f"{_span(ends, 'between', 'and', 'at')} {unit}" if times else "never"
        missed = f", and are not reached in {never} of them" if never and times else ""
        effects = [prose_number(hr) for hr in (min(self.hazard_ratios), max(self.hazard_ratios))]
        ratios = (
            f"{'a hazard ratio' if effects[0] == effects[1] else 'hazard ratios'} {_span(effects, 'from', 'to', 'of')}"
        )
        rates = _span([prose_percent(f) for f in (min(self.accrual_factors), max(self.accrual_factors))], "", "to")
        level = _span([prose_percent(power) for power in (min(powers), max(powers))], "between", "and")
        return (
            f"Over {prose_count(str(len(self.points)), 'combination')} of {ratios}, accrual at {rates} "
            f"of the planned rate and {prose_count(str(len(self.dropouts)), 'assumption')} on dropout, the power at "
            f"{prose_number(planned.time, 1)} {unit} {'lies' if level.startswith('between') else 'is'} {level}; "
            f"{prose_number(planned.events, 1)} events are expected {span}{missed}."
        )

    def code(self) -> str:
        given = {
            "design": self.design, "hazard_ratios": self.hazard_ratios, "accrual_factors": self.accrual_factors,
            "dropout": self.dropouts,
        }  # fmt: skip
        return render_code("sensitivity_grid", given, name="design")


def _span(ends: Sequence[str], before: str, between: str, alone: str = "") -> str:
    """The two ends in words, or the one value where both are the same."""
    if ends[0] == ends[1]:
        return f"{alone} {ends[0]}".strip()
    return f"{before} {ends[0]} {between} {ends[1]}".strip()


def sensitivity_grid(
    design: FixedDesign,
    *,
    hazard_ratios: Sequence[float] | None = None,
    accrual_factors: Sequence[float] = (0.75, 1.0, 1.25),
    dropout: Sequence[Dropouts] | None = None,
) -> SensitivityGrid:
    """A fixed design under other hazard ratios, other speeds of accrual and other dropout.

    Arguments: `design`, of `fixed_design`; `hazard_ratios`, experimental to control (default: the design's, and it 10%
    lower and higher); `accrual_factors` on the planned rates, the number of patients staying (the last rate goes on
    until they have come); `dropout`, each as of `fixed_design` (default: none, the design's, and twice that); a
    stratum with a dropout of its own keeps it.

    Returns a `SensitivityGrid`: at each point the events and power at the planned calendar time, and the time of the
    planned events with the power there. Raises ArgumentError `argument-invalid`.

    Source: as of the design and of `expected_events`.
    """
    if not isinstance(design, FixedDesign):
        raise refused("design", design, "the result of fixed_design")
    own = design.hazard_ratio
    ratios = hazard_ratios if hazard_ratios is not None else (0.9 * own, own, 1.1 * own)
    ratios = tuple(check_positive(hr, "hazard_ratios") for hr in to_floats(ratios, "hazard_ratios"))
    factors = to_floats(accrual_factors, "accrual_factors")
    factors = tuple(check_positive(factor, "accrual_factors") for factor in factors)
    dropouts = tuple(dropout) if dropout is not None else _around(design.problem.dropout)
    if not (ratios and factors and dropouts):
        raise refused("hazard_ratios, accrual_factors, dropout", (ratios, factors, dropouts), "at least one of each")
    points = tuple(_point(design, hr, factor, loss) for hr in ratios for factor in factors for loss in dropouts)
    return SensitivityGrid(design, points, ratios, factors, dropouts)


def _around(dropout: Dropouts) -> tuple[Dropouts, ...]:
    """None, the dropout, and twice its hazards."""
    if not any(any(hazard.rates) for hazard in dropout_by_arm(dropout)):
        return (None,)
    twice = [Dropout(tuple(2.0 * rate for rate in h.rates), h.breaks) for h in dropout_by_arm(dropout)]
    by_arm: dict[str, Dropout] = dict(zip(ARMS, twice, strict=True))
    return (None, dropout, twice[0] if twice[0] == twice[1] else by_arm)


def _point(design: FixedDesign, hazard_ratio: float, factor: float, dropout: Dropouts) -> GridPoint:
    problem = design.problem
    accrual = design.accrual if factor == 1.0 else design.accrual.sped(factor)
    course = trial_course(
        control=problem.control, hazard_ratio=hazard_ratio, dropout=dropout, ratio=problem.ratio, strata=problem.strata
    )
    now = signal_at(course, hazard_ratio, accrual, design.time, design.method)
    try:
        when = course.time_of(design.events, accrual)
        there = signal_at(course, hazard_ratio, accrual, when, design.method).power(problem.z)
    except DesignError:
        when = there = math.nan
    return GridPoint(hazard_ratio, factor, dropout, now.events, now.power(problem.z), when, there)


def dropout_words(dropout: Dropouts) -> str:
    """ "none", or the rates per time unit, as "0.01" or "0.01 control, 0.02 experimental"."""
    losses = [_rates(hazard) for hazard in dropout_by_arm(dropout)]
    if losses[0] == losses[1]:
        return "none" if losses[0] == "0" else losses[0]
    return f"{losses[0]} control, {losses[1]} experimental"


def _rates(hazard: Hazard) -> str:
    return "/".join(prose_number(rate, 4) for rate in hazard.rates)
