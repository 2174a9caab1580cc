"""Solves for the hidden truth: progression and death hazards whose observation gives the curves of a scenario.

A published curve describes progression as seen at scans. Drawing progression times from it and scanning them again
would delay every event a second time. So the latent hazards are found whose observed curve (`observation`) meets the
scenario's: as many conditions as there are pieces (the curve at each inner end, and at one late time), the one nearest
to the median being replaced by the median itself, and one more for the median of overall survival.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError
from equipoise.simulation.assumptions import assumed
from equipoise.simulation.hazards import Hazards
from equipoise.simulation.observation import ObservedCurve, ScanPlan, expect_alive, expect_curve, expect_event_free

Floats = npt.NDArray[np.float64]

# The widest miss of a survival probability that is accepted: a staircase of scans may leave no exact answer.
TOLERANCE = 0.03
_LEAST_FOLLOWED = 0.05
_BOUNDS = (-14.0, 1.0)


@dataclass(frozen=True)
class Target:
    """One condition: the observed curve at a time in days, or (`is_median`) the expected sample median."""

    time: float
    survival: float
    is_median: bool = False


@dataclass(frozen=True)
class ArmDesign:
    """Everything that decides one arm's calibration; a value, so that it is solved once.

    `observed` hazards of the scenario; `overall_median` in days, or None without overall survival; `late`, the time of
    the condition on the last piece; `patients` in the arm; `followed`, the probability that follow-up (administrative
    and dropout) reaches days 0, 1, ....
    """

    observed: Hazards
    overall_median: float | None
    late: float
    patients: int
    plan: ScanPlan
    followed: tuple[float, ...]

    @property
    def early_death(self) -> float:
        """The hazard of death before progression, per day."""
        if self.overall_median is None:
            return 0.0
        return assumed("early_death_share") * math.log(2.0) / self.overall_median

    @property
    def horizon(self) -> int:
        """Days the observed curve is needed for: the last condition, and the spread of the sample median."""
        least = max(0.5 - 5.0 * 0.5 / math.sqrt(self.patients), 0.02)
        return math.ceil(max(self.late, min(float(self.observed.inverse(-math.log(least))), 10 * self.late))) + 1

    def targets(self) -> list[Target]:
        """The conditions on the observed curve, as many as there are pieces."""
        times = [*self.observed.ends[:-1], self.late]
        targets = [Target(time, float(self.observed.survival(time))) for time in times]
        median = self.observed.median
        if median < self.horizon and _at(self.followed, median) > _LEAST_FOLLOWED:
            nearest = min(range(len(times)), key=lambda k: abs(times[k] - median))
            targets[nearest] = Target(median, 0.5, is_median=True)
        return targets


@dataclass(frozen=True)
class Calibration:
    """One arm's truth: latent progression hazards, hazards of death per day, and how each condition is met."""

    progression: Hazards
    death_before: float
    death_after: float
    rows: tuple[dict[str, object], ...]


@lru_cache(maxsize=64)
def solve_truth(design: ArmDesign) -> Calibration:
    """The latent hazards of one arm whose observation meets the scenario's curve.

    Raises ArgumentError `argument-invalid` where no hazards come within `TOLERANCE`.
    """
    from scipy.optimize import least_squares

    targets = design.targets()

    def misses(x: Floats) -> Floats:
        return _misses(design, targets, *_truth(design, x))

    start = np.log(np.maximum(design.observed.rates, 1e-5))
    if design.overall_median is not None:
        start = np.append(start, math.log(1.2 * math.log(2.0) / design.overall_median))
    found = least_squares(misses, start, bounds=_BOUNDS, xtol=1e-12, ftol=1e-12, gtol=1e-12, x_scale=1.0)
    progression, after = _truth(design, found.x)
    worst = float(np.max(np.abs(found.fun)))
    if worst > TOLERANCE:
        raise ArgumentError(
            "argument-invalid",
            f"no latent hazards reproduce the scenario's curve: the closest miss a probability by {worst:.3f}",
            reason="progression is seen at scans only, and deaths count as events, so not every curve can be observed",
            hint="check that overall survival is longer than progression-free survival, and the scan intervals",
        )
    rows = _report(design, targets, progression, after)
    return Calibration(progression, design.early_death, after, rows)


def expect_observed(design: ArmDesign, progression: Hazards, after: float) -> ObservedCurve:
    """The Kaplan-Meier limit of the arm's observed data under given latent hazards."""
    free = expect_event_free(progression, design.early_death, after, design.plan, design.horizon)
    return expect_curve(free, np.array(design.followed), design.plan)


def _truth(design: ArmDesign, x: Floats) -> tuple[Hazards, float]:
    rates = np.exp(x)
    pieces = len(design.observed.rates)
    after = float(rates[pieces]) if design.overall_median is not None else 0.0
    return Hazards(design.observed.ends, tuple(float(rate) for rate in rates[:pieces])), after


def _misses(design: ArmDesign, targets: list[Target], progression: Hazards, after: float) -> Floats:
    curve = expect_observed(design, progression, after)
    misses = []
    for target in targets:
        if target.is_median:
            slope = 0.5 * _rate_at(design.observed, target.time)
            misses.append(slope * (curve.expected_median(design.patients) - target.time))
        else:
            misses.append(curve.at(target.time) - target.survival)
    if design.overall_median is not None:
        alive = expect_alive(progression, design.early_death, after, math.ceil(design.overall_median))
        misses.append(alive - 0.5)
    return np.array(misses)


def _report(
    design: ArmDesign, targets: list[Target], progression: Hazards, after: float
) -> tuple[dict[str, object], ...]:
    curve = expect_observed(design, progression, after)
    rows: list[dict[str, object]] = []
    for target in targets:
        wanted = target.time if target.is_median else target.survival
        met = curve.expected_median(design.patients) if target.is_median else curve.at(target.time)
        name = "expected sample median, days" if target.is_median else "event-free probability"
        rows.append({"quantity": name, "day": target.time, "wanted": wanted, "met": met})
    if design.overall_median is not None:
        alive = expect_alive(progression, design.early_death, after, math.ceil(design.overall_median))
        rows.append({"quantity": "alive", "day": design.overall_median, "wanted": 0.5, "met": alive})
    for start, rate in zip(progression.starts, progression.rates, strict=True):
        rows.append({"quantity": "latent progression hazard, per day", "day": start, "wanted": None, "met": rate})
    rows.append(
        {
            "quantity": "hazard of death before progression, per day",
            "day": 0.0,
            "wanted": None,
            "met": design.early_death,
        }
    )
    rows.append({"quantity": "hazard of death after progression, per day", "day": 0.0, "wanted": None, "met": after})
    return tuple(rows)


def _rate_at(hazards: Hazards, time: float) -> float:
    return hazards.rates[min(int(np.searchsorted(hazards.ends, time)), len(hazards.rates) - 1)]


def _at(values: tuple[float, ...], day: float) -> float:
    return values[math.floor(day)] if day < len(values) else 0.0
