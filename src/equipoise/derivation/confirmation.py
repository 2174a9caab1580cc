"""Confirmation of a response by a later assessment."""

from __future__ import annotations

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.derivation.study import KEYS

_CONFIRMS = {"CR": ("CR",), "PR": ("CR", "PR")}


def read_after_complete(usable: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """Usable assessments as confirmation reads them where disease is recorded after a complete response.

    By `complete_response_lost`: "as-recorded", no change; "progression", the first PR, SD or NON-CR/NON-PD after a CR
    is a progression and ends what is usable; "partial", a CR that a PR follows was a PR.
    Source: RECIST 1.1 (Eisenhauer 2009), table 3, footnote a.
    """
    rule, answer = profile.text("complete_response_lost"), pl.col("AVALC")
    if rule == "as-recorded":
        return usable
    if rule == "partial":
        real = pl.when(~answer.is_in(["NE", "MISSING"])).then(answer)
        follows = real.shift(-1).backward_fill().over(KEYS)
        return usable.with_columns(
            AVALC=pl.when((answer == "CR") & (follows == "PR")).then(pl.lit("PR")).otherwise(answer)
        )
    complete = (answer == "CR").cast(pl.Int64)
    lost = (complete.cum_sum().over(KEYS) > 0) & answer.is_in(["PR", "SD", "NON-CR/NON-PD"])
    read = usable.with_columns(_lost=lost).with_columns(_times=pl.col("_lost").cast(pl.Int64).cum_sum().over(KEYS))
    kept = read.filter((pl.col("_times") == 0) | (pl.col("_lost") & (pl.col("_times") == 1)))
    return kept.with_columns(AVALC=pl.when("_lost").then(pl.lit("PD")).otherwise(answer)).drop("_lost", "_times")


def derive_confirmed(usable: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """Usable assessments with `confirmed`: whether a CR or PR is confirmed.

    The window of a response runs from the next usable assessment to the first that is a confirming response (CR for
    CR; CR or PR for PR) at least `confirmation_days` later, including it. The response is confirmed when there is such
    an assessment and the window holds confirming responses only, but for `confirmation_not_evaluable_max` NE (and, for
    PR, `confirmation_stable_max` SD); after a CR in the window of a PR no PR may follow.

    Arguments: usable OVR records, one per subject and ADT, in that order. Returns them with one more column.
    """
    counted = usable.with_row_index("_row").with_columns(
        [_running(pl.col("AVALC").is_in(list(values)), name) for name, values in _COUNTED.items()]
    )
    marked = pl.concat([_confirmed_rows(counted, response, profile) for response in _CONFIRMS])
    return usable.with_row_index("_row").with_columns(confirmed=pl.col("_row").is_in(marked.implode())).drop("_row")


_COUNTED = {
    "_any": ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "MISSING"),
    "_cr": ("CR",),
    "_pr": ("PR",),
    "_ne": ("NE",),
    "_sd": ("SD",),
}


def _running(condition: pl.Expr, name: str) -> pl.Expr:
    """How often the condition held for a subject up to and including a record."""
    return condition.cast(pl.Int64).cum_sum().over(KEYS).alias(name)


def _next(
    responses: pl.DataFrame, counted: pl.DataFrame, values: tuple[str, ...], days: int, suffix: str
) -> pl.DataFrame:
    """Each response with the running counts at the first record of `values` at least `days` days later."""
    later = counted.filter(pl.col("AVALC").is_in(list(values))).select(
        *KEYS, pl.col("ADT").alias("_from"), *(pl.col(name).alias(f"{name}{suffix}") for name in _COUNTED)
    )
    reached = responses.with_columns(_from=pl.col("ADT") + pl.duration(days=days)).sort("_from")
    return reached.join_asof(
        later.sort("_from"), on="_from", by=list(KEYS), strategy="forward", check_sortedness=False
    ).drop("_from")


def _confirmed_rows(counted: pl.DataFrame, response: str, profile: Profile) -> pl.Series:
    """Row numbers of the confirmed responses of one kind."""
    found = counted.filter(pl.col("AVALC") == response)
    found = _next(found, counted, _CONFIRMS[response], profile.number("confirmation_days"), "_end")
    found = _next(found, counted, ("CR",), 1, "_first_cr")

    def inside(name: str) -> pl.Expr:
        return pl.col(f"{name}_end") - pl.col(name)

    stable = inside("_sd") if response == "PR" else pl.lit(0)
    confirming = inside("_cr") + (inside("_pr") if response == "PR" else pl.lit(0))
    kept = (
        pl.col("_any_end").is_not_null()
        & (confirming + inside("_ne") + stable == inside("_any"))
        & (inside("_ne") <= profile.number("confirmation_not_evaluable_max"))
        & (stable <= profile.number("confirmation_stable_max"))
    )
    if response == "PR":
        # Counted from the first CR after the response; without one inside the window the difference is not positive.
        kept &= (pl.col("_pr_end") - pl.col("_pr_first_cr")).fill_null(0) <= 0
    return found.filter(kept.fill_null(False)).get_column("_row")
