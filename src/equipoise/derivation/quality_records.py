"""Collected records made ready for checking: typed as far as they can be, dated, with what is known of the subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.frames import domains
from equipoise.frames.dates import date_from_dtc, impossible_dtc, precision_of_dtc
from equipoise.frames.tables import blank_to_null
from equipoise.protocol.trial import Trial

SUBJECT = "_subject"
FIRST, LAST, IMPOSSIBLE, PRECISION = "_first", "_last", "_impossible", "_precision"


@dataclass(frozen=True)
class Collected:
    """What the checks read.

    `tables` by lower-case domain, blank text as null, numeric variables as numbers where they are; `records`, the same
    with the number of the subject (`_subject`) and, for every collected date X, the first and last day it allows
    (`X_first`, `X_last`); `unreadable`, the values of numeric variables that are no numbers, by domain and variable;
    `subjects`, the days of birth, death, consent and randomization of each subject, in the order of their numbers.
    """

    tables: Mapping[str, pl.DataFrame]
    records: Mapping[str, pl.DataFrame]
    unreadable: Mapping[tuple[str, str], pl.DataFrame]
    dates: Mapping[tuple[str, str], pl.DataFrame]
    subjects: pl.DataFrame
    profile: Profile
    trial: Trial | None
    cutoff: date | None

    def has(self, domain: str, *columns: str) -> bool:
        """Whether the domain was collected, with these columns."""
        return domain in self.records and set(columns) <= set(self.records[domain].columns)

    def compared(self, domain: str, column: str, relation: Literal["before", "after"], day: str) -> pl.DataFrame:
        """The records of a domain whose day in `column` lies before (after) a day of the subject, which is added."""
        records = self.records[domain]
        known = self.subjects.get_column(day)
        if known.null_count() == len(known):
            return records.clear().with_columns(pl.lit(None, pl.Date).alias(day))
        # A gather by number costs a tenth of a join of millions of records.
        reference = known.gather(records.get_column(SUBJECT)).alias(day)
        own = records.get_column(column)
        offends = ((own < reference) if relation == "before" else (own > reference)).fill_null(False)
        return records.filter(offends).with_columns(reference.filter(offends))


def prepare(
    tables: Mapping[str, pl.DataFrame], profile: Profile, trial: Trial | None, cutoff: date | None
) -> Collected:
    """Ready the collected tables for the checks; nothing in them is refused here."""
    unreadable: dict[tuple[str, str], pl.DataFrame] = {}
    typed = {name.lower(): _typed(frame, name.lower(), unreadable) for name, frame in tables.items()}
    dates = {
        (name, column): _judged(frame.get_column(column))
        for name, frame in typed.items()
        for column in frame.columns
        if column.endswith("DTC") and frame.schema[column] == pl.String
    }
    names = _named(typed)
    records = {name: _dated(_numbered(frame, names), name, dates) for name, frame in typed.items()}
    return Collected(typed, records, unreadable, dates, _subjects(records, names), profile, trial, cutoff)


def _typed(frame: pl.DataFrame, domain: str, unreadable: dict[tuple[str, str], pl.DataFrame]) -> pl.DataFrame:
    """Text as String and numeric variables as Float64; text that is no number is kept aside and becomes null."""
    columns: list[pl.Expr] = []
    for column, held in frame.schema.items():
        numeric = domains.is_number(column)
        if held == pl.String and numeric:
            text = pl.col(column).str.strip_chars()
            number = text.cast(pl.Float64, strict=False)
            wrong = frame.filter((text != "") & (text != ".") & (number.is_null() | ~number.is_finite()))
            if wrong.height:
                unreadable[domain, column] = wrong
            columns.append(number.alias(column))
        elif held == pl.String:
            columns.append(blank_to_null(column) if _has_blanks(frame.get_column(column)) else pl.col(column))
        elif held.is_numeric():
            columns.append(pl.col(column).cast(pl.Float64).fill_nan(None))
        else:
            columns.append(pl.col(column).cast(pl.Float64 if numeric else pl.String, strict=False))
    return frame.select(columns)


def _has_blanks(texts: pl.Series) -> bool:
    """Whether a text is blank or ends so; a column that was read has none."""
    return bool(texts.eq("").any()) or bool(texts.str.ends_with(" ").any())


def _judged(texts: pl.Series) -> pl.DataFrame:
    """Each distinct text of a collected date with the days it allows: a million records hold few thousand texts."""
    return (
        texts.unique()
        .to_frame("text")
        .filter(pl.col("text").is_not_null())
        .with_columns(
            date_from_dtc("text", "M", "first").alias(FIRST),
            date_from_dtc("text", "M", "last").alias(LAST),
            impossible_dtc("text").alias(IMPOSSIBLE),
            precision_of_dtc("text").alias(PRECISION),
        )
    )


def _dated(frame: pl.DataFrame, domain: str, dates: Mapping[tuple[str, str], pl.DataFrame]) -> pl.DataFrame:
    for (name, column), judged in dates.items():
        if name == domain:
            days = judged.select(
                pl.col("text").alias(column), pl.col(FIRST).alias(column + FIRST), pl.col(LAST).alias(column + LAST)
            )
            frame = frame.join(days, on=column, how="left", maintain_order="left")
    return frame


def _named(tables: Mapping[str, pl.DataFrame]) -> pl.Enum:
    """Every USUBJID of any domain, in order."""
    met = [frame.get_column("USUBJID").unique() for frame in tables.values() if "USUBJID" in frame.columns]
    names = pl.concat(met).unique().drop_nulls().sort() if met else pl.Series(dtype=pl.String)
    return pl.Enum(names)


def _numbered(frame: pl.DataFrame, names: pl.Enum) -> pl.DataFrame:
    """A table with a number for its subject, the same in every table: numbers compare faster than names."""
    if "USUBJID" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("USUBJID"))
    return frame.with_columns(pl.col("USUBJID").cast(names).to_physical().cast(pl.UInt32).alias(SUBJECT))


def encoded(column: str) -> pl.Expr:
    """Texts as numbers, equal ones as equal numbers within one table."""
    return pl.col(column).cast(pl.Categorical).to_physical()


def _subjects(records: Mapping[str, pl.DataFrame], names: pl.Enum) -> pl.DataFrame:
    """One row per subject, in the order of their numbers: the days its birth, death, ... may have been."""
    known = pl.DataFrame({SUBJECT: pl.int_range(len(names.categories), dtype=pl.UInt32, eager=True)})
    dm, ds = records.get("dm"), records.get("ds")
    for column, name in (("BRTHDTC", "birth"), ("DTHDTC", "death"), ("RFICDTC", "consent")):
        known = _add_days(known, dm, column, name)
    milestones = ds.filter(pl.col("DSDECOD") == "RANDOMIZED") if ds is not None and "DSDECOD" in ds.columns else None
    return _add_days(known, milestones, "DSSTDTC", "randomized")


def _add_days(known: pl.DataFrame, frame: pl.DataFrame | None, column: str, name: str) -> pl.DataFrame:
    ends = {f"{name}{FIRST}": column + FIRST, f"{name}{LAST}": column + LAST}
    if frame is None or column + FIRST not in frame.columns:
        return known.with_columns(pl.lit(None, pl.Date).alias(end) for end in ends)
    days = frame.group_by(SUBJECT).agg(pl.col(source).min().alias(end) for end, source in ends.items())
    return known.join(days, on=SUBJECT, how="left", maintain_order="left")


# --- findings ------------------------------------------------------------------------------------------------------

SCHEMA = pl.Schema(
    {
        "severity": pl.String(),
        "code": pl.String(),
        "domain": pl.String(),
        "USUBJID": pl.String(),
        "sequence": pl.Float64(),
        "variables": pl.String(),
        "values": pl.String(),
        "sentence": pl.String(),
    }
)


def finding_rows(
    records: pl.DataFrame, code: str, domain: str, variables: Sequence[str], sentence: pl.Expr | str
) -> pl.DataFrame:
    """One finding per record: who, which record, the variables in question with their values, and a sentence.

    Arguments: the records at fault, with USUBJID where they are of a subject and --SEQ where they have one; the code of
    the check; the domain; the variables shown; the sentence, as words or as an expression that makes them.
    """
    if not records.height:
        return SCHEMA.to_frame()
    sequence = f"{domain[:2].upper()}SEQ"
    shown = [
        pl.format(f"{column}={{}}", pl.col(column).cast(pl.String).fill_null("missing"))
        for column in variables
        if column in records.columns
    ]
    return records.select(
        severity=pl.lit(None, pl.String),
        code=pl.lit(code),
        domain=pl.lit(domain.upper()),
        USUBJID=pl.col("USUBJID").cast(pl.String) if "USUBJID" in records.columns else pl.lit(None, pl.String),
        sequence=pl.col(sequence).cast(pl.Float64, strict=False)
        if sequence in records.columns
        else pl.lit(None, pl.Float64),
        variables=pl.lit(", ".join(variables)),
        values=pl.concat_str(shown, separator="; ") if shown else pl.lit(None, pl.String),
        sentence=pl.lit(sentence) if isinstance(sentence, str) else sentence.cast(pl.String),
    )


def finding_alone(code: str, domain: str, variables: str, sentence: str) -> pl.DataFrame:
    """A finding about a table as a whole."""
    one = {"code": code, "domain": domain.upper() or None, "variables": variables or None, "sentence": sentence}
    return pl.DataFrame([one], schema=SCHEMA)


def repeated(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The records that share all these keys with another; records without any of them count as missing there."""
    held = [key for key in keys if key in frame.columns]
    hashes = frame.select(held).hash_rows()
    if hashes.n_unique() == frame.height:
        return frame.clear()
    # Of millions of records few share a hash; only those are compared key by key.
    likely = frame.filter(hashes.is_duplicated())
    return likely.filter(likely.select(held).is_duplicated())


def first_of(records: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """One record for each of the keys, whatever the order of rows: the lowest --SEQ, then the first by values."""
    rest = [name for name in records.columns if name not in keys]
    order = [
        *keys,
        *(name for name in rest if name.endswith("SEQ")),
        *(name for name in rest if not name.endswith("SEQ")),
    ]
    return records.sort(order, nulls_last=True).unique(list(keys), keep="first", maintain_order=True)


def day_text(column: str) -> pl.Expr:
    """A day as ISO 8601 text."""
    return pl.col(column).dt.to_string("%Y-%m-%d")
