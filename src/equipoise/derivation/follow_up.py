"""Who can be evaluated for response, and how long each subject was followed."""

from __future__ import annotations

import polars as pl

from equipoise.derivation.responses import (
    INADEQUATE,
    RESPONSE_VALUES,
    filter_evaluated,
    filter_overall_responses,
    response_level,
)
from equipoise.derivation.study import KEYS, Study, merge
from equipoise.frames.dates import date_from_dtc, duration_days


def derive_evaluable(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """MEASFL (a target lesion at baseline) and EVALFL (evaluable for response), Y or N, where the profile asks for it.

    `response_evaluable` says who is evaluable among the randomized: those with measurable disease at baseline
    (measurable), with an adequate assessment after randomization (assessed), or with both (both); none derives neither
    flag. Where TU was not collected nobody is known to have measurable disease, and both flags stay missing.
    """
    wanted = study.profile.text("response_evaluable")
    if wanted == "none":
        return adsl
    measurable = _found(adsl, find_measurable(study)) if study.has("tu") else pl.lit(None, pl.Boolean)
    assessed = _found(adsl, _assessed(adsl, study))
    conditions = {"measurable": measurable, "assessed": assessed, "both": measurable & assessed}
    randomized = pl.col("RANDDT").is_not_null()
    return adsl.with_columns(MEASFL=_yes_no(measurable), EVALFL=_yes_no(conditions[wanted] & randomized))


def find_measurable(study: Study) -> pl.DataFrame:
    """The subjects with a target lesion at baseline by the profile's evaluator, each once."""
    lesions = filter_evaluated(study.table("tu"), "TU", study.profile)
    at_baseline = pl.col("VISIT") == study.profile.text("baseline_visit")
    return lesions.filter((pl.col("TUSTRESC") == "TARGET") & at_baseline).select(KEYS).unique()


def _assessed(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The subjects with a response other than NE after the day of randomization, each once."""
    adequate = [word for word in RESPONSE_VALUES if word not in INADEQUATE]
    records = filter_overall_responses(study).filter(pl.col("RSSTRESC").is_in(adequate))
    dated = merge(records.with_columns(day=date_from_dtc("RSDTC", response_level(study.profile), "last")), adsl)
    return dated.filter(pl.col("day") > pl.col("RANDDT")).select(KEYS).unique()


def _found(adsl: pl.DataFrame, subjects: pl.DataFrame) -> pl.Series:
    marked = merge(adsl.select(KEYS), subjects.with_columns(found=pl.lit(True)))
    return marked.get_column("found").fill_null(False)


def _yes_no(condition: pl.Series | pl.Expr) -> pl.Expr:
    return pl.when(condition).then(pl.lit("Y")).when(~condition).then(pl.lit("N"))


def derive_follow_up(adsl: pl.DataFrame) -> pl.DataFrame:
    """FUPDT, FUPDURD and FUPCNSR: how long a randomized subject was followed, for the reverse Kaplan-Meier estimate.

    Follow-up ends with death (FUPCNSR 1: how much longer it would have lasted is not known) or on the last date known
    alive (FUPCNSR 0: followed to the end), and lasts at least the day of randomization. A subject without either date
    was followed on that day. The median of FUPDURD by Kaplan-Meier with FUPCNSR 0 as the event is the median follow-up
    (Schemper and Smith 1996, doi:10.1016/0197-2456(96)00075-X).
    """
    randomized = pl.col("RANDDT").is_not_null()
    end = pl.max_horizontal(pl.coalesce("DTHDT", "LSTALVDT"), "RANDDT")
    return adsl.with_columns(
        FUPDT=pl.when(randomized).then(end),
        FUPCNSR=pl.when(randomized).then(pl.col("DTHDT").is_not_null().cast(pl.Int64)),
    ).with_columns(FUPDURD=duration_days("RANDDT", "FUPDT"))
