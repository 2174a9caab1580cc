"""The JSON Schema that editors use: as committed, and accepting what the models accept."""

import copy
import json
from importlib import resources
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from equipoise.protocol import builtin_text, parse_trial, render_schema, trial_schema

COMMITTED = (resources.files("equipoise.protocol") / "trial.schema.json").read_text(encoding="utf-8")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(COMMITTED))


def _as_json(text: str) -> dict[str, Any]:
    """The file as an editor's validator sees it: dates are texts, keys are texts."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def _faults(tree: dict[str, Any]) -> list[str]:
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(tree)]


def test_the_committed_schema_is_that_of_the_models():
    assert render_schema() == COMMITTED, "run `just schema`"
    assert trial_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(trial_schema())


@pytest.mark.parametrize("name", ["palmira", "gbsg2", "starter"])
def test_what_ships_is_valid(name):
    assert _faults(_as_json(builtin_text(name))) == []
    stored = parse_trial(builtin_text(name)).trial.model_dump(mode="json", exclude_none=True)
    assert _faults(stored) == []


@pytest.fixture
def starter() -> dict[str, Any]:
    return _as_json(builtin_text("starter"))


@pytest.mark.parametrize(
    "window", ["7 days", {"value": "7 days", "source": "SAP"}, {"value": "7 days", "assumption": "x"}]
)
def test_bare_and_stated_values_are_both_valid(starter, window):
    starter["schedule"]["tumor_assessments"]["window"] = window
    assert _faults(starter) == []


def _edited(tree: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    tree = copy.deepcopy(tree)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    node: Any = tree
    for step in way:
        node = node[step]
    node[last] = value
    return tree


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("colour", "blue"),
        ("trial.colour", "blue"),
        ("arms.0.colour", "blue"),
        ("arms.0.ratio", 0),
        ("arms.0.role", "placebo"),
        ("equipoise", 2),
        ("schedule.cycle", "28 fortnights"),
        ("schedule.tumor_assessments.window", {"value": "7 days", "sauce": "x"}),
        ("analyses.0.test.sides", 3),
        ("scenarios.0.survival.PFS.CTL.median", "5 months"),
        ("trial.enrollment", "many"),
    ],
)
def test_what_the_models_refuse_the_schema_refuses(starter, path, value):
    assert _faults(starter) == []
    assert len(_faults(_edited(starter, path, value))) > 0


def test_every_section_has_its_place(starter):
    assert set(VALIDATOR.schema["properties"]) >= set(starter)
    assert VALIDATOR.schema["additionalProperties"] is False
    assert sorted(VALIDATOR.schema["required"]) == ["analysis_sets", "arms", "endpoints", "equipoise", "trial"]
