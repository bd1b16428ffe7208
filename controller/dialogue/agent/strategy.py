"""Talks freely: what was heard, found and done goes to a language model, its words to the caller.

Holds nothing of a session. Decides what the model is told and what of its answer counts; how a model is
reached is failover.py's and client.py's business. Raises ModelError when no model can answer: the
session then speaks its fallback.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import cast

import gevent
import structlog

from controller.dialogue.agent.cited import Cited
from controller.dialogue.agent.memory import Memory, Passage
from controller.dialogue.agent.messages import conversation
from controller.dialogue.agent.options import AgentOptions
from controller.dialogue.agent.ports import (
    AskedCall,
    AskedCalls,
    ChatModel,
    ChatRequest,
    Fault,
    Knowledge,
    ModelError,
    Piece,
    SearchesAhead,
    ToolCard,
)
from controller.dialogue.agent.prompt import Prompt
from controller.dialogue.agent.prompt_texts import texts_for
from controller.dialogue.agent.rounds import judge
from controller.dialogue.agent.spoken import SpokenFilter
from controller.dialogue.agent.summary import Summaries
from controller.dialogue.languages import language_of
from controller.dialogue.languages.base import Phrase
from controller.session.ports import Cause, Propose, Remember, ReplyItem, ReplyRequest, Role, Say
from controller.session.words import cjk_count

_log = structlog.get_logger(__name__)
HANG_UP_TOOL = "hangup"
MAX_PASSAGE_CHARS = 1500
KNOWLEDGE_S = 0.8
"""Longest wait for passages; a search takes milliseconds unless the machine is very busy."""
_SHORT_QUERY = 24
"""A question shorter than this ("and on Sunday?") is looked up with what the caller said before."""


class AgentStrategy:
    """A `controller.session.ports.Strategy`. `model`: usually a Failover."""

    def __init__(
        self,
        options: AgentOptions,
        model: ChatModel,
        tools: Sequence[ToolCard] = (),
        knowledge: Knowledge | None = None,
    ) -> None:
        self._options = options
        self._model = model
        self._knowledge = knowledge
        instructions = texts_for(options.language).summarise
        self._summaries = Summaries(model, instructions, options.limits.context_tokens)
        self._phrases = language_of(options.language).phrases
        self.grant(tools)

    def grant(self, tools: Sequence[ToolCard]) -> None:
        """See ports.TakesTools."""
        self._tools = tuple(tools)
        self._granted = frozenset(tool.name for tool in tools)
        persona, language = self._options.persona, self._options.language
        self._prompt = Prompt(persona, language, self._tools, knowledge=self._knowledge is not None)

    @property
    def version(self) -> str:
        """Names the prompt: changes with the persona, the rules and the tools."""
        return self._prompt.version

    def prompts(self) -> Sequence[str]:
        """The sentences that are said without a model."""
        fixed = [self._phrases[Phrase.STILL_THERE], self._phrases[Phrase.GOODBYE]]
        return [*filter(None, [self._options.greeting]), *fixed]

    def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
        """See ports.Strategy. Raises TypeError for another strategy's memory, ModelError."""
        memory = request.memory if request.memory is not None else Memory(prompt=self.version)
        if not isinstance(memory, Memory):
            raise TypeError(f"expected an agent's memory, got {type(memory).__name__}")
        if request.memory is None:
            _log.info("agent_begins", prompt_version=self.version, model=self._model.name)
        if request.cause is Cause.OPENING and self._options.greeting:
            yield Remember(memory)
            yield Say(self._options.greeting)
        elif request.cause is Cause.SILENCE:
            yield Say(self._phrases[Phrase.STILL_THERE])
        elif request.cause is Cause.TOOL:
            yield Remember(memory.settled())  # holds if the caller cuts in from here on
            yield from self._answer(request, memory)
        else:
            memory = self._summaries.collect(request, memory)
            memory = replace(memory.settled(), tools_before=_tools_run(request))
            yield Remember(memory)
            yield from self._answer(request, replace(memory, passages=self._look_up(request)))

    def heard(self, text: str, before: str = "", /) -> None:
        """See ports.HearsAhead: a search that the final words ask for too has begun by then."""
        if isinstance(self._knowledge, SearchesAhead) and text.strip():
            self._knowledge.ahead(_query(text, before))

    # --- one answer -------------------------------------------------------------------------

    def _answer(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        """Ask until there are words or proposals; calls that can't be proposed cost a round."""
        limits = self._options.limits
        while True:
            may_call = len(memory.rounds) < limits.tool_rounds
            pieces = self._ask(request, memory, may_call=may_call)
            said, asked = yield from self._listen(pieces, memory.passages, may_call=may_call)
            if not asked:
                break
            judged = judge(asked, said, self._granted, _tools_run(request), limits.calls_per_round)
            memory = replace(memory, rounds=(*memory.rounds, judged.round))
            if judged.proposals:
                yield Remember(memory)
                yield from self._farewell(judged.proposals, memory)
                yield from judged.proposals
                return
        if not said and not any(r.said for r in memory.rounds):
            raise ModelError(Fault.SILENT, "no words and no tools")
        memory = memory.settled()
        yield Remember(replace(self._summaries.begin(request, memory), passages=()))

    def _ask(self, request: ReplyRequest, memory: Memory, *, may_call: bool) -> Iterator[Piece]:
        limits = self._options.limits
        system = self._prompt.system(request.variables, memory)
        told = conversation(request, memory, limits.context_tokens, self._prompt.texts.opening)
        return self._model.stream(
            ChatRequest(
                messages=[{"role": "system", "content": system}, *told],
                tools=self._tools,
                may_call=may_call,
                first_s=limits.first_token_s,
                total_s=limits.total_s,
            )
        )

    def _listen(
        self, pieces: Iterator[Piece], passages: Sequence[Passage], *, may_call: bool
    ) -> Generator[ReplyItem, None, tuple[str, tuple[AskedCall, ...]]]:
        """Speak an answer as it comes. Returns what was said, and the calls asked for."""
        spoken, cited = SpokenFilter(self._options.limits.reply_chars), Cited(passages, _terms)
        said = ""
        asked: tuple[AskedCall, ...] = ()
        with closing(cast(Generator[Piece, None, None], pieces)):
            for piece in pieces:
                if isinstance(piece, AskedCalls):
                    asked = piece.calls if may_call else ()
                elif text := cited.feed(spoken.feed(piece.text)):
                    said += text
                    yield Say(text, citations=cited.citations)
                if spoken.full:
                    break
        before = cited.citations
        rest = cited.feed(spoken.flush()) + cited.flush()
        said += rest
        if rest or (said and cited.citations != before):
            yield Say(rest, citations=cited.citations)  # no words: it is for those that wait
        return said.strip(), asked

    def _farewell(self, proposals: Sequence[Propose], memory: Memory) -> Iterator[ReplyItem]:
        """Nobody is hung up on without a word."""
        silent = not any(round_.said.strip() for round_ in memory.rounds)
        if silent and any(p.name == HANG_UP_TOOL for p in proposals):
            yield Say(self._phrases[Phrase.GOODBYE])

    # --- knowledge --------------------------------------------------------------------------

    def _look_up(self, request: ReplyRequest) -> tuple[Passage, ...]:
        if self._knowledge is None or not request.text.strip():
            return ()
        try:
            with gevent.Timeout(KNOWLEDGE_S, TimeoutError("no passages in time")):
                hits = self._knowledge.search(_query(request.text, _said_before(request)))
        except Exception as error:  # noqa: BLE001 - an answer without documents beats none; it is logged
            _log.warning("knowledge_failed", detail=f"{type(error).__name__}: {error}")
            return ()
        return tuple(
            Passage(", ".join(filter(None, (hit.source, hit.section))), hit.text[:MAX_PASSAGE_CHARS])
            for hit in hits[: self._options.limits.passages]
        )


def _terms(text: str) -> Sequence[str]:
    from controller.dialogue.knowledge.words import terms  # agents without documents needn't load it

    return terms(text)


def _tools_run(request: ReplyRequest) -> int:
    return sum(entry.role is Role.TOOL for entry in request.history)


def _query(text: str, before: str) -> str:
    """What to look up: the caller's words, with those before when they are few."""
    text = text.strip()
    if not before or len(text) + 2 * cjk_count(text) >= _SHORT_QUERY:
        return text
    return f"{before} {text}"


def _said_before(request: ReplyRequest) -> str:
    said = [e.text for e in request.history if e.role is Role.CALLER]
    said = said[:-1] if said and said[-1] == request.text else said
    return said[-1] if said else ""
