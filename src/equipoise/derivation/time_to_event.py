"""ADTTE: one engine for every time-to-event parameter that is written as event and censoring sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from polars.exceptions import PolarsError

from equipoise.derivation.conventions import DateSource, Interval, Profile
from equipoise.derivation.study import KEYS, merge_subject_level
from equipoise.errors import DataError, permitted
from equipoise.frames.adam import conform
from equipoise.frames.tables import require_columns
from equipoise.protocol.expressions import parse_expression

_TRACE = ("SRCDOM", "SRCVAR", "SRCSEQ")


def derive_adtte(profile: Profile, adam: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """ADTTE by the profile's endpoints.

    Event: CNSR 0 on the earliest date over the event sources (tie: the source listed first). No event: CNSR 1 on the
    latest date over the censoring sources (tie: the source listed last). ADT is raised to the start when it is earlier;
    AVAL = ADT - STARTDT + 1 days.

    Arguments: the profile; the analysis data sets the sources name, by lower-case name, ADSL among them.
    Returns one row per subject and endpoint that has a date, sorted by subject and PARAMCD.
    Raises DataError `domain-missing`, `column-missing` or `value-invalid` for a source that the data cannot answer.
    """
    parts = [_derive_endpoint(endpoint, profile, adam) for endpoint in profile.endpoints]
    adsl = adam["adsl"]
    empty = pl.DataFrame(schema={"STUDYID": pl.String, "USUBJID": pl.String, "PARAMCD": pl.String, **_EMPTY})
    adtte = pl.concat([empty, *parts], how="diagonal_relaxed").sort(*KEYS, "PARAMCD")
    adtte = adtte.with_columns(ASEQ=pl.int_range(1, pl.len() + 1).over(KEYS))
    return conform(merge_subject_level(adtte, adsl, "AGE", "SEX"), "ADTTE")


_EMPTY = {
    "PARAM": pl.String,
    "AVAL": pl.Int64,
    "AVALU": pl.String,
    "STARTDT": pl.Date,
    "ADT": pl.Date,
    "CNSR": pl.Int64,
    "EVNTDESC": pl.String,
    "CNSDTDSC": pl.String,
    "SRCDOM": pl.String,
    "SRCVAR": pl.String,
    "SRCSEQ": pl.Float64,
    "EQRULE": pl.String,
}


def _derive_endpoint(endpoint: Interval, profile: Profile, adam: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    starts = _candidates([endpoint.start], profile, adam).group_by(KEYS).agg(STARTDT=pl.col("ADT").min())
    events = select_events(endpoint, profile, adam)
    censorings = select_censorings(endpoint, profile, adam)
    found = pl.concat([events, censorings.join(events, on=list(KEYS), how="anti")])
    started_only = profile.flag("started_only") if endpoint.started_only is None else endpoint.started_only
    subjects = adam["adsl"].select(KEYS)
    subjects = subjects.join(starts, on=list(KEYS), how="inner" if started_only else "left")
    joined = subjects.join(found, on=list(KEYS), how="inner")
    # max_horizontal skips missing values, so that a record without a start keeps its date.
    raised = joined.with_columns(ADT=pl.max_horizontal("ADT", "STARTDT"))
    return raised.select(
        *KEYS,
        pl.lit(endpoint.id).alias("PARAMCD"),
        pl.lit(endpoint.label).alias("PARAM"),
        ((pl.col("ADT") - pl.col("STARTDT")).dt.total_days() + 1).alias("AVAL"),
        pl.lit("DAYS").alias("AVALU"),
        *("STARTDT", "ADT", "CNSR", "EVNTDESC", "CNSDTDSC"),
        *_TRACE,
        (pl.lit(f"{endpoint.id}: ") + pl.col("source") + pl.lit(f" [{profile.id}]")).alias("EQRULE"),
    )


def select_events(endpoint: Interval, profile: Profile, adam: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The earliest event of each subject that has one; among sources of one day the one listed first."""
    candidates = _candidates(endpoint.events, profile, adam).with_columns(
        CNSR=pl.lit(0, pl.Int64), CNSDTDSC=pl.lit(None, pl.String)
    )
    ordered = candidates.sort(*KEYS, "ADT", "order", "SRCSEQ", nulls_last=True)
    return ordered.unique(list(KEYS), keep="first", maintain_order=True)


def select_censorings(endpoint: Interval, profile: Profile, adam: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The latest censoring date of each subject that has one; among sources of one day the one listed last."""
    candidates = _candidates(endpoint.censoring, profile, adam).with_columns(CNSR=pl.lit(1, pl.Int64))
    ordered = candidates.sort(*KEYS, "ADT", "order", "SRCSEQ", nulls_last=True)
    return ordered.unique(list(KEYS), keep="last", maintain_order=True)


def _candidates(names: Sequence[str], profile: Profile, adam: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every dated record of the sources, in their order; records without a date are dropped."""
    parts = [_dated(name, place, profile, adam) for place, name in enumerate(names)]
    return pl.concat(parts) if parts else _dated_schema()


def _dated_schema() -> pl.DataFrame:
    text = dict.fromkeys((*KEYS, "source", "EVNTDESC", "CNSDTDSC", "SRCDOM", "SRCVAR"), pl.String)
    return pl.DataFrame(schema={**text, "SRCSEQ": pl.Float64, "ADT": pl.Date, "order": pl.Int64})


def _dated(name: str, place: int, profile: Profile, adam: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    source = profile.sources[name]
    records = filter_source(name, source, adam)
    sequence = pl.col("ASEQ").cast(pl.Float64) if "ASEQ" in records.columns else pl.lit(None, pl.Float64)
    return records.select(
        *KEYS,
        source=pl.lit(name),
        EVNTDESC=pl.lit(source.event),
        CNSDTDSC=pl.lit(source.censoring, pl.String),
        SRCDOM=pl.lit(source.dataset),
        SRCVAR=pl.lit(source.date),
        SRCSEQ=sequence,
        ADT=pl.col(source.date),
        order=pl.lit(place, pl.Int64),
    ).filter(pl.col("ADT").is_not_null())


def filter_source(name: str, source: DateSource, adam: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The records of a source's data set for which its expression is true.

    Raises DataError `domain-missing`, `column-missing`, or `value-invalid` for a column of the wrong kind.
    """
    dataset = adam.get(source.dataset.lower())
    if dataset is None:
        raise DataError(
            "domain-missing",
            f"source {name} takes its date from {source.dataset}, which is not derived",
            hint=permitted(source.dataset, [name.upper() for name in adam]),
        )
    where = parse_expression(source.where) if source.where else None
    named = [part.name for part in where.names] if where else []
    require_columns(dataset, source.dataset, [*named, source.date], f"source {name}")
    if dataset.schema[source.date] != pl.Date:
        raise DataError(
            "value-invalid",
            f"source {name} takes its date from {source.dataset}.{source.date}, which holds no dates",
            hint="dates: " + ", ".join(column for column, kind in dataset.schema.items() if kind == pl.Date),
        )
    if where is None:
        return dataset
    try:
        return dataset.filter(where.to_polars())
    except PolarsError as error:
        raise DataError(
            "value-invalid",
            f"source {name}: the expression {source.where!r} does not fit {source.dataset}",
            reason=str(error).splitlines()[0],
            hint="compare text columns with quoted values and number columns with numbers",
        ) from error
