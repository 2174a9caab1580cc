"""Restricted mean survival times of groups, compared by difference and ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from equipoise.analysis.curve_contrasts import (
    ArmPair,
    Contrast,
    check_comparison,
    compared_curves,
    curves_by_pair,
    difference,
    ratio,
    read_pair,
    refuse_beyond,
)
from equipoise.analysis.inputs import conf_level_row
from equipoise.analysis.restricted_mean import check_window
from equipoise.analysis.survival_curves import SurvivalCurve
from equipoise.errors import EstimationError
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult
from equipoise.kernels.plain.curve_area import restricted_mean


@dataclass(frozen=True)
class RestrictedMeanContrast:
    """One experimental group against the reference.

    `difference` and `ratio` compare the means, `lost_ratio` the mean times lost (tau - start - mean, so below 1 favors
    the experimental group).
    """

    arms: ArmPair
    difference: Contrast
    ratio: Contrast
    lost_ratio: Contrast


@dataclass(frozen=True, eq=False, repr=False)
class RestrictedMeanComparison(RowResult):
    """Restricted means up to `tau`, each experimental group against the reference.

    `contrasts` holds one comparison per experimental group; with two groups `.difference`, `.ratio` and `.lost_ratio`
    are those of the only one.
    """

    contrasts: tuple[RestrictedMeanContrast, ...]
    tau: float
    start: float
    tau_given: bool
    group_name: str
    conf_level: float
    alternative: str
    strata_weights: str
    time_unit: str | None = None
    library: str | None = None

    @property
    def difference(self) -> Contrast:
        return self._only().difference

    @property
    def ratio(self) -> Contrast:
        return self._only().ratio

    @property
    def lost_ratio(self) -> Contrast:
        return self._only().lost_ratio

    def to_rows(self) -> list[ResultRow]:
        """n, n_event, rmst and its standard error by group; then difference, ratio and lost_ratio of each contrast."""
        at: dict[str, Any] = {"at": self.tau, "at_unit": self.time_unit}
        label = "" if self.tau_given else "tau: the smallest of the groups' largest observed times"
        rows: list[ResultRow] = []
        for i, contrast in enumerate(self.contrasts):
            arms = contrast.arms
            shared = {"method": "rmst-difference", **at, "label": label, "warning": arms.warning}
            # With strata the reference is standardized to the strata it shares with each experimental group.
            shown = arms[:2] if i == 0 or arms.idle or arms.reference != self.contrasts[0].arms.reference else arms[1:2]
            for arm in shown:
                rows += arm.rows("rmst", "time", self.group_name, shared)
            place = shared | {"parameter": arms.contrast}
            rows += contrast.difference.rows("difference", "time", place)
            rows += contrast.ratio.rows("ratio", "ratio", place)
            rows += contrast.lost_ratio.rows("lost_ratio", "ratio", place)
            rows.append(conf_level_row(self.conf_level, place))
        return rows

    def _only(self) -> RestrictedMeanContrast:
        if len(self.contrasts) != 1:
            raise EstimationError(
                "estimate-undefined",
                f"there are {len(self.contrasts)} comparisons, one per experimental group",
                hint="take one of .contrasts",
            )
        return self.contrasts[0]


def rmst(
    time: Any,
    event: Any,
    group: Any,
    *,
    reference: Any,
    tau: float | None = None,
    start: float = 0.0,
    strata: Any = None,
    strata_weights: str = "size",
    entry: Any = None,
    weights: Any = None,
    alternative: str = "two-sided",
    bias_correction: bool = False,
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    time_unit: str | None = None,
    engine: str = "auto",
) -> RestrictedMeanComparison:
    """Difference and ratio of restricted mean survival times, and the ratio of restricted mean times lost.

    Arguments: `time`, `event`, `group`, `strata`, `entry`, `weights`, `conf_level`, `convention`, `time_tolerance`,
    `time_unit`, `engine` as `kaplan_meier`; `reference`, the level that is the control. `tau`: the end of the window,
    in the unit of the data; None: the smallest of the largest observed times of the groups (of each group within each
    stratum, with strata), which the result reports as `tau`. `start`: where the window begins. `strata_weights`: with
    strata each group's mean is standardized, by "size" or "inverse-variance" weights. `alternative`: "two-sided",
    "experimental-better" or "control-better". `bias_correction`: each variance times m / (m - 1), m the group's events
    up to tau.

    Returns a `RestrictedMeanComparison`. Raises ArgumentError `argument-invalid` when `tau` is after the last
    observation of a group that is censored; DataError for columns that cannot be used.

    Formula: mu = integral of S from start to tau; Var(mu) = sum A_j^2 d_j / (n_j (n_j - d_j)); difference +- z SE;
    ratio exp(log ratio +- z SE), SE^2 = Var(mu_1) / mu_1^2 + Var(mu_0) / mu_0^2.
    Source: Royston and Parmar 2013, doi:10.1186/1471-2288-13-152; Uno et al. 2014, doi:10.1200/JCO.2014.55.2208.

    >>> means = rmst([1, 3, 2, 4], [1, 1, 1, 1], ["a", "a", "b", "b"], reference="a", tau=3)
    >>> means.difference.estimate, means.ratio.estimate
    (0.5, 1.25)
    """
    check_comparison(alternative, strata_weights)
    km, pairs = curves_by_pair(
        time, event, group, reference, strata=strata, entry=entry, weights=weights, conf_level=conf_level,
        convention=convention, time_tolerance=time_tolerance, time_unit=time_unit, engine=engine,
    )  # fmt: skip
    used = compared_curves(pairs)
    window = check_window(min(float(curve.time[-1]) for curve in used) if tau is None else tau, start)
    refuse_beyond(used, window[0], "tau", time_unit)
    contrasts = tuple(
        _contrast(curves, level, window, (strata_weights, alternative, km.conf_level, bias_correction))
        for level, curves in pairs
    )
    return RestrictedMeanComparison(
        contrasts, *window, tau is not None, km.group_name, km.conf_level, alternative, strata_weights, time_unit,
        km.library,
    )  # fmt: skip


def _contrast(
    curves: list[SurvivalCurve], level: str, window: tuple[float, float], options: tuple[str, str, float, bool]
) -> RestrictedMeanContrast:
    weighting, alternative, conf_level, corrected = options
    tau, start = window

    def read(curve: SurvivalCurve) -> tuple[float, float]:
        mean, variance = restricted_mean(curve.time, curve.survival, curve.n_risk, curve.n_event, tau, start)
        m = float(curve.n_event[curve.time <= tau].sum())
        return mean, variance * (m / (m - 1.0) if m > 1.0 else math.nan) if corrected else variance

    pair = read_pair(curves, level, read, weighting)
    base, other = pair.reference, pair.experimental
    lost = [arm._replace(value=tau - start - arm.value) for arm in (other, base)]
    return RestrictedMeanContrast(
        pair,
        difference(pair, conf_level, alternative),
        ratio(other, base, conf_level, alternative, 1.0),
        ratio(lost[0], lost[1], conf_level, alternative, -1.0),
    )
