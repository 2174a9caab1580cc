"""ADRS by the independent reader, beside the investigator's: the same rules on that reader's records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from equipoise.derivation.conventions import set_constants
from equipoise.derivation.progression_date import derive_progression_date
from equipoise.derivation.response_parameters import derive_adrs
from equipoise.derivation.study import KEYS, Study
from equipoise.derivation.time_to_event import INDEPENDENT
from equipoise.frames.decisions import Decided, Decision

_EVALUATOR = "INDEPENDENT ASSESSOR"
# Parameters that no reader decides.
_UNREAD = ("DEATH", "MDIS")


def derive_read_adrs(study: Study, adsl: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """ADRS, its progressions dated; with an endpoint of the independent reader also by that reader.

    The independent reader's parameters follow the investigator's in ADRS with an I after their code (OVRI, PDI), one
    ASEQ through both. `adrs_independent` holds them by the codes that sources speak of, with the deaths.

    Arguments: a checked study and its ADSL. Returns the data sets by name.
    """
    adrs = derive_progression_date(derive_adrs(study, adsl), study)
    if all(endpoint.reader == "investigator" for endpoint in study.profile.endpoints):
        return {"adrs": adrs}
    read = _as_independent(study)
    independent = derive_progression_date(derive_adrs(read, adsl), read).filter(~pl.col("PARAMCD").is_in(_UNREAD))
    both = pl.concat(
        [
            adrs.with_columns(_code=pl.col("PARAMCD"), _by=pl.lit("investigator")),
            independent.with_columns(
                _code=pl.col("PARAMCD"), _by=pl.lit("independent"), PARAMCD=pl.col("PARAMCD") + pl.lit("I")
            ),
        ],
        how="diagonal_relaxed",
    )
    ordered = both.sort(*KEYS, "PARAMCD", "ADT", "VISITNUM", "RSSEQ", nulls_last=True, maintain_order=True)
    ordered = ordered.with_columns(ASEQ=pl.int_range(1, pl.len() + 1).over(KEYS).cast(both.schema["ASEQ"]))
    seen = ordered.filter((pl.col("_by") == "independent") | (pl.col("PARAMCD") == "DEATH"))
    columns = adrs.columns
    return {
        "adrs": ordered.select(columns),
        INDEPENDENT: seen.with_columns(PARAMCD=pl.col("_code")).select(columns),
    }


def without_empty_acceptance(study: Study) -> Study:
    """The study without an RSACPTFL that no record fills: an empty column is no acceptance of nothing."""
    rs = study.tables.get("rs")
    if rs is None or not _holds_acceptance(study) or rs["RSACPTFL"].null_count() < rs.height:
        return study
    return replace(study, tables={**study.tables, "rs": rs.drop("RSACPTFL")})


def find_unaccepted(study: Study) -> Iterator[Decided]:
    """A decision where an endpoint is the independent reader's and nobody said which of the readings is accepted."""
    if _holds_acceptance(study) or all(endpoint.reader == "investigator" for endpoint in study.profile.endpoints):
        return
    yield Decision(
        severity="warning",
        code="acceptance-not-collected",
        domain="RS",
        variable="RSACPTFL",
        decision="no record of RS is marked as accepted: all of the independent reader count, of one day the worst",
        rule="reader: independent",
    )


def _holds_acceptance(study: Study) -> bool:
    rs = study.tables.get("rs")
    return rs is not None and "RSACPTFL" in rs.columns


def _as_independent(study: Study) -> Study:
    """The study as the independent reader's: accepted records only, where acceptance was collected."""
    constants = {"evaluator": _EVALUATOR, "accepted_records_only": _holds_acceptance(study)}
    profile = set_constants(study.profile, constants, "endpoint read by the independent reader")
    return replace(study, profile=profile)
