"""The OpenAPI document of the HTTP interface: what `api` and `server` answer, in one literal.

Responsible for describing, never for doing. A test compares it with the routes and their answers.
"""

from __future__ import annotations

from typing import Any


def _object(required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def _answer(description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    if schema is None:
        return {"description": description}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0}
_MS = {"type": ["number", "null"], "description": "milliseconds; null where the stage did not happen"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_MOMENT = {"type": "string", "format": "date-time"}
_ANY = {"type": "object"}
_ERROR = _answer("The error.", _ref("Error"))
_SESSION_ID = {"name": "session_id", "in": "path", "required": True, "schema": _TEXT}

_SESSION = _object(
    "session_id entry bot language state age_s",
    session_id=_TEXT,
    entry={"type": "string", "description": "web, inbound or outbound"},
    bot=_TEXT,
    language=_TEXT,
    state={
        "enum": ["listening", "thinking", "speaking", "tool_running", "ending", "ended", "unknown"],
        "description": "unknown: recorded without an end, and not live in this process",
    },
    age_s={"type": ["number", "null"], "description": "seconds since it began; its length when ended"},
    started_at=_MOMENT,
    ended_at={"type": ["string", "null"], "format": "date-time"},
    end_reason=_MAYBE_TEXT,
    turn_count=_COUNT,
    barge_in_count=_COUNT,
)
_TURN = _object(
    "number by caller_text bot_text heard_text interrupted failed citations at",
    number=_COUNT,
    by={"type": "string", "description": "opening, speech, dtmf, text or silence"},
    caller_text=_TEXT,
    bot_text={"type": "string", "description": "what was generated"},
    heard_text={"type": "string", "description": "what the caller heard of it"},
    interrupted=_FLAG,
    failed=_FLAG,
    citations=_list(_TEXT),
    endpoint_ms=_MS,
    asr_final_ms=_MS,
    llm_first_token_ms=_MS,
    tts_first_frame_ms=_MS,
    response_ms=_MS,
    speculative=_FLAG,
    at=_MOMENT,
)
_TOOL_CALL = _object(
    "turn name arguments ok result code took_ms",
    turn=_COUNT,
    name=_TEXT,
    arguments=_ANY,
    ok=_FLAG,
    result=_ANY,
    code=_TEXT,
    took_ms={"type": "number"},
)
_BOT = _object("name title language", name=_TEXT, title=_TEXT, language=_TEXT)

_LIST_PARAMETERS = [
    {"name": "state", "in": "query", "schema": {"enum": ["all", "live", "ended"], "default": "all"}},
    {
        "name": "limit",
        "in": "query",
        "description": "most recorded sessions to give",
        "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
    },
    {
        "name": "before",
        "in": "query",
        "description": "session_id of the last recorded session of the page before",
        "schema": _TEXT,
    },
]

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "SwitchTalk",
        "version": "1",
        "description": "Sessions and bots of one SwitchTalk process.",
    },
    "paths": {
        "/api/v1/sessions": {
            "get": {
                "summary": "Live sessions first, then recorded ones, newest first",
                "parameters": _LIST_PARAMETERS,
                "responses": {
                    "200": _answer(
                        "The sessions.", _object("sessions", sessions=_list(_ref("Session")))
                    ),
                    "400": _ERROR,
                    "503": _ERROR,
                },
            }
        },
        "/api/v1/sessions/{session_id}": {
            "get": {
                "summary": "One session with its turns and tool calls so far",
                "parameters": [_SESSION_ID],
                "responses": {
                    "200": _answer("The session.", _ref("SessionDetail")),
                    "404": _ERROR,
                    "503": _ERROR,
                },
            }
        },
        "/api/v1/sessions/{session_id}/hangup": {
            "post": {
                "summary": "End a live session now",
                "parameters": [_SESSION_ID],
                "responses": {
                    "202": _answer(
                        "It is ending.", _object("session_id accepted", session_id=_TEXT, accepted=_FLAG)
                    ),
                    "403": _ERROR,
                    "404": _ERROR,
                },
            }
        },
        "/api/v1/bots": {
            "get": {
                "summary": "The bots that can be called",
                "responses": {
                    "200": _answer(
                        "The bots.",
                        _object("bots default_bot", bots=_list(_ref("Bot")), default_bot=_TEXT),
                    )
                },
            }
        },
        "/api/v1/openapi.json": {
            "get": {"summary": "This document", "responses": {"200": _answer("OpenAPI 3.1.", _ANY)}}
        },
        "/healthz": {
            "get": {
                "summary": "The process is up",
                "responses": {"200": _answer("It is.", _object("status", status=_TEXT))},
            }
        },
        "/readyz": {
            "get": {
                "summary": "Whether calls can be taken",
                "responses": {
                    "200": _answer("They can.", _ref("Readiness")),
                    "503": _answer("Something is missing.", _ref("Readiness")),
                },
            }
        },
        "/metrics": {
            "get": {
                "summary": "Prometheus metrics",
                "responses": {"200": {"description": "Text.", "content": {"text/plain": {}}}},
            }
        },
    },
    "components": {
        "schemas": {
            "Session": _SESSION,
            "Turn": _TURN,
            "ToolCall": _TOOL_CALL,
            "SessionDetail": {
                "allOf": [
                    _ref("Session"),
                    _object(
                        "turns tool_calls", turns=_list(_ref("Turn")), tool_calls=_list(_ref("ToolCall"))
                    ),
                ]
            },
            "Bot": _BOT,
            "Readiness": _object("ready missing", ready=_FLAG, missing=_list(_TEXT)),
            "Error": _object("error", error=_object("code message", code=_TEXT, message=_TEXT)),
        }
    },
}
