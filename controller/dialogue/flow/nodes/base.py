"""What a node is: a step of a conversation that says, asks or decides, and where it leads.

A node is a frozen pydantic model (its fields are what a flow file may write) with these methods. It
composes a `Turn` and returns a step; it keeps nothing and never knows other nodes but by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from controller.dialogue.model import Model, Text
from controller.dialogue.slots import Match, Slot

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn
    from controller.session.ports import ToolOutcome

DEFAULT_TRIES = 3
RETURN = "return"
"""As a target: back to where the digression left the conversation."""


class Missed(Model):
    """For when nothing came: `say` is said before the question is put again, `next` is where it goes on
    when it was tried often enough."""

    say: Text | None = None
    next: str | None = None


class Expression(Model):
    """A value worked out in the sandbox, such as `amount.value > 100`; keeps its type."""

    expression: str


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

    def templates(self) -> Iterator[tuple[str, str]]:
        """(field, template) of every template that isn't a text for the caller."""
        yield from ()

    def expressions(self) -> Iterator[tuple[str, str]]:
        """(field, expression) of every expression."""
        yield from ()

    def assigns(self) -> Iterator[tuple[str, str]]:
        """(field, variable name) of every variable this one sets."""
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

    def answer_slot(self, turn: Turn) -> Slot | None:  # noqa: ARG002
        """The slot whose answer this node waits for now."""
        return None

    def outcome(self, turn: Turn, outcome: ToolOutcome) -> Step:  # noqa: ARG002
        """A proposed tool has ended. By default it was somebody else's."""
        return Stay.WAIT

    def resume(self, turn: Turn) -> Step:
        """A digression is over: put the open question again."""
        turn.ask_again()
        return Stay.WAIT

    def must_read_back(self, turn: Turn, match: Match) -> bool:  # noqa: ARG002
        """Whether an answer to this node's question has to be read back before it counts."""
        return False

    def missed(self, *, silent: bool) -> Missed | None:  # noqa: ARG002
        """What to do after silence, or after words that were not understood, if the node says."""
        return None


def strings_in(value: Any) -> Iterator[str]:
    """Every str in JSON-like data, expressions left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        if not is_expression(value):
            for item in value.values():
                yield from strings_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings_in(item)


def expressions_in(value: Any) -> Iterator[str]:
    """Every `{expression: …}` in JSON-like data."""
    if isinstance(value, Mapping):
        if is_expression(value):
            yield value["expression"]
        else:
            for item in value.values():
                yield from expressions_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from expressions_in(item)


def is_expression(value: Mapping[Any, Any]) -> bool:
    """Whether a mapping is the written form of an `Expression`."""
    return len(value) == 1 and isinstance(value.get("expression"), str)
