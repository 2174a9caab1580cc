"""How strongly each method of sample size expects a log-rank or exponential test to speak, from the expected events.

A method's power is Phi(mean - z_alpha * null): `mean` the effect over its standard error under the alternative, `null`
the ratio of the standard errors under the null hypothesis and the alternative (1 where a method has one variance).
With events D_sj expected in stratum s and arm j, and 1/D_s = 1/D_s0 + 1/D_s1:

- Schoenfeld, Freedman: mean = effect size * sqrt(total events), null = 1;
- Rubinstein: mean = -log(HR) sqrt(sum_s D_s), null = 1;
- Lachin-Foulkes on the log scale: as Rubinstein, null from the D_s if both arms had the mean of the two hazards;
- Lachin-Foulkes as printed: a difference of constant hazards, the estimate in arm j having variance lambda_j^2 / D_j.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from equipoise.design.fixed import effect_size
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import experimental_share
from equipoise.design.trial_course import Cell, TrialCourse
from equipoise.errors import ArgumentError
from equipoise.kernels.plain.special import normal_quantile, normal_tail

Floats = npt.NDArray[np.float64]

METHODS = ("schoenfeld", "freedman", "lachin-foulkes", "lachin-foulkes-log", "rubinstein")


@dataclass(frozen=True)
class Signal:
    """Expected events of all patients, and what they say; see the module."""

    events: float
    mean: float
    null: float

    def power(self, z: float) -> float:
        """Power at the critical value z."""
        return normal_tail(z * self.null - self.mean)

    def scale(self, z: float, power: float) -> float:
        """The factor on the number of patients that gives this power: the mean grows with the root of it."""
        return ((normal_quantile(power) + z * self.null) / self.mean) ** 2 if self.mean > 0.0 else math.inf


def events_by_cell(course: TrialCourse, accrual: Accrual, time: float) -> Floats:
    """Expected events (strata, arms) at one time, which may be infinite."""
    if math.isinf(time):
        return course.final_events(accrual.total)
    return course.events(accrual, np.array([time]))[:, :, 0]


def signal_at(course: TrialCourse, hazard_ratio: float, accrual: Accrual, time: float, method: str) -> Signal:
    """The signal of a method at a calendar time of a trial whose accrual is complete."""
    events = events_by_cell(course, accrual, time)
    total = float(events.sum())
    if total <= 0.0 or (hazard_ratio >= 1.0 and method.startswith("lachin")):
        return Signal(total, 0.0, 1.0)
    if method in ("schoenfeld", "freedman"):
        return Signal(total, effect_size(hazard_ratio, course.ratio, method) * math.sqrt(total), 1.0)
    if method == "rubinstein":
        return Signal(total, -math.log(hazard_ratio) * math.sqrt(_information(events)), 1.0)
    under_null = events_by_cell(_null_course(course), accrual, time)
    if method == "lachin-foulkes-log":
        now, null = _information(events), _information(under_null)
        return Signal(total, -math.log(hazard_ratio) * math.sqrt(now), math.sqrt(now / null))
    return _difference(course, events, under_null)


def _information(events: Floats) -> float:
    """sum_s 1 / (1 / D_s0 + 1 / D_s1): that of a log hazard ratio stratified, from events by arm."""
    total = events.sum(axis=1)
    return float(np.divide(events.prod(axis=1), total, out=np.zeros_like(total), where=total > 0.0).sum())


def _null_course(course: TrialCourse) -> TrialCourse:
    """The course if both arms had the mean of their hazards, weighted by allocation."""
    share = experimental_share(course.ratio)
    cells: list[Cell] = []
    for control, experimental in zip(course.cells[::2], course.cells[1::2], strict=True):
        pairs = zip(control.hazard.rates, experimental.hazard.rates, strict=True)
        mean = Hazard(tuple((1.0 - share) * c + share * e for c, e in pairs), control.hazard.breaks)
        cells += [replace(control, hazard=mean), replace(experimental, hazard=mean)]
    return replace(course, cells=tuple(cells))


def _difference(course: TrialCourse, events: Floats, under_null: Floats) -> Signal:
    control, experimental = (cell.hazard for cell in course.cells[:2])
    if len(course.cells) > 2 or not control.constant:
        raise ArgumentError(
            "argument-invalid",
            "lachin-foulkes needs one stratum and constant hazards",
            where="method",
            reason="the paper's statistic is the difference of two constant hazards",
            hint="give method='lachin-foulkes-log', which compares logarithms and takes strata and hazards in pieces",
        )
    c, e = control.rates[0], experimental.rates[0]
    share = experimental_share(course.ratio)
    mean = (1.0 - share) * c + share * e
    spread = math.sqrt(c**2 / events[0, 0] + e**2 / events[0, 1])
    null = mean * math.sqrt(1.0 / under_null[0, 0] + 1.0 / under_null[0, 1])
    return Signal(float(events.sum()), (c - e) / spread, null / spread)
