"""Conformance by CDISC's own rules engine (CORE), where it is installed: rules run on the files, issues as rows.

The engine needs Python 3.12 and pandas 3, so it runs in a process of its own, in this Python where that has it, else in
the one that is named. It brings no rules: they are published by CDISC (github.com/cdisc-org/cdisc-open-rules), one file
each, and are named by their folder. Rules that ask CDISC's library for classes and code lists are skipped and said so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import polars as pl

from equipoise.errors import ArgumentError, DataError, MissingExtraError
from equipoise.frames.adam import write_adam
from equipoise.frames.sdtm import write_sdtm

ENGINE = "cdisc_rules_engine"
ENGINE_VARIABLE = "EQUIPOISE_CORE_PYTHON"
_ENGINE_PYTHON = (3, 12)
_REPORTED = ("success", "issue reported")
_STANDARDS = {"sdtm": ("sdtmig", "3.4"), "adam": ("adamig", "1.3")}
SCHEMA = pl.Schema(
    {
        "rule": pl.String(),
        "status": pl.String(),
        "dataset": pl.String(),
        "USUBJID": pl.String(),
        "sequence": pl.Float64(),
        "row": pl.Int64(),
        "values": pl.String(),
        "message": pl.String(),
    }
)


def find_engine(engine: str | Path | None = None) -> str:
    """The Python that has the rules engine: the one named, that of EQUIPOISE_CORE_PYTHON, or this one.

    Raises MissingExtraError `extra-missing`, saying how to install it and which Python it needs, and ArgumentError
    `argument-invalid` for a named one that does not exist.
    """
    named = engine or os.environ.get(ENGINE_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise ArgumentError(
                "argument-invalid", f"{named} is no Python", hint="name the python of the engine's environment"
            )
        return str(named)
    if importlib.util.find_spec(ENGINE) is not None:
        return sys.executable
    here = sys.version_info[:2]
    if here == _ENGINE_PYTHON:
        reason, first = "cdisc-rules-engine is not installed", "install it: uv pip install cdisc-rules-engine; or"
    else:
        reason, first = f"cdisc-rules-engine needs Python 3.12, and this is {here[0]}.{here[1]}", ""
    apart = "uv venv --python 3.12 core && uv pip install --python core cdisc-rules-engine"
    raise MissingExtraError(
        "extra-missing",
        "CDISC's rules engine is not available",
        reason=reason,
        hint=f"{first} keep it in an environment of its own ({apart}) and name core/bin/python with --engine".strip(),
    )


def check_conformance(
    tables: Mapping[str, pl.DataFrame],
    rules: str | Path,
    *,
    kind: Literal["sdtm", "adam"] = "sdtm",
    standard: tuple[str, str] | None = None,
    define: str | Path | None = None,
    engine: str | Path | None = None,
) -> pl.DataFrame:
    """Run a folder of CDISC's rules on tables. Returns one row per issue, and one per rule that could not run.

    Arguments: tables by name; a folder (or one file) of rules, YAML or JSON; "sdtm" or "adam"; the standard and its
    version, by default SDTMIG 3.4 or ADaMIG 1.3; a Define-XML file; the Python that has the engine.
    Columns: rule (CORE id), status, dataset, USUBJID, sequence, row, values, message. Status "issue reported" is an
    issue of a record; any other says why the rule did not run on that data set.
    Raises MissingExtraError `extra-missing`; ArgumentError `argument-invalid` for a folder without rules; DataError
    `file-unreadable` where the engine fails, with what it said last.
    """
    python = find_engine(engine)
    files = _rule_files(Path(rules))
    name, version = standard or _STANDARDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if kind == "sdtm":
            written = list(write_sdtm(tables, place, "dataset-json").values())
        else:
            written = write_adam(tables, place, formats=("dataset-json",))
        job = {
            "files": [str(path) for path in written],
            "rules": [str(path.resolve()) for path in files],
            "standard": name,
            "version": version,
            "define": str(Path(define).resolve()) if define else None,
        }
        return _rows(_run(python, job, place))


def _rule_files(rules: Path) -> list[Path]:
    found = [rules] if rules.is_file() else sorted(path for path in rules.rglob("*") if path.suffix in _RULE_ENDINGS)
    if not found:
        raise ArgumentError(
            "argument-invalid",
            f"{rules} holds no rules",
            hint="name a folder of rule files (.yaml, .yml, .json) as CDISC publishes them",
        )
    return found


_RULE_ENDINGS = (".yaml", ".yml", ".json")


def _run(python: str, job: Mapping[str, Any], place: Path) -> list[dict[str, Any]]:
    job_file, out_file = place / "job", place / "found"
    job_file.write_text(json.dumps(job), encoding="utf-8")
    program = Path(__file__).with_name("conformance_engine.py")
    done = subprocess.run(
        [python, str(program), str(job_file), str(out_file)], cwd=place, capture_output=True, text=True, check=False
    )
    if done.returncode or not out_file.is_file():
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise DataError(
            "file-unreadable",
            "CDISC's rules engine stopped",
            where=python,
            reason=said,
            hint="check the rules and that this Python has cdisc-rules-engine",
        )
    return json.loads(out_file.read_text(encoding="utf-8"))


def _rows(found: list[dict[str, Any]]) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for result in found:
        about = {"rule": result["rule"], "dataset": result["dataset"], "message": result["message"]}
        if result["status"] not in _REPORTED:
            rows.append({**about, "status": result["status"]})
            continue
        for error in result["errors"]:
            values = error.get("value") or {}
            rows.append(
                {
                    **about,
                    "status": "issue reported",
                    "USUBJID": _text(error.get("USUBJID")),
                    "sequence": _number(error.get("SEQ")),
                    "row": error.get("row"),
                    "values": "; ".join(f"{name}={value}" for name, value in values.items()),
                }
            )
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return frame.sort("rule", "dataset", "row", "status", nulls_last=True)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
