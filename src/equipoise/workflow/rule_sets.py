"""What each censoring rule set does to the estimate: the planned analysis again on each parameter of the endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from equipoise.frames.results import ResultRow, ResultTable, fill
from equipoise.protocol import Trial
from equipoise.protocol.censoring import parameter_code
from equipoise.quantities import months_from_days

if TYPE_CHECKING:
    import polars as pl

    from equipoise.protocol.plans import Analysis, Endpoint

_INTERVAL = "interval-censored"


def compare_rule_sets(
    trial: Trial, tables: Mapping[str, pl.DataFrame], *, own: bool = False, digest: str | None = None
) -> ResultTable:
    """The planned curve, test and estimate of each endpoint under each of its further censoring rule sets.

    Arguments: the trial; ADaM data sets by lower-case name; `own`: whether under the endpoint's own rule set too.
    Returns result rows whose analysis is `<analysis>.<rule set>` and whose endpoint is the parameter (PFSFA); for
    interval-censored dates also the median's interval by Turnbull's estimate, by arm. Of curves only what sums them up
    (events, median) is given. No rows where ADTTE does not hold the parameter.
    """
    rows: list[ResultRow] = []
    held = set(tables["adtte"]["PARAMCD"].unique()) if "adtte" in tables else set()
    for analysis in trial.analyses:
        endpoint = trial.endpoint(analysis.endpoint)
        for code, name in _parameters(endpoint, own=own):
            if code in held:
                rows += _analyzed(trial, analysis, endpoint, tables, code, name, digest)
    return ResultTable(rows)


def _parameters(endpoint: Endpoint, *, own: bool) -> Iterator[tuple[str, str]]:
    for place, name in enumerate(endpoint.censoring_rules):
        if place:
            yield parameter_code(endpoint.id, name), name
        elif own and len(endpoint.censoring_rules) > 1:
            yield endpoint.id, name


def _analyzed(
    trial: Trial,
    analysis: Analysis,
    endpoint: Endpoint,
    tables: Mapping[str, pl.DataFrame],
    code: str,
    name: str,
    digest: str | None,
) -> list[ResultRow]:
    from equipoise.analysis.plan import analyze_plan

    again = analysis.model_copy(
        update={
            **dict.fromkeys(("subgroups", "looks", "further_tests", "further_estimates"), ()),
            **dict.fromkeys(("estimand", "spending", "futility")),
            "id": f"{analysis.id}.{name}",
            "role": "exploratory",
            "endpoint": code,
        }
    )
    if name == _INTERVAL:
        again = again.model_copy(update={"test": None, "estimate": None})
    parameter = endpoint.model_copy(update={"id": code})
    alone = trial.model_copy(update={"endpoints": (parameter,), "analyses": (again,)})
    rows = analyze_plan(alone, tables, run=trial.id, digest=digest).select(analysis=again.id)
    # The steps of the curves are those of the endpoint but for a few patients: what sums them up is enough.
    summed = [row for row in rows if row.at is None]
    if name == _INTERVAL:
        summed += _bounded(alone, again, tables, trial.id, digest)
    return summed


def _bounded(
    trial: Trial, analysis: Analysis, tables: Mapping[str, pl.DataFrame], run: str, digest: str | None
) -> list[ResultRow]:
    """Turnbull's estimate by arm from the two days about each event."""
    import polars as pl

    from equipoise.analysis.population import ARM, select_population
    from equipoise.analysis.turnbull_npmle import turnbull
    from equipoise.protocol import parse_expression

    chosen, arms = trial.analysis_set(analysis.analysis_set), {arm.id: arm.label for arm in trial.arms}
    predicate = parse_expression(chosen.where).to_polars()
    population = select_population(tables["adsl"], predicate, name=chosen.id, arm=chosen.arm, arms=arms)
    records = population.join(tables["adtte"].filter(pl.col("PARAMCD") == analysis.endpoint))
    found = turnbull(records["LINT"], records["RINT"], group=records[ARM].alias("arm"), time_unit="days")
    columns = {"run": run, "analysis": analysis.id, "population": analysis.analysis_set, "endpoint": analysis.endpoint}
    summary = [row for row in found.to_rows() if row.parameter == "summary"]
    return fill([replace(_in_months(row), parameter="turnbull") for row in summary], **columns, digest=digest)


def _in_months(row: ResultRow) -> ResultRow:
    """A time of days in the unit of the other medians; ties were decided in days."""
    if row.format != "time" or row.value is None:
        return row
    return replace(row, value=months_from_days(row.value), unit="months")
