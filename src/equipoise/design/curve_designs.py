"""What designs on two survival curves share: a contrast of two estimates with its large-sample variance."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from equipoise.design.average_effects import geometric_average
from equipoise.design.design_result import prose_number
from equipoise.design.levels import check_positive, refused
from equipoise.design.planned_trial import EFFECT_ARGUMENTS, PlannedStratum, PlannedTrial, planned_trial, pooled_course
from equipoise.design.quadrature import TimeGrid
from equipoise.design.timed_design import StatisticMoments, TimedDesign
from equipoise.design.timed_plan import SinglePlan, timed_plan

_HALVINGS = 60


class CurveEstimate(NamedTuple):
    """An estimate from each arm's curve (control, experimental), and n times its variance."""

    value: np.ndarray
    variance: np.ndarray


class CurveCourse(NamedTuple):
    """Two survival curves at the nodes of `grid` on [0, tau]: `hazard`, `survival` and those `at_risk`, (2, ...)."""

    grid: TimeGrid
    hazard: np.ndarray
    survival: np.ndarray
    at_risk: np.ndarray


# The estimates, and the scale on which they are compared: the function and its derivative.
Estimator = Callable[[CurveCourse], CurveEstimate]
Scale = tuple[Callable[[float], float], Callable[[float], float]]


@dataclass(frozen=True, repr=False)
class CurveDesign(TimedDesign):
    """A design that compares two curves up to, or at, the time `tau` since randomization, on the scale `contrast`."""

    tau: float
    contrast: str

    @property
    @abstractmethod
    def quantity(self) -> tuple[str, str]:
        """The name of the estimate in rows, and in words."""

    def effect_words(self) -> str:
        name, words = self.quantity
        control, experimental = self.effect(f"{name}_control"), self.effect(f"{name}_experimental")
        compared = f"a difference of {prose_number(experimental - control)}"
        if self.contrast == "ratio":
            compared = f"a ratio of {prose_number(experimental / control)}"
        return (
            f"The {words} is assumed to be {prose_number(control)} with control and {prose_number(experimental)} with "
            f"the experimental arm, {compared}."
        )


def curve_plan(arguments: dict[str, Any], tau: float, name: str, estimator: Estimator, scale: Scale) -> dict[str, Any]:
    """The fields of `TimedDesign`, solved."""
    trial = planned_trial(arguments["accrual"], **{key: arguments[key] for key in EFFECT_ARGUMENTS})
    earliest = trial.first_entry + tau
    shared = ("alpha", "sides", "power", "time", "interim", "fractions", "efficacy", "futility")
    for place in ("time", "interim"):
        _check_after(arguments[place], earliest, place)
    given = {key: arguments[key] for key in shared}
    plan = timed_plan(SinglePlan, trial, _statistic(trial, tau, name, estimator, scale), start=earliest, **given)
    return plan.solve() | {"arguments": arguments}


def _check_after(times: Any, earliest: float, name: str) -> None:
    for time in times if hasattr(times, "__iter__") and not isinstance(times, str) else [times]:
        if time is not None and check_positive(time, name) <= earliest:
            reason = "nobody has been followed for tau by then"
            raise refused(name, times, f"calendar times after the first entry by more than tau, {earliest:g}", reason)


def check_tau(tau: Any) -> float:
    """tau as a number above zero."""
    return check_positive(tau, "tau")


def curve_estimate(trial: PlannedTrial, tau: float, time: float, estimator: Estimator, *, null: bool) -> CurveEstimate:
    """Estimates and n times their variances at calendar time `time`, strata standardized to their shares.

    `null` puts the pooled hazard of each stratum in both arms.
    """
    value, variance = np.zeros(2), np.zeros(2)
    for stratum in trial.strata:
        part = estimator(_curves(trial, stratum, tau, time, null))
        value += stratum.share * part.value
        variance += stratum.share**2 * part.variance
    return CurveEstimate(value, variance)


def _curves(trial: PlannedTrial, stratum: PlannedStratum, tau: float, time: float, null: bool) -> CurveCourse:
    # Where few have been followed for tau, the inverse of those at risk rises steeply towards it.
    gap = time - trial.first_entry - tau
    steep = [tau - gap * 2.0**k for k in range(_HALVINGS) if gap * 2.0**k < tau]
    course = pooled_course(trial, stratum, time, steep, tau)
    t = course.grid.t
    if not null:
        survival = np.stack([cell.hazard.survival(t) for cell in stratum])
        return CurveCourse(course.grid, course.hazard, survival, course.at_risk)
    shares = np.stack([1.0 - course.null_share, course.null_share])
    both = np.stack([course.pooled_hazard] * 2)
    return CurveCourse(course.grid, both, np.stack([course.pooled_survival] * 2), shares * course.null_at_risk)


def _statistic(
    trial: PlannedTrial, tau: float, name: str, estimator: Estimator, scale: Scale
) -> Callable[[float], StatisticMoments]:
    transform, slope = scale

    def squared_error(estimate: CurveEstimate) -> float:
        return sum(float(v) * slope(float(x)) ** 2 for x, v in zip(estimate.value, estimate.variance, strict=True))

    def at(time: float) -> StatisticMoments:
        assumed = curve_estimate(trial, tau, time, estimator, null=False)
        none = curve_estimate(trial, tau, time, estimator, null=True)
        control, experimental = (float(x) for x in assumed.value)
        try:
            variance, null_variance = squared_error(assumed), squared_error(none)
            mean = transform(experimental) - transform(control)
            information, null_information = 1.0 / variance, 1.0 / null_variance
        except (ValueError, ZeroDivisionError):
            reason = f"an arm with {name} {control:.4g} or {experimental:.4g} there has no variance on this scale"
            raise refused("tau", tau, "a time by which both arms have events, or another scale", reason) from None
        spread = math.sqrt(variance)
        effects = (
            (f"{name}_control", control),
            (f"{name}_experimental", experimental),
            ("difference", experimental - control),
            ("standard_error_per_patient", math.sqrt(float(assumed.variance.sum()))),
            ("average_hazard_ratio", geometric_average(trial, time)),
        )
        return StatisticMoments(mean, spread, spread, information, null_information, effects)

    return at
