"""Faults that no single value shows: names that refer to nothing, rules that do not parse, plans that contradict.

The checks read the file's plain mapping rather than the model, so that they run, and report, even where another part of
the file is invalid; a value of the wrong shape is skipped here because the model reports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from equipoise.errors import ExpressionError, permitted
from equipoise.protocol.expressions import Compare, Literal, Membership, Name, Node, parse_expression
from equipoise.protocol.expressions import walk as walk_expression
from equipoise.protocol.faults import Fault

Tree = Mapping[str, Any]
Path = tuple[str | int, ...]


def check_references(tree: Tree) -> list[Fault]:
    """Every fault of reference and consistency in a trial file's plain mapping."""
    checks = (
        _unique_ids,
        _rules,
        _arms,
        _randomization,
        _endpoints,
        _estimands,
        _analyses,
        _subgroups,
        _scenarios,
        _report,
    )
    return [fault for check in checks for fault in check(tree)]


def _items(tree: Tree, section: str) -> Iterator[tuple[Path, Tree]]:
    """The entries of a list section that are mappings, with their paths."""
    entries = tree.get(section)
    for place, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, Mapping):
            yield (section, place), entry


def _ids(tree: Tree, section: str) -> list[str]:
    return [entry["id"] for _, entry in _items(tree, section) if isinstance(entry.get("id"), str)]


def _mapping(tree: Any, *keys: str) -> Tree:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree if isinstance(tree, Mapping) else {}


def _stated(node: Any) -> Any:
    """The value of a `{value: ...}` form, or the bare value."""
    return node["value"] if isinstance(node, Mapping) and "value" in node else node


def _listed(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def _unknown(path: Path, kind: str, name: Any, known: Iterable[str], *, on_key: bool = False) -> Iterator[Fault]:
    known = list(known)
    if isinstance(name, str) and name not in known:
        hint = permitted(name, known) if known else f"the trial file declares no {kind}"
        yield Fault(path, f"{name!r} is not a declared {kind}", hint=hint, on_key=on_key)


def _unknown_in(path: Path, kind: str, names: Any, known: Iterable[str]) -> Iterator[Fault]:
    for place, name in enumerate(_listed(names)):
        yield from _unknown((*path, place), kind, name, known)


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
        for path, entry in _items(tree, section):
            name = entry.get("id")
            if isinstance(name, str) and name in seen:
                yield Fault((*path, "id"), f"{section}: the id {name!r} is used twice", hint="give each its own id")
            seen.update([name] if isinstance(name, str) else [])


def _rules(tree: Tree) -> Iterator[Fault]:
    variables = _mapping(tree, "variables")
    for path, entry in _items(tree, "eligibility"):
        yield from _rule((*path, "rule"), entry.get("rule"), variables)
    for path, entry in _items(tree, "interventions"):
        yield from _rule((*path, "when"), entry.get("when"), variables)
    for path, entry in _items(tree, "analysis_sets"):
        yield from _rule((*path, "where"), entry.get("where"), None)
    for name, source in _mapping(tree, "sources").items():
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
        for fault in _unknown(path, "variable", name.name, variables):
            yield Fault(path, f"rule {text!r}: {fault.message}", hint=fault.hint, offset=name.column)
    for name, value in _compared(expression.node):
        yield from _level(path, text, name, value, _mapping(variables, name))


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
    levels = _mapping(variable, "levels")
    shown = f"{value:g}" if isinstance(value, float) else str(value).lower()
    if variable.get("type") == "category" and not isinstance(value, str):
        yield Fault(path, f"rule {text!r}: {name} holds text, {shown} is not", hint=f"write '{shown}' in quotes")
    elif variable.get("type") == "category" and levels and value not in levels:
        yield Fault(path, f"rule {text!r}: {value!r} is not a level of {name}", hint=permitted(str(value), levels))
    if variable.get("type") == "number" and not isinstance(value, float):
        hint = "leave the quotes out" if isinstance(value, str) else "compare it with a number"
        yield Fault(path, f"rule {text!r}: {name} holds numbers, {value!r} is not one", hint=hint)


def _arms(tree: Tree) -> Iterator[Fault]:
    roles = [entry.get("role") for _, entry in _items(tree, "arms")]
    misspelt = any(role not in ("control", "experimental") for role in roles)
    for role, permitted_counts in (("control", (1,)), ("experimental", range(1, 100))):
        if roles and not misspelt and roles.count(role) not in permitted_counts:
            needed = "exactly one" if role == "control" else "at least one"
            yield Fault(("arms",), f"{roles.count(role)} arms have the role {role!r}; {needed} must", on_key=True)
    for path, entry in _items(tree, "arms"):
        yield from _unknown_in(
            (*path, "interventions"), "intervention", entry.get("interventions"), _ids(tree, "interventions")
        )


def _randomization(tree: Tree) -> Iterator[Fault]:
    plan = _mapping(tree, "randomization")
    variables = _mapping(tree, "variables")
    for place, name in enumerate(_listed(plan.get("strata"))):
        path: Path = ("randomization", "strata", place)
        yield from _unknown(path, "variable", name, variables)
        if _mapping(variables, str(name)).get("type") == "number":
            yield Fault(path, f"stratum {name!r} is a number", hint="strata need variables of type category")
    ratios = [entry.get("ratio") for _, entry in _items(tree, "arms")]
    allotted = [ratio for ratio in ratios if isinstance(ratio, int) and ratio > 0]
    total = sum(allotted) if len(allotted) == len(ratios) else 0
    sizes = _stated(plan.get("block_sizes"))
    if plan.get("method") == "permuted-blocks" and sizes is None:
        hint = f"e.g. block_sizes: [{2 * total}]" if total else None
        yield Fault(("randomization",), "permuted blocks need block_sizes", hint=hint, on_key=True)
    for place, size in enumerate(_listed(sizes)):
        if isinstance(size, int) and total > 0 and size % total:
            yield Fault(
                ("randomization", "block_sizes", "value", place),
                f"block size {size} is not a multiple of {total}",
                reason=f"the ratio {':'.join(map(str, ratios))} fills blocks of {total}, {2 * total}, {3 * total}, ...",
                hint=f"use {total * max(1, (2 * size + total) // (2 * total))}",
            )


def _endpoints(tree: Tree) -> Iterator[Fault]:
    sources = _mapping(tree, "sources")
    for path, entry in _items(tree, "endpoints"):
        yield from _unknown((*path, "start"), "source", entry.get("start"), sources)
        yield from _unknown_in((*path, "events"), "source", entry.get("events"), sources)
        yield from _unknown_in((*path, "censoring"), "source", entry.get("censoring"), sources)
        # A study of analysis-ready data (`example`) has its dates in the data set, so its endpoints need no sources.
        needs = {"response": ("parameter", "responders")}.get(str(entry.get("kind")), ())
        if entry.get("kind") == "time-to-event" and "example" not in tree:
            needs = ("start", "events", "censoring")
        for key in needs:
            if not entry.get(key):
                yield Fault(
                    path, f"endpoint {entry.get('id')!r}: a {entry['kind']} endpoint needs {key!r}", on_key=True
                )


def _estimands(tree: Tree) -> Iterator[Fault]:
    for path, entry in _items(tree, "estimands"):
        yield from _unknown((*path, "endpoint"), "endpoint", entry.get("endpoint"), _ids(tree, "endpoints"))
        yield from _unknown(
            (*path, "analysis_set"), "analysis set", entry.get("analysis_set"), _ids(tree, "analysis_sets")
        )


_NEEDED = {"time-to-event": ("curve",), "response": ("rate",), "adverse-event": ("adverse_events",)}


def _subgroups(tree: Tree) -> Iterator[Fault]:
    """A subgroup is a level of a category; a number would make a subgroup of every value."""
    for path, entry in _items(tree, "analyses"):
        for place, name in enumerate(_listed(entry.get("subgroups"))):
            if _mapping(tree, "variables", str(name)).get("type") == "number":
                hint = "subgroups need variables of type category"
                yield Fault((*path, "subgroups", place), f"subgroup {name!r} is a number", hint=hint)


def _analyses(tree: Tree) -> Iterator[Fault]:
    kinds = {str(entry.get("id")): entry.get("kind") for _, entry in _items(tree, "endpoints")}
    primaries = [path for path, entry in _items(tree, "analyses") if entry.get("role") == "primary"]
    for path in primaries[1:]:
        yield Fault((*path, "role"), "two analyses have the role 'primary'", hint="make all but one secondary")
    for path, entry in _items(tree, "analyses"):
        yield from _unknown((*path, "endpoint"), "endpoint", entry.get("endpoint"), _ids(tree, "endpoints"))
        yield from _unknown(
            (*path, "analysis_set"), "analysis set", entry.get("analysis_set"), _ids(tree, "analysis_sets")
        )
        yield from _unknown((*path, "estimand"), "estimand", entry.get("estimand"), _ids(tree, "estimands"))
        yield from _unknown_in((*path, "subgroups"), "variable", entry.get("subgroups"), _mapping(tree, "variables"))
        kind = kinds.get(str(entry.get("endpoint")))
        for key in _NEEDED.get(str(kind), ()):
            if key not in entry:
                yield Fault(
                    path, f"analysis {entry.get('id')!r} needs {key!r}: its endpoint is of kind {kind}", on_key=True
                )
        for key in ("test", "estimate"):
            if _stated(_mapping(entry, key).get("stratified")) is True and not _mapping(tree, "randomization").get(
                "strata"
            ):
                yield Fault((*path, key, "stratified"), "stratified, but the randomization has no strata")
        yield from _looks(path, entry)
        yield from _sides(path, entry, len(_ids(tree, "arms")))


def _sides(path: Path, entry: Tree, arms: int) -> Iterator[Fault]:
    if _mapping(entry, "test").get("sides") == 1 and arms > 2:
        yield Fault(
            (*path, "test", "sides"),
            f"a test of {arms} arms at once has no side",
            reason="one-sided means better than the control arm, which is a question about one other arm",
            hint="write sides: 2",
        )


def _looks(path: Path, entry: Tree) -> Iterator[Fault]:
    looks = _listed(entry.get("looks"))
    if len(looks) > 1 and not entry.get("spending"):
        yield Fault(
            (*path, "looks"), "more than one look needs 'spending'", reason="repeated looks inflate alpha", on_key=True
        )
    counts: list[int] = []
    for place, look in enumerate(looks):
        trigger = _mapping(look, "trigger")
        if isinstance(look, Mapping) and not {"events", "time"} & set(trigger):
            yield Fault((*path, "looks", place), "a look's trigger needs events or time", on_key=True)
        if isinstance(trigger.get("events"), int):
            counts.append(trigger["events"])
    if counts != sorted(set(counts)):
        yield Fault((*path, "looks"), f"event counts of the looks must increase; they are {counts}", on_key=True)


def _scenarios(tree: Tree) -> Iterator[Fault]:
    arms, endpoints, variables = _ids(tree, "arms"), _ids(tree, "endpoints"), _mapping(tree, "variables")
    claimed: dict[str, str] = {}
    for path, entry in _items(tree, "scenarios"):
        for place, use in enumerate(_listed(entry.get("default_for"))):
            if isinstance(use, str) and use in claimed:
                yield Fault((*path, "default_for", place), f"{use!r} already has the default scenario {claimed[use]!r}")
            claimed[str(use)] = str(entry.get("id"))
        for endpoint, by_arm in _mapping(entry, "survival").items():
            yield from _unknown((*path, "survival", endpoint), "endpoint", endpoint, endpoints, on_key=True)
            yield from _survival((*path, "survival", endpoint), by_arm, tree)
        for name, shares in _mapping(entry, "prevalences").items():
            yield from _prevalence((*path, "prevalences", name), name, _stated(shares), variables)
        for section in (("not_treated",), ("response", "objective_response"), ("response", "clinical_benefit")):
            for arm in _mapping(entry, *section):
                yield from _unknown((*path, *section, arm), "arm", arm, arms, on_key=True)


def _survival(path: Path, by_arm: Any, tree: Tree) -> Iterator[Fault]:
    arms = _ids(tree, "arms")
    controls = {str(entry.get("id")) for _, entry in _items(tree, "arms") if entry.get("role") == "control"}
    for arm, form in _mapping({"arms": by_arm}, "arms").items():
        yield from _unknown((*path, arm), "arm", arm, arms, on_key=True)
        if arm in controls and "hazard_ratio" in _mapping({"form": form}, "form"):
            yield Fault(
                (*path, arm, "hazard_ratio"), "the control arm cannot have a hazard ratio to itself", on_key=True
            )
        pieces = _listed(_stated(_mapping({"form": form}, "form").get("hazards")))
        if pieces and _mapping({"piece": pieces[-1]}, "piece").get("until") is not None:
            yield Fault((*path, arm, "hazards"), "the last hazard piece must have no 'until'", on_key=True)


def _prevalence(path: Path, name: str, shares: Any, variables: Tree) -> Iterator[Fault]:
    yield from _unknown(path, "variable", name, variables, on_key=True)
    if not isinstance(shares, Mapping):
        return
    levels = _mapping(variables, name, "levels")
    for level in shares:
        if levels and level not in levels:
            yield Fault(
                (*path, "value", level),
                f"{level!r} is not a level of {name}",
                hint=permitted(level, levels),
                on_key=True,
            )
    numbers = [share for share in shares.values() if isinstance(share, int | float)]
    shared_out = len(numbers) == len(shares) and all(0 <= number <= 1 for number in numbers)
    if shared_out and abs(sum(numbers) - 1.0) > 1e-9:
        yield Fault(path, f"prevalences of {name} sum to {sum(numbers):g}, not 1", on_key=True)


def _report(tree: Tree) -> Iterator[Fault]:
    names = _mapping(tree, "report").get("baseline")
    yield from _unknown_in(("report", "baseline"), "variable", names, _mapping(tree, "variables"))
