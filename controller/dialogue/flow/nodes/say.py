"""Say something and go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from controller.dialogue.flow.nodes.base import Go, NodeModel, Step
from controller.dialogue.model import Text

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn


class SayNode(NodeModel):
    """`say`, then `next`. `polish`: the bot's language model may say it in its own words, facts kept."""

    waits: ClassVar[bool] = False
    kind: Literal["say"]
    say: Text
    polish: bool = False
    next: str

    def targets(self) -> Iterator[tuple[str, str]]:
        """`next`."""
        yield "next", self.next

    def enter(self, turn: Turn) -> Step:
        """Say it."""
        if self.polish:
            turn.say_polished(self.say)
        else:
            turn.say(self.say)
        return Go(self.next)
