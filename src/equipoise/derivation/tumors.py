"""ADTR: diameters of target lesions and their sum, with baseline, nadir and the change from both."""

from __future__ import annotations

import polars as pl

from equipoise.derivation.recist_readings import derive_millimeters
from equipoise.derivation.responses import COMPUTED, evaluator_name, filter_evaluated, filter_overall_responses
from equipoise.derivation.study import KEYS, Study, arranged, compacted, first_per_subject, merge, merge_subject_level
from equipoise.frames.adam_schemas import SCHEMAS
from equipoise.frames.dates import date_flag_from_dtc, date_from_dtc, study_day

_DTYPES = {"text": pl.String(), "number": pl.Float64(), "date": pl.Date(), "datetime": pl.Datetime("us")}
_PREFIX = {"LDIAM": "LDIAM", "LPERP": "NLDIAM"}
_NAMES = {"LDIAM": "Longest Diameter", "LPERP": "Longest Perpendicular"}


def derive_adtr(study: Study, adsl: pl.DataFrame) -> pl.DataFrame:
    """ADTR by the profile's rules: each target lesion's diameters (LDIAMn, NLDIAMn) and their sum (SDIAM).

    The sum takes the longest diameter of a lesion outside lymph nodes and the perpendicular (short axis) of a node.
    Where the profile's `sum_rule` is "recist", lengths are in millimeters, and sums, baseline and nadir are those that
    the computed responses rest on.
    Arguments: a checked study and its ADSL. Returns one row per measurement and per subject and visit, sorted by
    subject and ASEQ, conforming to the ADTR schema; without rows where TR was not collected.
    """
    if not study.has("tr"):
        return pl.DataFrame(schema={name: _DTYPES[kind] for name, kind in SCHEMAS["ADTR"].types.items()})
    lesions = _derive_lesions(study, adsl)
    sums = _derive_sums(lesions, study, adsl)
    if _by_recist(study):
        sums = _with_computed_sums(sums, study)
    sums = _derive_changes(sums, study)
    adtr = pl.concat([lesions.drop("_in_sum"), sums], how="diagonal_relaxed")
    if study.numbered:
        # Categories are moved by the sort in a third of the time.
        adtr = compacted(adtr, "PARAMCD")
    adtr = adtr.sort(*KEYS, "PARAMCD", "AVISITN", "TRSEQ", nulls_last=True, maintain_order=True)
    # Words that every row has are written after the sort, which then has fewer texts to move.
    traced = pl.lit(_by_recist(study)) | (pl.col("PARAMCD") != "SDIAM")
    adtr = adtr.with_columns(
        ASEQ=pl.int_range(1, pl.len() + 1).over(KEYS),
        AVALU=pl.lit("mm"),
        PARCAT1=pl.lit("Target Lesion(s)"),
        PARCAT2=pl.lit(evaluator_name(study.profile)),
        PARCAT3=pl.lit("RECIST 1.1"),
        SRCDOM=pl.when(traced).then(pl.lit("TR")),
        SRCVAR=pl.when(traced).then(pl.lit("TRSTRESN")),
    )
    return arranged(merge_subject_level(adtr, adsl), "ADTR")


def _by_recist(study: Study) -> bool:
    return study.profile.text("sum_rule") == "recist" and study.has(COMPUTED)


def _with_computed_sums(sums: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The sums with total, baseline, nadir and completeness of the RECIST engine; visits without one are left out."""
    computed = study.tables[COMPUTED]
    rows = filter_evaluated(computed.rename({"EVAL": "TREVAL", "ACPTFL": "TRACPTFL"}), "TR", study.profile)
    begun = pl.col("ABLFL") == "Y"
    rows = rows.filter(pl.col("SUMDIAM").is_not_null()).select(
        *KEYS,
        AVISIT=pl.when(begun).then(pl.lit("BASELINE")).otherwise("VISIT"),
        AVISITN=pl.when(begun).then(pl.lit(0.0)).otherwise("VISITNUM"),
        AVAL="SUMDIAM",
        ADT="ADT",
        _base="BASE",
        _nadir="NADIR",
        ANL01FL=pl.when(pl.col("NREAD") == pl.col("NTARGET")).then(pl.lit("Y")),
        SRCSEQ="SRCSEQ",
        EQRULE=pl.lit(f"SDIAM, RECIST 1.1 [{study.profile.id}]"),
    )
    joined = sums.drop("AVAL", "ADT", "ADY", "ANL01FL", "EQRULE").join(
        rows, on=[*KEYS, "AVISIT", "AVISITN"], how="inner", nulls_equal=True
    )
    return joined.with_columns(ADY=study_day("ADT", "RANDDT")).sort(*KEYS, "ADY", "AVISITN", "AVISIT", nulls_last=True)


def _derive_lesions(study: Study, adsl: pl.DataFrame) -> pl.DataFrame:
    """One record per measured diameter of a target lesion; `_in_sum` marks those that the sum takes."""
    tr = filter_evaluated(study.table("tr"), "TR", study.profile).filter(
        (pl.col("TRGRPID") == "TARGET") & pl.col("TRTESTCD").is_in(list(_PREFIX))
    )
    records = merge(tr, adsl.select(*KEYS, "RANDDT"))
    records = records.join(_sites(study), on=[*KEYS, "TRLNKID"], how="left", maintain_order="left")
    baseline = pl.col("VISIT") == study.profile.text("baseline_visit")
    records = records.join(
        _parameters(tr, study), on=["TRTESTCD", "TRLNKID"], how="left", maintain_order="left", nulls_equal=True
    )
    nodal = (pl.col("TULOC") == "LYMPH NODE").fill_null(False)
    assessed = pl.col("TRSTRESN").is_not_null()
    measured = pl.col("TRSTRESN")
    if _by_recist(study):
        records = records.with_columns(_mm=derive_millimeters(records, study))
        assessed, measured = pl.col("_mm").is_not_null(), pl.col("_mm")
    return (
        records.with_columns(
            AVAL=measured,
            ADT=date_from_dtc("TRDTC", "D", "first"),
            ADTF=date_flag_from_dtc("TRDTC", "D"),
            AVISIT=pl.when(baseline).then(pl.lit("BASELINE")).otherwise(pl.col("VISIT")),
            AVISITN=pl.when(baseline).then(pl.lit(0.0)).otherwise(pl.col("VISITNUM")),
            TULOCGR1=pl.when(nodal).then(pl.lit("NODAL")).otherwise(pl.lit("NON-NODAL")),
            ANL01FL=pl.when(assessed).then(pl.lit("Y")),
            LSEXP=pl.col("TRLNKID"),
            LSASS=pl.when(assessed).then(pl.col("TRLNKID")),
            SRCSEQ=pl.col("TRSEQ"),
            EQRULE=pl.lit(f"lesion [{study.profile.id}]"),
            _in_sum=pl.when(nodal).then(pl.col("TRTESTCD") == "LPERP").otherwise(pl.col("TRTESTCD") == "LDIAM"),
        )
        .with_columns(ADY=study_day("ADT", "RANDDT"))
        .drop("_mm", strict=False)
    )


def _parameters(tr: pl.DataFrame, study: Study) -> pl.DataFrame:
    """PARAMCD and PARAM of each test of each lesion's id."""
    number = pl.col("TRLNKID").str.extract(r"([0-9]+)").str.strip_chars_start("0")
    by = pl.lit(evaluator_name(study.profile))
    return (
        tr.select("TRTESTCD", "TRLNKID")
        .unique()
        .with_columns(
            PARAMCD=pl.col("TRTESTCD").replace_strict(_PREFIX, return_dtype=pl.String) + number,
            PARAM=pl.format("Target Lesion {} {} by {}", number, pl.col("TRTESTCD").replace_strict(_NAMES), by),
        )
    )


def _sites(study: Study) -> pl.DataFrame:
    """The site of each lesion, as first identified."""
    tu = filter_evaluated(study.table("tu"), "TU", study.profile).sort("VISITNUM", "TUSEQ", nulls_last=True)
    return tu.unique([*KEYS, "TULNKID"], keep="first").select(*KEYS, "TULOC", TRLNKID="TULNKID")


def _derive_sums(lesions: pl.DataFrame, study: Study, adsl: pl.DataFrame) -> pl.DataFrame:
    """SDIAM per subject and visit: the sum over its lesions, and whether every lesion of the baseline is in it."""
    taken = lesions.filter("_in_sum")
    names = pl.col("TRLNKID").sort().str.join(", ")
    expected = taken.filter(pl.col("AVISIT") == "BASELINE").group_by(KEYS).agg(LSEXP=names)
    # Names are listed a group at a time and joined for all at once, which takes half the time.
    assessed = pl.col("TRLNKID").filter(pl.col("ANL01FL") == "Y")
    sums = taken.group_by(*KEYS, "AVISIT", "AVISITN").agg(
        pl.col("AVAL").sum(), pl.col("ADT").min(), pl.col("ADY").min(), LSASS=assessed
    )
    by = evaluator_name(study.profile)
    merged = merge(merge(sums, expected), adsl.select(*KEYS, "RANDDT")).with_columns(
        LSASS=pl.when(pl.col("LSASS").list.len() > 0).then(pl.col("LSASS").list.sort().list.join(", ")),
        PARAMCD=pl.lit("SDIAM"),
        PARAM=pl.lit(f"Target Lesions Sum of Diameters by {by}"),
        EQRULE=pl.lit(f"SDIAM [{study.profile.id}]"),
    )
    complete = (pl.col("LSEXP") == pl.col("LSASS")).fill_null(False)
    return merged.with_columns(ANL01FL=pl.when(complete).then(pl.lit("Y"))).sort(
        *KEYS, "ADY", "AVISITN", "AVISIT", nulls_last=True
    )


def _derive_changes(sums: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Baseline, nadir, changes from both, progression on the day, and the analysis flags."""
    sums = sums.with_row_index("_row")
    base = first_per_subject(sums.filter(pl.col("ADY") <= 1), ["_row"], last=True)
    marked = sums.with_columns(ABLFL=_flag(base.get_column("_row")))
    if "_nadir" in sums.columns:
        marked = marked.rename({"_base": "BASE", "_nadir": "NADIR"})
    else:
        marked = merge(marked, base.select(*KEYS, BASE="AVAL"))
        marked = marked.join(_nadirs(sums), on=[*KEYS, "ADY"], how="left", maintain_order="left")
    change, from_nadir = pl.col("AVAL") - pl.col("BASE"), pl.col("AVAL") - pl.col("NADIR")
    marked = marked.with_columns(
        CHG=change,
        PCHG=pl.when(pl.col("BASE") != 0).then(100 * change / pl.col("BASE").abs()),
        CHGNAD=from_nadir,
        PCHGNAD=pl.when(pl.col("NADIR") != 0).then(100 * from_nadir / pl.col("NADIR")),
    )
    return _derive_flags(_derive_progression(marked, study))


def _nadirs(sums: pl.DataFrame) -> pl.DataFrame:
    """The smallest complete sum before each day."""
    counted = pl.when(pl.col("ANL01FL") == "Y").then(pl.col("AVAL"))
    daily = (
        sums.filter(pl.col("ADY").is_not_null())
        .group_by(*KEYS, "ADY")
        .agg(counted.min().alias("day"))
        .sort(*KEYS, "ADY")
    )
    # A day without a complete sum takes the nadir before it along.
    so_far = pl.col("day").cum_min().forward_fill().shift(1).over(KEYS)
    return daily.select(*KEYS, "ADY", so_far.alias("NADIR"))


def _derive_progression(sums: pl.DataFrame, study: Study) -> pl.DataFrame:
    progressed = filter_overall_responses(study).filter(pl.col("RSSTRESC") == "PD")
    days = progressed.select(*KEYS, ADT=date_from_dtc("RSDTC", "D", "first")).drop_nulls().unique()
    return sums.join(days.with_columns(PDFL=pl.lit("Y")), on=[*KEYS, "ADT"], how="left", maintain_order="left")


def _derive_flags(sums: pl.DataFrame) -> pl.DataFrame:
    complete = pl.col("ANL01FL") == "Y"
    after = sums.filter(complete & (pl.col("ADT") > pl.col("RANDDT")))
    best = first_per_subject(after, ["PCHG", "ADY", "AVISITN"]).get_column("_row")
    relevant = sums.filter(complete.fill_null(False) | (pl.col("PDFL") == "Y").fill_null(False))
    seen = (pl.col("PDFL") == "Y").fill_null(False).cast(pl.Int64).cum_sum().over(KEYS)
    before = relevant.filter(seen == 0).get_column("_row")
    return sums.with_columns(
        ANL02FL=_flag(best), ANL03FL=_flag(before), ANL04FL=_flag(relevant.get_column("_row"))
    ).drop("_row")


def _flag(rows: pl.Series) -> pl.Expr:
    """Y on the records of these row numbers."""
    return pl.when(pl.col("_row").is_in(rows.implode())).then(pl.lit("Y"))
