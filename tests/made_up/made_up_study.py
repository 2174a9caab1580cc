"""Tiny collected data for tests: one call per patient, dates as days after randomization or as ISO text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from equipoise.frames.sdtm import SdtmData

RANDOMIZED = date(2020, 1, 1)
STUDY = "MADEUP"

# Every column a made-up domain has, so that a domain without records still has its columns.
_TEXT = {
    "dm": "STUDYID DOMAIN USUBJID SUBJID SITEID COUNTRY SEX RACE ARMCD ARM ACTARMCD ACTARM ARMNRS RFICDTC DTHDTC DTHFL",
    "ds": "STUDYID DOMAIN USUBJID DSTERM DSDECOD DSCAT DSSCAT DSSTDTC",
    "ex": "STUDYID DOMAIN USUBJID EXTRT EXDOSU EXSTDTC EXENDTC",
    "ae": "STUDYID DOMAIN USUBJID AETERM AEDECOD AEBODSYS AESEV AETOXGR AESER AEREL AEACN AEOUT AESTDTC AEENDTC",
    "rs": "STUDYID DOMAIN USUBJID RSTESTCD RSSTRESC RSEVAL RSACPTFL VISIT RSDTC",
    "tu": "STUDYID DOMAIN USUBJID TUTESTCD TULNKID TUSTRESC TULOC TUEVAL VISIT TUDTC",
    "tr": "STUDYID DOMAIN USUBJID TRGRPID TRLNKID TRTESTCD TREVAL VISIT TRDTC",
    "lb": "STUDYID DOMAIN USUBJID LBDTC",
    "ie": "STUDYID DOMAIN USUBJID IETESTCD IEDTC",
    "ts": "STUDYID DOMAIN TSPARMCD TSVAL",
    "suppdm": "STUDYID RDOMAIN USUBJID IDVAR IDVARVAL QNAM QVAL",
}
_NUMBERS = {
    "dm": "AGE",
    "ds": "DSSEQ",
    "ex": "EXSEQ EXDOSE",
    "ae": "AESEQ",
    "rs": "RSSEQ VISITNUM",
    "tu": "TUSEQ VISITNUM",
    "tr": "TRSEQ TRSTRESN VISITNUM",
    "lb": "LBSEQ",
    "ie": "IESEQ",
    "ts": "TSSEQ",
    "suppdm": "",
}
_ARMS = {"PALBO_ET": "Palbociclib + ET", "ET": "ET alone"}

Day = int | str | None
Rows = dict[str, list[dict[str, object]]]


def iso(day: Day, randomized: date = RANDOMIZED) -> str | None:
    """Days after randomization as a date; text and None as they are."""
    return (randomized + timedelta(days=day)).isoformat() if isinstance(day, int) else day


def patient(
    usubjid: str,
    *,
    arm: str | None = "PALBO_ET",
    randomized: Day = 0,
    responses: Iterable[tuple[Day, str | None]] = (),
    doses: Iterable[tuple[Day, Day]] = ((0, 100),),
    events: Iterable[Mapping[str, object]] = (),
    death: Day = None,
    baseline: Mapping[str, str] | None = None,
    **dm: object,
) -> Rows:
    """The records of one patient by domain.

    `responses` are (day, overall response) by the investigator, `doses` (first, last day) of 125 mg, `events` adverse
    events as columns (AESTDTC and AEENDTC may be days), `baseline` supplemental qualifiers. A patient whose `arm` is
    None was not randomized.
    """
    key = {"STUDYID": STUDY, "USUBJID": usubjid}
    named = {"ARMCD": arm, "ARM": _ARMS.get(arm or ""), "ACTARMCD": arm, "ACTARM": _ARMS.get(arm or "")}
    rows: Rows = {name: [] for name in _TEXT}
    rows["dm"].append({**key, "SUBJID": usubjid, "AGE": 60, "SEX": "F", "DTHDTC": iso(death), **named, **dm})
    if arm is not None:
        milestone = {"DSDECOD": "RANDOMIZED", "DSTERM": "RANDOMIZED", "DSCAT": "PROTOCOL MILESTONE"}
        rows["ds"].append({**key, "DSSEQ": 1, "DSSTDTC": iso(randomized), **milestone})
    for place, (day, response) in enumerate(responses, start=1):
        read = {"RSTESTCD": "OVRLRESP", "RSEVAL": "INVESTIGATOR", "VISIT": f"WEEK {place}", "VISITNUM": place}
        rows["rs"].append({**key, "RSSEQ": place, "RSDTC": iso(day), "RSSTRESC": response, **read})
    for place, (start, stop) in enumerate(doses, start=1):
        dose = {"EXTRT": "PALBOCICLIB", "EXDOSE": 125, "EXDOSU": "mg"}
        rows["ex"].append({**key, "EXSEQ": place, "EXSTDTC": iso(start), "EXENDTC": iso(stop), **dose})
    for place, event in enumerate(events, start=1):
        dated = {name: iso(value) if name.endswith("DTC") else value for name, value in event.items()}  # type: ignore[arg-type]
        rows["ae"].append({**key, "AESEQ": place, "AEDECOD": "Nausea", "AETERM": "nausea", **dated})
    strata = {"PRIORET": "AI", "VISCERAL": "Y"} if baseline is None and arm is not None else dict(baseline or {})
    for name, value in strata.items():
        rows["suppdm"].append({**key, "RDOMAIN": "DM", "QNAM": name, "QVAL": value})
    return rows


def add(rows: Rows, domain: str, usubjid: str, **columns: object) -> Rows:
    """The rows with one more record; columns ending in DTC may be days after randomization."""
    dated = {name: iso(value) if name.endswith("DTC") else value for name, value in columns.items()}  # type: ignore[arg-type]
    rows[domain].append({"STUDYID": STUDY, "USUBJID": usubjid, **dated})
    return rows


def study(*patients: Rows, without: Iterable[str] = (), cutoff: Day = None) -> SdtmData:
    """The patients' records as collected data; `without` leaves domains out."""
    tables: dict[str, pl.DataFrame] = {}
    for domain, columns in _TEXT.items():
        rows = [row for one in patients for row in one[domain]]
        if domain == "ts" and cutoff is not None:
            rows.append({"STUDYID": STUDY, "TSPARMCD": "DCUTDTC", "TSVAL": iso(cutoff)})
        schema = dict.fromkeys(columns.split(), pl.String) | dict.fromkeys(_NUMBERS[domain].split(), pl.Float64)
        filled = [{**dict.fromkeys(schema), "DOMAIN": domain.upper(), **row} for row in rows]
        frame = pl.DataFrame([{name: row.get(name) for name in schema} for row in filled], schema=schema, orient="row")
        tables[domain] = frame
    kept = {name: frame for name, frame in tables.items() if name not in set(without)}
    return SdtmData(folder=Path("made-up"), tables=kept, sources={name: f"{name}.parquet" for name in kept}, digest="")


def value(frame: pl.DataFrame, column: str, **wanted: object) -> object:
    """The value of a column in exactly one row."""
    return frame.filter(*(pl.col(name) == held for name, held in wanted.items())).select(column).item()
