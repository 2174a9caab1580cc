"""Whether an adverse event is related to any study drug, from the words that investigators' forms use."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from equipoise.derivation.notes import decisions
from equipoise.derivation.study import Study
from equipoise.frames.decisions import Decided
from equipoise.frames.sdtm import supplemental

RELATED = (
    "RELATED",
    "POSSIBLE",
    "POSSIBLY RELATED",
    "PROBABLE",
    "PROBABLY RELATED",
    "DEFINITE",
    "DEFINITELY RELATED",
    "Y",
)
UNRELATED = ("NOT RELATED", "UNRELATED", "UNLIKELY", "UNLIKELY RELATED", "REMOTE", "NONE", "N")

_NAME = re.compile("AEREL[0-9]{0,2}")


def derive_relatedness(events: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Events with RELGR1: RELATED where any drug's causality says so, else NOT RELATED.

    Read are AEREL and the causality by drug, AEREL1, AEREL2 and on, of AE or SUPPAE. An event without any word that is
    known is as the constant `missing_relatedness` says: RELATED, NOT RELATED, or missing.
    """
    words = _words(events, study)
    related, unrelated = _any_of(words, RELATED), _any_of(words, UNRELATED)
    unsaid = study.profile.text("missing_relatedness")
    other = pl.lit(None if unsaid == "missing" else unsaid.upper(), pl.String)
    group = pl.when(related).then(pl.lit("RELATED")).when(unrelated).then(pl.lit("NOT RELATED")).otherwise(other)
    return events.with_columns(words.select(RELGR1=group).to_series())


def _words(events: pl.DataFrame, study: Study) -> pl.DataFrame:
    """The causality words of each event, one column for each place they are held in."""
    words = events.drop("_row", strict=False)
    if study.has("suppae"):
        by_drug = [name for name in study.tables["suppae"]["QNAM"].unique().sort() if _NAME.fullmatch(name or "")]
        if by_drug:
            words = supplemental({"ae": words, "suppae": study.tables["suppae"]}, "ae", *by_drug)
    held = [name for name in words.columns if _NAME.fullmatch(name)]
    return words.select(pl.col(held).str.strip_chars().str.to_uppercase())


def _any_of(words: pl.DataFrame, known: tuple[str, ...]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_in(known).fill_null(False) for name in words.columns)


def find_unknown_relatedness(study: Study) -> Iterator[Decided]:
    """Decisions about causality words that are neither related nor unrelated."""
    known = [*RELATED, *UNRELATED]
    word = pl.col("AEREL").str.strip_chars().str.to_uppercase()
    unsaid = study.profile.text("missing_relatedness")
    return decisions(
        study.table("ae").filter(pl.col("AEREL").is_not_null() & ~word.is_in(known)),
        "relatedness-unknown",
        domain="AE",
        variable="AEREL",
        decision=f"no word of causality that is known: taken as {unsaid} where no other drug's says more",
        rule="RELGR1",
    )
