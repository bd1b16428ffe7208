"""What mod_verto answers to each request of a client.

Responsible for the words and error codes, all as recorded. It must never know a socket.
"""

from __future__ import annotations

import json
import re
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from tests.simulator.verto.server import Connection, FakeVerto, SimCall

Json = dict[str, Any]
DENIED = (-32601, "Invalid Method, Missing Method or Permission Denied")
NO_CALL = "CALL DOES NOT EXIST"


class Outcome(IntEnum):
    """What becomes of a call that a client makes; positive: refused with that Q.850 cause."""

    ANSWER = 0
    MEDIA = -1
    RING = -2
    NO_ROUTE = 3
    BUSY = 17
    REJECTED = 21


def usual(number: str) -> Outcome:
    """As the extensions of the recordings, and bots, users and whole numbers outside, who answer."""
    known = {"9004": Outcome.RING, "9008": Outcome.MEDIA, "9010": Outcome.BUSY, "9011": Outcome.REJECTED}
    if number in known:
        return known[number]
    answered = re.fullmatch(r"10\d\d|70\d\d|900\d|\+[1-9]\d{6,14}", number)
    return Outcome.ANSWER if answered else Outcome.NO_ROUTE


def handle(server: FakeVerto, connection: Connection, text: str) -> Json | None:
    """The answer; None for what needs none."""
    try:
        message = json.loads(text)
    except ValueError:
        return {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": None}
    if "result" in message:
        return None
    method, params = message.get("method"), message.get("params") or {}
    server.requests.append(message)
    if not connection.sessid and method != "login":
        answer = _error(-32000, "Authentication Required")
    else:
        answer = _METHODS.get(str(method), _denied)(server, connection, params)
    if answer is None:
        return None
    if "result" in answer and method not in ("login",):
        answer["result"]["sessid"] = connection.sessid
    return {"jsonrpc": "2.0", "id": message.get("id"), **answer}


def _error(code: int, message: str, **more: object) -> Json:
    return {"error": {**more, "message": message, "code": code}}


def _denied(_server: FakeVerto, _connection: Connection, _params: Json) -> Json:
    return _error(*DENIED)


def _login(server: FakeVerto, connection: Connection, params: Json) -> Json:
    login = str(params.get("login", "")).partition("@")[0]
    if not login or "passwd" not in params:
        return _error(-32000, "Authentication Required")
    if login not in server.passwords:
        return _error(-32001, "Login Incorrect")
    if server.passwords[login] != params["passwd"]:
        return _error(-32001, "Authentication Failure")
    server.log_in(connection, login, params.get("sessid") or str(uuid4()))
    return {"result": {"message": "logged in", "sessid": connection.sessid}}


def _ping(_server: FakeVerto, _connection: Connection, _params: Json) -> Json:
    return {"result": {"message": "PONG"}}


def _call(server: FakeVerto, params: Json) -> SimCall | None:
    return server.calls.get((params.get("dialogParams") or {}).get("callID", ""))


def _invite(server: FakeVerto, connection: Connection, params: Json) -> Json:
    from tests.simulator.verto.server import SimCall

    dialog = params.get("dialogParams")
    if not dialog or "sdp" not in params:
        return _error(-32002, "CALL ERROR", causeCode=95, cause="INVALID_MSG_UNSPECIFIED")
    call = SimCall(
        dialog["callID"],
        connection.login,
        str(dialog.get("destination_number")),
        inbound=True,
        sessid=connection.sessid,
        dialog=dialog,
        offer=str(params["sdp"]),
    )
    server.begin(call)
    return {"result": {"message": "CALL CREATED", "callID": call.call_id}}


def _answer(server: FakeVerto, connection: Connection, params: Json) -> Json:
    call = _call(server, params)
    if call is None:
        return _error(-32002, NO_CALL)
    call.sessid, call.dialog = connection.sessid, params["dialogParams"]
    call.answered.set()
    return {"result": {}}


def _bye(server: FakeVerto, _connection: Connection, params: Json) -> Json:
    call = _call(server, params)
    call_id = (params.get("dialogParams") or {}).get("callID")
    if call is None:
        return _error(-32002, NO_CALL, callID=call_id)
    server.calls.pop(call.call_id)
    call.over.set()
    cause = {"causeCode": params.get("causeCode", 16), "cause": params.get("cause", "NORMAL_CLEARING")}
    return {"result": {"callID": call_id, "message": "CALL ENDED", **cause}}


def _info(server: FakeVerto, _connection: Connection, params: Json) -> Json:
    if "msg" in params:
        return {"result": {"message": "SENT"}}
    call = _call(server, params)
    if call is None:
        return {"result": {}}
    call.digits += str(params.get("dtmf", ""))
    return {"result": {"message": "SENT"}}


def _modify(server: FakeVerto, _connection: Connection, params: Json) -> Json:
    action, call = params.get("action"), _call(server, params)
    about: Json = {"callID": (params.get("dialogParams") or {}).get("callID"), "action": action}
    if call is None:
        return _error(-32002, NO_CALL, **about)
    match action:
        case "hold" | "unhold" | "toggleHold":
            call.held = not call.held if action == "toggleHold" else action == "hold"
            return {"result": {**about, "holdState": "held" if call.held else "active"}}
        case "transfer" if len(call.number) == 4 and call.number.startswith("1"):
            call.moved_to = str(params.get("destination"))
            return {"result": {**about, "message": "CALL TRANSFERRED"}}
        case "transfer":
            return _error(-32002, "call is not bridged", **about)
        case _:
            return _error(-32002, "UNSUPPORTED", **about)


def _attach(server: FakeVerto, connection: Connection, params: Json) -> Json:
    call = _call(server, params)
    if not params.get("dialogParams"):
        return _error(-32002, "Dialog data missing")
    if call is None:
        return _error(-32002, NO_CALL)
    call.attaches += 1
    call.sessid = connection.sessid
    return {"result": {}}


def _subscribe(_server: FakeVerto, _connection: Connection, params: Json) -> Json:
    return {"result": {"subscribedChannels": [params.get("eventChannel")]}}


def _unsubscribe(_server: FakeVerto, _connection: Connection, params: Json) -> Json:
    return {"result": {"unsubscribedChannels": [params.get("eventChannel")]}}


def _broadcast(_server: FakeVerto, _connection: Connection, _params: Json) -> Json:
    return {"result": {}}


_METHODS = {
    "login": _login,
    "verto.ping": _ping,
    "verto.invite": _invite,
    "verto.answer": _answer,
    "verto.bye": _bye,
    "verto.info": _info,
    "verto.modify": _modify,
    "verto.attach": _attach,
    "verto.subscribe": _subscribe,
    "verto.unsubscribe": _unsubscribe,
    "verto.broadcast": _broadcast,
}
