"""Plays the kernel's part for a flow, so that a test of a conversation reads like one.

    caller = Conversation("appointment", "en")
    caller.hears("Hello, …")
    caller.says("my name is Sarah Johnson")

Memory goes out with one reply and comes back with the next request; a proposed tool "runs" at once and
its outcome is one more request. The order of items in a reply is checked every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from controller.dialogue.flow import Flow, FlowStrategy, load_flow
from controller.dialogue.flow.helper import FlowHelper
from controller.session.ports import (
    Cause,
    Expect,
    Propose,
    Remember,
    ReplyRequest,
    Say,
    Strategy,
    ToolCall,
    ToolOutcome,
)

FLOWS = Path(__file__).parents[3] / "dialplans" / "flows"
NOW = datetime(2026, 3, 18, 10, 0, tzinfo=ZoneInfo("Europe/London"))  # a Wednesday
_ORDER = (Remember, Expect, Say, Propose)

ToolAnswer = Callable[[Propose], Mapping[str, Any]]


@lru_cache
def _load(name: str) -> Flow:
    return load_flow(FLOWS / f"{name}.yaml")


class Conversation:
    """One session with a flow. `tool` answers a proposal with fields of its ToolOutcome."""

    def __init__(
        self,
        flow: str | Flow,
        language: str,
        *,
        now: datetime = NOW,
        tool: ToolAnswer = lambda proposal: {"ok": True},
        variables: Mapping[str, str] | None = None,
        helper: FlowHelper | None = None,
        agents: Mapping[str, Strategy] | None = None,
    ) -> None:
        loaded = _load(flow) if isinstance(flow, str) else flow
        self.language = language
        self.strategy = FlowStrategy(loaded, language, lambda: now, helper=helper, agents=agents)
        self.agents = dict(agents or {})
        self.variables = dict(variables or {})
        self.memory: Any = None
        self.expect: Expect | None = None
        self.heard: list[str] = []
        self.tools: list[Propose] = []
        self.hung_up: str | None = None
        self.silences = 0
        self._tool = tool
        self._ask(ReplyRequest(Cause.OPENING, variables=self.variables))

    @property
    def last(self) -> str:
        """All that the caller heard since they last spoke."""
        joiner = "" if self.language.startswith("zh") else " "
        return joiner.join(self.heard)

    def hears(self, text: str) -> Conversation:
        """The bot's words, exactly."""
        assert self.last == text
        return self

    def says(self, text: str) -> Conversation:
        """The caller says something."""
        return self._turn(ReplyRequest(Cause.SPEECH, text, variables=self.variables))

    def presses(self, keys: str) -> Conversation:
        """The caller presses keys."""
        return self._turn(ReplyRequest(Cause.DTMF, keys, variables=self.variables))

    def is_silent(self) -> Conversation:
        """The caller says nothing for a while."""
        self.silences += 1
        self.heard = []
        return self._ask(
            ReplyRequest(Cause.SILENCE, silence_count=self.silences, variables=self.variables)
        )

    def slot(self, name: str) -> Any:
        """What the flow has understood for a slot."""
        return self.memory.slots[name].value

    def _turn(self, request: ReplyRequest) -> Conversation:
        self.silences = 0
        self.heard = []
        return self._ask(request)

    def _ask(self, request: ReplyRequest) -> Conversation:
        request = ReplyRequest(
            request.cause,
            request.text,
            memory=self.memory,
            variables=request.variables,
            silence_count=request.silence_count,
            tool=request.tool,
        )
        items = list(self.strategy.reply(request))
        if not self.agents:  # an agent's stream stands after the flow's own items
            ranks = [_ORDER.index(type(item)) for item in items]
            assert ranks == sorted(ranks), f"items out of order: {items}"
        for item in items:
            match item:
                case Remember(memory):
                    self.memory = memory
                case Expect():
                    self.expect = item
                case Say(text):
                    self.heard.append(text.strip())
                case Propose():
                    self._run(item)
        return self

    def _run(self, proposal: Propose) -> None:
        self.tools.append(proposal)
        if proposal.name == "hangup":
            self.hung_up = str(proposal.arguments["reason"])
            return
        call = ToolCall(f"call-{len(self.tools)}", proposal.name, proposal.arguments)
        outcome = ToolOutcome(call, **{"ok": False, **self._tool(proposal)})
        self._ask(ReplyRequest(Cause.TOOL, tool=outcome, variables=self.variables))
