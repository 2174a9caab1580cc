"""Designs that compare restricted mean survival times."""

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

_SCALES: dict[str, Scale] = {"difference": (lambda x: x, lambda _: 1.0), "ratio": (math.log, lambda x: 1.0 / x)}
CONTRASTS = tuple(_SCALES)


@dataclass(frozen=True, repr=False)
class RmstDesign(CurveDesign):
    """A design for restricted mean survival times up to `tau`; see `TimedDesign`.

    Effects by look: rmst_control, rmst_experimental, their difference, its standard error times sqrt(n), and the
    average_hazard_ratio (geometric).
    """

    @property
    def method(self) -> str:
        return "rmst-design"

    @property
    def quantity(self) -> tuple[str, str]:
        return "rmst", f"restricted mean survival time up to time {prose_number(self.tau)}"

    def test_words(self) -> str:
        return f"a test of the {self.contrast} of restricted mean survival times up to time {prose_number(self.tau)}"


def rmst_design(
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
    contrast: str = "difference",
    interim: Sequence[float] | None = None,
    fractions: Sequence[float] | None = None,
    efficacy: Efficacy = None,
    futility: Sequence[float | None] | None = None,
) -> RmstDesign:
    """A fixed or group-sequential design for the difference or ratio of restricted mean survival times up to `tau`.

    Arguments: `tau`, time since randomization, above zero and before every analysis; `contrast`, "difference" (default)
    or "ratio" (tested by its logarithm); all others as of `weighted_logrank_design`. Means of strata are standardized
    to the strata's shares. Of the accrual's n, `power` and `time` exactly one is left open and is solved for.

    Returns an `RmstDesign`. Raises ArgumentError `argument-invalid`, DesignError `design-unknowns` and
    `design-unreachable`.

    Formula: n Var(mean_j) = integral from 0 to tau of (integral from t to tau of S_j)^2 lambda_j / pi_j dt, pi_j(t) the
    share of all patients in arm j at risk after t, administrative censoring by accrual included.
    Source: Royston P, Parmar MKB. BMC Med Res Methodol 2013;13:152; Yung G, Liu Y. Biometrics 2020;76:939-950.

    >>> from equipoise.design import Accrual, Dropout, Hazard
    >>> design = rmst_design(
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
    (1.596, 0.661)
    """
    arguments = dict(locals())
    check_choice(contrast, CONTRASTS, "contrast")
    window = check_tau(tau)
    fields = curve_plan(arguments, window, "rmst", restricted_means, _SCALES[contrast])
    return RmstDesign(**fields, tau=window, contrast=contrast)


def restricted_means(course: CurveCourse) -> CurveEstimate:
    """Areas under the curves and n times the variances of their estimates."""
    grid = course.grid
    areas, variances = [], []
    for hazard, survival, at_risk in zip(course.hazard, course.survival, course.at_risk, strict=True):
        areas.append(grid.integral(survival))
        variances.append(grid.integral(grid.integral_from(survival) ** 2 * hazard / at_risk))
    return CurveEstimate(np.array(areas), np.array(variances))
