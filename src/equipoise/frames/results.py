"""Result rows: the one shape in which every number leaves an estimator.

A row holds one statistic. Reports, plots and `--json` read rows only; a statistic that fails is a row whose
`error` says why. Group columns come as name and level pairs, up to two deep (arm; arm within stratum or term).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from equipoise.errors import DataError
from equipoise.provenance import Provenance

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """One statistic.

    Identification: `run`, `analysis` (planned-analysis id), `population` (analysis-set id), `endpoint`, `parameter`
    (what within the endpoint: an arm's curve, a contrast, a term), `group1`/`level1` and `group2`/`level2`
    (name and level pairs), `statistic` (the field's noun: estimate, conf_low, p_value, n_event, ...), `at` and
    `at_unit` (time, look or dose on a curve; None otherwise).
    Content: `value` (float), `value_text` (words where no number exists: "not reached", "NE"), `label`, `unit`,
    `format` (a hint for reporting: "percent", "p", "months", "int", "ratio"), `method` (a citation id),
    `convention` ("r" or "sas" where they differ), `warning`, `error`, `digest` (of the data snapshot).
    """

    run: str = ""
    analysis: str = ""
    population: str = ""
    endpoint: str = ""
    parameter: str = ""
    group1: str | None = None
    level1: str | None = None
    group2: str | None = None
    level2: str | None = None
    statistic: str
    at: float | None = None
    at_unit: str | None = None
    value: float | None = None
    value_text: str | None = None
    label: str = ""
    unit: str | None = None
    format: str | None = None
    method: str | None = None
    convention: str | None = None
    warning: str | None = None
    error: str | None = None
    digest: str | None = None


COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(ResultRow))
NUMERIC_COLUMNS = frozenset({"at", "value"})


@runtime_checkable
class Result(Protocol):
    """What every result object offers."""

    def to_rows(self) -> list[ResultRow]: ...

    def to_frame(self) -> Any: ...

    def to_dict(self) -> dict[str, Any]: ...

    def _repr_html_(self) -> str: ...


class ResultTable:
    """An immutable list of result rows with selection, printing and storage.

    `rows.select(statistic="estimate", endpoint="PFS")` narrows; `rows.one(...)` and `rows.value(...)` take exactly
    one row; iteration yields `ResultRow`.
    """

    def __init__(self, rows: Iterable[ResultRow] = ()) -> None:
        self._rows: tuple[ResultRow, ...] = tuple(rows)

    def __iter__(self) -> Iterator[ResultRow]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __add__(self, other: ResultTable) -> ResultTable:
        return ResultTable((*self._rows, *other._rows))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResultTable) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(self._rows)

    def select(self, **wanted: object) -> ResultTable:
        """The rows whose columns equal every given value; a tuple or list of values permits any of them."""
        unknown = set(wanted) - set(COLUMNS)
        if unknown:
            raise KeyError(f"{sorted(unknown)} are not result columns; columns: {', '.join(COLUMNS)}")
        return ResultTable(row for row in self._rows if all(_matches(getattr(row, k), v) for k, v in wanted.items()))

    def one(self, **wanted: object) -> ResultRow:
        """Exactly one row; LookupError says how many there were."""
        found = self.select(**wanted)
        if len(found) != 1:
            raise LookupError(f"{len(found)} result rows match {wanted}, expected exactly one")
        return found._rows[0]

    def value(self, **wanted: object) -> float:
        """The number of exactly one row; NaN where the row has words instead of a number."""
        value = self.one(**wanted).value
        return math.nan if value is None else value

    def levels(self, column: str) -> list[str]:
        """Distinct non-missing values of a column in order of first appearance."""
        return list(dict.fromkeys(v for v in (getattr(row, column) for row in self._rows) if v is not None))

    def to_rows(self) -> list[ResultRow]:
        return list(self._rows)

    def to_dict(self) -> dict[str, Any]:
        """`{"rows": [...]}` with missing columns left out of each row."""
        return {"rows": [{k: v for k, v in asdict(row).items() if v not in (None, "")} for row in self._rows]}

    def to_frame(self) -> pl.DataFrame:
        """All columns as a polars data frame, one row per statistic."""
        import polars as pl

        schema = {name: pl.Float64 if name in NUMERIC_COLUMNS else pl.String for name in COLUMNS}
        return pl.DataFrame([asdict(row) for row in self._rows], schema=schema, orient="row")

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> ResultTable:
        return cls(ResultRow(**record) for record in frame.select(COLUMNS).iter_rows(named=True))

    def write(self, path: Path, provenance: Provenance | None = None) -> None:
        """Store as Parquet, with the provenance in the file. Raises OutputError `output-unwritable`."""
        from equipoise.frames.tables import polars_writing

        frame = self.to_frame()
        with polars_writing(path):
            frame.write_parquet(path, metadata={_PROVENANCE: json.dumps(provenance.to_dict())} if provenance else None)

    @classmethod
    def read(cls, path: Path) -> ResultTable:
        """Rows stored by `write`. Raises DataError `file-unreadable`, or `column-missing` for another kind of file."""
        import polars as pl

        hint = "give the results.parquet of a run folder, or the folder"
        try:
            frame = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as problem:
            said = str(problem).splitlines()[0]
            raise DataError("file-unreadable", f"{path} cannot be read as Parquet", reason=said, hint=hint) from problem
        absent = [name for name in COLUMNS if name not in frame.columns]
        if absent:
            message = f"{path} holds no result rows: it has no column {', '.join(absent)}"
            raise DataError("column-missing", message, reason=f"its columns: {', '.join(frame.columns)}", hint=hint)
        return cls.from_frame(frame)

    def __repr__(self) -> str:
        columns = [column for column in zip(_HEADS, *map(_printable, self._shown()), strict=True) if any(column[1:])]
        widths = [max(map(len, column)) for column in columns]
        rows = zip(*columns, strict=True)
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([f"{len(self._rows):,} result rows", *lines, *self._hidden()])

    def _repr_html_(self) -> str:
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _printable(row)) + "</tr>" for row in self._shown()
        )
        heads = "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
        caption = "; ".join([f"{len(self._rows):,} result rows", *self._hidden()])
        return f"<table><caption>{escape(caption)}</caption><tr>{heads}</tr>{body}</table>"

    def _readable(self) -> list[ResultRow]:
        """The rows without those of curves, unless there are no others: nobody reads a curve as numbers."""
        return [row for row in self._rows if row.parameter not in _CURVES] or list(self._rows)

    def _shown(self) -> list[ResultRow]:
        return self._readable()[:_PRINTED_ROWS]

    def _hidden(self) -> list[str]:
        """What is not printed, in words."""
        readable = len(self._readable())
        more, curves = readable - len(self._shown()), len(self._rows) - readable
        lines = [f"... and {more:,} more rows; select(analysis=...) narrows"] if more else []
        return lines + ([f"... and {curves:,} rows of curves; select(parameter='curve') shows them"] if curves else [])


def read_provenance(path: Path) -> Provenance | None:
    """The provenance that a file of result rows carries, if any."""
    import polars as pl

    text = pl.read_parquet_metadata(path).get(_PROVENANCE)
    return Provenance.from_dict(json.loads(text)) if text else None


_PROVENANCE = "equipoise.provenance"
_PRINTED_ROWS = 40
_CURVES = ("curve", "at-risk")
_HEADS = ("analysis", "endpoint", "parameter", "group", "statistic", "value")


def _matches(actual: object, wanted: object) -> bool:
    return actual in wanted if isinstance(wanted, tuple | list | set | frozenset) else actual == wanted


def _printable(row: ResultRow) -> tuple[str, ...]:
    groups = ", ".join(level for level in (row.level1, row.level2) if level)
    at = "" if row.at is None else f" at {row.at:g} {row.at_unit or ''}".rstrip()
    shown = row.error or row.value_text or ("" if row.value is None else f"{row.value:.6g}")
    unit = f" {row.unit}" if row.unit and row.value is not None and not row.value_text else ""
    return row.analysis, row.endpoint, row.parameter, groups, row.statistic + at, shown + unit


def fill(rows: Iterable[ResultRow], **columns: Any) -> list[ResultRow]:
    """Rows with the given columns set where they are still empty: how a planned analysis labels an estimator's rows."""
    from dataclasses import replace

    def filled(row: ResultRow) -> ResultRow:
        gaps: Mapping[str, Any] = {k: v for k, v in columns.items() if getattr(row, k) in (None, "")}
        return replace(row, **gaps) if gaps else row

    return [filled(row) for row in rows]
