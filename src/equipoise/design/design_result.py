"""What every result of the room shares: rows, a paragraph fit for a protocol, and the code that makes it again."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult, number

_LINE = 100
# From here on digits say nothing.
_LARGE = 1e12
# What the largest share may fall short of one by rounding.
_ROUNDING = 1e-9


class DesignResult(RowResult):
    """A result of a design: everything of `RowResult`, with `.text()` and `.code()`."""

    library: str | None = None

    @abstractmethod
    def to_rows(self) -> list[ResultRow]:
        """One row per statistic, made with `design_row`."""

    @abstractmethod
    def text(self) -> str:
        """A paragraph of plain prose that a protocol can take as it stands."""

    @abstractmethod
    def code(self) -> str:
        """Python that makes an equal result under the name `design`; made with `render_code`."""

    def __str__(self) -> str:
        return self.text()


def design_row(
    statistic: str,
    value: float | None,
    *,
    look: int | None = None,
    analysis: str = "design",
    missing: str = "NE",
    **columns: Any,
) -> ResultRow:
    """One row of a design.

    Arguments: `statistic`, lower snake (events, n, power, z_upper, ...); `value`, a number, or None or NaN for one that
    does not exist, shown as `missing`; `look`, from 1, goes to `at` with `at_unit` "look" (for another position give
    `at` and `at_unit`); any other columns of `ResultRow`, such as `method`, `format`, `group1`, `level1`, `unit`.

    >>> design_row("events", 127, format="int").value
    127.0
    """
    place = {} if look is None else {"at": float(look), "at_unit": "look"}
    content = number(math.nan if value is None else float(value), missing)
    return ResultRow(statistic=statistic, analysis=analysis, **(place | content | columns))


def render_code(function: str, arguments: Mapping[str, Any], *, after: str = "", name: str = "design") -> str:
    """A Python program that calls `function` of `equipoise.design`; arguments that are None are left out.

    Values are written by `repr`, exactly; objects of the room (`Hazard`, `Accrual`, ...) must have a repr that makes
    them again, and are imported. A `DesignResult` as an argument is written by its own `code()` first. `after` follows
    the call, such as ".at([100, 200])".

    >>> print(render_code("events_required", {"hazard_ratio": 0.59, "alpha": 0.05}))
    from equipoise.design import events_required
    <BLANKLINE>
    design = events_required(hazard_ratio=0.59, alpha=0.05)
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    before = [value.code().replace("design = ", f"{key} = ", 1) for key, value in given.items() if _is_result(value)]
    written = [f"{key}={key if _is_result(value) else written_value(value)}" for key, value in given.items()]
    call = f"{name} = {function}({', '.join(written)}){after}"
    if len(call) > _LINE:
        call = f"{name} = {function}(\n" + "".join(f"    {part},\n" for part in written) + f"){after}"
    names = sorted({function.split(".")[0], *(n for value in given.values() for n in _room_types(value))})
    return "\n\n".join([*before, f"from equipoise.design import {', '.join(names)}", call])


def _is_result(value: Any) -> bool:
    return isinstance(value, DesignResult)


def _room_types(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*(_room_types(part) for part in value.values()))
    if isinstance(value, tuple | list):
        return set().union(*(_room_types(part) for part in value))
    if not type(value).__module__.startswith("equipoise.design") or _is_result(value):
        return set()
    parts = [getattr(value, part.name) for part in fields(value)] if is_dataclass(value) else []
    return {type(value).__name__}.union(*map(_room_types, parts))


def written_value(value: Any) -> str:
    """The value as Python source: numbers by the shortest text that reads back, arrays as lists."""
    if isinstance(value, np.ndarray):
        return written_value(value.tolist())
    if isinstance(value, np.generic):
        return written_value(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{written_value(k)}: {written_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple | list):
        inner = ", ".join(written_value(part) for part in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    return repr(value)


def prose_number(value: float, digits: int = 3) -> str:
    """A number for prose: at most `digits` decimals, half away from zero, trailing zeros dropped.

    >>> prose_number(0.8721640, 3), prose_number(127.0), prose_number(24.05, 1)
    ('0.872', '127', '24.1')
    """
    if not math.isfinite(value):
        return "not reached" if value > 0 or value != value else "minus infinity"
    if abs(value) >= _LARGE:
        return f"{value:.4g}"
    # Python's shortest decimal text is rounded, so that what stands in the text is what a reader would round.
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    plain = format(rounded, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def prose_percent(value: float, digits: int = 1) -> str:
    """A proportion as a percentage for prose; what is neither nothing nor all is not rounded to it.

    >>> prose_percent(0.8), prose_percent(0.8721640), prose_percent(0.99997), prose_percent(1e-5)
    ('80%', '87.2%', '>99.9%', '<0.1%')
    """
    shown, unit = prose_number(100.0 * value, digits), 10.0**-digits
    if shown == "0" and value > 0.0:
        return f"<{prose_number(unit, digits)}%"
    if shown == "100" and value < 1.0 - _ROUNDING:
        return f">{prose_number(100.0 - unit, digits)}%"
    return f"{shown}%"


def prose_small(value: float, digits: int = 3) -> str:
    """A number that may be very small, for prose: to `digits` decimals, or to three digits where they would all be 0.

    >>> prose_small(0.025, 3), prose_small(1.2345e-10, 3)
    ('0.025', '1.23e-10')
    """
    shown = prose_number(value, digits)
    return f"{value:.3g}" if shown == "0" and value != 0.0 else shown


def prose_listing(parts: Sequence[str]) -> str:
    """Parts in a row, with "and" before the last.

    >>> prose_listing(["1"]), prose_listing(["1", "2", "3"])
    ('1', '1, 2 and 3')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def prose_count(number: str, noun: str) -> str:
    """A number in words for prose with its noun, in the plural unless it is one.

    >>> prose_count("1", "event"), prose_count("127", "event")
    ('1 event', '127 events')
    """
    return f"{number} {noun}{'' if number == '1' else 's'}"
