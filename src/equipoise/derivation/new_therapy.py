"""The first new anticancer therapy after randomization."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from equipoise.derivation.conventions import Evidence
from equipoise.derivation.notes import decisions
from equipoise.derivation.study import KEYS, Study, merge
from equipoise.frames.dates import date_from_dtc
from equipoise.frames.decisions import Decided
from equipoise.protocol.expressions import parse_expression


def derive_new_therapy(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """ADSL with NACTDT: the earliest complete date, on or after randomization, of the profile's new therapies.

    Arguments: ADSL with RANDDT; the study. Returns ADSL as it is where the profile names no such records.
    """
    if not study.profile.new_therapy:
        return adsl
    dated = [
        _records(source, study).select(*KEYS, NACTDT=date_from_dtc(source.date, source.level, "first"))
        for source in study.profile.new_therapy
    ]
    after = (
        pl.concat(dated).join(adsl.select(*KEYS, "RANDDT"), on=list(KEYS)).filter(pl.col("NACTDT") >= pl.col("RANDDT"))
    )
    return merge(adsl, after.group_by(KEYS).agg(pl.col("NACTDT").min()))


def find_undated_therapies(study: Study) -> Iterator[Decided]:
    """A decision for each new therapy whose start has no usable date."""
    for source in study.profile.new_therapy:
        undated = date_from_dtc(source.date, source.level, "first").is_null()
        yield from decisions(
            _records(source, study).filter(undated),
            "partial-date",
            domain=source.dataset,
            variable=source.date,
            decision="the start of a new anticancer therapy has no complete date: no rule can use it",
            rule="NACTDT",
        )


def _records(source: Evidence, study: Study) -> pl.DataFrame:
    records = study.table(source.dataset.lower())
    return records.filter(parse_expression(source.where).to_polars()) if source.where else records
