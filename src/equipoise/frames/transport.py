"""SAS transport files, version 5 (XPT): written so that the same table gives the same bytes on any day.

Layout (SAS Technical Support document TS-140, "The Record Layout of a Data Set in SAS Transport Format"): records of 80
bytes; the first eight of a file with one member are library header, two library records, member header, descriptor
header, two member records and the variable header. ReadStat writes the clock of the machine into four fields of 16
characters (ddMMMyy:hh:mm:ss): created and modified, of the library and of the member. Those are overwritten here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyreadstat

from equipoise.errors import DataError

FIXED_STAMP = b"01JAN60:00:00:00"
LONGEST_NAME = 8
LONGEST_LABEL = 40
LONGEST_TEXT = 200
# The format ends at 7.2e75; ReadStat writes numbers above 4e74 as that largest one.
LARGEST_NUMBER = 4e74
SMALLEST_NUMBER = 5.4e-79

RECORD = 80
_CREATED_IN_RECORD = 64
_STAMPS = (
    1 * RECORD + _CREATED_IN_RECORD,
    2 * RECORD,
    5 * RECORD + _CREATED_IN_RECORD,
    6 * RECORD,
)
_MEMBER_HEADER = 3 * RECORD


def write_transport(frame: pl.DataFrame, path: Path, name: str, labels: Mapping[str, str], label: str = "") -> None:
    """Write one table as a version 5 transport file.

    Arguments: a frame of text, number, date and datetime columns with names of at most 8 characters, texts of at most
    200 bytes; the path; the member name (at most 8 characters); variable labels and the data set's label (cut at
    40 characters). Dates become SAS dates with format DATE9., datetimes SAS datetimes with format DATETIME20.; missing
    numbers `.`, missing texts blank.
    Raises DataError `value-invalid` for a name, text or number that the format cannot hold.
    """
    check_transport(frame, name)
    formats = {column: "DATE9." for column, kind in frame.schema.items() if kind == pl.Date}
    formats |= {column: "DATETIME20." for column, kind in frame.schema.items() if isinstance(kind, pl.Datetime)}
    pyreadstat.write_xport(
        cast(Any, sas_values(frame)),
        path,
        file_label=label[:LONGEST_LABEL],
        column_labels={column: labels.get(column, "")[:LONGEST_LABEL] for column in frame.columns},
        table_name=name.upper(),
        file_format_version=5,
        variable_format=formats,
    )
    _fix_stamps(path)


def read_transport(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """Read a transport file: text, number, Date and Datetime columns, and the variable labels that it carries."""
    frame, metadata = pyreadstat.read_xport(path, output_format="polars", disable_datetime_conversion=True)
    return _from_sas(cast(Any, frame), metadata)


def read_sas(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """Read a SAS7BDAT file, as `read_transport`."""
    frame, metadata = pyreadstat.read_sas7bdat(path, output_format="polars", disable_datetime_conversion=True)
    return _from_sas(cast(Any, frame), metadata)


# SAS formats that show a number of days, or of seconds, since 1 January 1960.
_DATE_FORMATS = (
    "DATE",
    "YYMMDD",
    "MMDDYY",
    "DDMMYY",
    "E8601DA",
    "B8601DA",
    "IS8601DA",
    "WEEKDATE",
    "WORDDATE",
    "JULIAN",
)
_DATETIME_FORMATS = ("DATETIME", "E8601DT", "B8601DT", "IS8601DT", "DATEAMPM", "MDYAMPM")


def _from_sas(frame: pl.DataFrame, metadata: pyreadstat.metadata_container) -> tuple[pl.DataFrame, dict[str, str]]:
    """Give SAS numbers with a date or datetime format their type, and take empty text as missing."""
    changed: list[pl.Expr] = []
    for column in frame.columns:
        # A table without rows comes untyped; the file itself says which columns are text.
        is_text = metadata.readstat_variable_types[column] == "string"
        value = pl.col(column).cast(pl.String if is_text else pl.Float64)
        form = (metadata.original_variable_types.get(column) or "").upper()
        if is_text:
            changed.append(pl.when(value != "").then(value).alias(column))
        elif form.startswith(_DATETIME_FORMATS):
            microseconds = (value * 1_000_000).round().cast(pl.Int64)
            changed.append((pl.datetime(1960, 1, 1) + pl.duration(microseconds=microseconds)).alias(column))
        elif form.startswith(_DATE_FORMATS):
            changed.append((pl.date(1960, 1, 1) + pl.duration(days=value.floor().cast(pl.Int64))).alias(column))
        else:
            changed.append(value.fill_nan(None))
    labels = {column: label for column, label in metadata.column_names_to_labels.items() if label}
    return frame.with_columns(changed), labels


def longest_texts(frame: pl.DataFrame) -> dict[str, int]:
    """Bytes of the longest text of each text column, as UTF-8; 0 where there is none."""
    lengths = frame.select(pl.col(pl.String).str.len_bytes().max().fill_null(0))
    return lengths.row(0, named=True) if lengths.width else {}


def sas_values(frame: pl.DataFrame) -> pl.DataFrame:
    """Dates and datetimes as SAS counts them, in days and seconds since 1 January 1960; numbers without NaN."""
    # Whole columns of numbers are faster to write than date objects, and leave no room for zones and rounding.
    changed: list[pl.Expr] = []
    for column, kind in frame.schema.items():
        value = pl.col(column)
        if kind == pl.Date:
            changed.append((value - pl.date(1960, 1, 1)).dt.total_days().cast(pl.Float64))
        elif isinstance(kind, pl.Datetime):
            seconds = (value.dt.replace_time_zone(None) - pl.datetime(1960, 1, 1)).dt.total_microseconds() / 1e6
            changed.append(seconds.alias(column))
        elif kind == pl.String:
            changed.append(value)
        else:
            changed.append(value.cast(pl.Float64).fill_nan(None))
    return frame.select(changed)


def _fix_stamps(path: Path) -> None:
    with path.open("r+b") as file:
        head = file.read(7 * RECORD)
        if not head[_MEMBER_HEADER:].startswith(b"HEADER RECORD*******MEMBER "):
            raise AssertionError("the transport header is not laid out as TS-140 says; the stamp cannot be fixed")
        for offset in _STAMPS:
            file.seek(offset)
            file.write(FIXED_STAMP)


def check_transport(frame: pl.DataFrame, name: str) -> None:
    """Raise DataError `value-invalid` for a name, text or number that a version 5 transport file cannot hold."""
    _refuse_names(frame, name)
    _refuse_texts(frame, name)
    _refuse_numbers(frame, name)


def _refuse_names(frame: pl.DataFrame, name: str) -> None:
    wrong = [column for column in [name, *frame.columns] if not _name_fits(column)]
    if wrong:
        raise DataError(
            "value-invalid",
            f"names that a version 5 transport file cannot hold: {', '.join(wrong)}",
            where=name,
            reason="a SAS transport name has at most 8 characters: letters, digits, underscore, no digit first",
            hint="rename the variables, or leave them out of the table",
        )


def _name_fits(name: str) -> bool:
    plain = name.isascii() and name.replace("_", "a").isalnum()
    return plain and len(name) <= LONGEST_NAME and not name[0].isdigit()


def _refuse_texts(frame: pl.DataFrame, name: str) -> None:
    for column, length in longest_texts(frame).items():
        if length > LONGEST_TEXT:
            raise DataError(
                "value-invalid",
                f"a text of {length} bytes in {column}; a version 5 transport file holds at most {LONGEST_TEXT}",
                where=name,
                hint="shorten the text, or write Parquet only",
                rows=frame.filter(pl.col(column).str.len_bytes() > LONGEST_TEXT).head(5).to_dicts(),
            )
    if frame.height and all(kind == pl.String for kind in frame.dtypes) and not any(frame.row(-1)):
        raise DataError(
            "value-invalid",
            "the last row is blank throughout",
            where=f"{name}, row {frame.height}",
            reason="a transport file has no row count: a reader cannot tell blank last rows from padding",
            hint="remove the blank rows",
        )


def _refuse_numbers(frame: pl.DataFrame, name: str) -> None:
    for column in frame.select(pl.col(pl.Float64)).columns:
        size = pl.col(column).abs()
        outside = frame.filter((size > LARGEST_NUMBER) | ((size < SMALLEST_NUMBER) & (size > 0)))
        if outside.height:
            value = outside.get_column(column)[0]
            shown = "infinity" if math.isinf(value) else repr(value)
            raise DataError(
                "value-invalid",
                f"{shown} in {column}: outside the range of numbers that a transport file holds",
                where=name,
                reason="SAS transport numbers lie between 5.4e-79 and 7.2e75 in size",
                hint="look at how the value came about; a missing number is null",
                rows=outside.head(5).to_dicts(),
            )
