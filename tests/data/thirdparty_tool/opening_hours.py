"""A tool in a package of its own: when we are open. Copy it to begin yours.

`pip install` it beside SwitchTalk, name it among a bot's `tools`, and flows and models can call it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.tools.base import ToolContext, ToolError

HOURS = {"saturday": "10:00-14:00", "sunday": ""}
WORKDAY = "09:00-18:00"


class OpeningHours:
    """`opening_hours({day})`. Data: `hours`, such as "09:00-18:00"."""

    name = "opening_hours"
    description = "Tell when we are open on a day of the week."
    timeout_s = 1.0
    cancellable = True  # nothing is left half done when the caller hangs up
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {"day": {"type": "string", "pattern": "^[a-z]+day$"}},
        "required": ["day"],
        "additionalProperties": False,
    }

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:
        """Raises ToolError for a day on which nobody is there."""
        hours = HOURS.get(arguments["day"], WORKDAY)
        if not hours:
            raise ToolError(f"closed on {arguments['day']}", code="not_found")
        return {"day": arguments["day"], "hours": hours, "asked_in": context.language}
