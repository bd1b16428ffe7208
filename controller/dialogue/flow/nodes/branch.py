"""Go one way or another by what slots, variables and tools' results hold. Says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from controller.dialogue.flow.nodes.base import Go, NodeModel, Step
from controller.dialogue.flow.sandbox import seen
from controller.dialogue.flow.templates import TemplateFault
from controller.dialogue.model import Model

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn

Scalar = bool | int | float | str


class Case(Model):
    """`next`, when the branch's value `equals` this or lies between `at_least` and `at_most`, and the
    expression `when` is true; at least one of them is given, and all that are given must hold."""

    equals: Scalar | None = None
    at_least: int | float | None = None
    at_most: int | float | None = None
    when: str | None = None
    next: str

    @model_validator(mode="after")
    def _has_a_condition(self) -> Case:
        if not self.compares and self.when is None:
            raise ValueError("a case needs one of: equals, at_least, at_most, when")
        return self

    @property
    def compares(self) -> bool:
        """Whether it looks at the branch's value."""
        return not (self.equals is None and self.at_least is None and self.at_most is None)

    def holds(self, value: object) -> bool:
        """Whether the branch's value is as this case wants it."""
        if self.equals is not None and not _same(value, self.equals):
            return False
        if self.at_least is None and self.at_most is None:
            return True
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


class BranchNode(NodeModel):
    """The first of `cases` that holds, or `otherwise`. Cases compare the value of `slot` or `variable`;
    with `when` alone neither is needed. An expression that makes no sense with the values there are (a
    word is not larger than a number) doesn't hold."""

    waits: ClassVar[bool] = False
    kind: Literal["branch"]
    slot: str | None = None
    variable: str | None = None
    cases: tuple[Case, ...] = Field(min_length=1)
    otherwise: str

    @model_validator(mode="after")
    def _has_a_value(self) -> BranchNode:
        if self.slot is not None and self.variable is not None:
            raise ValueError("a branch looks at a slot or a variable, not at both")
        if self.slot is None and self.variable is None and any(case.compares for case in self.cases):
            raise ValueError("equals, at_least and at_most need the branch's slot or variable")
        return self

    def targets(self) -> Iterator[tuple[str, str]]:
        """All cases and `otherwise`."""
        for index, case in enumerate(self.cases):
            yield f"cases.{index}.next", case.next
        yield "otherwise", self.otherwise

    def slots_used(self) -> Iterator[tuple[str, str]]:
        """`slot`."""
        if self.slot is not None:
            yield "slot", self.slot

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Each `when`, and the variable's name."""
        for index, case in enumerate(self.cases):
            if case.when is not None:
                yield f"cases.{index}.when", case.when
        if self.variable is not None:
            yield "variable", self.variable

    def enter(self, turn: Turn) -> Step:
        """Decide."""
        value: object = None
        if self.slot is not None:
            match = turn.answer(self.slot)
            value = seen(match).value if match else None
        elif self.variable is not None:
            value = turn.scope().get(self.variable)
        return Go(next((c.next for c in self.cases if _holds(turn, c, value)), self.otherwise))


def _holds(turn: Turn, case: Case, value: object) -> bool:
    if not case.holds(value):
        return False
    if case.when is None:
        return True
    try:
        return bool(turn.value(case.when))
    except TemplateFault:
        return False


def _same(value: object, wanted: Scalar) -> bool:
    """Equal and of one kind: 1 is not true, "1" is not 1; 1.0 is 1."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return value == wanted
    return isinstance(value, str) and value == wanted
