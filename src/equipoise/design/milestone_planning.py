"""Designs that compare survival at one time, the milestone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.design.curve_designs import CurveCourse, CurveDesign, CurveEstimate, Scale, check_tau, curve_plan
from equipoise.design.design_result import prose_number
from equipoise.design.hazards import Accrual, Hazard
from equipoise.design.levels import check_choice
from equipoise.design.timed_plan import Efficacy
from equipoise.design.trial_course import Dropouts, Stratum

# As the scales of the test on data (`milestone`): rising functions of survival, and their derivatives.
_SCALES: dict[str, Scale] = {
    "plain": (lambda s: s, lambda _: 1.0),
    "log": (math.log, lambda s: 1.0 / s),
    "log-log": (lambda s: -math.log(-math.log(s)), lambda s: -1.0 / (s * math.log(s))),
    "logit": (lambda s: math.log(s / (1.0 - s)), lambda s: 1.0 / (s * (1.0 - s))),
    "arcsine": (lambda s: math.asin(math.sqrt(s)), lambda s: 0.5 / math.sqrt(s * (1.0 - s))),
}
TRANSFORMS = tuple(_SCALES)


@dataclass(frozen=True, repr=False)
class MilestoneDesign(CurveDesign):
    """A design for survival at the time `tau` since randomization, on the scale `contrast`; see `TimedDesign`.

    Effects by look: survival_control, survival_experimental, their difference, its standard error times sqrt(n), and
    the average_hazard_ratio (geometric).
    """

    @property
    def method(self) -> str:
        return "milestone-design"

    @property
    def quantity(self) -> tuple[str, str]:
        return "survival", f"survival at time {prose_number(self.tau)}"

    def test_words(self) -> str:
        scale = "" if self.contrast == "plain" else f" on the {self.contrast} scale"
        return f"a test of the difference in survival at time {prose_number(self.tau)}{scale}"


def milestone_design(
    *,
    tau: float,
    control: Hazard | None = None,
    experimental: Hazard | None = None,
    hazard_ratio: float | None = None,
    accrual: Accrual,
    alpha: float,
    sides: int,
    power: float | None = None,
    time: float | None = None,
    dropout: Dropouts = None,
    ratio: float | tuple[float, float] = 1.0,
    strata: Mapping[str, Stratum] | None = None,
    transform: str = "plain",
    interim: Sequence[float] | None = None,
    fractions: Sequence[float] | None = None,
    efficacy: Efficacy = None,
    futility: Sequence[float | None] | None = None,
) -> MilestoneDesign:
    """A fixed or group-sequential design for the difference in survival at the time `tau`.

    Arguments: `tau`, time since randomization, above zero and before every analysis; `transform`, the scale of the
    test, as of `milestone`: "plain" (default), "log", "log-log", "logit" or "arcsine"; all others as of
    `weighted_logrank_design`. Survival of strata is standardized to the strata's shares. Of the accrual's n, `power`
    and `time` exactly one is left open and is solved for.

    Returns a `MilestoneDesign`. Raises ArgumentError `argument-invalid`, DesignError `design-unknowns` and
    `design-unreachable`.

    Formula: n Var(S_j(tau)) = S_j(tau)^2 times the integral from 0 to tau of lambda_j / pi_j dt (Greenwood's in the
    limit), pi_j(t) the share of all patients in arm j at risk after t; the delta method on other scales.
    Source: Klein JP et al. Stat Med 2007;26:4505-4519; Yung G, Liu Y. Biometrics 2020;76:939-950.

    >>> from equipoise.design import Accrual, Dropout, Hazard
    >>> design = milestone_design(
    ...     tau=18,
    ...     control=Hazard.from_median(12),
    ...     hazard_ratio=0.7,
    ...     dropout=Dropout(0.001),
    ...     accrual=Accrual.uniform(n=360, duration=18),
    ...     alpha=0.025,
    ...     sides=1,
    ...     time=36,
    ... )
    >>> round(design.effect("difference"), 3), round(design.power, 3)
    (0.129, 0.705)
    """
    arguments = dict(locals())
    check_choice(transform, TRANSFORMS, "transform")
    at = check_tau(tau)
    fields = curve_plan(arguments, at, "survival", milestone_survival, _SCALES[transform])
    return MilestoneDesign(**fields, tau=at, contrast=transform)


def milestone_survival(course: CurveCourse) -> CurveEstimate:
    """Survival at the end of the grid and n times the variances of its estimates."""
    grid = course.grid
    hazard = np.array([grid.integral(one) for one in course.hazard])
    rate = np.array([grid.integral(one / at_risk) for one, at_risk in zip(course.hazard, course.at_risk, strict=True)])
    survival = np.exp(-hazard)
    return CurveEstimate(survival, survival**2 * rate)
