"""One reply being composed: the tools nodes work with while they answer one request.

Mutable and short-lived (made for a request, gone after it); what lasts is `memory`. Never decides
where the conversation goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.dialogue.flow import texts
from controller.dialogue.flow.helper import polished
from controller.dialogue.flow.memory import Memory, Phase
from controller.dialogue.flow.nodes.base import is_expression
from controller.dialogue.flow.plain import plain_data, plain_text
from controller.dialogue.flow.scope import scope_of
from controller.dialogue.flow.script import Script
from controller.dialogue.languages.base import Phrase
from controller.dialogue.model import Text
from controller.dialogue.slots import Certainty, Context, Match, Slot
from controller.session.ports import (
    Cause,
    Expect,
    Propose,
    Remember,
    ReplyItem,
    ReplyRequest,
    Say,
    ToolOutcome,
)


class Turn:
    """Collects what is said, remembered, expected and proposed."""

    def __init__(self, script: Script, now: datetime, request: ReplyRequest, memory: Memory) -> None:
        self.script = script
        self.flow = script.flow
        self.language = script.language
        self.now = now
        self.request = request
        self.memory = memory
        self.guessed = False
        """What is heard now are a helper's words, not the caller's own."""
        self.consults = False
        """The reply goes on with the words of the agent that has the word."""
        self._said: list[str] = []
        self._expect: Expect | None = None
        self._proposal: Propose | None = None
        self._asks = False

    @property
    def keys(self) -> bool:
        """Whether the caller pressed keys."""
        return self.request.cause is Cause.DTMF

    def mentions(self, text: str, phrases: Mapping[str, Sequence[str]]) -> bool:
        """Whether one of the phrases, by language, is in what was said."""
        said = f" {self.language.clean(text)} "
        words = phrases.get(self.language.code, ())
        return any((f" {word} " if self.language.joiner else word) in said for word in words)

    def question(self) -> str:
        """The open question."""
        return self.language.joiner.join(self.memory.question)

    # --- saying -----------------------------------------------------------------------------

    def say(self, text: Text | Phrase | None) -> None:
        """Add a text's sentences to the reply. Raises TemplateFault, like all that fills templates."""
        self._said += self.words(text)

    def say_plain(self, words: str) -> None:
        """Add words that are no template, as they are."""
        closed = (
            words
            if words.endswith((".", "!", "?", "。", "！", "？"))
            else words + self.language.full_stop
        )
        self._said += texts.sentences(closed)

    def say_polished(self, text: Text) -> None:
        """Like `say`, in the helper's words where it has better ones that keep the facts."""
        source = text.of(self.language.code)
        words = self.language.joiner.join(self.words(text))
        facts = self.script.book.facts(source, self.scope())
        said = polished(self.script.helper, words, facts, self.language.code) if words else ""
        self._said += self.words(text) if said == words else texts.sentences(said)

    def ask(self, text: Text | Phrase, *before: str) -> None:
        """Like `say`, for the question that the caller now has to answer; `before` stands before it."""
        question = [*before, *self.words(text)]
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
        self.consults = False

    def words(self, text: Text | Phrase | None) -> list[str]:
        """A text's sentences, filled."""
        if text is None:
            return []
        template = (
            self.language.phrases[text] if isinstance(text, Phrase) else text.of(self.language.code)
        )
        return self.script.book.sentences(template, self.scope())

    def filled(self, template: Any) -> Any:
        """JSON-like data with the templates and expressions in it filled, however deep they are."""
        return self._filled(template, self.scope())

    def value(self, expression: str) -> Any:
        """What an expression comes to."""
        return self.script.book.value(expression, self.scope())

    def scope(self) -> dict[str, Any]:
        """What templates see now."""
        return scope_of(self.script, self.memory, self.request.variables, self.now)

    def _filled(self, template: Any, scope: Mapping[str, Any]) -> Any:
        if isinstance(template, str):
            return self.script.book.text(template, scope)
        if isinstance(template, Mapping):
            if is_expression(template):
                value = self.script.book.value(template["expression"], scope)
                return value if isinstance(value, bool | int | float | str) else plain_text(value)
            return {key: self._filled(value, scope) for key, value in template.items()}
        if isinstance(template, list | tuple):
            return [self._filled(value, scope) for value in template]
        return template

    # --- remembering ------------------------------------------------------------------------

    def remember(self, **changes: Any) -> None:
        """Change some of the memory."""
        self.memory = replace(self.memory, **changes)

    def fill(self, name: str, match: Match) -> None:
        """Keep an answer, not confirmed yet; it becomes the latest."""
        self.clear(name)
        self.remember(slots={**self.memory.slots, name: match}, detours=0)

    def fill_guess(self, name: str, words: str) -> bool:
        """Keep an answer that somebody else found the words for, when the slot's own type agrees and it
        isn't answered yet."""
        match = None if self.answer(name) else self.parse(name, words)
        if match is None or not match.filled:
            return False
        self.fill(name, replace(match, unsure=True))
        return True

    def confirm(self, name: str) -> None:
        """The answer was read back and is right, or needs no reading back."""
        self.remember(confirmed=self.memory.confirmed | {name})

    def clear(self, name: str) -> None:
        """Forget an answer."""
        self.remember(
            slots={key: value for key, value in self.memory.slots.items() if key != name},
            confirmed=self.memory.confirmed - {name},
        )

    def assign(self, name: str, value: str | int | float | bool) -> None:
        """Set a variable."""
        self.remember(variables={**self.memory.variables, name: value})

    def note_outcome(self, outcome: ToolOutcome) -> None:
        """Keep a tool's result for texts and expressions. It is data from outside."""
        self.remember(
            tool={
                "ok": outcome.ok,
                "say": plain_text(outcome.say),
                "code": plain_text(outcome.code),
                "data": plain_data(outcome.data),
            }
        )

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

    @property
    def has_words(self) -> bool:
        """Whether anything is said so far."""
        return bool(self._said)

    def items(self) -> Iterator[ReplyItem]:
        """The reply: memory, expectation, words (one piece a sentence), proposal."""
        yield Remember(self.memory)
        if self._expect is not None:
            yield self._expect
        for sentence in self._said:
            yield Say(sentence + self.language.joiner)
        if self._proposal is not None:
            yield self._proposal
