"""Offending records become rows of the decision log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import polars as pl

from equipoise.frames.decisions import Decision


def decisions(
    records: pl.DataFrame,
    code: str,
    *,
    domain: str,
    variable: str,
    decision: pl.Expr | str,
    rule: str,
    severity: Literal["warning", "note"] = "warning",
    value: pl.Expr | None = None,
    sequence: str | None = None,
) -> Iterator[Decision]:
    """One decision per record, sorted by subject and sequence.

    Arguments: the offending records; the code; where it was found (domain, variable); what was decided, as words or as
    an expression that makes them; the rule that decided; the value found (the variable itself by default); the column
    of the sequence number (`--SEQ` of the domain by default, where the records hold one).
    """
    if not records.height:
        return
    number = sequence or f"{domain}SEQ"
    words = pl.lit(decision) if isinstance(decision, str) else decision
    found = records.select(
        pl.col("USUBJID"),
        (pl.col(number).cast(pl.Float64) if number in records.columns else pl.lit(None, pl.Float64)).alias("sequence"),
        (pl.col(variable) if value is None else value).cast(pl.String).alias("value"),
        words.alias("decision"),
    ).sort("USUBJID", "sequence", "value", nulls_last=True)
    for usubjid, place, text, what in found.iter_rows():
        yield Decision(
            severity=severity,
            code=code,
            domain=domain,
            usubjid=usubjid,
            sequence=place,
            variable=variable,
            value=text,
            decision=what,
            rule=rule,
        )
