"""The Nelson-Aalen estimate of the cumulative hazard, by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from equipoise.analysis.curve_readings import group_columns
from equipoise.analysis.inputs import check_choice
from equipoise.analysis.survival_curves import SurvivalCurve, kaplan_meier
from equipoise.errors import ArgumentError, DataError, permitted
from equipoise.frames.columns import to_native_frame, to_times
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number
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
class NelsonAalen(RowResult):
    """Cumulative hazards by group (and stratum); `result["Placebo"]` takes the curve of a group."""

    curves: tuple[HazardCurve, ...]
    group_name: str
    stratum_name: str
    ties: str
    variance: str
    conf_type: str
    conf_level: float
    time_unit: str | None = None
    library: str | None = None

    def __getitem__(self, level: str) -> HazardCurve:
        """The curve of a group (of "group, stratum" where strata were given)."""
        by_label = {", ".join(filter(None, (c.level, c.stratum))): c for c in self.curves}
        if level not in by_label:
            raise ArgumentError("level-unknown", f"there is no curve of {level!r}", hint=permitted(level, by_label))
        return by_label[level]

    def __iter__(self) -> Iterator[HazardCurve]:
        return iter(self.curves)

    def __repr__(self) -> str:
        lines = [f"NelsonAalen ({self.ties}, {self.conf_type} limits, {100 * self.conf_level:g}%)"]
        for curve in self.curves:
            name = ", ".join(filter(None, (curve.level, curve.stratum))) or "all"
            events, end = curve.n_event.sum(), f"{curve.hazard[-1]:g} at {curve.time[-1]:g}"
            lines.append(f"{name}: n {curve.total:g}, events {events:g}, cumulative hazard {end}")
        return "\n".join(lines)

    def to_frame(self) -> Any:
        """The curves as a data frame, one row per curve and distinct time, in the library the data came from."""
        names = ("time", "n_risk", "n_event", "n_censor", "hazard", "std_error", "conf_low", "conf_high")
        columns: dict[str, Any] = {}
        for key, attribute in ((self.group_name, "level"), (self.stratum_name, "stratum")):
            if any(getattr(curve, attribute) for curve in self.curves):
                columns[key] = [getattr(curve, attribute) for curve in self.curves for _ in curve.time]
        columns |= {name: np.concatenate([getattr(curve, name) for curve in self.curves]) for name in names}
        return to_native_frame(columns, self.library)

    def to_rows(self) -> list[ResultRow]:
        """Per curve: n, n_event and n_censor ("summary"); the cumulative hazard with limits ("curve")."""
        rows: list[ResultRow] = []
        for curve in self.curves:
            groups = group_columns(self.group_name, curve.level, self.stratum_name, curve.stratum)
            base = ResultRow(parameter="summary", statistic="", method="nelson-aalen", **groups)
            counts = {"n": curve.total, "n_event": curve.n_event.sum(), "n_censor": curve.n_censor.sum()}
            rows += [replace(base, statistic=k, value=float(v), format="int") for k, v in counts.items()]
            base = replace(base, parameter="curve", at_unit=self.time_unit)
            columns = {
                "hazard": curve.hazard,
                "hazard_low": curve.conf_low,
                "hazard_high": curve.conf_high,
                "std_error": curve.std_error,
                "n_risk": curve.n_risk,
                "n_event": curve.n_event,
            }
            for j, t in enumerate(curve.time):
                for name, values in columns.items():
                    hint = "int" if name.startswith("n_") else None
                    rows.append(replace(base, statistic=name, at=float(t), format=hint, **number(values[j])))
        return rows


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
    return NelsonAalen(curves, km.group_name, km.stratum_name, rule, kind, scale, km.conf_level, time_unit, km.library)


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
