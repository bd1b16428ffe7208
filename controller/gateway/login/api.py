"""`/api/v1/me`, `/tickets`, `/keys`, `/users`, `/audit`: accounts as JSON.

Responsible for checking what is asked and for the form of the answers (documented in `openapi_login`).
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest

from controller.access.access import Access
from controller.access.model import AccessError, ApiKey, AuditEntry, Role, User, UserState
from controller.access.tickets import LIFE_S
from controller.gateway.login.desk import LoginDesk

MAX_LIMIT = 500
MAX_ID = 2**63 - 1


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _NewKey(_Body):
    name: str
    scopes: Annotated[list[str], Field(max_length=20)]
    days: int | None = None


class _NewUser(_Body):
    name: str
    role: Role


class _Change(_Body):
    role: Role | None = None
    state: UserState | None = None


B = TypeVar("B", bound=_Body)


def login_api(access: Access) -> Blueprint:
    """The routes under `/api/v1`."""
    api = Blueprint("login_api", __name__, url_prefix="/api/v1")
    desk = LoginDesk(access)
    _add_own(api, desk)
    _add_admin(api, desk)

    def refused(error: AccessError) -> Response:
        response = jsonify(error={"code": error.code, "message": str(error)})
        response.status_code = error.status
        return response

    api.register_error_handler(AccessError, refused)
    return api


def _add_own(api: Blueprint, desk: LoginDesk) -> None:
    access = desk.access

    @api.get("/me")
    def me() -> Response:
        mine = desk.me
        return jsonify(name=mine.name, role=mine.role, by=mine.by, scopes=sorted(mine.scopes))

    @api.post("/tickets")
    def ticket() -> tuple[Response, int]:
        return jsonify(ticket=access.tickets.issue(desk.me), expires_in_s=int(LIFE_S)), 201

    @api.get("/keys")
    def keys() -> Response:
        return jsonify(keys=[key_json(key) for key in access.keys.of(desk.my_id)])

    @api.post("/keys")
    def make_key() -> tuple[Response, int]:
        body = _body(_NewKey)
        key, text = access.keys.make(desk.my_id, body.name, body.scopes, body.days)
        access.audit.note(desk.actor, "key_add", f"{key.id} {key.name} ({' '.join(key.scopes)})")
        return jsonify({**key_json(key), "key": text}), 201

    @api.delete("/keys/<key_id>")
    def revoke(key_id: str) -> Response:
        access.keys.revoke(desk.my_id, key_id)
        access.audit.note(desk.actor, "key_revoke", key_id)
        return Response(status=204)


def _add_admin(api: Blueprint, desk: LoginDesk) -> None:
    accounts = desk.access.accounts

    @api.get("/users")
    def users() -> Response:
        return jsonify(users=[user_json(user) for user in accounts.users()])

    @api.post("/users")
    def add() -> tuple[Response, int]:
        body = _body(_NewUser)
        user, link = accounts.add_user(desk.actor, body.name, body.role)
        return jsonify(user=user_json(user), link=desk.setup_url(link)), 201

    @api.patch("/users/<user_id>")
    def change(user_id: str) -> Response:
        body = _body(_Change)
        return jsonify(user_json(accounts.change_user(desk.actor, user_id, body.role, body.state)))

    @api.post("/users/<user_id>/reset")
    def reset(user_id: str) -> Response:
        link = accounts.reset(desk.actor, user_id)
        return jsonify(user=user_json(accounts.user(user_id)), link=desk.setup_url(link))

    @api.get("/audit")
    def audit() -> Response:
        limit, before = _number("limit", MAX_LIMIT), _number("before", MAX_ID)
        entries = desk.access.audit.read(limit or 100, before)
        return jsonify(entries=[entry_json(entry) for entry in entries])


def user_json(user: User) -> dict[str, Any]:
    """A user, without anything of the password."""
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "state": user.state,
        "created_at": user.created_at.isoformat(),
        "login_at": user.login_at.isoformat() if user.login_at else None,
    }


def key_json(key: ApiKey) -> dict[str, Any]:
    """A key, without the key."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "used_at": key.used_at.isoformat() if key.used_at else None,
    }


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """A line of the audit log."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "who": entry.who,
        "action": entry.action,
        "target": entry.target,
        "address": entry.address,
        "outcome": entry.outcome,
    }


def _body(kind: type[B]) -> B:
    values: Any = request.get_json(silent=True)
    if not isinstance(values, dict):
        raise BadRequest("expected a JSON object, with Content-Type application/json")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadRequest(f"{place}: {first['msg']}") from None


def _number(name: str, most: int) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= most):
        raise BadRequest(f"{name} must be a number from 1 to {most}")
    return int(text)
