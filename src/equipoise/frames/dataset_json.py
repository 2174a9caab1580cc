"""CDISC Dataset-JSON 1.1: one table a file, its columns described, its rows arrays; written and read.

After the Dataset-JSON Specification 1.1 (CDISC Data Exchange Standards Team, 5 December 2024). Attributes stand in the
order that the specification recommends. Dates and datetimes are ISO 8601 text whose target is a number, as the
specification asks of ADaM; collected dates, which may be partial, are text. The JSON lines representation (.ndjson) is
read too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import polars as pl

from equipoise.errors import DataError
from equipoise.frames.keys import record_keys

VERSION = "1.1.0"
# The day that SAS counts from, as in transport files: the same table gives the same bytes on any day.
FIXED_CREATION = datetime(1960, 1, 1)

_ROWS_AT_A_TIME = 100_000
_LARGEST_WHOLE = 2**53
_MARKS = (b'"datasetJSON', b'"itemGroupData"')
_PEEK = 4096


def write_dataset_json(
    frame: pl.DataFrame,
    path: Path,
    name: str,
    labels: Mapping[str, str],
    label: str = "",
    *,
    study: str | None = None,
    define: str | None = None,
    created: datetime = FIXED_CREATION,
) -> None:
    """Write one table as a Dataset-JSON 1.1 file; the same table gives the same bytes.

    Arguments: a frame of text, number, date and datetime columns; the path; the data set's name; variable labels and
    the data set's label; `study` the study's OID; `define` the address of a Define-XML file that describes it, whose
    OIDs are IG.<name> and IT.<name>.<variable>; `created` the date/time said to be that of creation.
    Numbers are `integer` where all are whole, else `double`; missing values are null.
    Raises DataError `value-invalid` for infinity, which JSON cannot hold, and for a column of another type.
    """
    check_dataset_json(frame, name)
    described = {
        "datasetJSONCreationDateTime": created.strftime("%Y-%m-%dT%H:%M:%S"),
        "datasetJSONVersion": VERSION,
        "fileOID": f"{study or 'equipoise'}.{name.upper()}",
        **({"studyOID": study} if study else {}),
        **({"metaDataVersionOID": metadata_oid(study), "metaDataRef": define} if define and study else {}),
        "itemGroupOID": group_oid(name),
        "records": frame.height,
        "name": name.upper(),
        "label": label or name.upper(),
        "columns": describe_columns(frame, name, labels),
    }
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(described, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": [')
        _write_rows(frame, file)
        file.write("]\n}\n")


def group_oid(name: str) -> str:
    """The OID of a data set, the same in Dataset-JSON and Define-XML."""
    return f"IG.{name.upper()}"


def item_oid(name: str, column: str) -> str:
    """The OID of a variable, the same in Dataset-JSON and Define-XML."""
    return f"IT.{name.upper()}.{column}"


def metadata_oid(study: str) -> str:
    """The OID of the metadata version of a study's analysis data, the same in Dataset-JSON and Define-XML."""
    return f"MDV.{study}.ADaM"


def describe_columns(frame: pl.DataFrame, name: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """The `columns` of a data set: OID, name, label, types, length of text, display format, place in the key."""
    keys = record_keys(name, frame.columns)
    return [
        {
            "itemOID": item_oid(name, column),
            "name": column,
            "label": labels.get(column) or column,
            **_described_type(frame.get_column(column)),
            **({"keySequence": keys.index(column) + 1} if column in keys else {}),
        }
        for column in frame.columns
    ]


def _described_type(values: pl.Series) -> dict[str, Any]:
    if values.dtype == pl.Date:
        return {"dataType": "date", "targetDataType": "integer", "displayFormat": "E8601DA."}
    if isinstance(values.dtype, pl.Datetime):
        return {"dataType": "datetime", "targetDataType": "integer", "displayFormat": "E8601DT."}
    if values.dtype == pl.Float64:
        return {"dataType": "integer" if is_whole(values) else "double"}
    longest = values.str.len_chars().max()
    return {"dataType": "string", "length": max(int(longest) if isinstance(longest, int) else 0, 1)}


def is_whole(numbers: pl.Series) -> bool:
    """Whether all numbers present are whole, and small enough for that to mean something."""
    present = numbers.drop_nulls()
    return bool(((present == present.round()) & (present.abs() < _LARGEST_WHOLE)).all())


def check_dataset_json(frame: pl.DataFrame, name: str) -> None:
    """Raise DataError `value-invalid` for what a Dataset-JSON file cannot hold."""
    for column, kind in frame.schema.items():
        if not (kind in (pl.String, pl.Float64, pl.Date) or isinstance(kind, pl.Datetime)):
            raise DataError(
                "value-invalid",
                f"{column} has the type {kind}",
                where=name.upper(),
                reason="Dataset-JSON is written of text, numbers, dates and datetimes",
                hint="convert the column to one of these",
            )
        if kind == pl.Float64 and (endless := frame.filter(pl.col(column).is_infinite())).height:
            raise DataError(
                "value-invalid",
                f"infinity in {column} ({endless.height:,} such rows)",
                where=name.upper(),
                reason="JSON has no infinite numbers",
                hint="look at how the value came about; a missing number is null",
            )


def _write_rows(frame: pl.DataFrame, file: TextIO) -> None:
    if not frame.width:
        return
    whole = {column: is_whole(frame.get_column(column)) for column in frame.select(pl.col(pl.Float64)).columns}
    values = [_json_value(column, kind, whole.get(column, False)) for column, kind in frame.schema.items()]
    line = pl.format("[{}]", pl.concat_str(values, separator=",")).alias("line")
    start = "\n"
    for part in frame.iter_slices(_ROWS_AT_A_TIME):
        file.write(start + ",\n".join(part.select(line).get_column("line").to_list()))
        start = ",\n"


def _json_value(column: str, kind: pl.DataType, whole: bool) -> pl.Expr:
    """A column as JSON text, one value a row."""
    value = pl.col(column)
    if kind == pl.Date:
        text = pl.format('"{}"', value.dt.to_string("%Y-%m-%d"))
    elif isinstance(kind, pl.Datetime):
        text = pl.format('"{}"', value.dt.replace_time_zone(None).dt.to_string("%Y-%m-%dT%H:%M:%S%.f"))
    elif whole:
        text = value.cast(pl.Int64, strict=False).cast(pl.String)
    else:
        # A record of one field is how polars writes a single value as JSON: {"v":...}.
        text = pl.struct(value.fill_nan(None).alias("v") if kind == pl.Float64 else value.alias("v"))
        text = text.struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
    return pl.when(value.is_null()).then(pl.lit("null")).otherwise(text)


# --- reading -------------------------------------------------------------------------------------------------------


def is_dataset_json(path: Path) -> bool:
    """Whether a .json or .ndjson file begins as Dataset-JSON does (of any version); other JSON is no table."""
    try:
        with path.open("rb") as file:
            head = file.read(_PEEK)
    except OSError:
        return False
    return any(mark in head for mark in _MARKS)


def read_dataset_json(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """Read a Dataset-JSON 1.1 file (.json, or .ndjson with one row a line): columns in their order, and their labels.

    Text stays text, as collected dates do; numbers (and decimals written as text) become Float64; a date or datetime
    whose target is a number becomes one.
    Raises ValueError saying what is wrong with the file.
    """
    with path.open(encoding="utf-8") as file:
        if path.suffix.lower() == ".ndjson":
            described = json.loads(next(file, "null"))
            rows = [json.loads(line, parse_constant=_refuse_constant) for line in file if line.strip()]
        else:
            described = json.load(file, parse_constant=_refuse_constant)
            rows = described.get("rows") or [] if isinstance(described, dict) else []
    columns = _columns_of(described)
    _check_rows(described, rows, columns)
    values: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(columns)
    frame = pl.DataFrame([_series(column, given) for column, given in zip(columns, values, strict=True)])
    return frame, {column["name"]: column["label"] for column in columns if column.get("label")}


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON; a missing number is null")


def _columns_of(described: Any) -> list[dict[str, Any]]:
    if not isinstance(described, dict):
        raise ValueError("it holds no JSON object")
    version = str(described.get("datasetJSONVersion", "1.0"))
    if not version.startswith("1.1"):
        raise ValueError(f"it is Dataset-JSON {version}, and version 1.1 is read")
    absent = [name for name in ("name", "records", "columns") if name not in described]
    if absent:
        raise ValueError(f"it has no {absent[0]!r}, which Dataset-JSON 1.1 requires")
    for place, column in enumerate(described["columns"], start=1):
        missing = [name for name in ("name", "dataType") if not isinstance(column, dict) or not column.get(name)]
        if missing:
            raise ValueError(f"column {place} has no {missing[0]!r}")
        if column["dataType"] not in _READ:
            raise ValueError(f"column {column['name']} has the dataType {column['dataType']!r}")
    return described["columns"]


def _check_rows(described: Mapping[str, Any], rows: Sequence[Any], columns: Sequence[Any]) -> None:
    if len(rows) != described["records"]:
        raise ValueError(f"it says {described['records']} records, and holds {len(rows)} rows")
    wrong = (place for place, row in enumerate(rows, start=1) if not isinstance(row, list) or len(row) != len(columns))
    for place in islice(wrong, 1):
        raise ValueError(f"row {place} does not hold one value for each of the {len(columns)} columns")


def _series(column: Mapping[str, Any], values: Sequence[Any]) -> pl.Series:
    name, kind = column["name"], column["dataType"]
    try:
        if _READ[kind] == pl.Float64 and any(value is True or value is False for value in values):
            raise TypeError("true and false are of the type boolean")
        series = pl.Series(name, values, dtype=_READ[kind], strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError) as problem:
        raise ValueError(f"a value of {name} is not of the type {kind}: {problem}") from problem
    if kind == "decimal":
        return series.str.replace_all(",", "", literal=True).cast(pl.Float64)
    if column.get("targetDataType") == "integer" and kind in ("date", "datetime"):
        return _as_time(series, kind)
    return series


_READ: Mapping[str, pl.DataType] = {
    "string": pl.String(),
    "URI": pl.String(),
    "integer": pl.Float64(),
    "float": pl.Float64(),
    "double": pl.Float64(),
    "decimal": pl.String(),
    "boolean": pl.Boolean(),
    "date": pl.String(),
    "datetime": pl.String(),
    "time": pl.String(),
}


def _as_time(texts: pl.Series, kind: str) -> pl.Series:
    given = texts.to_frame("text").select(pl.when(pl.col("text") != "").then(pl.col("text"))).to_series()
    if kind == "date":
        read = given.str.to_date("%Y-%m-%d", strict=False)
    else:
        read = given.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    wrong = given.filter(given.is_not_null() & read.is_null())
    if len(wrong):
        raise ValueError(f"{wrong[0]!r} in {texts.name} is not a {kind}")
    return read.alias(texts.name)
