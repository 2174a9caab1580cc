"""One named seed reproduces every byte, in any process and order; another seed gives another trial."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from equipoise.protocol import load_trial
from equipoise.simulation import Synthetic, synthesize

PROGRAM = """
import sys
from equipoise.protocol import load_trial
from equipoise.simulation import synthesize
palmira = load_trial("palmira")
synthesize(palmira, seed=99, replicate=7)
synthesize(palmira, seed=11).write(sys.argv[1])
"""


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _same(one: Synthetic, other: Synthetic) -> bool:
    assert set(one.sdtm) == set(other.sdtm)
    return all(one.sdtm[name].equals(other.sdtm[name]) for name in one.sdtm if name != "ts")


@pytest.fixture(scope="module")
def eleven() -> Synthetic:
    return synthesize(load_trial("palmira"), seed=11)


def test_written_files_are_the_same_bytes_in_another_process_and_order(eleven: Synthetic, tmp_path: Path):
    eleven.write(tmp_path / "here")
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / "there")], check=True)
    assert _digests(tmp_path / "here") == _digests(tmp_path / "there")
    assert {"sdtm/dm.parquet", "truth/subjects.parquet"} <= set(_digests(tmp_path / "here"))


def test_two_calls_are_equal(eleven: Synthetic):
    again = synthesize(load_trial("palmira"), seed=11, scenario="published")
    assert _same(eleven, again)
    assert all(eleven.truth[name].equals(again.truth[name]) for name in eleven.truth)
    assert eleven.cutoff == again.cutoff


@pytest.mark.parametrize(("seed", "replicate"), [(12, 0), (11, 1)])
def test_another_seed_or_replicate_is_another_trial(eleven: Synthetic, seed: int, replicate: int):
    other = synthesize(load_trial("palmira"), seed=seed, replicate=replicate)
    assert not _same(eleven, other)
    assert not eleven.truth["subjects"].equals(other.truth["subjects"])
    assert eleven.truth["calibration"].equals(other.truth["calibration"])


def test_more_patients_do_not_change_those_before(eleven: Synthetic):
    """Draws are addressed by patient: a longer trial begins with the same people."""
    palmira = load_trial("palmira")
    enrollment = palmira.trial.enrollment.model_copy(update={"value": 240})
    longer = palmira.model_copy(update={"trial": palmira.trial.model_copy(update={"enrollment": enrollment})})
    ages = synthesize(longer, seed=11).sdtm["dm"].select("USUBJID", "SEX", "AGE")
    both = eleven.sdtm["dm"].join(ages, on="USUBJID", how="left", suffix="_longer")
    assert both.height == eleven.sdtm["dm"].height
    assert both.filter(pl.col("AGE").ne_missing(pl.col("AGE_longer"))).is_empty()
