"""ADAE: adverse events with complete dates, treatment emergence and the worst occurrences."""

from __future__ import annotations

import polars as pl

from equipoise.derivation.exposure import derive_dose_at_onset
from equipoise.derivation.relatedness import derive_relatedness
from equipoise.derivation.study import KEYS, Study, arranged, merge
from equipoise.frames.dates import (
    date_flag_from_dtc,
    datetime_from_dtc,
    duration_days,
    study_day,
    time_flag_from_dtc,
)

_SEVERITIES = {"MILD": 1, "MODERATE": 2, "SEVERE": 3, "DEATH THREATENING": 4}


def derive_adae(study: Study, adsl: pl.DataFrame) -> pl.DataFrame:
    """ADAE by the profile's rules.

    A partial start is its first possible second, or the first dose where that lies in the span it allows; a partial
    end is its last possible second, or death or end of study where that lies in its span. TRTEMFL is Y when the event
    did not end before the first dose and began between it and `treatment_emergent_days` after the last; else missing.
    RELGR1 says whether an event is related to any study drug.

    Arguments: a checked study and its ADSL. Returns one row per adverse event with all subject-level variables, sorted
    by subject and AESEQ, conforming to the ADAE schema.
    """
    events = study.table("ae")
    level = [name for name in adsl.columns if name in KEYS or name not in events.columns]
    events = merge(events.with_row_index("_row"), adsl.select(level))
    events = _derive_emergence(_derive_end(_derive_start(events)), study)
    events = derive_relatedness(_derive_severity(events), study)
    if study.profile.flag("dose_at_onset"):
        events = derive_dose_at_onset(events, study)
    events = _derive_worst(events, study)
    ordered = events.sort(*KEYS, "AESEQ", "AESTDTC", "AEDECOD", nulls_last=True, maintain_order=True)
    ordered = ordered.with_columns(
        ASEQ=pl.int_range(1, pl.len() + 1).over(KEYS),
        SRCDOM=pl.lit("AE"),
        SRCVAR=pl.lit("AESTDTC"),
        SRCSEQ=pl.col("AESEQ"),
        EQRULE=pl.lit(f"ADAE [{study.profile.id}]"),
    )
    return arranged(ordered.drop("_row"), "ADAE")


def toxicity_grade(column: str) -> pl.Expr:
    """The CTCAE grade of `3`, `GRADE 3` or `Grade 3` as a number; null for anything but 1 to 5."""
    return pl.col(column).str.extract(r"(?i)^\s*(?:grade\s*)?([1-5])\s*$").cast(pl.Int64)


def _derive_start(events: pl.DataFrame) -> pl.DataFrame:
    first = datetime_from_dtc("AESTDTC", "M", "first")
    last = datetime_from_dtc("AESTDTC", "M", "last")
    dose = pl.col("TRTSDT").cast(pl.Datetime("us"))
    inside = (dose >= first) & (dose <= last)
    return events.with_columns(
        ASTDTM=pl.when(inside.fill_null(False)).then(pl.max_horizontal(first, dose)).otherwise(first),
        ASTDTF=date_flag_from_dtc("AESTDTC", "M"),
        ASTTMF=time_flag_from_dtc("AESTDTC", "M"),
    ).with_columns(ASTDT=pl.col("ASTDTM").dt.date())


def _derive_end(events: pl.DataFrame) -> pl.DataFrame:
    earliest = datetime_from_dtc("AEENDTC", "M", "first")
    latest = datetime_from_dtc("AEENDTC", "M", "last")
    events = events.with_columns(AENDTM=latest, _earliest=earliest, _latest=latest)
    for limit in ("DTHDT", "EOSDT"):
        bound = pl.col(limit).cast(pl.Datetime("us")) + pl.duration(hours=23, minutes=59, seconds=59)
        inside = (bound >= pl.col("_earliest")) & (bound <= pl.col("_latest"))
        capped = pl.when(inside.fill_null(False)).then(pl.min_horizontal("AENDTM", bound)).otherwise(pl.col("AENDTM"))
        events = events.with_columns(AENDTM=capped)
    return events.with_columns(
        AENDTF=date_flag_from_dtc("AEENDTC", "M"),
        AENTMF=time_flag_from_dtc("AEENDTC", "M"),
        AENDT=pl.col("AENDTM").dt.date(),
    ).drop("_earliest", "_latest")


def _derive_emergence(events: pl.DataFrame, study: Study) -> pl.DataFrame:
    dose = pl.col("TRTSDT").cast(pl.Datetime("us"))
    ongoing = pl.col("AENDTM").is_null() | (pl.col("AENDTM") >= dose)
    window = pl.duration(days=study.profile.number("treatment_emergent_days"))
    in_time = pl.col("TRTEDT").is_null() | (pl.col("ASTDT") <= pl.col("TRTEDT") + window)
    began = pl.col("ASTDTM").is_null() | ((pl.col("ASTDTM") >= dose) & in_time)
    emergent = pl.col("TRTSDT").is_not_null() & ongoing & began
    duration = duration_days("ASTDT", "AENDT")
    return events.with_columns(
        ASTDY=study_day("ASTDT", "TRTSDT"),
        AENDY=study_day("AENDT", "TRTSDT"),
        ADURN=duration,
        ADURU=pl.when(duration.is_not_null()).then(pl.lit("days")),
        TRTEMFL=pl.when(emergent.fill_null(False)).then(pl.lit("Y")),
    )


def _derive_severity(events: pl.DataFrame) -> pl.DataFrame:
    return events.with_columns(
        ASEV=pl.col("AESEV"),
        ASEVN=pl.col("AESEV").replace_strict(_SEVERITIES, default=None, return_dtype=pl.Int64),
        AREL=pl.col("AEREL"),
        ATOXGR=pl.col("AETOXGR"),
        ATOXGRN=toxicity_grade("AETOXGR"),
    )


def _derive_worst(events: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The first worst and the first of the treatment-emergent events per subject, body system and term."""
    graded = study.profile.text("severity_variable") == "AETOXGR"
    severity = "ATOXGRN" if graded else "ASEVN"
    emergent = events.filter(pl.col("TRTEMFL") == "Y").sort(
        *KEYS, severity, "ASTDTM", "AESEQ", descending=[False, False, True, False, False], nulls_last=True
    )
    earliest = emergent.sort(*KEYS, "ASTDTM", "AESEQ", nulls_last=True)
    return events.with_columns(
        _first_of(group, ordered).alias(flag)
        for flags, ordered in ((_WORST, emergent), (_FIRST, earliest))
        for flag, group in flags.items()
    )


# Flags of the worst and of the first occurrence (OCCDS), by what they are the worst or the first of besides a subject.
_WORST = {"AOCCIFL": (), "AOCCSIFL": ("AEBODSYS",), "AOCCPIFL": ("AEDECOD",)}
_FIRST = {"AOCCFL": (), "AOCCSFL": ("AEBODSYS",), "AOCCPFL": ("AEDECOD",)}


def _first_of(group: tuple[str, ...], ordered: pl.DataFrame) -> pl.Expr:
    chosen = ordered.unique([*KEYS, *group], keep="first", maintain_order=True).get_column("_row")
    return pl.when(pl.col("_row").is_in(chosen.implode())).then(pl.lit("Y"))
