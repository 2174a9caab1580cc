"""Published-result files: YAML or JSON whose numbers keep their digits, faults with their lines, shipped examples."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from equipoise.errors import ArgumentError, PublishedFileError, nearest
from equipoise.evidence.published import PublishedTrial
from equipoise.protocol.faults import Fault, describe_invalid
from equipoise.protocol.yaml_document import (
    FileCodes,
    invalid_file,
    is_file,
    located,
    plain_values,
    read_text,
    read_yaml,
)

CODES = FileCodes(
    PublishedFileError, "published-file-missing", "published-file-syntax", "published-file-invalid"
)  # fmt: skip
SUFFIXES = (".yaml", ".yml", ".json")
_EXAMPLES = resources.files("equipoise.evidence") / "examples"
_STARTER = "starter"
# A scalar that YAML reads as no value, written plainly.
_EMPTY = ("", "~", "null")


@cache
def published_names() -> tuple[str, ...]:
    """Names of the published trials that ship with equipoise.

    >>> "palmira" in published_names()
    True
    """
    names = (entry.name.removesuffix(".yaml") for entry in _EXAMPLES.iterdir() if entry.name.endswith(".yaml"))
    return tuple(sorted(name for name in names if name != _STARTER))


def published_text(name: str = _STARTER) -> str:
    """The text of an example that ships with equipoise; without a name, of a commented starter.

    Raises PublishedFileError `published-file-missing`.

    >>> published_text("palmira").splitlines()[2]
    'trial: PALMIRA'
    """
    if name not in (*published_names(), _STARTER):
        raise _missing(name, Path(name))
    return (_EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")


def read_published(published: str | Path | PublishedTrial) -> PublishedTrial:
    """A published trial from a file (YAML or JSON), or an example by its name ("palmira").

    Raises PublishedFileError: `published-file-missing`, `published-file-syntax`, or `published-file-invalid` with every
    fault found; ArgumentError `argument-invalid` for what is neither path nor name.

    >>> read_published("palmira").randomized
    198
    """
    if isinstance(published, PublishedTrial):
        return published
    if not isinstance(published, str | os.PathLike):
        raise ArgumentError(
            "argument-invalid",
            f"a published trial is named by a path or an example's name, not by {type(published).__name__}",
            where="published",
            hint=f"examples: {', '.join(published_names())}; a mapping goes through PublishedTrial.model_validate",
        )
    path = Path(published)
    if is_file(path):
        return parse_published(read_text(path, CODES), name=str(path))
    if str(published) in published_names():
        return parse_published(published_text(str(published)), name=f"{published}.yaml (example)")
    raise _missing(str(published), path)


def read_published_folder(folder: str | Path) -> dict[str, PublishedTrial | PublishedFileError]:
    """Every YAML and JSON file of a folder, by its name: the trial, or the error that says why it cannot be used.

    Raises PublishedFileError `published-file-missing` for a folder that is none or holds no such file.
    """
    place = Path(folder)
    files = sorted(path for path in place.iterdir() if path.suffix in SUFFIXES) if place.is_dir() else []
    if not files:
        said = "holds no published-result file" if place.is_dir() else "is no folder"
        hint = f"files end in {', '.join(SUFFIXES)}; `equipoise audit --new FILE` writes a starter"
        raise PublishedFileError(CODES.missing, f"{place} {said}", hint=hint)
    return {path.name: _tried(path) for path in files}


def _tried(path: Path) -> PublishedTrial | PublishedFileError:
    try:
        return read_published(path)
    except PublishedFileError as problem:
        return problem


def parse_published(text: str, *, name: str = "published.yaml") -> PublishedTrial:
    """A published trial from the text of its file, YAML or JSON; `name` is used in messages."""
    is_json = text.lstrip().startswith(("{", "["))
    if is_json:
        _check_json(text, name)
    # JSON is YAML but for tabs between its parts, which are as long as the spaces that replace them.
    tree = read_yaml(text.replace("\t", " ") if is_json else text, name, CODES, as_text=True)
    faults = [] if isinstance(tree, Mapping) else [Fault((), "a published-result file is a mapping of keys to values")]
    if not faults:
        try:
            return PublishedTrial.model_validate(_filled(plain_values(tree)))
        except ValidationError as invalid:
            faults.extend(describe_invalid(invalid, PublishedTrial))
    raise invalid_file(name, text, tree, faults, CODES)


def _filled(node: Any) -> Any:
    """The document without the keys that have no value."""
    if isinstance(node, Mapping):
        return {key: _filled(value) for key, value in node.items() if value not in _EMPTY}
    return [_filled(value) for value in node] if isinstance(node, list) else node


def _check_json(text: str, name: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as broken:
        problem = located(name, text, broken.lineno - 1, broken.colno - 1, broken.msg.lower())
        raise PublishedFileError(
            CODES.syntax, f"{name} is not valid JSON", problems=(problem,),
            hint="a YAML file does not begin with { or [",
        ) from broken  # fmt: skip


def _missing(name: str, path: Path) -> PublishedFileError:
    siblings = (
        [entry.name for entry in path.parent.iterdir() if entry.suffix in SUFFIXES] if path.parent.is_dir() else []
    )
    close = nearest(path.name, [*siblings, *published_names()])
    meant = f"did you mean {close!r}? " if close else ""
    return PublishedFileError(
        CODES.missing,
        f"there is no published-result file {name!r}, and no example of that name",
        hint=f"{meant}examples: {', '.join(published_names())}; `equipoise audit --new FILE` writes a starter",
    )
