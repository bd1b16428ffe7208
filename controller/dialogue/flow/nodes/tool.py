"""Propose a tool call, say something meanwhile, and go on by its outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes.base import Go, NodeModel, Stay, Step, expressions_in, strings_in
from controller.dialogue.flow.plain import plain_scalar
from controller.dialogue.model import Text

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn
    from controller.session.ports import ToolOutcome


class ToolNode(NodeModel):
    """`tool` with `arguments` (templates and expressions in them are filled), `say` meanwhile; then
    `next` or `on_error`. Texts after it see the result as `tool.data`; `assign` keeps parts of it in
    variables, by expressions such as `tool.data.name`."""

    kind: Literal["tool"]
    tool: str
    arguments: Mapping[str, Any] = {}
    say: Text | None = None
    assign: Mapping[str, str] = {}
    next: str
    on_error: str

    def targets(self) -> Iterator[tuple[str, str]]:
        """`next` and `on_error`."""
        yield "next", self.next
        yield "on_error", self.on_error

    def templates(self) -> Iterator[tuple[str, str]]:
        """Those in `arguments`."""
        for source in strings_in(self.arguments):
            yield "arguments", source

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Those in `arguments` and `assign`."""
        for source in expressions_in(self.arguments):
            yield "arguments", source
        for name, source in self.assign.items():
            yield f"assign.{name}", source

    def assigns(self) -> Iterator[tuple[str, str]]:
        """`assign`."""
        for name in self.assign:
            yield f"assign.{name}", name

    def enter(self, turn: Turn) -> Step:
        """Propose the call."""
        turn.say(self.say)
        turn.remember(phase=Phase.OUTCOME, tool={}, question=())
        turn.propose(self.tool, turn.filled(self.arguments))
        return Stay.WAIT

    def outcome(self, turn: Turn, outcome: ToolOutcome) -> Step:
        """The tool has ended."""
        if outcome.call.name != self.tool or turn.memory.phase is not Phase.OUTCOME:
            return Stay.WAIT  # somebody else's
        turn.note_outcome(outcome)
        if not outcome.ok:
            return Go(self.on_error)
        for name, source in self.assign.items():
            turn.assign(name, plain_scalar(turn.value(source)))
        return Go(self.next)

    def on_fail(self) -> str | None:
        """No outcome came."""
        return self.on_error
