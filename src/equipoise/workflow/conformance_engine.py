"""A program of its own: runs CDISC's rules engine in a Python that has it, and writes what it found as JSON.

    python conformance_engine.py JOB OUT

JOB is a JSON file: files (transport or Dataset-JSON), rules (YAML or JSON files, each one rule in CDISC's form),
standard, version, define (or null). OUT gets one record per rule and data set: rule, message, status, dataset, errors.
Imported by nothing here: the engine needs Python 3.12 and pandas 3, and equipoise neither.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def _rules(paths: list[str]) -> list[dict[str, Any]]:
    import yaml
    from cdisc_rules_engine.models.rule import Rule  # pyright: ignore[reportMissingImports]

    # YAML holds JSON too.
    return [Rule.from_cdisc_metadata(yaml.safe_load(Path(path).read_text(encoding="utf-8"))) for path in paths]


def _run(job: dict[str, Any]) -> list[dict[str, Any]]:
    import cdisc_rules_engine  # pyright: ignore[reportMissingImports]
    from cdisc_rules_engine.config import config  # pyright: ignore[reportMissingImports]
    from cdisc_rules_engine.models.library_metadata_container import (  # pyright: ignore[reportMissingImports]
        LibraryMetadataContainer,
    )
    from cdisc_rules_engine.rules_engine import RulesEngine  # pyright: ignore[reportMissingImports]
    from cdisc_rules_engine.services.cache import InMemoryCacheService  # pyright: ignore[reportMissingImports]

    # The engine looks for its schemas beside the folder it is started in.
    os.chdir(Path(str(cdisc_rules_engine.__file__)).parents[1])
    engine = RulesEngine(
        cache=InMemoryCacheService(),
        config_obj=config,
        standard=job["standard"],
        standard_version=job["version"].replace(".", "-"),
        library_metadata=LibraryMetadataContainer(),
        max_dataset_size=max(Path(file).stat().st_size for file in job["files"]),
        dataset_paths=job["files"],
        define_xml_path=job["define"],
        validate_xml=False,
    )
    found: list[dict[str, Any]] = []
    for rule in _rules(job["rules"]):
        for dataset, results in engine.validate_single_rule(rule).items():
            found += [
                {
                    "rule": rule["core_id"],
                    "dataset": result.get("dataset") or result.get("domain") or dataset,
                    "status": result.get("executionStatus"),
                    "message": result.get("message"),
                    "errors": result.get("errors") or [],
                }
                for result in results
            ]
    return found


if __name__ == "__main__":
    out = Path(sys.argv[2]).resolve()
    found = _run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    out.write_text(json.dumps(found, default=str), encoding="utf-8")
