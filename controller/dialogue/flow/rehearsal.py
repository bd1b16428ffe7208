"""Plays the session's part for a strategy, without sound: who types is the caller.

Memory goes out with one reply and comes back with the next request; a proposed tool runs at once and its
outcome asks for the next reply. Knows no terminal and no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.session.ports import (
    Cause,
    Entry,
    Propose,
    Remember,
    ReplyRequest,
    Role,
    Say,
    Strategy,
    ToolCall,
    ToolOutcome,
)

MAX_TOOLS = 10
"""Tool calls in a row without the caller; a flow that wants more goes round in circles."""

RunTool = Callable[[ToolCall], ToolOutcome]


@dataclass(frozen=True, slots=True)
class Said:
    """The bot's words, one sentence or a few."""

    text: str


Happening = Said | ToolOutcome


class Rehearsal:
    """One conversation. Each method gives what happened, in order: words, and tools with outcomes."""

    def __init__(self, strategy: Strategy, variables: Mapping[str, str], run: RunTool) -> None:
        self._strategy = strategy
        self._variables = dict(variables)
        self._run = run
        self._silences = 0
        self._calls = 0
        self._history: list[Entry] = []
        self.turns = 0
        self.memory: Any = None
        self.ended: str | None = None
        """Why the call was ended; None while it goes on."""

    def begins(self) -> list[Happening]:
        """The call is taken."""
        return self._ask(ReplyRequest(Cause.OPENING))

    def says(self, text: str) -> list[Happening]:
        """The caller says this."""
        return self._turn(Cause.SPEECH, text)

    def presses(self, keys: str) -> list[Happening]:
        """The caller presses these keys."""
        return self._turn(Cause.DTMF, keys)

    def is_silent(self) -> list[Happening]:
        """The caller says nothing for a while."""
        self._silences += 1
        return self._ask(ReplyRequest(Cause.SILENCE, silence_count=self._silences))

    def _turn(self, cause: Cause, text: str) -> list[Happening]:
        self._silences = 0
        self.turns += 1
        self._history.append(Entry(Role.CALLER, text))
        return self._ask(ReplyRequest(cause, text))

    def _ask(self, request: ReplyRequest) -> list[Happening]:
        happened: list[Happening] = []
        for _ in range(MAX_TOOLS):
            outcomes = self._reply(request, happened)
            if not outcomes or self.ended is not None:
                break
            request = ReplyRequest(Cause.TOOL, tool=outcomes[-1])
        return happened

    def _reply(self, request: ReplyRequest, happened: list[Happening]) -> list[ToolOutcome]:
        words: list[str] = []
        proposals: list[Propose] = []
        asked = ReplyRequest(
            request.cause,
            request.text,
            tuple(self._history),
            self.memory,
            self._variables,
            request.silence_count,
            request.tool,
        )
        for item in self._strategy.reply(asked):
            match item:
                case Remember(memory):
                    self.memory = memory
                case Say(text):
                    words.append(text)
                case Propose():
                    proposals.append(item)
        if said := "".join(words).strip():
            self._history.append(Entry(Role.BOT, said))
            happened.append(Said(said))
        outcomes = [self._tool(proposal) for proposal in proposals]
        happened += outcomes
        return outcomes

    def _tool(self, proposal: Propose) -> ToolOutcome:
        self._calls += 1
        call = ToolCall(f"try-{self._calls}", proposal.name, proposal.arguments)
        outcome = self._run(call)
        self._history.append(Entry(Role.TOOL, f"{call.name}: {'ok' if outcome.ok else outcome.code}"))
        if outcome.hang_up:
            self.ended = outcome.hang_up
        return outcome


def pretend(call: ToolCall, failing: frozenset[str] = frozenset()) -> ToolOutcome:
    """A tool that does nothing and succeeds; one of `failing` doesn't."""
    if call.name in failing:
        return ToolOutcome(call, ok=False, code="failed", say="")
    reason = str(call.arguments.get("reason", "goodbye"))
    return ToolOutcome(call, ok=True, hang_up=reason if call.name == "hangup" else "")
