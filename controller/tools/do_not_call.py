"""The tool for "don't call me again": the caller's number goes on the do-not-call list, at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.tools.base import ToolContext, ToolError

NAME = "do_not_call"


class DoNotCallTool:
    """`do_not_call({})`. `add(number, reason)`: puts a number on the list; raises ValueError for one
    that is none, `unavailable` when the list can't be written just now."""

    name = NAME
    description = (
        "Put the caller's number on the list of those who are never called again. Use it when the "
        "caller says that they want no more calls; then confirm it, say goodbye and end the call."
    )
    timeout_s = 10.0
    cancellable = False
    must_finish = True
    schema: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}

    def __init__(
        self, add: Callable[[str, str], object], unavailable: type[Exception] = OSError
    ) -> None:
        self._add = add
        self._unavailable = unavailable

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:  # noqa: ARG002
        """Effective when it returns: nobody begins to dial the number any more."""
        if not context.phone_number:
            raise ToolError("there is no telephone number in this conversation", code="no_caller")
        try:
            self._add(context.phone_number, f"asked for in session {context.session_id}")
        except ValueError as error:
            raise ToolError(f"not a number that can be listed: {error}", code="bad_number") from error
        except self._unavailable as error:
            raise ToolError(str(error), code="unavailable", retryable=True) from error
        return {"listed": True}
