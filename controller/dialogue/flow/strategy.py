"""Plays a flow: for each request, from the memory it comes with to a reply and a new memory.

Holds nothing of a session. What an utterance is taken for is tried in this order:
1. an interjection that is the whole utterance ("wait a second"); a certain answer beats a soft one
   ("okay"), and where any words are an answer only real commands count;
2. a question the flow has an answer to ("what time do you open on Saturday");
3. the current node's answer;
4. a correction of something said earlier, or the wish to change it;
5. a remark the flow has an answer to, an interjection somewhere in it, any other question;
6. nothing: the question is put in other words, a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from controller.dialogue.flow import corrections, interjections, texts
from controller.dialogue.flow.memory import MAX_ASKED, MAX_TURNS, Memory, Phase
from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.nodes.ask import AskNode
from controller.dialogue.flow.nodes.base import Go, NodeModel, Stay, Step
from controller.dialogue.flow.nodes.tool import ToolNode
from controller.dialogue.flow.turn import Turn
from controller.dialogue.languages import language_of
from controller.dialogue.languages.base import Phrase
from controller.dialogue.slots import Certainty
from controller.session.ports import Cause, ReplyItem, ReplyRequest

MAX_SILENCES = 3
"""How often a caller may say nothing in a row before the flow takes leave."""


class FlowStrategy:
    """A `controller.session.ports.Strategy`. `now` gives an aware time in the bot's time zone."""

    def __init__(self, flow: Flow, language: str, now: Callable[[], datetime]) -> None:
        """Raises LookupError when the flow has no texts in `language`."""
        self._language = language_of(language)
        if self._language.code not in flow.languages:
            raise LookupError(
                f"flow {flow.flow!r} has no texts for {language!r}; it has: {', '.join(flow.languages)}"
            )
        self._flow = flow
        self._now = now

    def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
        """The reply to a request; see ports.Strategy. Raises TypeError for another strategy's memory."""
        memory = request.memory if request.memory is not None else Memory(self._flow.start)
        if not isinstance(memory, Memory):
            raise TypeError(f"expected a flow's memory, got {type(memory).__name__}")
        fresh = request.memory is None
        turn = Turn(
            self._flow, self._language, self._now(), request, replace(memory, turns=memory.turns + 1)
        )
        if turn.memory.turns > MAX_TURNS:
            turn.take_leave(Phrase.GIVING_UP, "too_long")
            return turn.items()
        if fresh:
            self._play(turn, Go(self._flow.start))
        if fresh and request.cause is not Cause.OPENING:
            turn.unsay()  # the greeting was talked over: what the caller said comes first
        if not fresh or request.cause is not Cause.OPENING:
            self._play(turn, self._react(turn))
        return turn.items()

    def prompts(self) -> Sequence[str]:
        """Every sentence that needs no variable, as the session will cut it; no duplicates."""
        code = self._language.code
        templates = [self._language.phrases[phrase] for phrase in Phrase]
        templates[:0] = [
            text.of(code) for where, text in self._flow.texts() if where[0] in ("nodes", "answers")
        ]
        return list(
            dict.fromkeys(piece for template in templates for piece in texts.fixed_sentences(template))
        )

    # --- moving through the nodes -----------------------------------------------------------

    def _play(self, turn: Turn, step: Step) -> None:
        """Follow the steps until the conversation rests. The flow's checks make sure that it does,
        unless nodes that have asked too often fail in a circle."""
        node = self._flow.node(turn.memory.node)
        for _ in range(2 * len(self._flow.nodes) + 2):
            if step is Stay.WAIT and turn.count_question() > MAX_ASKED:
                turn.unsay()
                step = Stay.FAILED
            if step is Stay.FAILED:
                target = node.on_fail() or self._flow.give_up
                if target is None or target == turn.memory.node:
                    turn.take_leave(Phrase.GIVING_UP, "not_understood")
                    return
                step = Go(target)
            if not isinstance(step, Go):
                break
            moved = step.node != turn.memory.node
            turn.remember(node=step.node, phase=Phase.ANSWER, **({"tries": 0} if moved else {}))
            node = self._flow.node(step.node)
            step = node.enter(turn)
        else:
            turn.unsay()
            turn.take_leave(Phrase.GIVING_UP, "not_understood")
        if turn.memory.phase is not Phase.ENDED:
            node.expect(turn)

    def _react(self, turn: Turn) -> Step:
        request, node = turn.request, self._flow.node(turn.memory.node)
        match request.cause:
            case Cause.OPENING:
                turn.ask_again()
                return Stay.WAIT
            case Cause.TOOL:
                if isinstance(node, ToolNode) and request.tool is not None:
                    return node.outcome(turn, request.tool)
                return Stay.WAIT
            case Cause.SILENCE:
                return self._silence(turn, node)
            case _:
                return self._hear(turn, node, request.text)

    def _silence(self, turn: Turn, node: NodeModel) -> Step:
        if turn.memory.phase is Phase.OUTCOME:
            return Stay.FAILED
        if turn.memory.phase is Phase.ENDED or turn.request.silence_count >= MAX_SILENCES:
            turn.take_leave(Phrase.SILENT_GOODBYE, "silence")
            return Stay.WAIT
        turn.say(Phrase.STILL_THERE)
        node.ask_again(turn)
        return Stay.WAIT

    # --- understanding ----------------------------------------------------------------------

    def _hear(self, turn: Turn, node: NodeModel, text: str) -> Step:
        if turn.keys:
            step = node.hear(turn, text)
            return self._not_understood(turn, node) if step is Stay.NOT_UNDERSTOOD else step
        if turn.memory.phase is Phase.ENDED:
            return self._after_leave(turn, text)
        open_ended = isinstance(node, AskNode) and self._flow.slots[node.slot].open_ended
        intent = interjections.intent_of(turn, text)
        if intent is not None and not self._answers(turn, node, text, soft=intent in interjections.SOFT):
            return interjections.follow(turn, intent)
        question = interjections.is_question(turn, text) and not open_ended
        if question and (answer := interjections.answer_to(turn, text)):
            return interjections.reply_with(turn, answer)
        step = node.hear(turn, text)
        if step is not Stay.NOT_UNDERSTOOD:
            return step
        return self._make_sense(turn, node, text, question=question)

    def _after_leave(self, turn: Turn, text: str) -> Step:
        """Something came to the caller's mind during the goodbye."""
        intent = interjections.intent_of(turn, text)
        if intent in interjections.PAUSES:
            turn.remember(phase=Phase.ANSWER)
            return interjections.follow(turn, intent)
        if step := self._corrected(turn, text):
            return step
        turn.take_leave(Phrase.GOODBYE, "goodbye")
        return Stay.WAIT

    def _answers(self, turn: Turn, node: NodeModel, text: str, *, soft: bool) -> bool:
        """Whether words that look like an interjection certainly answer the node's question."""
        slot = node.answer_slot(self._flow.slots)
        if slot is None or not (soft or slot.open_ended):
            return False
        match = slot.parse(text, self._language, turn.context())
        return match is not None and match.certainty is Certainty.CERTAIN

    def _make_sense(self, turn: Turn, node: NodeModel, text: str, *, question: bool) -> Step:
        if step := self._corrected(turn, text):
            return step
        if answer := interjections.answer_to(turn, text):
            return interjections.reply_with(turn, answer)
        if (intent := interjections.intent_of(turn, text, loose=True)) is not None:
            return interjections.follow(turn, intent)
        if question:
            return interjections.reply_with(turn, None)
        return self._not_understood(turn, node)

    def _corrected(self, turn: Turn, text: str) -> Step | None:
        latest_first = list(turn.memory.slots)[::-1]
        marked = turn.language.correction.search(text.lower()) is not None
        step = corrections.new_value(turn, text, latest_first) if marked else None
        return step or corrections.wanted_change(turn, text, self._flow.slots)

    def _not_understood(self, turn: Turn, node: NodeModel) -> Step:
        turn.remember(tries=turn.memory.tries + 1)
        if turn.memory.tries >= node.tries_allowed():
            return Stay.FAILED
        turn.say(Phrase.NOT_UNDERSTOOD)
        node.ask_again(turn)
        return Stay.WAIT
