"""Made-up patients for censoring rules: a baseline lesion, new therapies, and trials with other endpoints."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import polars as pl
from ruamel.yaml import YAML

import made_up_study as made
from equipoise.derivation import derive_adam
from equipoise.protocol import builtin_text
from equipoise.protocol.loading import parse_trial

RESPONSE = {"dataset": "ADRS", "where": "PARAMCD == 'RSP' and AVALC == 'Y'", "date": "ADT", "description": "Response"}
_CM = {
    "STUDYID": pl.String,
    "DOMAIN": pl.String,
    "USUBJID": pl.String,
    "CMSEQ": pl.Float64,
    "CMTRT": pl.String,
    "CMCAT": pl.String,
}


def patient(name: str = "P", *, baseline: bool = True, stopped: tuple[made.Day, str] | None = None, **more: Any):
    """A made-up patient, by default with a lesion at screening; `stopped`: day and reason of the end of treatment."""
    rows = made.patient(name, **more)
    if baseline:
        found = {"TULNKID": "T01", "TUSTRESC": "TARGET", "TUEVAL": "INVESTIGATOR", "VISIT": "SCREENING"}
        made.add(rows, "tu", name, TUSEQ=1, TUDTC=-7, **found)
    if stopped is not None:
        end = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY TREATMENT", "DSDECOD": stopped[1], "DSTERM": stopped[1]}
        made.add(rows, "ds", name, DSSEQ=2, DSSTDTC=stopped[0], **end)
    return rows


def study(*patients: made.Rows, therapies: dict[str, made.Day] | None = None, **more: Any):
    """The patients as collected data; `therapies`: the start of a new anticancer therapy by patient."""
    sdtm = made.study(*patients, **more)
    rows = [
        {"STUDYID": made.STUDY, "DOMAIN": "CM", "USUBJID": name, "CMSEQ": 1.0, "CMTRT": "Capecitabine",
         "CMCAT": "SUBSEQUENT ANTICANCER THERAPY", "CMSTDTC": made.iso(day)}
        for name, day in (therapies or {}).items()
    ]  # fmt: skip
    cm = pl.DataFrame(rows, schema={**_CM, "CMSTDTC": pl.String}, orient="row")
    return replace(sdtm, tables={**sdtm.tables, "cm": cm}, sources={**sdtm.sources, "cm": "cm.parquet"})


@cache
def _palmira() -> Any:
    return YAML(typ="safe", pure=True).load(builtin_text("palmira"))


def trial_text(**changes: Any) -> str:
    """PALMIRA's file as text, with `endpoints` (replacing PFS), `events` (of EST1), `intervals`, `sources` changed."""
    from copy import deepcopy
    from io import StringIO

    tree = deepcopy(_palmira())
    tree["endpoints"][0].update(changes.get("pfs", {}))
    tree["endpoints"] += changes.get("endpoints", [])
    tree["sources"] = {**tree["sources"], **changes.get("sources", {})}
    if "events" in changes:
        tree["estimands"][0]["intercurrent_events"] = changes["events"]
    if "intervals" in changes:
        tree["schedule"]["tumor_assessments"]["intervals"] = changes["intervals"]
    if "looks" in changes:
        tree["analyses"][0]["looks"] = changes["looks"]
        tree["analyses"][0]["spending"] = {"function": "obrien-fleming"}
    tree.get("derivation", {}).setdefault("constants", {}).update(changes.get("constants", {}))
    written = StringIO()
    YAML(typ="safe", pure=True).dump(tree, written)
    return written.getvalue()


def trial(**changes: Any):
    """PALMIRA with the changes of `trial_text`."""
    return _parsed(trial_text(**changes)) if changes else _unchanged()


@cache
def _parsed(text: str) -> Any:
    return parse_trial(text).trial


@cache
def _unchanged() -> Any:
    return _parsed(trial_text())


def record(sdtm: Any, code: str, *columns: str, of: Any = None, name: str = "P") -> tuple[Any, ...]:
    """The record of one parameter of a patient: AVAL and CNSR, or the columns named."""
    adtte = derive_adam(sdtm, of or trial()).tables["adtte"]
    found = adtte.filter((pl.col("PARAMCD") == code) & (pl.col("USUBJID") == name))
    return found.select(columns or ("AVAL", "CNSR")).row(0)
