"""What passes between a page and mod_verto: an allow-list of methods, and of fields of each.

Responsible for rewriting every request of a page into one that is ours: nothing that the page says
reaches FreeSWITCH but session descriptions, ids of its own calls, digits and destinations that are
allowed. The other way the page never sees a session id, a login or channel variables. Pure; must never
know a socket.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

from controller.verto.caller import Caller
from controller.verto.messages import Code, RpcError

MAX_SDP_CHARS = 32_768
DIGITS = re.compile(r"[0-9*#A-D]{1,32}", re.ASCII)
NUMBER = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)
CAUSES = {16: "NORMAL_CLEARING", 17: "USER_BUSY", 21: "CALL_REJECTED"}
"""Q.850 causes that a page may give for its hang-up."""
ACTIONS = frozenset({"hold", "unhold", "toggleHold", "transfer"})
PUSHED: Mapping[str, frozenset[str]] = {
    "verto.invite": frozenset({"callID", "sdp", "caller_id_name", "caller_id_number"}),
    "verto.attach": frozenset(
        {"callID", "sdp", "caller_id_name", "caller_id_number", "callee_id_number", "display_direction"}
    ),
    "verto.answer": frozenset({"callID", "sdp"}),
    "verto.media": frozenset({"callID", "sdp"}),
    "verto.bye": frozenset({"callID", "cause", "causeCode"}),
    "verto.display": frozenset(
        {"callID", "display_name", "display_number", "caller_id_name", "caller_id_number"}
    ),
}
"""What a page gets to see of mod_verto's requests."""
ANSWERED = frozenset({"callID", "message", "action", "holdState", "cause", "causeCode"})
"""What a page gets to see of its answers."""


class DestinationRefused(Exception):
    """A number must not be called. The text is fit to be shown."""


class Destinations(Protocol):
    """Who may be called by whom: the rules of outbound calls."""

    def admit(self, number: str, caller: Caller) -> Callable[[], None]:
        """Hold the place of one call to `number`; the gift gives it back. Raises DestinationRefused."""
        ...

    def check(self, number: str, caller: Caller) -> None:
        """Raises DestinationRefused."""
        ...


def call_id_of(params: Mapping[str, Any]) -> str:
    """The call that a page's request is about. Raises RpcError."""
    dialog = params.get("dialogParams")
    given = dialog.get("callID") if isinstance(dialog, dict) else None
    try:
        found = str(UUID(given)) if isinstance(given, str) else ""
    except ValueError:
        found = ""
    if not found or found != given:
        raise RpcError(Code.BAD_PARAMS, "dialogParams.callID must be a UUID in its usual form")
    return found


def destination_of(params: Mapping[str, Any]) -> str:
    """The number that an invite is for, or a transfer. Raises RpcError."""
    if params.get("action") == "transfer":
        given = params.get("destination")
    else:
        dialog = params.get("dialogParams")
        given = dialog.get("destination_number") if isinstance(dialog, dict) else None
    if not isinstance(given, str) or not NUMBER.fullmatch(given):
        raise RpcError(Code.BAD_PARAMS, "the number must be digits, perhaps with a + before them")
    return given


def outward(method: str, params: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Our own params for a page's request. The call must be the page's own, the destination allowed: ask
    before. Raises RpcError: DENIED for a method that is not on the list, BAD_PARAMS."""
    make = _OUTWARD.get(method)
    if make is None:
        raise RpcError(Code.DENIED, "Invalid Method, Missing Method or Permission Denied")
    return make(params, caller)


def inward(method: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the page is told of mod_verto's request; None: nothing."""
    allowed = PUSHED.get(method)
    if allowed is None or not isinstance(params.get("callID"), str):
        return None
    return {name: value for name, value in params.items() if name in allowed}


def inward_answer(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the page is told of an answer."""
    return {name: value for name, value in result.items() if name in ANSWERED}


def _sdp(params: Mapping[str, Any]) -> str:
    given = params.get("sdp")
    if not isinstance(given, str) or not given.startswith("v=0") or len(given) > MAX_SDP_CHARS:
        raise RpcError(
            Code.BAD_PARAMS, f"sdp must be a description of at most {MAX_SDP_CHARS} characters"
        )
    return given


def _dialog(params: Mapping[str, Any]) -> dict[str, Any]:
    return {"dialogParams": {"callID": call_id_of(params)}}


def _invite(params: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    number = destination_of(params)
    dialog = {
        "callID": call_id_of(params),
        "destination_number": number,
        "caller_id_name": caller.name,
        "caller_id_number": caller.extension,
        "remote_caller_id_name": number,
        "remote_caller_id_number": number,
        "useVideo": False,
        "useStereo": False,
        "screenShare": False,
    }
    return {"sdp": _sdp(params), "dialogParams": dialog}


def _described(params: Mapping[str, Any], _caller: Caller) -> dict[str, Any]:
    return {"sdp": _sdp(params), **_dialog(params)}


def _bye(params: Mapping[str, Any], _caller: Caller) -> dict[str, Any]:
    code = params.get("causeCode", 16)
    if not isinstance(code, int) or code not in CAUSES:
        raise RpcError(Code.BAD_PARAMS, f"causeCode must be one of {sorted(CAUSES)}")
    return {**_dialog(params), "causeCode": code, "cause": CAUSES[code]}


def _info(params: Mapping[str, Any], _caller: Caller) -> dict[str, Any]:
    digits = params.get("dtmf")
    if not isinstance(digits, str) or not DIGITS.fullmatch(digits):
        raise RpcError(Code.BAD_PARAMS, "dtmf must be keys: 0-9, *, #, A-D")
    return {**_dialog(params), "dtmf": digits}


def _modify(params: Mapping[str, Any], _caller: Caller) -> dict[str, Any]:
    action = params.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise RpcError(Code.BAD_PARAMS, f"action must be one of {sorted(ACTIONS)}")
    to = {"destination": destination_of(params)} if action == "transfer" else {}
    return {**_dialog(params), "action": action, **to}


_OUTWARD: Mapping[str, Callable[[Mapping[str, Any], Caller], dict[str, Any]]] = {
    "verto.invite": _invite,
    "verto.answer": _described,
    "verto.attach": _described,
    "verto.bye": _bye,
    "verto.info": _info,
    "verto.modify": _modify,
}
