"""The tool that writes down what a caller wants done, for people to do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.observe.redaction import storable_text
from controller.tools.base import ToolContext, ToolError

PRIORITIES = ("low", "normal", "high", "urgent")


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket; the same `id` again is the same ticket."""

    id: str
    session_id: str
    language: str
    subject: str
    body: str
    priority: str


Desk = Callable[[NewTicket], None]
"""Keeps a ticket, blocking cooperatively. The same one again changes nothing."""


class CreateTicket:
    """`create_ticket({subject, body, priority})`. `unavailable` is what `desk` raises when it can't."""

    name = "create_ticket"
    description = "Write a ticket for a colleague who will deal with it later. Give its number if asked."
    timeout_s = 8.0
    cancellable = False  # what the caller was promised is kept, whether or not they hang up
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "subject": {"type": "string", "minLength": 1, "maxLength": 200},
            "body": {"type": "string", "minLength": 1, "maxLength": 4000},
            "priority": {"type": "string", "enum": list(PRIORITIES)},
        },
        "required": ["subject", "body"],
        "additionalProperties": False,
    }

    def __init__(self, desk: Desk, unavailable: type[Exception]) -> None:
        self._desk = desk
        self._unavailable = unavailable

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:
        """Keep it. Returns its id. Raises ToolError (unavailable, retryable)."""
        ticket = NewTicket(
            context.key,
            context.session_id,
            context.language,
            storable_text(" ".join(arguments["subject"].split())),
            storable_text(arguments["body"].strip()),
            arguments.get("priority", "normal"),
        )
        try:
            self._desk(ticket)
        except self._unavailable as error:
            raise ToolError(str(error), code="unavailable", retryable=True) from error
        return {"ticket_id": ticket.id, "priority": ticket.priority}
