"""The Nelson-Aalen estimate of the cumulative hazard, by group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.curve_readings import curve_rows
from equipoise.analysis.group_curves import GroupCurves, curve_name
from equipoise.analysis.inputs import check_choice, conf_level_row
from equipoise.analysis.survival_curves import SurvivalCurve, kaplan_meier
from equipoise.errors import DataError
from equipoise.frames.columns import to_times
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.cumulative_hazard import (
    LIMIT_SCALES,
    TIE_RULES,
    VARIANCES,
    cumulative_hazard,
    hazard_limits,
)


@dataclass(frozen=True, eq=False)
class HazardCurve:
    """One group's cumulative hazard: arrays over its distinct observed times, in the unit of the data.

    `hazard[j]` holds from `time[j]` on. `n_risk` is just before the time. Limits are NaN where they are undefined.
    """

    level: str
    stratum: str
    time: np.ndarray
    hazard: np.ndarray
    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_censor: np.ndarray
    total: float

    @property
    def survival(self) -> np.ndarray:
        """exp(-hazard), the Breslow or Fleming-Harrington estimate of survival."""
        return np.exp(-self.hazard)

    def at(self, times: Iterable[float] | float) -> np.ndarray:
        """The cumulative hazard at each of `times`; NaN after the last observation."""
        wanted = to_times(np.atleast_1d(np.asarray(times, dtype=float)), "times")
        last = np.searchsorted(self.time, wanted, side="right")
        found = np.concatenate(([0.0], self.hazard))[last]
        return np.where(wanted > self.time[-1], np.nan, found)


@dataclass(frozen=True, eq=False, repr=False)
class NelsonAalen(GroupCurves[HazardCurve]):
    """Cumulative hazards by group (and stratum); `result["Placebo"]` takes the curve of a group."""

    ties: str
    variance: str
    conf_type: str
    conf_level: float

    def __repr__(self) -> str:
        lines = [f"NelsonAalen ({self.ties}, {self.conf_type} limits, {100 * self.conf_level:g}%)"]
        for curve in self.curves:
            events, end = curve.n_event.sum(), f"{curve.hazard[-1]:g} at {curve.time[-1]:g}"
            lines.append(f"{curve_name(curve) or 'all'}: n {curve.total:g}, events {events:g}, cumulative hazard {end}")
        return "\n".join(lines)

    def to_rows(self) -> list[ResultRow]:
        """Per curve: n, n_event and n_censor ("summary"); the cumulative hazard with limits ("curve")."""
        rows: list[ResultRow] = []
        for curve in self.curves:
            place: dict[str, Any] = self._groups(curve) | {"method": "nelson-aalen", "parameter": "summary"}
            counts = {"n": curve.total, "n_event": curve.n_event.sum(), "n_censor": curve.n_censor.sum()}
            rows += [ResultRow(statistic=k, value=float(v), format="int", **place) for k, v in counts.items()]
            columns = {
                "hazard": curve.hazard,
                "hazard_low": curve.conf_low,
                "hazard_high": curve.conf_high,
                "std_error": curve.std_error,
                "n_risk": curve.n_risk,
                "n_event": curve.n_event,
            }
            rows.append(conf_level_row(self.conf_level, place))
            place |= {"parameter": "curve", "at_unit": self.time_unit}
            rows += curve_rows(curve.time, columns, place, None)
        return rows

    def _frame_columns(self) -> tuple[str, ...]:
        return "time", "n_risk", "n_event", "n_censor", "hazard", "std_error", "conf_low", "conf_high"


def nelson_aalen(
    time: Any,
    event: Any,
    *,
    group: Any = None,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    ties: str = "nelson-aalen",
    variance: str = "poisson",
    conf_type: str = "log",
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    time_unit: str | None = None,
    engine: str = "auto",
) -> NelsonAalen:
    """The Nelson-Aalen estimate of the cumulative hazard, by group, with pointwise limits.

    Arguments: columns, `conf_level`, `convention` (the tie tolerance), `time_tolerance`, `time_unit` and `engine` as
    `kaplan_meier`. `ties`: "nelson-aalen" (d / n) or "fleming-harrington" (tied events one after the other; whole
    weights only). `variance`: "poisson" (Aalen's d / n^2) or "binomial" (d (n - d) / n^3); the Fleming-Harrington rule
    has its own. `conf_type`: "log" or "plain".

    Returns a `NelsonAalen`. Raises DataError for columns and ArgumentError for options that cannot be used.

    Formula: H(t) = sum over t_j <= t of d_j / n_j; Var = sum d_j / n_j^2; limits H exp(-+ z se / H).
    Source: Nelson 1972, doi:10.1080/00401706.1972.10488991; Aalen 1978, doi:10.1214/aos/1176344247.

    >>> nelson_aalen([1, 2, 3], [1, 0, 1]).curves[0].hazard.round(4).tolist()
    [0.3333, 0.3333, 1.3333]
    """
    rule = check_choice(ties, TIE_RULES, "ties")
    kind = check_choice(variance, VARIANCES, "variance")
    scale = check_choice(conf_type, LIMIT_SCALES, "conf_type")
    km = kaplan_meier(
        time, event, group=group, strata=strata, entry=entry, weights=weights, conf_level=conf_level,
        convention=convention, time_tolerance=time_tolerance, time_unit=time_unit, engine=engine,
    )  # fmt: skip
    curves = tuple(_hazard_curve(curve, rule, kind, scale, km.conf_level) for curve in km)
    return NelsonAalen(
        curves, km.group_name, km.stratum_name, rule, kind, scale, km.conf_level, time_unit=time_unit,
        library=km.library,
    )  # fmt: skip


def _hazard_curve(curve: SurvivalCurve, ties: str, variance: str, conf_type: str, level: float) -> HazardCurve:
    if ties == "fleming-harrington" and (curve.n_event != np.floor(curve.n_event)).any():
        raise DataError(
            "value-invalid",
            "weights are not whole numbers",
            where="weights",
            reason="the Fleming-Harrington rule takes tied events one after the other, so it counts them",
            hint="use ties='nelson-aalen' with such weights",
        )
    hazard, spread = cumulative_hazard(curve.n_risk, curve.n_event, ties, variance)
    std_error = np.sqrt(spread)
    low, high = hazard_limits(hazard, std_error, conf_type, level)
    return HazardCurve(
        curve.level, curve.stratum, curve.time, hazard, std_error, low, high, curve.n_risk, curve.n_event,
        curve.n_censor, curve.total,
    )  # fmt: skip
