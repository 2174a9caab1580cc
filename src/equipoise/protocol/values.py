"""How single values are written in a trial file: durations, rates, and values that carry their evidence."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from equipoise.quantities import Duration, Rate, parse_duration, parse_rate

T = TypeVar("T")


class Model(BaseModel):
    """Base of every part of a trial: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"{value!r} is not a duration; write a number and a unit, as in '8 weeks' or '3.6 months'")


def _rate(value: Any) -> Rate:
    if isinstance(value, Rate):
        return value
    if isinstance(value, str):
        return parse_rate(value)
    raise ValueError(f"{value!r} is not a rate; write a number and a unit of time, as in '0.14 per month'")


def _positive(value: Duration) -> Duration:
    if value.days <= 0:
        raise ValueError(f"{str(value)!r} is no length of time; it must be longer than zero")
    return value


def increasing(pieces: tuple[Any, ...]) -> tuple[Any, ...]:
    """Pieces of time in order. Raises ValueError where an `until` does not increase, or is missing before the last."""
    ends = [piece.until.days if piece.until else math.inf for piece in pieces]
    if not ends or any(later <= earlier for earlier, later in pairwise(ends)):
        given = ", ".join(str(piece.until) if piece.until else "none" for piece in pieces) or "no pieces"
        raise ValueError(f"the pieces must have an increasing 'until', and only the last may have none; given: {given}")
    return pieces


_NUMBER = r"[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?"

DurationText = Annotated[
    Duration,
    BeforeValidator(_duration),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*(day|week|month|year)s?\s*$", "examples": ["8 weeks"]}
    ),
]
PositiveDurationText = Annotated[DurationText, AfterValidator(_positive)]
RateText = Annotated[
    Rate,
    BeforeValidator(_rate),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^\s*{_NUMBER}\s+per\s+(day|week|month|year)\s*$",
            "examples": ["0.1 per month"],
        }
    ),
]


class Stated(Model, Generic[T]):
    """A value that may say where it comes from.

    A bare value is what the protocol says. `{value: ..., source: ...}` names a source; `{value: ..., assumption: ...}`
    marks it as an assumption and says why.
    """

    value: T
    source: str | None = None
    assumption: str | None = None

    @property
    def is_assumption(self) -> bool:
        return self.assumption is not None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        if isinstance(data, Stated):
            return data
        return data if isinstance(data, dict) and "value" in data else {"value": data}

    @model_validator(mode="after")
    def _one_evidence(self) -> Stated[T]:
        if self.source is not None and self.assumption is not None:
            raise ValueError("a value has a source or is an assumption, not both")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler(core_schema)
        resolved = handler.resolve_ref_schema(whole)
        return {"anyOf": [resolved["properties"]["value"], whole]}


class Evidenced(Stated[T], Generic[T]):
    """A value that must name its source or say that it is an assumption: every value of a scenario."""

    @model_validator(mode="after")
    def _evidence(self) -> Evidenced[T]:
        if self.source is None and self.assumption is None:
            raise ValueError(
                "a scenario value must name its source or be marked an assumption; "
                "write {value: ..., source: ...} or {value: ..., assumption: ...}"
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core_schema)
