"""Result rows carry where they came from, and a report refuses rows of another plan."""

import pytest

import equipoise as eq
from equipoise.errors import ArgumentError
from equipoise.frames.results import read_provenance
from equipoise.protocol import builtin_text, parse_trial


@pytest.fixture
def rows_alone(equipoise_command, palmira_sdtm, tmp_path):
    """The result rows of synthetic patients as one file, with no provenance.json anywhere near."""
    assert equipoise_command("derive", "palmira", "--sdtm", palmira_sdtm, "--out", tmp_path / "a" / "adam").status == 0
    file = tmp_path / "b" / "c" / "rows.parquet"
    assert equipoise_command("analyze", "palmira", "--adam", tmp_path / "a" / "adam", "--out", file).status == 0
    return file


def test_rows_alone_still_say_that_they_are_synthetic(rows_alone):
    kept = read_provenance(rows_alone)
    assert kept is not None
    assert kept.synthetic
    assert "SYNTHETIC DATA" in eq.report("palmira", results=rows_alone)


def test_a_plan_changed_after_the_analysis_is_refused(rows_alone, equipoise_command, tmp_path):
    """A two-sided P must not be worded as one-sided."""
    edited = tmp_path / "trial.yaml"
    edited.write_text(builtin_text("palmira").replace("sides: 2", "sides: 1"))
    said = equipoise_command("report", edited, "--results", rows_alone, "--out", tmp_path / "r.html")
    assert said.status == 2
    assert "another version of the trial file of PALMIRA" in said.err
    assert not (tmp_path / "r.html").exists()
    with pytest.raises(ArgumentError, match="another version of the trial file"):
        eq.report(edited, results=rows_alone)


def test_other_sections_of_the_report_are_no_other_plan(rows_alone, equipoise_command, tmp_path):
    edited = tmp_path / "trial.yaml"
    edited.write_text(
        builtin_text("palmira").replace("sections: [abstract, synopsis,", "sections: [abstract,") + "\n# a remark\n"
    )
    said = equipoise_command("report", edited, "--results", rows_alone, "--out", tmp_path / "r.html")
    assert said.status == 0
    assert "Synopsis" not in (tmp_path / "r.html").read_text()


def test_the_digest_is_of_what_a_file_says_not_of_its_spacing():
    text = builtin_text("gbsg2")
    spaced = parse_trial(text.replace("\n\n", "\n\n\n") + "# the end\n")
    assert spaced.digest == parse_trial(text).digest == eq.load("gbsg2").digest
    assert parse_trial(text.replace("alpha: 0.05", "alpha: 0.04")).digest != spaced.digest
