"""RECIST 1.1 response of every assessment and reader, computed from the lesions in TU and TR.

Source: Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, doi:10.1016/j.ejca.2008.10.026; Schwartz LH et al. Eur J
Cancer 2016;62:132-137, doi:10.1016/j.ejca.2016.03.081.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.derivation.recist_readings import READER, Readings, derive_readings
from equipoise.derivation.recist_sentences import derive_sentences
from equipoise.derivation.recist_tables import non_target_response, overall_response, target_response
from equipoise.derivation.recist_timepoints import derive_timepoints, follow_parts, lesion_names, named
from equipoise.derivation.study import KEYS, Study
from equipoise.frames.dates import date_from_dtc

_PLACE = ["reader", "visit"]
# Lengths of an ISO 8601 date that has its month, and its day.
_MONTH, _DAY = len("2020-01"), len("2020-01-01")
_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys((*READER, "ACPTFL"), pl.String()),
    "VISITNUM": pl.Float64(),
    "VISIT": pl.String(),
    "ADT": pl.Date(),
    "ADTF": pl.String(),
    "ABLFL": pl.String(),
    "DISEASE": pl.String(),
    "NTARGET": pl.Int64(),
    "NREAD": pl.Int64(),
    "SUMDIAM": pl.Float64(),
    "BASE": pl.Float64(),
    "CHG": pl.Float64(),
    "PCHG": pl.Float64(),
    "NADIR": pl.Float64(),
    "NADIRVIS": pl.String(),
    "CHGNAD": pl.Float64(),
    "PCHGNAD": pl.Float64(),
    **dict.fromkeys(("TRGRESP", "NTRGRESP", "NEWLPROG", "OVRLRESP", "REASON", "WHY"), pl.String()),
    "SRCDOM": pl.String(),
    "SRCVAR": pl.String(),
    "SRCSEQ": pl.Float64(),
    "EQRULE": pl.String(),
}


@dataclass(frozen=True)
class LesionResponses:
    """Responses computed from lesions: `rows`, one per reader and assessment, and the readings they come from."""

    rows: pl.DataFrame
    readings: Readings | None = None


def derive_lesion_responses(study: Study, adsl: pl.DataFrame) -> LesionResponses:
    """The RECIST 1.1 response of every assessment of every reader, with its sum, its date and a sentence saying why.

    Arguments: a checked study; its ADSL (RANDDT).
    Returns one row per subject, reader (EVAL, EVALID) and visit, sorted by them and ADT: SUMDIAM in mm, BASE, NADIR
    (the smallest complete sum before, baseline included), the changes from both in mm and percent, TRGRESP, NTRGRESP,
    NEWLPROG (Y, EQUIVOCAL, N) and OVRLRESP, REASON (codes) and WHY (a sentence), and the source record. The baseline
    row has no response. Without TR there are no rows.
    """
    if not study.has("tr"):
        return LesionResponses(pl.DataFrame(schema=_SCHEMA))
    readings = derive_readings(study, adsl.select(*KEYS, "RANDDT"))
    points = derive_timepoints(readings, study.profile)
    answered = _answered(points, study.profile)
    named_points = _with_names(answered, readings)
    told = derive_sentences(named_points, study.profile)
    rows = _dated(told, readings, study)
    sourced = _sourced(rows, study).select(list(_SCHEMA)).cast({**_SCHEMA, **study.keys})
    return LesionResponses(sourced, readings)


def _answered(points: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """The responses; null for the baseline, for what comes before it and for what has no date."""
    asked = pl.col("dated") & ~pl.col("early") & ~pl.col("baseline")
    points = points.with_columns(asked=asked).with_columns(
        target=pl.when("asked").then(target_response(profile)),
        non_target=pl.when("asked").then(non_target_response(profile)),
    )
    first = overall_response(pl.col("target"), pl.col("non_target"), pl.col("new"))
    points = points.with_columns(_first=pl.when("asked").then(first))
    complete = (pl.col("_first") == "CR").fill_null(False).cast(pl.Int64)
    before = complete.cum_sum().over("reader") - complete > 0
    again = before & (pl.col("n_seen") > 0) & pl.col("asked")
    if not profile.flag("reappearance_is_progression"):
        again = pl.lit(False)
    return points.with_columns(again=again).with_columns(
        overall=pl.when("again").then(pl.lit("PD")).otherwise("_first")
    )


def _with_names(points: pl.DataFrame, readings: Readings) -> pl.DataFrame:
    """The names that sentences need: lesions not evaluated, lesions that progressed, new lesions, visits."""
    values = follow_parts(readings)
    unread = points.filter(pl.col("asked") & (pl.col("n_read") < pl.col("n_target")))
    untold = points.filter(pl.col("non_target") == "NE")
    told = pl.col("state").is_not_null() & (pl.col("state") != "UNEVALUABLE") | pl.col("mm").is_not_null()
    missing = lesion_names(unread, values, readings, "TARGET", pl.col("mm").is_not_null())
    silent = lesion_names(untold, values, readings, "NON-TARGET", told)
    worse = values.filter((pl.col("kind") == "NON-TARGET") & (pl.col("state") == "UNEQUIVOCAL"))
    grown = named(worse.select(*_PLACE, "lesion"), readings)
    fates = values.filter(pl.col("fate").is_not_null())
    for column, names in (("missing", missing), ("silent", silent), ("worse", grown)):
        points = points.join(names.rename({"names": column}), on=_PLACE, how="left", maintain_order="left")
    points = points.join(
        fates.group_by(_PLACE).agg(fates=pl.col("fate").unique().sort().str.join(" and ")), on=_PLACE, how="left"
    )
    ids = readings.lesions
    for column, name in (("new_lesion", "new_name"), ("unsure_lesion", "unsure_name")):
        points = points.join(ids.rename({"lesion": column, "LNKID": name}), on=column, how="left")
    organs = readings.facts.select(new_key="lkey", new_organ="organ")
    points = points.join(organs, on="new_key", how="left")
    visits = readings.visits.sort("visit", "VISITNUM", "VISIT").unique("visit", keep="first", maintain_order=True)
    label = visits.select("visit", name=pl.coalesce("VISIT", pl.format("visit {}", "VISITNUM")))
    for column, name in (("nadir_visit", "nadir_name"), ("sure_visit", "sure_name")):
        points = points.join(label.rename({"visit": column, "name": name}), on=column, how="left")
    since = points.filter(pl.col("place") == pl.col("new_place")).select("reader", since="VISIT")
    return points.join(since, on="reader", how="left").sort("reader", "place")


def _dated(points: pl.DataFrame, readings: Readings, study: Study) -> pl.DataFrame:
    """The date of each assessment by the profile's rule, and the reader."""
    rule = study.profile.text("lesion_response_date")
    points = points.join(readings.readers, on="reader", how="left", maintain_order="left")
    date = {"latest": pl.col("last"), "earliest": pl.col("first")}.get(rule)
    if rule == "by-response":
        date = pl.when(pl.col("overall") == "PD").then("first").otherwise("last")
    if rule == "visit":
        starts = _visit_starts(study)
        points = points.join(starts, on=[*KEYS, "VISITNUM"], how="left", maintain_order="left")
        date = pl.coalesce("began_visit", "first")
    return points.with_columns(ADT=date)


def _visit_starts(study: Study) -> pl.DataFrame:
    starts = study.table("sv").select(*KEYS, "VISITNUM", began_visit=date_from_dtc("SVSTDTC"))
    return starts.drop_nulls().group_by(*KEYS, "VISITNUM").agg(pl.col("began_visit").min())


def _sourced(rows: pl.DataFrame, study: Study) -> pl.DataFrame:
    """CDISC's names, the changes, the accepted flag and the record that decided."""
    new_lesion = (
        pl.when("new")
        .then(pl.lit("Y"))
        .when(pl.col("unsure_name").is_not_null() & pl.col("asked"))
        .then(pl.lit("EQUIVOCAL"))
        .when("asked")
        .then(pl.lit("N"))
    )
    disease = (
        pl.when(pl.col("n_target") > 0)
        .then(pl.lit("MEASURABLE"))
        .when(pl.col("n_other") == 0)
        .then(pl.lit("NONE"))
        .when("bone_only")
        .then(pl.lit("BONE ONLY"))
        .otherwise(pl.lit("NON-MEASURABLE"))
    )
    return _accepted(rows, study).with_columns(
        ADTF=pl.when(pl.col("length") < _MONTH).then(pl.lit("M")).when(pl.col("length") < _DAY).then(pl.lit("D")),
        ABLFL=pl.when("baseline").then(pl.lit("Y")),
        DISEASE=disease,
        TRGRESP="target",
        NTRGRESP="non_target",
        NEWLPROG=new_lesion,
        OVRLRESP="overall",
        REASON="reason",
        WHY="why",
        EQRULE=pl.format("RECIST 1.1 {} [{}]", "reason", pl.lit(study.profile.id)),
        **_sums(),
        **_source(),
    )


def _sums() -> dict[str, pl.Expr]:
    """The sum, and its change from baseline and from the smallest sum so far, in millimeters and percent."""
    total, base, nadir = pl.col("total"), pl.col("base"), pl.col("nadir")
    # The last bit of a quotient may depend on the rows beside it.
    return {
        "NTARGET": pl.col("n_target"),
        "NREAD": pl.col("n_read"),
        "SUMDIAM": total,
        "BASE": base,
        "CHG": (total - base).round(6),
        "PCHG": pl.when(base > 0).then((100 * (total - base) / base).round(8)),
        "NADIR": nadir,
        "NADIRVIS": pl.col("nadir_name"),
        "CHGNAD": (total - nadir).round(6),
        "PCHGNAD": pl.when(nadir > 0).then((100 * (total - nadir) / nadir).round(8)),
    }


def _source() -> dict[str, pl.Expr]:
    """The record that decided: of the target lesions, else of the non-target lesion that grew, else of the new one."""
    target, other = (pl.col(name).eq_missing(pl.lit("PD")) for name in ("target", "non_target"))
    by_new, by_other = pl.col("new") & ~target & ~other, other & ~target
    worded = by_other | pl.col("target_seq").is_null()
    read = pl.when(worded).then(pl.lit("TRSTRESC")).otherwise(pl.lit("TRSTRESN"))
    place = pl.when(by_other).then("worse_seq").otherwise(pl.coalesce("target_seq", "any_seq"))
    return {
        "SRCDOM": pl.when(by_new).then("new_source").otherwise(pl.lit("TR")),
        "SRCVAR": pl.when(by_new).then(pl.concat_str("new_source", pl.lit("STRESC"))).otherwise(read),
        "SRCSEQ": pl.when(by_new).then("new_seq").otherwise(place),
    }


def _accepted(rows: pl.DataFrame, study: Study) -> pl.DataFrame:
    """ACPTFL: an assessment that an adjudicator took, by RSACPTFL of the reader's response, else by TRACPTFL."""
    rs = study.table("rs").filter(pl.col("RSTESTCD") == study.profile.text("response_test"))
    taken = pl.col("accepted")
    if (rs["RSACPTFL"] == "Y").any():
        evaluator = pl.col("RSEVALID") if "RSEVALID" in rs.columns else pl.lit(None, pl.String)
        keys = [*READER, "VISITNUM", "VISIT"]
        named = rs.select(*KEYS, "VISITNUM", "VISIT", "RSACPTFL", EVAL="RSEVAL", EVALID=evaluator)
        known = named.group_by(keys).agg(in_rs=(pl.col("RSACPTFL") == "Y").any())
        rows = rows.join(known, on=keys, how="left", nulls_equal=True, maintain_order="left")
        taken = pl.coalesce("in_rs", "accepted")
    return rows.with_columns(ACPTFL=pl.when(taken).then(pl.lit("Y")))
