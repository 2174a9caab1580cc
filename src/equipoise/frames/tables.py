"""Folders of tables: find the file of a table, read it whatever its format, write it whole or not at all.

What SDTM and ADaM folders have in common. Columns keep their names in upper case; empty text is missing, and the text
`NA` is text.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError
from polars.io.plugins import register_io_source
from pyreadstat import PyreadstatError, ReadstatError

from equipoise.errors import ArgumentError, DataError, OutputError, nearest, permitted
from equipoise.frames.dataset_json import is_dataset_json, is_whole, read_dataset_json
from equipoise.frames.transport import read_sas, read_transport

FORMATS: tuple[str, ...] = ("parquet", "csv", "xpt", "sas7bdat", "json", "ndjson")
WRITTEN_AS = {"parquet": "parquet", "csv": "csv", "xpt": "xpt", "dataset-json": "json"}
"""The formats that tables are written in, with the ending of the file."""


@dataclass(frozen=True, repr=False)
class TableSet:
    """Tables by lower-case name, and where they come from.

    `sources`: table name to file name; `digest`: SHA-256 over names and bytes of the files used, whatever their order;
    `labels`: table name to variable to label; `ignored`: file names left alone, each with the reason.
    """

    folder: Path
    tables: dict[str, pl.DataFrame]
    sources: dict[str, str]
    digest: str
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        shown = [
            f"  {name}: {table.height:,} x {table.width} from {self.sources[name]}"
            for name, table in self.tables.items()
        ]
        return "\n".join([f"{type(self).__name__}: {len(shown)} tables from {self.folder}", *shown])

    def get(self, name: str) -> pl.DataFrame | None:
        """The table of that name in any case, or None."""
        return self.tables.get(name.lower())

    def require(self, name: str, columns: Iterable[str] = ()) -> pl.DataFrame:
        """The table of that name, with the given columns.

        Raises DataError `domain-missing` listing the tables there are, or `column-missing` listing the columns.
        """
        table = self.get(name)
        if table is None:
            raise missing_table(name, self.folder, self.sources.values())
        require_columns(table, name, columns, self.sources.get(name.lower()))
        return table


def require_columns(table: pl.DataFrame, name: str, columns: Iterable[str], source: str | None = None) -> None:
    """Raise DataError `column-missing` for the first column that the table does not have."""
    absent = [column for column in columns if column not in table.columns]
    if not absent:
        return
    close = nearest(absent[0], table.columns)
    existing = "existing columns: " + ", ".join(table.columns)
    raise DataError(
        "column-missing",
        f"{name.upper()} has no column {', '.join(absent)}",
        where=source or name,
        reason=f"{name.upper()} cannot be used without it",
        hint=f"did you mean {close!r}? {existing}" if close else existing,
    )


def missing_table(name: str, folder: Path, existing: Iterable[str]) -> DataError:
    """The error for a table that a folder does not hold, naming what is there and how to map it."""
    files = sorted(existing)
    stems = [Path(file).stem for file in files]
    relatives = [stem for stem in stems if stem.lower().startswith(name.lower() + "_")]
    listing = "files in the folder: " + (", ".join(files) or "none that can be read")
    if relatives:
        hint = f"choose one with a mapping such as {name.lower()}={relatives[0]}; {listing}"
    else:
        close = nearest(name, stems)
        hint = f"did you mean {close!r}? {listing}" if close else listing
    return DataError(
        "domain-missing",
        f"{name.upper()} is not in the folder",
        where=str(folder),
        reason=f"{name.upper()} is required here",
        hint=hint,
    )


def list_tables(folder: str | Path) -> list[Path]:
    """The files of a folder in a format that can be read, sorted by name.

    Raises DataError `folder-unreadable` when the folder does not exist, is no folder, cannot be listed, or holds none.
    """
    path = Path(folder)
    expected = "a folder of Parquet, CSV, XPT, SAS7BDAT or Dataset-JSON files named by data set, such as dm.parquet"
    if not path.is_dir():
        what = "is not a folder" if path.exists() else "does not exist"
        raise DataError("folder-unreadable", f"{path} {what}", where=str(path), hint=f"give {expected}")
    try:
        entries = sorted(path.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            "folder-unreadable", f"{path} cannot be listed: {error.strerror}", where=str(path), hint="check permissions"
        ) from error
    files = [entry for entry in entries if _holds_table(entry)]
    if not files:
        found = ", ".join(entry.name for entry in entries[:10]) or "nothing"
        raise DataError(
            "folder-unreadable",
            f"{path} holds no table",
            where=str(path),
            reason=f"found: {found}",
            hint=f"give {expected}",
        )
    return files


def _holds_table(path: Path) -> bool:
    form = format_of(path)
    if form not in FORMATS or path.name.startswith("."):
        return False
    return form not in ("json", "ndjson") or is_dataset_json(path)


def format_of(path: Path) -> str:
    """The format that a file name promises: its ending, lower case, without the dot."""
    return path.suffix.lower().removeprefix(".")


@dataclass(frozen=True)
class RawTable:
    """One table as its file holds it: columns in upper case, CSV all text; labels; and the SHA-256 of the bytes."""

    frame: pl.DataFrame
    labels: dict[str, str]
    sha256: str


def read_table(path: Path) -> RawTable:
    """Read one file in the format its name promises.

    Raises DataError `file-unreadable` naming the file and what its reader said.
    """
    reader = _READERS[format_of(path)]
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        frame, labels = reader(path)
        return RawTable(_upper_columns(frame), {name.upper(): label for name, label in labels.items()}, sha256)
    except (OSError, PolarsError, ReadstatError, PyreadstatError, UnicodeDecodeError, ValueError) as error:
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            "file-unreadable",
            f"{path.name} cannot be read as {format_of(path).upper()}",
            where=str(path),
            reason=said,
            hint="check that the file is whole, that its ending names its format, and that CSV text is UTF-8",
        ) from error


def _read_csv(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    try:
        frame = pl.read_csv(path, infer_schema=False, null_values=[""])
    except PolarsError as error:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.readline()
        if head.count(";") > head.count(","):
            raise ValueError("the columns are separated by ';', and commas are expected (0.80, not 0,80)") from error
        raise
    # polars gives the second of two equal column names this ending.
    repeated = [name for name in frame.columns if re.search(r"_duplicated_\d+$", name)]
    if repeated:
        raise ValueError(f"the column {repeated[0].rsplit('_duplicated_', 1)[0]} occurs more than once")
    if frame.width == 1 and (sign := re.search(r"[;\t|]", frame.columns[0])):
        raise ValueError(f"the columns are separated by {sign.group()!r}, and commas are expected")
    # A blank line, as editors leave at the end, is no record.
    return frame.filter(~pl.all_horizontal(pl.all().is_null())), {}


def _read_parquet(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    return pl.read_parquet(path), {}


_READERS: Mapping[str, Callable[[Path], tuple[pl.DataFrame, dict[str, str]]]] = {
    "parquet": _read_parquet,
    "csv": _read_csv,
    "xpt": read_transport,
    "sas7bdat": read_sas,
    "json": read_dataset_json,
    "ndjson": read_dataset_json,
}


def _upper_columns(frame: pl.DataFrame) -> pl.DataFrame:
    names = [name.strip().removeprefix("\ufeff").upper() for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the column {twice[0]} occurs more than once")
    if "" in names:
        raise ValueError(f"column {names.index('') + 1} has no name; was a row index written along?")
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def digest(files: Mapping[str, str]) -> str:
    """SHA-256 over file names and the SHA-256 of their bytes, independent of their order."""
    lines = "".join(f"{name}\0{sha256}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def to_number(frame: pl.DataFrame, column: str, source: str) -> pl.Expr:
    """A text column as numbers; `.` and blank are missing.

    Raises DataError `value-invalid` with the rows whose text is no number.
    """
    text = pl.col(column).str.strip_chars()
    text = pl.when((text != "") & (text != ".")).then(text)
    number = text.cast(pl.Float64, strict=False)
    wrong = frame.with_row_index("row", offset=1).filter(text.is_not_null() & (number.is_null() | ~number.is_finite()))
    if wrong.height:
        raise DataError(
            "value-invalid",
            f"{wrong.get_column(column)[0]!r} in {column} is not a number ({wrong.height} such rows)",
            where=f"{source}, row {wrong.get_column('row')[0]}",
            reason=f"{column} is numeric in CDISC data sets",
            hint="correct the value, or leave it empty when it is missing",
            rows=offending_rows(wrong, "row", column),
        )
    return number.alias(column)


def offending_rows(wrong: pl.DataFrame, *columns: str) -> list[dict[str, object]]:
    """The first rows at fault for an error: who, and the columns in question; the rest of a record stays private."""
    shown = [name for name in ("USUBJID", *columns) if name in wrong.columns]
    return wrong.select(shown).head(5).to_dicts()


def blank_to_null(column: str) -> pl.Expr:
    """A text column with empty and blank text as null and trailing blanks removed."""
    text = pl.col(column).str.strip_chars_end(" ")
    return pl.when(text != "").then(text).alias(column)


def clean_text(frame: pl.DataFrame, column: str) -> pl.Expr:
    """What `blank_to_null` makes of a column; the column itself, shared, where nothing is to be changed."""
    texts = frame.get_column(column)
    return blank_to_null(column) if ((texts == "") | texts.str.ends_with(" ")).any() else pl.col(column)


def number_text(number: pl.Expr) -> pl.Expr:
    """Numbers as text, whole ones without a decimal point: a subject number read as 1001.0 stays '1001'."""
    whole = (number == number.round()) & (number.abs() < 2**53)
    return pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(number.cast(pl.String))


def is_midnight(moments: pl.Series) -> bool:
    """Whether a datetime column holds dates only: every time is 00:00:00."""
    return bool((moments.drop_nulls().dt.time() == time(0)).all())


# --- writing -------------------------------------------------------------------------------------------------------


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends well, and vanishes when it does not.

    Raises OutputError `output-unwritable` when the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # Writers below report a closed folder in their own words, or not at all; this asks for them.
        temporary.touch()
        yield temporary
        temporary.replace(path)
    except (OSError, PolarsError, ReadstatError, PyreadstatError) as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def unwritable(path: Path, error: Exception) -> OutputError:
    """The error for a place that cannot be written to."""
    return OutputError(
        "output-unwritable",
        f"{path} cannot be written: {getattr(error, 'strerror', None) or error}",
        where=str(path),
        hint="check that the folder exists, that you may write there and that the disk has room",
    )


def make_folder(folder: str | Path) -> Path:
    """The folder, made with its parents when it is not there. Raises OutputError `output-unwritable`."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def check_format(form: str, known: Iterable[str]) -> None:
    """Raise ArgumentError `argument-invalid` for a format that cannot be written."""
    choices = list(known)
    if form not in choices:
        raise ArgumentError("argument-invalid", f"format {form!r} cannot be written", hint=permitted(form, choices))


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write Parquet; the same table gives the same bytes. Raises OutputError `output-unwritable`."""
    with polars_writing(path):
        frame.write_parquet(path, compression="zstd", compression_level=3, statistics=True)


def write_parquet_parts(parts: Callable[[], Iterable[pl.DataFrame]], path: Path) -> None:
    """Write a table that comes in parts of one schema, as `write_parquet`, a row group for each part.

    Arguments: a function that gives the parts anew each time; the path.
    """
    given = iter(parts())
    first = next(given)
    if next(given, None) is None:
        write_parquet(first, path)
        return

    def source(*_asked: object) -> Iterator[pl.DataFrame]:
        # A sink asks for every column of every row.
        return iter(parts())

    with polars_writing(path):
        register_io_source(source, schema=first.schema).sink_parquet(
            path, compression="zstd", compression_level=3, statistics=True, row_group_size=first.height
        )


@contextmanager
def polars_writing(path: Path) -> Iterator[None]:
    """What polars says of a full disk, as an OutputError."""
    try:
        yield
    except (OSError, PolarsError) as error:
        raise unwritable(path, error) from error


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write CSV, whole numbers without a decimal point. Raises OutputError `output-unwritable`."""
    whole = [name for name in frame.select(pl.col(pl.Float64)).columns if is_whole(frame.get_column(name))]
    with polars_writing(path):
        frame.with_columns(pl.col(whole).cast(pl.Int64)).write_csv(path)
