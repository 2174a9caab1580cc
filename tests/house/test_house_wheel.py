"""An installed wheel is whole: in an empty environment it checks a built-in trial and makes the demo's report."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(*command: object, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment(tmp_path):
    _run("uv", "build", "--wheel", "--out-dir", tmp_path / "dist", cwd=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    _run("uv", "venv", "--python", sys.executable, tmp_path / "env", cwd=tmp_path)
    python = tmp_path / "env" / "bin" / "python"
    _run("uv", "pip", "install", "--python", python, wheel, cwd=tmp_path)
    command = tmp_path / "env" / "bin" / "equipoise"
    assert "palmira.yaml (built in) is valid" in _run(command, "check", "palmira", cwd=tmp_path)
    _run(command, "demo", "--out", tmp_path / "demo", cwd=tmp_path)
    assert (tmp_path / "demo" / "report.html").is_file()
    # The public data set is an extra, and an environment without it says so.
    missing = subprocess.run([command, "analyze", "gbsg2"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert missing.returncode == 2
    assert "pip install 'equipoise[examples]'" in missing.stderr
