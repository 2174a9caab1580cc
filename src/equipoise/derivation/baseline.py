"""The baseline variables that a trial file names, from where they were collected to where they are analyzed."""

from __future__ import annotations

import polars as pl

from equipoise.derivation.study import KEYS, Study, merge
from equipoise.errors import DataError
from equipoise.frames.sdtm import supplemental
from equipoise.frames.tables import number_text, require_columns
from equipoise.protocol.conduct import Variable


def derive_trial_variables(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """ADSL with a column for each variable of the trial file: categories as collected codes, numbers as numbers.

    Raises DataError `domain-missing` or `column-missing` for a place that does not exist, and `value-invalid` for text
    where a number was expected or several values of one subject.
    """
    assert study.trial is not None
    for variable in study.trial.variables.values():
        collected = collected_values(variable, study)
        if variable.analysis in adsl.columns:
            adsl = adsl.drop(variable.analysis)
        adsl = merge(adsl, collected.select(*KEYS, pl.col("value").alias(variable.analysis)))
    return adsl


def derive_strata(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """ADSL with the strata as randomized (STRATAR) and as corrected (STRATAV, and STRATnV of the n-th factor).

    The n-th factor of randomization is as randomized in its own analysis column. Its corrected value is the one that
    the trial file's `verified` names, where there is one for the subject; else the one randomized by. STRATAR and
    STRATAV join the values of all factors; without strata nothing is derived.
    Arguments: ADSL with the trial's variables; a checked study.
    """
    factors = stratification_factors(study)
    corrected: list[str] = []
    for place, variable in enumerate(factors, start=1):
        name = f"STRAT{place}V"
        corrected.append(name)
        value = pl.col(variable.analysis)
        if variable.verified is not None:
            place_of_value = variable.model_copy(update={"collected": variable.verified})
            found = collected_values(place_of_value, study).rename({"value": "_verified"})
            adsl, value = merge(adsl, found), pl.coalesce("_verified", value)
        adsl = adsl.with_columns(value.alias(name)).drop("_verified", strict=False)
    if not factors:
        return adsl
    return adsl.with_columns(
        STRATAR=pl.concat_str([variable.analysis for variable in factors], separator=", "),
        STRATAV=pl.concat_str(corrected, separator=", "),
    )


def stratification_factors(study: Study) -> list[Variable]:
    """The trial's factors of randomization, in order."""
    if study.trial is None or study.trial.randomization is None:
        return []
    return [study.trial.variables[name] for name in study.trial.randomization.strata]


def collected_values(variable: Variable, study: Study) -> pl.DataFrame:
    """One row per subject of DM: KEYS and `value`, in the variable's type; null where it was not collected."""
    subjects = study.table("dm").select(KEYS)
    kind = pl.Float64() if variable.type == "number" else pl.String()
    if variable.collected is None:
        return subjects.with_columns(pl.lit(None, kind).alias("value"))
    domain, name = variable.collected.split(".")
    found = _found(domain.lower(), name, study)
    held = found.schema["value"]
    if variable.type == "number":
        value = _as_number(found, variable) if held == pl.String else pl.col("value")
    else:
        value = number_text(pl.col("value")) if held.is_numeric() else pl.col("value")
    return found.select(*KEYS, value.alias("value"))


def _found(domain: str, name: str, study: Study) -> pl.DataFrame:
    if domain.startswith("supp"):
        joined = supplemental(study.tables, domain.removeprefix("supp"), name)
    else:
        if domain not in study.tables:
            raise DataError(
                "domain-missing",
                f"{domain.upper()} is not among the data",
                reason=f"the trial file says that {domain.upper()}.{name} is collected there",
                hint="domains there are: " + ", ".join(sorted(held.upper() for held in study.tables)),
            )
        joined = study.tables[domain]
        require_columns(joined, domain, [name], "named by the trial file")
    held = joined.filter(pl.col(name).is_not_null()).select(*KEYS, value=name).unique()
    several = held.filter(pl.struct(KEYS).is_duplicated()).sort(*KEYS, "value")
    if several.height:
        raise DataError(
            "value-invalid",
            f"{domain.upper()}.{name} has several values for one subject",
            where=f"USUBJID {several['USUBJID'][0]}",
            reason="a baseline variable has one value",
            hint="keep the value that counts, or name another place in the trial file",
            rows=several.head(5).to_dicts(),
        )
    return merge(study.table("dm").select(KEYS), held)


def _as_number(found: pl.DataFrame, variable: Variable) -> pl.Expr:
    number = pl.col("value").cast(pl.Float64, strict=False)
    wrong = found.filter(pl.col("value").is_not_null() & number.is_null())
    if wrong.height:
        raise DataError(
            "value-invalid",
            f"{wrong['value'][0]!r} in {variable.collected} is not a number ({wrong.height} such subjects)",
            where=f"USUBJID {wrong['USUBJID'][0]}",
            reason=f"the trial file says that {variable.label} is a number",
            hint="correct the value, or leave it empty when it is missing",
            rows=wrong.head(5).to_dicts(),
        )
    return number
