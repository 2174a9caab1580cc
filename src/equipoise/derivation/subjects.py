"""ADSL: one record per subject of DM, screen failures included."""

from __future__ import annotations

import polars as pl

from equipoise.derivation.baseline import derive_strata, derive_trial_variables
from equipoise.derivation.exposure import derive_exposure, derive_time_at_risk
from equipoise.derivation.follow_up import derive_evaluable, derive_follow_up
from equipoise.derivation.study import KEYS, Study, first_per_subject, merge
from equipoise.derivation.survival_status import (
    derive_death,
    derive_death_cause,
    derive_last_alive,
    derive_last_evidence,
)
from equipoise.frames.adam import conform
from equipoise.frames.dates import date_from_dtc, duration_days

_COPIED = [
    "STUDYID",
    "USUBJID",
    "SUBJID",
    "SITEID",
    "COUNTRY",
    "AGE",
    "AGEU",
    "SEX",
    "RACE",
    "ETHNIC",
    "ARMCD",
    "ARM",
    "ACTARMCD",
    "ACTARM",
    "ARMNRS",
    "DTHDTC",
]


def derive_adsl(study: Study) -> pl.DataFrame:
    """ADSL by the profile's rules.

    Arguments: a checked study. Returns one row per DM record, sorted by subject, conforming to the ADSL schema; with a
    trial also its baseline variables and the numbered arms.
    """
    adsl = study.table("dm").select(_COPIED)
    adsl = _derive_arms(adsl, study)
    adsl = merge(adsl, _derive_randomization(study))
    adsl = merge(adsl, derive_exposure(study))
    adsl = merge(adsl, _derive_disposition(study))
    evidence = derive_last_evidence(adsl, study)
    adsl = derive_death(adsl, evidence, study)
    adsl = derive_last_alive(adsl, evidence, study)
    adsl = derive_death_cause(adsl, study)
    adsl = _derive_populations(adsl, study)
    adsl = derive_evaluable(adsl, study)
    if study.profile.flag("subject_groups"):
        adsl = _derive_groups(adsl)
    if study.trial is not None:
        adsl = derive_strata(derive_trial_variables(adsl, study), study)
    adsl = adsl.with_columns(pl.lit(study.cutoff, pl.Date).alias("DCUTDT"))
    adsl = derive_time_at_risk(derive_follow_up(adsl), study)
    return conform(adsl.sort(KEYS), "ADSL")


def _derive_arms(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """TRT01P and TRT01A from the arms' names; with a trial their numbers in the order of its file."""
    if study.trial is None:
        return adsl.with_columns(TRT01P=pl.col("ARM"), TRT01A=pl.col("ACTARM"))
    labels = {arm.id: arm.label for arm in study.trial.arms}
    numbers = {arm.id: place + 1 for place, arm in enumerate(study.trial.arms)}
    # A subject without an arm has no treatment, whatever words DM.ARM holds in its place.
    planned, actual = pl.col("ARMCD").is_in(list(labels)), pl.col("ACTARMCD").is_in(list(labels))

    def numbered(code: str) -> pl.Expr:
        return pl.col(code).replace_strict(numbers, default=None, return_dtype=pl.Int64)

    def named(code: str, text: str) -> pl.Expr:
        own = pl.col(code).replace_strict(labels, default=None, return_dtype=pl.String)
        return pl.coalesce(text, own)

    return adsl.with_columns(
        TRT01P=pl.when(planned).then(named("ARMCD", "ARM")),
        TRT01PN=numbered("ARMCD"),
        TRT01A=pl.when(actual).then(named("ACTARMCD", "ACTARM")),
        TRT01AN=numbered("ACTARMCD"),
    )


def _derive_randomization(study: Study) -> pl.DataFrame:
    records = study.table("ds").filter(pl.col("DSDECOD") == "RANDOMIZED")
    dated = records.select(*KEYS, "DSSEQ", RANDDT=date_from_dtc("DSSTDTC"))
    return first_per_subject(dated, ["RANDDT", "DSSEQ"]).drop("DSSEQ")


def _derive_disposition(study: Study) -> pl.DataFrame:
    """End of study, end of treatment, screen failure and final retrieval visit, from DS."""
    ds = study.table("ds").with_columns(date=date_from_dtc("DSSTDTC"))
    events = ds.filter(pl.col("DSCAT") == "DISPOSITION EVENT")
    of_treatment = (pl.col("DSSCAT") == "STUDY TREATMENT").fill_null(False) | (
        pl.col("DSSCAT").is_null() & (pl.col("EPOCH") == "TREATMENT").fill_null(False)
    )
    failed = pl.col("DSDECOD") == "SCREEN FAILURE"
    subjects = study.table("dm").select(KEYS)
    of_study = events.filter(~of_treatment & ~failed)
    study_end = _last_disposition(of_study, EOSDT="date", EOSDECOD="DSDECOD", EOSTERM="DSTERM")
    parts = [
        _last_disposition(events.filter(failed), SCRFDT="date", SCRFDECOD="DSDECOD"),
        study_end,
        _last_disposition(events.filter(of_treatment & ~failed), EOTDT="date", EOTDECOD="DSDECOD", EOTTERM="DSTERM"),
        _last_disposition(
            ds.filter((pl.col("DSCAT") == "OTHER EVENT") & (pl.col("DSDECOD") == "FINAL RETRIEVAL VISIT")),
            FRVDT="date",
        ),
    ]
    for part in parts:
        subjects = merge(subjects, part)
    return subjects


def _last_disposition(records: pl.DataFrame, **columns: str) -> pl.DataFrame:
    kept = first_per_subject(records, ["date", "DSSEQ"], last=True)
    return kept.select(*KEYS, *(pl.col(held).alias(name) for name, held in columns.items()))


def _status(decoded: str) -> pl.Expr:
    return (
        pl.when(pl.col(decoded).is_null())
        .then(pl.lit("ONGOING"))
        .when(pl.col(decoded) == "COMPLETED")
        .then(pl.lit("COMPLETED"))
        .otherwise(pl.lit("DISCONTINUED"))
    )


def _reason(decoded: str) -> pl.Expr:
    return pl.when(pl.col(decoded) != "COMPLETED").then(pl.col(decoded))


def _yes(condition: pl.Expr) -> pl.Expr:
    return pl.when(condition.fill_null(False)).then(pl.lit("Y"))


def _yes_no(condition: pl.Expr) -> pl.Expr:
    return pl.when(condition.fill_null(False)).then(pl.lit("Y")).otherwise(pl.lit("N"))


def _derive_populations(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Statuses and flags that follow from the dates and dispositions found so far."""
    no_arm = pl.col("ARMNRS").str.to_uppercase().str.starts_with("SCREEN FAILURE")
    failed = pl.col("SCRFDECOD").is_not_null() | no_arm.fill_null(False)
    treated = pl.col("VALIDDOSE").fill_null(False)
    still_there = pl.col("EOSDECOD").is_null() & pl.col("DTHDT").is_null()
    derived = adsl.with_columns(
        SCRFL=_yes(failed),
        EOSSTT=pl.when(~failed).then(_status("EOSDECOD")),
        DCSREAS=_reason("EOSDECOD"),
        # Without a treatment disposition the end of the study leaves the end of treatment unknown, not ongoing.
        EOTSTT=pl.when(treated & (pl.col("EOTDECOD").is_not_null() | still_there)).then(_status("EOTDECOD")),
        DCTREAS=_reason("EOTDECOD"),
        ITTFL=_yes_no(pl.col("RANDDT").is_not_null()),
        SAFFL=_yes_no(treated),
        TRTDURD=duration_days("TRTSDT", "TRTEDT"),
    )
    failures = _failed_criteria(study)
    return merge(derived, failures).drop("SCRFDECOD", "EOSDECOD", "EOSTERM", "EOTDECOD", "EOTTERM", "VALIDDOSE")


def _failed_criteria(study: Study) -> pl.DataFrame:
    """SCRFRSN: the criteria not met, as IE lists them, in order."""
    ie = study.table("ie").filter(pl.col("IETESTCD").is_not_null())
    ordered = ie.select(*KEYS, "IETESTCD").unique().sort(*KEYS, "IETESTCD")
    return ordered.group_by(KEYS, maintain_order=True).agg(pl.col("IETESTCD").str.join(", ").alias("SCRFRSN"))


def _derive_groups(adsl: pl.DataFrame) -> pl.DataFrame:
    """The example's groups of age, race and region; NA is text: North America."""
    age = pl.col("AGE")
    return adsl.with_columns(
        RACEGR1=pl.when(pl.col("RACE") == "WHITE")
        .then(pl.lit("White"))
        .when(pl.col("RACE").is_not_null())
        .then(pl.lit("Non-white")),
        AGEGR1=pl.when(age < 18)
        .then(pl.lit("<18"))
        .when(age <= 64)
        .then(pl.lit("18-64"))
        .when(age > 64)
        .then(pl.lit(">64")),
        REGION1=pl.when(pl.col("COUNTRY").is_in(["CAN", "USA"]))
        .then(pl.lit("NA"))
        .when(pl.col("COUNTRY").is_not_null())
        .then(pl.lit("RoW")),
    )
