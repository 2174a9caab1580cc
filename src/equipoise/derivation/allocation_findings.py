"""What is odd about arms and strata of the randomized, as rows of the decision log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from equipoise.derivation.baseline import stratification_factors
from equipoise.derivation.notes import decisions
from equipoise.derivation.study import Study
from equipoise.frames.decisions import Decided
from equipoise.protocol.conduct import Variable


def find_unallocated(study: Study, adsl: pl.DataFrame) -> Iterator[Decided]:
    """Decisions about randomized subjects without an arm or a stratum, arms without randomization, corrected strata."""
    if study.trial is None:
        return
    yield from _without_arm(adsl)
    if study.trial.randomization is None:
        return
    yield from _without_randomization(adsl)
    factors = stratification_factors(study)
    yield from _without_stratum(dict(zip(study.trial.randomization.strata, factors, strict=True)), adsl)
    yield from _corrected_strata(factors, adsl)


def _without_arm(adsl: pl.DataFrame) -> Iterator[Decided]:
    return decisions(
        adsl.filter(pl.col("RANDDT").is_not_null() & pl.col("TRT01P").is_null()),
        "randomized-without-arm",
        domain="DM",
        variable="ARMCD",
        decision="randomized without a planned arm: no comparison of arms holds the subject",
        rule="TRT01P",
    )


def _without_randomization(adsl: pl.DataFrame) -> Iterator[Decided]:
    return decisions(
        adsl.filter(pl.col("RANDDT").is_null() & pl.col("TRT01P").is_not_null()),
        "arm-without-randomization",
        domain="DM",
        variable="ARMCD",
        decision="a planned arm, and no usable date of randomization in DS: counted as not randomized",
        rule="RANDDT",
    )


def _without_stratum(factors: Mapping[str, Variable], adsl: pl.DataFrame) -> Iterator[Decided]:
    for name, variable in factors.items():
        column = variable.analysis
        yield from decisions(
            adsl.filter(pl.col("RANDDT").is_not_null() & pl.col(column).is_null()),
            "stratum-missing",
            domain="ADSL",
            variable=column,
            decision=f"randomized without a value of {name}: no stratified analysis holds the subject",
            rule="strata of randomization",
        )


def _corrected_strata(factors: Sequence[Variable], adsl: pl.DataFrame) -> Iterator[Decided]:
    """Subjects whose stratum was corrected after randomization: analyses use the one randomized by."""
    for place, variable in enumerate(factors, start=1):
        used, verified = pl.col(variable.analysis), pl.col(f"STRAT{place}V")
        yield from decisions(
            adsl.filter(pl.col("RANDDT").is_not_null() & used.ne_missing(verified)),
            "stratum-corrected",
            domain="ADSL",
            variable=variable.analysis,
            decision=pl.format(
                f"randomized by another value than the verified one ({{}}): kept in {variable.analysis}, "
                f"the verified one is in STRAT{place}V",
                verified,
            ),
            rule="STRATAR and STRATAV",
            severity="note",
        )
