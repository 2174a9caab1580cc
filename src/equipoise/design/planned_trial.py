"""A trial's cells and the shape of its accrual together: what integrals over time since randomization need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from equipoise.design.hazards import Accrual
from equipoise.design.levels import refused
from equipoise.design.quadrature import TimeGrid
from equipoise.design.trial_course import Cell, TrialCourse, trial_course

EFFECT_ARGUMENTS = ("control", "experimental", "hazard_ratio", "dropout", "ratio", "strata")


class PlannedStratum(NamedTuple):
    """The two arms of one stratum; their `share`s are of all patients."""

    control: Cell
    experimental: Cell

    @property
    def share(self) -> float:
        """The stratum's share of all patients."""
        return self.control.share + self.experimental.share

    def leaving(self, t: np.ndarray) -> np.ndarray:
        """Cumulative hazards of event and dropout together, control and experimental first: (2, ...)."""
        return np.stack([cell.hazard.cumulative(t) + cell.loss.cumulative(t) for cell in self])

    def hazards(self, t: np.ndarray) -> np.ndarray:
        """The two hazards of the event: (2, ...)."""
        return np.stack([cell.hazard.at(t) for cell in self])


@dataclass(frozen=True)
class PlannedTrial:
    """Cells of a trial, and an accrual of which only the shape matters: its n may be open, its duration not."""

    course: TrialCourse
    accrual: Accrual

    @cached_property
    def strata(self) -> tuple[PlannedStratum, ...]:
        cells = self.course.cells
        return tuple(PlannedStratum(*cells[i : i + 2]) for i in range(0, len(cells), 2))

    @cached_property
    def shape(self) -> Accrual:
        """The accrual of one patient in all."""
        return self.accrual.with_n(1.0)

    @property
    def accrual_end(self) -> float:
        return float(self.accrual.duration)  # type: ignore[arg-type]

    @property
    def first_entry(self) -> float:
        """The calendar time before which nobody enters."""
        rates = self.shape.rates
        return float(self.shape.edges[next(k for k, rate in enumerate(rates) if rate > 0.0)])

    def enrolled(self, time: Any) -> Any:
        """The share of all patients arrived by calendar times."""
        return self.shape.enrolled(time)

    def events(self, time: float) -> np.ndarray:
        """Expected events by the calendar time per patient of the plan, control and experimental."""
        return self.course.events(self.shape, np.array([time])).sum(axis=(0, 2))

    def grid(
        self, stratum: PlannedStratum, time: float, extra: Sequence[float] = (), end: float | None = None
    ) -> TimeGrid:
        """Nodes on time since randomization, to `end` or `time`, when the data are cut at calendar time `time`."""
        breaks = [b for cell in stratum for b in (*cell.hazard.breaks, *cell.loss.breaks)]
        rate = max(max(cell.hazard.rates) + max(cell.loss.rates) for cell in stratum)
        return TimeGrid(time if end is None else end, [*breaks, *(time - self.shape.edges), *extra], rate)

    def at_risk(self, stratum: PlannedStratum, t: np.ndarray, time: float) -> np.ndarray:
        """Shares of all patients still at risk `t` after randomization, by arm, when the data are cut at `time`."""
        shares = np.array([cell.share for cell in stratum]).reshape(2, *([1] * t.ndim))
        return shares * np.exp(-stratum.leaving(t)) * self.enrolled(np.maximum(time - t, 0.0))


def planned_trial(accrual: Any, **effect: Any) -> PlannedTrial:
    """The trial from an accrual and the arguments `EFFECT_ARGUMENTS`. Raises ArgumentError `argument-invalid`."""
    if not isinstance(accrual, Accrual):
        raise refused("accrual", accrual, "an Accrual, such as Accrual.uniform(n=400, duration=24)")
    if accrual.duration is None:
        hint = "give its duration as well: Accrual.uniform(duration=24), or with n"
        raise refused("accrual", accrual, hint, "the duration of accrual decides how long patients are followed")
    return PlannedTrial(trial_course(**effect), accrual)


class PooledCourse(NamedTuple):
    """One stratum over time since randomization, at the nodes of `grid`.

    `at_risk` and `hazard`, by arm; `share`, the experimental arm's part of those at risk; the `pooled_hazard` of all at
    risk and the `pooled_survival` that goes with it. `null_at_risk` and `null_share`: all at risk, and the experimental
    part of them, were both arms at the pooled hazard.
    """

    grid: TimeGrid
    at_risk: np.ndarray
    hazard: np.ndarray
    share: np.ndarray
    pooled_hazard: np.ndarray
    pooled_survival: np.ndarray
    null_share: np.ndarray
    null_at_risk: np.ndarray


def pooled_course(
    trial: PlannedTrial,
    stratum: PlannedStratum,
    time: float,
    extra: Sequence[float] = (),
    end: float | None = None,
) -> PooledCourse:
    """The course of a stratum when the data are cut at the calendar time `time`; nodes as of `PlannedTrial.grid`."""
    grid = trial.grid(stratum, time, extra, end)
    t = grid.t
    follow_up = trial.enrolled(time - t)
    leaving, hazard = stratum.leaving(t), stratum.hazards(t)
    shares = np.array([cell.share for cell in stratum])[:, None, None]
    # The ratio of the two arms is taken before exp() can underflow.
    least = leaving.min(axis=0)
    relative = shares * np.exp(least - leaving)
    share = relative[1] / relative.sum(axis=0)
    pooled = (1.0 - share) * hazard[0] + share * hazard[1]
    survival = np.exp(-grid.integral_to(pooled))
    kept = shares * np.stack([cell.loss.survival(t) for cell in stratum])
    return PooledCourse(
        grid, relative * np.exp(-least) * follow_up, hazard, share, pooled, survival,
        kept[1] / kept.sum(axis=0), kept.sum(axis=0) * survival * follow_up,
    )  # fmt: skip
