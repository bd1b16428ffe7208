"""Tools that behave and misbehave, and the context they run in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.session.ports import ToolCall
from controller.tools.base import ToolContext

EN = ToolContext("session-1", "en")
ZH = ToolContext("session-1", "zh")


class FakeTool:
    """A tool of any behaviour."""

    description = "for tests"
    cancellable = True

    def __init__(
        self, run: Callable[[], Any] = dict, *, name: str = "fake", timeout_s: float = 1.0
    ) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self.ran = 0
        self.schema: Mapping[str, Any] = {
            "type": "object",
            "properties": {"count": {"type": "integer", "minimum": 1}},
            "additionalProperties": False,
        }
        self._run = run

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:
        self.ran += 1
        data: Mapping[str, Any] = self._run()
        return data


def call(name: str = "fake", **arguments: Any) -> ToolCall:
    """A proposed call."""
    return ToolCall("call-1", name, arguments)


def fails(error: BaseException) -> Callable[[], Any]:
    """A behaviour that raises."""

    def run() -> Any:
        raise error

    return run
