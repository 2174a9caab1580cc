"""The adapter of CDISC's rules engine: how it is found, what it is asked, and issues as rows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import polars as pl
import pytest

from equipoise.errors import ArgumentError, DataError, MissingExtraError
from equipoise.workflow import conformance
from equipoise.workflow.conformance import check_conformance, find_engine

RULE = """
Authorities:
  - Organization: Made up
    Standards:
      - Name: SDTMIG
        Version: "3.4"
        References:
          - {Origin: made up, Version: "1", Rule Identifier: {Id: MADEUP1, Version: "1"}}
Check:
  all:
    - {name: AEENDTC, operator: date_less_than, value: AESTDTC}
Core: {Id: MADEUP-000001, Status: Published, Version: "1"}
Description: an event ends after it starts
Executability: Fully Executable
Outcome: {Message: AEENDTC lies before AESTDTC, Output Variables: [AESTDTC, AEENDTC]}
Rule Type: Record Data
Scope: {Classes: {Include: [ALL]}, Domains: {Include: [AE]}}
Sensitivity: Record
"""
TABLES = {
    "ae": pl.DataFrame(
        {
            "STUDYID": ["S", "S"],
            "DOMAIN": ["AE", "AE"],
            "USUBJID": ["P", "Q"],
            "AESEQ": [1, 2],
            "AEDECOD": ["Nausea", "Nausea"],
            "AESTDTC": ["2020-01-02", "2020-01-02"],
            "AEENDTC": ["2020-01-05", "2020-01-01"],
        }
    )
}
# An engine that stands in for CDISC's: it reads the job that the program was given, and says what it was told to.
STAND_IN = """#!{python}
import json, sys
job = json.load(open(sys.argv[2]))
assert job["standard"] == "sdtmig" and job["version"] == "3.4" and job["define"] is None, job
table = json.load(open(job["files"][0]))
assert table["datasetJSONVersion"] == "1.1.0" and table["name"] == "AE", table
said = {{"rule": "MADEUP-000001", "dataset": "AE", "message": "AEENDTC lies before AESTDTC"}}
error = {{"value": {{"AESTDTC": "2020-01-02", "AEENDTC": "2020-01-01"}}, "row": 2, "USUBJID": "Q", "SEQ": 2}}
skipped = {{"rule": "MADEUP-000002", "dataset": "AE", "message": "no such column", "status": "skipped", "errors": []}}
json.dump([{{**said, "status": "success", "errors": [error]}}, skipped], open(sys.argv[3], "w"))
"""


@pytest.fixture
def rules(tmp_path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "made-up.yaml").write_text(RULE, encoding="utf-8")
    return folder


def _program(tmp_path, text: str) -> Path:
    path = tmp_path / "python"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_issues_and_skipped_rules_are_rows(rules, tmp_path):
    engine = _program(tmp_path, STAND_IN.format(python=sys.executable))
    found = check_conformance(TABLES, rules, engine=engine)
    assert found.to_dicts() == [
        {
            "rule": "MADEUP-000001",
            "status": "issue reported",
            "dataset": "AE",
            "USUBJID": "Q",
            "sequence": 2.0,
            "row": 2,
            "values": "AESTDTC=2020-01-02; AEENDTC=2020-01-01",
            "message": "AEENDTC lies before AESTDTC",
        },
        {
            **dict.fromkeys(("USUBJID", "sequence", "row", "values")),
            "rule": "MADEUP-000002",
            "status": "skipped",
            "dataset": "AE",
            "message": "no such column",
        },
    ]


def test_cdisc_own_engine_finds_the_same(rules):
    engine = os.environ.get(conformance.ENGINE_VARIABLE)
    if not engine:
        pytest.skip(f"{conformance.ENGINE_VARIABLE} names no Python 3.12 with cdisc-rules-engine")
    found = check_conformance(TABLES, rules)
    issues = found.filter(pl.col("status") == "issue reported")
    assert issues.select("rule", "dataset", "USUBJID", "sequence").rows() == [("MADEUP-000001", "AE", "Q", 2.0)]


def test_without_the_engine_it_says_how_to_have_it(rules, monkeypatch):
    monkeypatch.delenv(conformance.ENGINE_VARIABLE, raising=False)
    monkeypatch.setattr(conformance.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="CDISC's rules engine is not available") as caught:
        check_conformance(TABLES, rules)
    assert caught.value.code == "extra-missing"
    assert "uv venv --python 3.12 core" in (caught.value.hint or "")
    monkeypatch.setattr(conformance, "_ENGINE_PYTHON", (2, 7))
    with pytest.raises(MissingExtraError, match="not available") as other:
        find_engine()
    assert f"this is {sys.version_info[0]}.{sys.version_info[1]}" in (other.value.reason or "")


def test_an_engine_that_does_not_exist(rules, tmp_path):
    with pytest.raises(ArgumentError, match="is no Python"):
        check_conformance(TABLES, rules, engine=tmp_path / "nowhere")


def test_a_folder_without_rules(tmp_path):
    with pytest.raises(ArgumentError, match="holds no rules"):
        check_conformance(TABLES, tmp_path, engine=sys.executable)


def test_an_engine_that_fails_says_what_it_said(rules, tmp_path):
    engine = _program(tmp_path, f"#!{sys.executable}\nraise SystemExit('no rules today')\n")
    with pytest.raises(DataError, match="CDISC's rules engine stopped") as caught:
        check_conformance(TABLES, rules, engine=engine)
    assert caught.value.code == "file-unreadable"
    assert caught.value.reason == "no rules today"
