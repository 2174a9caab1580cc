"""Result rows of planned tests and estimates of response rates, one pair of arms at a time (docs/results.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from equipoise.analysis.cmh_test import cmh, rate_test
from equipoise.analysis.exact_unconditional import exact_unconditional
from equipoise.analysis.odds_ratios import METHODS as ODDS_RATIOS
from equipoise.analysis.odds_ratios import odds_ratio
from equipoise.analysis.plan_effects import STRATUM, PlannedEffect
from equipoise.analysis.population import ARM
from equipoise.analysis.rate_differences import rate_difference
from equipoise.analysis.two_by_two import TwoByTwo, two_by_two
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number

RESPONDED = "_RESPONDED"


def respondents(subjects: pl.DataFrame, records: pl.DataFrame, responders: Sequence[str]) -> pl.DataFrame:
    """One row per patient of the set with `_RESPONDED`; a patient without a record did not respond."""
    found = records.filter(pl.col("AVALC").is_in(list(responders)))["USUBJID"].unique()
    return subjects.with_columns(pl.col("USUBJID").is_in(found.to_list()).alias(RESPONDED))


def rate_test_rows(
    plan: PlannedEffect, data: pl.DataFrame, control: str, columns: Mapping[str, Any], warning: str | None
) -> list[ResultRow]:
    """The rows of one test of two arms: its statistic where it has one, and P."""
    table = _table(plan, data, control)
    alternative = "two-sided" if plan.sides == 2 else "greater"
    if plan.method in ("barnard", "boschloo"):
        exact = exact_unconditional(table, statistic=plan.method, alternative=alternative)
        values: dict[str, float] = {"p_value": exact.p_value}
        message = None
    else:
        found = (
            cmh(table, alternative=alternative)
            if plan.method == "cmh"
            else rate_test(table, method=plan.method, alternative=alternative)
        )
        known = found.z == found.z
        values = {"z": found.z, "chi_square": found.chi_square} if known else {}
        values |= {"p_value": found.p_value}
        message = found.message
    shared: dict[str, Any] = {
        "parameter": plan.parameter, "method": plan.method, "label": plan.words, "error": message,
        "warning": _joined(table.warning, warning), **columns,
    }  # fmt: skip
    return [
        ResultRow(statistic=name, format="p" if name == "p_value" else None, **shared, **number(value))
        for name, value in values.items()
    ]


def rate_estimate_rows(
    plan: PlannedEffect, data: pl.DataFrame, control: str, columns: Mapping[str, Any], warning: str | None
) -> list[ResultRow]:
    """The rows of one rate difference or odds ratio."""
    table = _table(plan, data, control)
    ratio = plan.method in ODDS_RATIOS
    make = odds_ratio if ratio else rate_difference
    found = make(table, method=plan.method, conf_level=plan.conf_level, **plan.options)
    shared: dict[str, Any] = {
        "parameter": plan.parameter, "method": plan.method, "label": plan.words,
        "warning": _joined(found.table.warning, warning), "error": getattr(found, "message", None), **columns,
    }  # fmt: skip
    form = "ratio" if ratio else "percent"
    values = {"estimate": found.estimate, "conf_low": found.conf_low, "conf_high": found.conf_high}
    rows = [ResultRow(statistic=k, format=form, **shared, **number(v)) for k, v in values.items()]
    if found.p_value == found.p_value:
        rows.append(ResultRow(statistic="p_value", value=found.p_value, format="p", **shared))
    return [*rows, ResultRow(statistic="conf_level", value=plan.conf_level, format="percent", **shared)]


def _table(plan: PlannedEffect, data: pl.DataFrame, control: str) -> TwoByTwo:
    return two_by_two(data[RESPONDED], data[ARM], reference=control, strata=data[STRATUM] if plan.stratified else None)


def _joined(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note) or None
