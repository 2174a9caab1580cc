"""`equipoise explain`: a patient of a run, in words, as data and as a picture."""

import json

import pytest

import equipoise as eq


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("explained") / "run"
    trial = eq.load("palmira")
    eq.run(trial, sdtm=eq.synthesize(trial, seed=11).sdtm, out=target)
    return target


def _subject(folder):
    import polars as pl

    responses = pl.read_parquet(folder / "adam" / "adrs.parquet").filter(pl.col("PARAMCD") == "OVR")
    return responses.filter(pl.col("AVALC") == "PD").sort("USUBJID")["USUBJID"][0]


def test_a_patient_is_told_and_drawn(equipoise_command, folder, tmp_path):
    subject, picture = _subject(folder), tmp_path / "patient.svg"
    said = equipoise_command("explain", str(folder), subject, "--out", str(picture))
    assert said.status == 0, said.err
    for heading in (subject, "Tumor assessments", "Response", "Endpoints"):
        assert heading in said.out
    assert "PFS" in said.out
    assert all(len(line) <= 100 for line in said.out.splitlines())
    assert picture.read_text(encoding="utf-8").startswith("<?xml")
    # It shows one person: nobody but its owner reads it.
    assert picture.stat().st_mode & 0o077 == 0


def test_the_json_holds_every_record_behind_an_endpoint(equipoise_command, folder):
    said = equipoise_command("explain", str(folder), _subject(folder), "--json")
    record = json.loads(said.out)
    assert record["format"] == "equipoise.explain/1"
    assert all(ending["source"] and ending["rule"] for ending in record["endings"])
    assert {ending["parameter"] for ending in record["endings"]} >= {"PFS", "OS"}


def test_a_subject_who_is_not_there_is_refused_with_the_nearest_name(equipoise_command, folder):
    subject = _subject(folder)
    said = equipoise_command("explain", str(folder), subject + "9")
    assert said.status == 2
    assert "did you mean" in said.err


def test_a_picture_is_svg_or_png(equipoise_command, folder, tmp_path):
    said = equipoise_command("explain", str(folder), _subject(folder), "--out", str(tmp_path / "patient.pdf"))
    assert said.status == 2
    assert "does not end in .svg or .png" in said.err
    assert not list(tmp_path.iterdir())


def test_a_folder_without_analysis_data_is_refused(equipoise_command, tmp_path):
    said = equipoise_command("explain", str(tmp_path), "T-1")
    assert said.status == 2
    assert "holds no table" in said.err


def test_a_result_explains_without_files():
    adam = eq.derive("palmira", sdtm=eq.synthesize("palmira", seed=11).sdtm)
    subject = adam.tables["adsl"].filter(adam.tables["adsl"]["RANDDT"].is_not_null())["USUBJID"][0]
    assert eq.explain(adam, subject).subject == subject
