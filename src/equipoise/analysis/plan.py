"""From a protocol and its analysis data to result rows: every planned analysis, patient flow, baseline.

The only module of this room that reads the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from equipoise.analysis import plan_counts
from equipoise.analysis.cox_regression import cox
from equipoise.analysis.logrank_test import logrank
from equipoise.analysis.plan_rows import (
    TimeScale,
    arm_columns,
    curve_rows,
    follow_up_rows,
    hazard_ratio_rows,
    landmark_rows,
    logrank_rows,
    median_rows,
    risk_table_rows,
    summary_rows,
)
from equipoise.analysis.population import ARM, Population, check_columns, select_population
from equipoise.analysis.survival_curves import kaplan_meier, reverse_kaplan_meier
from equipoise.errors import DataError, EstimationError, permitted
from equipoise.frames.results import ResultRow, ResultTable, fill
from equipoise.protocol.expressions import parse_expression
from equipoise.protocol.plans import Analysis, Curve, Endpoint
from equipoise.protocol.trial import Trial

Tables = Mapping[str, pl.DataFrame]

STRATUM = "_STRATUM"


@dataclass(frozen=True)
class _Planned:
    """One planned analysis with its endpoint, its patients and the data."""

    trial: Trial
    analysis: Analysis
    endpoint: Endpoint
    population: Population
    tables: Tables

    @property
    def arms(self) -> list[str]:
        return [arm.id for arm in self.trial.arms]

    @property
    def strata(self) -> list[str]:
        """ADSL columns of the randomization strata."""
        plan = self.trial.randomization
        return [self.trial.variables[name].analysis for name in plan.strata] if plan else []


def analyze_plan(trial: Trial, tables: Tables, *, run: str = "", digest: str | None = None) -> ResultTable:
    """Every planned analysis of a trial as result rows.

    `tables` are ADaM data sets by lower-case name (adsl, and adtte, adrs, adae as the plan needs). A statistic that
    has no answer is a row with its message. Raises DataError for a data set or column that the data lack.
    """
    rows: list[ResultRow] = []
    adsl = _table(tables, "adsl", "every analysis")
    for analysis in trial.analyses:
        endpoint = trial.endpoint(analysis.endpoint)
        population = _population(trial, analysis.analysis_set, adsl)
        planned = _Planned(trial, analysis, endpoint, population, tables)
        found = _ANALYSES[endpoint.kind](planned)
        rows += fill(found, analysis=analysis.id, population=analysis.analysis_set, endpoint=endpoint.id)
    rows += fill(_flow(trial, adsl), analysis="flow")
    rows += fill(_baseline(trial, adsl), analysis="baseline")
    return ResultTable(fill(rows, run=run, digest=digest))


def _table(tables: Tables, name: str, purpose: str) -> pl.DataFrame:
    if name not in tables:
        raise DataError(
            "domain-missing",
            f"there is no {name.upper()}",
            reason=f"{purpose} needs it",
            hint=f"data sets given: {', '.join(sorted(tables)) or 'none'}",
        )
    return tables[name]


def _population(trial: Trial, set_id: str, adsl: pl.DataFrame) -> Population:
    chosen = trial.analysis_set(set_id)
    predicate = parse_expression(chosen.where).to_polars()
    arms = {arm.id: arm.label for arm in trial.arms}
    return select_population(adsl, predicate, name=set_id, arm=chosen.arm, arms=arms)


def _time_to_event(planned: _Planned) -> list[ResultRow]:
    data = _event_data(planned)
    curve = planned.analysis.curve or Curve()
    scale = TimeScale(curve.unit)
    rows = list(_curves(planned, data, curve, scale))
    rows += _attempt({"parameter": "logrank"}, lambda: _test(planned, data))
    for arm in planned.trial.experimental:
        columns = _contrast(planned, arm.id)
        rows += _attempt(columns, lambda columns=columns, arm=arm: _effect(planned, data, arm.id, columns))
        for name in planned.analysis.subgroups:
            rows += _subgroups(planned, data, name, arm.id, scale)
    return rows


def _event_data(planned: _Planned) -> pl.DataFrame:
    """One record per patient of the set: AVAL (days), event (0/1), arm, stratum and baseline columns."""
    adtte = _table(planned.tables, "adtte", f"endpoint {planned.endpoint.id}")
    records = adtte.filter(pl.col("PARAMCD") == planned.endpoint.id)
    if records.is_empty():
        codes = adtte["PARAMCD"].unique().sort().to_list()
        raise DataError(
            "value-invalid",
            f"ADTTE has no record of PARAMCD {planned.endpoint.id!r}",
            where="ADTTE",
            hint=permitted(planned.endpoint.id, codes),
        )
    variables = [planned.trial.variables[name].analysis for name in planned.analysis.subgroups]
    check_columns(planned.population.subjects, [*planned.strata, *variables], f"analysis {planned.analysis.id}")
    joined = planned.population.join(records).with_columns(event=(pl.col("CNSR") == 0).cast(pl.Int8))
    stratum = pl.concat_str(planned.strata, separator=" / ") if planned.strata else pl.lit("all")
    return joined.with_columns(stratum.alias(STRATUM))


def _curves(planned: _Planned, data: pl.DataFrame, plan: Curve, scale: TimeScale) -> Iterator[ResultRow]:
    times = [(t.value, t.unit, t.days) for t in plan.rates_at]
    ticks = scale.ticks(float(data["AVAL"].max() or 0.0))  # pyright: ignore[reportArgumentType]
    options = _curve_options(planned)
    for arm in planned.arms:
        part = data.filter(pl.col(ARM) == arm)
        columns = arm_columns(arm)
        if part.is_empty():
            nobody = "no patient in this arm"
            yield ResultRow(statistic="n", parameter="kaplan-meier", value=0.0, error=nobody, **columns)
            continue
        (curve,) = kaplan_meier(part["AVAL"], part["event"], **options)
        yield from summary_rows(curve, scale, columns)
        yield from landmark_rows(curve, times, columns)
        yield from curve_rows(curve, scale, columns)
        yield from risk_table_rows(curve, ticks, scale, columns)
        (followed,) = reverse_kaplan_meier(part["AVAL"], part["event"], **options)
        yield from follow_up_rows(followed, scale, columns)
    (follow_up,) = reverse_kaplan_meier(data["AVAL"], data["event"], **options)
    yield from follow_up_rows(follow_up, scale, {})


def _curve_options(planned: _Planned) -> dict[str, Any]:
    plan = planned.analysis.curve or Curve()
    return {"conf_type": plan.conf_type, "conf_level": plan.conf_level}


def _test(planned: _Planned, data: pl.DataFrame) -> list[ResultRow]:
    plan = planned.analysis.test
    if plan is None:
        return []
    stratified = plan.stratified.value
    compared, left_out = _comparable(planned, data, planned.arms, stratified=stratified)
    result = logrank(
        compared["AVAL"],
        compared["event"],
        compared[ARM],
        reference=planned.trial.control.id,
        strata=compared[STRATUM] if stratified else None,
        alternative="two-sided" if plan.sides == 2 else "experimental-better",
    )
    words = f"{'two-sided' if plan.sides == 2 else 'one-sided'}{_stratified(planned, stratified)}"
    return fill(logrank_rows(result, words), warning=left_out)


def _comparable(
    planned: _Planned, data: pl.DataFrame, arms: Sequence[str], *, stratified: bool
) -> tuple[pl.DataFrame, str | None]:
    """The records a comparison of arms can use, and who is left out of it for want of a stratum.

    Raises EstimationError where no comparison with the control arm is left.
    """
    wanted = data.filter(pl.col(ARM).is_in(arms))
    known = wanted.filter(pl.col(STRATUM).is_not_null()) if stratified else wanted
    absent = [arm for arm in arms if arm not in known[ARM]]
    if planned.trial.control.id in absent or len(absent) > len(arms) - 2:
        nobody = " and ".join(planned.trial.arm(arm).label for arm in absent)
        known_stratum = " with a known stratum" if known.height < wanted.height else ""
        raise EstimationError("estimate-undefined", f"no patient{known_stratum} in {nobody}")
    lost = wanted.height - known.height
    return known, f"{lost} patient{'s' if lost > 1 else ''} without a known stratum left out" if lost else None


def _contrast(planned: _Planned, arm: str) -> dict[str, Any]:
    return {
        "parameter": "hazard-ratio",
        **arm_columns(arm),
        "group2": "reference",
        "level2": planned.trial.control.id,
    }


def _effect(planned: _Planned, data: pl.DataFrame, arm: str, columns: Mapping[str, Any]) -> list[ResultRow]:
    plan = planned.analysis.estimate
    if plan is None:
        return []
    return _hazard_ratio(planned, data, arm, columns, stratified=plan.stratified.value)


def _hazard_ratio(
    planned: _Planned, data: pl.DataFrame, arm: str, columns: Mapping[str, Any], *, stratified: bool
) -> list[ResultRow]:
    plan = planned.analysis.estimate
    control = planned.trial.control.id
    pair, left_out = _comparable(planned, data, [arm, control], stratified=stratified)
    fit = cox(
        pair["AVAL"],
        pair["event"],
        pair[ARM],
        reference=control,
        strata=pair[STRATUM] if stratified else None,
        ties=plan.ties if plan else "efron",
        conf_level=plan.conf_level if plan else 0.95,
    )
    rows = hazard_ratio_rows(fit, columns, words=f"Cox{_stratified(planned, stratified)}")
    return fill(rows, warning=left_out)


def _subgroups(planned: _Planned, data: pl.DataFrame, name: str, arm: str, scale: TimeScale) -> list[ResultRow]:
    """Unstratified hazard ratios within the levels of a baseline variable, with the counts behind them."""
    variable = planned.trial.variables[name]
    rows: list[ResultRow] = []
    levels = list(variable.levels) or data[variable.analysis].drop_nulls().unique().sort().to_list()
    for level in levels:
        part = data.filter(pl.col(variable.analysis).cast(pl.String) == str(level))
        if part.is_empty():
            continue
        columns: dict[str, Any] = {"parameter": "subgroup", "group1": name, "level1": str(level)}
        members = [arm, planned.trial.control.id]
        if arm != planned.trial.experimental[0].id:
            # The first experimental arm's contrast stands at the level itself, with the control arm's counts; every
            # further one names its arm.
            columns |= {"group2": "experimental", "level2": arm}
            members = [arm]
        rows += _attempt(
            columns,
            lambda part=part, columns=columns: _hazard_ratio(planned, part, arm, columns, stratified=False),
        )
        for member in members:
            rows += _subgroup_arm(planned, part.filter(pl.col(ARM) == member), member, columns, scale)
    return rows


def _subgroup_arm(
    planned: _Planned, part: pl.DataFrame, arm: str, columns: Mapping[str, Any], scale: TimeScale
) -> list[ResultRow]:
    shared: dict[str, Any] = {**columns, "group2": "arm", "level2": arm}
    counts = {"n": part.height, "n_event": int(part["event"].sum())}
    rows = [ResultRow(statistic=k, value=float(v), format="int", **shared) for k, v in counts.items()]
    if part.is_empty():
        return rows
    (curve,) = kaplan_meier(part["AVAL"], part["event"], **_curve_options(planned))
    return rows + median_rows(curve.median(), scale, shared)


def _stratified(planned: _Planned, stratified: bool) -> str:
    plan = planned.trial.randomization
    if not stratified or plan is None:
        return ", unstratified"
    factors = [planned.trial.variables[name].label.lower() for name in plan.strata]
    return f", stratified by {' and '.join(factors)}"


def _attempt(columns: Mapping[str, Any], compute: Callable[[], list[ResultRow]]) -> list[ResultRow]:
    """The rows, or one row that says why there is no estimate."""
    try:
        return compute()
    except EstimationError as undefined:
        return [ResultRow(statistic="estimate", error=undefined.message, **columns)]


def _response(planned: _Planned) -> list[ResultRow]:
    adrs = _table(planned.tables, "adrs", f"endpoint {planned.endpoint.id}")
    parameter = planned.endpoint.parameter or ""
    records = planned.population.join(adrs.filter(pl.col("PARAMCD") == parameter))
    plan = planned.analysis.rate
    return plan_counts.response_rows(
        records,
        planned.population,
        planned.arms,
        responders=planned.endpoint.responders,
        method=plan.method if plan else "clopper-pearson",
        conf_level=plan.conf_level if plan else 0.95,
        distribution=parameter in ("BOR", "CBOR"),
    )


def _adverse_events(planned: _Planned) -> list[ResultRow]:
    adae = _table(planned.tables, "adae", f"endpoint {planned.endpoint.id}")
    records = planned.population.join(adae.filter(pl.col("TRTEMFL") == "Y"))
    plan = planned.analysis.adverse_events
    return plan_counts.adverse_event_rows(
        records, planned.population, planned.arms, minimum_grade=plan.minimum_grade if plan else 3
    )


def _flow(trial: Trial, adsl: pl.DataFrame) -> list[ResultRow]:
    if trial.randomization is None or not {"RANDDT", "SAFFL", "ARMCD"} <= set(adsl.columns):
        return []
    sets = {analysis.role: analysis.analysis_set for analysis in reversed(trial.analyses)}
    analyzed = {
        parameter: _population(trial, sets[role], adsl)
        for parameter, role in (("analyzed", "primary"), ("analyzed-safety", "safety"))
        if role in sets
    }
    return plan_counts.flow_rows(adsl, [arm.id for arm in trial.arms], analyzed)


def _baseline(trial: Trial, adsl: pl.DataFrame) -> list[ResultRow]:
    primary = trial.primary
    set_id = primary.analysis_set if primary else trial.analysis_sets[0].id
    population = _population(trial, set_id, adsl)
    variables = {name: trial.variables[name] for name in trial.report.baseline}
    check_columns(population.subjects, [v.analysis for v in variables.values()], "the baseline table")
    columns = {name: (v.analysis, v.type, tuple(v.levels), v.unit) for name, v in variables.items()}
    arms = [arm.id for arm in trial.arms]
    return fill(plan_counts.baseline_rows(population, arms, columns), population=set_id)


_ANALYSES: Mapping[str, Callable[[_Planned], list[ResultRow]]] = {
    "time-to-event": _time_to_event,
    "response": _response,
    "adverse-event": _adverse_events,
}
