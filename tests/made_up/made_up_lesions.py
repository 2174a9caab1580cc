"""Lesions of made-up patients: TU and TR from a few words, and the responses computed from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

import made_up_study as made
from equipoise.derivation import AdamSet, derive_adam
from equipoise.frames.sdtm import SdtmData

Value = float | str | None
Scan = tuple[str, made.Day, Mapping[str, Value]]

_TEXT = (
    "STUDYID DOMAIN USUBJID TULNKID TUTESTCD TUGRPID TUSTRESC TULOC TUEVAL TUEVALID TUACPTFL VISIT TUDTC",
    "STUDYID DOMAIN USUBJID TRGRPID TRLNKID TRTESTCD TRORRES TRORRESU TRSTRESC TRSTRESU TRSTAT TREVAL TREVALID "
    "TRACPTFL VISIT TRDTC",
)
_NUMBERS = ("TUSEQ VISITNUM", "TRSEQ TRSTRESN VISITNUM")
BASELINE = "SCREENING"


def kind(lesion: str) -> str:
    """TARGET for T01, NON-TARGET for NT01, NEW for NEW01."""
    return "NEW" if lesion.startswith("NEW") else "NON-TARGET" if lesion.startswith("NT") else "TARGET"


def scans(
    *read: Scan,
    sites: Mapping[str, str] | None = None,
    subject: str = "P",
    evaluator: str = "INVESTIGATOR",
    reader: str | None = None,
    unit: str | None = "mm",
) -> dict[str, list[dict[str, object]]]:
    """TU and TR records of one reader.

    A scan is (visit, day, lesion to value): a number is the diameter (of a LYMPH NODE the short axis), a word the
    result in words, None a measurement not done. Lesions of the first scan are identified at it, others at their first;
    `sites` names organs, LIVER where it says nothing.
    """
    places = dict(sites or {})
    base = {"STUDYID": made.STUDY, "USUBJID": subject}
    tu, tr, seen = [], [], set()
    for number, (visit, day, lesions) in enumerate(read, start=1):
        for lesion, value in lesions.items():
            site, group = places.get(lesion, "LIVER"), kind(lesion)
            at = {"VISIT": visit, "VISITNUM": float(number)}
            if lesion not in seen and (number == 1 or group == "NEW"):
                tu.append(
                    base | at | {"TULNKID": lesion, "TUTESTCD": "TUMIDENT", "TUSTRESC": group, "TULOC": site,
                                 "TUEVAL": evaluator, "TUEVALID": reader, "TUDTC": made.iso(day),
                                 "TUSEQ": float(len(tu) + 1)}
                )  # fmt: skip
            seen.add(lesion)
            told = {
                "TRGRPID": group,
                "TRLNKID": lesion,
                "TREVAL": evaluator,
                "TREVALID": reader,
                "TRDTC": made.iso(day),
            }
            tr.append(base | at | told | _result(group, site, value, unit) | {"TRSEQ": float(len(tr) + 1)})
    return {"tu": tu, "tr": tr}


def _result(group: str, site: str, value: Value, unit: str | None) -> dict[str, object]:
    test = "TUMSTATE" if group != "TARGET" and isinstance(value, str) else "LPERP" if "NODE" in site else "LDIAM"
    if value is None:
        return {"TRTESTCD": test, "TRSTAT": "NOT DONE"}
    if isinstance(value, str):
        return {"TRTESTCD": test, "TRORRES": value, "TRSTRESC": value}
    return {"TRTESTCD": test, "TRORRES": str(value), "TRSTRESC": str(value), "TRSTRESN": float(value), "TRSTRESU": unit}


def collected(
    *readings: Mapping[str, Sequence[Mapping[str, object]]], patients: Sequence[made.Rows] = (), rs: bool = True
) -> SdtmData:
    """A study of these patients (one, P, by default) with these lesion records."""
    people = patients or [made.patient("P")]
    sdtm = made.study(*people, without=() if rs else ("rs",))
    tables = dict(sdtm.tables)
    for domain, text, numbers in zip(("tu", "tr"), _TEXT, _NUMBERS, strict=True):
        text_kind, number_kind = pl.String(), pl.Float64()
        schema: dict[str, pl.DataType] = dict.fromkeys(text.split(), text_kind)
        schema |= dict.fromkeys(numbers.split(), number_kind)
        rows = [{name: row.get(name) for name in schema} for one in readings for row in one[domain]]
        tables[domain] = pl.DataFrame(rows, schema=schema, orient="row")
    return replace(sdtm, tables=tables)


def derived(sdtm: SdtmData, **constants: object) -> AdamSet:
    """The study derived with responses from lesions."""
    return derive_adam(sdtm, profile="equipoise", overrides={"response_source": "lesions", **constants})


def rows(sdtm: SdtmData, *columns: str, **constants: object) -> list[tuple[object, ...]]:
    """These columns of the computed responses after baseline, in order of reader and time."""
    found = derived(sdtm, **constants).lesion_responses
    assert found is not None
    return found.filter(pl.col("ABLFL").is_null()).select(columns).rows()
