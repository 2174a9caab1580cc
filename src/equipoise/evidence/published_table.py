"""A table of published results, a row each: many trials audited at once, from CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from equipoise.errors import DataError, Problem, PublishedFileError, permitted
from equipoise.evidence.published import PublishedTrial
from equipoise.evidence.published_files import CODES
from equipoise.frames.columns import to_array, to_columns
from equipoise.protocol.faults import describe_invalid

if TYPE_CHECKING:
    import polars as pl

# Column -> where its text goes in a published-result file, the path of keys.
TABLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "trial": ("trial",),
    "ratio": ("ratio",),
    "n_experimental": ("experimental", "randomized"),
    "n_control": ("control", "randomized"),
    "endpoint": ("results", "endpoint"),
    "unit": ("results", "unit"),
    "events": ("results", "events"),
    "events_experimental": ("results", "experimental", "events"),
    "events_control": ("results", "control", "events"),
    "hr": ("results", "hazard_ratio", "value"),
    "lower": ("results", "hazard_ratio", "interval", "lower"),
    "upper": ("results", "hazard_ratio", "interval", "upper"),
    "level": ("results", "hazard_ratio", "interval", "level"),
    "effect": ("results", "hazard_ratio", "effect"),
    "method": ("results", "hazard_ratio", "method"),
    "stratified": ("results", "hazard_ratio", "stratified"),
    "p": ("results", "test", "p"),
    "sides": ("results", "test", "sides"),
    "test": ("results", "test", "test"),
    "test_stratified": ("results", "test", "stratified"),
    "median_experimental": ("results", "experimental", "median"),
    "median_control": ("results", "control", "median"),
}
REQUIRED = ("trial", "n_experimental", "n_control", "hr")
TABLE_SUFFIXES = (".csv", ".parquet")
# The reason and what to do, for a spreadsheet saved where commas mark decimals.
SEMICOLONS = (
    "its columns are separated by semicolons, and commas are expected",
    "save it with commas between columns and points in numbers: 0.80, not 0,80",
)


def read_published_table(table: str | Path | pl.DataFrame) -> dict[str, PublishedTrial | PublishedFileError]:
    """The trials of a table by name, each with its rows' results: the trial, or the error that says why not.

    Arguments: a .csv or .parquet file, or a polars data frame, with columns of `TABLE_COLUMNS`
    (docs/published-file.md); numbers as text keep their digits, so a Parquet file holds them best as text. Empty cells
    are not printed. Rows of one trial are its results, and repeat its arms. Raises DataError `file-unreadable`,
    `column-missing`, and PublishedFileError `published-file-invalid` for a column that is not known.
    """
    frame, name = frame_of_text(table)
    _check_columns(frame.columns, name)
    groups: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for place, record in enumerate(frame.iter_rows(named=True), start=2):
        cells = {key: text for key, value in record.items() if (text := text_of_cell(value))}
        groups.setdefault(cells.get("trial", f"row {place}"), []).append((place, cells))
    return {trial: _tried(trial, rows, name) for trial, rows in groups.items()}


def as_polars(frame: Any, name: str) -> pl.DataFrame:
    """A data frame of any library in polars; text stays text, and a number that is no number is an empty cell."""
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return frame
    columns = {str(key): to_array(values, str(key)).tolist() for key, values in to_columns(frame, name).items()}
    return pl.DataFrame(
        {key: [None if value != value else value for value in values] for key, values in columns.items()}, strict=False
    )


def frame_of_text(table: str | Path | pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """A table whose cells stay as they are written, and its name. Raises DataError `file-unreadable`."""
    import polars as pl

    if isinstance(table, pl.DataFrame):
        return table, "table"
    path = Path(table)
    try:
        # Without inference every cell stays as it is written.
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as problem:
        said = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        hint = f"give a table that ends in {' or '.join(TABLE_SUFFIXES)}"
        if path.suffix == ".csv" and semicolons(path):
            said, hint = SEMICOLONS
        raise DataError("file-unreadable", f"{path} cannot be read as a table", reason=said, hint=hint) from problem
    if frame.width == 1 and path.suffix == ".csv" and semicolons(path):
        raise DataError("file-unreadable", f"{path} cannot be read as a table", reason=SEMICOLONS[0],
                        hint=SEMICOLONS[1])  # fmt: skip
    return frame, str(path)


def semicolons(path: Path) -> bool:
    """Whether the first line of a text file is separated by semicolons."""
    try:
        with path.open(encoding="utf-8") as file:
            head = file.readline()
    except (OSError, UnicodeDecodeError):
        return False
    return head.count(";") > head.count(",")


def _check_columns(columns: Iterable[str], name: str) -> None:
    held = list(columns)
    absent = [column for column in REQUIRED if column not in held]
    if absent:
        message = f"{name} has no column {', '.join(absent)}"
        raise DataError(
            "column-missing", message, reason=f"its columns: {', '.join(held)}",
            hint=f"columns of a table of published results: {', '.join(TABLE_COLUMNS)}",
        )  # fmt: skip
    for column in held:
        if column not in TABLE_COLUMNS:
            raise PublishedFileError(
                CODES.invalid, f"{name}: unknown column {column!r}", hint=permitted(column, TABLE_COLUMNS)
            )


def text_of_cell(value: Any) -> str:
    """A cell as it is written; "" where there is nothing."""
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value).strip()


def _tried(trial: str, rows: list[tuple[int, dict[str, str]]], name: str) -> PublishedTrial | PublishedFileError:
    documents = [_document(cells) for _, cells in rows]
    whole = documents[0] | {"results": [document["results"] for document in documents]}
    try:
        return PublishedTrial.model_validate(whole)
    except ValidationError as invalid:
        problems = [
            Problem(fault.message, where=f"{name}:{_row_of(fault.path, rows)}", hint=fault.hint)
            for fault in describe_invalid(invalid, PublishedTrial)
        ]
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        return PublishedFileError(CODES.invalid, f"{trial} has {count}", problems=tuple(problems))


def _row_of(path: tuple[str | int, ...], rows: list[tuple[int, dict[str, str]]]) -> int:
    place = path[1] if len(path) > 1 and path[0] == "results" and isinstance(path[1], int) else 0
    return rows[place][0]


def _document(cells: Mapping[str, str]) -> dict[str, Any]:
    """One row as the mapping of a published-result file, its result not yet in a list."""
    found: dict[str, Any] = {
        "published": 1, "sources": {"table": "table"}, "experimental": {"label": "experimental"},
        "control": {"label": "control"}, "results": {"endpoint": "PFS", "source": "table"},
    }  # fmt: skip
    for column, text in cells.items():
        *path, last = TABLE_COLUMNS[column]
        place = found
        for key in path:
            place = place.setdefault(key, {})
        place[last] = text
    return found
