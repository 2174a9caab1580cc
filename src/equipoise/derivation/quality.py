"""The data-quality report: what is wrong or odd in collected data, found before anything is derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from equipoise.derivation.conventions import Profile, resolve_profile
from equipoise.derivation.cutoff import find_cutoff
from equipoise.derivation.quality_dates import find_dates
from equipoise.derivation.quality_records import SCHEMA, prepare
from equipoise.derivation.quality_structure import find_structure
from equipoise.derivation.quality_terms import find_terms
from equipoise.derivation.quality_tumors import find_tumors
from equipoise.errors import DataError
from equipoise.frames.sdtm import SdtmData
from equipoise.frames.tables import whole_file, write_csv, write_parquet
from equipoise.protocol.trial import Trial

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class QualityCheck:
    """One check: its code, what a finding means for the derivation, and what is looked for, in words.

    An "error" refuses the derivation; a "warning" may change a result and someone should look; a "note" is lawful and
    worth knowing.
    """

    code: str
    severity: Severity
    looks_for: str


def _checks(severity: Severity, lines: Mapping[str, str]) -> dict[str, QualityCheck]:
    return {code: QualityCheck(code, severity, words) for code, words in lines.items()}


QUALITY_CHECKS: Mapping[str, QualityCheck] = MappingProxyType(
    {
        **_checks(
            "error",
            {
                "arm-unknown": "an arm that the trial file does not declare",
                "column-missing": "a column that the conventions or the reading need",
                "cutoff-invalid": "a data cutoff that is no complete date",
                "domain-missing": "a domain that the conventions need",
                "key-missing": "a record of DM without STUDYID or USUBJID",
                "nobody-collected": "DM without a record",
                "nobody-randomized": "a randomized trial without a usable randomization",
                "stratum-unknown": "a category that the trial file does not declare",
                "subject-duplicate": "several records of one subject in DM",
                "subject-randomized-twice": "several randomizations of one subject",
                "value-invalid": "text in a numeric variable",
            },
        ),
        **_checks(
            "warning",
            {
                "assessment-after-death": "a tumor assessment dated after death",
                "assessment-before-consent": "a tumor assessment dated before informed consent",
                "baseline-twice": "baseline measurements of one thing on several days",
                "before-birth": "a date before birth",
                "consent-after-randomization": "informed consent dated after randomization",
                "death-before-randomization": "a death dated before randomization",
                "death-dates-differ": "a death dated otherwise in DS than in DM",
                "death-not-in-dm": "a death that DS or AE tells of, and DM does not",
                "death-undated": "a death without a usable date",
                "death-unflagged": "a date of death without the flag",
                "dose-after-death": "a dose dated after death",
                "dose-before-randomization": "a dose dated before randomization",
                "end-before-start": "an end before its start",
                "event-after-death": "an adverse event dated after death",
                "fatal-differs": "grade 5 without a fatal outcome, or the reverse",
                "grade-unknown": "a toxicity grade that is not 1 to 5",
                "impossible-date": "a date or time that does not exist",
                "lesion-id-missing": "a diameter without a lesion id",
                "lesion-location-changed": "a lesion id with several locations",
                "lesion-method-changed": "a lesion id with several methods of assessment",
                "lesion-not-identified": "a lesion measured in TR that TU does not identify",
                "lesion-not-measured": "a target lesion of TU without a diameter in TR",
                "lesion-role-changed": "a lesion that is target at one visit and not at another",
                "record-after-death": "another record dated after death",
                "record-conflict": "two records of one thing that say different things of it",
                "record-duplicate": "two records that are equal but for --SEQ",
                "response-missing": "an overall response without a result",
                "response-unknown": "a response word outside the code list",
                "result-missing": "a diameter without a value or a reason",
                "sequence-duplicate": "one --SEQ for several records of a subject",
                "sequence-missing": "a record without --SEQ",
                "study-mixed": "records of several studies",
                "subject-missing": "a record that says not whose it is",
                "subject-not-in-dm": "a subject of another domain that is not in DM",
                "term-missing": "an adverse event without a dictionary term",
                "term-unknown": "a word outside a code list that may not be extended",
                "unit-conversion": "a standardized diameter that is not the one measured",
                "unit-missing": "a diameter without a unit",
                "unit-mixed": "a test or dose in other units than most of its records",
                "unit-unknown": "a diameter in another unit than mm",
                "value-implausible": "an age, diameter or dose that can hardly be",
                "visit-undated": "a visit or assessment without a date",
                "year-missing": "a partial date without its year",
            },
        ),
        **_checks(
            "note",
            {
                "after-cutoff": "a record dated after the data cutoff",
                "assessment-after-progression": "a response recorded after progression",
                "term-extended": "a word outside a code list that may be extended",
            },
        ),
    }
)

REPORT_FILE = "data-quality"


@dataclass(frozen=True, repr=False)
class QualityReport:
    """What the checks found: `findings`, one row each, errors first; and how many subjects and records were looked at.

    Columns of `findings`: severity, code, domain, USUBJID, sequence (--SEQ), variables, values, sentence. No row is
    left out, however many there are.
    """

    findings: pl.DataFrame
    records: Mapping[str, int]
    study: str

    def count(self, severity: str | None = None, code: str | None = None) -> int:
        """How many findings have this severity and this code (None: any)."""
        wanted = pl.lit(True)
        if severity is not None:
            wanted = wanted & (pl.col("severity") == severity)
        if code is not None:
            wanted = wanted & (pl.col("code") == code)
        return self.findings.filter(wanted).height

    def counts(self) -> dict[str, int]:
        """How many errors, warnings and notes there are."""
        return {severity: self.count(severity) for severity in SEVERITIES}

    @property
    def refused(self) -> bool:
        """Whether the derivation is refused: there is at least one error."""
        return self.count("error") > 0

    def summary(self) -> pl.DataFrame:
        """One row per severity, code and domain: findings, subjects, what the check looks for, and a first case."""
        counted = self.findings.group_by("severity", "code", "domain", maintain_order=True).agg(
            pl.len().cast(pl.Int64).alias("findings"),
            pl.col("USUBJID").drop_nulls().n_unique().cast(pl.Int64).alias("subjects"),
            pl.col("USUBJID").first().alias("first_subject"),
            pl.col("sentence").first().alias("first_sentence"),
        )
        words = {check.code: check.looks_for for check in QUALITY_CHECKS.values()}
        return counted.with_columns(
            looks_for=pl.col("code").replace_strict(words, default=None, return_dtype=pl.String)
        )

    def headline(self) -> str:
        """The count of errors, warnings and notes in one line.

        >>> QualityReport(SCHEMA.to_frame(), {"dm": 3}, "S1").headline()
        'S1: nothing found in 3 records of 1 domain'
        """
        looked = f"{sum(self.records.values()):,} records of {_counted(len(self.records), 'domain')}"
        found = [_counted(n, severity) for severity in SEVERITIES if (n := self.count(severity))]
        return f"{self.study}: {', '.join(found) if found else 'nothing found'} in {looked}"

    def to_frame(self) -> pl.DataFrame:
        """The findings, one row each."""
        return self.findings

    def to_dict(self) -> dict[str, Any]:
        """Counts and every finding as plain data."""
        return {
            "study": self.study,
            "records": dict(self.records),
            "counts": self.counts(),
            "summary": self.summary().to_dicts(),
            "findings": self.findings.to_dicts(),
        }

    def write(self, folder: Path) -> list[Path]:
        """Write data-quality.parquet and data-quality.csv, each finding a row. Raises OutputError."""
        written = [folder / f"{REPORT_FILE}.parquet", folder / f"{REPORT_FILE}.csv"]
        for path, write in zip(written, (write_parquet, write_csv), strict=True):
            with whole_file(path) as temporary:
                write(self.findings, temporary)
        return written

    def __repr__(self) -> str:
        lines = [
            f"  {severity} {code} {domain or ''}: {n:,}"
            for severity, code, domain, n in self.summary().select("severity", "code", "domain", "findings").iter_rows()
        ]
        return "\n".join([self.headline(), *lines])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def check_quality(
    sdtm: SdtmData,
    trial: Trial | None = None,
    *,
    profile: str | None = None,
    overrides: Mapping[str, object] | None = None,
) -> QualityReport:
    """Check collected data before deriving from them: structure, words, units, dates and their order, lesions.

    Arguments: the collected domains (`read_sdtm` with `lenient=True` keeps what it would refuse, for this report to
    list); the trial, profile and overrides as `derive_adam` takes them.
    Returns every finding with its rows. Errors are what `derive_adam` refuses; it derives from data with warnings and
    notes. The order of the rows of the data does not matter.
    Raises ArgumentError `argument-invalid` for an unknown profile or constant.
    """
    rules = resolve_profile(trial, profile, overrides)
    return check_tables(sdtm.tables, trial, rules)


def check_tables(tables: Mapping[str, pl.DataFrame], trial: Trial | None, rules: Profile) -> QualityReport:
    """As `check_quality`, with the profile resolved."""
    cutoff, unusable = None, []
    try:
        cutoff = find_cutoff({name.lower(): frame for name, frame in tables.items()}, rules)
    except DataError as error:
        row = {"code": "cutoff-invalid", "domain": "TS", "variables": "TSVAL", "sentence": error.message}
        unusable = [pl.DataFrame([row], schema=SCHEMA)]
    data = prepare(tables, rules, trial, cutoff)
    parts = chain(unusable, find_structure(data), find_terms(data), find_dates(data), find_tumors(data))
    found = pl.concat([SCHEMA.to_frame(), *(part for part in parts if part.height)])
    severities = {check.code: check.severity for check in QUALITY_CHECKS.values()}
    ranks = {severity: place for place, severity in enumerate(SEVERITIES)}
    ordered = found.with_columns(severity=pl.col("code").replace_strict(severities, return_dtype=pl.String)).sort(
        pl.col("severity").replace_strict(ranks, return_dtype=pl.Int8),
        *("code", "domain", "USUBJID", "sequence", "variables", "values", "sentence"),
        nulls_last=True,
    )
    sizes = {name.upper(): frame.height for name, frame in sorted(tables.items())}
    return QualityReport(ordered, sizes, _study(data.tables, trial))


def _study(tables: Mapping[str, pl.DataFrame], trial: Trial | None) -> str:
    if trial is not None:
        return trial.id
    dm = tables.get("dm")
    if dm is None or "STUDYID" not in dm.columns:
        return "study"
    names = dm.get_column("STUDYID").drop_nulls().unique().sort().to_list()
    return str(names[0]) if names else "study"
