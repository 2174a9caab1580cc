"""Draws baseline variables and screens them against the executable criteria.

A patient who will be enrolled is drawn from the scenario's prevalences; whatever the criteria do not allow is drawn
again. A screening failure is such a patient in whom the variables of one criterion are drawn again, over their whole
range, until that criterion is not met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError
from equipoise.protocol import Trial
from equipoise.protocol.conduct import Criterion, Intervention, Variable
from equipoise.protocol.expressions import Compare, Expression, Literal, Name, Node, Value, parse_expression
from equipoise.protocol.scenarios import AgeDistribution, Scenario
from equipoise.seeds import Stream
from equipoise.simulation.assumptions import assumed

Floats = npt.NDArray[np.float64]
Quantile = Callable[[float], Value]

_MOST_DRAWS = 400
_MOST_FAILING_DRAWS = 25


@dataclass(frozen=True)
class Rule:
    """A criterion with its parsed rule and the variables it speaks of."""

    criterion: Criterion
    expression: Expression
    names: tuple[str, ...]

    def met(self, values: Mapping[str, Value]) -> bool:
        """Whether the patient passes: an inclusion rule is true, an exclusion rule false; unknown never passes."""
        return self.expression.evaluate(values) is (self.criterion.kind == "inclusion")


@dataclass(frozen=True)
class Screening:
    """How to draw and judge a patient: `usual` and `whole` quantile functions by variable, and the rules."""

    usual: Mapping[str, Quantile]
    whole: Mapping[str, Quantile]
    rules: tuple[Rule, ...]
    criteria: tuple[Criterion, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(self.usual)


def read_screening(trial: Trial, scenario: Scenario) -> Screening:
    """The quantile functions of every declared variable and the executable rules of a trial."""
    rules = tuple(_rule(criterion) for criterion in trial.eligibility if criterion.rule is not None)
    usual: dict[str, Quantile] = {}
    whole: dict[str, Quantile] = {}
    for name, variable in trial.variables.items():
        whole[name] = _whole(trial, name, variable, rules)
        usual[name] = _usual(scenario, name, variable) or whole[name]
    return Screening(usual, whole, rules, trial.eligibility)


def draw_eligible(screening: Screening, units: Sequence[int], seed: int, replicate: int) -> list[dict[str, Value]]:
    """Baseline variables of patients who meet every executable criterion.

    Raises ArgumentError `argument-invalid` when a criterion is never met.
    """
    stream, names = Stream(seed, "baseline", replicate), screening.variables
    drawn = stream.uniforms(units, max(len(names), 1))
    patients = [{name: screening.usual[name](float(u)) for name, u in zip(names, row, strict=False)} for row in drawn]
    open_rows = list(range(len(units)))
    failing: dict[int, list[Rule]] = {}
    for attempt in range(1, _MOST_DRAWS):
        failing = {row: [rule for rule in screening.rules if not rule.met(patients[row])] for row in open_rows}
        open_rows = [row for row in open_rows if failing[row]]
        if not open_rows:
            return patients
        draws = stream.uniforms([units[row] for row in open_rows], len(names), first=attempt * len(names))
        for row, uniforms in zip(open_rows, draws, strict=True):
            again = {name for rule in failing[row] for name in rule.names}
            patients[row] |= {
                n: screening.usual[n](float(u)) for n, u in zip(names, uniforms, strict=True) if n in again
            }
    rule = failing[open_rows[0]][0]
    raise ArgumentError(
        "argument-invalid",
        f"no drawn patient meets criterion {rule.criterion.id}: {rule.expression.text}",
        where=f"eligibility.{rule.criterion.id}",
        reason="a synthetic trial draws patients from the scenario's prevalences until all criteria are met",
        hint=f"check the prevalences of {', '.join(rule.names)} in the scenario",
    )


def draw_failure(
    screening: Screening, values: dict[str, Value], unit: int, seed: int, replicate: int
) -> tuple[str, ...]:
    """Turn an eligible patient into a screening failure, in place; returns the criteria not met.

    A trial without executable criteria fails its patients on the text of one; a trial without criteria on none.
    """
    stream = Stream(seed, "screening", replicate)
    choice, missing = (float(u) for u in stream.uniforms([unit], 2, first=1)[0])
    if not screening.rules:
        criteria = screening.criteria
        return (criteria[int(choice * len(criteria))].id,) if criteria else ()
    start = int(choice * len(screening.rules))
    for step in range(len(screening.rules)):
        rule = screening.rules[(start + step) % len(screening.rules)]
        eligible = dict(values)
        if missing < assumed("undeclared_missing"):
            _forget(rule, values)
        else:
            _draw_again(
                screening, rule, values, stream.uniforms([unit], _MOST_FAILING_DRAWS * len(rule.names), first=3)
            )
        if not rule.met(values):
            return tuple(rule.criterion.id for rule in screening.rules if not rule.met(values))
        values |= eligible
    return ()


def _forget(rule: Rule, values: dict[str, Value]) -> None:
    """Make the variables of a rule unknown, one after the other, until the rule is not met."""
    for name in rule.names:
        values[name] = None
        if not rule.met(values):
            return


def _draw_again(screening: Screening, rule: Rule, values: dict[str, Value], uniforms: Floats) -> None:
    """Draw the variables of a rule over their whole range until the rule is not met."""
    for row in uniforms.reshape(-1, len(rule.names)):
        values |= {name: screening.whole[name](float(u)) for name, u in zip(rule.names, row, strict=True)}
        if not rule.met(values):
            return


def _rule(criterion: Criterion) -> Rule:
    expression = parse_expression(criterion.rule or "")
    return Rule(criterion, expression, tuple(dict.fromkeys(name.name for name in expression.names)))


def _usual(scenario: Scenario, name: str, variable: Variable) -> Quantile | None:
    """The scenario's distribution of a variable; None where it has none."""
    if variable.type == "category" and name in scenario.prevalences:
        shares = scenario.prevalences[name].value
        return _categorical(tuple(shares), tuple(shares.values()))
    if name == "age" and scenario.age is not None:
        return _age(scenario.age)
    return None


def _whole(trial: Trial, name: str, variable: Variable, rules: tuple[Rule, ...]) -> Quantile:
    """The whole range of a variable: all levels alike; for a number, a span around what the rules compare it with."""
    if variable.type == "category":
        levels = tuple(variable.levels) or ("Y", "N")
        return _categorical(levels, (1.0,) * len(levels))
    drug = prior_drug(trial, name)
    if drug is not None and drug.dose is not None:
        step, full = assumed("reduction_step"), assumed("full_prior_dose")
        levels = tuple(drug.dose.value * (1.0 - k * step) for k in range(4))
        return _categorical(levels, (full, 0.6 * (1.0 - full), 0.3 * (1.0 - full), 0.1 * (1.0 - full)))
    limits = [limit for rule in rules for limit in _limits(rule.expression.node, name)] or [0.0, 100.0]
    low, high = min(limits), max(limits)
    margin = max(high - low, 0.5 * abs(high), 1.0) / 2.0
    low, high = max(0.0, low - margin), high + margin
    whole_numbers = all(limit.is_integer() for limit in limits)
    return lambda u: float(int(low + u * (high - low + 1.0))) if whole_numbers else low + u * (high - low)


def prior_drug(trial: Trial, name: str) -> Intervention | None:
    """The intervention whose earlier dose a variable holds: named after it and measured in its dose unit."""
    variable = trial.variables[name]
    if variable.type != "number" or variable.unit is None:
        return None
    fitting = (
        drug for drug in trial.interventions if name.startswith(f"{drug.id}_") and drug.dose_unit == variable.unit
    )
    return next(fitting, None)


def _categorical(levels: tuple[Value, ...], weights: tuple[float, ...]) -> Quantile:
    bounds = np.cumsum(weights) / sum(weights)
    return lambda u: levels[min(int(np.searchsorted(bounds, u, side="right")), len(levels) - 1)]


def _age(plan: AgeDistribution) -> Quantile:
    """Years between low and high with the stated median: half a normal curve on either side, cut at 2.5 deviations."""
    normal = NormalDist()
    tail = normal.cdf(-2.5)
    median, low, high = plan.median.value, plan.low.value, plan.high.value

    def quantile(u: float) -> float:
        z = normal.inv_cdf(tail + u * (1.0 - 2.0 * tail)) / 2.5
        return float(round(median + z * ((high - median) if z > 0 else (median - low))))

    return quantile


def _limits(node: Node, name: str) -> list[float]:
    """The numbers a rule compares a variable with."""
    match node:
        case Compare(Name(found), _, Literal(value)) | Compare(Literal(value), _, Name(found)):
            return [float(value)] if found == name and isinstance(value, int | float) else []
        case _:
            parts = getattr(node, "operands", None) or [p for p in (getattr(node, "operand", None),) if p is not None]
            return [limit for part in parts for limit in _limits(part, name)]
