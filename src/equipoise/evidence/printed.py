"""Numbers as papers print them: the digits, and the interval of values that print so."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

Relation = Literal["=", "<", ">"]

_NUMBER = re.compile(r"^(?P<sign>[-+]?)(?P<whole>\d*)(?:\.(?P<part>\d+))?(?:[eE](?P<power>[-+]?\d+))?$")
_POWER = re.compile(r"\s*(?:[x×*]|\\times)\s*10\s*\^?\s*\(?([-+]?\d+)\)?$")
_RELATIONS: tuple[tuple[str, Relation], ...] = (
    ("<=", "<"), ("≤", "<"), ("<", "<"), (">=", ">"), ("≥", ">"), (">", ">"), ("=", "="),
)  # fmt: skip
_NOT_REACHED = {"ne", "nr", "na", "nc", "not reached", "not estimable", "not evaluable", "not available", "∞", "inf"}
_SIGNS = str.maketrans({"·": ".", "−": "-", "–": "-", ",": ""})


@dataclass(frozen=True)
class Printed:
    """One number of a publication.

    `text` is what was printed; `value` what it says (infinity for a time or limit that was not reached); `low` and
    `high` bound, ends included, every true value that prints so: half a unit of the last printed digit to either side
    (whichever way ties were rounded), or everything beyond a bound given as "<" or ">". `unit` is one unit of the last
    printed digit, 0 where none was printed.
    """

    text: str
    value: float
    low: float
    high: float
    unit: float = 0.0
    relation: Relation = "="

    @property
    def reached(self) -> bool:
        """False for "NE", "NR", "not reached"."""
        return math.isfinite(self.value)

    def allows(self, value: float, slack: float = 0.0) -> bool:
        """Whether a true value may have been printed so; `slack` widens the interval, in the number's own unit."""
        return self.low - slack <= value <= self.high + slack

    def scaled(self, factor: float) -> Printed:
        """The same number in another unit (percent to share: 0.01); the text stays as printed."""
        parts = (self.value, self.low, self.high, self.unit)
        value, low, high, unit = (part * factor for part in parts)
        return Printed(self.text, value, low, high, unit, self.relation)

    def __str__(self) -> str:
        return self.text


def parse_printed(text: str) -> Printed:
    """A printed number from its text: "0.84", ".149", "<.0001", "0·46", "42.1%", "3.29e-6", "9.83 x 10-8", "NE".

    Trailing zeros count: "0.80" lies between 0.795 and 0.805, "0.8" between 0.75 and 0.85.
    Raises ValueError for anything else.

    >>> parse_printed("0.80").low, parse_printed("<.0001").high
    (0.795, 0.0001)
    """
    plain = text.strip()
    if plain.lower() in _NOT_REACHED:
        return Printed(text, math.inf, math.inf, math.inf)
    plain = re.sub(r"^[pP]\s*(?=[=<>≤≥])", "", plain).translate(_SIGNS).removesuffix("%").strip()
    relation: Relation = "="
    for sign, meaning in _RELATIONS:
        if plain.startswith(sign):
            plain, relation = plain[len(sign) :].strip(), meaning
            break
    plain = _POWER.sub(r"e\1", plain)
    found = _NUMBER.match(plain)
    if found is None or not (found["whole"] or found["part"]):
        raise ValueError(f"{text!r} is no printed number; write it as the paper does, for example 0.84, <.001 or NE")
    value = float(plain)
    unit = 10.0 ** (int(found["power"] or 0) - len(found["part"] or ""))
    return Printed(text, value, *_bounds(value, unit, relation), unit, relation)


def _bounds(value: float, unit: float, relation: Relation) -> tuple[float, float]:
    if relation == "<":
        return 0.0, value
    if relation == ">":
        return value, math.inf
    # The half unit in decimal, so that 0.84 gives 0.835 and not its neighbor.
    digits = max(0, 1 - math.floor(math.log10(unit)))
    return round(value - unit / 2, digits), round(value + unit / 2, digits)


_INTERVAL = re.compile(
    r"^(?P<value>[^(\[]+)[(\[](?:(?P<level>[\d.]+)\s*%\s*(?:CI|confidence interval)?[,:]?\s*)?(?P<limits>[^)\]]+)[)\]]$"
)
_BETWEEN = re.compile(r"\s+to\s+|\s*[,;]\s+|\s*[–—]\s*|(?<=[\d.A-Za-z%])\s*-\s*(?=[\d.A-Za-z])(?<!\d[eE]-)")


def split_estimate(text: str) -> tuple[str, str | None, str | None, str | None]:
    """Value, lower limit, upper limit and level of "0.84 (95% CI, 0.66-1.07)", as texts; None where not written.

    Raises ValueError where what stands in parentheses is not two limits.

    >>> split_estimate("24.8 (22.1 to NE)")
    ('24.8', '22.1', 'NE', None)
    """
    found = _INTERVAL.match(text.strip())
    if found is None:
        return text.strip(), None, None, None
    limits = _BETWEEN.split(found["limits"].strip())
    if len(limits) != 2:
        raise ValueError(f"{text!r} does not name two limits; write value (lower-upper), as in 0.84 (0.66-1.07)")
    return found["value"].strip(), limits[0].strip(), limits[1].strip(), found["level"]


def _validated(value: Any) -> Printed:
    if isinstance(value, Printed):
        return value
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is no printed number; write it as the paper does, for example 0.84 or NE")
    return parse_printed(str(value))


PrintedNumber = Annotated[
    Printed,
    BeforeValidator(_validated),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": ["string", "number"], "examples": ["0.84", "<.001", "NE"]}),
]
