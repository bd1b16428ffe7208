"""The OpenAPI document of the HTTP interface: what `api` and `server` answer, in one literal.

Responsible for describing, never for doing. A test compares it with the routes and their answers.
"""

from __future__ import annotations

from typing import Any

from controller.gateway.openapi_campaign_schemas import CAMPAIGN_SCHEMAS
from controller.gateway.openapi_campaigns import CAMPAIGN_PATHS
from controller.gateway.openapi_flows import FLOW, FLOW_PATHS
from controller.gateway.openapi_login import (
    LOGIN_PATHS,
    LOGIN_SCHEMAS,
    SECURITY,
    SECURITY_SCHEMES,
)
from controller.gateway.openapi_parts import (
    ANY,
    COUNT,
    ERROR,
    FLAG,
    MAYBE_TEXT,
    MOMENT,
    SESSION_ID,
    TEXT,
    answer,
    list_of,
    record,
    ref,
)
from controller.gateway.openapi_phone import CALL, PHONE_PATHS

_MS = {"type": ["number", "null"], "description": "milliseconds; null where the stage did not happen"}

_SESSION = record(
    "session_id entry bot language state age_s",
    session_id=TEXT,
    entry={"type": "string", "description": "web, inbound or outbound"},
    bot=TEXT,
    language=TEXT,
    state={
        "enum": ["listening", "thinking", "speaking", "tool_running", "ending", "ended", "unknown"],
        "description": "unknown: recorded without an end, and not live in this process",
    },
    age_s={"type": ["number", "null"], "description": "seconds since it began; its length when ended"},
    started_at=MOMENT,
    ended_at={"type": ["string", "null"], "format": "date-time"},
    end_reason=MAYBE_TEXT,
    version={"type": "string", "description": "of the bot's prompt or flow when it began; may be empty"},
    turn_count=COUNT,
    barge_in_count=COUNT,
)
_TURN = record(
    "number by caller_text bot_text heard_text interrupted failed citations at",
    number=COUNT,
    by={
        "type": "string",
        "description": "opening, speech, dtmf, text, silence; handed over: caller, agent …",
    },
    caller_text=TEXT,
    bot_text={"type": "string", "description": "what was generated"},
    heard_text={"type": "string", "description": "what the caller heard of it"},
    interrupted=FLAG,
    failed=FLAG,
    citations=list_of(TEXT),
    endpoint_ms=_MS,
    asr_final_ms=_MS,
    llm_first_token_ms=_MS,
    tts_first_frame_ms=_MS,
    response_ms=_MS,
    speculative=FLAG,
    at=MOMENT,
)
_TOOL_CALL = record(
    "turn name arguments ok result code took_ms",
    turn=COUNT,
    name=TEXT,
    arguments=ANY,
    ok=FLAG,
    result=ANY,
    code=TEXT,
    took_ms={"type": "number"},
)
_BOT = record("name title language", name=TEXT, title=TEXT, language=TEXT)

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
        "schema": TEXT,
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
                    "200": answer("The sessions.", record("sessions", sessions=list_of(ref("Session")))),
                    "400": ERROR,
                    "503": ERROR,
                },
            }
        },
        "/api/v1/sessions/{session_id}": {
            "get": {
                "summary": "One session with its turns and tool calls so far",
                "parameters": [SESSION_ID],
                "responses": {
                    "200": answer("The session.", ref("SessionDetail")),
                    "404": ERROR,
                    "503": ERROR,
                },
            }
        },
        "/api/v1/sessions/{session_id}/hangup": {
            "post": {
                "summary": "End a live session now",
                "parameters": [SESSION_ID],
                "responses": {
                    "202": answer(
                        "It is ending.", record("session_id accepted", session_id=TEXT, accepted=FLAG)
                    ),
                    "403": ERROR,
                    "404": ERROR,
                },
            }
        },
        **PHONE_PATHS,
        **FLOW_PATHS,
        **LOGIN_PATHS,
        **CAMPAIGN_PATHS,
        "/api/v1/bots": {
            "get": {
                "summary": "The bots that can be called",
                "responses": {
                    "200": answer(
                        "The bots.",
                        record("bots default_bot", bots=list_of(ref("Bot")), default_bot=TEXT),
                    )
                },
            }
        },
        "/api/v1/openapi.json": {
            "get": {"summary": "This document", "responses": {"200": answer("OpenAPI 3.1.", ANY)}}
        },
        "/healthz": {
            "get": {
                "security": [],
                "summary": "The process is up",
                "responses": {"200": answer("It is.", record("status", status=TEXT))},
            }
        },
        "/readyz": {
            "get": {
                "security": [],
                "summary": "Whether calls can be taken",
                "responses": {
                    "200": answer("They can.", ref("Readiness")),
                    "503": answer("Something is missing.", ref("Readiness")),
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
    "security": SECURITY,
    "components": {
        "securitySchemes": SECURITY_SCHEMES,
        "schemas": {
            "Session": _SESSION,
            "Turn": _TURN,
            "ToolCall": _TOOL_CALL,
            "SessionDetail": {
                "allOf": [
                    ref("Session"),
                    record(
                        "turns tool_calls",
                        turns=list_of(ref("Turn")),
                        tool_calls=list_of(ref("ToolCall")),
                    ),
                ]
            },
            "Bot": _BOT,
            "Call": CALL,
            "Flow": FLOW,
            **CAMPAIGN_SCHEMAS,
            **LOGIN_SCHEMAS,
            "Readiness": record("ready missing", ready=FLAG, missing=list_of(TEXT)),
            "Error": record("error", error=record("code message", code=TEXT, message=TEXT)),
        },
    },
}
