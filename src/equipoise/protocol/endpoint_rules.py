"""Faults of endpoints and estimands: undeclared sources, rules that contradict, strategies without a date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from equipoise.protocol.censoring import (
    CENSORS_AT,
    LONGEST_PARAMETER,
    NEED_A_SCHEDULE,
    RULE_SETS,
    STANDARD_SOURCES,
    SUFFIXES,
    parameter_code,
)
from equipoise.protocol.faults import Fault
from equipoise.protocol.tree import Path, Tree, entries, ids, listed, mapping, unknown, unknown_in

_NEEDED = {"response": ("parameter", "responders")}
_OF_TIME = ("among", "censoring_rules", "estimand")
_UNSEEN = r"\b(miss(ed|ing)|not (done|assessed|evaluable))\b"
_LOOKED_AT = r"\b(assessment|scan|visit)s?\b"
_MISSING_DATA = re.compile(
    rf"{_UNSEEN}.*{_LOOKED_AT}|{_LOOKED_AT}.*{_UNSEEN}|\bmissing( data)?\b"
    r"|\blo(st|ss) (to|of) follow|\bdrop(ped)?[- ]?out\b|\b(administrative|data) cut-?off\b",
    re.IGNORECASE,
)


def check_endpoints(tree: Tree) -> Iterator[Fault]:
    """Faults of each endpoint: its sources, what its kind needs, its censoring rules and its estimand."""
    sources = [*mapping(tree, "sources"), *STANDARD_SOURCES]
    for path, entry in entries(tree, "endpoints"):
        for key in ("start", "among"):
            yield from unknown((*path, key), "source", entry.get(key), sources)
        for key in ("events", "censoring"):
            yield from unknown_in((*path, key), "source", entry.get(key), sources)
        yield from _needed(path, entry, tree)
        yield from _rule_sets(path, entry, tree)
        yield from _estimand(path, entry, tree)


def _needed(path: Path, entry: Tree, tree: Tree) -> Iterator[Fault]:
    # A study of analysis-ready data (`example`) has its dates in the data set, so its endpoints need no sources.
    needs = _NEEDED.get(str(entry.get("kind")), ())
    if entry.get("kind") == "time-to-event" and "example" not in tree:
        needs = ("start", "events", "censoring")
    for key in needs:
        if not entry.get(key):
            yield Fault(path, f"endpoint {entry.get('id')!r}: a {entry['kind']} endpoint needs {key!r}", on_key=True)
    if entry.get("kind") in ("response", "adverse-event"):
        for key in _OF_TIME:
            if entry.get(key):
                yield Fault((*path, key), f"a {entry['kind']} endpoint has no {key!r}", on_key=True)


def _rule_sets(path: Path, entry: Tree, tree: Tree) -> Iterator[Fault]:
    named = [name for name in listed(entry.get("censoring_rules")) if isinstance(name, str) and name in RULE_SETS]
    where = (*path, "censoring_rules")
    for place, name in enumerate(named):
        if name in named[:place]:
            yield Fault((*where, place), f"the rule set {name!r} is named twice", hint="name each rule set once")
    scheduled = mapping(tree, "schedule", "tumor_assessments")
    for place, name in enumerate(named):
        if name in NEED_A_SCHEDULE and not scheduled:
            yield Fault(
                (*where, place),
                f"the rule set {name!r} counts scheduled intervals, and the file has none",
                hint="write schedule.tumor_assessments with its intervals and window",
            )
    endpoint, others = entry.get("id"), ids(tree, "endpoints")
    for place, name in enumerate(named[1:], start=1):
        code = parameter_code(str(endpoint), name)
        if len(code) > LONGEST_PARAMETER:
            longest = LONGEST_PARAMETER - len(SUFFIXES[name])
            hint = f"an id of at most {longest} characters leaves room for {SUFFIXES[name]!r}"
            yield Fault(
                (*where, place), f"the parameter {code!r} has more than {LONGEST_PARAMETER} characters", hint=hint
            )
        if code in others:
            yield Fault((*where, place), f"the parameter {code!r} is also the id of an endpoint", hint="rename one")


def _estimand(path: Path, entry: Tree, tree: Tree) -> Iterator[Fault]:
    name = entry.get("estimand")
    yield from unknown((*path, "estimand"), "estimand", name, ids(tree, "estimands"))
    for _, estimand in entries(tree, "estimands"):
        if estimand.get("id") != name:
            continue
        other = estimand.get("endpoint")
        if other != entry.get("id") and other in ids(tree, "endpoints"):
            message = f"estimand {name!r} is of endpoint {other!r}, not of {entry.get('id')!r}"
            yield Fault((*path, "estimand"), message)
        yield from _contradictions(path, entry, estimand)


def _contradictions(path: Path, entry: Tree, estimand: Tree) -> Iterator[Fault]:
    """The endpoint's own rules must not censor at what its estimand follows through."""
    own = next((name for name in listed(entry.get("censoring_rules")) if isinstance(name, str)), "")
    for event in listed(estimand.get("intercurrent_events")):
        date = mapping({"event": event}, "event").get("date")
        strategy = mapping({"event": event}, "event").get("strategy")
        if date in CENSORS_AT.get(own, ()) and strategy in ("treatment-policy", "composite"):
            yield Fault(
                (*path, "censoring_rules", 0),
                f"the rule set {own!r} censors at {date!r}, where estimand {estimand.get('id')!r} says {strategy}",
                hint=f"name {own!r} after the endpoint's own rule set, as a sensitivity, or change the strategy",
            )


def check_estimands(tree: Tree) -> Iterator[Fault]:
    """Faults of each estimand: what it names, and intercurrent events that are none or cannot be dated."""
    sources = [*mapping(tree, "sources"), *STANDARD_SOURCES]
    for path, entry in entries(tree, "estimands"):
        yield from unknown((*path, "endpoint"), "endpoint", entry.get("endpoint"), ids(tree, "endpoints"))
        sets = ids(tree, "analysis_sets")
        yield from unknown((*path, "analysis_set"), "analysis set", entry.get("analysis_set"), sets)
        for place, event in enumerate(listed(entry.get("intercurrent_events"))):
            there = (*path, "intercurrent_events", place)
            yield from _intercurrent(there, mapping({"event": event}, "event"), sources)


def _intercurrent(path: Path, event: Tree, sources: list[str]) -> Iterator[Fault]:
    words: Any = event.get("event")
    yield from unknown((*path, "date"), "source", event.get("date"), sources)
    if isinstance(words, str) and _MISSING_DATA.search(words):
        yield Fault(
            (*path, "event"),
            f"{words!r} is missing data, not an intercurrent event",
            reason="by ICH E9(R1) an intercurrent event changes what the endpoint means or whether it exists; "
            "an assessment that was not made, or follow-up that was lost, leaves it as it is and unobserved",
            hint="take it out of the estimand, and say in the endpoint's censoring_rules how missing data are handled",
        )
    # A composite without a date is one of the endpoint's own events; nothing says when to censor without one.
    if event.get("strategy") == "hypothetical" and not event.get("date"):
        yield Fault(
            path,
            f"the strategy hypothetical for {words!r} needs a date to censor at",
            hint=f"write `date:` with the source that dates it: {', '.join(sources)}",
            on_key=True,
        )
