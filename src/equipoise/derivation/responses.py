"""ADRS, its input records: the overall response of each assessment (PARAMCD OVR), and which of them count."""

from __future__ import annotations

from typing import cast

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.derivation.study import KEYS, Study, merge
from equipoise.frames.dates import Fill, ImputationLevel, date_flag_from_dtc, date_from_dtc

# AVAL of a response, and its place when the worst of one day is sought: NE gives way to any real response.
RESPONSE_VALUES = {"CR": 1, "PR": 2, "SD": 3, "NON-CR/NON-PD": 4, "PD": 5, "NE": 6, "MISSING": 7}
_WORST_OF_A_DAY = {"PD": 6, "NON-CR/NON-PD": 5, "SD": 4, "PR": 3, "CR": 2, "NE": 1}
ORDER = ("ADT", "RSSEQ")
# An overall response that tells nothing: no adequate assessment.
INADEQUATE = ("NE", "MISSING")
# The table of a study that holds the responses computed from its lesions, where they were computed.
COMPUTED = "recist"


def evaluator_name(profile: Profile) -> str:
    """The evaluator as PARAM and PARCAT2 print it."""
    return profile.text("evaluator").title()


def filter_evaluated(frame: pl.DataFrame, prefix: str, profile: Profile) -> pl.DataFrame:
    """The records of the profile's evaluator; only accepted ones where the profile says so."""
    kept = frame.filter(pl.col(f"{prefix}EVAL") == profile.text("evaluator"))
    if profile.flag("accepted_records_only"):
        kept = kept.filter(pl.col(f"{prefix}ACPTFL") == "Y")
    return kept


def filter_overall_responses(study: Study, source: str | None = None) -> pl.DataFrame:
    """The overall responses of the profile's evaluator, from RS or computed from the lesions.

    `source` is that of the profile (`response_source`) unless it is given; before lesions were read, RS it is.
    """
    if (source or study.profile.text("response_source")) == "lesions" and study.has(COMPUTED):
        return filter_evaluated(_computed_responses(study), "RS", study.profile)
    rs = study.table("rs").filter(pl.col("RSTESTCD") == study.profile.text("response_test"))
    return filter_evaluated(rs, "RS", study.profile)


def _computed_responses(study: Study) -> pl.DataFrame:
    """The responses computed from lesions as records of RS, with the lesion record each is traced to and its reason."""
    rows = study.tables[COMPUTED].filter(pl.col("OVRLRESP").is_not_null())
    return rows.select(
        *KEYS,
        "VISIT",
        "VISITNUM",
        "SRCDOM",
        "SRCVAR",
        "SRCSEQ",
        RSSEQ=pl.lit(None, pl.Float64),
        RSTESTCD=pl.lit(study.profile.text("response_test")),
        RSSTRESC="OVRLRESP",
        RSEVAL="EVAL",
        RSEVALID="EVALID",
        RSACPTFL="ACPTFL",
        RSDTC=pl.col("ADT").dt.to_string("%Y-%m-%d"),
        FILLED="ADTF",
        RSPWHY="WHY",
    )


def response_level(profile: Profile) -> ImputationLevel | None:
    """What may be filled in a partial date of an overall response."""
    level = profile.text("response_date_level")
    return None if level == "none" else cast(ImputationLevel, level)


def derive_overall_responses(study: Study, adsl: pl.DataFrame, source: str | None = None) -> pl.DataFrame:
    """OVR records with ADT, ADTF, AVAL, AVALC, source and the two analysis flags, in the order subject, ADT, RSSEQ.

    ANL01FL marks the record of a day that counts: response known, not before randomization, the worst of the day, the
    highest RSSEQ among equals. ANL02FL marks everything up to and including the first PD, flagged or not.
    """
    level = response_level(study.profile)
    fill = cast(Fill, study.profile.text("response_date_fill"))
    adt = date_from_dtc("RSDTC", level, fill)
    if study.cutoff is not None:
        # A record of the snapshot was made by the cutoff, whatever day its month is filled to.
        adt = pl.when(adt.is_not_null()).then(pl.min_horizontal(adt, pl.lit(study.cutoff)))
    records = merge(filter_overall_responses(study, source), adsl.select(*KEYS, "RANDDT")).with_columns(
        ADT=adt,
        ADTF=date_flag_from_dtc("RSDTC", level),
        AVISIT=pl.col("VISIT"),
        AVALC=pl.col("RSSTRESC"),
        AVAL=pl.col("RSSTRESC").replace_strict(RESPONSE_VALUES, default=None, return_dtype=pl.Float64),
    )
    if "SRCDOM" in records.columns:
        return _derive_flags(records.with_columns(ADTF="FILLED").drop("FILLED"))
    traced = records.with_columns(SRCDOM=pl.lit("RS"), SRCVAR=pl.lit("RSSTRESC"), SRCSEQ=pl.col("RSSEQ"))
    return _derive_flags(traced)


def _derive_flags(records: pl.DataFrame) -> pl.DataFrame:
    rank = pl.col("AVALC").replace_strict(_WORST_OF_A_DAY, default=0, return_dtype=pl.Int64)
    # The last keys only matter for records that RSSEQ does not tell apart.
    ordered = records.with_columns(_rank=rank).sort(
        *KEYS, "ADT", "RSSEQ", "_rank", "VISITNUM", "RSDTC", "RSSTRESC", nulls_last=True, maintain_order=True
    )
    ordered = ordered.with_row_index("_place")
    counting = ordered.filter(pl.col("AVAL").is_not_null() & (pl.col("ADT") >= pl.col("RANDDT")))
    worst = counting.sort(*KEYS, "ADT", "_rank", "_place").unique([*KEYS, "ADT"], keep="last").get_column("_place")
    progressed = (pl.col("AVALC") == "PD").fill_null(False).cast(pl.Int64)
    before = progressed.cum_sum().over(KEYS) - progressed
    return ordered.with_columns(
        ANL01FL=pl.when(pl.col("_place").is_in(worst.implode())).then(pl.lit("Y")),
        ANL02FL=pl.when(before == 0).then(pl.lit("Y")),
    ).drop("_rank", "_place")
