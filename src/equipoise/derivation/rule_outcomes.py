"""Censoring rules on observed endpoints: whom each would censor, on which day, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from equipoise.derivation.assessment_windows import AssessmentWindows
from equipoise.derivation.censoring_rules import CensoringRule
from equipoise.derivation.rule_facts import RuleFacts, last_adequate
from equipoise.derivation.study import KEYS
from equipoise.errors import ArgumentError

# What a rule says of a subject it would censor: the day, what it is, the record that dates it, and why.
_OUTCOME = (*KEYS, "TODT", "TODESC", "TODOM", "TOVAR", "TOSEQ", "WHY")
IS_PROGRESSION = pl.col("kind").is_in(["PD", "OVR"])
_PROGRESSED = IS_PROGRESSION & (pl.col("CNSR") == 0)
_DIED = pl.col("kind").is_in(["DEATH", "DTHDT"]) & (pl.col("CNSR") == 0)
_LAST = "Last adequate tumor assessment"


def apply_rules(
    observed: pl.DataFrame,
    rules: Sequence[CensoringRule],
    adequate: pl.DataFrame,
    facts: RuleFacts,
    stops: Mapping[str, pl.DataFrame],
    by: str,
) -> pl.DataFrame:
    """Observed endpoints with those that a rule censors moved to its day; of several rules the earliest day counts.

    Arguments: one row per subject with STARTDT (and the record of it, STARTDOM and so on), ADT, CNSR, `kind` (PARAMCD
    or column of the source) and EVNTDESC; the rules (of rules that agree on the day the first decides); the adequate
    assessments of the endpoint's reader; facts about the subjects; STOPDT and its record by the source that a rule
    stops at; what the rules belong to, for EQRULE.
    """
    found: list[pl.DataFrame] = []
    for place, rule in enumerate(rules):
        if rule.kind in _KINDS:
            outcome = _KINDS[rule.kind](observed, rule, adequate, facts, stops.get(rule.at or "", _NO_STOPS))
            named = {"place": pl.lit(place), "RULE": pl.lit(rule.id), "LABEL": pl.lit(rule.label)}
            found.append(outcome.select(*_OUTCOME, **named))
    if not found:
        return observed
    first = pl.concat(found).sort(*KEYS, "TODT", "place").unique(list(KEYS), keep="first", maintain_order=True)
    joined = observed.join(first, on=list(KEYS), how="left", maintain_order="left")
    return _moved(joined, by).select(observed.columns)


_NO_STOPS = pl.DataFrame(schema=dict.fromkeys(KEYS, pl.String))


def _moved(joined: pl.DataFrame, by: str) -> pl.DataFrame:
    changes = {
        "ADT": pl.col("TODT"),
        "CNSR": pl.lit(1, pl.Int64),
        "EVNTDESC": pl.col("LABEL"),
        "CNSDTDSC": pl.col("TODESC"),
        "SRCDOM": pl.col("TODOM"),
        "SRCVAR": pl.col("TOVAR"),
        "SRCSEQ": pl.col("TOSEQ"),
        "EQRULE": pl.concat_str(pl.col("EQRULE").str.extract(r"^([^:]+: )"), "RULE", pl.lit(f" [{by}]")),
        "EQWHY": pl.concat_str("RULE", pl.lit(": "), "WHY"),
    }
    censored = pl.col("TODT").is_not_null()
    return joined.with_columns(
        pl.when(censored).then(new).otherwise(pl.col(name)).alias(name) for name, new in changes.items()
    )


def day_in_words(column: str) -> pl.Expr:
    """The day of a date as AVAL counts it, that of the start being day 1; the dates themselves stand beside it."""
    since = (pl.col(column) - pl.col("STARTDT")).dt.total_days()
    return pl.format("day {}", since + (since >= 0).cast(pl.Int64))


def _to_reference(found: pl.DataFrame, why: pl.Expr) -> pl.DataFrame:
    """Censored at the last adequate assessment REFDT, or where there is none at the start."""
    seen = pl.col("REFDT").is_not_null()
    return found.with_columns(
        TODT=pl.coalesce("REFDT", "STARTDT"),
        TODESC=pl.when(seen).then(pl.lit(_LAST)).otherwise("STARTDESC"),
        TODOM=pl.when(seen).then(pl.lit("ADRS")).otherwise("STARTDOM"),
        TOVAR=pl.when(seen).then(pl.lit("ADT")).otherwise("STARTVAR"),
        TOSEQ=pl.when(seen).then("REFSEQ").otherwise("STARTSEQ"),
        WHY=why,
    )


def _where() -> pl.Expr:
    """The day of censoring in words."""
    return (
        pl.when(pl.col("REFDT").is_not_null())
        .then(pl.format("last adequate assessment, {}", day_in_words("REFDT")))
        .otherwise(pl.format("start, {}: no adequate assessment by then", day_in_words("STARTDT")))
    )


def _missed(
    observed: pl.DataFrame, rule: CensoringRule, adequate: pl.DataFrame, facts: RuleFacts, _: pl.DataFrame
) -> pl.DataFrame:
    """Events later after the last adequate assessment than the next scheduled intervals and the window allow."""
    windows, anchor = _schedule(rule, facts)
    events = last_adequate(observed.filter(pl.col("CNSR") == 0), "ADT", adequate)
    placed = events.join(anchor, on=list(KEYS), how="left").with_columns(SINCE=pl.coalesce("REFDT", "STARTDT"))
    day = (placed["SINCE"] - placed["ANCHORDT"]).dt.total_days().cast(pl.Float64).to_numpy()
    limit = windows.next_intervals(day, rule.intervals) + (windows.window if rule.window else 0.0)
    gap = (pl.col("ADT") - pl.col("SINCE")).dt.total_days()
    late = placed.with_columns(LIMIT=pl.Series(limit, dtype=pl.Float64), GAP=gap).filter(
        pl.col("GAP") > pl.col("LIMIT")
    )
    allowed = pl.col("LIMIT").round(2).cast(pl.String).str.strip_suffix(".0")
    why = pl.format(
        "{} on {} came {} days after the last adequate assessment or the start, more than {} days; censored at the {}",
        *("EVNTDESC", day_in_words("ADT"), "GAP", allowed, _where()),
    )
    return _to_reference(late, why)


def _schedule(rule: CensoringRule, facts: RuleFacts) -> tuple[AssessmentWindows, pl.DataFrame]:
    if facts.windows is None or facts.anchor is None:
        raise ArgumentError(
            "argument-invalid",
            f"the censoring rule {rule.id} counts scheduled intervals, and the trial has no schedule",
            reason="which assessments were missed depends on when they were due",
            hint="write schedule.tumor_assessments in the trial file",
        )
    return facts.windows, facts.anchor


def _no_baseline(
    observed: pl.DataFrame, rule: CensoringRule, _: pl.DataFrame, facts: RuleFacts, __: pl.DataFrame
) -> pl.DataFrame:
    """Subjects without a baseline assessment, but for an early death."""
    windows, anchor = _schedule(rule, facts)
    if facts.baseline is None:
        return _to_reference(_unreferenced(observed.clear()), pl.lit(""))
    unassessed = observed.join(facts.baseline, on=list(KEYS), how="anti")
    placed = unassessed.join(anchor, on=list(KEYS), how="left")
    day = (placed["STARTDT"] - placed["ANCHORDT"]).dt.total_days().cast(pl.Float64).to_numpy()
    limit = windows.next_intervals(day, rule.intervals) + (windows.window if rule.window else 0.0)
    gap = (pl.col("ADT") - pl.col("STARTDT")).dt.total_days()
    early_death = _DIED & (gap <= pl.col("LIMIT"))
    found = placed.with_columns(LIMIT=pl.Series(limit, dtype=pl.Float64)).filter(~early_death)
    return _to_reference(
        _unreferenced(found),
        pl.format("no tumor assessment at baseline; censored at the start, {}", day_in_words("STARTDT")),
    )


def _unreferenced(found: pl.DataFrame) -> pl.DataFrame:
    """No assessment counts: without a baseline none can be compared."""
    return found.with_columns(REFDT=pl.lit(None, pl.Date), REFSEQ=pl.lit(None, pl.Float64))


def _stopped(
    observed: pl.DataFrame, rule: CensoringRule, adequate: pl.DataFrame, _: RuleFacts, stops: pl.DataFrame
) -> pl.DataFrame:
    """What comes after the day at which following stops."""
    late = observed.join(stops, on=list(KEYS), how="inner").filter(pl.col("ADT") > pl.col("STOPDT"))
    if rule.unless_progression:
        late = late.filter(~_PROGRESSED)
    came = pl.format("{} on {}, before {}", pl.lit(rule.label), day_in_words("STOPDT"), _lower_event())
    if rule.censor_at == "event":
        return late.with_columns(
            TODT=pl.max_horizontal("STOPDT", "STARTDT"),
            TODESC=pl.lit(rule.label),
            TODOM="STOPDOM",
            TOVAR="STOPVAR",
            TOSEQ="STOPSEQ",
            WHY=pl.concat_str(came, pl.lit("; censored there")),
        )
    return _to_reference(last_adequate(late, "STOPDT", adequate), pl.format("{}; censored at the {}", came, _where()))


def _lower_event() -> pl.Expr:
    return (
        pl.when(pl.col("CNSR") == 0)
        .then(pl.format("{} on {}", pl.col("EVNTDESC").str.to_lowercase(), day_in_words("ADT")))
        .otherwise(pl.format("the end of follow-up on {}", day_in_words("ADT")))
    )


_KINDS: Mapping[str, Callable[..., pl.DataFrame]] = {
    "missed-assessments": _missed,
    "no-baseline": _no_baseline,
    "stop": _stopped,
}
RULED_KINDS = frozenset(_KINDS)


def derive_bounds(decided: pl.DataFrame, adequate: pl.DataFrame) -> pl.DataFrame:
    """The two days about each event: LINTDT and RINTDT, and LINT and RINT as days like AVAL.

    A progression lies after LINTDT, the last adequate assessment without it (LINT 0 and LINTDT the start where there is
    none), and on or before RINTDT. A death has both on its day. Without an event RINTDT and RINT are missing and LINTDT
    is the day of censoring (LINT 0 for one never assessed).
    """
    placed = last_adequate(decided, "ADT", adequate)
    seen = pl.col("REFDT").is_not_null()
    between = _PROGRESSED | (pl.col("CNSR") == 1)
    last = pl.when(between).then(pl.coalesce("REFDT", "STARTDT")).otherwise(pl.col("ADT"))
    bounded = placed.with_columns(LINTDT=last, RINTDT=pl.when(pl.col("CNSR") == 0).then(pl.col("ADT")))
    left = (pl.col("LINTDT") - pl.col("STARTDT")).dt.total_days() + 1
    return bounded.with_columns(
        LINT=pl.when(between & ~seen).then(0).otherwise(left),
        RINT=(pl.col("RINTDT") - pl.col("STARTDT")).dt.total_days() + 1,
    ).drop("REFDT", "REFSEQ")
