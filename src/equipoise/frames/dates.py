"""Dates as collected: ISO 8601 text that may be partial, and knows how precise it is.

A collected date/time (SDTM --DTC) is text such as `2014`, `2014-02`, `2014-02-03`, `2014-02-03T13:17`; a component that
was not collected is a hyphen (`2014---15`: the month is missing). A component after a missing one counts as missing.
Text that is no such date, or names a day that does not exist (`2014-02-30`), counts as missing as a whole; a time that
does not exist leaves the date. Both stay discoverable: `filter_impossible_dtc`. Fractions of a second and the offset
from UTC are accepted and dropped, since analysis dates are local calendar dates.

`PartialDate` is one such date. The functions below it make polars expressions that do the same to a whole column, with
or without imputation; a test holds that the two agree.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

import polars as pl

from equipoise.errors import ArgumentError, DataError, permitted

ImputationLevel = Literal["D", "M"]
Fill = Literal["first", "last"]

_TIME = (
    r"(?:T(?P<hour>\d{2}|-)(?::(?P<minute>\d{2}|-)(?::(?P<second>\d{2}|-)(?:[.,]\d+)?)?)?"
    r"(?:Z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_PATTERN = rf"^(?P<year>\d{{4}}|-)(?:-(?P<month>\d{{2}}|-)(?:-(?P<day>\d{{2}}|-){_TIME})?)?$"
_REGEX = re.compile(_PATTERN, re.ASCII)
_COMPONENTS = ("year", "month", "day", "hour", "minute", "second")


class Precision(StrEnum):
    """The smallest component that was collected without a gap before it."""

    NONE = "none"
    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"


@dataclass(frozen=True)
class PartialDate:
    """A date as collected, possibly partial.

    The components after the first missing one are None. `text` is what was collected; `impossible` says that the text
    holds something that no date or time can be. Two partial dates are equal when text and components are.
    """

    text: str | None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    impossible: bool = False

    @classmethod
    def parse(cls, text: str | None) -> PartialDate:
        """Read ISO 8601 text; never raises: what cannot be read counts as missing and is marked impossible.

        >>> PartialDate.parse("2014-02").precision
        <Precision.MONTH: 'month'>
        >>> str(PartialDate.parse("2014---15"))
        '2014'
        >>> PartialDate.parse("2014-02-30").impossible
        True
        """
        stripped = (text or "").strip(" \t\r\n")
        if not stripped:
            return cls(text)
        match = _REGEX.match(stripped)
        if match is None:
            return cls(text, impossible=True)
        parts = [_number(match[name]) for name in _COMPONENTS]
        if not _date_exists(*parts[:3]):
            return cls(text, impossible=True)
        time_exists = _time_exists(*parts[3:])
        kept = _until_missing(parts if time_exists else [*parts[:3], None, None, None])
        return cls(text, *kept, impossible=not time_exists)

    @property
    def precision(self) -> Precision:
        """The smallest component known."""
        known = Precision.NONE
        for name in _COMPONENTS:
            if getattr(self, name) is None:
                break
            known = Precision(name)
        return known

    def first(self) -> date | None:
        """The first possible day; None when the year is missing.

        >>> PartialDate.parse("2014").first(), PartialDate.parse("2014-02").last()
        (datetime.date(2014, 1, 1), datetime.date(2014, 2, 28))
        """
        return None if self.year is None else date(self.year, self.month or 1, self.day or 1)

    def last(self) -> date | None:
        """The last possible day; None when the year is missing."""
        if self.year is None:
            return None
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def first_second(self) -> datetime | None:
        """The first possible second; None when the year is missing."""
        day = self.first()
        return None if day is None else datetime(day.year, day.month, day.day, *self._clock(0, 0, 0))

    def last_second(self) -> datetime | None:
        """The last possible second; None when the year is missing."""
        day = self.last()
        return None if day is None else datetime(day.year, day.month, day.day, *self._clock(23, 59, 59))

    def _clock(self, hour: int, minute: int, second: int) -> tuple[int, int, int]:
        collected = (self.hour, self.minute, self.second)
        filled = [
            kept if kept is not None else fill for kept, fill in zip(collected, (hour, minute, second), strict=True)
        ]
        return filled[0], filled[1], filled[2]

    def __str__(self) -> str:
        """The known components as ISO 8601 text; empty when nothing is known."""
        parts = [getattr(self, name) for name in _COMPONENTS]
        shown = [f"{value:04d}" if i == 0 else f"{value:02d}" for i, value in enumerate(parts) if value is not None]
        day, clock = "-".join(shown[:3]), ":".join(shown[3:])
        return f"{day}T{clock}" if clock else day


def _number(text: str | None) -> int | None:
    return None if text is None or text == "-" else int(text)


def _until_missing(parts: list[int | None]) -> list[int | None]:
    cut = parts.index(None) if None in parts else len(parts)
    return parts[:cut] + [None] * (len(parts) - cut)


def _date_exists(year: int | None, month: int | None, day: int | None) -> bool:
    if year == 0 or (month is not None and not 1 <= month <= 12):
        return False
    if day is None:
        return True
    # A day whose month or year is missing cannot be checked further than this: 2014---15 is possible, 2014---32 is not.
    longest = 31 if month is None else calendar.monthrange(2000 if year is None else year, month)[1]
    return 1 <= day <= longest


def _time_exists(hour: int | None, minute: int | None, second: int | None) -> bool:
    return (hour or 0) <= 23 and (minute or 0) <= 59 and (second or 0) <= 59


# --- whole columns -------------------------------------------------------------------------------------------------


def _expression(column: str | pl.Expr) -> pl.Expr:
    return pl.col(column) if isinstance(column, str) else column


@dataclass(frozen=True)
class _Collected:
    """Expressions for the components of a column of collected dates, before anything is filled."""

    year: pl.Expr
    month: pl.Expr
    day: pl.Expr
    hour: pl.Expr
    minute: pl.Expr
    second: pl.Expr
    present: pl.Expr
    date_exists: pl.Expr
    time_exists: pl.Expr

    def components(self) -> tuple[pl.Expr, ...]:
        return self.year, self.month, self.day, self.hour, self.minute, self.second


# In the Rust engine \d matches the digits of every script; only ASCII digits are dates.
_RUST_PATTERN = _PATTERN.replace(r"\d", "[0-9]")


def _split(texts: pl.Series) -> pl.DataFrame:
    """One row per text: the matched components as integers, and whether there is text and whether it has the form."""
    stripped = pl.col("text").str.strip_chars(" \t\r\n")
    return (
        texts.to_frame("text")
        .with_columns(
            present=(stripped != "").fill_null(False),
            groups=stripped.str.extract_groups(_RUST_PATTERN),
        )
        .unnest("groups")
        .with_columns(pl.col("year").is_not_null().alias("matched"))
        .with_columns(pl.col(_COMPONENTS).cast(pl.Int32, strict=False))
    )


def _judge(split: pl.DataFrame) -> pl.DataFrame:
    """Say which dates and times exist, and take components away that do not count."""
    year, month, day, hour, minute, second = (pl.col(name) for name in _COMPONENTS)
    # A leap year stands in where the year was not collected, so that --02-29 counts as possible.
    leap_or_unknown = pl.date(year.fill_null(2000).clip(1), 1, 1).dt.is_leap_year()
    february = pl.when(leap_or_unknown).then(29).otherwise(28)
    longest = pl.when(month == 2).then(february).when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31)
    date_exists = (
        pl.col("matched")
        & (year.fill_null(1) > 0)
        & month.fill_null(1).is_between(1, 12)
        & day.fill_null(1).is_between(1, longest)
    )
    time_exists = (hour.fill_null(0) <= 23) & (minute.fill_null(0) <= 59) & (second.fill_null(0) <= 59)
    judged = split.with_columns(date_exists=date_exists, time_exists=time_exists)
    kept: list[pl.Expr] = []
    allowed = pl.col("date_exists")
    for name in _COMPONENTS:
        allowed = (allowed & pl.col("time_exists")) if name == "hour" else allowed
        allowed = allowed & pl.col(name).is_not_null()
        kept.append(pl.when(allowed).then(pl.col(name)).alias(name))
    return judged.with_columns(kept)


def _per_distinct(column: str | pl.Expr, make: Callable[[_Collected], pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """An expression computed once per distinct text: a million records hold few thousand distinct dates."""
    parts = _Collected(*(pl.col(name) for name in _Collected.__dataclass_fields__))

    def compute(texts: pl.Series) -> pl.Series:
        judged = _judge(_split(texts.unique()))
        answers = judged.select("text", answer=make(parts).cast(dtype))
        found = texts.to_frame("text").join(answers, on="text", how="left", nulls_equal=True, maintain_order="left")
        return found.get_column("answer").alias(texts.name)

    return _expression(column).cast(pl.String).map_batches(compute, return_dtype=dtype, is_elementwise=True)


def _checked(level: str | None, fill: str) -> None:
    if level not in (None, "D", "M"):
        raise ArgumentError(
            "argument-invalid",
            f"imputation level {level!r} is not known",
            hint=permitted(str(level), ["D", "M"]) + ", or None for no imputation",
        )
    if fill not in ("first", "last"):
        raise ArgumentError(
            "argument-invalid",
            f"imputation fill {fill!r} is not known",
            hint=permitted(str(fill), ["first", "last"]),
        )


def _filled_date(parts: _Collected, level: str | None, fill: str) -> pl.Expr:
    month = parts.month.fill_null(1 if fill == "first" else 12) if level == "M" else parts.month
    first = pl.date(parts.year, month, 1)
    if level is None:
        return pl.date(parts.year, parts.month, parts.day)
    open_day = first if fill == "first" else first.dt.month_end()
    return pl.when(parts.day.is_null()).then(open_day).otherwise(pl.date(parts.year, parts.month, parts.day))


def date_from_dtc(column: str | pl.Expr, level: ImputationLevel | None = None, fill: Fill = "first") -> pl.Expr:
    """The calendar date of a collected date, its missing day or month filled when asked.

    Arguments: a text column of ISO 8601 dates; `level` None (a partial date gives null), "D" (a missing day may be
    filled) or "M" (a missing month too); `fill` "first" (01 January, the 1st) or "last" (31 December, the last day of
    the month). A time part is dropped; a missing year is never filled.
    Returns an expression of type Date. Raises ArgumentError `argument-invalid` for another level or fill.

    >>> frame = pl.DataFrame({"RSDTC": ["2014-02-03T13:17", "2014-02", "2014"]})
    >>> frame.select(date_from_dtc("RSDTC", "D", "last")).to_series().to_list()
    [datetime.date(2014, 2, 3), datetime.date(2014, 2, 28), None]
    """
    _checked(level, fill)
    return _per_distinct(column, lambda parts: _filled_date(parts, level, fill), pl.Date())


def date_flag_from_dtc(column: str | pl.Expr, level: ImputationLevel | None = None) -> pl.Expr:
    """The imputation flag (*DTF) of `date_from_dtc` at the same level.

    Returns an expression of type String: "D" when only the day was filled, "M" when the month was, else null.
    Raises ArgumentError `argument-invalid` for another level.
    """
    _checked(level, "first")

    def flag(parts: _Collected) -> pl.Expr:
        day_only = parts.month.is_not_null() & parts.day.is_null()
        month_too = parts.year.is_not_null() & parts.month.is_null()
        return (
            pl.when(day_only & pl.lit(level is not None))
            .then(pl.lit("D"))
            .when(month_too & pl.lit(level == "M"))
            .then(pl.lit("M"))
        )

    return _per_distinct(column, flag, pl.String())


def datetime_from_dtc(
    column: str | pl.Expr,
    level: ImputationLevel | None = None,
    fill: Fill = "first",
    time_fill: Fill | None = None,
) -> pl.Expr:
    """The date and time of a collected date, the missing parts of the time always filled.

    Arguments: as `date_from_dtc`; `time_fill` "first" (00:00:00) or "last" (23:59:59), by default the same as `fill`.
    Returns an expression of type Datetime (microseconds, no zone); null where the date is.
    With level "M" and fill "first" and "last" it gives the first and the last second that a partial date allows.
    Raises ArgumentError `argument-invalid` for another level or fill.

    >>> frame = pl.DataFrame({"EXENDTC": ["2014-02-03", "2014-02-03T13:17", "2014-02"]})
    >>> frame.select(datetime_from_dtc("EXENDTC", time_fill="last")).to_series().dt.to_string().to_list()
    ['2014-02-03 23:59:59.000000', '2014-02-03 13:17:59.000000', None]
    """
    time_fill = time_fill or fill
    _checked(level, fill)
    _checked(level, time_fill)
    hour, minute, second = (0, 0, 0) if time_fill == "first" else (23, 59, 59)

    def moment(parts: _Collected) -> pl.Expr:
        clock = pl.duration(
            hours=parts.hour.fill_null(hour),
            minutes=parts.minute.fill_null(minute),
            seconds=parts.second.fill_null(second),
        )
        return _filled_date(parts, level, fill).cast(pl.Datetime("us")) + clock

    return _per_distinct(column, moment, pl.Datetime("us"))


def time_flag_from_dtc(
    column: str | pl.Expr,
    level: ImputationLevel | None = None,
    *,
    flag_seconds: bool = False,
) -> pl.Expr:
    """The time imputation flag (*TMF) of `datetime_from_dtc` at the same level.

    Returns an expression of type String: "H" when the hour was filled (so always for a date without time), "M" when
    the minute was, "S" when only the second was and `flag_seconds` is set, else null; null where there is no datetime.
    Raises ArgumentError `argument-invalid` for another level.
    """
    _checked(level, "first")

    def flag(parts: _Collected) -> pl.Expr:
        needed = {None: parts.day, "D": parts.month, "M": parts.year}[level]
        return (
            pl.when(needed.is_null())
            .then(pl.lit(None, dtype=pl.String))
            .when(parts.hour.is_null())
            .then(pl.lit("H"))
            .when(parts.minute.is_null())
            .then(pl.lit("M"))
            .when(parts.second.is_null() & pl.lit(flag_seconds))
            .then(pl.lit("S"))
        )

    return _per_distinct(column, flag, pl.String())


def precision_of_dtc(column: str | pl.Expr) -> pl.Expr:
    """The precision of a collected date as text: none, year, month, day, hour, minute or second."""

    def finest(parts: _Collected) -> pl.Expr:
        expression = pl.lit(str(Precision.NONE))
        for name, component in zip(_COMPONENTS, parts.components(), strict=True):
            expression = pl.when(component.is_not_null()).then(pl.lit(name)).otherwise(expression)
        return expression

    return _per_distinct(column, finest, pl.String())


def impossible_dtc(column: str | pl.Expr) -> pl.Expr:
    """Whether the text is there but is no possible date or time; False for missing and for merely partial dates."""
    return _per_distinct(
        column,
        lambda parts: parts.present & ~(parts.date_exists & parts.time_exists),
        pl.Boolean(),
    )


def filter_impossible_dtc(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The rows whose collected date cannot be: a day that does not exist, a month 13, a time 25:00, other text.

    Arguments: a frame and the name of a text column of ISO 8601 dates. Returns the offending rows, all columns.
    Raises DataError `column-missing` when the frame has no such column.
    """
    if column not in frame.columns:
        raise DataError(
            "column-missing",
            f"column {column} is not in the data set",
            hint=permitted(column, frame.columns).replace("permitted:", "existing columns:"),
        )
    return frame.filter(impossible_dtc(column))


def study_day(date: str | pl.Expr, reference: str | pl.Expr) -> pl.Expr:
    """The relative day of a date: the day of the reference is day 1, the day before it day -1; there is no day 0.

    Arguments: two columns or expressions of type Date. Returns an Int64 expression; null when either is missing.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ADT": [date(2020, 1, 1), date(2019, 12, 31)], "RANDDT": [date(2020, 1, 1)] * 2})
    >>> frame.select(study_day("ADT", "RANDDT")).to_series().to_list()
    [1, -1]
    """
    return duration_days(reference, date)


def duration_days(start: str | pl.Expr, stop: str | pl.Expr) -> pl.Expr:
    """Days from start to stop, both counted: the difference plus 1, and no 1 added when it is negative.

    Arguments: two columns or expressions of type Date. Returns an Int64 expression; null when either is missing.
    """
    difference = (_expression(stop) - _expression(start)).dt.total_days()
    return difference + (difference >= 0).cast(pl.Int64)
