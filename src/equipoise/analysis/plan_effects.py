"""Result rows of planned time-to-event tests and estimates, one comparison at a time (docs/results.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from equipoise.analysis.adjusted_logrank import adjusted_logrank
from equipoise.analysis.comparison import ALTERNATIVES
from equipoise.analysis.cox_regression import cox
from equipoise.analysis.curve_contrasts import ArmValue, Contrast
from equipoise.analysis.label_schemes import scheme_of_arms
from equipoise.analysis.logrank_test import logrank
from equipoise.analysis.maxcombo_test import maxcombo
from equipoise.analysis.milestones import median_difference, milestone
from equipoise.analysis.plan_rows import TimeScale, arm_columns, hazard_ratio_rows, logrank_rows
from equipoise.analysis.population import ARM
from equipoise.analysis.rerandomization import rerandomization_test
from equipoise.analysis.rmst_comparison import rmst
from equipoise.errors import DataError
from equipoise.frames.results import ResultRow, fill
from equipoise.frames.row_result import number

STRATUM = "_STRATUM"
# Tests that compare all arms at once; the others compare two.
SEVERAL_ARMS = (
    "logrank", "fleming-harrington", "tarone-ware", "gehan", "peto", "modified-peto", "modestly-weighted"
)  # fmt: skip


@dataclass(frozen=True)
class PlannedEffect:
    """A planned test or estimate in plain values.

    `options` are those of its estimator, times in days; `parameter` names its rows and `words` stand beside them;
    `sides` of a test, `conf_level` of an estimate.
    """

    method: str
    parameter: str
    words: str
    stratified: bool
    options: Mapping[str, Any]
    sides: int = 2
    conf_level: float = 0.95

    @property
    def alternative(self) -> str:
        return ALTERNATIVES[0] if self.sides == 2 else ALTERNATIVES[1]


def test_rows(
    plan: PlannedEffect, data: pl.DataFrame, control: str, columns: Mapping[str, Any], warning: str | None
) -> list[ResultRow]:
    """The rows of one test; `data` holds AVAL, event, arm, stratum and what the options name by column.

    `columns` names the contrast where the trial has more than two arms. Raises EstimationError, ArgumentError and
    DataError as the estimator does.
    """
    shared: dict[str, Any] = {
        "reference": control,
        "strata": data[STRATUM] if plan.stratified else None,
        "alternative": plan.alternative,
    }
    make = _TESTS.get(plan.method, _weighted_test)
    return fill(make(plan, data, shared, columns), warning=warning)


def _columns(data: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    return data["AVAL"], data["event"], data[ARM]


def _weighted_test(
    plan: PlannedEffect, data: pl.DataFrame, shared: dict[str, Any], columns: Mapping[str, Any]
) -> list[ResultRow]:
    options = dict(plan.options)
    if plan.method not in ("logrank", "fleming-harrington"):
        options["weighting"] = plan.method
    result = logrank(*_columns(data), **shared, **options)
    rows = logrank_rows(result, plan.words, parameter=plan.parameter)
    if not columns:
        return rows
    # Of a pair only the comparison: the arms' own numbers stand beside the test of all arms.
    return _placed([row for row in rows if row.group1 is None], columns)


def _placed(rows: list[ResultRow], columns: Mapping[str, Any]) -> list[ResultRow]:
    return fill(rows, **columns)


def _maxcombo(
    plan: PlannedEffect, data: pl.DataFrame, shared: dict[str, Any], columns: Mapping[str, Any]
) -> list[ResultRow]:
    result = maxcombo(*_columns(data), **shared, **plan.options)
    place = {"parameter": plan.parameter, "method": "maxcombo", "convention": result.convention}
    notes = {"label": plan.words, "error": result.message, "warning": result.note}
    rows = [
        ResultRow(statistic="z", **place, **notes, **number(result.z_max)),
        ResultRow(statistic="p_value", format="p", **place, **notes, **number(result.p_value)),
    ]
    rows = _placed(rows, columns)
    if columns:
        return rows
    for (rho, gamma), z, p in zip(result.tests, result.z, result.single_p, strict=True):
        named = place | {"group1": "test", "level1": f"Fleming-Harrington({rho:g}, {gamma:g})", "label": "unadjusted"}
        rows.append(ResultRow(statistic="z", **named, **number(float(z))))
        rows.append(ResultRow(statistic="p_value", format="p", **named, **number(float(p))))
    return rows


def _adjusted(
    plan: PlannedEffect, data: pl.DataFrame, shared: dict[str, Any], columns: Mapping[str, Any]
) -> list[ResultRow]:
    named: Mapping[str, str] = plan.options["covariates"]
    covariates = {name: data[column] for name, column in named.items()}
    result = adjusted_logrank(*_columns(data), **shared, covariates=covariates)
    notes: dict[str, Any] = {
        "parameter": plan.parameter, "method": "adjusted-logrank", "convention": result.convention,
        "label": plan.words, "error": result.message,
    }  # fmt: skip
    values = {"z": (None, result.z), "chi_square": (None, result.chi_square), "df": ("int", 1.0)}
    values["p_value"] = ("p", result.p_value)
    rows = [ResultRow(statistic=k, format=form, **notes, **number(v)) for k, (form, v) in values.items()]
    return _placed(rows, columns)


def _rerandomized(
    plan: PlannedEffect, data: pl.DataFrame, shared: dict[str, Any], columns: Mapping[str, Any]
) -> list[ResultRow]:
    options = dict(plan.options)
    order, warning = _arrival(data, options.pop("arrival"))
    scheme = scheme_of_arms(options.pop("scheme"), data[ARM].unique().to_list())
    result = rerandomization_test(
        *_columns(data), **shared, **options, scheme=scheme, arrival=order, randomization_strata=data[STRATUM]
    )
    label = f"{plan.words}; {result.scheme}"
    notes: dict[str, Any] = {
        "parameter": plan.parameter, "method": "rerandomization", "convention": result.convention, "label": label,
        "error": result.message, "warning": warning,
    }  # fmt: skip
    name = "z" if result.statistic == "z" else "observed_minus_expected"
    values = {
        name: (None, result.observed if name == "z" else -result.observed),
        "p_value": ("p", result.p_value),
        "p_value_error": (None, result.p_error),
        "n_labellings": ("int", float(result.draws)),
    }
    rows = [ResultRow(statistic=k, format=form, **notes, **number(v)) for k, (form, v) in values.items()]
    return _placed(rows, columns)


def _arrival(data: pl.DataFrame, column: str) -> tuple[np.ndarray, str | None]:
    """The place of each patient in the order of randomization, and how many of one stratum share theirs."""
    when = data[column]
    if when.null_count():
        raise DataError(
            "value-invalid",
            f"{column} is missing for {when.null_count()} of the patients",
            where=f"ADSL.{column}",
            reason="the order of randomization decides which allocations were possible",
        )
    place = np.empty(data.height)
    place[when.arg_sort().to_numpy()] = np.arange(data.height)
    shared = data.height - data.select(column, STRATUM).n_unique()
    if not shared:
        return place, None
    were = "1 patient shares" if shared == 1 else f"{shared} patients share"
    return place, f"{were} {column} with another of the same stratum: they are taken in the order of the data"


_Test = Callable[[PlannedEffect, pl.DataFrame, dict[str, Any], Mapping[str, Any]], list[ResultRow]]
_TESTS: dict[str, _Test] = {"maxcombo": _maxcombo, "adjusted-logrank": _adjusted, "rerandomization": _rerandomized}


def estimate_rows(
    plan: PlannedEffect,
    data: pl.DataFrame,
    control: str,
    columns: Mapping[str, Any],
    scale: TimeScale,
    warning: str | None,
) -> list[ResultRow]:
    """The rows of one estimate of an experimental arm, named by `columns`, against the control arm.

    Raises EstimationError, ArgumentError and DataError as the estimator does.
    """
    rows = _ESTIMATES[plan.method](plan, data, control, dict(columns), scale)
    return fill(rows, warning=warning)


def _strata(plan: PlannedEffect, data: pl.DataFrame) -> pl.Series | None:
    return data[STRATUM] if plan.stratified else None


def _hazard_ratio(
    plan: PlannedEffect, data: pl.DataFrame, control: str, columns: dict[str, Any], _: TimeScale
) -> list[ResultRow]:
    fit = cox(
        *_columns(data), reference=control, strata=_strata(plan, data), conf_level=plan.conf_level, **plan.options
    )
    return hazard_ratio_rows(fit, columns, words=plan.words)


def _restricted_mean(
    plan: PlannedEffect, data: pl.DataFrame, control: str, columns: dict[str, Any], scale: TimeScale
) -> list[ResultRow]:
    result = rmst(
        *_columns(data), reference=control, strata=_strata(plan, data), conf_level=plan.conf_level, time_unit="days",
        **plan.options,
    )  # fmt: skip
    (found,) = result.contrasts
    shared = {"parameter": plan.parameter, "method": "rmst-difference", "at": scale(result.tau), "at_unit": scale.unit}
    shared |= {"label": plan.words, "warning": found.arms.warning}
    time: dict[str, Any] = {"format": "time", "unit": scale.unit}
    rows = _arm_rows(found.arms[:2], "rmst", shared | time | {"method": "rmst"}, scale)
    rows += _difference_rows(found.difference, shared | columns, time, scale)
    rows += _ratio_rows("ratio", (found.ratio.estimate, found.ratio.conf_low, found.ratio.conf_high), shared | columns)
    return [*rows, _level_row(plan, shared | columns)]


def _milestone(
    plan: PlannedEffect, data: pl.DataFrame, control: str, columns: dict[str, Any], scale: TimeScale
) -> list[ResultRow]:
    result = milestone(
        *_columns(data), reference=control, strata=_strata(plan, data), conf_level=plan.conf_level, time_unit="days",
        **plan.options,
    )  # fmt: skip
    (found,) = result.contrasts
    shared = {"parameter": plan.parameter, "method": "milestone", "at": scale(result.at), "at_unit": scale.unit}
    shared |= {"label": plan.words, "warning": found.message or found.arms.warning}
    percent: dict[str, Any] = {"format": "percent"}
    rows = _arm_rows(found.arms[:2], "survival", shared | percent, None)
    rows += _difference_rows(found.difference, shared | columns, percent, None)[:-1]
    test = shared | columns | {"label": f"{plan.words}; test on the {result.transform} scale"}
    rows.append(ResultRow(statistic="p_value", format="p", **test, **number(found.p_value)))
    return [*rows, _level_row(plan, shared | columns)]


def _median_difference(
    plan: PlannedEffect, data: pl.DataFrame, control: str, columns: dict[str, Any], scale: TimeScale
) -> list[ResultRow]:
    result = median_difference(*_columns(data), reference=control, conf_level=plan.conf_level, **plan.options)
    (found,) = result.contrasts
    shared = {"parameter": plan.parameter, "method": "median-difference", "convention": result.convention}
    shared |= {"label": plan.words, **columns}
    values = {"estimate": found.difference, "conf_low": found.difference_low, "conf_high": found.difference_high}
    rows = [
        ResultRow(statistic=k, format="time", unit=scale.unit, **shared, **number(scale(v))) for k, v in values.items()
    ]
    rows += _ratio_rows("ratio", (found.ratio, found.ratio_low, found.ratio_high), shared)
    return [*rows, _level_row(plan, shared)]


def _arm_rows(
    arms: tuple[ArmValue, ...], statistic: str, shared: dict[str, Any], scale: TimeScale | None
) -> list[ResultRow]:
    """What each arm has, in the unit of the report where it is a time."""
    rows = []
    for arm in arms:
        for name, value in ((statistic, arm.value), ("std_error", arm.std_error)):
            shown = scale(value) if scale else value
            rows.append(ResultRow(statistic=name, **{**shared, **arm_columns(arm.level)}, **number(shown)))
    return rows


def _difference_rows(
    found: Contrast, shared: dict[str, Any], form: dict[str, Any], scale: TimeScale | None
) -> list[ResultRow]:
    values = {"estimate": found.estimate, "conf_low": found.conf_low, "conf_high": found.conf_high}
    rows = [
        ResultRow(statistic=k, **shared, **form, **number(scale(v) if scale else v))
        for k, v in (values | {"std_error": found.std_error}).items()
    ]
    return [*rows, ResultRow(statistic="p_value", format="p", **shared, **number(found.p_value))]


def _ratio_rows(stem: str, values: tuple[float, float, float], shared: dict[str, Any]) -> list[ResultRow]:
    names = (stem, f"{stem}_low", f"{stem}_high")
    return [ResultRow(statistic=k, format="ratio", **shared, **number(v)) for k, v in zip(names, values, strict=True)]


def _level_row(plan: PlannedEffect, shared: dict[str, Any]) -> ResultRow:
    return ResultRow(statistic="conf_level", value=plan.conf_level, format="percent", **shared)


_Estimate = Callable[[PlannedEffect, pl.DataFrame, str, dict[str, Any], TimeScale], list[ResultRow]]
_ESTIMATES: dict[str, _Estimate] = {
    "cox": _hazard_ratio,
    "rmst": _restricted_mean,
    "milestone": _milestone,
    "median-difference": _median_difference,
}
