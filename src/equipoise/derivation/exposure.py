"""Exposure: which dose records count, when treatment began and ended, and the dose at a moment."""

from __future__ import annotations

import polars as pl

from equipoise.derivation.study import KEYS, Study, first_per_subject, merge
from equipoise.frames.dates import date_from_dtc, datetime_from_dtc, duration_days, time_flag_from_dtc


def filter_valid_doses(ex: pl.DataFrame) -> pl.DataFrame:
    """Records of a dose above zero, or of zero where the treatment is a placebo."""
    placebo = pl.col("EXTRT").str.to_uppercase().str.contains("PLACEBO", literal=True)
    return ex.filter((pl.col("EXDOSE") > 0) | ((pl.col("EXDOSE") == 0) & placebo))


def derive_exposure(study: Study) -> pl.DataFrame:
    """TRTSDTM, TRTEDTM with their flags and dates per treated subject; VALIDDOSE marks the treated.

    The start is that of the first valid dose record with a complete start, the end the latest complete end. Where the
    profile takes open dose records as ongoing, a subject with one and without an end-of-treatment disposition has no
    end.
    """
    doses = filter_valid_doses(study.table("ex")).with_columns(
        TRTSDTM=datetime_from_dtc("EXSTDTC"),
        TRTSTMF=time_flag_from_dtc("EXSTDTC"),
        TRTEDTM=datetime_from_dtc("EXENDTC", time_fill="last"),
        TRTETMF=time_flag_from_dtc("EXENDTC"),
    )
    treated = doses.select(KEYS).unique().sort(KEYS).with_columns(VALIDDOSE=pl.lit(True))
    starts = first_per_subject(doses.filter(pl.col("TRTSDTM").is_not_null()), ["TRTSDTM", "EXSEQ"])
    ends = first_per_subject(doses.filter(pl.col("TRTEDTM").is_not_null()), ["TRTEDTM", "EXSEQ"], last=True)
    if study.profile.flag("open_dose_is_ongoing"):
        ends = ends.join(_still_treated(doses, study), on=list(KEYS), how="anti", maintain_order="left")
    exposure = merge(treated, starts.select(*KEYS, "TRTSDTM", "TRTSTMF"))
    exposure = merge(exposure, ends.select(*KEYS, "TRTEDTM", "TRTETMF"))
    return exposure.with_columns(TRTSDT=pl.col("TRTSDTM").dt.date(), TRTEDT=pl.col("TRTEDTM").dt.date())


def _still_treated(doses: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Subjects with a dose record that has no end, and no disposition that ends treatment."""
    ds = study.table("ds").filter(pl.col("DSCAT") == "DISPOSITION EVENT")
    died = study.table("dm").filter(pl.col("DTHDTC").is_not_null()).select(KEYS)
    ended = pl.concat([ds.select(KEYS), died]).unique()
    return doses.filter(pl.col("EXENDTC").is_null()).select(KEYS).unique().join(ended, on=list(KEYS), how="anti")


DAYS_OF_A_YEAR = 365.25


def derive_time_at_risk(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """TRTDURY, and AERISKDT and AERISKY: until when, and for how many years, events were treatment-emergent.

    A treated subject is at risk from the first dose, that day included, to the first of: the last dose and
    `treatment_emergent_days` after it, death, end of study, data cutoff; and of the last date known alive while
    treatment goes on. A rate per 100 patient-years is 100 x subjects (or events) / sum of AERISKY.
    """
    window = pl.duration(days=study.profile.number("treatment_emergent_days"))
    ongoing = pl.when(pl.col("TRTEDT").is_null()).then(pl.col("LSTALVDT"))
    until = pl.min_horizontal(pl.col("TRTEDT") + window, "DTHDT", "EOSDT", "DCUTDT", ongoing)
    # Whatever other dates say, the day of the first dose was at risk.
    end = pl.when(pl.col("TRTSDT").is_not_null() & until.is_not_null()).then(pl.max_horizontal(until, "TRTSDT"))
    return adsl.with_columns(AERISKDT=end, TRTDURY=pl.col("TRTDURD") / DAYS_OF_A_YEAR).with_columns(
        AERISKY=duration_days("TRTSDT", "AERISKDT") / DAYS_OF_A_YEAR
    )


def derive_dose_at_onset(events: pl.DataFrame, study: Study) -> pl.DataFrame:
    """LDOSEDTM, DOSEON and DOSEU: the last dose day up to ASTDTM, and the dose of the day ASTDT.

    Dose records count from their start to their end, both days included, where both dates are complete and the dose is
    one that the profile lists. Arguments: events with KEYS, AESEQ, ASTDTM and ASTDT. Returns them in their order.
    """
    days = (
        study.table("ex")
        .filter(pl.col("EXDOSE").is_in(list(study.profile.onset_doses)))
        .select(*KEYS, "EXSEQ", "EXDOSE", "EXDOSU", start=date_from_dtc("EXSTDTC"), stop=date_from_dtc("EXENDTC"))
        .filter(pl.col("start") <= pl.col("stop"))
    )
    pairs = events.select(*KEYS, "_row", "ASTDT").join(days, on=list(KEYS)).filter(pl.col("start") <= pl.col("ASTDT"))
    pairs = pairs.with_columns(last=pl.min_horizontal("stop", "ASTDT")).sort("_row", "start", "EXSEQ")
    latest = pairs.group_by("_row").agg(pl.col("last").max().cast(pl.Datetime("us")).alias("LDOSEDTM"))
    # Where records overlap on the day, the one that started last is the dose given.
    current = pairs.filter(pl.col("last") == pl.col("ASTDT")).unique("_row", keep="last", maintain_order=True)
    current = current.select("_row", DOSEON="EXDOSE", DOSEU="EXDOSU")
    joined = events.join(latest, on="_row", how="left", maintain_order="left")
    return joined.join(current, on="_row", how="left", maintain_order="left")
