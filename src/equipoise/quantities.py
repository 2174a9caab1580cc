"""Constrained scalars and units. Conversions between units happen here and nowhere else.

A month is 30.4375 days (365.25 / 12), a year 365.25 days: the convention of every report equipoise writes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

DAYS_PER_WEEK = 7.0
DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25

DAYS_PER_UNIT: dict[str, float] = {
    "days": 1.0,
    "weeks": DAYS_PER_WEEK,
    "months": DAYS_PER_MONTH,
    "years": DAYS_PER_YEAR,
}

_DURATION = re.compile(r"^\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(day|week|month|year)s?\s*$")
_RATE = re.compile(r"^\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s+per\s+(day|week|month|year)\s*$")


@dataclass(frozen=True, order=False)
class Duration:
    """A length of time as written: a non-negative number and its unit (days, weeks, months, years)."""

    value: float
    unit: str

    @property
    def days(self) -> float:
        return self.value * DAYS_PER_UNIT[self.unit]

    @property
    def months(self) -> float:
        return self.days / DAYS_PER_MONTH

    @property
    def weeks(self) -> float:
        return self.days / DAYS_PER_WEEK

    def __str__(self) -> str:
        unit = self.unit if self.value != 1 else self.unit.removesuffix("s")
        return f"{_written(self.value)} {unit}"


@dataclass(frozen=True)
class Rate:
    """A rate as written: a non-negative number per day, week, month or year."""

    value: float
    unit: str

    @property
    def per_day(self) -> float:
        return self.value / DAYS_PER_UNIT[self.unit]

    @property
    def per_month(self) -> float:
        return self.per_day * DAYS_PER_MONTH

    def __str__(self) -> str:
        return f"{_written(self.value)} per {self.unit.removesuffix('s')}"


def _written(value: float) -> str:
    """The shortest text that reads back as the same number: a trial is stored by these texts."""
    return repr(float(value)).removesuffix(".0")


def parse_duration(text: str) -> Duration:
    """`"8 weeks"` as a Duration. Raises ValueError saying the form that is understood."""
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, as in '8 weeks' or '3.6 months'")
    return Duration(_finite(match.group(1), text), match.group(2) + "s")


def parse_rate(text: str) -> Rate:
    """`"0.1415 per month"` as a Rate. Raises ValueError saying the form that is understood."""
    match = _RATE.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a rate; write a number and a unit of time, as in '0.14 per month'")
    return Rate(_finite(match.group(1), text), match.group(2) + "s")


def _finite(number: str, text: str) -> float:
    if math.isinf(value := float(number)):
        raise ValueError(f"{text!r} is too large a number")
    return value


def months_from_days(days: float) -> float:
    """Days as months of 30.4375 days."""
    return days / DAYS_PER_MONTH


def days_from_months(months: float) -> float:
    """Months of 30.4375 days as days."""
    return months * DAYS_PER_MONTH


def hazard_from_median(median: float) -> float:
    """The constant hazard whose survival is one half at `median` (same unit of time)."""
    return math.log(2.0) / median
