"""Keeps the context small: old turns become a summary, made between two turns so that nobody waits.

What is kept here is only work under way, found again by what it is a summary of; which summary a session
goes by is in its memory. A failure costs nothing but the summary.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import cast

import gevent
import structlog

from controller.dialogue.agent.memory import Memory
from controller.dialogue.agent.messages import transcript, worth_summarising
from controller.dialogue.agent.ports import ChatModel, ChatRequest, ModelError, Piece, Words
from controller.dialogue.agent.prompt import as_data
from controller.dialogue.agent.spoken import SpokenFilter
from controller.session.ports import Entry, ReplyRequest

_log = structlog.get_logger(__name__)
SUMMARY_S = 10.0
SUMMARY_CHARS = 1500
SUMMARY_TOKENS = 300
KEPT = 64
"""Summaries under way or not collected yet, of all sessions; beyond it the oldest is forgotten."""

_Key = tuple[str, tuple[Entry, ...]]


class Summaries:
    """One agent's. `budget`: estimated tokens of a conversation; see messages.worth_summarising."""

    def __init__(self, model: ChatModel, instructions: str, budget: int) -> None:
        self._model = model
        self._instructions = instructions
        self._budget = budget
        self._jobs: OrderedDict[_Key, gevent.Greenlet] = OrderedDict()

    def begin(self, request: ReplyRequest, memory: Memory) -> Memory:
        """Begin to summarise the older half of the history when it is time. Returns at once."""
        upto = 0 if memory.pending else worth_summarising(request, memory, self._budget)
        if not upto:
            return memory
        memory = replace(memory, pending=upto)
        key = _key(request, memory)
        if key not in self._jobs:
            self._jobs[key] = gevent.spawn(self._summarise, *key)
            if len(self._jobs) > KEPT:
                self._jobs.popitem(last=False)[1].kill(block=False)
        return memory

    def collect(self, request: ReplyRequest, memory: Memory) -> Memory:
        """The memory with the summary that was begun, if it is there by now."""
        if not memory.pending:
            return memory
        job = self._jobs.get(_key(request, memory))
        if job is not None and not job.ready():
            return memory
        text = job.value if job is not None and job.successful() else ""
        if not isinstance(text, str) or not text:
            return replace(memory, pending=0)
        return replace(memory, summary=text, summarised=memory.pending, pending=0)

    def _summarise(self, earlier: str, entries: tuple[Entry, ...]) -> str:
        """The summary; "" when no model gives one."""
        told = {"earlier_summary": earlier, "conversation": list(transcript(entries))}
        asked = ChatRequest(
            messages=[
                {"role": "system", "content": self._instructions},
                {"role": "user", "content": as_data(told)},
            ],
            first_s=SUMMARY_S,
            total_s=SUMMARY_S,
            max_tokens=SUMMARY_TOKENS,
        )
        bounded, text = SpokenFilter(SUMMARY_CHARS), ""
        try:
            with closing(cast(Generator[Piece, None, None], self._model.stream(asked))) as pieces:
                for piece in pieces:
                    text += bounded.feed(piece.text) if isinstance(piece, Words) else ""
                    if bounded.full:
                        break
        except ModelError as error:
            _log.warning("summary_failed", detail=str(error))
            return ""
        return (text + bounded.flush()).strip()


def _key(request: ReplyRequest, memory: Memory) -> _Key:
    return memory.summary, request.history[memory.summarised : memory.pending]
