"""What is odd in the data but does not stop a derivation: each case is decided by a rule and logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import polars as pl

from equipoise.derivation.adverse_events import toxicity_grade
from equipoise.derivation.allocation_findings import find_unallocated
from equipoise.derivation.notes import decisions
from equipoise.derivation.relatedness import find_unknown_relatedness
from equipoise.derivation.responses import RESPONSE_VALUES, filter_overall_responses, response_level
from equipoise.derivation.study import KEYS, Study, merge
from equipoise.derivation.survival_status import derive_last_evidence
from equipoise.derivation.time_to_event import select_censorings, select_events
from equipoise.frames.dates import ImputationLevel, date_from_dtc, impossible_dtc, precision_of_dtc
from equipoise.frames.decisions import Decided, Decision

# Dates that rules read, besides those of the profile's evidence of life, with what may be filled.
_DATES: tuple[tuple[str, str, ImputationLevel | None], ...] = (
    ("dm", "DTHDTC", "M"),
    ("dm", "RFICDTC", None),
    ("ds", "DSSTDTC", None),
    ("ex", "EXSTDTC", None),
    ("ex", "EXENDTC", None),
    ("ae", "AESTDTC", "M"),
    ("ae", "AEENDTC", "M"),
)


def find_collected(study: Study) -> Iterator[Decided]:
    """Decisions about collected values: dates that cannot be used, response words, deaths without a date, strangers."""
    yield from _impossible_and_partial(study)
    yield from _response_words(study)
    yield from _undated_assessments(study)
    yield from _undated_deaths(study)
    yield from _uncoded_events(study)
    yield from find_unknown_relatedness(study)
    yield from _strangers(study)
    yield from _other_study(study)
    yield from _nothing_found(study)


def _levels(study: Study) -> dict[tuple[str, str], ImputationLevel | None]:
    """Every collected date that a rule reads, with what may be filled in it."""
    levels: dict[tuple[str, str], ImputationLevel | None] = {(name, column): level for name, column, level in _DATES}
    levels["rs", "RSDTC"] = response_level(study.profile)
    for source in study.profile.evidence_of_life:
        if source.dataset != "ADSL":
            levels.setdefault((source.dataset.lower(), source.date), source.level)
    return levels


def _impossible_and_partial(study: Study) -> Iterator[Decided]:
    for (domain, column), level in _levels(study).items():
        if study.has(domain):
            # Few texts are not plain calendar dates; only those need judging, and the rest may be millions.
            unusual = study.table(domain).filter(~pl.col(column).str.contains(_PLAIN_DATE) | _late_day(column))
            yield from _judged_dates(unusual, domain, column, level, study.profile.id)


_PLAIN_DATE = "^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-9]|3[01])$"


def _late_day(column: str) -> pl.Expr:
    """The days 29 to 31, which some months do not have."""
    return pl.col(column).str.slice(8, 2).is_in(["29", "30", "31"])


def _judged_dates(
    unusual: pl.DataFrame, domain: str, column: str, level: ImputationLevel | None, profile: str
) -> Iterator[Decided]:
    if not unusual.height:
        return
    judged = unusual.with_columns(
        _kept=date_from_dtc(column, level, "first").is_not_null(),
        _impossible=impossible_dtc(column),
        _precision=precision_of_dtc(column),
    )
    yield from decisions(
        judged.filter("_impossible"),
        "impossible-date",
        domain=domain.upper(),
        variable=column,
        decision=pl.when("_kept")
        .then(pl.lit("no such time of day exists: the time is left out, the date is kept"))
        .otherwise(pl.lit("no such date exists: taken as missing")),
        rule="ISO 8601",
    )
    too_coarse = pl.col("_precision").is_in(["none", "year", "month"]) & ~pl.col("_kept")
    needed = {None: "a complete date", "D": "year and month", "M": "a year"}[level]
    yield from decisions(
        judged.filter(~pl.col("_impossible") & too_coarse),
        "partial-date",
        domain=domain.upper(),
        variable=column,
        decision=f"partial date, {needed} is needed: taken as missing",
        rule=f"{profile}, imputation level {level or 'none'}",
    )


def _response_words(study: Study) -> Iterator[Decided]:
    records = filter_overall_responses(study)
    known = pl.col("RSSTRESC").is_in(list(RESPONSE_VALUES))
    yield from decisions(
        records.filter(~known),
        "response-unknown",
        domain="RS",
        variable="RSSTRESC",
        decision="no word of the code list (" + ", ".join(RESPONSE_VALUES) + "): kept without a value, never used",
        rule="OVR",
    )
    yield from decisions(
        records.filter(pl.col("RSSTRESC").is_null()),
        "response-missing",
        domain="RS",
        variable="RSSTRESC",
        decision="overall response without a result: kept without a value, never used",
        rule="OVR",
    )


def _undated_assessments(study: Study) -> Iterator[Decided]:
    records = filter_overall_responses(study)
    return decisions(
        records.filter(pl.col("RSDTC").is_null()),
        "assessment-undated",
        domain="RS",
        variable="RSDTC",
        decision="overall response without a date: kept, never used",
        rule="OVR",
    )


def _undated_deaths(study: Study) -> Iterator[Decided]:
    dead = study.table("dm").filter((pl.col("DTHFL") == "Y") & date_from_dtc("DTHDTC", "M").is_null())
    return decisions(
        dead,
        "death-undated",
        domain="DM",
        variable="DTHFL",
        decision="death without a usable date: no event; the subject is censored at the last date known",
        rule="DEATH",
    )


def _uncoded_events(study: Study) -> Iterator[Decided]:
    """Adverse events without a dictionary term, or with a word for a grade that is none."""
    records = study.table("ae")
    yield from decisions(
        records.filter(pl.col("AEDECOD").is_null()),
        "term-missing",
        domain="AE",
        variable="AEDECOD",
        decision="adverse event without a dictionary term: counted, as not coded",
        rule="ADAE",
    )
    yield from decisions(
        records.filter(pl.col("AETOXGR").is_not_null() & toxicity_grade("AETOXGR").is_null()),
        "grade-unknown",
        domain="AE",
        variable="AETOXGR",
        decision="no CTCAE grade 1 to 5: the event counts in any grade only",
        rule="ADAE, ATOXGRN",
    )
    if study.profile.text("severity_variable") == "AETOXGR":
        yield from decisions(
            records.filter(pl.col("AETOXGR").is_null()),
            "grade-missing",
            domain="AE",
            variable="AETOXGR",
            decision="adverse event without a CTCAE grade: it counts in any grade only",
            rule="ADAE, ATOXGRN",
        )


def _strangers(study: Study) -> Iterator[Decided]:
    subjects = study.table("dm").select(KEYS)
    for domain in ("ds", "ex", "ae", "rs", "tu", "tr"):
        if study.has(domain):
            yield from decisions(
                study.table(domain).join(subjects, on=list(KEYS), how="anti").unique(list(KEYS), maintain_order=True),
                "subject-not-in-dm",
                domain=domain.upper(),
                variable="USUBJID",
                decision="the subject is not in DM: its records reach no subject-level result",
                rule="ADSL",
            )


def _other_study(study: Study) -> Iterator[Decided]:
    """The trial file's id is the STUDYID of its data: another one may mean that the wrong folder was named."""
    if study.trial is None:
        return
    names = study.table("dm").get_column("STUDYID").unique().sort().to_list()
    for name in names:
        if name.upper() != study.trial.id.upper():
            yield Decision(
                severity="warning",
                code="study-other",
                domain="DM",
                variable="STUDYID",
                value=name,
                decision=f"data of study {name}, and a trial file of {study.trial.id}: taken as this trial's",
                rule="trial.id",
            )


def _nothing_found(study: Study) -> Iterator[Decided]:
    """A constant that finds nothing where there are records is more likely wrong than right."""
    profile, rs, tu = study.profile, study.table("rs"), study.table("tu")
    sought = (
        ("RS", "RSTESTCD", "response_test", rs, "no overall response is found"),
        ("RS", "RSEVAL", "evaluator", rs, "no overall response is found"),
        ("TU", "VISIT", "baseline_visit", tu, "nobody has measurable disease at baseline"),
    )
    for domain, variable, constant, records, result in sought:
        wanted = profile.text(constant)
        held = records.get_column(variable).drop_nulls().unique().sort().to_list()
        if records.height and wanted not in held:
            listing = ", ".join(held[:10]) or "none"
            yield Decision(
                severity="warning",
                code="constant-finds-nothing",
                domain=domain,
                variable=variable,
                value=wanted,
                decision=f"{domain} holds no {variable} {wanted!r}: {result}; it holds {listing}",
                rule=f"{profile.id}, {constant}",
            )


def find_derived(study: Study, adam: Mapping[str, pl.DataFrame]) -> Iterator[Decided]:
    """Decisions that show once subjects and dates are derived."""
    seen_dead = _seen_after_death(study, adam["adsl"])
    return chain(
        _filled_dates(study, adam),
        _early_deaths(adam["adsl"]),
        _early_assessments(study, adam["adsl"]),
        _never_assessed(adam["adrs"]),
        find_unallocated(study, adam["adsl"]),
        _without_row(study, adam),
        _evidence_after_death(seen_dead),
        _same_day(study, adam, seen_dead),
        _absent_domains(study),
    )


def _filled_dates(study: Study, adam: Mapping[str, pl.DataFrame]) -> Iterator[Decided]:
    places = (
        ("adsl", "DM", "DTHDTC", "DTHDTF", "DTHDT"),
        ("adrs", "RS", "RSDTC", "ADTF", "ADT"),
        ("adae", "AE", "AESTDTC", "ASTDTF", "ASTDT"),
        ("adae", "AE", "AEENDTC", "AENDTF", "AENDT"),
    )
    for name, domain, collected, flag, filled in places:
        records = adam[name].filter(pl.col(flag).is_not_null())
        if name == "adrs":
            records = records.filter(pl.col("PARAMCD") == "OVR")
        yield from decisions(
            records,
            "partial-date-filled",
            domain=domain,
            variable=collected,
            decision=pl.format("partial date filled to {}", pl.col(filled).dt.to_string("%Y-%m-%d")),
            rule=f"{study.profile.id}, {filled}",
            severity="note",
        )


def _early_deaths(adsl: pl.DataFrame) -> Iterator[Decided]:
    return decisions(
        adsl.filter(pl.col("DTHDT") < pl.col("RANDDT")),
        "death-before-randomization",
        domain="DM",
        variable="DTHDTC",
        decision=pl.format(
            "death before randomization ({}): the event counts, its time is raised to the day of randomization",
            pl.col("RANDDT").dt.to_string("%Y-%m-%d"),
        ),
        rule="ADT not before STARTDT",
    )


def _early_assessments(study: Study, adsl: pl.DataFrame) -> Iterator[Decided]:
    """Tumor assessments before informed consent; where its date is unknown, before the trial's screening window."""
    consent = study.table("dm").select(*KEYS, consent=date_from_dtc("RFICDTC"))
    window = study.trial.schedule.screening_window if study.trial else None
    days = int(window.value.days) if window else None
    opened = pl.col("RANDDT") - pl.duration(days=days) if days is not None else pl.lit(None, pl.Date)
    subjects = merge(adsl.select(*KEYS, "RANDDT"), consent).with_columns(opened=opened)
    early = pl.col("day") < pl.coalesce("consent", "opened")
    for domain in ("rs", "tu", "tr"):
        column, sequence = f"{domain.upper()}DTC", f"{domain.upper()}SEQ"
        if study.has(domain):
            dated = study.table(domain).select(*KEYS, sequence, column, day=date_from_dtc(column))
            # Few subjects have an early one; only theirs need looking at one by one.
            begun = merge(dated.group_by(KEYS).agg(day=pl.col("day").min()), subjects).filter(early).select(KEYS)
            found = merge(dated.join(begun, on=list(KEYS), how="semi"), subjects).filter(early)
            first = found.sort(sequence, nulls_last=True).unique([*KEYS, "day"], keep="first")
            yield from decisions(
                first,
                "assessment-before-screening",
                domain=domain.upper(),
                variable=column,
                decision=_early_words(days),
                rule="ANL01FL: not before randomization" if domain == "rs" else "baseline",
            )


def _early_words(days: int | None) -> pl.Expr:
    day = pl.col("consent").dt.to_string("%Y-%m-%d")
    randomized = pl.col("RANDDT").dt.to_string("%Y-%m-%d")
    kept = "the record is kept; no response before randomization counts"
    before_consent = pl.format(f"assessed before informed consent ({{}}): {kept}", day)
    before_window = pl.format(f"assessed more than {days} days before randomization ({{}}): {kept}", randomized)
    return pl.when(pl.col("consent").is_not_null()).then(before_consent).otherwise(before_window)


def _never_assessed(adrs: pl.DataFrame) -> Iterator[Decided]:
    last = adrs.filter((pl.col("PARAMCD") == "LSTA") & pl.col("ADT").is_null() & pl.col("RANDDT").is_not_null())
    counted = adrs.filter((pl.col("PARAMCD") == "OVR") & (pl.col("ANL01FL") == "Y")).select(KEYS).unique()
    none = last.join(counted, on=list(KEYS), how="anti")
    only_ne = last.join(counted, on=list(KEYS), how="semi")
    end = "without an event, progression-free survival is censored at randomization"
    for records, words in ((none, "no usable response"), (only_ne, "no response other than NE")):
        yield from decisions(
            records,
            "never-assessed",
            domain="RS",
            variable="RSDTC",
            value=pl.lit(None, pl.String),
            decision=f"randomized, and {words} on or after randomization: {end}",
            rule="LSTA",
        )


def _without_row(study: Study, adam: Mapping[str, pl.DataFrame]) -> Iterator[Decided]:
    if study.trial is None:
        return
    randomized = adam["adsl"].filter(pl.col("RANDDT").is_not_null())
    for endpoint in study.profile.endpoints:
        if study.profile.sources[endpoint.start].date != "RANDDT" or endpoint.among is not None:
            continue
        rows = adam["adtte"].filter(pl.col("PARAMCD") == endpoint.id)
        yield from decisions(
            randomized.join(rows, on=list(KEYS), how="anti"),
            "endpoint-undated",
            domain="ADTTE",
            variable="ADT",
            value=pl.lit(endpoint.id),
            decision=f"randomized, with neither an event nor a censoring date for {endpoint.id}: no record",
            rule=endpoint.id,
        )


def _seen_after_death(study: Study, adsl: pl.DataFrame) -> pl.DataFrame:
    """Subjects whose evidence of life ends after their death, where the profile caps it; `seen` is its last date."""
    capped = study.profile.flag("last_alive_until_death")
    seen = derive_last_evidence(adsl, study).rename({"LSTALVDT": "seen"})
    return merge(adsl.select(*KEYS, "DTHDT"), seen).filter((pl.col("seen") > pl.col("DTHDT")) & pl.lit(capped))


def _evidence_after_death(seen_dead: pl.DataFrame) -> Iterator[Decided]:
    return decisions(
        seen_dead,
        "evidence-after-death",
        domain="ADSL",
        variable="LSTALVDT",
        value=pl.col("seen").dt.to_string("%Y-%m-%d"),
        decision=pl.format(
            "records dated after death ({}): the last date known alive is the day of death",
            pl.col("DTHDT").dt.to_string("%Y-%m-%d"),
        ),
        rule="LSTALVDT not after DTHDT",
    )


def _same_day(study: Study, adam: Mapping[str, pl.DataFrame], seen_dead: pl.DataFrame) -> Iterator[Decided]:
    """Events on the day of the censoring date that another record gives."""
    adrs = adam["adrs"].select(*KEYS, kind=pl.col("PARAMCD").cast(pl.String), SRCSEQ="ASEQ", dom="SRCDOM", seq="SRCSEQ")
    # Where the last date known alive was capped at death, the day is one by rule, not by two records.
    capped = seen_dead.select(*KEYS, SRCVAR_censoring=pl.lit("LSTALVDT"))
    for endpoint in study.profile.endpoints:
        if endpoint.reader != "investigator":
            continue
        derived = adam["adtte"].filter(pl.col("PARAMCD") == endpoint.id).select(KEYS)
        events = select_events(endpoint, study.profile, adam).join(derived, on=list(KEYS), how="semi")
        censorings = select_censorings(endpoint, study.profile, adam)
        # Most records are of parameters that give no date.
        kinds = {*events["kind"].unique(), *censorings["kind"].unique()} - {None}
        origin = adrs.filter(pl.col("kind").is_in(list(kinds))).drop("kind")
        both = _traced(events, origin).join(
            _traced(censorings, origin), on=[*KEYS, "ADT"], how="inner", suffix="_censoring"
        )
        # The scan that shows progression is also the last assessment: one record, nothing to decide.
        one_record = pl.col("dom").eq_missing(pl.col("dom_censoring")) & pl.col("seq").eq_missing(
            pl.col("seq_censoring")
        )
        yield from decisions(
            both.filter(~(one_record & pl.col("seq").is_not_null())).join(
                capped, on=[*KEYS, "SRCVAR_censoring"], how="anti"
            ),
            "event-and-censoring-same-day",
            domain="ADTTE",
            variable="ADT",
            sequence="SRCSEQ",
            value=pl.col("ADT").dt.to_string("%Y-%m-%d"),
            decision=pl.format(
                f"{endpoint.id}: {{}} and {{}} on one day: the event counts",
                pl.col("EVNTDESC"),
                pl.col("EVNTDESC_censoring"),
            ),
            rule=f"{endpoint.id}: event before censoring",
        )


def _traced(dates: pl.DataFrame, origin: pl.DataFrame) -> pl.DataFrame:
    """Dates with the collected record behind the ADRS record they come from."""
    from_adrs = pl.when(pl.col("SRCDOM") == "ADRS").then(pl.col("SRCSEQ"))
    joined = dates.with_columns(SRCSEQ=from_adrs).join(origin, on=[*KEYS, "SRCSEQ"], how="left")
    return joined.select(*KEYS, "ADT", "EVNTDESC", "SRCVAR", "SRCSEQ", "dom", "seq")


def _absent_domains(study: Study) -> Iterator[Decided]:
    results = {
        "tu": "measurable disease (MDIS) is not derived, and every lesion counts as outside lymph nodes",
        "tr": "ADTR has no rows",
    }
    for domain, words in results.items():
        if not study.has(domain):
            yield Decision(
                severity="warning",
                code="domain-absent",
                domain=domain.upper(),
                decision=f"{domain.upper()} was not collected: {words}",
                rule="required domains",
            )
