"""Death and the last date known alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from equipoise.derivation.study import KEYS, Study, first_per_subject, merge
from equipoise.frames.dates import date_flag_from_dtc, date_from_dtc, duration_days
from equipoise.protocol.expressions import parse_expression

if TYPE_CHECKING:
    from equipoise.derivation.conventions import Evidence


def derive_death(adsl: pl.DataFrame, evidence: pl.DataFrame, study: Study) -> pl.DataFrame:
    """DTHDT with its flag, DTHFL, DTHADY and the time from the last dose to death.

    `evidence` is that of `derive_last_evidence`. A partial date is filled to its first possible day; where the profile
    says so, to no day before the last complete evidence of life inside its span.
    """
    flagged = study.table("dm").select(*KEYS, collected=pl.col("DTHFL") == "Y")
    dated = merge(adsl, flagged).with_columns(
        DTHDT=date_from_dtc("DTHDTC", "M", "first"), DTHDTF=date_flag_from_dtc("DTHDTC", "M")
    )
    if study.profile.flag("death_not_before_alive"):
        dated = _derive_not_before_alive(dated, evidence)
    dead = pl.col("DTHDT").is_not_null() | pl.col("collected").fill_null(False)
    held = (pl.col("DTHDT") - pl.col("TRTEDT")).dt.total_days()
    early = pl.col("DTHDT") <= pl.col("TRTSDT").dt.offset_by("30d")
    return dated.with_columns(
        DTHFL=pl.when(dead).then(pl.lit("Y")),
        DTHADY=duration_days("TRTSDT", "DTHDT"),
        LDDTHELD=held,
        LDDTHGR1=pl.when(held <= 30).then(pl.lit("<= 30")).when(held > 30).then(pl.lit("> 30")),
        DTH30FL=pl.when(held <= 30).then(pl.lit("Y")),
        DTHA30FL=pl.when(held > 30).then(pl.lit("Y")),
        DTHB30FL=pl.when(early).then(pl.lit("Y")),
    ).drop("collected")


def _derive_not_before_alive(dated: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    latest_possible = date_from_dtc("DTHDTC", "M", "last")
    seen = pl.min_horizontal("seen", latest_possible)
    filled = pl.col("DTHDTF").is_not_null() & pl.col("seen").is_not_null()
    joined = merge(dated, evidence.rename({"LSTALVDT": "seen"}))
    moved = pl.when(filled).then(pl.max_horizontal("DTHDT", seen)).otherwise(pl.col("DTHDT"))
    return joined.with_columns(DTHDT=moved).drop("seen")


def derive_last_alive(adsl: pl.DataFrame, evidence: pl.DataFrame, study: Study) -> pl.DataFrame:
    """LSTALVDT: the latest date over the profile's evidence of life, and never after the data cutoff.

    Capped at death where the profile says so.
    """
    merged = merge(adsl, evidence)
    if study.cutoff is not None:
        # An end that is open when the data are cut would otherwise reach past it.
        merged = merged.with_columns(
            LSTALVDT=pl.when(pl.col("LSTALVDT").is_not_null()).then(pl.min_horizontal("LSTALVDT", pl.lit(study.cutoff)))
        )
    if not study.profile.flag("last_alive_until_death"):
        return merged
    return merged.with_columns(
        LSTALVDT=pl.when(pl.col("LSTALVDT").is_not_null()).then(pl.min_horizontal("LSTALVDT", "DTHDT"))
    )


def derive_last_evidence(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The latest date of the profile's evidence of life per subject that has one, as LSTALVDT, before any cap."""
    dated = [_evidence(source, adsl, study) for source in study.profile.evidence_of_life]
    return pl.concat(dated).drop_nulls("LSTALVDT").group_by(KEYS).agg(pl.col("LSTALVDT").max())


def _evidence(source: Evidence, adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    if source.dataset == "ADSL":
        return adsl.select(*KEYS, LSTALVDT=source.date)
    records = study.table(source.dataset.lower())
    if source.where is not None:
        records = records.filter(parse_expression(source.where).to_polars())
    return records.select(*KEYS, LSTALVDT=date_from_dtc(source.date, source.level, "first"))


def derive_death_cause(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """DTHCAUS, DTHDOM and DTHCGR1: a fatal adverse event first, then a disposition that names the cause."""
    fatal = first_per_subject(study.table("ae").filter(pl.col("AEOUT") == "FATAL"), ["AESTDTC", "AESEQ"])
    named = study.table("ds").filter(
        (pl.col("DSDECOD") == "DEATH") & pl.col("DSTERM").str.to_uppercase().str.contains("DEATH DUE TO", literal=True)
    )
    named = first_per_subject(named, ["DSSTDTC", "DSSEQ"])
    adsl = merge(adsl, fatal.select(*KEYS, from_ae="AEDECOD", ae=pl.lit(True)))
    adsl = merge(adsl, named.select(*KEYS, from_ds="DSTERM", ds=pl.lit(True)))
    by_event, by_record = pl.col("ae").fill_null(False), pl.col("ds").fill_null(False)
    cause = pl.col("DTHCAUS").str.to_uppercase()
    return (
        adsl.with_columns(
            DTHCAUS=pl.when(by_event).then(pl.col("from_ae")).when(by_record).then(pl.col("from_ds")),
            DTHDOM=pl.when(by_event).then(pl.lit("AE")).when(by_record).then(pl.lit("DS")),
        )
        .with_columns(
            DTHCGR1=pl.when(pl.col("DTHDOM").is_null())
            .then(pl.lit(None, pl.String))
            .when(pl.col("DTHDOM") == "AE")
            .then(pl.lit("ADVERSE EVENT"))
            .when(cause.str.contains("PROGRESSIVE DISEASE|DISEASE RELAPSE"))
            .then(pl.lit("PROGRESSIVE DISEASE"))
            .otherwise(pl.lit("OTHER"))
        )
        .drop("from_ae", "ae", "from_ds", "ds")
    )
