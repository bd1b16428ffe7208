"""The tool that sends a notification: a template by its id, over a channel, to a recipient by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.tools.base import ToolContext, ToolError
from controller.tools.channels.base import TEL, Channel, Message
from controller.tools.templates import Template

CALLER = "caller"
"""The recipient that stands for whoever is on the phone."""
CALLERS_CHANNEL = "sms"


class SendNotification:
    """`send_notification({channel, to, template_id, params})`."""

    name = "send_notification"
    description = (
        "Send a prepared notification to a recipient known by name, or, over sms, to the caller's own "
        'number (to: "caller").'
    )
    timeout_s = 8.0
    cancellable = False  # half a delivery can't be taken back

    def __init__(self, channels: Mapping[str, Channel], templates: Mapping[str, Template]) -> None:
        self._channels = dict(channels)
        self._templates = dict(templates)
        self.schema: Mapping[str, Any] = {
            "type": "object",
            "properties": {
                "channel": {"type": "string", "enum": sorted(self._channels)},
                "to": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}\Z"},
                "template_id": {"type": "string", "enum": sorted(self._templates)},
                "params": {
                    "type": "object",
                    "maxProperties": 32,
                    "additionalProperties": {"type": "string", "maxLength": 2000},
                },
            },
            "required": ["channel", "to", "template_id"],
            "additionalProperties": False,
        }

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:
        """Render and deliver, or leave it in the outbox, as the channel does. Returns its id."""
        template_id, to = arguments["template_id"], arguments["to"]
        channel = self._channels.get(arguments["channel"])
        template = self._templates.get(template_id)
        if channel is None or template is None:
            raise ToolError("no such channel or template", code="bad_arguments")
        if to == CALLER:
            to = self._own_number(arguments["channel"], context)
        else:
            channel.check(to)
        params = template.checked(arguments.get("params", {}))
        message = Message(
            context.key,
            context.session_id,
            template_id,
            context.language,
            template.render(params, context.language),
            params,
            template.render_subject(params, context.language),
        )
        channel.send(to, message)
        return {
            "message_id": message.message_id,
            "channel": arguments["channel"],
            "to": arguments["to"],
        }

    def _own_number(self, channel: str, context: ToolContext) -> str:
        """Of all addresses only the one that is on the line already; nobody can name another."""
        if channel != CALLERS_CHANNEL or not context.phone_number:
            raise ToolError("no phone call with a number, or no text message", code="no_number")
        return f"{TEL}{context.phone_number}"
