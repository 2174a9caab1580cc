"""The collected tables of one study as the rules see them: known columns present, text and numbers typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.frames import adam_schemas, domains
from equipoise.frames.tables import clean_text, to_number
from equipoise.protocol.trial import Trial

KEYS = ("STUDYID", "USUBJID")
# The subject-level variables that travel with every record; those that ADSL holds.
_TRAVELING = ("SUBJID", "SITEID", "ARM", "ARMCD", "ACTARM", "ACTARMCD", "TRT01P", "TRT01PN", "TRT01A", "TRT01AN")

# The columns that rules read, by domain. One that a study did not collect is a column of nulls.
_READ = {
    "dm": "SUBJID SITEID COUNTRY AGE AGEU SEX RACE ETHNIC ARMCD ARM ACTARMCD ACTARM ARMNRS RFICDTC DTHDTC DTHFL",
    "ds": "DSSEQ DSTERM DSDECOD DSCAT DSSCAT EPOCH DSSTDTC",
    "ex": "EXSEQ EXTRT EXDOSE EXDOSU EXSTDTC EXENDTC",
    "ae": "AESEQ AETERM AEDECOD AEBODSYS AESEV AETOXGR AESER AEREL AEACN AEOUT AESTDTC AEENDTC",
    "rs": "RSSEQ RSTESTCD RSSTRESC RSEVAL RSACPTFL VISIT VISITNUM RSDTC",
    "tu": "TUSEQ TULNKID TUSTRESC TULOC TUEVAL TUACPTFL VISIT VISITNUM TUDTC",
    "tr": "TRSEQ TRGRPID TRLNKID TRTESTCD TRSTRESN TREVAL TRACPTFL VISIT VISITNUM TRDTC",
    "lb": "LBSEQ LBTESTCD LBSTRESC LBSTRESN LBSTRESU LBSTNRLO VISIT VISITNUM LBDTC",
    "vs": "VSSEQ VSDTC",
    "sv": "VISITNUM SVSTDTC SVENDTC",
    "cm": "CMSEQ CMCAT CMSTDTC CMENDTC",
    "pr": "PRSEQ PRCAT PRSTDTC PRENDTC",
    "ie": "IESEQ IETESTCD IEDTC",
}


@dataclass(frozen=True)
class Study:
    """Everything a derivation reads: `tables` by lower-case domain, profile, trial if there is one, data cutoff.

    `keys`: how the names of study and subject are held, text or an enumeration in their order.
    """

    tables: Mapping[str, pl.DataFrame]
    profile: Profile
    trial: Trial | None = None
    cutoff: date | None = None
    keys: Mapping[str, pl.DataType] = field(default_factory=lambda: dict.fromkeys(KEYS, pl.String()))

    @property
    def numbered(self) -> bool:
        """Whether this is a block of a large study, its subjects' names an enumeration."""
        return any(isinstance(kind, pl.Enum) for kind in self.keys.values())

    def has(self, domain: str) -> bool:
        """Whether the domain was collected."""
        return domain in self.tables

    def table(self, domain: str) -> pl.DataFrame:
        """The domain with every column that rules read; without rows where it was not collected."""
        return _completed(self.tables.get(domain, pl.DataFrame()), domain, self.keys)


def derive_typed_tables(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables by lower-case domain with text as String (blank is null) and CDISC's numeric variables as Float64.

    Raises DataError `value-invalid` for text in a numeric variable.
    """
    return {name.lower(): _typed(frame, name) for name, frame in tables.items()}


def _typed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    columns: list[pl.Expr] = []
    for column, held in frame.schema.items():
        if held == pl.String:
            numeric = domains.is_number(column)
            columns.append(to_number(frame, column, name.upper()) if numeric else clean_text(frame, column))
        elif held == pl.Null:
            columns.append(pl.col(column).cast(_kind(column)))
        elif held.is_numeric():
            columns.append(pl.col(column).cast(pl.Float64).fill_nan(None))
        else:
            columns.append(pl.col(column).cast(pl.String))
    return frame.select(columns)


def _kind(column: str) -> pl.DataType:
    return pl.Float64() if domains.is_number(column) else pl.String()


def _completed(frame: pl.DataFrame, domain: str, keys: Mapping[str, pl.DataType]) -> pl.DataFrame:
    wanted = [*KEYS, *_READ.get(domain, "").split()]
    absent = [pl.lit(None, _kind(column)).alias(column) for column in wanted if column not in frame.columns]
    if not frame.columns:
        return pl.DataFrame(schema={column: _kind(column) for column in wanted} | dict(keys))
    return frame.with_columns(absent)


def first_per_subject(frame: pl.DataFrame, by: Iterable[str], *, last: bool = False) -> pl.DataFrame:
    """The first (or last) record of each subject in the order of `by`, missing values last; rows sorted by subject."""
    ordered = frame.sort([*KEYS, *by], nulls_last=True, maintain_order=True)
    return ordered.unique(list(KEYS), keep="last" if last else "first", maintain_order=True)


def merge(frame: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    """The frame with the columns of a part that has one row per subject; rows and their order stay."""
    return frame.join(part, on=list(KEYS), how="left", maintain_order="left")


def merge_subject_level(frame: pl.DataFrame, adsl: pl.DataFrame, *more: str) -> pl.DataFrame:
    """The frame with the subject-level variables that travel with every record, and `more` of them."""
    held = [name for name in (*_TRAVELING, *more) if name in adsl.columns]
    return merge(frame, adsl.select(*KEYS, *held))


# Sentences are hardly ever the same: as categories they would only be longer.
_SENTENCES = ("WHY", "RSPWHY")


def compacted(frame: pl.DataFrame, *texts: str) -> pl.DataFrame:
    """Texts as categories, other than the names of subjects, sentences, and the columns named here."""
    kept = (*KEYS, "SUBJID", *_SENTENCES, *texts)
    return frame.with_columns(
        _category(series) for series in frame.select(pl.col(pl.String).exclude(kept)).iter_columns()
    )


def _category(texts: pl.Series) -> pl.Expr:
    if len(texts) and texts[0] is not None and (texts == texts[0]).all(ignore_nulls=False):
        # One word throughout needs no look-up a row.
        return pl.lit(texts[0]).cast(pl.Categorical).alias(texts.name)
    return pl.col(texts.name).cast(pl.Categorical)


def arranged(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """A derived frame in the order and the types of its ADaM schema, for frames made of typed tables.

    What `frames.adam.conform` makes of such a frame, without reading its texts again: they are clean already.
    """
    known = adam_schemas.schema(name)
    order = [column for column in known.types if column in frame.columns] if known else []
    order += [column for column in frame.columns if column not in order]
    types = frame.schema
    return frame.select([_arranged(column, types[column], name) for column in order])


def _arranged(column: str, held: pl.DataType, name: str) -> pl.Expr:
    if held == pl.Null:
        known = adam_schemas.variable(column, name)
        return pl.col(column).cast(_DTYPES[known.type if known else "text"])
    return pl.col(column).cast(pl.Float64) if held.is_numeric() else pl.col(column)


_DTYPES: Mapping[str, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
}
