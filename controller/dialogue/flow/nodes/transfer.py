"""Hand the caller to a person; when nobody answers the conversation goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes.base import Go, NodeModel, Stay, Step
from controller.dialogue.languages.base import Phrase
from controller.dialogue.model import Text

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn
    from controller.session.ports import ToolOutcome

TRANSFER_TOOL = "transfer_to_human"
MAX_SUMMARY_CHARS = 200
"""What the tool takes for a reason."""


class TransferNode(NodeModel):
    """`say`, then the caller is connected with `target` (an extension or number; may be a template).
    `summary` tells the person what it is about. `next` is where it goes on when that fails."""

    kind: Literal["transfer"]
    target: str
    say: Text | None = None
    summary: Text | None = None
    next: str

    def targets(self) -> Iterator[tuple[str, str]]:
        """`next`."""
        yield "next", self.next

    def templates(self) -> Iterator[tuple[str, str]]:
        """`target`."""
        yield "target", self.target

    def enter(self, turn: Turn) -> Step:
        """Propose it."""
        turn.say(self.say or Phrase.ONE_MOMENT)
        turn.remember(phase=Phase.OUTCOME, tool={}, question=())
        summary = turn.language.joiner.join(turn.words(self.summary))[:MAX_SUMMARY_CHARS]
        arguments = {
            "destination": turn.filled(self.target).strip(),
            "reason": summary or turn.flow.flow,
        }
        turn.propose(TRANSFER_TOOL, arguments)
        return Stay.WAIT

    def outcome(self, turn: Turn, outcome: ToolOutcome) -> Step:
        """Somebody has the caller, or they are back."""
        if outcome.call.name != TRANSFER_TOOL or turn.memory.phase is not Phase.OUTCOME:
            return Stay.WAIT  # somebody else's
        turn.note_outcome(outcome)
        if not outcome.ok:
            return Go(self.next)
        turn.remember(phase=Phase.ENDED)
        return Stay.WAIT

    def on_fail(self) -> str | None:
        """No outcome came."""
        return self.next
