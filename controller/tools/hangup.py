"""The tool that ends the call, once what is being said has been heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.tools.base import HANG_UP, ToolContext


class Hangup:
    """`hangup({reason})`."""

    name = "hangup"
    description = "End the call after saying goodbye. Give the reason in a word or two."
    timeout_s = 1.0
    cancellable = False
    must_finish = False
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": 100}},
        "required": ["reason"],
        "additionalProperties": False,
    }

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:  # noqa: ARG002
        """Ask for the end; the session brings it about."""
        return {HANG_UP: " ".join(str(arguments["reason"]).split())}
