"""Faults of a file in words: pydantic's findings, told to a person who wrote YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from equipoise.errors import permitted
from equipoise.protocol.trial import Trial

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One fault: the path to it in the file, what is wrong, why, and what to do.

    `on_key` points at the key rather than at its value; `offset` adds columns within a text value.
    """

    path: Path
    message: str
    reason: str | None = None
    hint: str | None = None
    on_key: bool = False
    offset: int = 0


def describe_invalid(invalid: ValidationError, model: type[BaseModel] = Trial) -> list[Fault]:
    """One fault for each place of a file of `model`, in the user's words; unions report once."""
    by_place: dict[Path, Fault] = {}
    for error in invalid.errors(include_url=False):
        fault = _describe(error, model)
        by_place.setdefault(fault.path, fault)
    deepest = set(by_place)
    return [fault for path, fault in by_place.items() if not any(_inside(other, path) for other in deepest)]


def _inside(other: Path, path: Path) -> bool:
    return len(other) > len(path) and other[: len(path)] == path


def _describe(error: ErrorDetails, model: type[BaseModel]) -> Fault:
    path = _written(error["loc"])
    key = path[-1] if path else "trial file"
    if error["type"] not in ("extra_forbidden", "missing"):
        # `value` is what the file may leave out, and a place in a list has no name: the key above says more.
        key = next((step for step in reversed(path) if isinstance(step, str) and step != "value"), key)
    kind, value = error["type"], error.get("input")
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        return Fault(path, f"unknown key {key!r}", hint=permitted(str(key), _keys_at(path[:-1], model)), on_key=True)
    if kind == "missing" and isinstance(path[-1], int):
        named = next((step for step in reversed(path) if isinstance(step, str)), "list")
        return Fault(path[:-1], f"{named}: value {path[-1] + 1} is missing here", hint="write a pair, as in [0, 1]")
    if kind == "too_short" and not context.get("actual_length"):
        return Fault(path, f"{key} is empty", hint="list one at least, or leave the key out")
    if kind == "missing":
        return Fault(path, f"missing key {key!r}", hint=f"add `{key}:` here", on_key=True)
    if kind == "literal_error":
        allowed = [part.strip().strip("'") for part in str(context["expected"]).replace(" or ", ", ").split(",")]
        return Fault(path, f"{key}: {value!r} is not permitted", hint=permitted(str(value), allowed))
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return Fault(path, f"{key}: {value!r} is out of range", hint=_range_hint(kind, context))
    if kind == "string_pattern_mismatch":
        return Fault(path, f"{key}: {value!r} does not have the form {context['pattern']}")
    if kind == "value_error":
        return Fault(path, f"{key}: {context['error']}" if path else str(context["error"]))
    expected = _EXPECTED.get(kind, error["msg"].lower())
    return Fault(path, f"{key}: {value!r} is not accepted: {expected}")


_EXPECTED = {
    "tuple_type": "it should be a list",
    "dict_type": "it should be a mapping of keys to values",
    "model_type": "it should be a mapping of keys to values",
    "string_type": "it should be text",
    "int_type": "it should be a whole number",
    "int_parsing": "it should be a whole number",
    "int_from_float": "it should be a whole number",
    "float_type": "it should be a number",
    "float_parsing": "it should be a number",
    "bool_type": "it should be true or false",
    "bool_parsing": "it should be true or false",
    "date_type": "it should be a date, as in 2019-04-05",
    "date_parsing": "it should be a date, as in 2019-04-05",
    "date_from_datetime_parsing": "it should be a date, as in 2019-04-05",
}


_SIGNS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _range_hint(kind: str, context: Mapping[str, Any]) -> str:
    words, key = _SIGNS[kind]
    return f"the value must be {words} {context[key]:g}"


def _written(location: tuple[str | int, ...]) -> Path:
    """The path as the user wrote it: without the names pydantic gives to the branches of a union."""
    steps: list[str | int] = []
    for step in location:
        if isinstance(step, str) and ("[" in step or step in ("float", "int", "str", "bool")):
            continue
        steps.append(step)
    return tuple(steps)


def _keys_at(path: Path, model: type[BaseModel]) -> list[str]:
    """The keys the model accepts at a path."""
    for held in _models_at(model, path):
        return list(held.model_fields)
    return list(model.model_fields)


def _models_at(annotation: Any, path: Path) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not path:
            yield annotation
        elif path[0] in annotation.model_fields:
            yield from _models_at(annotation.model_fields[str(path[0])].annotation, path[1:])
        elif "value" in annotation.model_fields:
            yield from _models_at(annotation.model_fields["value"].annotation, path)
        return
    for argument in get_args(annotation):
        inner = path[1:] if path and _is_container(annotation) else path
        yield from _models_at(argument, inner)


def _is_container(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) in (tuple, list, dict)
