"""The part of the OpenAPI document about flows."""

from __future__ import annotations

from typing import Any

from controller.gateway.openapi_parts import ERROR, MOMENT, TEXT, answer, list_of, record, ref

FLOW = record(
    "bot flow file version since problems",
    bot=TEXT,
    flow=TEXT,
    file={"type": "string", "description": "where it was read from, on the server"},
    version={
        "type": "string",
        "description": "beginning of the file's SHA-256; new sessions of the bot begin with it",
    },
    since=MOMENT,
    problems={
        **list_of(TEXT),
        "description": "why a newer version of the file is not used; empty when there is none",
    },
)

_FLOWS = record("flows", flows=list_of(ref("Flow")))

FLOW_PATHS: dict[str, Any] = {
    "/api/v1/flows": {
        "get": {
            "summary": "Which version of its flow each bot plays",
            "responses": {"200": answer("The bots that play a flow.", _FLOWS)},
        }
    },
    "/api/v1/flows/reload": {
        "post": {
            "summary": "Take up changed flow files now; live sessions keep the version they began with",
            "responses": {"200": answer("As it is after that.", _FLOWS), "403": ERROR},
        }
    },
}
