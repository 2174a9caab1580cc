"""How numbers become text, and nowhere else.

One rounding rule, named: half away from zero, applied to the shortest decimal text of the number. 0.125 prints as
0.13 at two digits and -0.125 as -0.13, as on paper and in SAS; a binary float that only *looks* like a half (2.675 is
stored as 2.67499...) is rounded as it is written, 2.68. Signs are U+2212, ranges take an en dash, units follow a thin
space, and what has no number is said in words.
"""

from __future__ import annotations

import math
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from equipoise.protocol.plan_words import listed as listed
from equipoise.protocol.plan_words import lower_first as lower_first

ROUNDING = "half away from zero, on the shortest decimal text of the number"
MINUS = "\u2212"
EN_DASH = "\u2013"
THIN_SPACE = "\u2009"
NOT_ESTIMABLE = "not estimable"

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SMALLEST_P = Decimal("0.001")
_CUSTOMARY_LEVELS = (Decimal("0.01"), Decimal("0.025"), Decimal("0.05"))
_MOST_P_DECIMALS = 6
_LARGEST_P = Decimal("0.999")


def round_half_away(value: float, digits: int) -> Decimal:
    """`value` at `digits` decimals, halves away from zero.

    >>> round_half_away(2.675, 2), round_half_away(-0.125, 2)
    (Decimal('2.68'), Decimal('-0.13'))
    """
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def number_text(value: float | None, digits: int = 0) -> str:
    """A number at fixed decimals; None and NaN are "not estimable".

    >>> number_text(1234.5), number_text(-0.04, 1), number_text(None)
    ('1,235', '0.0', 'not estimable')
    """
    if value is None or math.isnan(value):
        return NOT_ESTIMABLE
    if math.isinf(value):
        return ("" if value > 0 else MINUS) + "infinity"
    rounded = round_half_away(value, digits)
    return (MINUS if rounded < 0 else "") + f"{abs(rounded):,}"


def percent_text(proportion: float | None, digits: int = 1, *, sign: bool = True) -> str:
    """A proportion (0 to 1) as percent.

    >>> percent_text(57 / 136), percent_text(0.5, 0, sign=False)
    ('41.9%', '50')
    """
    if proportion is None or math.isnan(proportion):
        return NOT_ESTIMABLE
    hundredfold = (Decimal(repr(float(proportion))) * 100).quantize(
        Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP
    )  # fmt: skip
    return (MINUS if hundredfold < 0 else "") + f"{abs(hundredfold)}" + ("%" if sign else "")


def p_text(p_value: float | None, *, symbol: bool = True) -> str:
    """A P value by the rules of the Journal of Clinical Oncology: three decimals, no leading zero.

    Where three decimals would round it onto a customary level (.01, .025, .05), it keeps as many as tell it apart.

    >>> p_text(0.149), p_text(0.0004), p_text(0.9999), p_text(0.04, symbol=False)
    ('P = .149', 'P < .001', 'P > .999', '.040')
    >>> p_text(0.0496), p_text(0.05003), p_text(0.05)
    ('P = .0496', 'P = .05003', 'P = .050')
    """
    if p_value is None or math.isnan(p_value):
        return ("P " if symbol else "") + NOT_ESTIMABLE
    decimals = 3
    while decimals < _MOST_P_DECIMALS and _on_a_level(p_value, decimals):
        decimals += 1
    rounded = round_half_away(p_value, decimals)
    if Decimal(repr(float(p_value))) < _SMALLEST_P:
        relation, shown = "<", _SMALLEST_P
    elif rounded > _LARGEST_P:
        relation, shown = ">", _LARGEST_P
    else:
        relation, shown = "=", rounded
    digits = f"{shown:.{decimals}f}".removeprefix("0")
    if symbol:
        return f"P {relation} {digits}"
    return digits if relation == "=" else f"{relation} {digits}"


def _on_a_level(p_value: float, decimals: int) -> bool:
    """Whether rounding moves a P value onto a customary level that it is not."""
    rounded = round_half_away(p_value, decimals)
    return rounded in _CUSTOMARY_LEVELS and Decimal(repr(float(p_value))) != rounded


def level_text(level: float) -> str:
    """A significance level without its leading zero: `.05`, `.025`."""
    return format(Decimal(repr(float(level))).normalize(), "f").removeprefix("0")


def confidence_text(level: float) -> str:
    """A confidence level as in `95% CI`."""
    return f"{format((Decimal(repr(float(level))) * 100).normalize(), 'f')}% CI"


def ratio_text(value: float | None) -> str:
    """A hazard ratio, two decimals."""
    return number_text(value, 2)


def time_digits(unit: str | None) -> int:
    """Decimals of a time: days and weeks whole, months and years to one."""
    return 0 if unit in ("days", "weeks") else 1


def time_text(value: float | None, unit: str | None, *, with_unit: bool = True) -> str:
    """A time in its unit: months and years to one decimal, days and weeks whole.

    >>> time_text(4.94, "months").replace(THIN_SPACE, " "), time_text(1528.0, "days", with_unit=False)
    ('4.9 months', '1,528')
    """
    shown = number_text(value, time_digits(unit))
    if not with_unit or not unit or shown == NOT_ESTIMABLE:
        return shown
    return f"{shown}{THIN_SPACE}{unit.removesuffix('s') if shown == '1' else unit}"


def range_text(low: str, high: str) -> str:
    """Two ends as a range: an en dash between numbers, the word "to" where an end is words or negative.

    >>> range_text("3.6", "6.1") == "3.6" + EN_DASH + "6.1", range_text("7.5", "not reached")
    (True, '7.5 to not reached')
    """
    plain = all(end and end[0] in "0123456789.<" for end in (low, high))
    return f"{low}{EN_DASH}{high}" if plain else f"{low} to {high}"


def date_text(iso: str) -> str:
    """An ISO date as words, `November 30, 2022`; partial or other text is returned as it is."""
    parts = iso.split("-")
    try:
        if len(parts) == 3:
            day = date.fromisoformat(iso)
            return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"
        if len(parts) == 2:
            return f"{_MONTHS[int(parts[1]) - 1]} {int(parts[0])}"
    except (ValueError, IndexError):
        return iso
    return iso


def upper_first(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def short_digest(digest: str | None, length: int = 12) -> str:
    """The first characters of a digest, its algorithm prefix kept."""
    if not digest:
        return ""
    algorithm, colon, hexadecimal = digest.rpartition(":")
    return f"{algorithm}{colon}{hexadecimal[:length]}"
