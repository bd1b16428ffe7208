"""One reply being composed: the tools nodes work with while they answer one request.

Mutable and short-lived (made for a request, gone after it); what lasts is `memory`. Never decides
where the conversation goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.dialogue.flow import texts
from controller.dialogue.flow.memory import Memory, Phase
from controller.dialogue.flow.model import Flow
from controller.dialogue.languages.base import Language, Phrase
from controller.dialogue.model import Text
from controller.dialogue.slots import Certainty, Context, Match, Slot
from controller.session.ports import Cause, Expect, Propose, Remember, ReplyItem, ReplyRequest, Say


class Turn:
    """Collects what is said, remembered, expected and proposed."""

    def __init__(
        self, flow: Flow, language: Language, now: datetime, request: ReplyRequest, memory: Memory
    ) -> None:
        self.flow = flow
        self.language = language
        self.now = now
        self.request = request
        self.memory = memory
        self._said: list[str] = []
        self._expect: Expect | None = None
        self._proposal: Propose | None = None
        self._asks = False

    @property
    def keys(self) -> bool:
        """Whether the caller pressed keys."""
        return self.request.cause is Cause.DTMF

    # --- saying -----------------------------------------------------------------------------

    def say(self, text: Text | Phrase | None) -> None:
        """Add a text's sentences to the reply."""
        self._said += self.words(text)

    def say_aloud(self, words: str) -> None:
        """Add words that are no template, as a sentence."""
        self._said.append(words + self.language.full_stop)

    def ask(self, text: Text | Phrase) -> None:
        """Like `say`, for the question that the caller now has to answer."""
        question = self.words(text)
        self._said += question
        self._asks = True
        self.memory = replace(self.memory, question=tuple(question))

    def ask_again(self) -> None:
        """Repeat the open question, as it was put."""
        self._said += self.memory.question
        self._asks = bool(self.memory.question)

    def count_question(self) -> int:
        """Note that the reply rests at the current node; how often its question was put by now, 0 when
        this reply puts none."""
        if not self._asks:
            return 0
        times = self.memory.asked.get(self.memory.node, 0) + 1
        self.remember(asked={**self.memory.asked, self.memory.node: times})
        return times

    def unsay(self) -> None:
        """Drop what was to be said and proposed, keeping where the conversation is."""
        self._said.clear()
        self._proposal = None
        self._asks = False

    def words(self, text: Text | Phrase | None) -> list[str]:
        """A text's sentences, filled."""
        if text is None:
            return []
        template = (
            self.language.phrases[text] if isinstance(text, Phrase) else text.of(self.language.code)
        )
        return [texts.fill(piece, self._value) for piece in texts.sentences(template)]

    def filled(self, template: Any) -> Any:
        """A tool's arguments with the templates in them filled, however deep they are."""
        if isinstance(template, str):
            return texts.fill(template, self._value)
        if isinstance(template, Mapping):
            return {key: self.filled(value) for key, value in template.items()}
        if isinstance(template, list | tuple):
            return [self.filled(value) for value in template]
        return template

    def _value(self, name: str) -> str:
        if name == "tool.say":
            return self.memory.tool_say
        slot, _, part = name.partition(".")
        if slot in self.flow.slots:
            match = self.memory.slots.get(slot)
            return "" if match is None else (match.raw if part == "value" else match.spoken)
        if slot in self.request.variables:
            return " ".join(self.request.variables[slot].split())
        return self.flow.variables[slot].of(self.language.code)

    # --- remembering ------------------------------------------------------------------------

    def remember(self, **changes: Any) -> None:
        """Change some of the memory."""
        self.memory = replace(self.memory, **changes)

    def fill(self, name: str, match: Match) -> None:
        """Keep an answer; it becomes the latest."""
        others = {key: value for key, value in self.memory.slots.items() if key != name}
        self.remember(slots={**others, name: match}, detours=0)

    def clear(self, name: str) -> None:
        """Forget an answer."""
        self.remember(slots={key: value for key, value in self.memory.slots.items() if key != name})

    def answer(self, name: str) -> Match | None:
        """The whole answer to a slot, if it is there."""
        match = self.memory.slots.get(name)
        return match if match is not None and match.filled else None

    def parse(self, name: str, text: str) -> Match | None:
        """Find the slot's answer in `text`, given what is known of it."""
        return self.flow.slots[name].parse(text, self.language, self.context(name))

    def context(self, name: str | None = None) -> Context:
        """What a slot type is told besides the words; `name` adds what is known of that slot."""
        return Context(self.now, self.memory.slots.get(name) if name else None, self.keys)

    # --- expecting and proposing ------------------------------------------------------------

    def expect(self, slot: Slot, name: str | None = None, hints: tuple[str, ...] = ()) -> None:
        """Wait for this slot's answer."""
        context = Context(self.now, self.memory.slots.get(name) if name else None)
        language = self.language

        def completes(text: str) -> bool:
            match = slot.parse(text, language, context)
            return match is not None and match.certainty is Certainty.CERTAIN

        self._expect = Expect(
            completes=None if slot.open_ended else completes,
            hints=(*hints, *slot.hints(language)),
            dtmf_digits=slot.dtmf_digits,
        )

    def propose(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Propose one tool call, after what is said."""
        self._proposal = Propose(name, arguments)

    def take_leave(self, text: Text | Phrase | None, reason: str) -> None:
        """Say goodbye and propose to hang up."""
        self.say(text)
        self.remember(phase=Phase.ENDED, question=())
        self.propose("hangup", {"reason": reason})

    def items(self) -> Iterator[ReplyItem]:
        """The reply: memory, expectation, words (one piece a sentence), proposal."""
        yield Remember(self.memory)
        if self._expect is not None:
            yield self._expect
        for sentence in self._said:
            yield Say(sentence + self.language.joiner)
        if self._proposal is not None:
            yield self._proposal
