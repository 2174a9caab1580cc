"""docs/validation.md is what the tool writes, from a record that belongs to the committed banks."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOL_FILE = ROOT / "tools/validation_page.py"
TOOL = runpy.run_path(str(TOOL_FILE))
RECORD = json.loads((ROOT / "validation/output/differences.json").read_text(encoding="utf-8"))
AGAIN = "run `uv run python tools/validation_page.py`"


def test_page_is_the_generated_one():
    written = (ROOT / "docs/validation.md").read_text(encoding="utf-8")
    assert written == TOOL["render"](RECORD), AGAIN


def test_record_belongs_to_the_banks():
    assert RECORD["banks"] == TOOL["digests"](), AGAIN
    assert RECORD["left_out"] == [], AGAIN


def test_every_bank_is_compared_and_has_its_versions():
    read = {TOOL["bank_of"](row["test"]) for row in RECORD["comparisons"]}
    assert read | set(TOOL["OWN_TOLERANCE"]) == set(RECORD["banks"])
    assert [test for test, _ in TOOL["OWN_TOLERANCE"].values() if not (ROOT / test).is_file()] == []
    for name in RECORD["banks"]:
        assert "R version" in (ROOT / f"validation/output/{name}_versions.txt").read_text(encoding="utf-8")
        assert (ROOT / f"validation/r/{name}.R").is_file()


def test_every_parity_test_of_a_bank_is_in_the_record():
    recorded = {row["test"] for row in RECORD["comparisons"]}
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests/parity").glob("test_*.py")
        if re.search(r"\bread_bank\(", path.read_text(encoding="utf-8"))
    }
    own = {test for test, _ in TOOL["OWN_TOLERANCE"].values()}
    assert readers - own == recorded - own, AGAIN


def test_differences_are_within_tolerance():
    assert [row for row in RECORD["comparisons"] if not 0.0 <= row["largest"] <= 1e-8 or row["n"] < 0] == []


@pytest.mark.slow
def test_record_is_what_the_tests_find(tmp_path):
    """The same comparisons over the same numbers; the differences themselves vary by processor."""
    # In a process of its own: in this one the tests may be imported already, and would not be listened to.
    program = "import json, runpy, sys; json.dump(runpy.run_path(sys.argv[1])['measure'](), open(sys.argv[2], 'w'))"
    command = [sys.executable, "-c", program, str(TOOL_FILE), str(tmp_path / "found.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    keys = ("test", "case", "quantity", "n")
    assert [[row[k] for k in keys] for row in found["comparisons"]] == [
        [row[k] for k in keys] for row in RECORD["comparisons"]
    ], AGAIN
    assert found["published"] == RECORD["published"], AGAIN
