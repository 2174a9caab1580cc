"""The data cutoff: what was recorded after it is no part of the snapshot, whatever rule might use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.derivation.notes import decisions
from equipoise.derivation.study import Study
from equipoise.errors import DataError
from equipoise.frames.dates import PartialDate, Precision, date_from_dtc
from equipoise.frames.decisions import Decided

# The date that places a record in time, and the end dates that a record may hold besides.
_RECORD_DATES = {
    "ds": "DSSTDTC",
    "ex": "EXSTDTC",
    "ae": "AESTDTC",
    "rs": "RSDTC",
    "tu": "TUDTC",
    "tr": "TRDTC",
    "lb": "LBDTC",
    "vs": "VSDTC",
    "sv": "SVSTDTC",
    "cm": "CMSTDTC",
    "pr": "PRSTDTC",
}
_END_DATES = {"ex": "EXENDTC", "ae": "AEENDTC", "sv": "SVENDTC", "cm": "CMENDTC", "pr": "PRENDTC", "dm": "DTHDTC"}


def find_cutoff(tables: Mapping[str, pl.DataFrame], profile: Profile) -> date | None:
    """The data cutoff that the profile asks for: none, TSPARMCD DCUTDTC of TS where there is one, or a date given.

    Raises DataError `value-invalid` for a cutoff that is no complete date.
    """
    wanted = profile.text("cutoff_date")
    if wanted == "none":
        return None
    if wanted != "TS":
        return _complete(wanted, "constant cutoff_date")
    ts = tables.get("ts")
    if ts is None or not {"TSPARMCD", "TSVAL"} <= set(ts.columns):
        return None
    stated = ts.filter((pl.col("TSPARMCD") == "DCUTDTC") & pl.col("TSVAL").is_not_null())["TSVAL"].to_list()
    return _complete(str(stated[0]), "TS, TSPARMCD DCUTDTC") if stated else None


def _complete(text: str, where: str) -> date:
    found = PartialDate.parse(text)
    day = found.first()
    if day is None or found.precision in (Precision.YEAR, Precision.MONTH):
        raise DataError(
            "value-invalid",
            f"the data cutoff {text!r} is no complete date",
            where=where,
            reason="which records belong to the snapshot depends on the day",
            hint="write an ISO 8601 date such as 2022-10-31",
        )
    return day


def filter_after_cutoff(study: Study) -> tuple[Study, Iterator[Decided]]:
    """The study without what was recorded after its data cutoff, and a decision for each record concerned.

    A record is late when the first day its date allows lies after the cutoff. Of a record that began in time, a late
    end (or date of death) is taken as missing.
    """
    if study.cutoff is None:
        return study, iter(())
    cutoff = pl.lit(study.cutoff)
    ignored = f"recorded after the data cutoff {study.cutoff}: the record is ignored"
    emptied = f"dated after the data cutoff {study.cutoff}: taken as missing"
    tables, notes = dict(study.tables), []
    for domain, column in _RECORD_DATES.items():
        if domain in tables and column in tables[domain].columns:
            late = (date_from_dtc(column, "M", "first") > cutoff).fill_null(False)
            notes.append(_late(tables[domain].filter(late), domain, column, ignored))
            tables[domain] = tables[domain].filter(~late)
    for domain, column in _END_DATES.items():
        if domain in tables and column in tables[domain].columns:
            late = (date_from_dtc(column, "M", "first") > cutoff).fill_null(False)
            notes.append(_late(tables[domain].filter(late), domain, column, emptied))
            tables[domain] = _without_end(tables[domain], domain, column, late)
    return replace(study, tables=tables), (note for group in notes for note in group)


def _without_end(frame: pl.DataFrame, domain: str, column: str, late: pl.Expr) -> pl.DataFrame:
    emptied = [column] + (["DTHFL"] if domain == "dm" and "DTHFL" in frame.columns else [])
    return frame.with_columns(pl.when(~late).then(pl.col(name)).alias(name) for name in emptied)


def _late(records: pl.DataFrame, domain: str, column: str, decided: str) -> Iterator[Decided]:
    return decisions(
        records,
        "after-cutoff",
        domain=domain.upper(),
        variable=column,
        decision=decided,
        rule="cutoff_date",
        severity="note",
    )
