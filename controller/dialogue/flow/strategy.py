"""Plays a flow: for each request, from the memory it comes with to a reply and a new memory.

Holds nothing of a session. What an utterance is taken for is decided in `hearing`, where it leads in
`player`, what an agent says in `handover`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from controller.dialogue.flow import hearing
from controller.dialogue.flow.handover import whole_reply
from controller.dialogue.flow.helper import FlowHelper, NoHelper
from controller.dialogue.flow.memory import MAX_TURNS, Memory
from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.nodes.agent import AgentNode
from controller.dialogue.flow.nodes.base import Go, Stay, Step
from controller.dialogue.flow.player import attempt, play
from controller.dialogue.flow.script import make_script
from controller.dialogue.flow.templates import fixed_sentences
from controller.dialogue.flow.turn import Turn
from controller.dialogue.languages.base import Phrase
from controller.session.ports import Cause, ReplyItem, ReplyRequest, Strategy


class FlowStrategy:
    """A `controller.session.ports.Strategy`. `now` gives an aware time in the bot's time zone.

    `helper` is asked where the flow alone doesn't understand; `agents` are the strategies that the
    flow's `agent` nodes may hand over to, by name: each should be granted `nodes.agent.HAND_BACK_CARD`.
    `version` names the flow as it was read; it is recorded with each session.
    """

    def __init__(
        self,
        flow: Flow,
        language: str,
        now: Callable[[], datetime],
        *,
        helper: FlowHelper | None = None,
        agents: Mapping[str, Strategy] | None = None,
        version: str = "",
    ) -> None:
        """Raises LookupError when the flow has no texts in `language`."""
        self.version = version
        self._script = make_script(flow, language, helper or NoHelper(), agents or {})
        self._now = now

    def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
        """The reply to a request; see ports.Strategy. Raises TypeError for another strategy's memory."""
        start = self._script.flow.start
        memory = request.memory if request.memory is not None else Memory(start)
        if not isinstance(memory, Memory):
            raise TypeError(f"expected a flow's memory, got {type(memory).__name__}")
        fresh, opening = request.memory is None, request.cause is Cause.OPENING
        turn = Turn(self._script, self._now(), request, replace(memory, turns=memory.turns + 1))
        if turn.memory.turns > MAX_TURNS:
            turn.take_leave(Phrase.GIVING_UP, "too_long")
            return turn.items()
        if fresh:
            play(turn, Go(start))
        if fresh and not opening:
            turn.unsay()  # the greeting was talked over: what the caller said comes first
        if not fresh or not opening:
            play(turn, attempt(turn, lambda: _react(turn)))
        return whole_reply(turn) if turn.consults else turn.items()

    def prompts(self) -> Sequence[str]:
        """Every sentence that needs no variable, as the session will cut it; no duplicates."""
        flow, language = self._script.flow, self._script.language
        templates = [
            text.of(language.code) for where, text in flow.texts() if where[0] in ("nodes", "answers")
        ]
        templates += [language.phrases[phrase] for phrase in Phrase]
        pieces = [piece for template in templates for piece in fixed_sentences(template)]
        names = {node.agent for node in flow.nodes.values() if isinstance(node, AgentNode)}
        for name in sorted(names & self._script.agents.keys()):
            pieces += self._script.agents[name].prompts()
        return list(dict.fromkeys(pieces))


def _react(turn: Turn) -> Step:
    request = turn.request
    match request.cause:
        case Cause.OPENING:
            turn.ask_again()
            return Stay.WAIT
        case Cause.TOOL:
            node = turn.flow.node(turn.memory.node)
            if request.tool is None:
                return Stay.WAIT
            if turn.memory.no_more_calls:
                return hearing.after_outcome(turn, request.tool)
            return node.outcome(turn, request.tool)
        case Cause.SILENCE:
            return hearing.silence(turn)
        case _:
            return hearing.hear(turn, request.text)
