"""Faults of the planned looks of an analysis: triggers that say nothing, contradict themselves, or do not increase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from equipoise.protocol.faults import Fault
from equipoise.protocol.tree import Path, Tree, ids, listed, mapping, unknown, unknown_in

_CONDITIONS = ("events", "time", "follow_up")


def check_looks(path: Path, entry: Tree, tree: Tree) -> Iterator[Fault]:
    """Faults of the looks of the analysis at `path`."""
    looks = listed(entry.get("looks"))
    if len(looks) > 1 and not entry.get("spending"):
        yield Fault(
            (*path, "looks"), "more than one look needs 'spending'", reason="repeated looks inflate alpha", on_key=True
        )
    counts: list[int] = []
    for place, look in enumerate(looks):
        trigger = mapping(look, "trigger")
        if isinstance(look, Mapping) and not set(_CONDITIONS) & set(trigger):
            yield Fault((*path, "looks", place), "a look's trigger needs events, time or follow_up", on_key=True)
        yield from _trigger((*path, "looks", place, "trigger"), trigger, tree)
        if isinstance(trigger.get("events"), int) and not {"arms", "endpoint"} & set(trigger):
            counts.append(trigger["events"])
    if counts != sorted(set(counts)):
        yield Fault((*path, "looks"), f"event counts of the looks must increase; they are {counts}", on_key=True)


def _trigger(path: Path, trigger: Tree, tree: Tree) -> Iterator[Fault]:
    yield from unknown_in((*path, "arms"), "arm", trigger.get("arms"), ids(tree, "arms"))
    yield from unknown((*path, "endpoint"), "endpoint", trigger.get("endpoint"), ids(tree, "endpoints"))
    for key in ("arms", "endpoint"):
        if key in trigger and "events" not in trigger:
            yield Fault((*path, key), f"{key} says whose events are counted", hint="give events as well", on_key=True)
    given = [key for key in _CONDITIONS if key in trigger]
    if "when" in trigger and len(given) == 1:
        hint = "leave it out, or give several of events, time, follow_up"
        yield Fault((*path, "when"), f"when is of several conditions; there is {given[0]} only", hint=hint, on_key=True)
