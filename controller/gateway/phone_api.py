"""`/api/v1/calls` and transfers: phone calls as JSON.

Responsible for checking what is asked and for the form of the answers (documented in `openapi`). What
may be called is not decided here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest

from controller.gateway.phone_ports import CallRequest, PhoneDesk, PhoneRefused

Short = Annotated[str, Field(max_length=64)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Call(_Body):
    number: Annotated[str, Field(min_length=1, max_length=32)]
    bot: Short | None = None
    variables: Annotated[dict[Short, Annotated[str, Field(max_length=1024)]], Field(max_length=64)] = {}
    gateway: Short = ""
    caller_id: Annotated[str, Field(max_length=32)] = ""
    ring_s: Annotated[int, Field(ge=5, le=120)] | None = None


class _Dtmf(_Body):
    digits: Annotated[str, Field(pattern=r"^[0-9A-D*#]{1,32}$")]


class _Transfer(_Body):
    destination: Annotated[str, Field(min_length=1, max_length=32)]
    mode: Literal["blind", "attended"] = "attended"


B = TypeVar("B", bound=_Body)


class _NoDesk:
    def __getattr__(self, name: str) -> Any:
        raise PhoneRefused(503, "no_freeswitch", "no FreeSWITCH is configured (freeswitch.host)")


def phone_blueprint(given: PhoneDesk | None) -> Blueprint:
    """The routes about phone calls; without a desk they say that there is no FreeSWITCH."""
    api = Blueprint("phone", __name__, url_prefix="/api/v1")
    desk: PhoneDesk = given or _NoDesk()

    @api.post("/calls")
    def place() -> tuple[Response, int]:
        body = _body(_Call)
        order = CallRequest(
            body.number, body.bot, body.variables, body.gateway, body.caller_id, body.ring_s or 0
        )
        return jsonify(desk.place(order)), 202

    @api.get("/calls")
    def recent() -> Response:
        return jsonify(calls=list(desk.recent()))

    @api.get("/calls/<call_id>")
    def find(call_id: str) -> Response:
        return jsonify(desk.find(call_id))

    @api.post("/calls/<call_id>/hangup")
    def hang_up(call_id: str) -> tuple[Response, int]:
        desk.hang_up(call_id)
        return jsonify(call_id=call_id, accepted=True), 202

    @api.post("/calls/<call_id>/dtmf")
    def dtmf(call_id: str) -> tuple[Response, int]:
        desk.send_dtmf(call_id, _body(_Dtmf).digits)
        return jsonify(call_id=call_id, accepted=True), 202

    @api.post("/sessions/<session_id>/transfer")
    def transfer(session_id: str) -> Response:
        body = _body(_Transfer)
        desk.transfer(session_id, body.destination, body.mode)
        return jsonify(session_id=session_id, transferred=True)

    def refused(error: PhoneRefused) -> tuple[Response, int]:
        return jsonify(error={"code": error.code, "message": str(error)}), error.status

    api.register_error_handler(PhoneRefused, refused)
    return api


def _body(kind: type[B]) -> B:
    """The request's JSON. Raises BadRequest, saying what is wrong and what was expected."""
    values: Any = request.get_json(silent=True)
    if not isinstance(values, dict):
        raise BadRequest("expected a JSON object, with Content-Type application/json")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadRequest(f"{place}: {first['msg']}") from None
