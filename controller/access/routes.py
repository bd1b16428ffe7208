"""The one table of who may what: every route and WebSocket, with what it asks for.

A line is `METHOD pattern` (WS for a WebSocket) as Flask writes it. A route that is missing here is
closed to everybody; a test compares the table with the routes. API keys pass only where a scope is
named, and only as far as their owner's role goes.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.access.roles import Right, Rule, Scope

_PUBLIC = Rule(Right.PUBLIC)
_SEE = Rule(Right.VIEWER, Scope.READ)
_TALK = Rule(Right.SOFTPHONE, Scope.TALK)
_CALL = Rule(Right.OPERATOR, Scope.CALL)
_TRANSFER = Rule(Right.AGENT, Scope.CALL)
_MANAGE = Rule(Right.OPERATOR, Scope.MANAGE)
_OWN = Rule(Right.VIEWER)
"""One's own account: a key can't make keys or change passwords."""
_ADMIN = Rule(Right.ADMIN, Scope.ADMIN)
_ADMIN_PAGE = Rule(Right.ADMIN)

ROUTES: Mapping[str, Rule] = {
    # for everybody
    "GET /static/<path:filename>": _PUBLIC,
    "GET /healthz": _PUBLIC,
    "GET /readyz": _PUBLIC,
    "GET /login": _PUBLIC,
    "POST /login": _PUBLIC,
    "GET /setup/<token>": Rule(Right.TOKEN),
    "POST /setup/<token>": Rule(Right.TOKEN),
    "WS /ws/freeswitch/<token>": Rule(Right.TOKEN),
    # talking
    "GET /": _TALK,
    "WS /ws/audio": _TALK,
    "WS /ws/verto": _TALK,
    "POST /api/v1/tickets": Rule(Right.VIEWER, Scope.TALK),
    # looking
    "GET /sessions": _SEE,
    "GET /sessions/<session_id>": _SEE,
    "GET /api/v1/sessions": _SEE,
    "GET /api/v1/sessions/<session_id>": _SEE,
    "GET /api/v1/bots": _SEE,
    "GET /api/v1/calls": _SEE,
    "GET /api/v1/calls/<call_id>": _SEE,
    "GET /api/v1/flows": _SEE,
    "GET /api/v1/openapi.json": _SEE,
    "GET /api/v1/me": _SEE,
    "GET /campaigns": _SEE,
    "GET /campaigns/<campaign_id>": _SEE,
    "GET /api/v1/campaigns": _SEE,
    "GET /api/v1/campaigns/<campaign_id>": _SEE,
    "GET /api/v1/campaigns/<campaign_id>/contacts/refused.csv": _SEE,
    "GET /api/v1/campaigns/<campaign_id>/results.<kind>": _SEE,
    "GET /api/v1/do-not-call": _SEE,
    "GET /api/v1/do-not-call/<number>": _SEE,
    "GET /metrics": Rule(Right.VIEWER, Scope.METRICS),
    # calls
    "POST /api/v1/sessions/<session_id>/transfer": _TRANSFER,
    "POST /api/v1/sessions/<session_id>/hangup": _CALL,
    "POST /api/v1/calls": _CALL,
    "POST /api/v1/calls/<call_id>/hangup": _CALL,
    "POST /api/v1/calls/<call_id>/dtmf": _CALL,
    # running it
    "POST /api/v1/flows/reload": _MANAGE,
    "POST /api/v1/campaigns": _MANAGE,
    "PATCH /api/v1/campaigns/<campaign_id>": _MANAGE,
    "DELETE /api/v1/campaigns/<campaign_id>": _MANAGE,
    "POST /api/v1/campaigns/<campaign_id>/start": _MANAGE,
    "POST /api/v1/campaigns/<campaign_id>/pause": _MANAGE,
    "POST /api/v1/campaigns/<campaign_id>/resume": _MANAGE,
    "POST /api/v1/campaigns/<campaign_id>/stop": _MANAGE,
    "POST /api/v1/campaigns/<campaign_id>/contacts": _MANAGE,
    "GET /do-not-call": _MANAGE,
    "POST /api/v1/do-not-call": _MANAGE,
    "POST /api/v1/do-not-call/import": _MANAGE,
    "DELETE /api/v1/do-not-call/<number>": _MANAGE,
    # one's own account
    "POST /logout": _OWN,
    "GET /account": _OWN,
    "POST /account/password": _OWN,
    "POST /account/sessions/end": _OWN,
    "POST /account/keys": _OWN,
    "POST /account/keys/<key_id>/revoke": _OWN,
    "GET /api/v1/keys": _OWN,
    "POST /api/v1/keys": _OWN,
    "DELETE /api/v1/keys/<key_id>": _OWN,
    # everybody's accounts
    "GET /users": _ADMIN_PAGE,
    "POST /users": _ADMIN_PAGE,
    "POST /users/<user_id>": _ADMIN_PAGE,
    "GET /audit": _ADMIN_PAGE,
    "GET /api/v1/users": _ADMIN,
    "POST /api/v1/users": _ADMIN,
    "PATCH /api/v1/users/<user_id>": _ADMIN,
    "POST /api/v1/users/<user_id>/reset": _ADMIN,
    "GET /api/v1/audit": _ADMIN,
}


def rule_for(method: str, pattern: str, websocket: bool) -> Rule | None:
    """The line for a route; None where the table has none. HEAD asks what GET asks."""
    method = "WS" if websocket else "GET" if method == "HEAD" else method
    return ROUTES.get(f"{method} {pattern}")
