"""Quality of collected data: dates that cannot be, have no year, or stand in an order that cannot be.

A partial date offends only where every day it allows does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from equipoise.derivation.quality_records import (
    FIRST,
    IMPOSSIBLE,
    LAST,
    PRECISION,
    SUBJECT,
    Collected,
    day_text,
    finding_rows,
)

_ENDS = {"DM": (("RFSTDTC", "RFENDTC"), ("RFXSTDTC", "RFXENDTC"), ("RFICDTC", "RFPENDTC"))}
# Dates that are rightly later than death, earlier than birth, or no date of the subject's own.
_DEATH_TERMS = ("DEATH", "AUTOPSY")
_ASSESSMENTS = {"rs": "RSDTC", "tr": "TRDTC", "tu": "TUDTC"}


def find_dates(data: Collected) -> Iterator[pl.DataFrame]:
    """Dates that cannot be or have no year, and dates out of order."""
    yield from _unusable(data)
    yield from _ends_before_starts(data)
    yield from _around_birth_and_randomization(data)
    yield from _after_death(data)
    yield from _deaths(data)
    yield from _after_cutoff(data)
    yield from _undated(data)


def _unusable(data: Collected) -> Iterator[pl.DataFrame]:
    for (domain, column), judged in data.dates.items():
        for code, rows, words in (
            ("impossible-date", judged.filter(IMPOSSIBLE), f"{{}} in {column} is no date or time that exists"),
            (
                "year-missing",
                judged.filter((pl.col(PRECISION) == "none") & ~pl.col(IMPOSSIBLE)),
                f"{{}} in {column} has no year: nothing can be said of its day",
            ),
        ):
            if rows.height:
                wrong = data.records[domain].filter(pl.col(column).is_in(rows.get_column("text").implode()))
                yield finding_rows(wrong, code, domain, [column], pl.format(words, pl.col(column)))


def _ends_before_starts(data: Collected) -> Iterator[pl.DataFrame]:
    for domain in data.records:
        prefix = domain.upper()
        for start, end in _ENDS.get(prefix, ((f"{prefix}STDTC", f"{prefix}ENDTC"),)):
            if data.has(domain, start + FIRST, end + LAST):
                records = data.records[domain]
                # On one day only the times of day can tell, and only where both were collected as fully.
                both = pl.col(start).str.len_chars() == pl.col(end).str.len_chars()
                same = (pl.col(start + FIRST) == pl.col(end + LAST)) & both & (pl.col(start) > pl.col(end))
                wrong = records.filter((pl.col(end + LAST) < pl.col(start + FIRST)) | same)
                words = pl.format(f"{end} {{}} lies before {start} {{}}", pl.col(end), pl.col(start))
                yield finding_rows(wrong, "end-before-start", domain, [start, end], words)


def _around_birth_and_randomization(data: Collected) -> Iterator[pl.DataFrame]:
    for domain, column in data.dates:
        if column != "BRTHDTC" and domain != "ts":
            early = data.compared(domain, column + LAST, "before", "birth" + FIRST)
            words = pl.format(f"{column} {{}} lies before birth ({{}})", pl.col(column), day_text("birth" + FIRST))
            yield finding_rows(early, "before-birth", domain, [column], words)
    for domain, column, code, what in (
        ("ex", "EXSTDTC", "dose-before-randomization", "a dose"),
        ("dm", "DTHDTC", "death-before-randomization", "the death"),
    ):
        if data.has(domain, column + LAST):
            early = data.compared(domain, column + LAST, "before", "randomized" + FIRST)
            words = _before(what, column, "randomized" + FIRST, "randomization")
            yield finding_rows(early, code, domain, [column], words)
    if data.has("dm", "RFICDTC" + FIRST):
        late = data.compared("dm", "RFICDTC" + FIRST, "after", "randomized" + LAST)
        words = pl.format("consent {} lies after randomization ({})", pl.col("RFICDTC"), day_text("randomized" + LAST))
        yield finding_rows(late, "consent-after-randomization", "dm", ["RFICDTC"], words)
    for domain, column in _ASSESSMENTS.items():
        if data.has(domain, column + LAST):
            early = data.compared(domain, column + LAST, "before", "consent" + FIRST)
            words = _before("an assessment", column, "consent" + FIRST, "informed consent")
            yield finding_rows(early, "assessment-before-consent", domain, ["VISIT", column], words)


def _before(what: str, column: str, reference: str, event: str) -> pl.Expr:
    return pl.format(f"{what} ({{}}) lies before {event} ({{}})", pl.col(column), day_text(reference))


def _after_death(data: Collected) -> Iterator[pl.DataFrame]:
    for domain, column in data.dates:
        if domain in ("dm", "ts") or column in ("DSDTC", "AEDTC", "CMDTC"):
            continue
        late = data.compared(domain, column + FIRST, "after", "death" + LAST)
        if domain == "ds" and "DSDECOD" in late.columns:
            late = late.filter(~pl.col("DSDECOD").is_in(list(_DEATH_TERMS)).fill_null(False))
        code = {"ex": "dose-after-death", "ae": "event-after-death"}.get(domain, "record-after-death")
        code = "assessment-after-death" if domain in _ASSESSMENTS else code
        words = pl.format(f"{column} {{}} lies after death ({{}})", pl.col(column), day_text("death" + LAST))
        yield finding_rows(late, code, domain, [column], words)


def _deaths(data: Collected) -> Iterator[pl.DataFrame]:
    """What DM, DS and AE say of a death should be one story."""
    if data.has("dm", "DTHFL", "DTHDTC"):
        dm = data.records["dm"]
        undated = dm.filter((pl.col("DTHFL") == "Y") & pl.col("DTHDTC" + FIRST).is_null())
        yield finding_rows(undated, "death-undated", "dm", ["DTHFL", "DTHDTC"], "a death without a usable date")
        unflagged = dm.filter(pl.col("DTHFL").ne_missing("Y") & pl.col("DTHDTC").is_not_null())
        words = pl.format("DTHDTC {} without DTHFL = Y", pl.col("DTHDTC"))
        yield finding_rows(unflagged, "death-unflagged", "dm", ["DTHFL", "DTHDTC"], words)
    if not data.has("dm", "DTHDTC"):
        return
    dead = data.records["dm"].filter(pl.col("DTHDTC").is_not_null()).select(SUBJECT).unique()
    for domain, told, shown in (
        ("ds", ("DSDECOD", "DEATH"), ["DSDECOD", "DSSTDTC"]),
        ("ae", ("AEOUT", "FATAL"), ["AEDECOD", "AEOUT", "AEENDTC"]),
    ):
        if data.has(domain, told[0]):
            records = data.records[domain].filter(pl.col(told[0]) == told[1])
            untold = records.join(dead, on=SUBJECT, how="anti")
            words = f"{domain.upper()} tells of a death, and DM has no date of death"
            yield finding_rows(untold, "death-not-in-dm", domain, shown, words)
    if data.has("ds", "DSDECOD", "DSSTDTC" + FIRST):
        late = data.compared("ds", "DSSTDTC" + FIRST, "after", "death" + LAST)
        early = data.compared("ds", "DSSTDTC" + LAST, "before", "death" + FIRST)
        for apart, day in ((late, "death" + LAST), (early, "death" + FIRST)):
            words = pl.format("DS dates the death {}, DM {}", pl.col("DSSTDTC"), day_text(day))
            told = apart.filter(pl.col("DSDECOD") == "DEATH")
            yield finding_rows(told, "death-dates-differ", "ds", ["DSDECOD", "DSSTDTC"], words)


def _after_cutoff(data: Collected) -> Iterator[pl.DataFrame]:
    if data.cutoff is None:
        return
    for domain, column in data.dates:
        if domain == "ts":
            continue
        late = data.records[domain].filter(pl.col(column + FIRST) > pl.lit(data.cutoff))
        words = pl.format(f"{column} {{}} lies after the data cutoff {data.cutoff}", pl.col(column))
        yield finding_rows(late, "after-cutoff", domain, [column], words)


def _undated(data: Collected) -> Iterator[pl.DataFrame]:
    """Visits without dates."""
    places: Sequence[tuple[str, str, str]] = (
        ("rs", "RSDTC", "RSSTAT"),
        ("tr", "TRDTC", "TRSTAT"),
        ("tu", "TUDTC", "TUSTAT"),
        ("sv", "SVSTDTC", "SVOCCUR"),
    )
    for domain, column, status in places:
        if not data.has(domain, column):
            continue
        records = data.records[domain].filter(pl.col(column).is_null())
        if status in records.columns:
            # A visit that did not happen has no date: SVOCCUR = N, --STAT = NOT DONE.
            records = records.filter(~pl.col(status).is_in(["NOT DONE", "N"]).fill_null(False))
        yield finding_rows(records, "visit-undated", domain, ["VISIT", column], f"{column} is missing")
