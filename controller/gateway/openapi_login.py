"""The part of the OpenAPI document about logins, keys, users and the audit log."""

from __future__ import annotations

from typing import Any

from controller.gateway.openapi_parts import (
    COUNT,
    ERROR,
    MAYBE_MOMENT,
    MOMENT,
    TEXT,
    answer,
    list_of,
    record,
    ref,
)

SECURITY: list[dict[str, list[str]]] = [{"key": []}, {"login": [], "csrf": []}]
"""Everything but what says otherwise: an API key, or a login with its token."""
SECURITY_SCHEMES: dict[str, Any] = {
    "key": {"type": "http", "scheme": "bearer", "description": "an API key, `stk_…`"},
    "login": {"type": "apiKey", "in": "cookie", "name": "switchtalk_login"},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "from the page's meta element csrf-token; not for GET",
    },
}

_ROLE = {"enum": ["viewer", "agent", "operator", "admin"], "description": "each includes the former"}
_STATE = {"enum": ["active", "disabled"]}
_SCOPES = list_of({"enum": ["read", "talk", "call", "manage", "metrics", "admin"]})
_LINK = {"type": "string", "description": "one-time link by which the user chooses a password"}

USER = record(
    "id name role state created_at login_at",
    id=TEXT,
    name=TEXT,
    role=_ROLE,
    state=_STATE,
    created_at=MOMENT,
    login_at=MAYBE_MOMENT,
)
API_KEY = record(
    "id name scopes created_at expires_at used_at",
    id=TEXT,
    name=TEXT,
    scopes=_SCOPES,
    created_at=MOMENT,
    expires_at=MAYBE_MOMENT,
    used_at=MAYBE_MOMENT,
)
AUDIT_ENTRY = record(
    "id at who action target address outcome",
    id=COUNT,
    at=MOMENT,
    who={"type": "string", "description": "? for a name that is nobody's"},
    action=TEXT,
    target=TEXT,
    address=TEXT,
    outcome={"enum": ["done", "refused", "failed"]},
)

_MADE_KEY = {
    "allOf": [
        ref("ApiKey"),
        record("key", key={"type": "string", "description": "the key itself, told this once"}),
    ]
}
_USER_LINK = record("user link", user=ref("User"), link=_LINK)
_USER_ID = {"name": "user_id", "in": "path", "required": True, "schema": TEXT}
_KEY_ID = {"name": "key_id", "in": "path", "required": True, "schema": TEXT}
_ERRORS = {"400": ERROR, "401": ERROR, "403": ERROR, "503": ERROR}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _query(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1}
    return {"name": name, "in": "query", "description": description, "schema": schema}


LOGIN_PATHS: dict[str, Any] = {
    "/api/v1/me": {
        "get": {
            "summary": "Who is asking",
            "responses": {
                "200": answer(
                    "The identity.",
                    record(
                        "name role by scopes",
                        name=TEXT,
                        role=_ROLE,
                        by={"enum": ["cookie", "key"]},
                        scopes=list_of(TEXT),
                    ),
                ),
                **_ERRORS,
            },
        }
    },
    "/api/v1/tickets": {
        "post": {
            "summary": "A ticket for one WebSocket (`/ws/audio?token=…`), good for a minute",
            "responses": {
                "201": answer(
                    "The ticket.", record("ticket expires_in_s", ticket=TEXT, expires_in_s=COUNT)
                ),
                **_ERRORS,
            },
        }
    },
    "/api/v1/keys": {
        "get": {
            "summary": "One's own API keys; for a login only, as is all of keys",
            "responses": {
                "200": answer("The keys.", record("keys", keys=list_of(ref("ApiKey")))),
                **_ERRORS,
            },
        },
        "post": {
            "summary": "Make an API key",
            "requestBody": _body(
                record(
                    "name scopes",
                    name=TEXT,
                    scopes=_SCOPES,
                    days={"type": ["integer", "null"], "minimum": 1, "maximum": 3650},
                )
            ),
            "responses": {"201": answer("The key.", _MADE_KEY), **_ERRORS, "409": ERROR},
        },
    },
    "/api/v1/keys/{key_id}": {
        "delete": {
            "summary": "Revoke one",
            "parameters": [_KEY_ID],
            "responses": {"204": answer("It works no more."), **_ERRORS, "404": ERROR},
        }
    },
    "/api/v1/users": {
        "get": {
            "summary": "All users",
            "responses": {
                "200": answer("The users.", record("users", users=list_of(ref("User")))),
                **_ERRORS,
            },
        },
        "post": {
            "summary": "Add a user",
            "requestBody": _body(record("name role", name=TEXT, role=_ROLE)),
            "responses": {"201": answer("The user.", _USER_LINK), **_ERRORS, "409": ERROR},
        },
    },
    "/api/v1/users/{user_id}": {
        "patch": {
            "summary": "Another role, or stop a user and let them in again",
            "parameters": [_USER_ID],
            "requestBody": _body(record("", role=_ROLE, state=_STATE)),
            "responses": {
                "200": answer("The user.", ref("User")),
                **_ERRORS,
                "404": ERROR,
                "409": ERROR,
            },
        }
    },
    "/api/v1/users/{user_id}/reset": {
        "post": {
            "summary": "Void the password and the logins of a user",
            "parameters": [_USER_ID],
            "responses": {"200": answer("The user.", _USER_LINK), **_ERRORS, "404": ERROR},
        }
    },
    "/api/v1/audit": {
        "get": {
            "summary": "Who did what, newest first",
            "parameters": [
                _query("limit", "1 to 500; default 100"),
                _query("before", "id of the last entry of the page before"),
            ],
            "responses": {
                "200": answer("The entries.", record("entries", entries=list_of(ref("AuditEntry")))),
                **_ERRORS,
            },
        }
    },
}
LOGIN_SCHEMAS = {"User": USER, "ApiKey": API_KEY, "AuditEntry": AUDIT_ENTRY}
