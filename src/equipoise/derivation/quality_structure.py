"""Quality of collected data: domains, columns, types, keys, subjects, duplicates."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from equipoise.derivation.quality_records import SUBJECT, Collected, finding_alone, finding_rows, first_of, repeated
from equipoise.errors import nearest
from equipoise.frames.domains import domain as domain_of
from equipoise.frames.keys import record_keys

# Codes that DM held in place of an empty ARMCD before SDTMIG 3.3.
NO_ARM_CODES = ("SCRNFAIL", "NOTASSGN", "NOTTRT", "UNPLAN")

# What a record is about, beside the subject: two records equal in all of it say the same thing twice.
_CONTENT = {
    "rs": ("RSTESTCD", "RSCAT", "RSEVAL", "RSEVALID", "VISITNUM", "VISIT", "RSDTC"),
    "tr": ("TRLNKID", "TRTESTCD", "TREVAL", "TREVALID", "VISITNUM", "VISIT", "TRDTC"),
    "tu": ("TULNKID", "TUTESTCD", "TUEVAL", "TUEVALID", "VISITNUM", "VISIT", "TUDTC"),
    "ae": ("AESPID", "AETERM", "AEDECOD", "AESTDTC", "AEENDTC", "AESEV", "AETOXGR"),
    "ex": ("EXTRT", "EXDOSE", "EXDOSU", "EXSTDTC", "EXENDTC"),
}


def find_structure(data: Collected) -> Iterator[pl.DataFrame]:
    """Domains and columns that are missing, values of the wrong type, keys, subjects, duplicates."""
    yield from _domains(data)
    yield from _types(data)
    yield from _keys(data)
    yield from _subjects(data)
    yield from _randomizations(data)
    yield from _levels(data)
    yield from _repeated(data)


def _domains(data: Collected) -> Iterator[pl.DataFrame]:
    held = ", ".join(sorted(name.upper() for name in data.tables)) or "none"
    for domain, columns in data.profile.required.items():
        if domain not in data.tables:
            needed = ", ".join(columns)
            yield finding_alone(
                "domain-missing",
                domain,
                "",
                f"{domain.upper()} was not collected; {needed} of it are needed; domains there are: {held}",
            )
    for domain, table in data.tables.items():
        known = domain_of(domain)
        needed = (*data.profile.required.get(domain, ()), *(known.required if known else ()))
        for column in dict.fromkeys(needed):
            if column not in table.columns:
                close = nearest(column, table.columns)
                hint = f"; did you mean {close}" if close else ""
                words = f"{domain.upper()} has no column {column}{hint}; columns there are: {', '.join(table.columns)}"
                yield finding_alone("column-missing", domain, column, words)


def _types(data: Collected) -> Iterator[pl.DataFrame]:
    for (domain, column), records in data.unreadable.items():
        words = pl.format(f"{column} is a number, and holds {{}}", pl.col(column))
        yield finding_rows(records, "value-invalid", domain, [column], words)


def _keys(data: Collected) -> Iterator[pl.DataFrame]:
    for domain, records in data.records.items():
        keys = record_keys(domain, records.columns)
        if "USUBJID" in keys:
            code = "key-missing" if domain == "dm" else "subject-missing"
            unnamed = records.filter(pl.any_horizontal(pl.col(key).is_null() for key in keys if key.endswith("ID")))
            yield finding_rows(unnamed, code, domain, keys, f"a record of {domain.upper()} says not whose it is")
        sequence = f"{domain.upper()}SEQ"
        if sequence in keys and "USUBJID" in keys:
            unnumbered = records.filter(pl.col(sequence).is_null())
            words = f"{sequence} is missing: what is derived from the record cannot be traced to it"
            yield finding_rows(unnumbered, "sequence-missing", domain, [sequence], words)
            numbered = records.filter(pl.col(sequence).is_not_null() & pl.col(SUBJECT).is_not_null())
            twice = repeated(numbered, [SUBJECT, sequence])
            words = f"several records of the subject in {domain.upper()} have one {sequence}"
            yield finding_rows(twice, "sequence-duplicate", domain, [sequence], words)


def _subjects(data: Collected) -> Iterator[pl.DataFrame]:
    dm = data.records.get("dm")
    if dm is None:
        return
    if not dm.height:
        yield finding_alone("nobody-collected", "dm", "", "DM holds no record, and so no subject")
    twice = repeated(dm.filter(pl.col("USUBJID").is_not_null()), ["STUDYID", "USUBJID"])
    yield finding_rows(twice, "subject-duplicate", "dm", ["ARMCD", "ARM"], "the subject has several records in DM")
    if "STUDYID" in dm.columns:
        studies = dm.get_column("STUDYID").drop_nulls().unique().sort().to_list()
        if len(studies) > 1:
            yield finding_alone("study-mixed", "dm", "STUDYID", f"DM holds the studies {', '.join(studies)}")
    known = dm.get_column(SUBJECT).drop_nulls().unique()
    for domain, records in data.records.items():
        if domain != "dm":
            strangers = records.filter(pl.col(SUBJECT).is_not_null() & ~pl.col(SUBJECT).is_in(known.implode()))
            words = f"{domain.upper()} holds records of a subject that is not in DM"
            yield finding_rows(first_of(strangers, [SUBJECT]), "subject-not-in-dm", domain, ["USUBJID"], words)


def _randomizations(data: Collected) -> Iterator[pl.DataFrame]:
    if not data.has("ds", "DSDECOD", "DSSTDTC"):
        return
    milestones = data.records["ds"].filter(pl.col("DSDECOD") == "RANDOMIZED")
    twice = repeated(milestones.filter(pl.col(SUBJECT).is_not_null()), [SUBJECT])
    words = pl.format("one of several RANDOMIZED records of the subject, dated {}", pl.col("DSSTDTC").fill_null("not"))
    yield finding_rows(twice, "subject-randomized-twice", "ds", ["DSDECOD", "DSSTDTC"], words)
    wanted = data.trial is not None and data.trial.randomization is not None
    complete = pl.col("DSSTDTC_first") == pl.col("DSSTDTC_last")
    if wanted and not milestones.filter(complete).height:
        held = data.tables["ds"].get_column("DSDECOD").drop_nulls().unique().sort().to_list()
        listing = ", ".join(str(word) for word in held) or "nothing"
        words = f"DS holds no RANDOMIZED record with a complete date; DSDECOD holds: {listing}"
        yield finding_alone("nobody-randomized", "ds", "DSDECOD, DSSTDTC", words)


def _levels(data: Collected) -> Iterator[pl.DataFrame]:
    """Arms and strata that the trial file does not declare."""
    if data.trial is None:
        return
    arms = [arm.id for arm in data.trial.arms]
    for column in ("ARMCD", "ACTARMCD"):
        if data.has("dm", column):
            value = pl.col(column)
            unknown = value.is_not_null() & ~value.is_in(arms) & ~value.str.to_uppercase().is_in(list(NO_ARM_CODES))
            words = pl.format(f"{column} {{}} is no arm of the trial file, which has {', '.join(arms)}", value)
            yield finding_rows(data.records["dm"].filter(unknown), "arm-unknown", "dm", [column], words)
    for name, variable in data.trial.variables.items():
        if variable.type == "category" and variable.levels and variable.collected:
            domain, _, column = variable.collected.partition(".")
            values = _collected_values(data, domain.lower(), column)
            if values is not None:
                levels = list(variable.levels)
                words = pl.format(f"{{}} is no level of {name}, which has {', '.join(levels)}", pl.col(column))
                unknown = values.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(levels))
                yield finding_rows(unknown, "stratum-unknown", domain, [column], words)


def _collected_values(data: Collected, domain: str, column: str) -> pl.DataFrame | None:
    """The records that hold a variable of the trial file: a column, or a supplemental qualifier under its own name."""
    if data.has(domain, column):
        records = data.records[domain]
        return records.with_columns(pl.col(column).cast(pl.String))
    if domain.startswith("supp") and data.has(domain, "QNAM", "QVAL"):
        return data.records[domain].filter(pl.col("QNAM") == column).with_columns(pl.col("QVAL").alias(column))
    return None


def _repeated(data: Collected) -> Iterator[pl.DataFrame]:
    """Records of one thing that came twice: equal throughout, or different in what they say of it."""
    for domain, content in _CONTENT.items():
        if domain not in data.records:
            continue
        shown = [column for column in content if column in data.records[domain].columns]
        keys = [SUBJECT, *shown]
        again = repeated(data.records[domain].filter(pl.col(SUBJECT).is_not_null()), keys)
        said = [name for name in data.tables[domain].columns if name not in (*keys, f"{domain.upper()}SEQ")]
        different = [pl.when(pl.col(name).n_unique().over(keys) > 1).then(pl.lit(name)) for name in said]
        differing = pl.concat_str(different, separator=", ", ignore_nulls=True) if different else pl.lit("")
        again = again.with_columns(_differing=differing)
        same = again.filter(pl.col("_differing") == "")
        yield finding_rows(same, "record-duplicate", domain, shown, "another record of the subject is equal to it")
        other = again.filter(pl.col("_differing") != "")
        words = pl.format("another record of the same differs in {}", pl.col("_differing"))
        yield finding_rows(other, "record-conflict", domain, shown, words)
