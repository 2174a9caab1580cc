"""Measure every comparison of the tests with the validation banks, and write docs/validation.md from the record.

    uv run python tools/validation_page.py            measure, write validation/output/differences.json and the page
    uv run python tools/validation_page.py FILE ...   the same without these test files, which the page then names
    uv run python tools/validation_page.py --render   write the page from the record there is

The comparisons are those of tests/parity: each call of `bank.assert_close` is noted with the test it stands in. So a
new bank appears here once a test reads it, without being declared twice.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "validation/output"
RECORD = OUTPUT / "differences.json"
PAGE = ROOT / "docs/validation.md"

sys.path.insert(0, str(ROOT / "validation"))

HEAD = """# Validation

What the tests compare with other programs and with print, and the largest difference found. This page is generated
(`uv run python tools/validation_page.py`); a test holds it to the record `validation/output/differences.json`, and the
record to the banks by their digests.

A bank is the raw output of a program in another system, 17 significant digits, kept under `validation/output/` with
the versions that ran; programs and data are beside it (`validation/README.md`). Tests read the bank and need no R.

**Tolerance.** |ours - theirs| <= 1e-8 max(|theirs|, s): s is the standard error for an estimate, 1 for a probability or
a test statistic, else 0. Both sides are double precision and converged, so what is left is rounding in sums over the
data; 1e-8 is far above that and far below anything printed. Where a comparison is looser its tolerance and the reason
stand in the test, and it is not in the tables. The scaled difference is |ours - theirs| / max(|theirs|, s); 0 means
equal to the last bit.
"""


# Banks whose tests have a tolerance of their own, which is not that of this page: the test, and the tolerance.
OWN_TOLERANCE = {
    "design_sequential_bank": (
        "tests/parity/test_design_sequential_bank.py",
        "bounds within 1e-6 in Z of rpact, whose own search ends near 1e-7; ours stay within 1e-10 when the nodes are "
        "doubled",
    ),
    "trial_simulation_bank": (
        "tests/parity/test_trial_simulation_rpact_bank.py",
        "simulated rates and means within 4 combined Monte-Carlo errors",
    ),
}
# More cases than this are counted, not named.
MOST_NAMED = 40


class Recorder:
    """A pytest plugin that notes each comparison with a bank, and each test of printed numbers that passed."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], list[float]] = {}
        self.passed: dict[str, int] = {}
        self.failed: list[str] = []
        self.place = ("", "")

    def pytest_runtest_setup(self, item: Any) -> None:
        self.place = (item.path.relative_to(ROOT).as_posix(), item.originalname or item.name)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            file = report.nodeid.split("::")[0]
            self.passed[file] = self.passed.get(file, 0) + 1

    def note(self, ours: object, theirs: object, scale: object, what: str) -> None:
        a, b = np.asarray(ours, dtype=float).ravel(), np.asarray(theirs, dtype=float).ravel()
        s = np.maximum(np.abs(b), np.broadcast_to(np.asarray(scale, dtype=float).ravel(), b.shape))
        known = np.isfinite(a) & np.isfinite(b)
        distance = np.abs(a[known] - b[known])
        scaled = np.where(distance > 0.0, distance / np.maximum(s[known], 1e-300), 0.0)
        kept = self.found.setdefault((*self.place, what), [0, 0.0])
        kept[0] += int(known.sum())
        kept[1] = max(kept[1], float(scaled.max(initial=0.0)))


def measure(left_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run the tests that compare, but for the files left out, and return the record."""
    import bank
    import pytest

    recorder, plain = Recorder(), bank.assert_close

    def noting(ours: object, theirs: object, scale: object = 0.0, what: str = "", where: str = "") -> None:
        plain(ours, theirs, scale, what, where)
        recorder.note(ours, theirs, scale, what)

    bank.assert_close = noting
    try:
        ignored = [f"--ignore={file}" for file in left_out]
        pytest.main(["-q", "-p", "no:cacheprovider", *ignored, "tests/parity", "tests/published"], plugins=[recorder])
    finally:
        bank.assert_close = plain
    if recorder.failed:
        raise SystemExit(f"{len(recorder.failed)} tests fail, first {recorder.failed[0]}: nothing is written")
    comparisons = [
        {"test": file, "case": case, "quantity": what, "n": int(n), "largest": float(f"{worst:.1e}")}
        for (file, case, what), (n, worst) in sorted(recorder.found.items())
    ]
    published = {file: n for file, n in sorted(recorder.passed.items()) if file.startswith("tests/published/")}
    return {"banks": digests(), "left_out": list(left_out), "comparisons": comparisons, "published": published}


def digests() -> dict[str, str]:
    """The SHA-256 of every bank there is."""
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(OUTPUT.glob("*.jsonl"))}


def bank_of(test: str) -> str:
    """The bank that a test file reads."""
    text = (ROOT / test).read_text(encoding="utf-8")
    named = re.search(r'read_bank\(\s*(?:"(\w+)")?\s*\)', text)
    return (named.group(1) if named else None) or "survival_bank"


def said(test: str) -> str:
    """The first sentence of a test file's docstring."""
    text = (ROOT / test).read_text(encoding="utf-8")
    docstring = re.match(r'"""(.*?)"""', text, flags=re.DOTALL)
    return re.split(r"(?<=[.!])\s", " ".join(docstring.group(1).split()))[0] if docstring else ""


def render(record: dict[str, Any]) -> str:
    """docs/validation.md."""
    total = sum(row["n"] for row in record["comparisons"])
    worst = max((row["largest"] for row in record["comparisons"]), default=0.0)
    lines = [HEAD, f"{total:,} numbers are compared; the largest scaled difference is {worst:.1e}.", ""]
    if record["left_out"]:
        lines += [f"Left out of this measurement: {', '.join(record['left_out'])}.", ""]
    for name in record["banks"]:
        lines += _bank_section(name, [row for row in record["comparisons"] if bank_of(row["test"]) == name])
    lines += ["## Printed numbers", "", "Each to the digits printed.", "", "| source | checks |", "|---|---|"]
    lines += [f"| {_cell(said(test))} (`{test}`) | {n} |" for test, n in record["published"].items()]
    return "\n".join(lines) + "\n"


def _bank_section(name: str, rows: list[dict[str, Any]]) -> list[str]:
    file = OUTPUT / f"{name}_versions.txt"
    versions = file.read_text(encoding="utf-8").split("\n") if file.exists() else ["not recorded"]
    cases = _cases(name)
    title = name.removesuffix("_bank").replace("_", " ")
    lines = [
        f"## {title[0].upper()}{title[1:]}", "",
        f"Program `validation/r/{name}.R`, output `validation/output/{name}.jsonl`.", "",
        f"Versions: {'; '.join(v.strip() for v in versions if v.strip())}.", "",
        f"{cases}.", "",
    ]  # fmt: skip
    if name in OWN_TOLERANCE:
        test, tolerance = OWN_TOLERANCE[name]
        lines += [f"{said(test)} (`{test}`): {tolerance}.", ""]
    for test in dict.fromkeys(row["test"] for row in rows):
        lines += [
            f"{said(test)} (`{test}`)",
            "",
            "| test | quantity | numbers | largest difference |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {row['case'].removeprefix('test_').replace('_', ' ')} | {_cell(row['quantity'])} | {row['n']:,} | "
            f"{'0' if row['largest'] == 0.0 else format(row['largest'], '.1e')} |"
            for row in rows if row["test"] == test
        ]  # fmt: skip
        lines.append("")
    return lines


def _cases(name: str) -> str:
    """The data sets of a bank by name, or how many designs it holds."""
    lines = [json.loads(line) for line in _bank_lines(name)]
    named = sorted({line["dataset"] for line in lines if "dataset" in line})
    if not named:
        return f"{len(lines)} designs"
    return f"Data sets ({len(named)}): {', '.join(named)}" if len(named) <= MOST_NAMED else f"{len(named)} cases"


def _bank_lines(name: str) -> list[str]:
    return (OUTPUT / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    if "--render" not in sys.argv[1:]:
        record = measure(tuple(argument for argument in sys.argv[1:] if not argument.startswith("--")))
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(render(json.loads(RECORD.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
