"""The part of the OpenAPI document about campaigns and the do-not-call list."""

from __future__ import annotations

from typing import Any

from controller.gateway.openapi_parts import (
    COUNT,
    ERROR,
    FLAG,
    TEXT,
    answer,
    list_of,
    record,
    ref,
)

_ID = {
    "name": "campaign_id",
    "in": "path",
    "required": True,
    "description": "its id, or its name",
    "schema": TEXT,
}
_DIALLED = {"name": "number", "in": "path", "required": True, "schema": TEXT}

_LISTED = record("number listed", number=TEXT, listed=FLAG)
_NO_ENTRY: dict[str, Any] = {"type": "null"}
_FOUND = record(
    "number listed",
    number=TEXT,
    listed=FLAG,
    entry={"anyOf": [ref("DoNotCallEntry"), _NO_ENTRY]},
)
_ADDED = record(
    "read new refused refusals",
    read={**COUNT, "description": "good numbers"},
    new=COUNT,
    refused=COUNT,
    refusals=list_of(record("line detail", line=COUNT, detail=TEXT)),
)
_SETTINGS = {
    "type": "object",
    "description": "bot, gateway, caller_ids, region, calls_per_s, max_calls, ring_s, windows, holidays,"
    " retry, machine, message, introduction, over_dial, breaker, priority, starts_at, ends_at",
}
_FILE = {"type": "string", "format": "binary", "description": "CSV, at most 50 MB"}
_DAYS = {"type": "number", "exclusiveMinimum": 0, "maximum": 36_500, "description": "none: for ever"}
_REASON = {"type": "string", "maxLength": 200}


def _json(schema: dict[str, Any], required: bool = True) -> dict[str, Any]:
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _form(**fields: dict[str, Any]) -> dict[str, Any]:
    schema = record("file", file=_FILE, **fields)
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _errors(*codes: int) -> dict[str, Any]:
    return {str(code): ERROR for code in (*codes, 503)}


def _move(summary: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "post": {
            "summary": summary,
            "parameters": [_ID],
            **({"requestBody": body} if body else {}),
            "responses": {
                "200": answer("The campaign after it.", ref("Campaign")),
                **_errors(400, 403, 404, 409),
            },
        }
    }


_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STOP = record("", hang_up={**FLAG, "description": "tell live calls goodbye instead of waiting"})
_LIST_FIELDS: dict[str, dict[str, Any]] = {
    "preview": {**FLAG, "description": "only say how the file's first rows would be read"},
    "on_bad": {
        "enum": ["refuse_all", "skip"],
        "default": "refuse_all",
        "description": "what a bad row does to the others",
    },
    "encoding": {"enum": ["", "utf-8", "gbk", "gb18030", "utf-16"]},
    "delimiter": {"type": "string", "maxLength": 1},
    "columns": {
        "type": "string",
        "description": 'names by the file\'s, as JSON: {"订单号": "order", "Notes": ""}; "" leaves out',
    },
    "time_zone": {"type": "string", "description": "of numbers that don't tell theirs"},
    "language": {"type": "string", "description": "of rows that don't say"},
    "region": {"type": "string", "description": "of numbers without a country: CN, US, …"},
}

CAMPAIGN_PATHS: dict[str, Any] = {
    "/api/v1/campaigns": {
        "get": {
            "summary": "All campaigns, newest first",
            "responses": {
                "200": answer("The campaigns.", record("campaigns", campaigns=list_of(ref("Campaign")))),
                **_errors(),
            },
        },
        "post": {
            "summary": "A new campaign, as a draft",
            "requestBody": _json(record("name settings", name=TEXT, settings=_SETTINGS)),
            "responses": {
                "201": answer("The draft.", ref("CampaignDetail")),
                **_errors(400, 403, 409),
            },
        },
    },
    "/api/v1/campaigns/{campaign_id}": {
        "get": {
            "summary": "One campaign with its live calls, settings and last import",
            "parameters": [_ID],
            "responses": {"200": answer("It.", ref("CampaignDetail")), **_errors(404)},
        },
        "patch": {
            "summary": "Other settings from now on; those not named stay",
            "parameters": [_ID],
            "requestBody": _json(record("settings", settings=_SETTINGS)),
            "responses": {
                "200": answer("It, changed.", ref("CampaignDetail")),
                **_errors(400, 403, 404),
            },
        },
        "delete": {
            "summary": "Forget it with its contacts and results; not while it is at work",
            "parameters": [_ID],
            "responses": {
                "200": answer("It is gone.", record("id deleted", id=TEXT, deleted=FLAG)),
                **_errors(403, 404, 409),
            },
        },
    },
    "/api/v1/campaigns/{campaign_id}/start": _move("Call"),
    "/api/v1/campaigns/{campaign_id}/pause": _move("No new call from now on; live ones go on"),
    "/api/v1/campaigns/{campaign_id}/resume": _move("Go on where it was"),
    "/api/v1/campaigns/{campaign_id}/stop": _move(
        "No new call from now on, and the end of it", _json(_STOP, required=False)
    ),
    "/api/v1/campaigns/{campaign_id}/contacts": {
        "post": {
            "summary": "Import contacts from a file, or see how it would be read",
            "parameters": [_ID],
            "requestBody": _form(**_LIST_FIELDS),
            "responses": {
                "200": answer(
                    "The report, or the preview.", {"anyOf": [ref("Import"), ref("ImportPreview")]}
                ),
                **_errors(400, 403, 404, 409, 413, 415),
            },
        }
    },
    "/api/v1/campaigns/{campaign_id}/contacts/refused.csv": {
        "get": {
            "summary": "All refused rows of the last import since the start",
            "parameters": [_ID],
            "responses": {
                "200": {"description": "The file.", "content": {"text/csv": {}}},
                **_errors(404),
            },
        }
    },
    "/api/v1/campaigns/{campaign_id}/results.{kind}": {
        "get": {
            "summary": "All results: a line for each call, and for each contact without one",
            "parameters": [
                _ID,
                {
                    "name": "kind",
                    "in": "path",
                    "required": True,
                    "schema": {"enum": ["csv", "json", "xlsx"]},
                },
            ],
            "responses": {
                "200": {
                    "description": "The file.",
                    "content": {"text/csv": {}, "application/json": {}, _WORKBOOK: {}},
                },
                **_errors(400, 404),
            },
        }
    },
    "/api/v1/do-not-call": {
        "get": {
            "summary": "Numbers that must not be called, in their order; expired ones too",
            "parameters": [
                {
                    "name": "after",
                    "in": "query",
                    "description": "the last number of the page before",
                    "schema": TEXT,
                },
                {
                    "name": "limit",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
                },
            ],
            "responses": {
                "200": answer("The entries.", record("entries", entries=list_of(ref("DoNotCallEntry")))),
                **_errors(400),
            },
        },
        "post": {
            "summary": "Never call a number (again), effective at once",
            "requestBody": _json(record("number", number=TEXT, reason=_REASON, days=_DAYS)),
            "responses": {"201": answer("It is on the list.", _LISTED), **_errors(400, 403)},
        },
    },
    "/api/v1/do-not-call/import": {
        "post": {
            "summary": "Put a file's numbers on the list; good ones although others are bad",
            "requestBody": _form(reason=_REASON, days=_DAYS, region=TEXT),
            "responses": {
                "200": answer("What was added.", _ADDED),
                **_errors(400, 403, 413, 415),
            },
        }
    },
    "/api/v1/do-not-call/{number}": {
        "get": {
            "summary": "Whether a number must not be called",
            "parameters": [_DIALLED],
            "responses": {"200": answer("Whether, and since when.", _FOUND), **_errors(400)},
        },
        "delete": {
            "summary": "Take a number off the list",
            "parameters": [_DIALLED],
            "responses": {"200": answer("It is off.", _LISTED), **_errors(400, 403, 404)},
        },
    },
}
