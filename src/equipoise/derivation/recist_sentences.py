"""Why an assessment has its response: reason codes, and the sentence that is made of them."""

from __future__ import annotations

import math

import polars as pl

from equipoise.derivation.conventions import Profile

_VERDICTS = {
    "CR": "complete response",
    "PR": "partial response",
    "SD": "stable disease",
    "PD": "progression",
    "NE": "response not evaluable",
    "NON-CR/NON-PD": "neither complete response nor progression",
}
_NONE = pl.lit(None, pl.String)


def derive_sentences(points: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """The assessments with `reason`, codes separated by a semicolon, and `why`, one English sentence.

    A progression names what shows it and nothing else; any other response names the state of each kind of lesion.
    """
    written = points.select(list(_NEEDED)).with_columns(**_numbers())
    kinds = [None, *_VERDICTS]
    told = [
        _told(written.filter(pl.col("overall").eq_missing(pl.lit(kind, pl.String))), kind, profile) for kind in kinds
    ]
    joined = pl.concat(told).sort("reader", "place")
    return points.sort("reader", "place").with_columns(joined["reason"], joined["why"])


_NEEDED = (
    "reader", "place", "overall", "target", "non_target", "again", "new", "backdated", "asked", "dated", "early",
    "baseline", "complete", "began_complete", "total", "base", "nadir", "n_target", "n_other", "n_read", "missing",
    "silent", "worse", "fates", "new_name", "new_organ", "new_place", "sure_name", "unsure_name", "since",
    "nadir_name",
)  # fmt: skip


def _numbers() -> dict[str, pl.Expr]:
    """The numbers of the sentences as text."""
    total, base, nadir = pl.col("total"), pl.col("base"), pl.col("nadir")
    return {
        "text_total": number(total),
        "text_base": number(base),
        "text_nadir": number(nadir),
        "text_growth": number(total - nadir),
        "text_growth_percent": number(100 * (total - nadir) / nadir, 1),
        "text_change_percent": number((100 * (total - base) / base).abs(), 1),
    }


def _told(part: pl.DataFrame, overall: str | None, profile: Profile) -> pl.DataFrame:
    if overall is None:
        return part.select("reader", "place", reason=_unasked_reason(), why=_unasked())
    if overall == "PD":
        clauses, codes = _progression(), _progression_codes()
    else:
        clauses, codes = [_target(overall, profile), _non_target(), _unsure()], _other_codes(profile)
    clauses = [pl.when(pl.col("fates").is_not_null()).then(_fates()), *clauses]
    text = pl.concat_str(clauses, separator="; ", ignore_nulls=True)
    bare = pl.when((pl.col("n_target") == 0) & (pl.col("n_other") == 0) & ~pl.col("new")).then(
        pl.lit("No lesion was identified at baseline")
    )
    sentence = pl.concat_str(pl.coalesce(bare, text), pl.lit(": " + _VERDICTS[overall]))
    upper = pl.concat_str(pl.col("why").str.slice(0, 1).str.to_uppercase(), pl.col("why").str.slice(1))
    reason = pl.concat_str(codes, separator="; ", ignore_nulls=True)
    return part.select("reader", "place", reason=reason, why=sentence).with_columns(why=upper)


def _unasked() -> pl.Expr:
    incomplete = pl.format("Baseline without a measurement of every target lesion ({} of {})", "n_read", "n_target")
    base = pl.format("Baseline: sum of diameters {} mm of {}", "text_total", _counted("n_target", "target lesion"))
    return (
        pl.when(~pl.col("dated"))
        .then(pl.lit("No usable date, so that its place among the assessments is not known: not used"))
        .when("early")
        .then(pl.lit("Before the baseline assessment: not used"))
        .when(pl.col("complete"))
        .then(base)
        .when(pl.col("n_target") > 0)
        .then(incomplete)
        .otherwise(pl.lit("Baseline without target lesions"))
    )


def _unasked_reason() -> pl.Expr:
    return (
        pl.when(~pl.col("dated"))
        .then(pl.lit("undated"))
        .when("early")
        .then(pl.lit("before-baseline"))
        .otherwise(pl.lit("baseline"))
    )


def number(value: str | pl.Expr, places: int = 2) -> pl.Expr:
    """A number without useless zeros, cut after some places, so that 19.96 is never called 20.

    >>> pl.DataFrame({"mm": [34.0, 20.37, 19.96]}).select(number("mm", 1)).to_series().to_list()
    ['34', '20.3', '19.9']
    """
    held = pl.col(value) if isinstance(value, str) else value
    scale = math.pow(10, places)
    return ((held * scale + 1e-6).floor() / scale).round(places).cast(pl.String).str.strip_suffix(".0")


def _counted(column: str, word: str) -> pl.Expr:
    one = pl.lit(f"1 {word}")
    return pl.when(pl.col(column) == 1).then(one).otherwise(pl.format("{} " + word + "s", column))


def _fates() -> pl.Expr:
    part = pl.col("fates").str.replace("part", "split").str.replace("merged", "merged")
    return pl.format("a target lesion has {}", part)


_TOTAL = pl.col("total")


def _above_smallest(link: str) -> pl.Expr:
    smallest = pl.format("({} mm at {})", "text_nadir", pl.col("nadir_name").fill_null("an unnamed visit"))
    usual = pl.format(
        link + " {}% and {} mm above the smallest so far {}",
        "text_growth_percent",
        "text_growth",
        smallest,
    )
    from_nothing = pl.format(link + " {} mm above the smallest so far {}", "text_growth", smallest)
    return pl.when(pl.col("nadir") > 0).then(usual).otherwise(from_nothing)


def _progression() -> list[pl.Expr]:
    complete = pl.col("n_read") == pl.col("n_target")
    whole = pl.format("sum of diameters {} mm,{}", "text_total", _above_smallest(""))
    partly = pl.format("sum of diameters {} mm without {},{}", "text_total", "missing", _above_smallest(" already"))
    grown = pl.when(pl.col("target") == "PD").then(pl.when(complete).then(whole).otherwise(partly))
    worse = pl.when(pl.col("non_target") == "PD").then(pl.format("unequivocal growth of non-target {}", "worse"))
    again = pl.when("again").then(pl.lit("disease seen again after complete response"))
    return [grown, worse, pl.when("new").then(_new()), again]


def _new() -> pl.Expr:
    place = pl.coalesce(pl.format(" ({})", "new_organ"), pl.lit(""))
    told = (
        pl.when("backdated")
        .then(pl.format(", equivocal here and confirmed at {}", pl.col("sure_name").fill_null("a later visit")))
        .when(pl.col("place") > pl.col("new_place"))
        .then(pl.format(", seen since {}", pl.col("since").fill_null("an earlier visit")))
        .otherwise(pl.lit(""))
    )
    return pl.format("new lesion {}{}{}", "new_name", place, told)


def _progression_codes() -> list[pl.Expr]:
    complete = pl.col("n_read") == pl.col("n_target")
    return [
        pl.when(pl.col("target") == "PD").then(
            pl.when(complete).then(pl.lit("target-growth")).otherwise(pl.lit("target-growth-of-those-read"))
        ),
        pl.when(pl.col("non_target") == "PD").then(pl.lit("non-target-progression")),
        pl.when("new").then(
            pl.when("backdated").then(pl.lit("new-lesion-confirmed-later")).otherwise(pl.lit("new-lesion"))
        ),
        pl.when("again").then(pl.lit("seen-again")),
    ]


def _target(overall: str, profile: Profile) -> pl.Expr:
    """What the target lesions show, where that is not progression."""
    normal = profile.number("normal_node_millimeters")
    gone = (
        pl.when(_TOTAL == 0)
        .then(pl.lit("no target lesion left"))
        .otherwise(pl.format("no target lesion left but nodes below {} mm (sum {} mm)", pl.lit(normal), "text_total"))
    )
    unread = pl.format("{} not evaluated", "missing")
    without = (
        pl.when(pl.col("began_complete"))
        .then(unread)
        .otherwise(pl.lit("no complete baseline of the target lesions to compare with"))
    )
    by_response = {"CR": gone, "NE": without, "PR": _compared(profile, near_only=True), "SD": _compared(profile)}
    text = _NONE
    for response, clause in by_response.items():
        if overall in ("SD", "NE") and response not in (overall, "NE"):
            continue
        text = pl.when(pl.col("target") == response).then(clause).otherwise(text)
    return text


def _against_baseline() -> pl.Expr:
    change = _TOTAL - pl.col("base")
    percent, base = "text_change_percent", "text_base"
    side = (
        pl.when(change < 0)
        .then(pl.format("{}% below baseline ({} mm)", percent, base))
        .when(change > 0)
        .then(pl.format("{}% above baseline ({} mm)", percent, base))
        .otherwise(pl.lit("as at baseline"))
    )
    return pl.format("sum of diameters {} mm, {}", "text_total", side)


def _compared(profile: Profile, *, near_only: bool = False) -> pl.Expr:
    """The sum against baseline and, where it has grown since (`near_only`: by the percentage), the smallest."""
    growth = _TOTAL - pl.col("nadir")
    lower, grown = pl.col("nadir") < pl.col("base"), growth > 0
    near = grown & (100 * growth >= profile.number("progression_percent") * pl.col("nadir") - 1e-6)
    above = pl.format("{}{}", _against_baseline(), _above_smallest(" and"))
    short = pl.format(", but less than {} mm", pl.lit(profile.number("progression_millimeters")))
    told = pl.when(lower & (near if near_only else grown)).then(above).otherwise(_against_baseline())
    return pl.concat_str(told, pl.when(near).then(short).otherwise(pl.lit("")))


def _non_target() -> pl.Expr:
    state = pl.col("non_target")
    return (
        pl.when(state == "CR")
        .then(pl.lit("all non-target lesions absent"))
        .when(state == "NON-CR/NON-PD")
        .then(pl.lit("non-target lesions persist"))
        .when(state == "NE")
        .then(pl.format("{} not evaluated", pl.col("silent").fill_null("a non-target lesion")))
    )


def _unsure() -> pl.Expr:
    name = pl.format("the new lesion {} is equivocal and does not count", "unsure_name")
    return pl.when(pl.col("unsure_name").is_not_null()).then(name)


def _other_codes(profile: Profile) -> list[pl.Expr]:
    growth = 100 * (_TOTAL - pl.col("nadir"))
    near = (growth >= profile.number("progression_percent") * pl.col("nadir") - 1e-6) & (growth > 0)
    target, other = pl.col("target"), pl.col("non_target")
    return [
        pl.when(target == "CR")
        .then(pl.lit("targets-gone"))
        .when(target == "PR")
        .then(pl.lit("target-decrease"))
        .when((target == "SD") & near.fill_null(False))
        .then(pl.lit("target-growth-too-small"))
        .when(target == "SD")
        .then(pl.lit("target-stable"))
        .when((target == "NE") & pl.col("began_complete"))
        .then(pl.lit("target-not-evaluated"))
        .when(target == "NE")
        .then(pl.lit("baseline-incomplete")),
        pl.when(other == "CR")
        .then(pl.lit("non-targets-gone"))
        .when(other == "NON-CR/NON-PD")
        .then(pl.lit("non-targets-persist"))
        .when(other == "NE")
        .then(pl.lit("non-target-not-evaluated")),
        pl.when(pl.col("unsure_name").is_not_null()).then(pl.lit("new-lesion-equivocal")),
        pl.when((pl.col("n_target") == 0) & (pl.col("n_other") == 0)).then(pl.lit("no-disease-at-baseline")),
    ]
