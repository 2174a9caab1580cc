"""What the front door is handed is named in an error when it cannot be taken."""

from pathlib import Path

import pytest

import equipoise as eq
from equipoise.errors import ArgumentError


def test_a_trial_is_a_path_or_a_name():
    with pytest.raises(ArgumentError, match="not by int 5"):
        eq.load(5)  # pyright: ignore[reportArgumentType]


def test_a_report_is_made_of_rows_a_run_or_a_path():
    with pytest.raises(ArgumentError, match="results are rows, a run or a path, not float"):
        eq.report("palmira", results=3.5)  # pyright: ignore[reportArgumentType]


def test_a_report_can_be_made_of_a_run(palmira_sdtm: Path, tmp_path: Path):
    run = eq.run("palmira", sdtm=palmira_sdtm, out=tmp_path / "run")
    assert eq.report("palmira", results=run) == eq.report("palmira", results=run.folder / "results.parquet")


def test_results_are_not_written_as_another_format(equipoise_command, tmp_path: Path):
    refused = equipoise_command("analyze", "gbsg2", "--out", tmp_path / "rows.csv")
    assert refused.status == 2
    assert "rows.parquet" in refused.err
    assert not (tmp_path / "rows.csv").exists()
