"""What was read of each lesion at each assessment, from TU and TR: one value per lesion, in millimeters or as a state.

Readers (investigator, independent readers) are kept apart. Readers, visits and lesions are numbered, so that millions
of records are joined and summed by integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import polars as pl

from equipoise.derivation.recist_words import (
    ABSENT,
    MERGED,
    MILLIMETERS,
    PLAIN_UNIT,
    SMALL,
    TESTS,
    UNEQUIVOCAL,
    WORDS,
    axis_rank,
)
from equipoise.derivation.responses import response_level
from equipoise.derivation.study import KEYS, Study
from equipoise.frames.dates import Fill, date_from_dtc

READER = (*KEYS, "EVAL", "EVALID")
_COLUMNS = (
    "SEQ", "GRPID", "LNKID", "TESTCD", "ORRES", "ORRESU", "STRESC", "STRESN", "STRESU", "STAT", "EVAL", "EVALID",
    "ACPTFL", "VISIT", "VISITNUM", "DTC", "LOC",
)  # fmt: skip
_NUMBERS = ("SEQ", "STRESN", "VISITNUM")
_TARGET, _NON_TARGET, _NEW = "TARGET", "NON-TARGET", "NEW"
_VALUES = ("reader", "visit", "lesion", "lkey", "kind", "known", "node", "mm", "state", "date", "length", "SEQ")


@dataclass(frozen=True)
class Readings:
    """The lesions of a study as numbered tables.

    `readers`, `visits` and `lesions` name what the numbers stand for (`reader`, `visit`, `lesion`); `facts` holds
    every lesion's parent, organ, whether it is a node, and in `known` its kind at baseline (null where it was not
    identified then); `values` one row per reader, visit and lesion with `kind`, `mm`, `state`, `date` (and the
    `length` of its text), `SEQ` and `accepted`; `odd` the records that need a decision, by its code.
    """

    readers: pl.DataFrame
    visits: pl.DataFrame
    lesions: pl.DataFrame
    facts: pl.DataFrame
    values: pl.DataFrame
    odd: Mapping[str, pl.DataFrame] = field(default_factory=dict)


def derive_readings(study: Study, subjects: pl.DataFrame) -> Readings:
    """The readings of every reader.

    Arguments: a study that holds TR (TU too, or nothing is known of sites and new lesions); subjects with RANDDT.
    """
    tr, tu = _columns(study.table("tr"), "TR"), _columns(study.table("tu"), "TU")
    tr = tr.filter(pl.col("TESTCD").is_in(list(TESTS)))
    tu = tu.filter(pl.col("STRESC").is_not_null() & pl.col("LNKID").is_not_null())
    readers = _numbered(pl.concat([tr.select(READER).unique(), tu.select(READER).unique()]), READER, "reader")
    visits = _visits(pl.concat([frame.select("VISITNUM", "VISIT", "DTC").unique() for frame in (tr, tu)]), study)
    lesions = _numbered(pl.concat([tr.select("LNKID").unique(), tu.select("LNKID").unique()]), ("LNKID",), "lesion")
    tu = _with_numbers(tu, readers, visits, lesions, study)
    tr = _with_numbers(tr, readers, visits, lesions, study)
    sites = _sites(tu)
    tr = _with_kind(tr, sites, lesions)
    expected = _expected(tr, sites)
    facts = pl.concat(
        [expected, sites.join(expected, on="lkey", how="anti").select(*expected.columns[:-1], known=_NULL)]
    )
    tr = tr.join(facts.select("lkey", "known", node="nodal"), on="lkey", how="left", maintain_order="left")
    tr = _valued(tr, study)
    found = _new_lesions(tu, tr)
    chosen, odd = _chosen(tr, readers.join(subjects, on=list(KEYS), how="left"), lesions.height)
    both = pl.concat([chosen, found.select(chosen.columns)])
    return Readings(readers, visits, lesions, facts, both, odd)


_NULL = pl.lit(None, pl.String)


def derive_millimeters(records: pl.DataFrame, study: Study) -> pl.Series:
    """The millimeters of TR records of target lesions, row by row; null where nothing usable was measured."""
    kept = _columns(records, "TR").with_columns(kind=pl.lit(_TARGET), node=pl.lit(None, pl.Boolean))
    return _valued(kept, study).get_column("mm")


def _columns(frame: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """The columns that are read and held, named without the prefix; those that every reading has, null if not held."""
    held = {name: f"{prefix}{name}" if name not in ("VISIT", "VISITNUM") else name for name in _COLUMNS}
    always = ("EVALID", "GRPID", "LNKID", "TESTCD", "DTC", "SEQ", "LOC")
    return frame.select(
        *KEYS,
        *(pl.col(source).alias(name) for name, source in held.items() if source in frame.columns),
        *(
            pl.lit(None, pl.Float64 if name in _NUMBERS else pl.String).alias(name)
            for name in always
            if held[name] not in frame.columns
        ),
    )


def _field(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A column that a study may not hold, with the kind it would have."""
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.Float64 if name in _NUMBERS else pl.String)


def _numbered(frame: pl.DataFrame, columns: tuple[str, ...], name: str) -> pl.DataFrame:
    return frame.unique().sort(columns, nulls_last=False).with_row_index(name).with_columns(pl.col(name).cast(pl.Int32))


def _visits(found: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The visits in order; every visit of the baseline's name is one. Without a visit, the collected date names it."""
    baseline = (pl.col("VISIT") == study.profile.text("baseline_visit")).fill_null(False)
    named = found.select("VISITNUM", VISIT=_visit_name()).unique().with_columns(baseline=baseline)
    ordered = named.sort(~pl.col("baseline"), "VISITNUM", "VISIT", nulls_last=True).with_row_index("visit")
    at_baseline = pl.col("visit").filter("baseline").min()
    return ordered.with_columns(visit=pl.when("baseline").then(at_baseline).otherwise("visit").cast(pl.Int32))


def _visit_name() -> pl.Expr:
    nameless = pl.col("VISIT").is_null() & pl.col("VISITNUM").is_null()
    return pl.when(nameless).then(pl.col("DTC")).otherwise(pl.col("VISIT"))


def _with_numbers(
    frame: pl.DataFrame, readers: pl.DataFrame, visits: pl.DataFrame, lesions: pl.DataFrame, study: Study
) -> pl.DataFrame:
    """The records with the numbers of reader, visit and lesion in place of their names, and with their date."""
    date = date_from_dtc("DTC", response_level(study.profile), cast(Fill, study.profile.text("response_date_fill")))
    if study.cutoff is not None:
        date = pl.when(date.is_not_null()).then(pl.min_horizontal(date, pl.lit(study.cutoff)))
    frame = frame.with_columns(
        VISIT=_visit_name(),
        date=date,
        length=pl.col("DTC").str.len_bytes().cast(pl.UInt8),
        accepted=(_field(frame, "ACPTFL") == "Y").fill_null(False),
    ).drop("DTC", "ACPTFL", strict=False)
    for names, columns in ((readers, READER), (visits, ("VISITNUM", "VISIT")), (lesions, ("LNKID",))):
        keys = list(columns)
        frame = frame.join(names, on=keys, how="left", nulls_equal=True, maintain_order="left").drop(keys)
    return frame.with_columns(lkey=pl.col("reader").cast(pl.Int64) * lesions.height + pl.col("lesion"))


def _kind(text: pl.Expr) -> pl.Expr:
    """TARGET, NON-TARGET or NEW; NEW TARGET and the like are NEW."""
    return (
        pl.when(text.str.starts_with(_NEW))
        .then(pl.lit(_NEW))
        .when(text.is_in([_TARGET, _NON_TARGET]))
        .then(text)
        .otherwise(pl.lit(None, pl.String))
    )


def _sites(tu: pl.DataFrame) -> pl.DataFrame:
    """Kind, site and, of a part of a lesion that split, the parent, as first identified."""
    ordered = tu.with_columns(kind=_kind(pl.col("STRESC"))).sort("visit", "date", "SEQ", "STRESC", nulls_last=True)
    first = ordered.unique("lkey", keep="first", maintain_order=True)
    nodal = pl.col("LOC").str.to_uppercase().str.contains("LYMPH NODE", literal=True)
    parent = pl.when(pl.col("TESTCD") == "TUSPLIT").then(pl.col("GRPID"))
    return first.select("lkey", "reader", "lesion", "kind", "baseline", nodal=nodal, organ="LOC", parent=parent)


def _with_kind(tr: pl.DataFrame, sites: pl.DataFrame, lesions: pl.DataFrame) -> pl.DataFrame:
    """Records of target, non-target and new lesions; TU says which where TRGRPID does not."""
    tr = tr.with_columns(kind=_kind(pl.col("GRPID")))
    if tr["kind"].null_count():
        named = sites.select("lkey", identified="kind")
        tr = tr.join(named, on="lkey", how="left", maintain_order="left")
        tr = tr.with_columns(kind=pl.coalesce("kind", "identified")).drop("identified")
    nameless = lesions.filter(pl.col("LNKID").is_null())["lesion"]
    return tr.drop("GRPID").filter(pl.col("kind").is_not_null() & ~pl.col("lesion").is_in(nameless.implode()))


def _expected(tr: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """The lesions of the baseline: identified there in TU, or read there in TR."""
    read = tr.filter(pl.col("baseline") & (pl.col("kind") != _NEW)).select("lkey", "reader", "lesion", "kind").unique()
    read = read.join(sites.select("lkey", "nodal", "organ", "parent"), on="lkey", how="left")
    listed = sites.filter(pl.col("baseline") & pl.col("kind").is_in([_TARGET, _NON_TARGET]))
    both = pl.concat([listed.select(read.columns), read])
    # TARGET sorts after NON-TARGET: of a lesion called both, the target is followed.
    first = both.sort("lkey", "kind", descending=[False, True]).unique("lkey", keep="first", maintain_order=True)
    return first.select("lkey", "reader", "lesion", "nodal", "organ", "parent", known="kind")


def _valued(tr: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The records with millimeters, state and the rank of their test; null where a record says nothing usable."""
    measured = pl.col("TESTCD") != "TUMSTATE"
    number, unit = _number_and_unit(tr)
    word = pl.coalesce(_field(tr, "STRESC"), _field(tr, "ORRES")).str.to_uppercase().str.strip_chars()
    done = (_field(tr, "STAT") != "NOT DONE").fill_null(True)
    # Most results are numbers: a word is looked up only where no number stands.
    word = pl.when(number.is_null() & done).then(word)
    factor = unit.str.to_lowercase().replace_strict(MILLIMETERS, default=None, return_dtype=pl.Float64)
    tr = tr.with_columns(number=number, factor=factor, word=word).with_columns(
        rank=axis_rank(pl.col("TESTCD"), pl.col("node"), pl.col("kind") == _TARGET),
        state=pl.when(pl.col("word").str.contains("^(MERGED|COALESCED)"))
        .then(pl.lit(MERGED))
        .otherwise(pl.col("word").replace_strict(WORDS, default=None, return_dtype=pl.String)),
        mm=pl.when(measured & (pl.col("number") >= 0) & done).then((pl.col("number") * pl.col("factor")).round(6)),
    )
    small = float(study.profile.number("small_lesion_millimeters"))
    worded = {ABSENT: 0.0, MERGED: 0.0, SMALL: small}
    return tr.with_columns(
        mm=pl.coalesce("mm", pl.col("state").replace_strict(worded, default=None, return_dtype=pl.Float64))
    )


def _number_and_unit(tr: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """The number that was measured and its unit, from the standardized result, else from the original one.

    Without a unit, millimeters are understood and logged.
    """
    standard, original = _field(tr, "STRESN"), _field(tr, "ORRES").cast(pl.Float64, strict=False)
    stated = _field(tr, "STRESU")
    if not tr.filter(standard.is_null() & (pl.col("TESTCD") != "TUMSTATE")).height:
        return standard, stated.fill_null(PLAIN_UNIT)
    standard = pl.coalesce(standard, _field(tr, "STRESC").cast(pl.Float64, strict=False))
    unit = pl.when(standard.is_not_null()).then(stated).otherwise(_field(tr, "ORRESU")).fill_null(PLAIN_UNIT)
    return pl.coalesce(standard, original), unit


def _new_lesions(tu: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """New lesions that TU names at a visit where TR says nothing of them: identified, so unequivocal."""
    named = tu.filter((_kind(pl.col("STRESC")) == _NEW) & ~pl.col("baseline"))
    told = values.filter(pl.col("kind") == _NEW).select("visit", "lkey").unique()
    silent = named.join(told, on=["visit", "lkey"], how="anti").sort("lkey", "visit", "SEQ", nulls_last=True)
    return silent.with_columns(
        kind=pl.lit(_NEW),
        known=_NULL,
        node=pl.lit(None, pl.Boolean),
        mm=pl.lit(None, pl.Float64),
        state=pl.lit(UNEQUIVOCAL),
        SRC=pl.lit("TU"),
    )


def _chosen(values: pl.DataFrame, readers: pl.DataFrame, size: int) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """One record per reader, visit and lesion; and, by code, the records that need a decision.

    A value is taken before none, the axis that the sum calls for before others, then the latest; at baseline the
    latest that was not made after randomization.
    """
    odd = _odd(values)
    usable = values.filter(pl.col("rank").is_not_null())
    key = pl.col("visit").cast(pl.Int64) * (size * max(readers.height, 1)) + pl.col("lkey")
    double = usable.select(key.is_duplicated()).to_series()
    narrow = pl.col(*_VALUES, "accepted"), pl.lit("TR").alias("SRC")
    several = usable.filter(double)
    chosen = (usable.filter(~double) if several.height else usable).select(*narrow)
    if several.height:
        first, displaced = _first_of_several(several, readers)
        chosen = pl.concat([chosen, first.select(*narrow)])
        odd |= displaced
    wrong = odd["axis-wrong"]
    if wrong.height:
        read = chosen.filter(pl.col("mm").is_not_null())
        odd["axis-wrong"] = wrong.join(read, on=["visit", "lkey"], how="anti")
    return chosen, {code: _placed(records, readers) for code, records in odd.items()}


def _placed(records: pl.DataFrame, readers: pl.DataFrame) -> pl.DataFrame:
    return records.join(readers, on="reader", how="left")


def _first_of_several(several: pl.DataFrame, readers: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    keys = ["visit", "lkey"]
    randomized = several.join(readers.select("reader", "RANDDT"), on="reader", how="left")
    ordered = randomized.with_columns(
        _empty=pl.col("mm").is_null() & pl.col("state").is_null(),
        _late=(pl.col("baseline") & (pl.col("date") > pl.col("RANDDT"))).fill_null(False),
    ).sort(
        *(*keys, "_empty", "rank", "_late", "date", "SEQ", "mm", "state"),
        descending=[False] * 5 + [True] * 4,
        nulls_last=True,
    )
    first = ordered.unique(keys, keep="first", maintain_order=True)
    taken = first.select(*keys, *(pl.col(name).alias(f"_{name}") for name in ("mm", "rank", "date", "state", "SEQ")))
    other = ordered.join(taken, on=keys)
    other = other.filter(
        (pl.col("rank") == pl.col("_rank")) & ~pl.col("_empty") & pl.col("SEQ").ne_missing(pl.col("_SEQ"))
    )
    another_day = pl.col("baseline") & pl.col("date").ne_missing(pl.col("_date"))
    differs = pl.col("mm").ne_missing(pl.col("_mm")) | pl.col("state").ne_missing(pl.col("_state"))
    other = other.drop("RANDDT")
    return first, {
        "two-baselines": other.filter(another_day),
        "measurement-twice": other.filter(differs & ~another_day),
    }


def _odd(values: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Records that cannot be taken as they are, by the code of the decision."""
    measured, usable = pl.col("TESTCD") != "TUMSTATE", pl.col("rank").is_not_null()
    numbered = pl.col("number").is_not_null() & measured & usable
    unitless = pl.coalesce(_field(values, "STRESU"), _field(values, "ORRESU")).is_null()
    return {
        "unit-unknown": values.filter(numbered & pl.col("factor").is_null()),
        "unit-missing": values.filter(numbered & unitless & (pl.col("kind") == _TARGET)),
        "diameter-negative": values.filter(numbered & (pl.col("number") < 0)),
        "lesion-state-unknown": values.filter(usable & pl.col("word").is_not_null() & pl.col("state").is_null()),
        "axis-wrong": values.filter(~usable & (pl.col("known") == _TARGET) & pl.col("mm").is_not_null()),
    }
