"""Ask for one slot until it is filled, in other words each time, and read it back where that is wanted.

A slot that is filled already (said ahead, or kept while another one was corrected) is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes import readback
from controller.dialogue.flow.nodes.base import Go, Missed, NodeModel, Stay, Step
from controller.dialogue.languages.base import Phrase
from controller.dialogue.model import Text
from controller.dialogue.slots import Certainty, Match, Slot

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn


class AskNode(NodeModel):
    """`prompt` for `slot`; `thanks` when it is filled, `reprompts` when not understood, `instead` after
    an answer that is not possible. A re-prompt is the whole question in other words.

    `confirm` says when the answer is read back by `readback` (without it: the answer, "is that right?").
    """

    kind: Literal["ask"]
    slot: str
    prompt: Text
    reprompts: tuple[Text, ...] = ()
    instead: Text | None = None
    thanks: Text | None = None
    hints: Mapping[str, tuple[str, ...]] = {}
    confirm: Literal["always", "unsure", "never"] = "never"
    readback: Text | None = None
    no_match: Missed | None = None
    no_input: Missed | None = None
    max_tries: int = Field(3, ge=1, le=10)
    next: str
    otherwise: str | None = None
    """Where to go after `max_tries`; the flow's `give_up` without it."""

    def targets(self) -> Iterator[tuple[str, str]]:
        """`next`, `otherwise` and those of the branches."""
        yield "next", self.next
        if self.otherwise:
            yield "otherwise", self.otherwise
        if self.no_match and self.no_match.next:
            yield "no_match.next", self.no_match.next
        if self.no_input and self.no_input.next:
            yield "no_input.next", self.no_input.next

    def slots_used(self) -> Iterator[tuple[str, str]]:
        """`slot`."""
        yield "slot", self.slot

    def enter(self, turn: Turn) -> Step:
        """Ask, for what is still missing only."""
        match = turn.answer(self.slot)
        if match is not None:
            if self.must_read_back(turn, match):
                return readback.begin(turn, self, match)
            return Go(self.next)
        known = turn.memory.slots.get(self.slot)
        if known is not None and known.certainty is Certainty.PARTIAL:
            turn.ask(known.missing[0])
        else:
            turn.ask(self.prompt)
        return Stay.WAIT

    def hear(self, turn: Turn, text: str) -> Step:
        """Fill the slot, or a part of it, or another one that was answered along with it."""
        if turn.memory.phase is Phase.READBACK:
            return readback.hear(turn, self, text)
        match = turn.parse(self.slot, text)
        ahead = self._listen_ahead(turn, text) if match is None or match.filled else False
        if match is None:
            if not ahead:
                return Stay.NOT_UNDERSTOOD
            turn.say(self.thanks)
            return self.enter(turn)
        if match.certainty is Certainty.REFUSED:
            return self._refuse(turn, match)
        if match.certainty is Certainty.PARTIAL:
            return self._take_part(turn, match)
        if turn.guessed:
            match = replace(match, unsure=True)
        turn.fill(self.slot, match)
        if self.must_read_back(turn, match):
            return readback.begin(turn, self, match)
        turn.say(self.thanks)
        turn.remember(tries=0)
        return Go(self.next)

    def must_read_back(self, turn: Turn, match: Match) -> bool:
        """Whether the policy wants this answer read back, and it was not yet."""
        if self.slot in turn.memory.confirmed or not match.spoken:
            return False
        return self.confirm == "always" or (self.confirm == "unsure" and (match.unsure))

    def ask_again(self, turn: Turn) -> None:
        """The next re-prompt; the open half of the question when one half is answered."""
        known = turn.memory.slots.get(self.slot)
        tries = turn.memory.tries
        if (
            turn.memory.phase is not Phase.ANSWER
            or (known is not None and known.certainty is Certainty.PARTIAL)
            or not self.reprompts
            or tries < 1
        ):
            turn.ask_again()
        else:
            turn.ask(self.reprompts[min(tries, len(self.reprompts)) - 1])

    def resume(self, turn: Turn) -> Step:
        """A digression may have filled the slot."""
        if turn.memory.phase is Phase.ANSWER and turn.answer(self.slot):
            return self.enter(turn)
        return super().resume(turn)

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
        """The slot whose answer this node waits for; yes or no after reading back."""
        return readback.YES_NO if turn.memory.phase is Phase.READBACK else turn.flow.slots[self.slot]

    def expect(self, turn: Turn) -> None:
        """This slot's answer."""
        if turn.memory.phase is Phase.READBACK:
            turn.expect(readback.YES_NO)
        elif turn.memory.phase is Phase.ANSWER:
            turn.expect(turn.flow.slots[self.slot], self.slot, self.hints.get(turn.language.code, ()))

    def _take_part(self, turn: Turn, match: Match) -> Step:
        """Keep the half that is known and ask for the rest. From the second half on each counts as a
        try: another day instead of the hour may be all that a recogniser hears of it."""
        known = turn.memory.slots.get(self.slot)
        turn.fill(self.slot, match)
        if known is None:
            return self.enter(turn)
        if known.value == match.value:
            return Stay.NOT_UNDERSTOOD
        turn.remember(tries=turn.memory.tries + 1)
        if turn.memory.tries >= self.max_tries:
            return Stay.FAILED
        if known.missing == match.missing and turn.memory.tries > 1:
            turn.say(Phrase.NOT_UNDERSTOOD)
        return self.enter(turn)

    def _refuse(self, turn: Turn, match: Match) -> Step:
        turn.remember(tries=turn.memory.tries + 1)
        if turn.memory.tries > self.max_tries:
            return Stay.FAILED  # one more than for what was not understood at all
        turn.say(match.missing[0])
        turn.clear(self.slot)
        if match.missing[0] is not Phrase.WHICH_OF_THEM or turn.memory.tries > 1:
            turn.ask(self.instead or self.prompt)
        if match.missing[1:]:
            turn.fill(self.slot, Match(match.value, "", Certainty.PARTIAL, match.missing[1:]))
        return Stay.WAIT

    def _listen_ahead(self, turn: Turn, text: str) -> bool:
        """Fill other slots that are certainly answered in the same breath."""
        if turn.keys or turn.flow.slots[self.slot].open_ended:
            return False
        heard = False
        for name, slot in turn.flow.slots.items():
            if name == self.slot or turn.answer(name):
                continue
            match = slot.parse(text, turn.language, turn.context())
            if match is not None and slot.ahead(match):
                turn.fill(name, match)
                heard = True
        return heard
