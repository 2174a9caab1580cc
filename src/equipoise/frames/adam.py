"""ADaM folders: analysis data sets checked against their schemas, read and written as Parquet, XPT and Dataset-JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from equipoise.errors import DataError
from equipoise.frames.adam_schemas import schema, variable
from equipoise.frames.dataset_json import check_dataset_json, write_dataset_json
from equipoise.frames.decisions import Decision, DecisionLog
from equipoise.frames.tables import (
    WRITTEN_AS,
    RawTable,
    TableSet,
    blank_to_null,
    check_format,
    digest,
    format_of,
    is_midnight,
    list_tables,
    make_folder,
    missing_table,
    number_text,
    offending_rows,
    read_table,
    require_columns,
    to_number,
    whole_file,
    write_parquet_parts,
)
from equipoise.frames.transport import LONGEST_TEXT, check_transport, write_transport
from equipoise.frames.transport_rows import write_transport_parts


@dataclass(frozen=True, repr=False)
class AdamData(TableSet):
    """The analysis data sets of a study: `tables` by lower-case name (`adsl`, `adtte`), conforming to their schemas."""


# Where a data set is there in several formats, as `write_adam` leaves it, the first of these is read.
_PREFERENCE = ("parquet", "json", "ndjson", "xpt", "sas7bdat", "csv")
ADAM_FORMATS = ("parquet", "xpt", "dataset-json")
DEFAULT_FORMATS = ("parquet", "xpt")


def read_adam(folder: str | Path, required: Iterable[str] = ("adsl",)) -> AdamData:
    """Read a folder of ADaM files named by data set (`adsl.parquet`, `ADTTE.xpt`).

    Arguments: the folder; the data sets that must be there. Where one is there in several formats, Parquet is read
    before Dataset-JSON, XPT, SAS7BDAT and CSV, and the others are listed in `ignored`; files whose name does not begin
    with `ad` are ignored too.
    Returns the data sets, brought to their schemas by `conform`.
    Raises DataError `folder-unreadable`, `domain-missing`, `domain-ambiguous`, `file-unreadable`, `column-missing` or
    `value-invalid`.
    """
    files = list_tables(folder)
    chosen, ignored = _choose(files, Path(folder))
    for name in required:
        if name.lower() not in chosen:
            raise missing_table(name, Path(folder), [file.name for file in files])
    raw = {name: read_table(path) for name, path in sorted(chosen.items())}
    return AdamData(
        folder=Path(folder),
        tables={name: _checked(table, name, chosen[name].name) for name, table in raw.items()},
        sources={name: chosen[name].name for name in raw},
        digest=digest({chosen[name].name: table.sha256 for name, table in raw.items()}),
        labels={name: _labels(table.frame.columns, name, table.labels) for name, table in raw.items()},
        ignored=ignored,
    )


def _choose(files: Sequence[Path], folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    chosen: dict[str, Path] = {}
    ignored: dict[str, str] = {}
    for file in sorted(files, key=lambda file: _PREFERENCE.index(format_of(file))):
        name = file.stem.lower()
        if not name.startswith("ad"):
            ignored[file.name] = "not named by an ADaM data set"
        elif name not in chosen:
            chosen[name] = file
        elif format_of(chosen[name]) == format_of(file):
            raise DataError(
                "domain-ambiguous",
                f"{name.upper()} is held by {chosen[name].name} and {file.name}",
                where=str(folder),
                hint="remove one of the two",
            )
        else:
            ignored[file.name] = f"{chosen[name].name} is read"
    return chosen, ignored


def _checked(table: RawTable, name: str, source: str) -> pl.DataFrame:
    known = schema(name)
    if known:
        require_columns(table.frame, name, known.required, source)
    return conform(table.frame, name, source=source)


def _labels(columns: Iterable[str], name: str, given: Mapping[str, str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for column in columns:
        known = variable(column, name)
        label = given.get(column) or (known.label if known else "")
        if label:
            labels[column] = label
    return labels


def conform(frame: pl.DataFrame, name: str, *, source: str | None = None) -> pl.DataFrame:
    """A frame brought to the schema of an ADaM data set.

    Known columns come first, in the schema's order, others follow as they are; names in upper case. Text becomes
    String (blank is null), numbers Float64 (NaN is null), dates Date, datetimes Datetime in microseconds without zone;
    where the schema wants a date, ISO 8601 text and SAS day numbers are taken. A column of unknown name keeps its kind.
    Arguments: any frame; the data set's name, known or not; `source` is named in errors.
    Raises DataError `value-invalid` for a value or type that cannot be that.
    """
    coded = [column for column, held in frame.schema.items() if isinstance(held, pl.Categorical | pl.Enum)]
    plain = frame.with_columns(pl.col(coded).cast(pl.String))
    upper = plain.rename({column: column.upper() for column in plain.columns})
    where = source or name.upper()
    known = schema(name)
    order = [column for column in known.types if column in upper.columns] if known else []
    order += [column for column in upper.columns if column not in order]
    # A frame makes its schema anew each time it is asked; with a hundred columns that is most of the work.
    types = upper.schema
    return upper.select([_cast(upper, column, types[column], name, where) for column in order])


def _cast(frame: pl.DataFrame, column: str, held: pl.DataType, name: str, where: str) -> pl.Expr:
    known = variable(column, name)
    wanted = known.type if known else _kind(held)
    if held == pl.Null:
        return pl.col(column).cast(_DTYPES[wanted or "text"])
    kind = _kind(held)
    if kind is None or wanted is None:
        raise _wrong_type(column, held, wanted, where)
    if wanted == kind:
        return _same_kind(column, kind)
    if kind == "text":
        return _from_text(frame, column, wanted, where)
    return _between(frame, column, kind, wanted, where)


_DTYPES: Mapping[str, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
}


def _kind(held: pl.DataType) -> str | None:
    if held in (pl.Null, pl.String):
        return "text"
    if held.is_numeric():
        return "number"
    if held == pl.Date:
        return "date"
    return "datetime" if isinstance(held, pl.Datetime) else None


def _same_kind(column: str, kind: str) -> pl.Expr:
    value = pl.col(column)
    if kind == "text":
        return blank_to_null(column).cast(pl.String)
    if kind == "number":
        return value.cast(pl.Float64).fill_nan(None)
    return value.dt.replace_time_zone(None).cast(pl.Datetime("us")) if kind == "datetime" else value


def _from_text(frame: pl.DataFrame, column: str, wanted: str, where: str) -> pl.Expr:
    if wanted == "number":
        return to_number(frame, column, where)
    text = pl.col(column).cast(pl.String).str.strip_chars()
    text = pl.when(text != "").then(text)
    if wanted == "date":
        value = text.str.to_date("%Y-%m-%d", strict=False)
    else:
        value = text.str.replace(" ", "T").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    wrong = frame.filter(text.is_not_null() & value.is_null())
    if wrong.height:
        raise DataError(
            "value-invalid",
            f"{wrong.get_column(column)[0]!r} in {column} is not a {wanted} ({wrong.height} such rows)",
            where=where,
            reason=f"{column} is a complete {wanted} in ADaM; partial ones are resolved when it is derived",
            hint="write 2024-02-03" if wanted == "date" else "write 2024-02-03T13:17:00",
            rows=offending_rows(wrong, column),
        )
    return value.alias(column)


def _between(frame: pl.DataFrame, column: str, kind: str, wanted: str, where: str) -> pl.Expr:
    value = pl.col(column)
    if (kind, wanted) == ("number", "date"):
        return (pl.date(1960, 1, 1) + pl.duration(days=value.cast(pl.Int64))).alias(column)
    if (kind, wanted) == ("number", "datetime"):
        return (pl.datetime(1960, 1, 1) + pl.duration(microseconds=(value * 1e6).round().cast(pl.Int64))).alias(column)
    if (kind, wanted) == ("number", "text"):
        return number_text(value.cast(pl.Float64).fill_nan(None)).alias(column)
    if (kind, wanted) == ("date", "datetime"):
        return value.cast(pl.Datetime("us"))
    # Frame libraries without a date type store a date as midnight.
    if (kind, wanted) == ("datetime", "date") and is_midnight(frame.get_column(column)):
        return value.dt.replace_time_zone(None).cast(pl.Date)
    raise _wrong_type(column, frame.schema[column], wanted, where)


def _wrong_type(column: str, held: pl.DataType, wanted: str | None, where: str) -> DataError:
    return DataError(
        "value-invalid",
        f"{column} has the type {held}" + (f", and should be {wanted}" if wanted else ""),
        where=where,
        reason="ADaM holds text, numbers, dates and datetimes; flags are the text Y or N",
        hint=f"write {column} as {wanted or 'one of these'}",
    )


def write_adam(
    tables: Mapping[str, pl.DataFrame],
    folder: str | Path,
    *,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    log: DecisionLog | None = None,
    formats: Sequence[str] = DEFAULT_FORMATS,
    study: str | None = None,
    define: str | None = None,
) -> list[Path]:
    """Write analysis data sets, each file whole or not at all, the same bytes always.

    Arguments: frames by data set name; the folder, made when it is not there; `labels` of variables that no schema
    knows, by data set; `log`: a text longer than the 200 bytes an XPT file holds is cut in the XPT copy and noted
    there as `text-cut` (without a log it is an error); `formats`, any of "parquet", "xpt" (version 5) and
    "dataset-json" (version 1.1); `study` and `define`, the study's OID and the address of its Define-XML file, which
    Dataset-JSON files refer to.
    In XPT dates are SAS dates with format DATE9., datetimes SAS datetimes with format DATETIME20.
    Returns the paths written.
    Raises ArgumentError `argument-invalid` for another format; OutputError `output-unwritable`; DataError
    `value-invalid` for what does not conform or the format cannot hold.
    """
    for form in formats:
        check_format(form, ADAM_FORMATS)
    ready = {name.lower(): _Parts(frame, name.lower()) for name, frame in sorted(tables.items())}
    if "xpt" in formats:
        _check_transports(ready, log)
    if "dataset-json" in formats:
        for name, parts in ready.items():
            for part in parts():
                check_dataset_json(part, name)
    target = make_folder(folder)
    written: list[Path] = []
    for name, parts in ready.items():
        known = schema(name)
        described = _labels(parts.columns(), name, (labels or {}).get(name, {}))
        title = known.label if known else ""
        for form in dict.fromkeys(formats):
            with whole_file(target / f"{name}.{WRITTEN_AS[form]}") as path:
                if form == "parquet":
                    write_parquet_parts(parts, path)
                elif form == "xpt":
                    _write_transport(parts, path, name, described, title)
                else:
                    whole = pl.concat(list(parts()))
                    write_dataset_json(whole, path, name, described, title, study=study, define=define)
            written.append(target / f"{name}.{WRITTEN_AS[form]}")
    return written


# Rows that are brought to their schema and written at a time: a hundred columns of text of so many are some 0.5 GB.
_ROWS_OF_A_PART = 500_000


class _Parts:
    """A data set brought to its schema: at once where it is small, else part by part whenever it is asked for."""

    def __init__(self, frame: pl.DataFrame, name: str) -> None:
        self._frame, self._name = frame, name
        self._whole = conform(frame, name) if frame.height <= _ROWS_OF_A_PART else None

    def __call__(self) -> Iterator[pl.DataFrame]:
        if self._whole is not None:
            yield self._whole
        else:
            for part in self._frame.iter_slices(_ROWS_OF_A_PART):
                yield conform(part, self._name)

    def columns(self) -> list[str]:
        return next(iter(self())).columns


def _check_transports(ready: Mapping[str, _Parts], log: DecisionLog | None) -> None:
    """Refuse what a transport file cannot hold; without a log, texts that are too long are an error."""
    for name, parts in ready.items():
        for part in parts():
            check_transport(part if log is None else _cut_texts(part, name, log), name)


def _write_transport(parts: _Parts, path: Path, name: str, labels: Mapping[str, str], label: str) -> None:
    def fitting() -> Iterator[pl.DataFrame]:
        # What is cut was logged when it was checked.
        return (_cut_texts(part, name, DecisionLog()) for part in parts())

    several = list(islice(fitting(), 2))
    if len(several) == 1:
        write_transport(several[0], path, name, labels, label)
    else:
        write_transport_parts(fitting, path, name, labels, label)


def _cut_texts(frame: pl.DataFrame, name: str, log: DecisionLog) -> pl.DataFrame:
    """Cut texts at the longest whole character within the bytes that XPT holds."""
    text_columns = [column for column, kind in frame.schema.items() if kind == pl.String]
    for column in text_columns:
        long = pl.col(column).str.len_bytes() > LONGEST_TEXT
        for row in frame.filter(long).iter_rows(named=True):
            log.append(
                Decision(
                    severity="note",
                    code="text-cut",
                    domain=name.upper(),
                    usubjid=row.get("USUBJID"),
                    sequence=row.get("ASEQ"),
                    variable=column,
                    value=row[column],
                    decision=f"cut to {LONGEST_TEXT} bytes in the XPT copy; Parquet holds the whole text",
                    rule="xpt-version-5",
                )
            )
        if frame.select(long.any()).item():
            cut = pl.col(column).map_elements(_cut, return_dtype=pl.String)
            frame = frame.with_columns(pl.when(long).then(cut).otherwise(pl.col(column)).alias(column))
    return frame


def _cut(text: str) -> str:
    return text.encode()[:LONGEST_TEXT].decode(errors="ignore")
