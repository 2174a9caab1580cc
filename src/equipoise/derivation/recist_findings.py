"""What is odd in lesion records: each case decided by a rule of the RECIST engine and logged."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.derivation.notes import decisions
from equipoise.derivation.recist_readings import READER, Readings
from equipoise.derivation.recist_responses import LesionResponses
from equipoise.derivation.recist_timepoints import follow_parts
from equipoise.derivation.study import Study
from equipoise.frames.decisions import Decided, Decision

_RULE = "RECIST 1.1"


def find_lesion_units(study: Study) -> Iterator[Decided]:
    """One decision where a study's TR holds no units at all."""
    if not study.has("tr") or not study.tables["tr"].height:
        return
    held = set(study.tables["tr"].columns)
    if not held & {"TRSTRESU", "TRORRESU"}:
        yield Decision(
            severity="note",
            code="unit-missing",
            domain="TR",
            variable="TRSTRESU",
            decision="TR holds no units: every measurement is taken as millimeters",
            rule=_RULE,
        )


def find_lesions(study: Study, computed: LesionResponses) -> Iterator[Decided]:
    """Decisions about lesion records that could not be taken as they were."""
    if computed.readings is None:
        return
    readings = computed.readings
    yield from _units(readings, study)
    yield from _unread(readings)
    yield from _doubles(readings)
    values = follow_parts(readings).join(readings.readers, on="reader", how="left")
    values = values.join(readings.lesions, on="lesion", how="left")
    yield from _strangers(values)
    yield from _targets(readings, values, study.profile)
    yield from _assessments(computed)


def _result() -> pl.Expr:
    return pl.col("number").cast(pl.String)


def _units(readings: Readings, study: Study) -> Iterator[Decided]:
    odd = readings.odd
    unit = "TRSTRESU"
    unknown = odd["unit-unknown"]
    named = pl.coalesce([pl.col(name) for name in ("STRESU", "ORRESU") if name in unknown.columns] or [pl.lit(None)])
    yield from decisions(
        unknown,
        "unit-unknown",
        domain="TR",
        variable=unit,
        value=named,
        sequence="SEQ",
        decision="neither millimeters nor centimeters: the measurement is not used",
        rule=_RULE,
    )
    if {"TRSTRESU", "TRORRESU"} & set(study.tables["tr"].columns):
        yield from decisions(
            odd["unit-missing"],
            "unit-missing",
            domain="TR",
            variable=unit,
            value=_result(),
            sequence="SEQ",
            decision="a measurement without a unit: taken as millimeters",
            rule=_RULE,
            severity="note",
        )


def _unread(readings: Readings) -> Iterator[Decided]:
    """Measurements and words that say nothing usable."""
    odd = readings.odd
    yield from decisions(
        odd["diameter-negative"],
        "diameter-negative",
        domain="TR",
        variable="TRSTRESN",
        value=_result(),
        sequence="SEQ",
        decision="a diameter below zero: the measurement is not used",
        rule=_RULE,
    )
    yield from decisions(
        odd["lesion-state-unknown"],
        "lesion-state-unknown",
        domain="TR",
        variable="TRSTRESC",
        value=pl.col("word"),
        sequence="SEQ",
        decision="no known word for the state of a lesion: the lesion counts as not evaluated there",
        rule=_RULE,
    )
    yield from decisions(
        odd["axis-wrong"],
        "axis-wrong",
        domain="TR",
        variable="TRTESTCD",
        value=pl.col("TESTCD"),
        sequence="SEQ",
        decision=pl.when("node")
        .then(pl.lit("of a lymph node the short axis is summed, and it was not measured: the lesion is not evaluated"))
        .otherwise(pl.lit("the longest diameter is summed, and it was not measured: the lesion is not evaluated")),
        rule=_RULE,
    )


def _doubles(readings: Readings) -> Iterator[Decided]:
    nothing = pl.DataFrame()
    yield from decisions(
        readings.odd.get("two-baselines", nothing),
        "two-baselines",
        domain="TR",
        variable="TRDTC",
        value=pl.col("date"),
        sequence="SEQ",
        decision=pl.format(
            "a lesion has two baseline records; that of {} is used, the last not after randomization",
            pl.col("_date").cast(pl.String).fill_null("no date"),
        ),
        rule=_RULE,
    )
    yield from decisions(
        readings.odd.get("measurement-twice", nothing),
        "measurement-twice",
        domain="TR",
        variable="TRSTRESN",
        value=pl.col("mm"),
        sequence="SEQ",
        decision=pl.format(
            "a lesion has two results at one visit; the later record is used ({} mm)",
            pl.col("_mm").cast(pl.String).fill_null("without"),
        ),
        rule=_RULE,
    )


def _strangers(values: pl.DataFrame) -> Iterator[Decided]:
    """Lesions that appear after baseline without being new, and those that continue another."""
    named = pl.col("kind").is_in(["TARGET", "NON-TARGET"]) & (pl.col("known") != pl.col("kind")).fill_null(True)
    strange = values.filter(named & pl.col("fate").is_null()).sort("lkey", "date", "SEQ", nulls_last=True)
    first = strange.unique("lkey", keep="first", maintain_order=True)
    yield from decisions(
        first,
        "lesion-unknown",
        domain="TR",
        variable="TRLNKID",
        value=pl.col("LNKID"),
        sequence="SEQ",
        decision=pl.format(
            "no {} lesion of the baseline has this id, and none that it continues: left out; has the id changed?",
            pl.col("kind").str.to_lowercase(),
        ),
        rule=_RULE,
    )
    continued = values.filter(pl.col("fate").is_not_null()).sort("lkey", "date", "SEQ", nulls_last=True)
    yield from decisions(
        continued.unique("lkey", keep="first", maintain_order=True),
        "lesion-continued",
        domain="TR",
        variable="TRLNKID",
        value=pl.col("LNKID"),
        sequence="SEQ",
        decision=pl.when(pl.col("fate") == "part")
        .then(pl.lit("the lesion has split: the diameters of its parts are added up"))
        .otherwise(pl.lit("lesions have merged: the diameter of the whole stands for all of them")),
        rule=_RULE,
        severity="note",
    )


def _targets(readings: Readings, values: pl.DataFrame, profile: Profile) -> Iterator[Decided]:
    """Baselines that RECIST 1.1 would not have allowed: kept, since the reader chose so."""
    targets = readings.facts.filter(pl.col("known") == "TARGET").join(readings.readers, on="reader", how="left")
    most, most_in_organ = profile.number("targets_max"), profile.number("targets_per_organ_max")
    counted = targets.group_by(READER).agg(found=pl.len())
    yield from decisions(
        counted.filter(pl.col("found") > most),
        "targets-too-many",
        domain="TU",
        variable="TUSTRESC",
        value=pl.format("{} targets", "found"),
        decision=f"more than {most} target lesions: all are kept in the sum",
        rule="targets_max",
    )
    organ = pl.when("nodal").then(pl.lit("LYMPH NODE")).otherwise("organ")
    by_organ = targets.with_columns(organ=organ).filter(pl.col("organ").is_not_null())
    crowded = by_organ.group_by(*READER, "organ").agg(found=pl.len()).filter(pl.col("found") > most_in_organ)
    yield from decisions(
        crowded,
        "targets-too-many",
        domain="TU",
        variable="TULOC",
        value=pl.format("{} in {}", "found", "organ"),
        decision=f"more than {most_in_organ} target lesions in one organ: all are kept in the sum",
        rule="targets_per_organ_max",
    )
    least = pl.when(pl.col("node").fill_null(False)).then(
        pl.lit(float(profile.number("target_node_minimum_millimeters")))
    ).otherwise(pl.lit(float(profile.number("target_minimum_millimeters"))))  # fmt: skip
    at_baseline = readings.visits.filter("baseline")["visit"].unique()
    begun = values.filter(pl.col("visit").is_in(at_baseline.implode()) & (pl.col("known") == "TARGET"))
    yield from decisions(
        begun.filter(pl.col("mm") < least),
        "target-too-small",
        domain="TR",
        variable="TRSTRESN",
        value=pl.col("mm"),
        sequence="SEQ",
        decision=pl.format("a target lesion below {} mm at baseline: kept in the sum", least.cast(pl.Int64)),
        rule="target_minimum_millimeters",
        severity="note",
    )


def _assessments(computed: LesionResponses) -> Iterator[Decided]:
    rows = computed.rows
    undated = rows.filter(pl.col("REASON") == "undated")
    words = "lesion records of a visit without a usable date: no response is computed, no sum is a nadir"
    yield from decisions(
        undated, "assessment-undated", domain="TR", variable="TRDTC", value=pl.col("VISIT"), sequence="SRCSEQ",
        decision=words, rule=_RULE,
    )  # fmt: skip
    early = rows.filter(pl.col("REASON") == "before-baseline")
    words = "lesion records before the baseline assessment: no response is computed"
    yield from decisions(
        early, "assessment-before-baseline", domain="TR", variable="TRDTC", value=pl.col("ADT"), sequence="SRCSEQ",
        decision=words, rule=_RULE,
    )  # fmt: skip
    asked = rows.filter(pl.col("OVRLRESP").is_not_null())
    began = rows.filter(pl.col("ABLFL") == "Y")
    lacking = asked.join(began, on=list(READER), how="anti", nulls_equal=True)
    begun_in_part = began.filter((pl.col("NTARGET") > 0) & (pl.col("NREAD") < pl.col("NTARGET")))
    for records in (lacking.unique(list(READER), keep="first", maintain_order=True), begun_in_part):
        yield from decisions(
            records,
            "baseline-incomplete",
            domain="TR",
            variable="VISIT",
            decision="no complete baseline of the target lesions: no sum can be compared",
            rule=_RULE,
        )
    backdated = asked.filter(pl.col("REASON").str.contains("new-lesion-confirmed-later", literal=True))
    yield from decisions(
        backdated.sort(*READER, "ADT").unique(list(READER), keep="first", maintain_order=True),
        "new-lesion-backdated",
        domain="TR",
        variable="TRSTRESC",
        value=pl.col("VISIT"),
        sequence="SRCSEQ",
        decision="an equivocal new lesion that a later scan confirmed: progression is dated here",
        rule="equivocal_lesion_backdated",
        severity="note",
    )
