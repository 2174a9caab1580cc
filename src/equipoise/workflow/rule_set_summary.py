"""The reconciliation of censoring rule sets in short: how many patients change, and what becomes of the estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from equipoise.errors import EquipoiseError
from equipoise.workflow.planning import TrialLike, trial_file
from equipoise.workflow.rule_sets import compare_rule_sets

if TYPE_CHECKING:
    from equipoise.frames.results import ResultTable
    from equipoise.protocol import Trial
    from equipoise.workflow.stages import Derived

_RATIO = ("estimate", "conf_low", "conf_high")
_BOUNDS = ("median_low", "median_high")


def rule_set_effects(trial: TrialLike | None, derived: Derived) -> list[dict[str, Any]]:
    """One record per analysis and rule set of its endpoint, the endpoint's own first; empty without further rule sets.

    Arguments: the trial that was derived; its derivation. Each record holds `analysis`, `parameter`, `rule_set`,
    `changed` (patients dated or censored otherwise than by the endpoint's own rules), `events` and `median` (in the
    unit of the planned curve) by arm, `hazard_ratio` (estimate and limits) by experimental arm where it was planned,
    and for interval-censored dates `turnbull_median`, the interval of the median by arm in the same unit. Data that
    cannot be compared give one record with `error`.
    """
    if trial is None:
        return []
    source = trial_file(trial).trial
    try:
        rows = compare_rule_sets(source, derived.adam.tables, own=True, digest=derived.provenance.data_digest)
    except EquipoiseError as error:
        # What was derived stands; only its comparison could not be made.
        return [{"error": error.message}]
    changed = dict(derived.adam.reconcile_rule_sets().group_by("PARAMCD").len().iter_rows())
    names = dict.fromkeys(row.analysis for row in rows)
    return [_effect(source, rows.select(analysis=name), name, changed) for name in names]


def _effect(trial: Trial, rows: ResultTable, name: str, changed: dict[str, int]) -> dict[str, Any]:
    first = next(iter(rows))
    analysis, _, rule_set = name.rpartition(".")

    def value(parameter: str, statistic: str, arm: str) -> float | None:
        found = [row for row in rows.select(parameter=parameter, statistic=statistic) if row.level1 == arm]
        return found[0].value if found else None

    ratios = {arm.id: [value("hazard-ratio", name, arm.id) for name in _RATIO] for arm in trial.experimental}
    bounds = {arm.id: [value("turnbull", name, arm.id) for name in _BOUNDS] for arm in trial.arms}
    return {
        "analysis": analysis,
        "parameter": first.endpoint,
        "rule_set": rule_set,
        "changed": changed.get(first.endpoint, 0),
        "events": {arm.id: value("kaplan-meier", "n_event", arm.id) for arm in trial.arms},
        "median": {arm.id: value("kaplan-meier", "median", arm.id) for arm in trial.arms},
        "hazard_ratio": {arm: ratio for arm, ratio in ratios.items() if ratio[0] is not None},
        "turnbull_median": {arm: pair for arm, pair in bounds.items() if pair[0] is not None},
    }


def state_estimands(derived: Derived) -> list[str]:
    """What the strategies of the endpoints' estimands do to the dates, assumptions included, a sentence for each."""
    endpoints = derived.adam.profile.endpoints
    return [f"{endpoint.id}, {rule.id}: {rule.words}" for endpoint in endpoints for rule in endpoint.estimand_rules]
