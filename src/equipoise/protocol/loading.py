"""From a trial file to a Trial, or to every fault in it with its line, its value, and what would be right."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from equipoise.errors import ArgumentError, InputError, Problem, TrialFileError, nearest
from equipoise.protocol.faults import Fault, describe_invalid
from equipoise.protocol.references import check_references
from equipoise.protocol.trial import Trial

_BUILTIN = resources.files("equipoise.protocol") / "builtin"


@dataclass(frozen=True)
class TrialFile:
    """A trial and the file it came from: its text as read, and the trial's digest."""

    trial: Trial
    name: str
    text: str

    @property
    def digest(self) -> str:
        return self.trial.digest


def builtin_names() -> tuple[str, ...]:
    """Names of the trials that ship with equipoise."""
    names = (entry.name.removesuffix(".yaml") for entry in _BUILTIN.iterdir() if entry.name.endswith(".yaml"))
    return tuple(sorted(name for name in names if name != "starter"))


def builtin_text(name: str) -> str:
    """The text of a built-in trial file, or of the starter."""
    return (_BUILTIN / f"{name}.yaml").read_text(encoding="utf-8")


def load_trial(trial: str | Path | Trial) -> Trial:
    """A trial from a path or a built-in name.

    Raises TrialFileError: `trial-file-missing`, `trial-file-syntax`, or `trial-file-invalid` with every fault found.

    >>> load_trial("palmira").control.label
    'ET alone'
    """
    return trial if isinstance(trial, Trial) else read_trial_file(trial).trial


def read_trial_file(trial: str | Path) -> TrialFile:
    """As `load_trial`, keeping the text for its digest and for messages that show lines."""
    if not isinstance(trial, str | os.PathLike):
        raise ArgumentError(
            "argument-invalid",
            f"a trial is named by a path or a built-in name, not by {type(trial).__name__} {trial!r}",
            hint=f"built in: {', '.join(builtin_names())}",
        )
    path = Path(trial)
    if _is_file(path):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as problem:
            message = f"{path} is not UTF-8 text: byte {problem.start + 1} is 0x{problem.object[problem.start]:02X}"
            raise TrialFileError(
                "trial-file-syntax", message, hint="save the file as UTF-8 in your editor"
            ) from problem
        except OSError as problem:
            raise TrialFileError("trial-file-missing", f"cannot read {path}: {problem.strerror}") from problem
        return parse_trial(text, name=str(path))
    if str(trial) in builtin_names():
        return parse_trial(builtin_text(str(trial)), name=f"{trial}.yaml (built in)")
    raise TrialFileError(
        "trial-file-missing",
        f"there is no trial file {str(trial)!r}, and no built-in trial of that name",
        hint=_missing_hint(path),
    )


def parse_trial(text: str, *, name: str = "trial.yaml") -> TrialFile:
    """A trial from the text of its file; `name` is used in messages."""
    tree = _read_yaml(text, name)
    faults = [] if isinstance(tree, Mapping) else [Fault((), "a trial file is a mapping of keys to values")]
    trial: Trial | None = None
    if not faults:
        try:
            trial = Trial.model_validate(_plain(tree))
        except ValidationError as invalid:
            faults.extend(describe_invalid(invalid))
        reported = {fault.path for fault in faults}
        faults.extend(fault for fault in check_references(_plain(tree)) if fault.path not in reported)
    if faults or trial is None:
        raise _invalid(name, text, tree, faults)
    return TrialFile(trial, name, text)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for the file system, for one
        return False


def _missing_hint(path: Path) -> str:
    siblings = [entry.name for entry in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    close = nearest(path.name, [*siblings, *builtin_names()])
    meant = f"did you mean {close!r}? " if close else ""
    return f"{meant}built-in trials: {', '.join(builtin_names())}; `equipoise init DIR` writes a starter file"


class _Constructor(RoundTripConstructor):
    """Says where a value stands that looks like a date or a number and is none (2019-02-30), or a key no word."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as broken:
            written = str(node.value)[:40]
            raise ConstructorError(None, None, f"{written!r} cannot be read: {broken}", node.start_mark) from broken

    def check_mapping_key(self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any) -> bool:
        try:
            return super().check_mapping_key(node, key_node, mapping, key, value)
        except TypeError as broken:
            raise ConstructorError(
                None, None, "a key is a word, not a list or mapping", key_node.start_mark
            ) from broken


def _read_yaml(text: str, name: str) -> Any:
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        return yaml.load(StringIO(text))
    except MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        problem = _located(name, text, line, column, f"{broken.problem or 'not valid YAML'}")
        raise TrialFileError(
            "trial-file-syntax",
            f"{name} is not valid YAML",
            problems=(problem,),
            hint="check the indentation and the quotes at and just above that line; quote texts that hold ': ' or '#'",
        ) from broken
    except ReaderError as broken:
        line = text.count("\n", 0, broken.position)
        column = broken.position - (text.rfind("\n", 0, broken.position) + 1)
        problem = _located(name, text, line, column, f"the file holds the control character U+{broken.character:04X}")
        message = f"{name} is not valid YAML"
        raise TrialFileError("trial-file-syntax", message, problems=(problem,), hint="delete it") from broken
    except RecursionError as broken:
        raise TrialFileError("trial-file-syntax", f"{name} is nested too deeply to be read") from broken


def _plain(node: Any) -> Any:
    """Round-trip nodes as plain Python values, so that models and messages show what the user wrote."""
    match node:
        case Mapping():
            return {str(key): _plain(value) for key, value in node.items()}
        case str():
            return str(node)
        case bool() | None:
            return node
        case Sequence():
            return [_plain(value) for value in node]
        case float():
            return float(node)
        case int():
            return int(node)
        case _:
            return node


def _invalid(name: str, text: str, tree: Any, faults: Sequence[Fault]) -> InputError:
    lines = text.splitlines()
    placed = sorted(((*_place(tree, fault), fault) for fault in faults), key=lambda item: item[:2])
    problems = tuple(
        _located(name, text, line, _within(lines, line, column, fault.offset), fault.message, fault.reason, fault.hint)
        for line, column, fault in placed
    )
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    return TrialFileError("trial-file-invalid", f"{name} has {count}", problems=problems)


def _place(tree: Any, fault: Fault) -> tuple[int, int]:
    """Zero-based line and column of the deepest part of the path that exists in the file."""
    node, place = tree, (0, 0)
    for depth, step in enumerate(fault.path):
        last = depth == len(fault.path) - 1
        if isinstance(node, CommentedMap) and step in node:
            at_key = (last and fault.on_key) or node[step] is None or _nested(node[step])
            # A key that came with a merge (`<<: *other`) has no line of its own here.
            if step in (node.lc.data or {}):
                place = node.lc.key(step) if at_key else node.lc.value(step)
            node = node[step]
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            place = node.lc.item(step)
            node = node[step]
        elif not (isinstance(step, str) and step == "value"):
            break
    return place


def _within(lines: Sequence[str], line: int, column: int, offset: int) -> int:
    """The column of a place inside a text value that stands on one line; the value's own column where it does not."""
    rest = lines[line][column:] if line < len(lines) else ""
    quoted = rest.startswith(("'", '"'))
    inside = 0 < offset + quoted < len(rest) and not rest.startswith(("|", ">"))
    return column + offset + quoted if offset and inside else column


def _nested(node: Any) -> bool:
    return isinstance(node, CommentedMap | CommentedSeq)


def _located(
    name: str, text: str, line: int, column: int, message: str, reason: str | None = None, hint: str | None = None
) -> Problem:
    lines = text.splitlines()
    shown = lines[line] if line < len(lines) else ""
    excerpt = "".join(
        letter if letter.isprintable() or letter == "\t" else "\N{REPLACEMENT CHARACTER}" for letter in shown
    )
    return Problem(
        message,
        where=f"{name}:{line + 1}:{column + 1}",
        excerpt=excerpt,
        caret=min(column, len(excerpt)),
        reason=reason,
        hint=hint,
    )
