"""The day of a progression: when the first finding of its assessment was made."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from equipoise.derivation.notes import decisions
from equipoise.derivation.responses import ORDER, filter_evaluated
from equipoise.derivation.study import KEYS, Study, first_per_subject
from equipoise.frames.dates import date_from_dtc
from equipoise.frames.decisions import Decided

_VISIT = ("VISIT", "VISITNUM")


def derive_progression_date(adrs: pl.DataFrame, study: Study) -> pl.DataFrame:
    """ADRS whose progressions (PARAMCD PD) are dated by their earliest component, where the profile says so.

    Components are the records of RS, TR and TU by the same evaluator at the visit of the progression that have a
    complete date. One that is not after the assessment before, or is after the visit's own date, belongs elsewhere and
    is passed over. SRCDOM, SRCVAR and SRCSEQ then name the component.

    Arguments: ADRS; the study. Returns the same rows in the same order.
    """
    if study.profile.text("progression_date") == "visit":
        return adrs
    found = (pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y")
    progressed = adrs.filter(found).select(*KEYS, *_VISIT, VISITDT="ADT")
    earlier = (
        _earlier(adrs, progressed, study)
        .filter((pl.col("COMPDT") > pl.col("BEFOREDT")) | pl.col("BEFOREDT").is_null())
        .sort(*KEYS, "COMPDT", "DOM", "SEQ", nulls_last=True)
        .unique(list(KEYS), keep="first", maintain_order=True)
    )
    return _dated(adrs, found, earlier.select(*KEYS, "COMPDT", "DOM", "SEQ"))


def find_passed_over(study: Study, adrs: pl.DataFrame) -> Iterator[Decided]:
    """A decision for each record of a visit of progression whose date belongs to the assessment before.

    Arguments: the study; ADRS with its progressions dated by `derive_progression_date`.
    """
    if study.profile.text("progression_date") == "visit":
        return
    counted = (pl.col("PARAMCD") == "OVR") & (pl.col("AVALC") == "PD") & (pl.col("ANL01FL") == "Y")
    # Large studies hold the visit as a category, and the collected records as text.
    held = {"VISIT": pl.col("VISIT").cast(pl.String), "VISITNUM": pl.col("VISITNUM"), "VISITDT": pl.col("ADT")}
    first = first_per_subject(adrs.filter(counted), ORDER).select(*KEYS, **held)
    passed = _earlier(adrs, first, study).filter(pl.col("COMPDT") <= pl.col("BEFOREDT"))
    for (domain,), records in passed.sort("DOM").group_by("DOM", maintain_order=True):
        yield from decisions(
            records,
            "component-passed-over",
            domain=str(domain),
            variable=f"{domain}DTC",
            sequence="SEQ",
            value=pl.col("COMPDT").dt.to_string("%Y-%m-%d"),
            decision=pl.format(
                "a record of the visit of progression ({}) is dated no later than the assessment before, or before "
                "randomization: it does not date the progression",
                pl.col("VISITDT").dt.to_string("%Y-%m-%d"),
            ),
            rule="progression_date",
        )


def _earlier(adrs: pl.DataFrame, progressed: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The components dated before the visit of progression, with BEFOREDT, the last day that is too early for it."""
    return (
        progressed.join(_assessed_before(adrs, progressed), on=list(KEYS), how="left")
        .join(_components(study, progressed), on=[*KEYS, *_VISIT], how="inner", nulls_equal=True)
        .filter(pl.col("COMPDT") < pl.col("VISITDT"))
    )


def _assessed_before(adrs: pl.DataFrame, progressed: pl.DataFrame) -> pl.DataFrame:
    """The last assessment before the progression, or randomization's eve."""
    assessed = adrs.filter((pl.col("PARAMCD") == "OVR") & pl.col("ADT").is_not_null())
    joined = assessed.select(*KEYS, "ADT").join(progressed.select(*KEYS, "VISITDT"), on=list(KEYS))
    last = joined.filter(pl.col("ADT") < pl.col("VISITDT")).group_by(KEYS).agg(LASTDT=pl.col("ADT").max())
    eve = adrs.filter(pl.col("PARAMCD") == "PD").select(*KEYS, EVEDT=pl.col("RANDDT").dt.offset_by("-1d"))
    return eve.join(last, on=list(KEYS), how="left").select(*KEYS, BEFOREDT=pl.max_horizontal("EVEDT", "LASTDT"))


def _components(study: Study, progressed: pl.DataFrame) -> pl.DataFrame:
    """The dated records of the visits of progression; a record of no visit is a component of none."""
    placed = progressed.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in _VISIT))
    parts = []
    for domain in ("rs", "tr", "tu"):
        prefix = domain.upper()
        records = filter_evaluated(study.table(domain), prefix, study.profile)
        # Dates are read for these visits only: few of many records.
        records = records.join(placed, on=[*KEYS, *_VISIT], how="semi", nulls_equal=True)
        dated = records.with_columns(COMPDT=date_from_dtc(f"{prefix}DTC"), DOM=pl.lit(prefix), SEQ=f"{prefix}SEQ")
        parts.append(dated.filter(pl.col("COMPDT").is_not_null()).select(*KEYS, *_VISIT, "COMPDT", "DOM", "SEQ"))
    return pl.concat(parts)


def _dated(adrs: pl.DataFrame, found: pl.Expr, earlier: pl.DataFrame) -> pl.DataFrame:
    joined = adrs.join(earlier, on=list(KEYS), how="left", maintain_order="left")
    moved = found & pl.col("COMPDT").is_not_null()
    words = pl.concat_str(pl.col("EQRULE"), pl.lit(", earliest component"))
    changes = {
        "ADT": pl.col("COMPDT"),
        "ADTF": pl.lit(None, pl.String),
        "SRCDOM": pl.col("DOM"),
        "SRCVAR": pl.col("DOM") + "DTC",
        "SRCSEQ": pl.col("SEQ"),
        "EQRULE": words,
    }
    held = {name: new for name, new in changes.items() if name in adrs.columns}
    changed = [pl.when(moved).then(new).otherwise(pl.col(name)).alias(name) for name, new in held.items()]
    return joined.with_columns(changed).select(adrs.columns)
