"""The cumulative incidence of each cause of failure by the Aalen-Johansen estimate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.analysis.competing_inputs import CauseData, cause_data
from equipoise.analysis.curve_readings import curve_rows
from equipoise.analysis.group_curves import GroupCurves, curve_name
from equipoise.analysis.inputs import CONVENTIONS, check_choice, check_level_of_confidence, conf_level_row, tolerance_of
from equipoise.frames.columns import library_of, name_of, to_times
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.competing import VARIANCES, aalen_johansen, cause_table, incidence_variance
from equipoise.kernels.plain.special import normal_quantile

CONF_TYPES = ("log-log", "log", "plain")


@dataclass(frozen=True)
class IncidenceReading:
    """The cumulative incidence of one curve at one time; NaN after a censored last observation."""

    level: str
    stratum: str
    cause: str
    at: float
    incidence: float
    std_error: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, eq=False)
class IncidenceCurve:
    """One cause in one group: arrays over the group's distinct observed times, in the unit of the data.

    `incidence[j]` holds from `time[j]` on; `n_risk` is just before the time; `n_event` counts this cause,
    `n_other` the other causes. Limits are NaN where they are undefined.
    """

    level: str
    stratum: str
    cause: str
    time: np.ndarray
    incidence: np.ndarray
    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_other: np.ndarray
    n_censor: np.ndarray
    total: float
    event_free: np.ndarray

    def at(self, times: Iterable[float] | float) -> list[IncidenceReading]:
        """The incidence with limits at each of `times`; see `CumulativeIncidence.at`."""
        wanted = to_times(np.atleast_1d(np.asarray(times, dtype=float)), "times")
        return [self._read(float(t)) for t in wanted]

    def _read(self, t: float) -> IncidenceReading:
        names = self.level, self.stratum, self.cause
        last = int(np.searchsorted(self.time, t, side="right")) - 1
        if last < 0:
            return IncidenceReading(*names, t, 0.0, 0.0, 0.0, 0.0)
        if t > self.time[-1] and self.event_free[-1] > 0.0:
            return IncidenceReading(*names, t, *[float("nan")] * 4)
        found = (float(a[last]) for a in (self.incidence, self.std_error, self.conf_low, self.conf_high))
        return IncidenceReading(*names, t, *found)


@dataclass(frozen=True, eq=False, repr=False)
class CumulativeIncidence(GroupCurves[IncidenceCurve]):
    """Cumulative incidences by group (and stratum) and cause; `result["Placebo", "relapse"]` takes one curve."""

    causes: tuple[str, ...]
    variance: str
    conf_type: str
    conf_level: float

    def __repr__(self) -> str:
        lines = [f"CumulativeIncidence ({self.conf_type} limits, {100 * self.conf_level:g}%)"]
        for c in self.curves:
            last = f"{c.incidence[-1]:.4g} at {c.time[-1]:g}"
            lines.append(f"{curve_name(c)}: n {c.total:g}, events {c.n_event.sum():g}, incidence {last}")
        return "\n".join(lines)

    def at(self, times: Iterable[float] | float) -> list[IncidenceReading]:
        """Incidences with limits at given times, for each curve; NaN after a last observation that is censored."""
        return [reading for curve in self.curves for reading in curve.at(times)]

    def to_rows(self) -> list[ResultRow]:
        """Per curve: n and n_event ("summary"); the incidence with limits ("incidence: the cause")."""
        rows: list[ResultRow] = []
        for curve in self.curves:
            place: dict[str, Any] = {"parameter": f"summary: {curve.cause}", "method": "aalen-johansen"}
            place |= self._groups(curve)
            counts = {"n": curve.total, "n_event": float(curve.n_event.sum()), "n_other": float(curve.n_other.sum())}
            rows += [ResultRow(statistic=name, value=v, format="int", **place) for name, v in counts.items()]
            columns = {
                "incidence": curve.incidence,
                "incidence_low": curve.conf_low,
                "incidence_high": curve.conf_high,
                "std_error": curve.std_error,
                "n_risk": curve.n_risk,
            }
            rows.append(conf_level_row(self.conf_level, place))
            place |= {"parameter": f"incidence: {curve.cause}", "at_unit": self.time_unit}
            rows += curve_rows(curve.time, columns, place, "percent")
        return rows

    def _frame_columns(self) -> tuple[str, ...]:
        return "time", "n_risk", "n_event", "n_other", "n_censor", "incidence", "std_error", "conf_low", "conf_high"


def cumulative_incidence(
    time: Any,
    event: Any,
    *,
    group: Any = None,
    strata: Any = None,
    entry: Any = None,
    weights: Any = None,
    censored: Any = 0,
    variance: str = "aalen",
    conf_type: str = "log-log",
    conf_level: float = 0.95,
    convention: str = "r",
    time_tolerance: float | None = None,
    time_unit: str | None = None,
) -> CumulativeIncidence:
    """The cumulative incidence of each of several causes of failure, by group, with pointwise limits.

    Arguments: `time`, `group`, `strata`, `entry`, `weights`, `conf_level`, `convention`, `time_tolerance`, `time_unit`
    as `kaplan_meier`. `event`: the cause of failure of each subject, numbers or text. `censored`: its level that means
    no failure. `variance`: "aalen" (as cmprsk's cuminc) or "greenwood" (delta method, as survfit). `conf_type`:
    "log-log", "log" or "plain".

    Returns a `CumulativeIncidence`. Raises ArgumentError `level-unknown` when `event` has no level `censored` (numbers
    without a 0 are taken as all failed); DataError for columns that cannot be used.

    Formula: F_k(t) = sum over t_j <= t of S(t_j-) d_kj / n_j.
    Source: Aalen and Johansen 1978; Gaynor et al. 1993, doi:10.1080/01621459.1993.10476289.

    >>> both = cumulative_incidence([1, 2, 3, 4], [1, 2, 0, 1])
    >>> both["1"].incidence.tolist(), both["2"].incidence.tolist()
    ([0.25, 0.25, 0.25, 0.75], [0.0, 0.25, 0.25, 0.25])
    """
    check_choice(convention, CONVENTIONS, "convention")
    kind = check_choice(variance, VARIANCES, "variance")
    scale = check_choice(conf_type, CONF_TYPES, "conf_type")
    level = check_level_of_confidence(conf_level)
    tolerance = tolerance_of(time_tolerance, convention)
    data = cause_data(
        time, event, censored=censored, group=group, strata=strata, entry=entry, weights=weights,
        time_tolerance=tolerance,
    )  # fmt: skip
    curves = tuple(_curves(data, kind, scale, level))
    names = data.survival.group_name, name_of(strata, "strata")
    options = {"time_unit": time_unit, "library": library_of(time)}
    return CumulativeIncidence(curves, *names, data.causes, kind, scale, level, **options)


def _curves(data: CauseData, variance: str, conf_type: str, conf_level: float) -> Iterator[IncidenceCurve]:
    survival_columns = data.survival
    for s, stratum in enumerate(survival_columns.strata.labels):
        for g, level in enumerate(survival_columns.group.labels):
            rows = (survival_columns.group.codes == g) & (survival_columns.strata.codes == s)
            if not rows.any():
                continue
            weight = None if survival_columns.weight is None else survival_columns.weight[rows]
            entry = None if survival_columns.entry is None else survival_columns.entry[rows]
            table = cause_table(survival_columns.time[rows], data.code[rows], len(data.causes), weight, entry)
            free, incidence = aalen_johansen(table.n_risk, table.events)
            total = float(rows.sum()) if weight is None else float(weight.sum())
            for k, cause in enumerate(data.causes):
                spread = incidence_variance(table.n_risk, table.events, free, incidence, k, variance)
                std_error = np.sqrt(spread)
                low, high = incidence_limits(incidence[:, k], std_error, conf_type, conf_level)
                own = table.events[:, k]
                yield IncidenceCurve(
                    level, stratum, cause, table.time, incidence[:, k], std_error, low, high, table.n_risk, own,
                    table.events.sum(axis=1) - own, table.n_censor, total, free,
                )  # fmt: skip


def incidence_limits(
    incidence: np.ndarray, std_error: np.ndarray, conf_type: str, conf_level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise limits on a scale: plain F, log F, or log(-log F); NaN at 0 (and at 1 for log-log)."""
    z = normal_quantile(0.5 + conf_level / 2.0)
    half = z * std_error
    if conf_type == "plain":
        return np.maximum(incidence - half, 0.0), np.minimum(incidence + half, 1.0)
    known = np.where(incidence > 0.0, incidence, np.nan)
    if conf_type == "log":
        return known * np.exp(-half / known), np.minimum(known * np.exp(half / known), 1.0)
    inside = np.where(known < 1.0, known, np.nan)
    # An incidence of 1 but for rounding has limits of 0 and 1.
    with np.errstate(over="ignore"):
        factor = np.exp(half / (inside * np.abs(np.log(inside))))
    return inside**factor, inside ** (1.0 / factor)
