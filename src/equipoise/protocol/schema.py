"""The JSON Schema of the trial file, for editors. The committed copy is tested equal to the models."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from equipoise.protocol.trial import Trial

COMMITTED = resources.files("equipoise.protocol") / "trial.schema.json"


def trial_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) generated from the models."""
    schema = Trial.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "equipoise trial file"}


def render_schema() -> str:
    """The schema as the text that is committed."""
    return json.dumps(trial_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
