"""The data-quality report: every check finds its fault, and nothing but its fault, in made-up data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import QUALITY_CHECKS, check_quality, derive_adam
from equipoise.errors import ArgumentError, DataError
from equipoise.protocol import load_trial

READ = {"RSTESTCD": "OVRLRESP", "RSEVAL": "INVESTIGATOR"}
LESION = {"TUSTRESC": "TARGET", "TUEVAL": "INVESTIGATOR", "TUTESTCD": "TUMIDENT"}
SIZE = {"TRTESTCD": "LDIAM", "TREVAL": "INVESTIGATOR", "TRGRPID": "TARGET", "TRSTRESU": "mm"}


@pytest.fixture(scope="module")
def palmira():
    return load_trial("palmira")


def _clean() -> made.Rows:
    """A patient about whom nothing is odd: two responses, one lesion measured twice."""
    rows = made.patient("P", responses=[(56, "SD"), (112, "PD")], RFICDTC=made.iso(-20), BRTHDTC="1960")
    made.add(rows, "tu", "P", TUSEQ=1, TULNKID="T01", TULOC="LIVER", VISIT="SCREENING", TUDTC=-14, **LESION)
    for place, (visit, day) in enumerate((("SCREENING", -14), ("WEEK 8", 56)), start=1):
        made.add(rows, "tr", "P", TRSEQ=place, TRLNKID="T01", TRSTRESN=20, VISIT=visit, TRDTC=day, **SIZE)
    return rows


def _with(sdtm, domain: str, **columns: object):
    """The data with columns of a domain set for every record."""
    tables = dict(sdtm.tables)
    tables[domain] = tables[domain].with_columns(**{name: pl.lit(value) for name, value in columns.items()})
    return replace(sdtm, tables=tables)


def _study(*patients: made.Rows, **more):
    """Made-up data with the columns of lesions that the maker leaves out."""
    sdtm = made.study(*patients, **more)
    tables = dict(sdtm.tables)
    rows = [row for one in patients for row in one["tr"]]
    for name in ("TRSTRESU", "TRORRES", "TRORRESU", "TRMETHOD"):
        if "tr" in tables and any(name in row for row in rows):
            column = pl.Series(name, [row.get(name) for row in rows], dtype=pl.String)
            tables["tr"] = tables["tr"].with_columns(column)
    born = pl.Series("BRTHDTC", [row.get("BRTHDTC") for one in patients for row in one["dm"]], dtype=pl.String)
    tables["dm"] = tables["dm"].with_columns(born)
    return replace(sdtm, tables=tables)


def _codes(report) -> set[str]:
    return set(report.findings["code"].to_list())


def test_nothing_is_found_in_clean_data(palmira):
    report = check_quality(_study(_clean()), palmira)
    assert report.findings.height == 0, report.findings["sentence"].to_list()
    assert not report.refused
    assert report.headline() == "PALMIRA: nothing found in 10 records of 11 domains"


def _add(domain: str, **columns: object):
    return lambda rows: made.add(rows, domain, "P", **columns)


def _set(domain: str, place: int = 0, **columns: object):
    def change(rows):
        rows[domain][place].update(columns)

    return change


# One fault each, in an otherwise clean patient: what changes, and the codes of what is found.
FAULTS = {
    "after-cutoff": _add("ae", AESEQ=1, AEDECOD="Nausea", AESTDTC=4000),
    "arm-unknown": _set("dm", ARMCD="PLACEBO", ACTARMCD="PLACEBO"),
    "assessment-after-death": _set("dm", DTHDTC=made.iso(60), DTHFL="Y"),
    "assessment-after-progression": _add("rs", RSSEQ=3, RSSTRESC="SD", RSDTC=150, VISIT="WEEK 24", **READ),
    "assessment-before-consent": _set("dm", RFICDTC=made.iso(-10)),
    "baseline-twice": _add("tr", TRSEQ=3, TRLNKID="T01", TRSTRESN=22, VISIT="SCREENING", TRDTC=-10, **SIZE),
    "before-birth": _set("dm", BRTHDTC="2021-05"),
    "consent-after-randomization": _set("dm", RFICDTC=made.iso(5)),
    "death-before-randomization": _set("dm", DTHDTC="2019-03", DTHFL="Y"),
    "death-dates-differ": lambda rows: (
        _set("dm", DTHDTC=made.iso(130), DTHFL="Y")(rows),
        _add("ds", DSSEQ=2, DSDECOD="DEATH", DSSTDTC=131)(rows),
    ),
    "death-not-in-dm": _add("ds", DSSEQ=2, DSDECOD="DEATH", DSSTDTC=130),
    "death-undated": _set("dm", DTHFL="Y"),
    "death-unflagged": _set("dm", DTHDTC=made.iso(130)),
    "dose-after-death": lambda rows: (
        _set("dm", DTHDTC=made.iso(130), DTHFL="Y")(rows),
        _add("ex", EXSEQ=2, EXTRT="PALBOCICLIB", EXDOSE=125, EXDOSU="mg", EXSTDTC=131, EXENDTC=140)(rows),
    ),
    "dose-before-randomization": _set("ex", EXSTDTC=made.iso(-3)),
    "end-before-start": _set("ex", EXENDTC=made.iso(-1)),
    "event-after-death": lambda rows: (
        _set("dm", DTHDTC=made.iso(130), DTHFL="Y")(rows),
        _add("ae", AESEQ=1, AEDECOD="Nausea", AESTDTC=131)(rows),
    ),
    "fatal-differs": _add("ae", AESEQ=1, AEDECOD="Nausea", AESTDTC=5, AETOXGR="5", AEOUT="RECOVERED/RESOLVED"),
    "grade-unknown": _add("ae", AESEQ=1, AEDECOD="Nausea", AESTDTC=5, AETOXGR="6"),
    "impossible-date": _set("rs", RSDTC="2020-02-30"),
    "key-missing": _set("dm", STUDYID=None),
    "lesion-id-missing": _add("tr", TRSEQ=3, TRSTRESN=22, VISIT="WEEK 16", TRDTC=112, **SIZE),
    "lesion-location-changed": _add("tu", TUSEQ=2, TULNKID="T01", TULOC="LUNG", VISIT="WEEK 8", TUDTC=56, **LESION),
    "lesion-method-changed": lambda rows: (
        _set("tr", 0, TRMETHOD="CT SCAN")(rows),
        _set("tr", 1, TRMETHOD="MRI")(rows),
    ),
    "lesion-not-identified": _add("tr", TRSEQ=3, TRLNKID="T02", TRSTRESN=22, VISIT="WEEK 16", TRDTC=112, **SIZE),
    "lesion-not-measured": _add("tu", TUSEQ=2, TULNKID="T02", TULOC="LUNG", VISIT="SCREENING", TUDTC=-14, **LESION),
    "lesion-role-changed": _set("tr", 1, TRGRPID="NON-TARGET"),
    "nobody-collected": lambda rows: [rows[domain].clear() for domain in rows],
    "nobody-randomized": _set("ds", DSSTDTC="2020"),
    "record-after-death": lambda rows: (
        _set("dm", DTHDTC=made.iso(130), DTHFL="Y")(rows),
        _add("lb", LBSEQ=1, LBDTC=131)(rows),
    ),
    "record-conflict": _add("rs", RSSEQ=3, RSSTRESC="PR", RSDTC=56, VISIT="WEEK 1", VISITNUM=1, **READ),
    "record-duplicate": _add("rs", RSSEQ=3, RSSTRESC="SD", RSDTC=56, VISIT="WEEK 1", VISITNUM=1, **READ),
    "response-missing": _set("rs", RSSTRESC=None),
    "response-unknown": _set("rs", RSSTRESC="STABLE"),
    "result-missing": _set("tr", TRSTRESN=None),
    "sequence-duplicate": _set("rs", RSSEQ=2),
    "sequence-missing": _set("rs", RSSEQ=None),
    "stratum-unknown": _set("suppdm", QVAL="RADIOTHERAPY"),
    "subject-missing": _set("ex", USUBJID=None),
    "subject-not-in-dm": _set("ex", USUBJID="Q"),
    "subject-randomized-twice": _add("ds", DSSEQ=2, DSDECOD="RANDOMIZED", DSSTDTC=3),
    "term-extended": _set("dm", RACE="MARTIAN"),
    "term-missing": _add("ae", AESEQ=1, AETERM="feels odd", AEDECOD=None, AESTDTC=5),
    "term-unknown": _add("ae", AESEQ=1, AEDECOD="Nausea", AESTDTC=5, AEOUT="GONE"),
    "unit-conversion": lambda rows: [
        _set("tr", place, TRORRES="2.5", TRORRESU="cm", TRSTRESN=size)(rows) for place, size in ((0, 25), (1, 2.5))
    ],
    "unit-missing": _set("tr", TRSTRESU=None),
    "unit-mixed": lambda rows: [
        _add("ex", EXSEQ=place, EXTRT="PALBOCICLIB", EXDOSE=125, EXDOSU=unit, EXSTDTC=day, EXENDTC=day)(rows)
        for place, unit, day in ((2, "mg", 101), (3, "g", 102))
    ],
    "unit-unknown": _set("tr", TRSTRESU="in"),
    "value-implausible": _set("tr", TRSTRESN=2000.0),
    "visit-undated": _set("rs", RSDTC=None),
    "year-missing": _set("rs", RSDTC="--02-26"),
}
# Found in tables as a whole or in several patients; each has a test of its own below.
ELSEWHERE = {"column-missing", "cutoff-invalid", "domain-missing", "study-mixed", "subject-duplicate", "value-invalid"}
# What a fault lawfully brings along.
ALONG = {
    "nobody-collected": {"nobody-randomized"},
    "assessment-after-death": {"dose-after-death"},
    "consent-after-randomization": {"assessment-before-consent"},
    "death-before-randomization": {"assessment-after-death", "dose-after-death", "record-after-death"},
    "grade-unknown": {"fatal-differs"},
    "before-birth": {"end-before-start"},
    "key-missing": {"subject-not-in-dm"},
    "result-missing": {"lesion-not-measured"},
}


def test_every_check_has_its_fault_here():
    assert set(FAULTS) | ELSEWHERE == set(QUALITY_CHECKS)


def test_the_page_on_derivation_names_every_check():
    page = (Path(__file__).parents[2] / "docs" / "derivation.md").read_text(encoding="utf-8")
    assert [code for code, check in QUALITY_CHECKS.items() if f"| {check.severity} | `{code}` |" not in page] == []


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_a_fault_is_found_under_its_code_and_no_other(code, palmira):
    rows = _clean()
    FAULTS[code](rows)
    report = check_quality(_study(rows, cutoff=1000), palmira)
    found = report.findings.filter(pl.col("code") == code)
    assert found.height >= 1, report.findings.select("code", "sentence").rows()
    assert _codes(report) - {code} <= ALONG.get(code, set()), report.findings.select("code", "sentence").rows()
    assert found["severity"].unique().to_list() == [QUALITY_CHECKS[code].severity]
    assert found["sentence"].null_count() == 0


ERRORS = sorted(code for code in FAULTS if QUALITY_CHECKS[code].severity == "error")


@pytest.mark.parametrize("code", ERRORS)
def test_data_with_an_error_are_refused(code, palmira):
    rows = _clean()
    FAULTS[code](rows)
    with pytest.raises(DataError, match=r"\w"):
        derive_adam(_study(rows, cutoff=1000), palmira)


def test_data_with_every_warning_and_note_are_derived_from(palmira):
    patients = []
    for place, code in enumerate(sorted(set(FAULTS) - set(ERRORS))):
        rows = _clean()
        FAULTS[code](rows)
        for records in rows.values():
            for record in records:
                record["USUBJID"] = {"P": f"P{place}", "Q": "Q"}.get(record["USUBJID"])
        patients.append(rows)
    sdtm = _study(*patients, cutoff=1000)
    report = check_quality(sdtm, palmira)
    assert not report.refused
    assert {code for code in FAULTS if QUALITY_CHECKS[code].severity != "error"} <= _codes(report)
    assert derive_adam(sdtm, palmira).tables["adsl"].height == len(patients)


def test_a_finding_says_who_which_record_and_what(palmira):
    rows = _clean()
    FAULTS["end-before-start"](rows)
    (found,) = check_quality(_study(rows), palmira).findings.to_dicts()
    assert found == {
        "severity": "warning",
        "code": "end-before-start",
        "domain": "EX",
        "USUBJID": "P",
        "sequence": 1.0,
        "variables": "EXSTDTC, EXENDTC",
        "values": "EXSTDTC=2020-01-01; EXENDTC=2019-12-31",
        "sentence": "EXENDTC 2019-12-31 lies before EXSTDTC 2020-01-01",
    }


def test_missing_domains_and_columns_are_all_named_at_once(palmira):
    sdtm = _study(_clean(), without=("ae", "ex"))
    tables = dict(sdtm.tables)
    tables["rs"] = tables["rs"].rename({"RSSTRESC": "RSTRESC"}).drop("RSDTC")
    report = check_quality(replace(sdtm, tables=tables), palmira)
    assert report.count("error", "domain-missing") == 2
    words = report.findings.filter(pl.col("code") == "column-missing")["sentence"].to_list()
    assert len(words) == 2, words
    assert any("did you mean RSTRESC; " in sentence for sentence in words), words
    assert report.refused


def test_a_column_that_reading_asks_for_is_named(palmira):
    sdtm = _study(_clean())
    tables = dict(sdtm.tables)
    tables["tu"] = tables["tu"].drop("TUTESTCD")
    report = check_quality(replace(sdtm, tables=tables), palmira)
    (words,) = report.findings.filter(pl.col("code") == "column-missing")["sentence"].to_list()
    assert words.startswith("TU has no column TUTESTCD")
    assert report.refused


def test_text_in_a_numeric_variable_is_listed_row_by_row(palmira):
    sdtm = _study(_clean())
    tables = dict(sdtm.tables)
    tables["tr"] = tables["tr"].with_columns(TRSTRESN=pl.Series(["20", "about 20"]))
    found = check_quality(replace(sdtm, tables=tables), palmira).findings
    assert found.filter(pl.col("code") == "value-invalid")["sentence"].to_list() == [
        "TRSTRESN is a number, and holds about 20"
    ]


def test_a_cutoff_that_is_no_date(palmira):
    sdtm = _study(_clean(), cutoff="2020")
    report = check_quality(sdtm, palmira)
    assert _codes(report) == {"cutoff-invalid"}
    assert report.refused


def test_a_subject_twice_in_dm_and_two_studies(palmira):
    second = made.patient("P", arm="ET")
    for rows in second.values():
        for row in rows:
            row["STUDYID"] = "OTHER"
    report = check_quality(_study(_clean(), made.patient("Q"), second), palmira)
    assert report.count(code="study-mixed") == 1
    twice = check_quality(_study(_clean(), made.patient("P")), palmira)
    assert twice.count("error", "subject-duplicate") == 2


def test_a_partial_date_offends_only_where_every_day_it_allows_does(palmira):
    rows = _clean()
    # Death in January 2020 may lie before or after a dose on 20 January; a death in 2019 may not.
    rows["dm"][0].update(DTHDTC="2020-04", DTHFL="Y")
    assert _codes(check_quality(_study(rows), palmira)) == set()
    rows["dm"][0].update(DTHDTC="2020-03")
    assert _codes(check_quality(_study(rows), palmira)) == {"assessment-after-death", "dose-after-death"}


def test_no_row_is_left_out_and_the_counts_agree(palmira):
    rows = _clean()
    for place in range(3, 3003):
        made.add(rows, "lb", "P", LBSEQ=place, LBDTC="2020-02-30")
    report = check_quality(_study(rows), palmira)
    assert report.count(code="impossible-date") == 3000
    assert report.summary().filter(pl.col("code") == "impossible-date")["findings"].item() == 3000
    assert len(report.to_dict()["findings"]) == 3000


def test_the_report_is_written_whole(palmira, tmp_path):
    rows = _clean()
    FAULTS["end-before-start"](rows)
    report = check_quality(_study(rows), palmira)
    parquet, csv = report.write(tmp_path)
    assert pl.read_parquet(parquet).equals(report.findings)
    assert pl.read_csv(csv).height == 1
    assert repr(report) == "PALMIRA: 1 warning in 10 records of 11 domains\n  warning end-before-start EX: 1"


def test_an_unknown_profile_is_refused(palmira):
    with pytest.raises(ArgumentError, match="no conventions profile named 'homemade'"):
        check_quality(_study(_clean()), palmira, profile="homemade")
