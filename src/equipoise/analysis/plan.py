"""From a protocol and its analysis data to result rows: every planned analysis, patient flow, baseline.

The only module of this room that reads the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from equipoise.analysis import plan_counts
from equipoise.analysis.plan_effects import SEVERAL_ARMS, STRATUM, PlannedEffect, estimate_rows, test_rows
from equipoise.analysis.plan_rate_effects import rate_estimate_rows, rate_test_rows, respondents
from equipoise.analysis.plan_rows import (
    TimeScale,
    arm_columns,
    curve_rows,
    follow_up_rows,
    landmark_rows,
    median_rows,
    risk_table_rows,
    summary_rows,
)
from equipoise.analysis.population import ARM, Population, check_columns, select_population
from equipoise.analysis.survival_curves import kaplan_meier, reverse_kaplan_meier
from equipoise.errors import ArgumentError, DataError, EstimationError, permitted
from equipoise.frames.results import ResultRow, ResultTable, fill
from equipoise.protocol.expressions import parse_expression
from equipoise.protocol.plan_words import (
    estimate_method,
    estimate_parameter,
    estimate_words,
    labels_of,
    test_parameter,
    test_words,
)
from equipoise.protocol.plans import Analysis, Curve, Endpoint, Estimate, Test
from equipoise.protocol.trial import Trial

Tables = Mapping[str, pl.DataFrame]


# Where ADSL says when a patient was randomized.
_RANDOMIZED = "RANDDT"


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
    for test in _tests(planned):
        rows += _test(planned, data, test)
    experimental = planned.trial.experimental
    effects = [
        row for arm in experimental for e in _estimates(planned) for row in _estimate(planned, data, arm.id, e, scale)
    ]
    # Several contrasts with the control arm tell its own numbers again.
    rows += dict.fromkeys(effects)
    for arm in experimental:
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
    names = [*planned.analysis.subgroups, *_adjusted_for(planned.analysis)]
    needed = [planned.trial.variables[name].analysis for name in names]
    needed += [t.arrival or _RANDOMIZED for t in _all_tests(planned.analysis) if t.method == "rerandomization"]
    check_columns(planned.population.subjects, [*planned.strata, *needed], f"analysis {planned.analysis.id}")
    joined = planned.population.join(records).with_columns(event=(pl.col("CNSR") == 0).cast(pl.Int8))
    return joined.with_columns(_stratum(planned))


def _all_tests(analysis: Analysis) -> list[Test]:
    return [test for test in (analysis.test, *analysis.further_tests) if test is not None]


def _adjusted_for(analysis: Analysis) -> list[str]:
    return [name for test in _all_tests(analysis) for name in test.covariates or ()]


def _stratum(planned: _Planned) -> pl.Expr:
    stratum = pl.concat_str(planned.strata, separator=" / ") if planned.strata else pl.lit("all")
    return stratum.alias(STRATUM)


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


def _tests(planned: _Planned) -> list[PlannedEffect]:
    """The planned test, whose rows are called `logrank` (of a rate: `response-test`), and the further ones."""
    response = planned.endpoint.kind == "response"
    plans = [(planned.analysis.test, "response-test" if response else "logrank")]
    plans += [(test, test_parameter(test)) for test in planned.analysis.further_tests]
    return [_planned_test(planned, plan, parameter) for plan, parameter in plans if plan is not None]


def _planned_test(planned: _Planned, plan: Test, parameter: str) -> PlannedEffect:
    stratified = plan.stratified.value
    sides = "two-sided" if plan.sides == 2 else "one-sided"
    # The planned log-rank test is what a report says without being told.
    named = sides if plan.method == "logrank" else f"{sides} {test_words(plan, planned.trial.variables)}"
    if plan.method == "cmh" or planned.endpoint.kind == "time-to-event":
        named += _stratified(planned, stratified)
    return PlannedEffect(plan.method, parameter, named, stratified, _test_options(planned, plan), sides=plan.sides)


def _test_options(planned: _Planned, plan: Test) -> dict[str, Any]:
    if plan.method == "fleming-harrington":
        return {"rho": plan.rho or 0.0, "gamma": plan.gamma or 0.0}
    if plan.method == "modestly-weighted":
        return {"t_star": plan.t_star.days} if plan.t_star is not None else {"s_star": plan.s_star}
    if plan.method == "maxcombo":
        return {"tests": plan.tests} if plan.tests is not None else {}
    if plan.method == "adjusted-logrank":
        return {"covariates": {name: planned.trial.variables[name].analysis for name in plan.covariates or ()}}
    if plan.method == "rerandomization":
        given = {"statistic": plan.statistic, "draws": plan.draws, "seed": plan.seed}
        known = {key: value for key, value in given.items() if value is not None}
        return known | {"arrival": plan.arrival or _RANDOMIZED, "scheme": _scheme(planned)}
    return {}


def _scheme(planned: _Planned) -> dict[str, Any]:
    """The trial's own allocation, as `rerandomization_test` takes it; block sizes drawn at random are drawn again."""
    plan = planned.trial.randomization
    scheme: dict[str, Any] = {"ratio": {arm.id: arm.ratio for arm in planned.trial.arms}}
    if plan is None or plan.block_sizes is None:
        scheme["method"] = "complete"
        return scheme
    scheme["method"] = plan.method
    sizes = plan.block_sizes.value
    if plan.method == "permuted-blocks":
        scheme |= {"block_sizes": sizes[0]} if len(sizes) == 1 else {"redraw": list(sizes)}
    return scheme


def _estimates(planned: _Planned) -> list[PlannedEffect]:
    plans = (planned.analysis.estimate, *planned.analysis.further_estimates)
    return [_planned_estimate(planned, plan) for plan in plans if plan is not None]


def _planned_estimate(planned: _Planned, plan: Estimate) -> PlannedEffect:
    stratified = plan.stratified.value
    words = f"{estimate_words(plan)}, {estimate_method(plan)}"
    if plan.method == "cox":
        words = f"Cox{_stratified(planned, stratified)}"
    options = {
        "tau": plan.tau.days if plan.tau is not None else None,
        "start": plan.window_start.days if plan.window_start is not None else None,
        "at": plan.at.days if plan.at is not None else None,
        "transform": plan.transform,
        "conf_type": plan.conf_type,
        ("weights" if planned.endpoint.kind == "response" else "strata_weights"): plan.weights,
        "ties": plan.ties if plan.method == "cox" else None,
    }
    known = {key: value for key, value in options.items() if value is not None}
    parameter = estimate_parameter(plan)
    return PlannedEffect(plan.method, parameter, words, stratified, known, conf_level=plan.conf_level)


def _test(planned: _Planned, data: pl.DataFrame, plan: PlannedEffect) -> list[ResultRow]:
    """A test of all arms; with more than two arms also, or only, of each experimental arm against the control."""

    def tested(arms: Sequence[str], columns: Mapping[str, Any]) -> list[ResultRow]:
        compared, left_out = _comparable(planned, data, arms, stratified=plan.stratified)
        return test_rows(plan, compared, planned.trial.control.id, columns, left_out)

    return _over_arms(planned, plan, tested, together=plan.method in SEVERAL_ARMS)


def _over_arms(
    planned: _Planned,
    plan: PlannedEffect,
    tested: Callable[[Sequence[str], Mapping[str, Any]], list[ResultRow]],
    *,
    together: bool,
) -> list[ResultRow]:
    rows: list[ResultRow] = []
    several = len(planned.arms) > 2
    if together or not several:
        rows += _attempt({"parameter": plan.parameter}, lambda: tested(planned.arms, {}))
    if several:
        for arm in planned.trial.experimental:
            columns = _contrast(planned, arm.id)
            pair = [arm.id, planned.trial.control.id]
            rows += _attempt(
                columns | {"parameter": plan.parameter}, lambda pair=pair, columns=columns: tested(pair, columns)
            )
    return rows


def _estimate(
    planned: _Planned, data: pl.DataFrame, arm: str, plan: PlannedEffect, scale: TimeScale
) -> list[ResultRow]:
    columns = _contrast(planned, arm)
    if plan.method == "cox":
        columns["parameter"] = plan.parameter

    def estimated() -> list[ResultRow]:
        control = planned.trial.control.id
        compared, left_out = _comparable(planned, data, [arm, control], stratified=plan.stratified)
        return estimate_rows(plan, compared, control, columns, scale, left_out)

    return _attempt(columns | {"parameter": plan.parameter}, estimated)


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
    return {**arm_columns(arm), "group2": "reference", "level2": planned.trial.control.id}


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
            columns, lambda part=part, columns=columns: _subgroup_ratio(planned, part, arm, columns, scale)
        )
        for member in members:
            rows += _subgroup_arm(planned, part.filter(pl.col(ARM) == member), member, columns, scale)
    return rows


def _subgroup_ratio(
    planned: _Planned, part: pl.DataFrame, arm: str, columns: Mapping[str, Any], scale: TimeScale
) -> list[ResultRow]:
    """The unstratified hazard ratio, by the planned rule for ties and at the planned level."""
    plan = planned.analysis.estimate
    options = {"ties": plan.ties if plan and plan.method == "cox" else "efron"}
    level = plan.conf_level if plan else 0.95
    effect = PlannedEffect("cox", "subgroup", f"Cox{_stratified(planned, False)}", False, options, conf_level=level)
    control = planned.trial.control.id
    pair, left_out = _comparable(planned, part, [arm, control], stratified=False)
    return estimate_rows(effect, pair, control, columns, scale, left_out)


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
    return f", stratified by {labels_of(plan.strata, planned.trial.variables)}"


def _attempt(columns: Mapping[str, Any], compute: Callable[[], list[ResultRow]]) -> list[ResultRow]:
    """The rows, or one row that says why there is no estimate: these data do not bear what was planned."""
    try:
        return compute()
    except (EstimationError, ArgumentError, DataError) as undefined:
        return [ResultRow(statistic="estimate", error=undefined.message, **columns)]


def _response(planned: _Planned) -> list[ResultRow]:
    adrs = _table(planned.tables, "adrs", f"endpoint {planned.endpoint.id}")
    parameter = planned.endpoint.parameter or ""
    records = planned.population.join(adrs.filter(pl.col("PARAMCD") == parameter))
    plan = planned.analysis.rate
    rows = plan_counts.response_rows(
        records,
        planned.population,
        planned.arms,
        responders=planned.endpoint.responders,
        method=plan.method if plan else "clopper-pearson",
        conf_level=plan.conf_level if plan else 0.95,
        distribution=parameter in ("BOR", "CBOR"),
    )
    return rows + _response_effects(planned, records)


def _response_effects(planned: _Planned, records: pl.DataFrame) -> list[ResultRow]:
    """The planned tests and estimates of a response rate, each experimental arm against the control."""
    tests, estimates = _tests(planned), _estimates(planned)
    if not tests and not estimates:
        return []
    subjects = planned.population.subjects
    check_columns(subjects, planned.strata, f"analysis {planned.analysis.id}")
    data = respondents(subjects, records, planned.endpoint.responders).with_columns(_stratum(planned))
    control = planned.trial.control.id

    def over(plan: PlannedEffect, make: Callable[..., list[ResultRow]], arms: Sequence[str], columns: Any) -> Any:
        compared, left_out = _comparable(planned, data, arms, stratified=plan.stratified)
        return make(plan, compared, control, columns, left_out)

    rows: list[ResultRow] = []
    for plan in tests:
        rows += _over_arms(planned, plan, lambda arms, columns, p=plan: over(p, rate_test_rows, arms, columns),
                           together=False)  # fmt: skip
    for arm in planned.trial.experimental:
        columns = _contrast(planned, arm.id)
        for plan in estimates:
            rows += _attempt(
                columns | {"parameter": plan.parameter},
                lambda p=plan, c=columns, a=arm.id: over(p, rate_estimate_rows, [a, control], c),
            )
    return rows


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
