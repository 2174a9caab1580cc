"""`equipoise derive --check`, `--format`, `--define`: what they print, write and exit with."""

from __future__ import annotations

import json

import polars as pl
import pytest

import made_up_study as made
from equipoise.frames.adam import read_adam
from equipoise.frames.sdtm import write_sdtm


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rows = made.patient("P", responses=[(56, "SD"), (112, "PD")], doses=((0, -2),))
    place = tmp_path_factory.mktemp("sdtm")
    tables = made.study(rows, made.patient("Q", arm="ET")).tables
    write_sdtm({**tables, "tu": tables["tu"].with_columns(TUTESTCD=pl.lit("TUMIDENT"))}, place)
    return place


def test_check_prints_counts_and_writes_every_finding(equipoise_command, folder, tmp_path):
    out = tmp_path / "quality"
    said = equipoise_command("derive", "palmira", "--sdtm", str(folder), "--check", "--out", str(out))
    assert said.status == 0
    assert "end-before-start" in said.out
    assert "P: EXENDTC" in said.out
    assert "these data can be derived from" in said.out
    assert pl.read_parquet(out / "data-quality.parquet")["code"].to_list() == ["end-before-start"]
    page = (out / "data-quality.html").read_text(encoding="utf-8")
    assert "EXENDTC 2019-12-30 lies before EXSTDTC 2020-01-01" in page
    assert not list(out.glob("ad*"))


def test_check_lists_what_reading_would_refuse_and_exits_with_1(equipoise_command, folder, tmp_path):
    tables = {path.stem: pl.read_parquet(path) for path in folder.glob("*.parquet")}
    tables["rs"] = tables["rs"].drop("RSSTRESC")
    tables["ex"] = tables["ex"].with_columns(pl.lit("much").alias("EXDOSE"))
    place = tmp_path / "sdtm"
    place.mkdir()
    for name, table in tables.items():
        table.write_parquet(place / f"{name}.parquet")
    said = equipoise_command(
        "derive", "palmira", "--sdtm", str(place), "--check", "--json", "--out", str(tmp_path / "q")
    )
    assert said.status == 1
    record = json.loads(said.out)
    assert record["format"] == "equipoise.derive-check/1"
    assert record["counts"]["error"] == 3
    assert {"column-missing", "value-invalid"} <= {finding["code"] for finding in record["findings"]}
    refused = equipoise_command("derive", "palmira", "--sdtm", str(place), "--out", str(tmp_path / "adam"))
    assert refused.status == 2


def test_formats_and_define_are_written_and_read(equipoise_command, folder, tmp_path):
    out = tmp_path / "adam"
    wanted = ("--format", "dataset-json", "--format", "xpt", "--define")
    said = equipoise_command("derive", "palmira", "--sdtm", str(folder), *wanted, "--out", str(out))
    assert said.status == 0
    assert not list(out.glob("ad*.parquet"))
    data = read_adam(out)
    assert data.sources["adtte"] == "adtte.json"
    described = json.loads((out / "adtte.json").read_text(encoding="utf-8"))
    assert described["metaDataRef"] == "define.xml"
    assert 'xlink:href="adtte.xpt"' in (out / "define.xml").read_text(encoding="utf-8")
    assert "1 warning" in said.out
    assert (out / "data-quality.html").is_file()


def test_an_unknown_format_is_refused_before_anything_is_read(equipoise_command, folder, tmp_path):
    out = tmp_path / "adam"
    said = equipoise_command("derive", "palmira", "--sdtm", str(folder), "--format", "sas", "--out", str(out))
    assert said.status == 2
    assert "format 'sas' cannot be written" in said.err
    assert "permitted: parquet, xpt, dataset-json" in said.err
    assert not out.exists()


def test_a_page_shows_the_first_cases_and_says_how_many_more():
    from equipoise.provenance import Provenance
    from equipoise.reporting.quality_page import SHOWN_CASES, render_quality_page

    found = {"severity": "warning", "code": "impossible-date", "domain": "LB"}
    cases = [
        {**found, "USUBJID": f"P{place}", "sequence": 1.0, "values": "LBDTC=<b>", "sentence": "no such day"}
        for place in range(SHOWN_CASES + 5)
    ]
    summary = [{**found, "findings": len(cases), "subjects": len(cases), "looks_for": "a date that does not exist"}]
    page = render_quality_page("S: 205 warnings", summary, cases, Provenance(trial_id="S"), beside="data-quality.csv")
    assert page.count("no such day") == SHOWN_CASES
    assert "The first 200 of 205; all are in data-quality.csv" in page
    assert "LBDTC=&lt;b&gt;" in page
    assert "http" not in page
