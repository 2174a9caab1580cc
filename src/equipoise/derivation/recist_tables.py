"""The tables of RECIST 1.1 as expressions: target and non-target response, and the overall response of an assessment.

Source: Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, doi:10.1016/j.ejca.2008.10.026, sections 4.3 and 4.4 and
tables 1 and 2; Schwartz LH et al. Eur J Cancer 2016;62:132-137, doi:10.1016/j.ejca.2016.03.081.
"""

from __future__ import annotations

import polars as pl

from equipoise.derivation.conventions import Profile

# Diameters are decimal millimeters: a difference below this is none.
_EXACT = 1e-6


def expect_progression(total: pl.Expr, nadir: pl.Expr, profile: Profile) -> pl.Expr:
    """Whether a sum is progression over the smallest so far: both the percentage and the millimeters are reached.

    Over a smallest sum of 0 the percentage is reached by any growth.
    """
    percent, least = profile.number("progression_percent"), profile.number("progression_millimeters")
    growth = total - nadir
    return (100 * growth >= percent * nadir - _EXACT) & (growth >= least - _EXACT) & (growth > _EXACT)


def expect_partial_response(total: pl.Expr, base: pl.Expr, profile: Profile) -> pl.Expr:
    """Whether a sum lies far enough below baseline for a partial response."""
    return 100 * (base - total) >= profile.number("partial_response_percent") * base - _EXACT


def target_response(profile: Profile) -> pl.Expr:
    """CR, PR, SD, PD or NE of the target lesions; null where there are none.

    Columns: `n_target` lesions at baseline, `n_read` of them read now, `n_left` of those still disease (a node of
    normal size is none), `total` their sum, `base` and `nadir` (null without a complete baseline).
    """
    complete = pl.col("n_read") == pl.col("n_target")
    grown = expect_progression(pl.col("total"), pl.col("nadir"), profile).fill_null(False)
    if not profile.flag("partial_sum_progression"):
        grown &= complete
    shrunk = expect_partial_response(pl.col("total"), pl.col("base"), profile)
    return (
        pl.when(pl.col("n_target") == 0)
        .then(pl.lit(None, pl.String))
        .when(complete & (pl.col("n_left") == 0) & pl.col("base").is_not_null())
        .then(pl.lit("CR"))
        .when(grown & (pl.col("n_read") > 0))
        .then(pl.lit("PD"))
        .when(~complete | pl.col("base").is_null())
        .then(pl.lit("NE"))
        .when(shrunk)
        .then(pl.lit("PR"))
        .otherwise(pl.lit("SD"))
    )


def non_target_response(profile: Profile) -> pl.Expr:
    """CR, NON-CR/NON-PD, PD or NE of the non-target lesions; null where there are none.

    Columns: `n_other` lesions at baseline, of which now `n_gone` are absent, `n_stay` present, `n_worse` unequivocally
    progressed.
    """
    unread = pl.col("n_gone") + pl.col("n_stay") + pl.col("n_worse") < pl.col("n_other")
    if profile.text("non_target_partly_evaluated") != "NE":
        unread &= pl.col("n_stay") == 0
    return (
        pl.when(pl.col("n_worse") > 0)
        .then(pl.lit("PD"))
        .when(pl.col("n_other") == 0)
        .then(pl.lit(None, pl.String))
        .when(unread)
        .then(pl.lit("NE"))
        .when(pl.col("n_stay") > 0)
        .then(pl.lit("NON-CR/NON-PD"))
        .otherwise(pl.lit("CR"))
    )


def overall_response(target: pl.Expr, non_target: pl.Expr, new: pl.Expr) -> pl.Expr:
    """The overall response of an assessment by tables 1 and 2 of RECIST 1.1.

    Arguments: target response (null: no measurable disease, table 2), non-target response (null: none at baseline),
    whether there is an unequivocal new lesion. Without any lesion at baseline and without a new one: NE.

    >>> frame = pl.DataFrame({"t": ["CR", None], "n": ["NE", "NON-CR/NON-PD"], "new": [False, False]})
    >>> frame.select(overall_response(pl.col("t"), pl.col("n"), pl.col("new"))).to_series().to_list()
    ['PR', 'NON-CR/NON-PD']
    """
    measurable = target.is_not_null()
    return (
        pl.when(new.fill_null(False) | (target == "PD").fill_null(False) | (non_target == "PD").fill_null(False))
        .then(pl.lit("PD"))
        .when(measurable & (target == "CR") & (non_target.is_null() | (non_target == "CR")))
        .then(pl.lit("CR"))
        .when(measurable & target.is_in(["CR", "PR"]))
        .then(pl.lit("PR"))
        .when(measurable)
        .then(target)
        .otherwise(non_target.fill_null("NE"))
    )
