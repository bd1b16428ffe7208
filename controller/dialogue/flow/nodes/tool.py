"""Propose a tool call, say something meanwhile, and go on by its outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes.base import Go, NodeModel, Stay, Step
from controller.dialogue.languages.base import Phrase
from controller.dialogue.model import Text

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn
    from controller.session.ports import ToolOutcome


class ToolNode(NodeModel):
    """`tool` with `arguments` (templates in them are filled), `say` meanwhile; then "
    "`next` or `on_error`."""

    kind: Literal["tool"]
    tool: str
    arguments: Mapping[str, Any] = {}
    say: Text | None = None
    next: str
    on_error: str

    def targets(self) -> Iterator[tuple[str, str]]:
        """`next` and `on_error`."""
        yield "next", self.next
        yield "on_error", self.on_error

    def enter(self, turn: Turn) -> Step:
        """Propose the call."""
        turn.say(self.say)
        turn.remember(phase=Phase.OUTCOME, tool_say="", question=())
        turn.propose(self.tool, turn.filled(self.arguments))
        return Stay.WAIT

    def hear(self, turn: Turn, text: str) -> Step:  # noqa: ARG002
        """The tool is still running: whatever was said has to wait."""
        turn.say(Phrase.ONE_MOMENT)
        return Stay.WAIT

    def outcome(self, turn: Turn, outcome: ToolOutcome) -> Step:
        """The tool has ended."""
        if outcome.call.name != self.tool or turn.memory.phase is not Phase.OUTCOME:
            return Stay.WAIT  # somebody else's
        turn.memory = replace(turn.memory, tool_say="" if outcome.ok else outcome.say)
        return Go(self.next if outcome.ok else self.on_error)

    def on_fail(self) -> str | None:
        """No outcome came."""
        return self.on_error
