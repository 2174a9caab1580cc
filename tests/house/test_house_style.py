"""Lint, format and types are part of the test run."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _run(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr)[-6000:]


def test_ruff_finds_nothing():
    status, said = _run("ruff", "check", ".")
    assert status == 0, said


def test_ruff_would_not_reformat():
    status, said = _run("ruff", "format", "--check", ".")
    assert status == 0, said


def test_types_hold():
    status, said = _run("basedpyright")
    assert status == 0, said
