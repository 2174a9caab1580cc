"""Offending records become rows of the decision log, whole columns at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import polars as pl


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
) -> Iterator[pl.DataFrame]:
    """One decision per record, sorted by subject and sequence, as a frame for the decision log; none for no record.

    Arguments: the offending records; the code; where it was found (domain, variable); what was decided, as words or as
    an expression that makes them; the rule that decided; the value found (the variable itself by default); the column
    of the sequence number (`--SEQ` of the domain by default, where the records hold one).
    """
    if not records.height:
        return
    number = sequence or f"{domain}SEQ"
    words = pl.lit(decision) if isinstance(decision, str) else decision
    keyed = number in records.columns
    yield records.select(
        severity=pl.lit(severity),
        code=pl.lit(code),
        decision=words,
        domain=pl.lit(domain),
        usubjid=pl.col("USUBJID").cast(pl.String),
        sequence=pl.col(number).cast(pl.Float64) if keyed else pl.lit(None, pl.Float64),
        variable=pl.lit(variable),
        value=(pl.col(variable) if value is None else value).cast(pl.String),
        rule=pl.lit(rule),
    ).sort("usubjid", "sequence", "value", nulls_last=True)
