"""The JSON Schema of the published-result file is that of the models, and accepts what the reader accepts."""

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from equipoise.evidence import published_names, published_text
from equipoise.evidence.published_schema import published_schema, render_published_schema

ROOT = Path(__file__).parents[2]


def test_committed_schema_is_generated():
    committed = (ROOT / "src/equipoise/evidence/published.schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json.loads(render_published_schema()), "run `just schema`"


@pytest.mark.parametrize("name", [*published_names(), "starter"])
def test_examples_hold_to_the_schema(name: str):
    validator = jsonschema.Draft202012Validator(published_schema())
    record = YAML(typ="safe").load(published_text(name))
    assert list(validator.iter_errors(record)) == []
    record["results"][0]["hazardratio"] = "0.84"
    assert [error.validator for error in validator.iter_errors(record)] == ["additionalProperties"]


def test_docs_name_every_key_and_column():
    from equipoise.evidence.published_table import TABLE_COLUMNS

    page = (ROOT / "docs/published-file.md").read_text(encoding="utf-8")
    keys = {key for part in _objects(published_schema()) for key in part.get("properties", {})}
    assert len(keys) > 30
    assert sorted(key for key in keys if f"`{key}`" not in page) == []
    assert [column for column in TABLE_COLUMNS if f"`{column}`" not in page] == []


def _objects(schema: dict) -> list[dict]:
    held = []
    for part in schema.get("$defs", {}).values():
        held += [part, *(one for one in part.get("anyOf", []) if isinstance(one, dict))]
    return [schema, *held]
