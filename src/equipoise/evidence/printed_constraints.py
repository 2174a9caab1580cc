"""What a paper prints of two curves, as conditions that their reconstruction is to meet."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.curve_knots import HeightBound
from equipoise.evidence.joint_statistics import JointStatistics, joint_statistics, median_with_limits
from equipoise.evidence.printed import Printed
from equipoise.evidence.published import PrintedEstimate, PublishedEndpoint
from equipoise.kernels.plain.kaplan_meier import curve_quantile

Side = Literal["experimental", "control"]
SIDES: tuple[Side, Side] = ("experimental", "control")
# How hard a printed height or median pulls a curve, share of 1: far harder than a clicked point.
_HARD = 0.00005
_BESIDE = 1e-7
_LEVEL = 95.0
_INTERVALS = ("log-log", "log")


@dataclass(frozen=True)
class ReconstructedPair:
    """Both arms' counts with their patients as they stand: what printed numbers are compared with."""

    experimental: ArmCounts
    control: ArmCounts
    time: np.ndarray
    event: np.ndarray
    arm: np.ndarray

    @cached_property
    def statistics(self) -> JointStatistics:
        return joint_statistics(self.time, self.event, self.arm)

    def counts(self, side: Side) -> ArmCounts:
        return self.experimental if side == "experimental" else self.control

    def median(self, side: Side) -> float:
        """Where the curve passes one half, the middle of a flat stretch at it; infinity where it stays above."""
        counts = self.counts(side)
        happened = counts.events > 0
        found = curve_quantile(counts.time[happened], counts.survival[happened], 0.5, "sas")
        return math.inf if math.isnan(found) else found


@dataclass(frozen=True)
class PrintedConstraint:
    """One printed number: its `name`, whose it is (`side`, None for both), when (`at`), and how it is made again.

    `read` takes a reconstruction; several values where the paper does not say by which convention, each with its
    words. `unit` of the number: "ratio", "time", "percent", "events" or "p". `slack`: what one unit of violation is in
    a search, on the scale that `scale` makes of the number; 0 leaves it out of the search.
    """

    name: str
    side: Side | None
    printed: Printed
    unit: str
    read: Callable[[ReconstructedPair], tuple[tuple[str, float], ...]]
    at: float | None = None
    slack: float = 0.0
    scale: Callable[[float], float] = float

    def violation(self, pair: ReconstructedPair) -> float:
        """How far the reconstruction's number lies outside the printed interval, in units of `slack`."""
        value = self.scale(self.read(pair)[0][1])
        low, high = sorted((self.scale(self.printed.low), self.scale(self.printed.high)))
        return max(low - value, value - high, 0.0) / self.slack if math.isfinite(value) else 0.0


def published_constraints(published: PublishedEndpoint) -> tuple[PrintedConstraint, ...]:
    """Every number of a published comparison that a reconstruction can be held to."""
    found = [*_of_ratio(published), *_of_test(published)]
    if published.events is not None:
        count = _whole(published.events)
        found.append(
            PrintedConstraint("events", None, count, "events", lambda pair: _one(
                pair.experimental.n_events + pair.control.n_events), slack=1.0)
        )  # fmt: skip
    for side in SIDES:
        arm = getattr(published, side)
        if arm.events is not None:
            found.append(_events_of(side, arm.events))
        if arm.median is not None:
            found += _of_median(side, arm.median)
        for rate in published.rates:
            estimate = getattr(rate, side)
            if estimate is not None:
                found.append(_rate_of(side, rate.at, estimate))
    return tuple(found)


def height_bounds(published: PublishedEndpoint | None, side: Side) -> list[HeightBound]:
    """What medians and landmark rates say of one arm's curve."""
    if published is None:
        return []
    bounds = []
    median = getattr(published, side).median
    if median is not None and median.value.reached:
        value = median.value
        early, late = value.low * (1.0 - _BESIDE), value.high * (1.0 - _BESIDE)
        bounds.append(HeightBound(early, 0.5 - _BESIDE, 1.0, _HARD))
        bounds.append(HeightBound(late, 0.0, 0.5 + _BESIDE, _HARD))
    for rate in published.rates:
        estimate: PrintedEstimate | None = getattr(rate, side)
        if estimate is not None:
            share = estimate.value.scaled(0.01)
            inset = min(0.1 * (share.high - share.low), _HARD)
            bounds.append(HeightBound(rate.at, share.low + inset, share.high - inset, _HARD))
    return bounds


def _one(value: float) -> tuple[tuple[str, float], ...]:
    return (("", float(value)),)


def _whole(count: int) -> Printed:
    return Printed(str(count), float(count), float(count), float(count))


def _level(estimate: PrintedEstimate) -> float:
    level = estimate.interval.level if estimate.interval else None
    return (level.value if level else _LEVEL) / 100.0


def _of_ratio(published: PublishedEndpoint) -> list[PrintedConstraint]:
    ratio = published.hazard_ratio
    if ratio is None:
        return []
    unit = max(math.log(ratio.value.high / ratio.value.low) / 2.0, 1e-4) if ratio.value.low > 0.0 else 0.01
    found = [
        PrintedConstraint("hazard ratio", None, ratio.value, "ratio", lambda pair: _one(pair.statistics.hazard_ratio),
                          slack=unit, scale=_log)
    ]  # fmt: skip
    if ratio.interval is not None:
        level = _level(ratio)
        for name, printed, upper in (("lower", ratio.interval.lower, False), ("upper", ratio.interval.upper, True)):

            def read(pair: ReconstructedPair, upper: bool = upper) -> tuple[tuple[str, float], ...]:
                return _one(pair.statistics.limit(level, upper=upper))

            found.append(
                PrintedConstraint(f"hazard ratio, {name} {100 * level:g}% limit", None, printed, "ratio", read)
            )
    return found


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _of_test(published: PublishedEndpoint) -> list[PrintedConstraint]:
    test = published.test
    if test is None:
        return []
    sides = (test.sides,) if test.sides else (2, 1)
    words = {1: "one-sided", 2: "two-sided"}

    def read(pair: ReconstructedPair) -> tuple[tuple[str, float], ...]:
        return tuple((words[each], pair.statistics.p_value(each)) for each in sides)

    return [PrintedConstraint("log-rank P", None, test.p, "p", read, slack=0.05, scale=_quantile)]


def _quantile(p: float) -> float:
    from equipoise.kernels.plain.special import normal_quantile

    return normal_quantile(1.0 - min(max(p, 1e-12), 1.0 - 1e-12) / 2.0)


def _events_of(side: Side, events: int) -> PrintedConstraint:
    return PrintedConstraint(
        "events", side, _whole(events), "events", lambda pair: _one(pair.counts(side).n_events), slack=1.0
    )


def _of_median(side: Side, median: PrintedEstimate) -> list[PrintedConstraint]:
    slack = max(median.value.unit / 2.0, 1e-3) if median.value.reached else 0.0
    found = [PrintedConstraint("median", side, median.value, "time", lambda pair: _one(pair.median(side)), slack=slack)]
    if median.interval is not None:
        level = _level(median)
        for place, name, printed in ((1, "lower", median.interval.lower), (2, "upper", median.interval.upper)):

            def read(pair: ReconstructedPair, place: int = place) -> tuple[tuple[str, float], ...]:
                limits = [(kind, median_with_limits(pair.counts(side), kind, level)[place]) for kind in _INTERVALS]
                return tuple((kind, math.inf if value != value else value) for kind, value in limits)

            found.append(PrintedConstraint(f"median, {name} {100 * level:g}% limit", side, printed, "time", read))
    return found


def _rate_of(side: Side, at: float, estimate: PrintedEstimate) -> PrintedConstraint:
    def read(pair: ReconstructedPair) -> tuple[tuple[str, float], ...]:
        return _one(100.0 * float(pair.counts(side).height_at(np.array([at]))[0]))

    slack = max(estimate.value.unit / 2.0, 0.05)
    return PrintedConstraint("event-free share", side, estimate.value, "percent", read, at=at, slack=slack)
