"""Analysis sets: the patients of one analysis with their arm, strata and baseline variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from equipoise.errors import DataError, nearest, permitted

ARM = "_ARM"
# What CDISC has been writing as the arm of somebody who has none.
NO_ARM = ("NOTASSGN", "NOTTRT", "SCRNFAIL", "UNPLAN", "Not Assigned", "Not Treated", "Screen Failure")
_ARM_COLUMNS = {"planned": ("ARMCD", "TRT01P", "ARM"), "actual": ("ACTARMCD", "TRT01A", "ACTARM")}


@dataclass(frozen=True)
class Population:
    """The patients of an analysis set: ADSL rows with the arm's id in the column `_ARM`."""

    name: str
    subjects: pl.DataFrame

    def join(self, records: pl.DataFrame) -> pl.DataFrame:
        """Records of these patients, with the arm and every ADSL column the records lack."""
        keep = ["USUBJID", *(c for c in self.subjects.columns if c not in records.columns)]
        return records.join(self.subjects.select(keep), on="USUBJID", how="inner", maintain_order="left")

    def size(self, arm: str | None = None) -> int:
        return self.subjects.height if arm is None else self.subjects.filter(pl.col(ARM) == arm).height


def select_population(
    adsl: pl.DataFrame, predicate: pl.Expr, *, name: str, arm: str, arms: Mapping[str, str]
) -> Population:
    """The rows of ADSL that satisfy a predicate, with their arm.

    `arm` is "planned" or "actual"; `arms` maps arm ids to labels, either of which the data may hold. Raises DataError
    `column-missing` and `arm-unknown`.
    """
    known = adsl.columns
    for column in predicate.meta.root_names():
        if column not in known:
            raise _missing(column, known, f"analysis set {name}")
    try:
        chosen = adsl.filter(predicate)
    except pl.exceptions.PolarsError as mismatch:
        raise DataError(
            "value-invalid",
            f"the rule of analysis set {name} cannot be applied to ADSL: {str(mismatch).splitlines()[0]}",
            where="ADSL",
            reason="it compares a column with a value of another type",
            hint="quote the value in the trial file if the column holds text, leave the quotes out if it holds numbers",
        ) from mismatch
    held = [c for c in _ARM_COLUMNS[arm] if c in known]
    # A set without patients has no arm to look for; whichever column there is will do.
    column = next((c for c in held if chosen.is_empty() or chosen[c].null_count() < chosen.height), None)
    if column is None:
        raise _missing(_ARM_COLUMNS[arm][0], known, f"the {arm} arm of analysis set {name}")
    chosen = chosen.filter(~pl.col(column).is_in(NO_ARM).fill_null(False))
    to_id = {label: arm_id for arm_id, label in arms.items()} | {arm_id: arm_id for arm_id in arms}
    with_arm = chosen.with_columns(
        pl.col(column).replace_strict(to_id, default=None, return_dtype=pl.String).alias(ARM)
    )
    _check_arms(with_arm, column, list(to_id))
    return Population(name, with_arm.filter(pl.col(ARM).is_not_null()))


def check_columns(subjects: pl.DataFrame, columns: Sequence[str], purpose: str) -> None:
    """Raise DataError `column-missing` for the first of `columns` that ADSL lacks."""
    for column in columns:
        if column not in subjects.columns:
            raise _missing(column, subjects.columns, purpose)


def _check_arms(subjects: pl.DataFrame, column: str, known: Sequence[str]) -> None:
    strange = subjects.filter(pl.col(ARM).is_null() & pl.col(column).is_not_null())
    if strange.height:
        value = str(strange[column][0])
        more = f" and {strange.height - 1:,} more" if strange.height > 1 else ""
        raise DataError(
            "arm-unknown",
            f"ADSL.{column} holds {value!r}, which is not an arm of the trial file",
            where=f"ADSL, USUBJID {strange['USUBJID'][0]}{more}",
            hint=permitted(value, known),
            rows=strange.select("USUBJID", column).head(20).to_dicts(),
        )


def _missing(column: str, known: Sequence[str], purpose: str) -> DataError:
    close = nearest(column, known)
    listing = f"columns of ADSL: {', '.join(name for name in known if not name.startswith('_'))}"
    return DataError(
        "column-missing",
        f"ADSL has no column {column}",
        where="ADSL",
        reason=f"{purpose} needs it",
        hint=f"did you mean {close!r}? {listing}" if close else listing,
    )
