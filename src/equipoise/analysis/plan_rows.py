"""Result rows of planned time-to-event analyses, in the shape that reports read (docs/results.md).

Estimators work in whole days; `TimeScale` turns what they say into the unit of the report, after every tie is decided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from equipoise.analysis.cox_regression import CoxRegression
from equipoise.analysis.curve_readings import Quantile
from equipoise.analysis.logrank_test import LogrankTest
from equipoise.analysis.survival_curves import SurvivalCurve
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number
from equipoise.quantities import DAYS_PER_UNIT

_STEPS = {"months": (1, 2, 3, 6, 12, 24), "days": (30, 90, 180, 365, 730)}
_MOST_TICKS = 9


@dataclass(frozen=True)
class TimeScale:
    """The unit of reported times ("months" or "days")."""

    unit: str

    def __call__(self, days: float) -> float:
        return days / DAYS_PER_UNIT[self.unit]

    def days(self, value: float) -> float:
        return value * DAYS_PER_UNIT[self.unit]

    def ticks(self, last_day: float) -> list[float]:
        """Clinical intervals from 0 to the last observation, at most nine steps."""
        last = self(last_day)
        step = next((step for step in _STEPS[self.unit] if last / step <= _MOST_TICKS), None)
        step = step or math.ceil(last / _MOST_TICKS / _STEPS[self.unit][-1]) * _STEPS[self.unit][-1]
        return [float(tick) for tick in range(0, math.floor(last) + 1, step)]


def arm_columns(arm: str) -> dict[str, Any]:
    """The group columns of a row about one arm."""
    return {"group1": "arm", "level1": arm}


def summary_rows(curve: SurvivalCurve, scale: TimeScale, columns: Mapping[str, Any]) -> list[ResultRow]:
    """n, events, censored, and the median with its interval."""
    shared: dict[str, Any] = {"parameter": "kaplan-meier", "convention": curve.convention, **columns}
    counts = {"n": curve.total, "n_event": curve.total_event, "n_censor": curve.total_censor}
    rows = [
        ResultRow(statistic=name, value=value, format="int", method="kaplan-meier", **shared)
        for name, value in counts.items()
    ]
    return rows + median_rows(curve.median(), scale, shared)


def median_rows(median: Quantile, scale: TimeScale, shared: Mapping[str, Any]) -> list[ResultRow]:
    """A median with its limits in the reported unit."""
    parts = {
        "median": number(scale(median.time), "not reached"),
        "median_low": number(scale(median.conf_low)),
        "median_high": number(scale(median.conf_high)),
    }
    extra = {"unit": scale.unit, "format": "time", "method": "brookmeyer-crowley", **shared}
    return [ResultRow(statistic=name, **extra, **value) for name, value in parts.items()]


def landmark_rows(
    curve: SurvivalCurve, times: Iterable[tuple[float, str, float]], columns: Mapping[str, Any]
) -> list[ResultRow]:
    """Survival at planned times, each given as (value, unit, days)."""
    rows = []
    for value, unit, days in times:
        reading = curve.at(days)[0]
        shared: dict[str, Any] = {
            "parameter": "landmark",
            "at": value,
            "at_unit": unit,
            "format": "percent",
            "method": "kaplan-meier",
            "warning": reading.message,
            **columns,
        }
        rows.append(ResultRow(statistic="survival", **shared, **number(reading.survival)))
        rows.append(ResultRow(statistic="survival_low", **shared, **number(reading.conf_low)))
        rows.append(ResultRow(statistic="survival_high", **shared, **number(reading.conf_high)))
        rows.append(ResultRow(statistic="n_risk", **{**shared, "format": "int"}, **number(reading.n_risk)))
    return rows


def curve_rows(curve: SurvivalCurve, scale: TimeScale, columns: Mapping[str, Any]) -> list[ResultRow]:
    """The curve itself, from time zero, at every distinct time."""
    shared: dict[str, Any] = {"parameter": "curve", "at_unit": scale.unit, "method": "kaplan-meier", **columns}
    series = {
        "survival": ("percent", 1.0, curve.survival),
        "survival_low": ("percent", 1.0, curve.conf_low),
        "survival_high": ("percent", 1.0, curve.conf_high),
        "n_risk": ("int", curve.total, curve.n_risk),
        "n_event": ("int", 0.0, curve.n_event),
        "n_censor": ("int", 0.0, curve.n_censor),
    }
    origin = [
        ResultRow(statistic=name, at=0.0, value=start, format=form, **shared)
        for name, (form, start, _) in series.items()
        if not (len(curve.time) and curve.time[0] == 0.0)
    ]
    return origin + [
        ResultRow(statistic=name, at=scale(float(day)), format=form, **shared, **number(float(values[place])))
        for place, day in enumerate(curve.time)
        for name, (form, _, values) in series.items()
    ]


def risk_table_rows(
    curve: SurvivalCurve, ticks: Iterable[float], scale: TimeScale, columns: Mapping[str, Any]
) -> list[ResultRow]:
    """Numbers at risk, and censored before, at the ticks of the figure's axis."""
    rows = []
    for tick in ticks:
        numbers = curve.at_risk(scale.days(tick))[0]
        shared: dict[str, Any] = {"parameter": "at-risk", "at": tick, "at_unit": scale.unit, "format": "int", **columns}
        rows.append(ResultRow(statistic="n_risk", value=numbers.n_risk, method="kaplan-meier", **shared))
        rows.append(ResultRow(statistic="n_censor_cumulative", value=numbers.n_censor, method="kaplan-meier", **shared))
    return rows


def follow_up_rows(curve: SurvivalCurve, scale: TimeScale, columns: Mapping[str, Any]) -> list[ResultRow]:
    """Median follow-up by reverse Kaplan-Meier."""
    shared: dict[str, Any] = {"parameter": "follow-up", "label": "reverse Kaplan-Meier", **columns}
    return median_rows(curve.median(), scale, shared)


def logrank_rows(test: LogrankTest, words: str, *, parameter: str = "logrank") -> list[ResultRow]:
    """The log-rank test, or a weighted one; `words` says sides and strata, `parameter` names the rows."""
    weighting = test.weighting
    shared: dict[str, Any] = {"parameter": parameter, "method": weighting.method, "convention": test.convention}
    prefix = "" if weighting.kind == "logrank" else "weighted_"
    per_arm = [
        ResultRow(statistic=prefix + name, value=float(values[place]), **shared, **arm_columns(level))
        for place, level in enumerate(test.levels)
        for name, values in (("observed", test.observed), ("expected", test.expected))
    ]
    notes = {"label": words, "error": test.message, "warning": _one_arm(test)}
    statistics = {"z": test.z, "chi_square": test.chi_square, "df": float(test.df), "p_value": test.p_value}
    forms = {"df": "int", "p_value": "p"}
    return per_arm + [
        ResultRow(statistic=name, format=forms.get(name), **shared, **notes, **number(value))
        for name, value in statistics.items()
    ]


def hazard_ratio_rows(fit: CoxRegression, columns: Mapping[str, Any], *, words: str) -> list[ResultRow]:
    """The hazard ratio of a model with one treatment coefficient."""
    low, high = fit.conf_int[0]
    shared: dict[str, Any] = {
        "label": words,
        "method": f"cox-{fit.ties}",
        "convention": fit.convention,
        "warning": fit.warning,
        **columns,
    }
    statistics = {
        "estimate": ("ratio", float(fit.hazard_ratio[0])),
        "conf_low": ("ratio", float(low)),
        "conf_high": ("ratio", float(high)),
        "std_error": (None, float(fit.std_error[0])),
        "p_value": ("p", float(fit.p_value[0])),
        "conf_level": ("percent", fit.conf_level),
        "n": ("int", float(fit.n)),
        "n_event": ("int", float(fit.n_event)),
    }
    return [ResultRow(statistic=name, format=form, **shared, **number(v)) for name, (form, v) in statistics.items()]


def _one_arm(test: LogrankTest) -> str | None:
    if not test.one_arm_strata:
        return None
    return f"strata with one arm only contribute nothing: {'; '.join(test.one_arm_strata)}"
