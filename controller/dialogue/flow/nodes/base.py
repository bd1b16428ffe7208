"""What a node is: a step of a conversation that says, asks or decides, and where it leads.

A node is a frozen pydantic model (its fields are what a flow file may write) with these methods. It
composes a `Turn` and returns a step; it keeps nothing and never knows other nodes but by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from controller.dialogue.model import Model
from controller.dialogue.slots import Slot

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn

DEFAULT_TRIES = 3


@dataclass(frozen=True, slots=True)
class Go:
    """Go on to this node, in the same reply."""

    node: str


class Stay(Enum):
    """The conversation stays at this node."""

    WAIT = "wait"  # the reply is whole; the caller (or a tool) is next
    NOT_UNDERSTOOD = "not_understood"  # nothing was said; someone else may make sense of the words
    FAILED = "failed"  # tried often enough


Step = Go | Stay


class NodeModel(Model):
    """Base of the node kinds."""

    waits: ClassVar[bool] = True
    """Whether the conversation can rest here; a loop must pass such a node."""

    def targets(self) -> Iterator[tuple[str, str]]:
        """(field, node name) of every node this one may lead to."""
        yield from ()

    def slots_used(self) -> Iterator[tuple[str, str]]:
        """(field, slot name) of every slot this one reads or fills."""
        yield from ()

    def enter(self, turn: Turn) -> Step:
        """The conversation arrives here."""
        raise NotImplementedError

    def hear(self, turn: Turn, text: str) -> Step:  # noqa: ARG002
        """The caller said or pressed something while the conversation rests here."""
        return Stay.NOT_UNDERSTOOD

    def ask_again(self, turn: Turn) -> None:
        """The caller didn't answer, or not so that it helps: put the question once more."""
        turn.ask_again()

    def on_fail(self) -> str | None:
        """Where to go when the caller can't be understood here; None: the flow's `give_up`."""
        return None

    def expect(self, turn: Turn) -> None:
        """Say what the ears should wait for while the conversation rests here."""

    def tries_allowed(self) -> int:
        """How many answers may fail here before the flow gives up."""
        return DEFAULT_TRIES

    def answer_slot(self, slots: Mapping[str, Slot]) -> Slot | None:  # noqa: ARG002
        """The slot whose answer this node waits for."""
        return None
