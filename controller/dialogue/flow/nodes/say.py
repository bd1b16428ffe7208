"""Say something and go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from controller.dialogue.flow.nodes.base import Go, NodeModel, Step
from controller.dialogue.model import Text

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn


class SayNode(NodeModel):
    """`say`, then `next`."""

    waits: ClassVar[bool] = False
    kind: Literal["say"]
    say: Text
    next: str

    def targets(self) -> Iterator[tuple[str, str]]:
        """`next`."""
        yield "next", self.next

    def enter(self, turn: Turn) -> Step:
        """Say it."""
        turn.say(self.say)
        return Go(self.next)
