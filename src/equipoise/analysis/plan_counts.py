"""Result rows of planned counts: response, adverse events, patient flow, baseline (docs/results.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from equipoise.analysis.adverse_events import AdverseEventRate, adverse_event_rates
from equipoise.analysis.binomial_rates import rate_interval
from equipoise.analysis.descriptive import (
    OVERALL,
    CategoricalSummary,
    ContinuousSummary,
    baseline_summary,
    flow_counts,
)
from equipoise.analysis.plan_rows import arm_columns
from equipoise.analysis.population import ARM, Population
from equipoise.frames.results import ResultRow, fill
from equipoise.frames.row_result import number

RESPONSES = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "MISSING")
TOTAL = "total"
NOT_CODED = "Not coded"

BaselineColumns = Mapping[str, tuple[str, str, tuple[str, ...], str | None]]


def response_rows(
    records: pl.DataFrame,
    population: Population,
    arms: Sequence[str],
    *,
    responders: Sequence[str],
    method: str,
    conf_level: float,
    distribution: bool,
) -> list[ResultRow]:
    """Response rates by arm over all patients of the set (no record counts as no response), and best responses."""
    rows: list[ResultRow] = []
    for arm in arms:
        n = population.size(arm)
        part = records.filter(pl.col(ARM) == arm)
        x = part.filter(pl.col("AVALC").is_in(list(responders)))["USUBJID"].n_unique()
        rows += _rate(x, n, method, conf_level, arm_columns(arm))
        if distribution:
            rows += _distribution(part, n, arm_columns(arm))
    return rows


def _rate(x: int, n: int, method: str, conf_level: float, columns: Mapping[str, Any]) -> list[ResultRow]:
    interval = rate_interval(x, n, method=method, conf_level=conf_level)
    shared: dict[str, Any] = {"parameter": "rate", "method": method, **columns}
    statistics = {
        "n": ("int", float(n)),
        "n_responder": ("int", float(x)),
        "estimate": ("percent", interval.estimate),
        "conf_low": ("percent", interval.conf_low),
        "conf_high": ("percent", interval.conf_high),
        "conf_level": ("percent", conf_level),
    }
    return [ResultRow(statistic=name, format=form, **shared, **number(v)) for name, (form, v) in statistics.items()]


def _distribution(part: pl.DataFrame, n: int, columns: Mapping[str, Any]) -> Iterator[ResultRow]:
    counts = dict(part.group_by("AVALC").agg(pl.col("USUBJID").n_unique()).iter_rows())
    recorded = sum(counts.values())
    counts["MISSING"] = counts.get("MISSING", 0) + n - recorded
    for response in RESPONSES:
        count = counts.get(response, 0)
        shared: dict[str, Any] = {
            "parameter": "best-response",
            **columns,
            "group2": "response",
            "level2": response,
        }
        yield ResultRow(statistic="n", value=float(count), format="int", **shared)
        yield ResultRow(statistic="percent", format="percent", **shared, **number(count / n if n else float("nan")))


def adverse_event_rows(
    records: pl.DataFrame, population: Population, arms: Sequence[str], *, minimum_grade: int
) -> list[ResultRow]:
    """Patients with treatment-emergent adverse events by arm: any, by body system, by term; any grade and graded."""
    denominators = {arm: population.size(arm) for arm in arms}
    # Coding lags behind collection: an event without a term or class yet is an event all the same.
    term, system = (records[column].fill_null(NOT_CODED) for column in ("AEDECOD", "AEBODSYS"))
    rates = adverse_event_rates(
        records["USUBJID"],
        term,
        records["ATOXGRN"],
        records[ARM],
        denominators,
        system=system,
        min_grades=(1, minimum_grade),
    )
    rows = fill([row for rate in rates.rates for row in _incidence(rate)], warning=rates.warning)
    return rows + [row for arm in arms for row in _overall(records.filter(pl.col(ARM) == arm), arm, denominators[arm])]


def _incidence(rate: AdverseEventRate) -> list[ResultRow]:
    parameter, name = ("term", rate.term) if rate.term else ("soc", rate.system) if rate.system else ("overall", None)
    graded = "any_grade" if rate.min_grade <= 1 else f"grade_{rate.min_grade}"
    shared: dict[str, Any] = {
        "parameter": parameter,
        **arm_columns(rate.arm),
        "group2": parameter if name else None,
        "level2": name,
        "label": rate.system if rate.term else "",
        "method": "clopper-pearson",
    }
    interval = rate.rate
    rows = [
        ResultRow(statistic=f"n_{graded}", value=float(interval.x), format="int", **shared),
        ResultRow(statistic=f"percent_{graded}", format="percent", **shared, **number(interval.estimate)),
        ResultRow(statistic=f"percent_{graded}_low", format="percent", **shared, **number(interval.conf_low)),
        ResultRow(statistic=f"percent_{graded}_high", format="percent", **shared, **number(interval.conf_high)),
    ]
    if parameter == "overall" and rate.min_grade <= 1:
        rows.insert(0, ResultRow(statistic="n", value=float(interval.n), format="int", **shared))
    return rows


def _overall(records: pl.DataFrame, arm: str, n: int) -> Iterator[ResultRow]:
    """Patients with a serious event, one that stopped treatment, and a fatal one, where the data say so."""
    kinds = {
        "serious": ("AESER", pl.col("AESER") == "Y"),
        "discontinued": ("AEACN", pl.col("AEACN") == "DRUG WITHDRAWN"),
        "fatal": ("AEOUT", pl.col("AEOUT") == "FATAL"),
    }
    shared: dict[str, Any] = {"parameter": "overall", **arm_columns(arm)}
    for kind, (column, predicate) in kinds.items():
        if column in records.columns:
            count = records.filter(predicate)["USUBJID"].n_unique()
            share = count / n if n else float("nan")
            yield ResultRow(statistic=f"n_{kind}", value=float(count), format="int", **shared)
            yield ResultRow(statistic=f"percent_{kind}", format="percent", **shared, **number(share))


def flow_rows(adsl: pl.DataFrame, arms: Sequence[str], analyzed: Mapping[str, Population]) -> list[ResultRow]:
    """Patients through the trial: screened, randomized, treated, stopped, analyzed; reasons where ADSL has them."""
    randomized = adsl.filter(pl.col("RANDDT").is_not_null())
    failed = adsl.filter(pl.col("RANDDT").is_null())
    rows = [
        ResultRow(parameter=name, statistic="n", value=float(n), format="int")
        for name, n in (("screened", adsl.height), ("screen-failure", failed.height), ("randomized", randomized.height))
    ]
    rows += _dates(randomized)
    rows += _reasons(failed, "SCRFRSN", "screen-failure", {})
    steps = [(name, randomized.select(mask.fill_null(False).cast(pl.Int8)).to_series()) for name, mask in _steps(adsl)]
    by_arm = flow_counts(steps, group=randomized["ARMCD"])
    present = set(randomized["ARMCD"].unique())
    for name, _ in steps:
        for arm in arms:
            count = by_arm.n(name, arm) if arm in present else 0
            rows.append(ResultRow(parameter=name, statistic="n", value=float(count), format="int", **arm_columns(arm)))
    for arm in arms:
        stopped = randomized.filter((pl.col("ARMCD") == arm) & (pl.col("SAFFL") == "Y"))
        rows += _reasons(stopped, "DCTREAS", "discontinued-treatment", arm_columns(arm))
    for parameter, population in analyzed.items():
        for arm in arms:
            size = float(population.size(arm))
            rows.append(ResultRow(parameter=parameter, statistic="n", value=size, format="int", **arm_columns(arm)))
    return rows


def _dates(randomized: pl.DataFrame) -> Iterator[ResultRow]:
    """The days of the first and the last randomization, as ISO text."""
    days = randomized["RANDDT"].drop_nulls()
    for statistic, day in (("first_date", days.min()), ("last_date", days.max())):
        if isinstance(day, date):
            yield ResultRow(parameter="randomized", statistic=statistic, value_text=day.isoformat())


def _steps(adsl: pl.DataFrame) -> Iterator[tuple[str, pl.Expr]]:
    """Steps of the flow that ADSL's columns allow to count, as (parameter, predicate)."""
    treated = pl.col("SAFFL") == "Y"
    conditions = (
        ("allocated", (), pl.col("USUBJID").is_not_null()),
        ("treated", ("SAFFL",), treated),
        ("not-treated", ("SAFFL",), ~treated),
        ("on-treatment", ("EOTSTT",), treated & (pl.col("EOTSTT") == "ONGOING")),
        ("discontinued-treatment", ("EOTSTT",), treated & (pl.col("EOTSTT") != "ONGOING")),
        ("on-study", ("EOSSTT",), pl.col("EOSSTT") == "ONGOING"),
        ("died", ("DTHFL",), pl.col("DTHFL") == "Y"),
        ("lost-to-follow-up", ("DCSREAS",), pl.col("DCSREAS") == "LOST TO FOLLOW-UP"),
    )
    for name, needed, predicate in conditions:
        if set(needed) <= set(adsl.columns):
            yield name, predicate


def _reasons(subjects: pl.DataFrame, column: str, parameter: str, columns: Mapping[str, Any]) -> Iterator[ResultRow]:
    if column not in subjects.columns:
        return
    # A patient counts once: several failed criteria are told by the first.
    first = subjects.get_column(column).cast(pl.String).str.split(",").list.first().str.strip_chars()
    counts = first.drop_nulls().value_counts(sort=True, name="n").sort("n", column, descending=[True, False])
    place = "2" if columns else "1"
    for reason, count in counts.iter_rows():
        named = {f"group{place}": "reason", f"level{place}": reason}
        yield ResultRow(parameter=parameter, statistic="n", value=float(count), format="int", **{**columns, **named})


def baseline_rows(population: Population, arms: Sequence[str], variables: BaselineColumns) -> list[ResultRow]:
    """Baseline variables by arm and in total. `variables`: name to (ADSL column, type, level codes, unit)."""
    if not variables:
        return []
    subjects = population.subjects
    rows = [
        ResultRow(parameter="denominator", statistic="n", value=float(n), format="int", **arm_columns(arm))
        for arm, n in [*((arm, population.size(arm)) for arm in arms), (TOTAL, population.size())]
    ]
    frame = {name: _baseline_column(subjects, column, kind) for name, (column, kind, _, _) in variables.items()}
    summary = baseline_summary(frame, group=subjects[ARM])
    for entry in summary.summaries:
        level = TOTAL if entry.level == OVERALL else entry.level
        _, _, codes, unit = variables[entry.variable]
        shared: dict[str, Any] = {"parameter": entry.variable, **arm_columns(level)}
        if isinstance(entry, ContinuousSummary):
            rows += _continuous(entry, {**shared, "unit": unit})
        else:
            rows += _categorical(entry, codes, shared)
    return rows


def _baseline_column(subjects: pl.DataFrame, column: str, kind: str) -> pl.Series:
    return subjects[column].cast(pl.Float64 if kind == "number" else pl.String, strict=False)


def _continuous(entry: ContinuousSummary, shared: Mapping[str, Any]) -> list[ResultRow]:
    statistics = {
        "n": float(entry.n),
        "n_missing": float(entry.n_missing),
        "mean": entry.mean,
        "std_dev": entry.sd,
        "median": entry.median,
        "minimum": entry.minimum,
        "maximum": entry.maximum,
    }
    return [ResultRow(statistic=name, **shared, **number(value)) for name, value in statistics.items()]


def _categorical(entry: CategoricalSummary, codes: Sequence[str], shared: Mapping[str, Any]) -> list[ResultRow]:
    counts = dict(entry.counts)
    rows = []
    for code in [*codes, *(code for code in counts if code not in codes)]:
        count = counts.get(code, 0)
        place: dict[str, Any] = {**shared, "group2": "level", "level2": code}
        rows.append(ResultRow(statistic="n", value=float(count), format="int", **place))
        share = count / entry.n if entry.n else float("nan")
        rows.append(ResultRow(statistic="percent", format="percent", **place, **number(share)))
    return [*rows, ResultRow(statistic="n_missing", value=float(entry.n_missing), format="int", **shared)]
