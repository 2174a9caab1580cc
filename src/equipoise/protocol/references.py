"""Faults that no single value shows: names that refer to nothing, rules that do not parse, plans that contradict.

The checks read the file's plain mapping rather than the model, so that they run, and report, even where another part of
the file is invalid; a value of the wrong shape is skipped here because the model reports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from equipoise.errors import ExpressionError, permitted
from equipoise.protocol.endpoint_rules import check_endpoints, check_estimands
from equipoise.protocol.expressions import Compare, Literal, Membership, Name, Node, parse_expression
from equipoise.protocol.expressions import walk as walk_expression
from equipoise.protocol.faults import Fault
from equipoise.protocol.look_rules import check_looks
from equipoise.protocol.plan_rules import check_plans
from equipoise.protocol.randomization_rules import check_randomization
from equipoise.protocol.scenario_rules import check_scenarios
from equipoise.protocol.tree import Path, Tree, entries, ids, listed, mapping, unknown, unknown_in


def check_references(tree: Tree) -> list[Fault]:
    """Every fault of reference and consistency in a trial file's plain mapping."""
    checks = (
        _unique_ids,
        _rules,
        _arms,
        check_randomization,
        check_endpoints,
        check_estimands,
        _analyses,
        check_plans,
        _subgroups,
        check_scenarios,
        _report,
    )
    return [fault for check in checks for fault in check(tree)]


def _unique_ids(tree: Tree) -> Iterator[Fault]:
    for section in (
        "eligibility",
        "interventions",
        "arms",
        "analysis_sets",
        "endpoints",
        "estimands",
        "analyses",
        "scenarios",
    ):
        seen: set[str] = set()
        for path, entry in entries(tree, section):
            name = entry.get("id")
            if isinstance(name, str) and name in seen:
                yield Fault((*path, "id"), f"{section}: the id {name!r} is used twice", hint="give each its own id")
            seen.update([name] if isinstance(name, str) else [])


def _rules(tree: Tree) -> Iterator[Fault]:
    variables = mapping(tree, "variables")
    for path, entry in entries(tree, "eligibility"):
        yield from _rule((*path, "rule"), entry.get("rule"), variables)
    for path, entry in entries(tree, "interventions"):
        yield from _rule((*path, "when"), entry.get("when"), variables)
    for path, entry in entries(tree, "analysis_sets"):
        yield from _rule((*path, "where"), entry.get("where"), None)
    for name, source in mapping(tree, "sources").items():
        if isinstance(source, Mapping):
            yield from _rule(("sources", name, "where"), source.get("where"), None)


def _rule(path: Path, text: Any, variables: Tree | None) -> Iterator[Fault]:
    """Faults of one rule; `variables` None means that its names are columns, checked when data come."""
    if not isinstance(text, str):
        return
    try:
        expression = parse_expression(text)
    except ExpressionError as broken:
        yield Fault(path, broken.message, reason=broken.reason, offset=int(str(broken.rows[0]["column"])))
        return
    if variables is None:
        return
    for name in expression.names:
        for fault in unknown(path, "variable", name.name, variables):
            yield Fault(path, f"rule {text!r}: {fault.message}", hint=fault.hint, offset=name.column)
    for name, value in _compared(expression.node):
        yield from _level(path, text, name, value, mapping(variables, name))


def _compared(node: Node) -> Iterator[tuple[str, Any]]:
    """(variable, literal) pairs that a rule compares."""
    for part in walk_expression(node):
        match part:
            case Compare(Name(name), _, Literal(value)) | Compare(Literal(value), _, Name(name)):
                yield name, value
            case Membership(Name(name), members):
                yield from ((name, member) for member in members)
            case _:
                continue


def _level(path: Path, text: str, name: str, value: Any, variable: Tree) -> Iterator[Fault]:
    levels = mapping(variable, "levels")
    shown = f"{value:g}" if isinstance(value, float) else str(value).lower()
    if variable.get("type") == "category" and not isinstance(value, str):
        yield Fault(path, f"rule {text!r}: {name} holds text, {shown} is not", hint=f"write '{shown}' in quotes")
    elif variable.get("type") == "category" and levels and value not in levels:
        yield Fault(path, f"rule {text!r}: {value!r} is not a level of {name}", hint=permitted(str(value), levels))
    if variable.get("type") == "number" and not isinstance(value, float):
        hint = "leave the quotes out" if isinstance(value, str) else "compare it with a number"
        yield Fault(path, f"rule {text!r}: {name} holds numbers, {value!r} is not one", hint=hint)


def _arms(tree: Tree) -> Iterator[Fault]:
    roles = [entry.get("role") for _, entry in entries(tree, "arms")]
    misspelt = any(role not in ("control", "experimental") for role in roles)
    for role, permitted_counts in (("control", (1,)), ("experimental", range(1, 100))):
        if roles and not misspelt and roles.count(role) not in permitted_counts:
            needed = "exactly one" if role == "control" else "at least one"
            yield Fault(("arms",), f"{roles.count(role)} arms have the role {role!r}; {needed} must", on_key=True)
    for path, entry in entries(tree, "arms"):
        yield from unknown_in(
            (*path, "interventions"), "intervention", entry.get("interventions"), ids(tree, "interventions")
        )


_NEEDED = {"time-to-event": ("curve",), "response": ("rate",), "adverse-event": ("adverse_events",)}


def _subgroups(tree: Tree) -> Iterator[Fault]:
    """A subgroup is a level of a category; a number would make a subgroup of every value."""
    for path, entry in entries(tree, "analyses"):
        for place, name in enumerate(listed(entry.get("subgroups"))):
            if mapping(tree, "variables", str(name)).get("type") == "number":
                hint = "subgroups need variables of type category"
                yield Fault((*path, "subgroups", place), f"subgroup {name!r} is a number", hint=hint)


def _analyses(tree: Tree) -> Iterator[Fault]:
    kinds = {str(entry.get("id")): entry.get("kind") for _, entry in entries(tree, "endpoints")}
    primaries = [path for path, entry in entries(tree, "analyses") if entry.get("role") == "primary"]
    for path in primaries[1:]:
        yield Fault((*path, "role"), "two analyses have the role 'primary'", hint="make all but one secondary")
    for path, entry in entries(tree, "analyses"):
        yield from unknown((*path, "endpoint"), "endpoint", entry.get("endpoint"), ids(tree, "endpoints"))
        yield from unknown(
            (*path, "analysis_set"), "analysis set", entry.get("analysis_set"), ids(tree, "analysis_sets")
        )
        yield from unknown((*path, "estimand"), "estimand", entry.get("estimand"), ids(tree, "estimands"))
        yield from unknown_in((*path, "subgroups"), "variable", entry.get("subgroups"), mapping(tree, "variables"))
        kind = kinds.get(str(entry.get("endpoint")))
        for key in _NEEDED.get(str(kind), ()):
            if key not in entry:
                yield Fault(
                    path, f"analysis {entry.get('id')!r} needs {key!r}: its endpoint is of kind {kind}", on_key=True
                )
        yield from check_looks(path, entry, tree)


def _report(tree: Tree) -> Iterator[Fault]:
    names = mapping(tree, "report").get("baseline")
    yield from unknown_in(("report", "baseline"), "variable", names, mapping(tree, "variables"))
