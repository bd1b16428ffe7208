"""The tool that hands the caller to a person, and takes them back when nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.tools.base import ToolContext, ToolError

Transfer = Callable[[str, str, str], str]
"""Hand the caller of a session (its id) to a destination, for a reason that the person there is told.
Returns when they have been handed over, with the name of who took them if it is known ("" else); raises
ToolError with one of the codes below when they have not, and the conversation goes on."""
CODES = ("busy", "no_answer", "rejected", "destination_not_allowed", "no_phone_call")


def no_phone(_session_id: str, _destination: str, _reason: str) -> str:
    """The Transfer of an installation without FreeSWITCH."""
    raise ToolError("there is no FreeSWITCH here", code="no_phone_call")


class TransferToHuman:
    """`transfer_to_human({destination, reason})`."""

    name = "transfer_to_human"
    description = (
        "Connect the caller with a person. destination: an extension or telephone number. Say that you "
        "are connecting them before you call this; if nobody answers the caller is back with you."
    )
    timeout_s = 60.0
    cancellable = False
    must_finish = False  # nobody is to be rung for a caller who has gone
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "destination": {"type": "string", "pattern": r"^\+?[0-9*#]{1,32}$"},
            "reason": {"type": "string", "minLength": 1, "maxLength": 200},
        },
        "required": ["destination", "reason"],
        "additionalProperties": False,
    }

    def __init__(self, transfer: Transfer = no_phone) -> None:
        self._transfer = transfer

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:
        """Ring the destination; ToolError when the caller stays with the bot."""
        destination = str(arguments["destination"])
        name = self._transfer(context.session_id, destination, str(arguments["reason"]))
        return {"transferred_to": destination, **({"answered_by": name} if name else {})}
