"""A YAML file that a person wrote: its text, its document with places, and its faults each at their line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

from equipoise.errors import InputError, Problem
from equipoise.protocol.faults import Fault


@dataclass(frozen=True)
class FileCodes:
    """How the faults of one kind of file are raised: the class, and its codes."""

    error: type[InputError]
    missing: str
    syntax: str
    invalid: str


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for the file system, for one
        return False


def read_text(path: Path, codes: FileCodes) -> str:
    """The text of a file. Raises the error of `codes` for what is not UTF-8 or cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        message = f"{path} is not UTF-8 text: byte {problem.start + 1} is 0x{problem.object[problem.start]:02X}"
        raise codes.error(codes.syntax, message, hint="save the file as UTF-8 in your editor") from problem
    except OSError as problem:
        raise codes.error(codes.missing, f"cannot read {path}: {problem.strerror}") from problem


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


class _Verbatim(VersionedResolver):
    """Every scalar is the text that it is written as."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        return _TEXT if kind is ScalarNode else super().resolve(kind, value, implicit)


_TEXT = Tag(suffix="tag:yaml.org,2002:str")


def read_yaml(text: str, name: str, codes: FileCodes, *, as_text: bool = False) -> Any:
    """The document of a YAML text with its places kept; `name` is used in messages.

    With `as_text` every scalar stays as it is written ("0.80"), so that digits count. Raises the error of `codes`.
    """
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    if as_text:
        yaml.Resolver = _Verbatim
    try:
        return yaml.load(StringIO(text))
    except MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        problem = located(name, text, line, column, f"{broken.problem or 'not valid YAML'}")
        raise codes.error(
            codes.syntax,
            f"{name} is not valid YAML",
            problems=(problem,),
            hint="check the indentation and the quotes at and just above that line; quote texts that hold ': ' or '#'",
        ) from broken
    except ReaderError as broken:
        line = text.count("\n", 0, broken.position)
        column = broken.position - (text.rfind("\n", 0, broken.position) + 1)
        problem = located(name, text, line, column, f"the file holds the control character U+{broken.character:04X}")
        message = f"{name} is not valid YAML"
        raise codes.error(codes.syntax, message, problems=(problem,), hint="delete it") from broken
    except RecursionError as broken:
        raise codes.error(codes.syntax, f"{name} is nested too deeply to be read") from broken


def plain_values(node: Any) -> Any:
    """Round-trip nodes as plain Python values, so that models and messages show what the user wrote."""
    match node:
        case Mapping():
            return {str(key): plain_values(value) for key, value in node.items()}
        case str():
            return str(node)
        case bool() | None:
            return node
        case Sequence():
            return [plain_values(value) for value in node]
        case float():
            return float(node)
        case int():
            return int(node)
        case _:
            return node


def invalid_file(name: str, text: str, tree: Any, faults: Sequence[Fault], codes: FileCodes) -> InputError:
    """The error of a file with faults, each with its line."""
    lines = text.splitlines()
    placed = sorted(((*_place(tree, fault), fault) for fault in faults), key=lambda item: item[:2])
    problems = tuple(
        located(name, text, line, _within(lines, line, column, fault.offset), fault.message, fault.reason, fault.hint)
        for line, column, fault in placed
    )
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    return codes.error(codes.invalid, f"{name} has {count}", problems=problems)


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


def located(
    name: str, text: str, line: int, column: int, message: str, reason: str | None = None, hint: str | None = None
) -> Problem:
    """A problem at a place of a text: zero-based line and column."""
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
