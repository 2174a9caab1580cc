"""ADLB: laboratory results graded by toxicity criteria, against baseline, with the worst on treatment."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from equipoise.derivation.blocks import derive_in_blocks
from equipoise.derivation.laboratory_grades import Grading, derive_grades, load_grading
from equipoise.derivation.notes import decisions
from equipoise.derivation.study import KEYS, Study, arranged, merge, merge_subject_level
from equipoise.frames.dates import date_from_dtc, study_day
from equipoise.frames.decisions import Decided

_OF_PARAMETER = [*KEYS, "PARAMCD"]
_LEVEL = ("TRTSDT", "TRTEDT", "SAFFL")


def find_grading(study: Study) -> Grading | None:
    """The criteria that the profile names; None where it names none, or LB holds no test that they grade."""
    name = study.profile.text("laboratory_grading")
    if name == "none" or not study.has("lb"):
        return None
    grading = load_grading(name)
    graded = study.table("lb").get_column("LBTESTCD").is_in(list(grading.tests))
    return grading if graded.any() else None


def derive_laboratory(study: Study, adsl: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """ADLB by name where the profile grades laboratory results and there are any; nothing otherwise."""
    grading = find_grading(study)
    if grading is None:
        return {}
    return derive_in_blocks(study, adsl, lambda part, level: {"adlb": derive_adlb(part, level, grading)})


def derive_adlb(study: Study, adsl: pl.DataFrame, grading: Grading) -> pl.DataFrame:
    """ADLB: one row per collected result of a graded test.

    Baseline (ABLFL) is the last result up to the day of the first dose. A result is on treatment (ANL01FL) when it has
    a grade and is dated after the first dose and not more than `treatment_emergent_days` after the last; it is
    treatment-emergent (TRTEMFL) when its grade is then higher than at baseline, a missing baseline counting as 0. The
    first of the worst on-treatment grades of a subject and parameter has ANL02FL; SHIFT1 sets grades against baseline.

    Arguments: a checked study, its ADSL, the criteria. Returns rows sorted by subject and ASEQ.
    """
    records = derive_grades(study.table("lb"), grading).with_columns(ADT=date_from_dtc("LBDTC"))
    level = [name for name in _LEVEL if name in adsl.columns]
    records = merge(records, adsl.select(*KEYS, *level)).with_columns(ADY=study_day("ADT", "TRTSDT"))
    records = records.sort(*_OF_PARAMETER, "ADT", "LBDTC", "LBSEQ", "AVAL", nulls_last=True).with_row_index("_row")
    records = _derive_worst(_derive_emergence(_derive_baseline(records), study))
    derived = records.with_columns(
        ATOXGR=pl.col("ATOXGRN").cast(pl.String),
        BTOXGR=pl.col("BTOXGRN").cast(pl.String),
        SHIFT1=pl.format("{} to {}", pl.col("BTOXGRN"), pl.col("ATOXGRN")),
        PARCAT1=pl.lit("HEMATOLOGY"),
        AVISIT=pl.col("VISIT"),
        AVISITN=pl.col("VISITNUM"),
        ASEQ=pl.int_range(1, pl.len() + 1).over(KEYS),
        SRCDOM=pl.lit("LB"),
        SRCVAR=pl.lit("LBSTRESN"),
        SRCSEQ=pl.col("LBSEQ"),
        EQRULE=pl.format("{} [{}, {}]", pl.col("ATOXDSCL"), pl.lit(grading.grading), pl.lit(study.profile.id)),
    )
    return arranged(merge_subject_level(derived.drop("_row", "known"), adsl), "ADLB")


def _flag(rows: pl.Series) -> pl.Expr:
    return pl.when(pl.col("_row").is_in(rows.implode())).then(pl.lit("Y"))


def _derive_baseline(records: pl.DataFrame) -> pl.DataFrame:
    before = records.filter(pl.col("AVAL").is_not_null() & (pl.col("ADT") <= pl.col("TRTSDT")))
    last = before.unique(_OF_PARAMETER, keep="last", maintain_order=True)
    held = last.select(*_OF_PARAMETER, BASE="AVAL", BTOXGRN="ATOXGRN")
    joined = records.join(held, on=_OF_PARAMETER, how="left", maintain_order="left")
    return joined.with_columns(ABLFL=_flag(last.get_column("_row")), CHG=pl.col("AVAL") - pl.col("BASE"))


def _derive_emergence(records: pl.DataFrame, study: Study) -> pl.DataFrame:
    window = pl.duration(days=study.profile.number("treatment_emergent_days"))
    treated = (pl.col("ADT") > pl.col("TRTSDT")) & (
        pl.col("TRTEDT").is_null() | (pl.col("ADT") <= pl.col("TRTEDT") + window)
    )
    graded = treated.fill_null(False) & pl.col("ATOXGRN").is_not_null()
    worse = graded & (pl.col("ATOXGRN") > pl.col("BTOXGRN").fill_null(0))
    return records.with_columns(ANL01FL=pl.when(graded).then(pl.lit("Y")), TRTEMFL=pl.when(worse).then(pl.lit("Y")))


def _derive_worst(records: pl.DataFrame) -> pl.DataFrame:
    treated = records.filter(pl.col("ANL01FL") == "Y").sort(
        *_OF_PARAMETER, "ATOXGRN", "_row", descending=[False, False, False, True, False]
    )
    worst = treated.unique(_OF_PARAMETER, keep="first", maintain_order=True)
    return records.with_columns(ANL02FL=_flag(worst.get_column("_row")))


def find_ungraded(study: Study) -> Iterator[Decided]:
    """Decisions about results that cannot be graded: unknown units, no number, no limit of normal where it decides."""
    grading = find_grading(study)
    if grading is None:
        return
    records = derive_grades(study.table("lb"), grading)
    value, known = pl.col("LBSTRESN"), pl.col("known")
    limitless = value.is_not_null() & known & pl.col("ATOXGRN").is_null()
    cases = (
        ("laboratory-unit-unknown", "LBSTRESU", value.is_not_null() & ~known, "no unit that the criteria know"),
        ("laboratory-result-unread", "LBSTRESC", value.is_null() & pl.col("LBSTRESC").is_not_null(), "no number"),
        ("laboratory-limit-missing", "LBSTNRLO", limitless, "no lower limit of normal tells grade 0 from grade 1"),
    )
    for code, variable, condition, words in cases:
        yield from decisions(
            records.filter(condition),
            code,
            domain="LB",
            variable=variable,
            decision=pl.format("{}: " + words + "; the result is kept without a grade", pl.col("LBTESTCD")),
            rule=grading.grading,
        )
