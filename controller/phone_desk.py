"""The gateway's view of telephony: calls as JSON-like values, refusals with an HTTP status.

Stands between the two because neither knows the other. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller.gateway.phone_ports import CallRequest, PhoneRefused
from controller.session.registry import SessionRefused, UnknownBot
from controller.telephony.call import Call
from controller.telephony.commands import uuid_send_dtmf
from controller.telephony.dial import BadArgument
from controller.telephony.esl.errors import EslError
from controller.telephony.guard import CallRefused, DestinationRefused
from controller.telephony.outgoing import Order, OutgoingCall, OutgoingState
from controller.telephony.service import Telephony
from controller.telephony.transfer import TransferFailed, TransferMode
from controller.tools.base import ToolError

GONE = PhoneRefused(404, "not_found", "there is no such call, or it is over")


class Desk:
    """Implements `controller.gateway.phone_ports.PhoneDesk` over a Telephony."""

    def __init__(self, telephony: Telephony) -> None:
        self._telephony = telephony

    def place(self, order: CallRequest) -> Mapping[str, Any]:
        """Begin to dial."""
        wanted = Order(
            order.number, order.bot, order.variables, order.gateway, order.caller_id, order.ring_s
        )
        try:
            return call_json(self._telephony.outgoing.place(wanted))
        except (CallRefused, SessionRefused, BadArgument, EslError) as error:
            raise _refusal(error) from error

    def recent(self) -> Sequence[Mapping[str, Any]]:
        """Calls that were made, newest first."""
        return [call_json(call) for call in self._telephony.outgoing.recent()]

    def find(self, call_id: str) -> Mapping[str, Any]:
        """One call that was made."""
        call = self._telephony.outgoing.get(call_id)
        if call is None:
            raise GONE
        live = self._telephony.calls.get(call_id)
        if live is not None and live.live is not None:
            call.session_id = live.live.session_id
        return call_json(call)

    def hang_up(self, call_id: str) -> None:
        """End a call."""
        call = self._telephony.calls.get(call_id)
        if call is not None:
            call.hang_up("operator")
        elif not self._telephony.outgoing.cancel(call_id):
            raise GONE

    def send_dtmf(self, call_id: str, digits: str) -> None:
        """Play key tones to who is on the phone."""
        try:
            self._live(call_id).ask(uuid_send_dtmf(call_id, digits))
        except (BadArgument, EslError) as error:
            raise _refusal(error) from error

    def transfer(self, session_id: str, destination: str, mode: str) -> None:
        """Hand the caller of a session to a person."""
        call = self._telephony.calls.of_session(session_id)
        if call is None:
            raise GONE
        try:
            self._telephony.transfers.transfer(call, destination, TransferMode(mode))
        except TransferFailed as error:
            raise PhoneRefused(409, error.disposition.value, str(error)) from error
        except (CallRefused, EslError) as error:
            raise _refusal(error) from error

    def transfer_for_bot(self, session_id: str, destination: str, _reason: str = "") -> str:
        """What the tool transfer_to_human does: attended. Raises ToolError."""
        try:
            self.transfer(session_id, destination, TransferMode.ATTENDED)
        except PhoneRefused as error:
            code = "no_phone_call" if error is GONE else error.code
            raise ToolError(str(error), code=code, retryable=error.status in (409, 429)) from error
        return ""  # who took the phone there is not known

    def _live(self, call_id: str) -> Call:
        call = self._telephony.calls.get(call_id)
        if call is None:
            raise GONE
        return call


def call_json(call: OutgoingCall) -> dict[str, Any]:
    """A call that was made."""
    return {
        "call_id": call.call_id,
        "number": call.order.number,
        "bot": call.order.bot,
        "state": call.state.value,
        "disposition": call.disposition.value if call.disposition else None,
        "cause": call.cause or None,
        "session_id": call.session_id or None,
        "placed_at": call.placed_at.isoformat(),
        "answered_at": call.answered_at.isoformat() if call.answered_at else None,
        "ended_at": call.ended_at.isoformat() if call.ended_at else None,
    }


def over(call: Mapping[str, Any]) -> bool:
    """Whether a call in JSON form has ended."""
    return bool(call["state"] == OutgoingState.ENDED.value)


def _refusal(error: Exception) -> PhoneRefused:
    match error:
        case DestinationRefused():
            return PhoneRefused(403, error.code, str(error))
        case UnknownBot() | BadArgument():
            return PhoneRefused(400, getattr(error, "code", "bad_argument"), str(error))
        case CallRefused() | SessionRefused():
            return PhoneRefused(429, error.code, str(error))
        case _:
            return PhoneRefused(503, "freeswitch_away", str(error) or "FreeSWITCH is away")
