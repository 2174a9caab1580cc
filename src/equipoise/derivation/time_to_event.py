"""ADTTE: one engine for every time-to-event parameter that is written as event and censoring sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
from polars.exceptions import PolarsError

from equipoise.derivation.censoring_rules import SENSITIVITY, CensoringRule, load_rule_set
from equipoise.derivation.conventions import DateSource, Interval, Profile
from equipoise.derivation.rule_facts import RuleFacts, adequate_assessments
from equipoise.derivation.rule_outcomes import IS_PROGRESSION, RULED_KINDS, apply_rules, day_in_words, derive_bounds
from equipoise.derivation.study import KEYS, merge, merge_subject_level
from equipoise.errors import DataError, permitted
from equipoise.frames.adam import conform
from equipoise.frames.tables import require_columns
from equipoise.protocol.censoring import parameter_code
from equipoise.protocol.expressions import parse_expression

Tables = Mapping[str, pl.DataFrame]

_TRACE = ("SRCDOM", "SRCVAR", "SRCSEQ")
_RULED = ("ESTIMAND", "EQSET", "EQWHY")
_BOUNDS = ("LINT", "RINT", "LINTDT", "RINTDT")
# ADRS by the independent reader, with the parameter codes that the sources speak of.
INDEPENDENT = "adrs_independent"


def derive_adtte(profile: Profile, adam: Tables, facts: RuleFacts | None = None) -> pl.DataFrame:
    """ADTTE by the profile's endpoints, each under all its censoring rule sets.

    Event: CNSR 0 on the earliest date over the event sources (tie: the source listed first). No event: CNSR 1 on the
    latest date over the censoring sources (tie: the source listed last). ADT is raised to the start when it is earlier;
    AVAL = ADT - STARTDT + 1 days. Censoring rules then move what they censor to an earlier day.

    Arguments: the profile; the analysis data sets the sources name, by lower-case name, ADSL among them; what the rule
    sets ask of the study (needed where an endpoint has rules).
    Returns one row per subject and parameter that has a date, sorted by subject and PARAMCD.
    Raises DataError `domain-missing`, `column-missing` or `value-invalid` for a source that the data cannot answer.
    """
    parts = [part for endpoint in profile.endpoints for part in _derive_endpoint(endpoint, profile, adam, facts)]
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


def _derive_endpoint(endpoint: Interval, profile: Profile, adam: Tables, facts: RuleFacts | None) -> list[pl.DataFrame]:
    """The endpoint's own parameter, then one for each further rule set."""
    view = _View(endpoint, profile, read_tables(endpoint, adam), facts)
    own, *further = endpoint.rule_sets or (None,)
    rules = (load_rule_set(own).rules if own else ()) + endpoint.estimand_rules
    parts = [_derive_parameter(view, endpoint.id, endpoint.label, rules, own, endpoint.estimand)]
    for name in further:
        rule_set = load_rule_set(name)
        code, label = parameter_code(endpoint.id, name), f"{endpoint.label} ({rule_set.title})"
        parts.append(_derive_parameter(view, code, label, rule_set.rules, name, SENSITIVITY))
    return parts


def read_tables(endpoint: Interval, adam: Tables) -> Tables:
    """The data sets as the endpoint's reader sees them: ADRS is that reader's."""
    return {**adam, "adrs": adam[INDEPENDENT]} if endpoint.reader == "independent" else adam


@dataclass
class _View:
    """An endpoint with the data it is derived from; what several parameters share is computed once."""

    endpoint: Interval
    profile: Profile
    adam: Tables
    facts: RuleFacts | None
    seen: dict[tuple[str, ...], pl.DataFrame] = field(default_factory=dict)

    def observed(self, rules: Sequence[CensoringRule]) -> pl.DataFrame:
        """Before any rule moves a date, under the events that the rules leave or add.

        Where they ask for a baseline assessment, nobody without one has a progression: there is nothing to compare.
        """
        events = _ruled_events(self.endpoint.events, rules)
        compared = self._compared(rules)
        key = (*events, "compared") if compared is not None else events
        if key not in self.seen:
            endpoint = self.endpoint.model_copy(update={"events": events})
            self.seen[key] = _observe(endpoint, self.profile, self.adam, compared)
        return self.seen[key]

    def _compared(self, rules: Sequence[CensoringRule]) -> pl.DataFrame | None:
        """The subjects with a baseline assessment, where the rules ask for one and the data can tell."""
        asked = any(rule.kind == "no-baseline" for rule in rules)
        return self.facts.baseline if asked and self.facts is not None else None

    def stops(self, rules: Sequence[CensoringRule]) -> dict[str, pl.DataFrame]:
        """The first date of each source that a rule stops at."""
        names = [rule.at for rule in rules if rule.kind == "stop" and rule.at]
        return {name: _first_dates(name, "STOP", self.profile, self.adam) for name in names}

    @cached_property
    def adequate(self) -> pl.DataFrame:
        return adequate_assessments(self.adam["adrs"])


def _derive_parameter(
    view: _View, code: str, label: str, rules: Sequence[CensoringRule], rule_set: str | None, estimand: str | None
) -> pl.DataFrame:
    by, kinds = view.profile.id, {rule.kind for rule in rules}
    decided = view.observed(rules).with_columns(
        EQRULE=pl.lit(f"{code}: ") + pl.col("source") + pl.lit(f" [{by}]"), EQWHY=_reason()
    )
    if view.facts is not None and kinds & RULED_KINDS:
        belongs = f"{rule_set or estimand}, {by}"
        decided = apply_rules(decided, rules, view.adequate, view.facts, view.stops(rules), belongs)
    ruled: tuple[str, ...] = ()
    if rule_set is not None or estimand is not None:
        decided = decided.with_columns(ESTIMAND=pl.lit(estimand, pl.String), EQSET=pl.lit(rule_set, pl.String))
        ruled = _RULED
    if "interval" in kinds:
        decided, ruled = derive_bounds(decided, view.adequate), (*_RULED, *_BOUNDS)
    return decided.select(
        *KEYS,
        pl.lit(code).alias("PARAMCD"),
        pl.lit(label).alias("PARAM"),
        ((pl.col("ADT") - pl.col("STARTDT")).dt.total_days() + 1).alias("AVAL"),
        pl.lit("DAYS").alias("AVALU"),
        *("STARTDT", "ADT", "CNSR", "EVNTDESC", "CNSDTDSC"),
        *_TRACE,
        "EQRULE",
        *ruled,
    )


def _ruled_events(events: Sequence[str], rules: Sequence[CensoringRule]) -> tuple[str, ...]:
    """The event sources, without those that a rule drops and with those that one adds."""
    dropped = {rule.at for rule in rules if rule.kind == "drop-source"}
    added = [rule.at for rule in rules if rule.kind == "add-source" and rule.at and rule.at not in events]
    return (*(name for name in events if name not in dropped), *added)


def _reason() -> pl.Expr:
    day = day_in_words("ADT")
    return (
        pl.when(pl.col("CNSR") == 0)
        .then(pl.format("{} on {} is the first event", "EVNTDESC", day))
        .otherwise(pl.format("no event; censored on {}: {}", day, "EVNTDESC"))
    )


def _observe(endpoint: Interval, profile: Profile, adam: Tables, compared: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per subject of the endpoint with an event or a censoring date, before any censoring rule."""
    starts = _first_dates(endpoint.start, "START", profile, adam)
    events = select_events(endpoint, profile, adam, compared)
    censorings = select_censorings(endpoint, profile, adam)
    found = pl.concat([events, censorings.join(events, on=list(KEYS), how="anti")])
    started_only = profile.flag("started_only") if endpoint.started_only is None else endpoint.started_only
    subjects = adam["adsl"].select(KEYS)
    if endpoint.among is not None:
        counted = _candidates([endpoint.among], profile, adam)
        subjects = subjects.join(counted, on=list(KEYS), how="semi")
    subjects = subjects.join(starts, on=list(KEYS), how="inner" if started_only else "left")
    joined = subjects.join(found, on=list(KEYS), how="inner")
    # max_horizontal skips missing values, so that a record without a start keeps its date.
    return joined.with_columns(ADT=pl.max_horizontal("ADT", "STARTDT"))


def _first_dates(name: str, prefix: str, profile: Profile, adam: Tables) -> pl.DataFrame:
    """The first date of a source for each subject that has one: prefix + DT, and the record of it."""
    ordered = _candidates([name], profile, adam).sort(*KEYS, "ADT", "SRCSEQ", nulls_last=True)
    first = ordered.unique(list(KEYS), keep="first", maintain_order=True)
    trace = {"DT": "ADT", "DESC": "EVNTDESC", "DOM": "SRCDOM", "VAR": "SRCVAR", "SEQ": "SRCSEQ"}
    return first.select(*KEYS, *(pl.col(held).alias(prefix + end) for end, held in trace.items()))


def select_events(
    endpoint: Interval, profile: Profile, adam: Tables, compared: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The earliest event of each subject that has one; among sources of one day the one listed first.

    `compared`: the only subjects whose progressions count (None: everybody's do).
    """
    candidates = _candidates(endpoint.events, profile, adam)
    if compared is not None:
        counted = candidates.join(compared, on=list(KEYS), how="semi")
        candidates = pl.concat([candidates.filter(~IS_PROGRESSION), counted.filter(IS_PROGRESSION)])
    candidates = candidates.with_columns(CNSR=pl.lit(0, pl.Int64), CNSDTDSC=pl.lit(None, pl.String))
    ordered = candidates.sort("ADT", "order", "SRCSEQ", nulls_last=True)
    return ordered.unique(list(KEYS), keep="first", maintain_order=True)


def select_censorings(endpoint: Interval, profile: Profile, adam: Tables) -> pl.DataFrame:
    """The latest censoring date of each subject that has one; among sources of one day the one listed last."""
    candidates = _candidates(endpoint.censoring, profile, adam).with_columns(CNSR=pl.lit(1, pl.Int64))
    ordered = candidates.sort("ADT", "order", "SRCSEQ", nulls_last=True)
    return ordered.unique(list(KEYS), keep="last", maintain_order=True)


def _candidates(names: Sequence[str], profile: Profile, adam: Tables) -> pl.DataFrame:
    """Every dated record of the sources, in their order; records without a date are dropped."""
    parts = [_dated(name, place, profile, adam) for place, name in enumerate(names)]
    return pl.concat(parts) if parts else _dated_schema()


def _dated_schema() -> pl.DataFrame:
    text = dict.fromkeys((*KEYS, "source", "kind", "EVNTDESC", "CNSDTDSC", "SRCDOM", "SRCVAR"), pl.String)
    return pl.DataFrame(schema={**text, "SRCSEQ": pl.Float64, "ADT": pl.Date, "order": pl.Int64})


def _dated(name: str, place: int, profile: Profile, adam: Tables) -> pl.DataFrame:
    source = profile.sources[name]
    records = filter_source(name, source, adam)
    sequence = pl.col("ASEQ").cast(pl.Float64) if "ASEQ" in records.columns else pl.lit(None, pl.Float64)
    return records.select(
        *KEYS,
        source=pl.lit(name),
        kind=pl.col("PARAMCD").cast(pl.String) if "PARAMCD" in records.columns else pl.lit(source.date),
        EVNTDESC=pl.lit(source.event),
        CNSDTDSC=pl.lit(source.censoring, pl.String),
        SRCDOM=pl.lit(source.dataset),
        SRCVAR=pl.lit(source.date),
        SRCSEQ=sequence,
        ADT=pl.col(source.date),
        order=pl.lit(place, pl.Int64),
    ).filter(pl.col("ADT").is_not_null())


def filter_source(name: str, source: DateSource, adam: Tables) -> pl.DataFrame:
    """The records of a source's data set for which its expression, over its columns and ADSL's, is true.

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
    from_adsl = {name for name in named if name not in dataset.columns and name in adam["adsl"].columns}
    if from_adsl:
        dataset = merge(dataset, adam["adsl"].select(*KEYS, *sorted(from_adsl)))
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
