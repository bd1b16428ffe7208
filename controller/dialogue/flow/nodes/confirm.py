"""Read something back and have it confirmed; a "no", or a new value, leads back to what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from controller.dialogue.flow import corrections
from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes.base import Go, Missed, NodeModel, Stay, Step
from controller.dialogue.languages.base import Phrase
from controller.dialogue.model import Text
from controller.dialogue.slots import Slot
from controller.dialogue.slots.base import Context
from controller.dialogue.slots.yes_no import YesNoSlot

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn

_YES_NO = YesNoSlot()


class ConfirmNode(NodeModel):
    """`prompt`; `yes` is where it goes on. After a "no", `which` asks which of `corrects` to change (not
    needed when there is one). `no_match` and `no_input` are as in an ask node."""

    kind: Literal["confirm"]
    prompt: Text
    reprompts: tuple[Text, ...] = ()
    which: Text | None = None
    corrects: tuple[str, ...] = Field(min_length=1)
    no_match: Missed | None = None
    no_input: Missed | None = None
    max_tries: int = Field(3, ge=1, le=10)
    yes: str
    otherwise: str | None = None

    def targets(self) -> Iterator[tuple[str, str]]:
        """`yes`, `otherwise` and those of the branches."""
        yield "yes", self.yes
        if self.otherwise:
            yield "otherwise", self.otherwise
        if self.no_match and self.no_match.next:
            yield "no_match.next", self.no_match.next
        if self.no_input and self.no_input.next:
            yield "no_input.next", self.no_input.next

    def slots_used(self) -> Iterator[tuple[str, str]]:
        """`corrects`."""
        for index, name in enumerate(self.corrects):
            yield f"corrects.{index}", name

    def enter(self, turn: Turn) -> Step:
        """Ask."""
        turn.ask(self.prompt)
        return Stay.WAIT

    def hear(self, turn: Turn, text: str) -> Step:
        """A new value corrects; otherwise yes or no."""
        if not turn.keys:
            step = corrections.new_value(turn, text, self.corrects) or corrections.wanted_change(
                turn, text, self.corrects
            )
            if step is not None:
                return step
        if turn.memory.phase is Phase.WHICH_SLOT:
            return self._which(turn, text)
        answer = _YES_NO.parse(text, turn.language, Context(turn.now, keys=turn.keys))
        if answer is None:
            repeated = not turn.keys and corrections.says_again(turn, text, self.corrects)
            return Go(self.yes) if repeated else Stay.NOT_UNDERSTOOD
        turn.remember(detours=0, tries=0 if answer.value else turn.memory.tries + 1)
        if answer.value:
            return Go(self.yes)
        if turn.memory.tries >= self.max_tries:
            return Stay.FAILED
        if self.which is None or len(self.corrects) == 1:
            turn.say(Phrase.NO_PROBLEM)
            return corrections.back_to(turn, self.corrects[0]) or Stay.NOT_UNDERSTOOD
        turn.remember(phase=Phase.WHICH_SLOT)
        turn.ask(self.which)
        return Stay.WAIT

    def ask_again(self, turn: Turn) -> None:
        """The next re-prompt."""
        if turn.memory.phase is Phase.ANSWER and self.reprompts and turn.memory.tries:
            turn.ask(self.reprompts[min(turn.memory.tries, len(self.reprompts)) - 1])
        else:
            turn.ask_again()

    def missed(self, *, silent: bool) -> Missed | None:
        """`no_input`, `no_match`."""
        return self.no_input if silent else self.no_match

    def on_fail(self) -> str | None:
        """`no_match.next`, `otherwise`."""
        return (self.no_match and self.no_match.next) or self.otherwise

    def tries_allowed(self) -> int:
        """`max_tries`."""
        return self.max_tries

    def answer_slot(self, turn: Turn) -> Slot | None:
        """The slot whose answer this node waits for."""
        return _YES_NO if turn.memory.phase is Phase.ANSWER else None

    def expect(self, turn: Turn) -> None:
        """Yes or no."""
        turn.expect(_YES_NO)

    def _which(self, turn: Turn, text: str) -> Step:
        named = corrections.which_slot(turn, text, self.corrects)
        if named is None:
            return Stay.NOT_UNDERSTOOD
        return corrections.back_to(turn, named) or Stay.NOT_UNDERSTOOD
