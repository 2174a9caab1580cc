"""The manners of the command line: statuses, JSON, numbered folders, no overwriting, interruption."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest


def test_help_and_version(equipoise_command):
    said = equipoise_command("--help")
    assert said.status == 0
    assert "synthesize" in said.out
    assert equipoise_command("--version").out.startswith("equipoise ")


@pytest.mark.parametrize("arguments", [["bogus"], ["check"], ["check", "palmira", "--bogus"], ["run", "palmira"]])
def test_wrong_words_end_with_status_2(equipoise_command, arguments):
    said = equipoise_command(*arguments)
    assert said.status == 2
    assert "Traceback" not in said.err


def test_check_prints_a_synopsis_on_one_screen(equipoise_command):
    said = equipoise_command("check", "palmira")
    assert said.status == 0
    lines = said.out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines[3:])) <= 100
    assert "198 patients at 41 sites" in said.out


def test_check_lists_assumptions(equipoise_command):
    said = equipoise_command("check", "palmira", "--assumptions")
    assert "randomization.block_sizes" in said.out


def test_check_as_json(equipoise_command):
    record = json.loads(equipoise_command("check", "palmira", "--json").out)
    assert record["format"] == "equipoise.check/1"
    assert record["trial"] == "PALMIRA"


def test_init_writes_a_file_that_is_valid(equipoise_command, tmp_path):
    assert equipoise_command("init", tmp_path / "new").status == 0
    assert equipoise_command("check", tmp_path / "new" / "trial.yaml").status == 0
    again = equipoise_command("init", tmp_path / "new")
    assert again.status == 2
    assert "[output-exists]" in again.err
    assert equipoise_command("init", tmp_path / "new", "--force").status == 0


def test_an_invalid_file_shows_every_fault(equipoise_command, tmp_path):
    from equipoise import starter

    file = tmp_path / "trial.yaml"
    file.write_text(starter().replace("ratio: 2", "ratio: 0").replace("phase: II ", "phase: 2 "))
    said = equipoise_command("check", file)
    assert said.status == 2
    assert "has 2 problems" in said.err
    assert f"{file}:" in said.err


def test_unparsable_pairs_are_refused(equipoise_command, tmp_path):
    said = equipoise_command("derive", "--profile", "admiral", "--sdtm", tmp_path, "--map", "rs")
    assert said.status == 2
    assert "is not of the form name=value" in said.err


def test_derive_needs_a_trial_or_a_profile(equipoise_command, palmira_sdtm):
    said = equipoise_command("derive", "--sdtm", palmira_sdtm)
    assert said.status == 2
    assert "neither a trial nor a conventions profile" in said.err


def test_analyze_needs_data(equipoise_command):
    said = equipoise_command("analyze", "palmira")
    assert said.status == 2
    assert "--adam" in said.err


def test_analyze_gbsg2_without_data_loads_them(equipoise_command, tmp_path):
    said = equipoise_command("analyze", "gbsg2", "--out", tmp_path / "results.parquet", "--json")
    rows = json.loads(said.out)["rows"]
    effect = {
        row["statistic"]: row["value"]
        for row in rows
        if (row.get("analysis"), row.get("parameter")) == ("rfs", "hazard-ratio")
    }
    assert said.status == 0
    assert [round(effect[name], 3) for name in ("estimate", "conf_low", "conf_high")] == [0.695, 0.544, 0.888]


def test_analyze_gbsg2_names_the_extra_when_it_is_missing(equipoise_command, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "lifelines.datasets", None)
    said = equipoise_command("analyze", "gbsg2", "--out", tmp_path / "out")
    assert said.status == 2
    assert "[extra-missing]" in said.err
    assert "equipoise[examples]" in said.err
    assert not (tmp_path / "out").exists()


def test_the_stages_make_what_run_makes(equipoise_command, palmira_sdtm, tmp_path):
    """derive, analyze and report one after the other give the rows and the report that run gives."""
    assert equipoise_command("run", "palmira", "--sdtm", palmira_sdtm, "--out", tmp_path / "run").status == 0
    assert equipoise_command("derive", "palmira", "--sdtm", palmira_sdtm, "--out", tmp_path / "adam").status == 0
    assert equipoise_command("analyze", "palmira", "--adam", tmp_path / "adam", "--out", tmp_path / "res").status == 0
    assert equipoise_command("report", "palmira", "--results", tmp_path / "res").status == 0
    from equipoise.frames.results import ResultTable

    ours, theirs = (ResultTable.read(tmp_path / place / "results.parquet") for place in ("run", "res"))
    values = [[(row.analysis, row.parameter, row.statistic, row.value) for row in rows] for rows in (ours, theirs)]
    assert values[0] == values[1]
    assert (tmp_path / "res" / "report.html").stat().st_size > 10_000


def test_an_interruption_ends_with_130_and_leaves_nothing(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "equipoise", "demo"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("runs/.*.partial")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert list(tmp_path.rglob("*")) in ([], [tmp_path / "runs"])


def test_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m equipoise check palmira --json | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert len(done.stdout) == 10
