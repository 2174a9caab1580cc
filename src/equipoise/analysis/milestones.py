"""Groups compared at one point of their curves: survival at a time, or the median."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from equipoise.analysis.curve_contrasts import (
    ArmPair,
    Contrast,
    check_comparison,
    compared_curves,
    curves_by_pair,
    difference,
    read_pair,
    refuse_beyond,
    z_test,
)
from equipoise.analysis.curve_readings import Quantile
from equipoise.analysis.inputs import check_choice, conf_level_row
from equipoise.analysis.survival_curves import SurvivalCurve
from equipoise.frames.columns import to_times
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number

# Each scale: the increasing function of S and its derivative.
SCALES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "plain": (lambda s: s, lambda _: 1.0),
    "log": (math.log, lambda s: 1.0 / s),
    "log-log": (lambda s: -math.log(-math.log(s)), lambda s: -1.0 / (s * math.log(s))),
    "logit": (lambda s: math.log(s / (1.0 - s)), lambda s: 1.0 / (s * (1.0 - s))),
    "arcsine": (lambda s: math.asin(math.sqrt(s)), lambda s: 0.5 / math.sqrt(s * (1.0 - s))),
}


@dataclass(frozen=True)
class MilestoneContrast:
    """Survival of an experimental group against the reference at one time.

    `difference` is plain (Wald limits, z and P of S_1 - S_0); `z` and `p_value` are of the test on the chosen scale.
    NaN with a `message` where a curve is at 0 or 1.
    """

    arms: ArmPair
    difference: Contrast
    z: float
    p_value: float
    message: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class MilestoneComparison(RowResult):
    """Survival at the time `at`, each experimental group against the reference; `transform` names the test's scale."""

    contrasts: tuple[MilestoneContrast, ...]
    at: float
    transform: str
    group_name: str
    conf_level: float
    alternative: str
    time_unit: str | None = None
    library: str | None = None

    @property
    def difference(self) -> Contrast:
        """The plain difference of the first experimental group."""
        return self.contrasts[0].difference

    @property
    def z(self) -> float:
        return self.contrasts[0].z

    @property
    def p_value(self) -> float:
        return self.contrasts[0].p_value

    def to_rows(self) -> list[ResultRow]:
        """n, n_event and survival by group; the difference; z and p_value of the test on the chosen scale."""
        rows: list[ResultRow] = []
        for contrast in self.contrasts:
            arms = contrast.arms
            shared: dict[str, Any] = {
                "method": "milestone",
                "at": self.at,
                "at_unit": self.time_unit,
                "warning": contrast.message or arms.warning,
            }
            for arm in arms[:2]:
                rows += arm.rows("survival", "percent", self.group_name, shared)
            place = shared | {"parameter": arms.contrast}
            rows += contrast.difference.rows("difference", "percent", place)
            place |= {"label": f"{self.transform} scale, {self.alternative}"}
            rows.append(ResultRow(statistic="z", **place, **number(contrast.z)))
            rows.append(ResultRow(statistic="p_value", format="p", **place, **number(contrast.p_value)))
            rows.append(conf_level_row(self.conf_level, place))
        return rows


def milestone(
    time: Any,
    event: Any,
    group: Any,
    *,
    at: float,
    reference: Any,
    transform: str = "log-log",
    strata: Any = None,
    strata_weights: str = "size",
    entry: Any = None,
    weights: Any = None,
    alternative: str = "two-sided",
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    time_unit: str | None = None,
    engine: str = "auto",
) -> MilestoneComparison:
    """The difference of survival between groups at a fixed time, with a test on a chosen scale.

    Arguments: columns and options as `kaplan_meier`; `at`: the time; `reference`: the level that is the control;
    `transform`: the scale of the test, "log-log" (default), "plain", "log", "logit" or "arcsine"; `strata` and
    `strata_weights` as `rmst`; `alternative`: "two-sided", "experimental-better" or "control-better".

    Returns a `MilestoneComparison`. The limits of the difference are plain whatever the transform. Raises
    ArgumentError `argument-invalid` when `at` is after the last observation of a group that is censored.

    Formula: Z = (g(S_1) - g(S_0)) / sqrt(V_1 g'(S_1)^2 + V_0 g'(S_0)^2), V by Greenwood.
    Source: Klein, Logan, Harhoff and Andersen 2007, doi:10.1002/sim.2864.

    >>> found = milestone([1, 3, 2, 4], [1, 1, 1, 1], list("aabb"), at=2.5, reference="a", transform="plain")
    >>> found.difference.estimate
    0.0
    """
    scale = check_choice(transform, SCALES, "transform")
    check_comparison(alternative, strata_weights)
    km, pairs = curves_by_pair(
        time, event, group, reference, strata=strata, entry=entry, weights=weights, conf_level=conf_level,
        convention=convention, time_tolerance=time_tolerance, time_unit=time_unit, engine=engine,
    )  # fmt: skip
    when = float(to_times([at], "at")[0])
    refuse_beyond(compared_curves(pairs), when, "at", time_unit)
    contrasts = []
    for level, curves in pairs:
        pair = read_pair(curves, level, lambda curve: _survival(curve, when), strata_weights)
        contrasts.append(_milestone_contrast(pair, scale, km.conf_level, alternative))
    return MilestoneComparison(
        tuple(contrasts), when, scale, km.group_name, km.conf_level, alternative, time_unit, km.library
    )


def _survival(curve: SurvivalCurve, at: float) -> tuple[float, float]:
    (reading,) = curve.at(at)
    # Greenwood's variance is not defined at zero; the plug-in value there is zero, as before the first event.
    return reading.survival, 0.0 if reading.survival == 0.0 else reading.std_error**2


def _milestone_contrast(pair: ArmPair, scale: str, conf_level: float, alternative: str) -> MilestoneContrast:
    plain = difference(pair, conf_level, alternative)
    fixed = [arm.level for arm in pair[:2] if not arm.std_error > 0.0]
    if fixed:
        message = f"survival is 0 or 1 in {', '.join(fixed)}: its variance there is not estimable, and there is no test"
        nan = math.nan
        return MilestoneContrast(pair, Contrast(plain.estimate, *[nan] * 5), nan, nan, message)
    value, slope = SCALES[scale]
    base, other = pair.reference, pair.experimental
    spread = math.hypot(*(arm.std_error * slope(arm.value) for arm in (base, other)))
    z, p_value = z_test(value(other.value) - value(base.value), spread, alternative)
    return MilestoneContrast(pair, plain, z, p_value)


@dataclass(frozen=True)
class MedianContrast:
    """The median of an experimental group against the reference's: difference and ratio with limits (NaN: NE)."""

    reference: Quantile
    experimental: Quantile
    difference: float
    difference_low: float
    difference_high: float
    ratio: float
    ratio_low: float
    ratio_high: float


@dataclass(frozen=True, eq=False, repr=False)
class MedianComparison(RowResult):
    """Medians, each experimental group against the reference; `contrasts` holds one per experimental group."""

    contrasts: tuple[MedianContrast, ...]
    group_name: str
    conf_type: str
    conf_level: float
    convention: str
    time_unit: str | None = None
    library: str | None = None

    def to_rows(self) -> list[ResultRow]:
        """The medians by group; then difference and ratio with limits."""
        rows: list[ResultRow] = []
        shared: dict[str, Any] = {"method": "median-difference", "convention": self.convention}
        for contrast in self.contrasts:
            for found in (contrast.reference, contrast.experimental):
                place = shared | {"parameter": "group", "group1": self.group_name, "level1": found.level}
                place |= {"unit": self.time_unit, "format": "time"}
                rows.append(ResultRow(statistic="median", **place, **number(found.time, "not reached")))
                rows.append(ResultRow(statistic="median_low", **place, **number(found.conf_low)))
                rows.append(ResultRow(statistic="median_high", **place, **number(found.conf_high)))
            place = shared | {"parameter": f"{contrast.experimental.level} vs {contrast.reference.level}"}
            for stem, hint, unit in (("difference", "time", self.time_unit), ("ratio", "ratio", None)):
                for end in ("", "_low", "_high"):
                    value = getattr(contrast, stem + end)
                    rows.append(ResultRow(statistic=stem + end, format=hint, unit=unit, **place, **number(value)))
            rows.append(conf_level_row(self.conf_level, place))
        return rows


def median_difference(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    entry: Any = None,
    weights: Any = None,
    conf_type: str = "log-log",
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    time_unit: str | None = None,
    engine: str = "auto",
) -> MedianComparison:
    """Difference and ratio of Kaplan-Meier medians, with limits recovered from those of each median (MOVER).

    Arguments: columns and options as `kaplan_meier`; `reference`: the level that is the control; `conf_type`: the
    pointwise band that each median's limits invert.

    Returns a `MedianComparison`; a limit that needs a median, or a limit of one, that is not reached is NaN (NE).

    Formula: with medians m and limits l, u: low = m_1 - m_0 - sqrt((m_1 - l_1)^2 + (u_0 - m_0)^2),
    high = m_1 - m_0 + sqrt((u_1 - m_1)^2 + (m_0 - l_0)^2); for the ratio the same with logarithms.
    Source: Zou and Donner 2008, doi:10.1002/sim.3095; Brookmeyer and Crowley 1982, doi:10.2307/2530286.

    >>> median_difference([1, 3, 5, 2, 4, 6], [1] * 6, list("aaabbb"), reference="a").contrasts[0].difference
    1.0
    """
    km, pairs = curves_by_pair(
        time, event, group, reference, entry=entry, weights=weights, conf_type=conf_type, conf_level=conf_level,
        convention=convention, time_tolerance=time_tolerance, time_unit=time_unit, engine=engine,
    )  # fmt: skip
    contrasts = []
    for level, curves in pairs:
        median = {curve.level == level: curve.median() for curve in curves}
        contrasts.append(_median_contrast(median[False], median[True]))
    return MedianComparison(
        tuple(contrasts), km.group_name, km.conf_type, km.conf_level, convention, time_unit, km.library
    )


def _median_contrast(base: Quantile, other: Quantile) -> MedianContrast:
    plain = _recovered(
        *((q.time, q.conf_low, q.conf_high) for q in (other, base)),
    )
    logs = _recovered(*(tuple(map(_log, (q.time, q.conf_low, q.conf_high))) for q in (other, base)))
    return MedianContrast(base, other, *plain, *(math.exp(v) for v in logs))


def _recovered(one: tuple[float, ...], zero: tuple[float, ...]) -> tuple[float, float, float]:
    (m1, l1, u1), (m0, l0, u0) = one, zero
    estimate = m1 - m0
    return estimate, estimate - math.hypot(m1 - l1, u0 - m0), estimate + math.hypot(u1 - m1, m0 - l0)


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else math.nan
