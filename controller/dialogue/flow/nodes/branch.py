"""Go one way or another by what a slot or a variable holds. Says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from controller.dialogue.flow.nodes.base import Go, NodeModel, Step
from controller.dialogue.model import Model

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn

Scalar = bool | int | str


class Case(Model):
    """`next`, when the value `equals` this or lies between `at_least` and `at_most`."""

    equals: Scalar | None = None
    at_least: int | None = None
    at_most: int | None = None
    next: str

    @model_validator(mode="after")
    def _has_a_condition(self) -> Case:
        if self.equals is None and self.at_least is None and self.at_most is None:
            raise ValueError("a case needs one of: equals, at_least, at_most")
        return self

    def holds(self, value: object) -> bool:
        """Whether this case is the one."""
        if self.equals is not None:
            return type(value) is type(self.equals) and value == self.equals
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


class BranchNode(NodeModel):
    """The first of `cases` that holds for `slot`, or `otherwise`."""

    waits: ClassVar[bool] = False
    kind: Literal["branch"]
    slot: str
    cases: tuple[Case, ...]
    otherwise: str

    def targets(self) -> Iterator[tuple[str, str]]:
        """All cases and `otherwise`."""
        for index, case in enumerate(self.cases):
            yield f"cases.{index}.next", case.next
        yield "otherwise", self.otherwise

    def slots_used(self) -> Iterator[tuple[str, str]]:
        """`slot`."""
        yield "slot", self.slot

    def enter(self, turn: Turn) -> Step:
        """Decide."""
        match = turn.answer(self.slot)
        value = match.value if match else None
        return Go(next((case.next for case in self.cases if case.holds(value)), self.otherwise))
