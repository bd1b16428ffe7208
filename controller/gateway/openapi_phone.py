"""The part of the OpenAPI document about phone calls; the routes exist where a FreeSWITCH is set."""

from __future__ import annotations

from typing import Any

from controller.gateway.openapi_parts import (
    ERROR,
    FLAG,
    MAYBE_MOMENT,
    MAYBE_TEXT,
    MOMENT,
    SESSION_ID,
    TEXT,
    answer,
    list_of,
    record,
    ref,
)

_CALL_ID = {"name": "call_id", "in": "path", "required": True, "schema": TEXT}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


CALL = record(
    "call_id number bot state disposition cause session_id placed_at answered_at ended_at",
    call_id={"type": "string", "description": "the uuid of its channel too"},
    number=TEXT,
    bot=MAYBE_TEXT,
    state={"enum": ["dialling", "ringing", "talking", "ended"]},
    disposition={
        "enum": [
            "completed", "busy", "no_answer", "rejected", "invalid", "failed", "transferred",
            "cancelled", None,
        ],
        "description": "how it ended; null until then",
    },
    cause={"type": ["string", "null"], "description": "FreeSWITCH's hang-up cause"},
    session_id=MAYBE_TEXT,
    placed_at=MOMENT,
    answered_at=MAYBE_MOMENT,
    ended_at=MAYBE_MOMENT,
)  # fmt: skip

_ORDER = record(
    "number",
    number={"type": "string", "description": "E.164 or an extension; must be among those allowed"},
    bot={**MAYBE_TEXT, "description": "default: the default bot"},
    variables={"type": "object", "additionalProperties": TEXT},
    gateway=TEXT,
    caller_id=TEXT,
    ring_s={"type": "integer", "minimum": 5, "maximum": 120},
)
_ACCEPTED = answer("It is done soon.", record("call_id accepted", call_id=TEXT, accepted=FLAG))
_REFUSALS = {"400": ERROR, "403": ERROR, "404": ERROR, "503": ERROR}

PHONE_PATHS: dict[str, Any] = {
    "/api/v1/calls": {
        "get": {
            "summary": "Calls that were made, newest first",
            "responses": {"200": answer("The calls.", record("calls", calls=list_of(ref("Call"))))},
        },
        "post": {
            "summary": "Call a number; the bot talks when it is answered",
            "requestBody": _body(_ORDER),
            "responses": {"202": answer("It is being dialled.", ref("Call")), **_REFUSALS, "429": ERROR},
        },
    },
    "/api/v1/calls/{call_id}": {
        "get": {
            "summary": "One call",
            "parameters": [_CALL_ID],
            "responses": {"200": answer("The call.", ref("Call")), "404": ERROR},
        }
    },
    "/api/v1/calls/{call_id}/hangup": {
        "post": {
            "summary": "End a call, also one that still rings",
            "parameters": [_CALL_ID],
            "responses": {"202": _ACCEPTED, "403": ERROR, "404": ERROR},
        }
    },
    "/api/v1/calls/{call_id}/dtmf": {
        "post": {
            "summary": "Play key tones to who is on the phone",
            "parameters": [_CALL_ID],
            "requestBody": _body(record("digits", digits=TEXT)),
            "responses": {"202": _ACCEPTED, **_REFUSALS},
        }
    },
    "/api/v1/sessions/{session_id}/transfer": {
        "post": {
            "summary": "Hand the caller to a person; answers when that is done, or can't be",
            "parameters": [SESSION_ID],
            "requestBody": _body(
                record("destination", destination=TEXT, mode={"enum": ["blind", "attended"]})
            ),
            "responses": {
                "200": answer(
                    "The caller has been handed over.",
                    record("session_id transferred", session_id=TEXT, transferred=FLAG),
                ),
                **_REFUSALS,
                "409": ERROR,
                "429": ERROR,
            },
        }
    },
}
