"""Rows of SDTM tables with days for dates, and what a data cutoff leaves of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from equipoise.frames import domains

Record = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """One table: its columns; the date that places a record in time; the end that a cutoff leaves open; its order."""

    columns: tuple[str, ...]
    start: str
    end: str | None
    order: tuple[str, ...]


_KEYS = "STUDYID DOMAIN USUBJID"
_SHAPES = {
    "ds": ("DSSEQ DSTERM DSDECOD DSCAT DSSCAT EPOCH DSSTDTC DSSTDY", "DSSTDTC", None, "DSSTDTC DSCAT DSSCAT DSDECOD"),
    "ex": (
        """EXSEQ EXTRT EXDOSE EXDOSU EXDOSFRQ EXROUTE EXADJ EPOCH
        EXSTDTC EXENDTC EXSTDY EXENDY""",
        "EXSTDTC",
        "EXENDTC",
        "EXSTDTC EXTRT",
    ),
    "ae": (
        """AESEQ AETERM AEDECOD AEBODSYS AESOC AESER AEACN AEREL AEOUT AESDTH AETOXGR EPOCH
        AESTDTC AEENDTC AESTDY AEENDY AEENRTPT AEENTPT""",
        "AESTDTC",
        "AEENDTC",
        "AESTDTC AEDECOD",
    ),
    "cm": (
        """CMSEQ CMTRT CMDECOD CMCAT CMINDC EPOCH
        CMSTDTC CMENDTC CMSTDY CMENDY CMENRTPT CMENTPT""",
        "CMSTDTC",
        "CMENDTC",
        "CMSTDTC",
    ),
    "tu": (
        """TUSEQ TULNKID TUTESTCD TUTEST TUORRES TUSTRESC TULOC TUMETHOD TUEVAL
        VISITNUM VISIT TUDTC TUDY""",
        "TUDTC",
        None,
        "TUDTC TULNKID",
    ),
    "tr": (
        """TRSEQ TRGRPID TRLNKID TRTESTCD TRTEST TRORRES TRORRESU TRSTRESC TRSTRESN TRSTRESU TRMETHOD TREVAL
        VISITNUM VISIT TRDTC TRDY""",
        "TRDTC",
        None,
        "TRDTC TRGRPID TRLNKID TRTESTCD",
    ),
    "rs": (
        "RSSEQ RSTESTCD RSTEST RSCAT RSORRES RSSTRESC RSEVAL VISITNUM VISIT RSDTC RSDY",
        "RSDTC",
        None,
        "RSDTC RSTESTCD",
    ),
    "sv": ("VISITNUM VISIT EPOCH SVSTDTC SVENDTC SVSTDY SVENDY", "SVSTDTC", None, "VISITNUM"),
    "ie": ("IESEQ IETESTCD IETEST IECAT IEORRES IESTRESC VISITNUM VISIT IEDTC IEDY", "IEDTC", None, "IETESTCD"),
}
SHAPES: Mapping[str, Shape] = {
    name: Shape((*_KEYS.split(), *columns.split()), start, end, tuple(order.split()))
    for name, (columns, start, end, order) in _SHAPES.items()
}


def is_date(column: str) -> bool:
    """Whether a column holds a date: --DTC, and the reference time point of an open end."""
    return column.endswith(("DTC", "ENTPT"))


def to_text(day: int | None, origin: date) -> str | None:
    """A day counted from the origin as an ISO 8601 date."""
    return None if day is None else (origin + timedelta(days=int(day))).isoformat()


def to_table(
    name: str, rows: Sequence[Record], reference: Mapping[str, int], origin: date, cutoff: int
) -> pl.DataFrame:
    """One domain as it stands at the data cutoff, ordered, with sequence numbers and study days.

    Arguments: rows with days for dates; the reference day of each subject, for --DY; the calendar.
    Records that start after the cutoff are left out; ends after it are open, as of the cutoff.
    """
    shape = SHAPES[name]
    frame = pl.DataFrame(rows, schema=_schema(shape), orient="row").filter(pl.col(shape.start) <= cutoff)
    if shape.end is not None:
        frame = _opened(frame, shape.end, name.upper(), cutoff)
    if name == "sv":
        frame = frame.with_columns(pl.min_horizontal("SVENDTC", pl.lit(cutoff)))
    frame = frame.sort("USUBJID", *shape.order, nulls_last=True, maintain_order=True)
    return _dated(frame, reference, origin).select(_present(frame, shape, name))


def _schema(shape: Shape) -> dict[str, Any]:
    return {column: _type(column) for column in shape.columns}


def _type(column: str) -> Any:
    return pl.Int64 if is_date(column) else pl.Float64 if domains.is_number(column) else pl.String


def _present(frame: pl.DataFrame, shape: Shape, name: str) -> list[str]:
    """Every column but the optional ones without a single value; all of a table without rows."""
    keep = {*_KEYS.split(), f"{name.upper()}SEQ", shape.start, shape.end}
    keep |= {column for column in shape.columns if column.endswith("DY")}
    return [
        column
        for column in shape.columns
        if column in keep or frame.is_empty() or frame[column].null_count() < len(frame)
    ]


def _opened(frame: pl.DataFrame, end: str, prefix: str, cutoff: int) -> pl.DataFrame:
    later = pl.col(end).is_null() | (pl.col(end) > cutoff)
    changes = [pl.when(~later).then(pl.col(end)).alias(end)]
    if f"{prefix}ENRTPT" in frame.columns:
        # The reference time point is the last contact where the row has one, and never later than the cutoff.
        point = pl.min_horizontal(pl.col(f"{prefix}ENTPT").fill_null(cutoff), pl.lit(cutoff))
        changes.append(pl.when(later).then(pl.lit("ONGOING")).alias(f"{prefix}ENRTPT"))
        changes.append(pl.when(later).then(point).alias(f"{prefix}ENTPT"))
    if "AEOUT" in frame.columns:
        outcome = pl.when(later).then(pl.lit("NOT RECOVERED/NOT RESOLVED")).otherwise(pl.col("AEOUT"))
        changes.append(outcome.alias("AEOUT"))
    return frame.with_columns(changes)


def _dated(frame: pl.DataFrame, reference: Mapping[str, int], origin: date) -> pl.DataFrame:
    day_zero = pl.Series("USUBJID", list(reference), dtype=pl.String)
    days = pl.DataFrame({"USUBJID": day_zero, "_reference": pl.Series(list(reference.values()), dtype=pl.Int64)})
    frame = frame.join(days, on="USUBJID", how="left", maintain_order="left")
    changes: list[pl.Expr] = []
    for column in frame.columns:
        if column.endswith("SEQ"):
            changes.append(pl.int_range(1, pl.len() + 1).over("USUBJID").cast(pl.Float64).alias(column))
        if is_date(column):
            calendar = pl.lit(origin) + pl.duration(days=pl.col(column))
            changes.append(calendar.dt.to_string("%Y-%m-%d").alias(column))
        if column.endswith("DY"):
            changes.append(_study_day(column).alias(column))
    return frame.with_columns(changes)


def _study_day(column: str) -> pl.Expr:
    difference = pl.col(column.removesuffix("DY") + "DTC") - pl.col("_reference")
    return (difference + (difference >= 0).cast(pl.Int64)).cast(pl.Float64)
