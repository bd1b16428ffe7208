"""Say goodbye and hang up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from controller.dialogue.flow.nodes.base import NodeModel, Stay, Step
from controller.dialogue.languages.base import Phrase
from controller.dialogue.model import Text

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn


class HangupNode(NodeModel):
    """`say`, then the call ends with `reason`."""

    kind: Literal["hangup"]
    say: Text | None = None
    reason: str = "goodbye"

    def enter(self, turn: Turn) -> Step:
        """Take leave."""
        turn.take_leave(self.say or Phrase.GOODBYE, self.reason)
        return Stay.WAIT
