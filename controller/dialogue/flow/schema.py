"""The JSON Schema of a flow file, so that editors complete its keys, explain them and mark mistakes.

Made from the models that load a flow; the words are those of `schema_words`. It says what one place may
hold; what belongs together but lies apart (names, languages, ways) is for `checks`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.schema_words import GENERAL, SPECIAL, TITLE
from controller.dialogue.languages import LANGUAGES

FILE_NAME = "flow.schema.json"
HEAD_LINE = f"# yaml-language-server: $schema={FILE_NAME}"
"""First line of a flow that lies beside the schema: editors that know YAML follow it."""


def flow_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a flow file; every key has a description."""
    schema = Flow.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    definitions["Text"] = _text()
    for name, definition in definitions.items():
        if "properties" in definition:
            definition["description"] = SPECIAL.get(name, _own_words(definition))
    for owner, key, described in keys(schema):
        described["description"] = _words(owner, key, described)
        described.pop("title", None)
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **schema, "title": TITLE, "description": SPECIAL["Flow"]}


def render() -> str:
    """The schema as the file beside the flows holds it."""
    return json.dumps(flow_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def keys(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(model, key, its schema) of every key that a flow file may hold."""
    for key, described in schema["properties"].items():
        yield "Flow", key, described
    for name, definition in schema["$defs"].items():
        for key, described in definition.get("properties", {}).items():
            yield name, key, described


def _words(owner: str, key: str, described: dict[str, Any]) -> str:
    """Our words for people who write flows; else the model's own; else none (a test finds those)."""
    return SPECIAL.get(f"{owner}.{key}") or GENERAL.get(key) or _own_words(described)


def _own_words(described: dict[str, Any]) -> str:
    return " ".join(str(described.get("description", "")).replace("`", "").split())


def _text() -> dict[str, Any]:
    """A string, or one for each language: the model takes both, which its own schema doesn't tell."""
    one = {"type": "string"}
    return {
        "description": "What to say. One text for all languages, or one for each.",
        "anyOf": [
            one,
            {
                "type": "object",
                "properties": {code: {**one, "description": f"In '{code}'."} for code in LANGUAGES},
                "additionalProperties": False,
                "minProperties": 1,
            },
        ],
    }
