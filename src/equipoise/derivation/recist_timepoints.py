"""Assessments of each reader in order: sum of diameters, baseline, smallest sum so far, counts of the other lesions."""

from __future__ import annotations

from typing import cast

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.derivation.recist_readings import Readings
from equipoise.derivation.recist_words import ABSENT, EQUIVOCAL, SMALL, UNEQUIVOCAL, UNEVALUABLE

_PLACE = ("reader", "visit")
# A part of a lesion that split: the lesion's id with a letter, or with a separator and a number.
_PART = r"^(.+?)(?:[._\- ]\d+|[._\- ]?[A-Za-z])$"
_JOINED = r"[/+&]"


def derive_timepoints(readings: Readings, profile: Profile) -> pl.DataFrame:
    """One row per reader and visit, in order of time, with everything that the RECIST tables are read from.

    `base` and `nadir` are null where the baseline is not complete; an incomplete sum is no nadir; assessments without
    a date (`dated` false) and those before the baseline (`early`) take no part.
    """
    values = follow_parts(readings)
    counted = _counted(values, profile)
    numbers = readings.facts.group_by("reader").agg(
        n_target=(pl.col("known") == "TARGET").sum().cast(pl.Int64),
        n_other=(pl.col("known") == "NON-TARGET").sum().cast(pl.Int64),
        bone_only=((pl.col("organ") == "BONE") | pl.col("known").is_null()).fill_null(False).all(),
    )
    points = counted.join(numbers, on="reader", how="left").join(
        readings.visits.sort("visit", "VISITNUM", "VISIT", nulls_last=True).unique("visit", keep="first"), on="visit"
    )
    points = points.with_columns(
        pl.col("n_target", "n_other").fill_null(0),
        dated=pl.col("first").is_not_null() | pl.col("baseline"),
    )
    began = points.filter("baseline").select("reader", began="first")
    points = points.join(began, on="reader", how="left")
    early = ~pl.col("baseline") & (pl.col("first") < pl.col("began")).fill_null(False)
    points = points.with_columns(early=early).sort(
        "reader", ~pl.col("dated"), pl.col("early").not_(), ~pl.col("baseline"), "first", "VISITNUM", "visit",
        nulls_last=True,
    )  # fmt: skip
    return _with_new_lesions(_with_nadir(points), values, profile)


def follow_parts(readings: Readings) -> pl.DataFrame:
    """The values of the lesions of the baseline, parts and merged lesions among them; `fate` says which.

    The parts of a lesion that split are added up; of lesions that merged the first takes the diameter of the whole and
    the others 0 (RECIST 1.1, section 4.3.2).
    """
    values = readings.values.with_columns(fate=pl.lit(None, pl.String))
    strange = (pl.col("kind") == "TARGET") & (pl.col("known") != "TARGET").fill_null(True)
    strangers = values.filter(strange)
    if not strangers.height:
        return values
    followed = _parents(strangers, readings)
    parts = strangers.join(followed, on="lkey").with_columns(
        lesion="parent_lesion", lkey="parent", node="parent_node", known=pl.lit("TARGET"),
        mm=pl.when(pl.col("place") == 0).then("mm").otherwise(pl.when(pl.col("mm").is_not_null()).then(0.0)),
        fate="parent_fate",
    ).select(values.columns)  # fmt: skip
    own = values.filter(~strange)
    together = pl.concat([own.join(parts, on=["visit", "lkey"], how="semi"), parts])
    apart = own.join(parts, on=["visit", "lkey"], how="anti")
    left = strangers.join(followed, on="lkey", how="anti")
    return pl.concat([apart, left, _summed(together, values.columns)])


def _parents(strangers: pl.DataFrame, readings: Readings) -> pl.DataFrame:
    """Which lesion of the baseline a later target continues, by the id or by TUGRPID of its TUSPLIT record."""
    size = readings.lesions.height
    targets = readings.facts.filter(pl.col("known") == "TARGET").select(
        parent="lkey", parent_lesion="lesion", parent_node="nodal"
    )
    new = strangers.select("reader", "lkey", "lesion").unique().join(readings.lesions, on="lesion")
    new = new.join(readings.facts.select("lkey", named="parent"), on="lkey", how="left")
    joined = pl.col("LNKID").str.contains(_JOINED)
    text = pl.col("LNKID").str.replace_all(_JOINED, "/").str.split("/")
    part = pl.coalesce("named", pl.col("LNKID").str.extract(_PART, 1))
    listed = new.with_columns(
        names=pl.when(joined).then(text).otherwise(pl.concat_list(part)),
        parent_fate=pl.when(joined).then(pl.lit("merged")).otherwise(pl.lit("part")),
    ).with_columns(places=pl.int_ranges(pl.col("names").list.len()))
    rows = listed.select("reader", "lkey", "names", "places", "parent_fate").explode("names", "places")
    rows = rows.with_columns(pl.col("names").str.strip_chars()).join(
        readings.lesions.rename({"LNKID": "names", "lesion": "own"}), on="names", how="left"
    )
    rows = rows.with_columns(parent=pl.col("reader").cast(pl.Int64) * size + pl.col("own")).join(
        targets, on="parent", how="left"
    )
    whole = rows.filter(pl.col("parent_lesion").is_not_null().all().over("lkey"))
    return whole.select("lkey", "parent", "parent_lesion", "parent_node", "parent_fate", place="places")


def _summed(parts: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Parts of one lesion at one visit as one value; none where one of them was not read."""
    several = parts.sort("visit", "lkey", "SEQ", nulls_last=True)
    whole = pl.col("mm").is_not_null().all()
    summed = several.group_by("visit", "lkey", maintain_order=True).agg(
        pl.col(
            "reader", "lesion", "kind", "known", "node", "state", "date", "length", "SEQ", "accepted", "SRC"
        ).first(),
        mm=pl.when(whole).then(pl.col("mm").sum()),
        fate=pl.col("fate").drop_nulls().first(),
    )
    return summed.select(columns)


def _counted(values: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """Sum, counts, dates and source records of each reader and visit."""
    mm, state, node = pl.col("mm"), pl.col("state"), pl.col("node").fill_null(False)
    target = pl.col("known") == "TARGET"
    other = pl.col("known") == "NON-TARGET"
    normal = float(profile.number("normal_node_millimeters"))
    left = pl.when(node).then(mm >= normal).otherwise(mm > 0)
    worse = (state == UNEQUIVOCAL) & (pl.col("kind") == "NON-TARGET")
    silent = state.is_null() | (state == SMALL)
    gone = (state == ABSENT) | (silent & ~left)
    stay = ~gone & ((silent & mm.is_not_null()) | ~state.is_in([ABSENT, UNEQUIVOCAL, UNEVALUABLE]))
    marked = values.with_columns(
        _mm=pl.when(target).then(mm),
        _left=(target & left).fill_null(False),
        _gone=(other & gone.fill_null(False)).fill_null(False),
        _stay=(other & stay.fill_null(False)).fill_null(False),
        _worse=worse.fill_null(False),
        _seen=((target & left).fill_null(False) | (other & stay & ~node).fill_null(False)),
    )
    sequence = pl.col("SEQ")
    return marked.group_by(_PLACE).agg(
        total=pl.col("_mm").sum().round(6),
        n_read=pl.col("_mm").count().cast(pl.Int64),
        n_left=pl.col("_left").sum().cast(pl.Int64),
        n_gone=pl.col("_gone").sum().cast(pl.Int64),
        n_stay=pl.col("_stay").sum().cast(pl.Int64),
        n_worse=pl.col("_worse").sum().cast(pl.Int64),
        n_seen=pl.col("_seen").sum().cast(pl.Int64),
        first=pl.col("date").min(),
        last=pl.col("date").max(),
        accepted=pl.col("accepted").any(),
        length=pl.col("length").filter(pl.col("date").is_not_null()).min(),
        target_seq=sequence.filter(pl.col("_mm").is_not_null()).min(),
        worse_seq=sequence.filter("_worse").min(),
        any_seq=sequence.filter(pl.col("SRC") == "TR").min(),
    )


def _with_nadir(points: pl.DataFrame) -> pl.DataFrame:
    """Baseline sum, smallest complete sum before each assessment (baseline included) and the visit it was seen at."""
    takes_part = pl.col("dated") & ~pl.col("early")
    complete = takes_part & (pl.col("n_target") > 0) & (pl.col("n_read") == pl.col("n_target"))
    points = points.with_columns(
        total=pl.when((pl.col("n_target") > 0) & (pl.col("n_read") > 0)).then("total"),
        complete=complete,
        place=pl.int_range(pl.len()).over("reader"),
    )
    base = points.filter(pl.col("baseline") & pl.col("complete")).select("reader", base="total")
    points = points.join(base, on="reader", how="left", maintain_order="left")
    counted = pl.when(pl.col("complete") & pl.col("base").is_not_null()).then("total")
    so_far = counted.cum_min().forward_fill().shift(1).over("reader")
    points = points.with_columns(_counted=counted, nadir=pl.when(takes_part).then(so_far))
    lower = pl.col("_counted").is_not_null() & (pl.col("nadir").is_null() | (pl.col("_counted") < pl.col("nadir")))
    seen = pl.when(lower).then("visit").forward_fill().shift(1).over("reader")
    return (
        points.with_columns(nadir_visit=pl.when(pl.col("nadir").is_not_null()).then(seen))
        .drop("_counted")
        .with_columns(began_complete=pl.col("base").is_not_null())
    )


def _with_new_lesions(points: pl.DataFrame, values: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """From which assessment on there is a new lesion, which one, and whether it is an equivocal one.

    An equivocal lesion that a later scan shows beyond doubt counts from the scan on which it was first seen.
    """
    state = pl.col("state")
    sure = state.is_in([UNEQUIVOCAL, "PRESENT", SMALL]) | (state.is_null() & (pl.col("mm") > 0))
    seen = values.filter(pl.col("kind") == "NEW").with_columns(
        _sure=sure.fill_null(False), _unsure=(state == EQUIVOCAL).fill_null(False)
    )
    follow = points.filter(pl.col("dated") & ~pl.col("early") & ~pl.col("baseline"))
    seen = seen.filter(pl.col("_sure") | pl.col("_unsure")).join(follow.select(*_PLACE, "place"), on=list(_PLACE))
    by_lesion = seen.sort("lkey", "place", "SEQ", nulls_last=True).group_by("reader", "lkey", "lesion").agg(
        sure=pl.col("place").filter("_sure").min(), early_place=pl.col("place").min()
    )  # fmt: skip
    started = "early_place" if profile.flag("equivocal_lesion_backdated") else "sure"
    real = by_lesion.filter(pl.col("sure").is_not_null()).sort("reader", started, "sure", "lesion")
    first = real.unique("reader", keep="first", maintain_order=True).select(
        "reader", "sure", new_place=started, new_lesion="lesion", new_key="lkey"
    )
    source = seen.sort("lkey", "place", "SEQ", nulls_last=True).unique(["lkey", "place"], keep="first")
    source = source.select(new_key="lkey", new_place="place", new_seq="SEQ", new_source="SRC")
    first = first.join(source, on=["new_key", "new_place"], how="left")
    confirmed = points.select("reader", sure="place", sure_visit="visit")
    first = first.join(confirmed, on=["reader", "sure"], how="left")
    unsure = seen.filter("_unsure").sort("lesion").unique(list(_PLACE), keep="first")
    points = points.join(first, on="reader", how="left", maintain_order="left")
    points = points.join(unsure.select(*_PLACE, unsure_lesion="lesion"), on=list(_PLACE), how="left")
    takes_part = pl.col("dated") & ~pl.col("early")
    return points.with_columns(
        new=(takes_part & (pl.col("place") >= pl.col("new_place"))).fill_null(False),
        backdated=(pl.col("place") < pl.col("sure")).fill_null(False),
    ).sort("reader", "place")


def lesion_names(
    points: pl.DataFrame, values: pl.DataFrame, readings: Readings, kind: str, found: pl.Expr
) -> pl.DataFrame:
    """The lesions of the baseline of which `found` does not hold at these assessments, as "T02, T03"."""
    wanted = readings.facts.filter(pl.col("known") == kind).select("reader", "lkey", "lesion")
    pairs = points.select(*_PLACE).join(wanted, on="reader")
    absent = pairs.join(values.filter(found).select("visit", "lkey"), on=["visit", "lkey"], how="anti")
    return named(absent, readings)


def named(pairs: pl.DataFrame, readings: Readings) -> pl.DataFrame:
    """The lesions of each reader and visit in words: at most three by name, then how many more."""
    shown = 3
    texts = pairs.unique().join(readings.lesions, on="lesion").sort("reader", "visit", "lesion")
    listed = texts.group_by(_PLACE, maintain_order=True).agg(pl.col("LNKID"))
    names = pl.col("LNKID").list
    more = cast(pl.Expr, names.len() - shown)
    return listed.select(
        *_PLACE,
        names=names.head(shown).list.join(", ")
        + pl.when(names.len() > shown).then(pl.format(" and {} more", more)).otherwise(pl.lit("")),
    )
