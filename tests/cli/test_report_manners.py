"""`equipoise report`: where it writes, and whose numbers it shows."""

import pytest


@pytest.fixture(scope="module")
def results(palmira_sdtm, tmp_path_factory):
    from equipoise.workflow.products import write_derived, write_results

    folder = tmp_path_factory.mktemp("analyzed")
    write_derived("palmira", sdtm=palmira_sdtm, out=folder / "adam")
    return write_results("palmira", adam=folder / "adam", out=folder / "results")[2]


@pytest.mark.parametrize("name", ["report.pdf", "trial.yaml", "folder/", "report"])
def test_a_report_is_an_html_file(equipoise_command, results, tmp_path, name):
    (tmp_path / "trial.yaml").write_text("mine")
    said = equipoise_command("report", "palmira", "--results", results, "--out", f"{tmp_path}/{name}", "--force")
    assert said.status == 2
    assert "[argument-invalid]" in said.err
    assert "does not end in .html" in said.err
    assert (tmp_path / "trial.yaml").read_text() == "mine"


def test_an_input_is_never_replaced(equipoise_command, results, tmp_path):
    before = results.read_bytes()
    adam = results.parents[1] / "adam"
    for out in (adam, results.parents[1]):
        said = equipoise_command("analyze", "palmira", "--adam", adam, "--out", out, "--force")
        assert said.status == 2
        assert "[output-exists]" in said.err
    said = equipoise_command("analyze", "palmira", "--adam", adam, "--out", adam / "adsl.parquet", "--force")
    assert "adsl.parquet is read here" in said.err
    assert (adam / "adsl.parquet").is_file()
    assert results.read_bytes() == before


def test_results_of_another_trial_are_refused(equipoise_command, results, tmp_path):
    from equipoise import starter

    (tmp_path / "trial.yaml").write_text(starter())
    said = equipoise_command("report", tmp_path / "trial.yaml", "--results", results, "--out", tmp_path / "report.html")
    assert said.status == 2
    assert "the results are of PALMIRA, and the trial file is of MYTRIAL" in said.err
    assert not (tmp_path / "report.html").exists()


def test_standard_output_on_a_full_disk_is_no_traceback():
    import subprocess
    import sys
    from pathlib import Path

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        call = [sys.executable, "-m", "equipoise", "check", "palmira"]
        said = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert said.returncode == 2
    assert "[output-unwritable] the system says: no space left on device" in said.stderr
    assert "Traceback" not in said.stderr


def test_check_fits_a_narrow_terminal(equipoise_command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    lines = equipoise_command("check", "palmira").out.splitlines()
    assert max(map(len, lines)) <= 72
