"""Reading a trial file's plain mapping, where any part of it may be missing or of the wrong shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from equipoise.errors import permitted
from equipoise.protocol.faults import Fault

Tree = Mapping[str, Any]
Path = tuple[str | int, ...]


def entries(tree: Tree, section: str) -> Iterator[tuple[Path, Tree]]:
    """The entries of a list section that are mappings, with their paths."""
    for place, entry in enumerate(listed(tree.get(section))):
        if isinstance(entry, Mapping):
            yield (section, place), entry


def ids(tree: Tree, section: str) -> list[str]:
    return [entry["id"] for _, entry in entries(tree, section) if isinstance(entry.get("id"), str)]


def mapping(tree: Any, *keys: str) -> Tree:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree if isinstance(tree, Mapping) else {}


def stated(node: Any) -> Any:
    """The value of a `{value: ...}` form, or the bare value."""
    return node["value"] if isinstance(node, Mapping) and "value" in node else node


def listed(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def unknown(path: Path, kind: str, name: Any, known: Iterable[str], *, on_key: bool = False) -> Iterator[Fault]:
    known = list(known)
    if isinstance(name, str) and name not in known:
        hint = permitted(name, known) if known else f"the trial file declares no {kind}"
        yield Fault(path, f"{name!r} is not a declared {kind}", hint=hint, on_key=on_key)


def unknown_in(path: Path, kind: str, names: Any, known: Iterable[str]) -> Iterator[Fault]:
    for place, name in enumerate(listed(names)):
        yield from unknown((*path, place), kind, name, known)
