"""The printed numbers of one result as boxes that a data set must meet, on one reading of level and sides."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from equipoise.evidence.effect_readings import EXEMPT_EFFECTS, EXEMPT_INTERVALS
from equipoise.evidence.printed import Printed
from equipoise.evidence.published import PrintedEstimate, PublishedEndpoint, PublishedTrial
from equipoise.evidence.standard_error import Reading
from equipoise.kernels.plain.special import normal_quantile

# In the order of the codes 0 and 1.
ARMS = ("control", "experimental")
# A value on the edge of its rounding interval may print as its neighbor: boxes end this share of their width inside.
_INSIDE = 0.01
_KINDS = {"log-rank": 1.0, "logrank": 1.0, "log rank": 1.0, "wald": 2.0}


@dataclass(frozen=True)
class Wanted:
    """What is asked of a data set: a result's numbers, on one reading; `effect`, `interval` and `test`: whether the
    hazard ratio, its interval and P are among them."""

    trial: PublishedTrial
    result: PublishedEndpoint
    reading: Reading
    effect: bool = True
    interval: bool = True
    test: bool = True

    @cached_property
    def n(self) -> tuple[int, int]:
        """Patients by arm: under the figure at time zero, else randomized."""
        table = self.result.at_risk
        counts = [getattr(table, arm)[:1] if table is not None and table.times[:1] == (0.0,) else () for arm in ARMS]
        return tuple(found[0] if found else getattr(self.trial, arm).randomized
                     for found, arm in zip(counts, ARMS, strict=True))  # type: ignore[return-value]  # fmt: skip

    @property
    def events(self) -> tuple[int | None, int | None]:
        """Events by arm, where they are printed or follow from the total."""
        own = [getattr(self.result, arm).events for arm in ARMS]
        total = self.result.events
        if total is not None and own.count(None) == 1:
            known = sum(count for count in own if count is not None)
            own = [max(total - known, 0) if count is None else count for count in own]
        return own[0], own[1]

    @property
    def has_effect(self) -> bool:
        ratio = self.result.hazard_ratio
        return self.effect and ratio is not None and ratio.effect not in EXEMPT_EFFECTS

    @property
    def has_interval(self) -> bool:
        ratio = self.result.hazard_ratio
        wanted = self.interval and self.has_effect and ratio is not None and ratio.interval is not None
        return wanted and ratio.method not in EXEMPT_INTERVALS  # pyright: ignore[reportOptionalMemberAccess]

    @property
    def has_test(self) -> bool:
        # A test named otherwise is of another statistic, which no witness can be held to.
        return self.test and self.result.test is not None and test_kind(self.result) is not None

    def level_of(self, estimate: PrintedEstimate) -> float:
        """The level of an estimate's interval as a share: its own, else that of the hazard ratio."""
        level = estimate.interval.level if estimate.interval is not None else None
        return self.reading.level if level is None else level.value / 100.0

    def rates(self) -> Iterator[tuple[int, float, PrintedEstimate]]:
        """Arm, time and printed rate, in order of time."""
        for rate in sorted(self.result.rates, key=lambda one: one.at):
            for code, arm in enumerate(ARMS):
                if getattr(rate, arm) is not None:
                    yield code, rate.at, getattr(rate, arm)


def test_kind(result: PublishedEndpoint) -> float | None:
    """0: either of log-rank and Wald test; 1: log-rank; 2: Wald; None: a test of another kind."""
    named = (result.test.test or "").lower() if result.test is not None else ""
    if not named:
        return 0.0
    if "weighted" in named:
        return None
    return next((kind for name, kind in _KINDS.items() if name in named), 0.0 if "cox" in named else None)


def box(printed: Printed, factor: float = 1.0) -> tuple[float, float]:
    """The values that print so, a little inside, times `factor`; infinite for what was not reached."""
    if not printed.reached:
        return math.inf, math.inf
    inside = _INSIDE * (printed.high - printed.low) if printed.relation == "=" else 0.0
    return (printed.low + inside) * factor, (printed.high - inside) * factor


def log_box(printed: Printed) -> tuple[float, float]:
    low, high = box(printed)
    return math.log(low) if low > 0.0 else -math.inf, math.log(high) if high > 0.0 else -math.inf


def quantile_of(level: float) -> float:
    return normal_quantile(0.5 + level / 2.0)


@dataclass(frozen=True, eq=False)
class Targets:
    """The arrays of `kernels.plain.feasibility`."""

    landmark: np.ndarray
    median: np.ndarray
    effect: np.ndarray
    test: np.ndarray


def targets_of(wanted: Wanted) -> Targets:
    landmark = [_landmark(wanted, *one) for one in wanted.rates()]
    return Targets(
        np.array(landmark, dtype=float).reshape(-1, 9),
        np.array([_median(wanted, getattr(wanted.result, arm).median) for arm in ARMS]),
        np.array(_effect(wanted)), np.array(_test(wanted)),
    )  # fmt: skip


def _landmark(wanted: Wanted, arm: int, at: float, rate: PrintedEstimate) -> list[float]:
    row = [float(arm), at, *box(rate.value, 0.01)]
    if rate.interval is None:
        return [*row, *[math.nan] * 5]
    limits = (*box(rate.interval.lower, 0.01), *box(rate.interval.upper, 0.01))
    return [*row, *limits, quantile_of(wanted.level_of(rate))]


def _median(wanted: Wanted, median: PrintedEstimate | None) -> list[float]:
    if median is None:
        return [math.nan] * 7
    if median.interval is None:
        return [*box(median.value), *[math.nan] * 5]
    limits = (*box(median.interval.lower), *box(median.interval.upper))
    return [*box(median.value), *limits, quantile_of(wanted.level_of(median))]


def _effect(wanted: Wanted) -> list[float]:
    ratio = wanted.result.hazard_ratio
    if not wanted.has_effect or ratio is None:
        return [math.nan] * 7
    if not wanted.has_interval or ratio.interval is None:
        return [*log_box(ratio.value), *[math.nan] * 5]
    limits = (*log_box(ratio.interval.lower), *log_box(ratio.interval.upper))
    return [*log_box(ratio.value), *limits, quantile_of(wanted.reading.level)]


def _test(wanted: Wanted) -> list[float]:
    test, kind = wanted.result.test, test_kind(wanted.result)
    if not wanted.has_test or test is None or kind is None:
        return [math.nan] * 4
    low, high = box(test.p)
    share = 1.0 / wanted.reading.sides
    least = normal_quantile(1.0 - high * share) if high * share < 1.0 else -math.inf
    most = normal_quantile(1.0 - low * share) if low > 0.0 else math.inf
    return [least, most, float(wanted.reading.sides == 2), kind]
