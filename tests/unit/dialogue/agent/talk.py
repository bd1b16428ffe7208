"""Plays the kernel's and a model's part for an agent, so that a test reads like the conversation.

talk = Talk([says("We open at nine.")])
talk.caller("When do you open?")
assert talk.heard == ["We open at nine."]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controller.dialogue.agent.options import AgentOptions, Endpoint, Limits
from controller.dialogue.agent.ports import (
    AskedCall,
    AskedCalls,
    ChatRequest,
    Knowledge,
    Piece,
    ToolCard,
    Words,
)
from controller.dialogue.agent.strategy import AgentStrategy
from controller.session.ports import (
    Cause,
    Entry,
    Propose,
    Remember,
    ReplyRequest,
    Role,
    Say,
    ToolCall,
    ToolOutcome,
)

ANY_OBJECT = {"type": "object"}
HANGUP = ToolCard("hangup", "End the call.", ANY_OBJECT)
NOTIFY = ToolCard("send_notification", "Send a message.", ANY_OBJECT)
ENGLISH = AgentOptions(Endpoint("http://x/v1", ("m",)), "en", "You work for a dentist.", "Hello there.")
CHINESE = replace(ENGLISH, language="zh", persona="你是牙科诊所的前台。", greeting="您好。")

ModelAnswer = Sequence[Piece | Exception]


def words(*pieces: str) -> ModelAnswer:
    """The model says this."""
    return [Words(piece) for piece in pieces]


def asks(*calls: tuple[str, str], said: str = "") -> ModelAnswer:
    """The model asks for tools: (name, arguments as JSON text)."""
    asked = tuple(AskedCall(name, arguments) for name, arguments in calls)
    return [Words(said), AskedCalls(asked)]


class FakeModel:
    """Gives scripted answers and keeps what it was asked."""

    name = "fake"

    def __init__(self, answers: Sequence[ModelAnswer]) -> None:
        self.answers = list(answers)
        self.asked: list[ChatRequest] = []
        self.closed = 0

    def stream(self, request: ChatRequest) -> Iterator[Piece]:
        self.asked.append(request)
        try:
            for piece in self.answers.pop(0):
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.closed += 1

    @property
    def told(self) -> list[dict[str, Any]]:
        """The messages of the last request, without the system's."""
        return list(self.asked[-1].messages)[1:]

    @property
    def system(self) -> str:
        """The last system message."""
        return str(self.asked[-1].messages[0]["content"])


@dataclass
class Found:
    """A passage."""

    source: str
    section: str
    text: str
    score: float = 1.0


class Talk:
    """One session with an agent."""

    def __init__(
        self,
        answers: Sequence[ModelAnswer],
        *,
        options: AgentOptions = ENGLISH,
        tools: Sequence[ToolCard] = (HANGUP, NOTIFY),
        knowledge: Knowledge | None = None,
        limits: Limits | None = None,
        variables: dict[str, str] | None = None,
        results: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.model = FakeModel(answers)
        options = options if limits is None else replace(options, limits=limits)
        self.agent = AgentStrategy(options, self.model, tools, knowledge)
        self.history: list[Entry] = []
        self.memory: Any = None
        self.heard: list[str] = []
        self.citations: tuple[str, ...] = ()
        self.proposed: list[Propose] = []
        self._variables = variables or {}
        self._results = results or {}

    def opening(self) -> Talk:
        """The session begins."""
        return self._turn(Cause.OPENING, "")

    def silence(self) -> Talk:
        """The caller says nothing."""
        return self._turn(Cause.SILENCE, "")

    def caller(self, text: str, *, cuts_in_after: str | None = None) -> Talk:
        """The caller says something; and maybe cuts the answer off after these words of it."""
        self.history.append(Entry(Role.CALLER, text))
        return self._turn(Cause.SPEECH, text, cuts_in_after)

    def _turn(self, cause: Cause, text: str, cuts_in_after: str | None = None) -> Talk:
        said = ""
        outcome: ToolOutcome | None = None
        while True:
            request = ReplyRequest(
                cause, text, tuple(self.history), self.memory, self._variables, tool=outcome
            )
            proposals: list[Propose] = []
            for item in self.agent.reply(request):
                match item:
                    case Say():
                        said += item.text
                        self.citations = item.citations
                    case Remember():
                        self.memory = item.memory
                    case Propose():
                        proposals.append(item)
            if not proposals:
                break
            outcome = self._run(proposals)
            if any(p.name == "hangup" for p in proposals):
                break
            cause, text = Cause.TOOL, ""
        heard = said if cuts_in_after is None else said[: said.index(cuts_in_after) + len(cuts_in_after)]
        self.heard.append(heard)
        self.history.append(Entry(Role.BOT, heard.strip(), interrupted=heard != said))
        return self

    def _run(self, proposals: list[Propose]) -> ToolOutcome:
        for proposal in proposals:
            self.proposed.append(proposal)
            data = self._results.get(proposal.name, {"ok": True})
            self.history.append(Entry(Role.TOOL, f"{proposal.name} -> {data}"))
        return ToolOutcome(ToolCall("c", proposals[-1].name, {}), ok=True)
