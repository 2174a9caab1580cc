"""Checks before deriving: what makes a derivation impossible or its result meaningless stops it here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from equipoise.derivation.baseline import collected_values
from equipoise.derivation.conventions import Profile
from equipoise.derivation.study import KEYS, Study
from equipoise.errors import DataError, Problem, nearest, permitted
from equipoise.frames.dates import date_from_dtc

# Codes that DM held in place of an empty ARMCD before SDTMIG 3.3.
_NO_ARM_CODES = ("SCRNFAIL", "NOTASSGN", "NOTTRT", "UNPLAN")
_SHOWN_ROWS = 5


def check_domains(tables: Mapping[str, pl.DataFrame], profile: Profile) -> None:
    """Every domain and column that the profile's rules cannot do without is there.

    Raises DataError `domain-missing`, naming the absent domains, the columns each needs and the domains there are; or
    `column-missing`, all of them at once, with the columns there are.
    """
    held = {name.lower(): frame for name, frame in tables.items()}
    absent = [name for name in profile.required if name not in held]
    if absent:
        named = ", ".join(name.upper() for name in absent)
        raise DataError(
            "domain-missing",
            f"{named} {'is' if len(absent) == 1 else 'are'} not among the data",
            reason="; ".join(f"{name.upper()} needs {', '.join(profile.required[name])}" for name in absent),
            hint="domains there are: " + (", ".join(sorted(name.upper() for name in held)) or "none"),
        )
    problems = [
        _column_problem(domain, column, held[domain].columns)
        for domain, columns in profile.required.items()
        for column in columns
        if column not in held[domain].columns
    ]
    if problems:
        first, *others = problems
        raise DataError(
            "column-missing",
            first.message,
            where=first.where,
            reason=f"the {profile.id} conventions cannot be followed without it",
            hint=first.hint,
            problems=others,
        )


def _column_problem(domain: str, column: str, existing: Sequence[str]) -> Problem:
    close = nearest(column, existing)
    listing = "existing columns: " + ", ".join(existing)
    return Problem(
        f"{domain.upper()} has no column {column}",
        where=domain.upper(),
        hint=f"did you mean {close!r}? {listing}" if close else listing,
    )


def check_subjects(study: Study) -> None:
    """One DM record and at most one randomization per subject, and a name for each.

    Raises DataError `value-invalid` (also for a DM without a record), `subject-duplicate` or
    `subject-randomized-twice` with the offending rows.
    """
    dm = study.table("dm")
    _check_names(dm)
    twice = dm.filter(pl.struct(KEYS).is_duplicated()).sort(KEYS)
    if twice.height:
        raise DataError(
            "subject-duplicate",
            f"DM holds more than one record for {_subjects(twice)}",
            where="DM",
            reason="every analysis counts a subject once",
            hint="keep the one record that is right; a re-screened subject needs one USUBJID per DM record",
            rows=_rows(twice, (*KEYS, "ARMCD")),
        )
    milestones = study.table("ds").filter(pl.col("DSDECOD") == "RANDOMIZED")
    again = milestones.filter(pl.struct(KEYS).is_duplicated()).sort(*KEYS, "DSSEQ")
    if again.height:
        raise DataError(
            "subject-randomized-twice",
            f"DS holds more than one RANDOMIZED record for {_subjects(again)}",
            where="DS, " + "; ".join(f"DSSTDTC {text}" for text in again["DSSTDTC"].head(2).to_list()),
            reason="time is counted from randomization, and a patient is randomized once",
            hint="remove the record that was made in error",
            rows=_rows(again, (*KEYS, "DSSEQ", "DSDECOD", "DSSTDTC")),
        )


def _check_names(dm: pl.DataFrame) -> None:
    if not dm.height:
        raise DataError(
            "value-invalid",
            "DM holds no record",
            where="DM",
            reason="the subjects of a study are those of DM",
            hint="check that the file of DM is the whole one",
        )
    unnamed = dm.filter(pl.any_horizontal(pl.col(name).is_null() for name in KEYS))
    if unnamed.height:
        column = next(name for name in KEYS if unnamed[name].null_count())
        raise DataError(
            "value-invalid",
            f"DM holds {unnamed.height:,} {'record' if unnamed.height == 1 else 'records'} without {column}",
            where="DM",
            reason="records of a patient are found by it, and the patient would be lost",
            hint=f"fill {column} in DM and in every other domain",
            rows=_rows(unnamed, (*KEYS, "SUBJID", "ARMCD")),
        )


def check_randomized(study: Study) -> None:
    """A randomized trial has randomized patients. Raises DataError `value-invalid` where none has a usable date."""
    if study.trial is None or study.trial.randomization is None:
        return
    ds = study.table("ds")
    records = ds.filter(pl.col("DSDECOD") == "RANDOMIZED")
    if records.filter(date_from_dtc("DSSTDTC").is_not_null()).height:
        return
    if records.height:
        message = "no RANDOMIZED record of DS has a complete date"
        where = f"DS, DSSTDTC {records['DSSTDTC'][0] or 'missing'}"
        hint = "write ISO 8601 dates such as 2022-10-31 in DSSTDTC"
    else:
        words = ds["DSDECOD"].drop_nulls().unique().sort().to_list()
        message, where = "DS holds no RANDOMIZED record", "DS"
        hint = "write RANDOMIZED as DSDECOD; it holds: " + (", ".join(words[:10]) or "nothing")
    raise DataError("value-invalid", message, where=where, reason="time is counted from randomization", hint=hint)


def check_trial_levels(study: Study) -> None:
    """Every arm and every category that the data name is declared in the trial file.

    Raises DataError `arm-unknown` or `stratum-unknown` with the value, the nearest declared one and the rows.
    """
    if study.trial is None:
        return
    arms = [arm.id for arm in study.trial.arms]
    for column in ("ARMCD", "ACTARMCD"):
        placeholder = pl.col(column).str.to_uppercase().is_in(list(_NO_ARM_CODES))
        unknown = study.table("dm").filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(arms) & ~placeholder)
        if unknown.height:
            raise _unknown_arm(column, unknown, arms, study)
    for name, variable in study.trial.variables.items():
        if variable.type != "category" or not variable.levels:
            continue
        for collected in filter(None, dict.fromkeys((variable.collected, variable.verified))):
            values = collected_values(variable.model_copy(update={"collected": collected}), study)
            unknown = values.filter(pl.col("value").is_not_null() & ~pl.col("value").is_in(list(variable.levels)))
            if unknown.height:
                raise _unknown_level(name, variable.label, collected, unknown, variable.levels)


def _unknown_arm(column: str, unknown: pl.DataFrame, arms: Iterable[str], study: Study) -> DataError:
    code = unknown[column][0]
    trial = study.trial.id if study.trial else ""
    return DataError(
        "arm-unknown",
        f"DM.{column} {code!r} is no arm of {trial} ({_subjects(unknown)})",
        where=f"DM, USUBJID {unknown['USUBJID'][0]}",
        reason="a comparison needs every patient in an arm that the trial file declares",
        hint=permitted(str(code), arms),
        rows=_rows(unknown, (*KEYS, "ARMCD", "ACTARMCD")),
    )


def _unknown_level(
    name: str, label: str, collected: str, unknown: pl.DataFrame, levels: Mapping[str, str]
) -> DataError:
    value = unknown["value"][0]
    return DataError(
        "stratum-unknown",
        f"{collected} {value!r} is no level of {name} ({_subjects(unknown)})",
        where=f"USUBJID {unknown['USUBJID'][0]}",
        reason=f"{label} is declared with {len(levels)} levels in the trial file",
        hint=permitted(str(value), levels),
        rows=_rows(unknown, (*KEYS, "value")),
    )


def _subjects(frame: pl.DataFrame) -> str:
    names = frame["USUBJID"].unique(maintain_order=True).to_list()
    shown = ", ".join(str(name) for name in names[:_SHOWN_ROWS])
    more = f" and {len(names) - _SHOWN_ROWS:,} more" if len(names) > _SHOWN_ROWS else ""
    return f"subject {shown}" if len(names) == 1 else f"subjects {shown}{more}"


def _rows(frame: pl.DataFrame, columns: Iterable[str]) -> list[dict[str, object]]:
    return frame.select(columns).head(_SHOWN_ROWS).to_dicts()
