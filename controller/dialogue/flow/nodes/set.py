"""Give slots and variables a value. Says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from controller.dialogue.flow.nodes.base import Expression, Go, NodeModel, Step
from controller.dialogue.flow.plain import plain_scalar, plain_text

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn

Value = Expression | bool | int | float | str | None
"""A constant, a template, an expression; null forgets."""


class SetNode(NodeModel):
    """`slots` and `variables` by name, one after the other, then `next`.

    A slot takes what its own type finds in the text; when that is nothing it has no answer.
    """

    waits: ClassVar[bool] = False
    kind: Literal["set"]
    slots: Mapping[str, Value] = {}
    variables: Mapping[str, Value] = {}
    next: str

    @model_validator(mode="after")
    def _sets_something(self) -> SetNode:
        if not self.slots and not self.variables:
            raise ValueError("a set node needs one of: slots, variables")
        return self

    def targets(self) -> Iterator[tuple[str, str]]:
        """`next`."""
        yield "next", self.next

    def slots_used(self) -> Iterator[tuple[str, str]]:
        """`slots`."""
        for name in self.slots:
            yield f"slots.{name}", name

    def assigns(self) -> Iterator[tuple[str, str]]:
        """`variables`."""
        for name in self.variables:
            yield f"variables.{name}", name

    def templates(self) -> Iterator[tuple[str, str]]:
        """Values that are text."""
        for field, value in self._values():
            if isinstance(value, str):
                yield field, value

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Values that are worked out."""
        for field, value in self._values():
            if isinstance(value, Expression):
                yield field, value.expression

    def enter(self, turn: Turn) -> Step:
        """Set them."""
        for name, value in self.variables.items():
            turn.assign(name, plain_scalar(_worked_out(turn, value)))
        for name, value in self.slots.items():
            turn.clear(name)
            words = plain_text(_worked_out(turn, value))
            match = turn.parse(name, words) if words else None
            if match is not None and match.filled:
                turn.fill(name, match)
                turn.confirm(name)
        return Go(self.next)

    def _values(self) -> Iterator[tuple[str, Value]]:
        for kind, values in (("slots", self.slots), ("variables", self.variables)):
            for name, value in values.items():
                yield f"{kind}.{name}", value


def _worked_out(turn: Turn, value: Value) -> object:
    if isinstance(value, Expression):
        return turn.value(value.expression)
    return turn.filled(value)
