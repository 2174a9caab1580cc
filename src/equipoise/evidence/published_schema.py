"""The JSON Schema of the published-result file, for editors. The committed copy is tested equal to the models."""

from __future__ import annotations

import json
from typing import Any

from equipoise.evidence.published import PublishedTrial


def published_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) generated from the models."""
    schema = PublishedTrial.model_json_schema(by_alias=True)
    title = {"title": "equipoise published-result file"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, **title}


def render_published_schema() -> str:
    """The schema as the text that is committed."""
    return json.dumps(published_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
