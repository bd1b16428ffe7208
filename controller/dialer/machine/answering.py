"""Begins an outbound conversation: listens who answered before the bot talks.

    opening ─► wait for a hello ─► person ──► the bot's own opening, and then all the rest is the bot's
                    │                 └─(a machine after all, by its words)─┐
                    ├─► screening: say who calls, wait for a person         ▼
                    └─► machine ──────────────────────────────► by policy: hang up, message, bot

A Strategy around the bot's; made for one call, because it listens to that call's line. A person is
answered as fast as in any turn: nothing waits once the hello has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from controller.dialer.machine.verdict import Answerer, Verdict, judge
from controller.session.ports import (
    Cause,
    Expect,
    Propose,
    Remember,
    ReplyItem,
    ReplyRequest,
    Role,
    Say,
    Strategy,
)

HELLO_S = 2.5
"""Nobody has said a word so long after the answer: the bot begins."""
BEEP_S = 6.0
"""After the end of a machine's greeting. Without a beep the message is left all the same."""
DOUBTFUL_TURNS = 2
"""A machine may begin like a person ("Hi, this is Bob."); so many turns are still judged by words."""
MOST_SCREENINGS = 3


class MachinePolicy(StrEnum):
    """What to do when a machine answered."""

    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"  # after the beep
    TREAT_AS_HUMAN = "treat_as_human"


class Line(Protocol):
    """What the line sounds like; see `line_ears.LineEars`."""

    @property
    def first_speech_ms(self) -> int: ...
    def wait_for_beep(self, timeout_s: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Answering:
    """What to do. `message`: left on a machine; `introduction`: who calls and why, for an assistant
    that screens calls. Both are said as they are; an empty `message` hangs up instead."""

    policy: MachinePolicy = MachinePolicy.HANG_UP
    message: str = ""
    introduction: str = ""
    hello_s: float = HELLO_S


class Stage(StrEnum):
    """Where it is."""

    LISTENING = "listening"
    PERSON = "person"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Memory:
    """The bot's memory inside ours."""

    stage: Stage = Stage.LISTENING
    turns: int = 0
    screenings: int = 0
    inner: Any = None


class AnsweringStrategy:
    """A `controller.session.ports.Strategy` for one outbound call."""

    def __init__(self, inner: Strategy, line: Line, answering: Answering) -> None:
        self._inner = inner
        self._line = line
        self._answering = answering

    @property
    def version(self) -> str:
        """The bot's."""
        return str(getattr(self._inner, "version", ""))

    def prompts(self) -> Sequence[str]:
        """Ours, and the bot's."""
        ours = filter(None, (self._answering.message, self._answering.introduction))
        return [*ours, *self._inner.prompts()]

    def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
        """See ports.Strategy. Raises what the bot's strategy raises."""
        memory = request.memory if isinstance(request.memory, Memory) else Memory()
        if memory.stage is Stage.PERSON:
            return self._talk(request, memory)
        if memory.stage is Stage.MACHINE:
            return self._machine(memory) if request.cause is not Cause.TOOL else iter(())
        if request.cause is Cause.OPENING:
            return self._listen(memory)
        return self._judge(request, memory)

    # --- who is there -----------------------------------------------------------------------

    def _listen(self, memory: Memory) -> Iterator[ReplyItem]:
        """It is the other side's turn; we are asked again when nothing comes of it."""
        yield Remember(memory)
        yield Expect(silence_s=self._answering.hello_s)

    def _judge(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        if request.cause not in (Cause.SPEECH, Cause.SILENCE):
            return self._open(request, memory)  # keys and typed words: nobody but a person
        said = request.text if memory.screenings else _all_said(request)
        match judge(said, self._line.first_speech_ms).answerer:
            case Answerer.SCREENING if self._answering.introduction:
                return self._introduce(memory)
            case Answerer.MACHINE:
                return self._machine(memory)
            case _:
                return self._open(request, memory)

    def _introduce(self, memory: Memory) -> Iterator[ReplyItem]:
        if memory.screenings >= MOST_SCREENINGS:
            yield Propose("hangup", {"reason": "machine"})
            return
        yield Remember(replace(memory, screenings=memory.screenings + 1))
        yield Expect()
        yield Say(self._answering.introduction)

    # --- a machine --------------------------------------------------------------------------

    def _machine(self, memory: Memory) -> Iterator[ReplyItem]:
        """It may still be talking: its next words interrupt us, and bring us here again."""
        policy = self._answering.policy
        if policy is MachinePolicy.TREAT_AS_HUMAN:
            yield from self._open(ReplyRequest(Cause.OPENING), memory)
            return
        yield Remember(replace(memory, stage=Stage.MACHINE))
        if policy is MachinePolicy.HANG_UP or not self._answering.message:
            yield Propose("hangup", {"reason": "machine"})
            return
        yield Say("")
        self._line.wait_for_beep(BEEP_S)
        yield Say(self._answering.message, interruptible=False)
        yield Propose("hangup", {"reason": "machine_message"})

    # --- a person ---------------------------------------------------------------------------

    def _open(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        """The bot's opening, as if nothing had been said yet."""
        opening = replace(request, cause=Cause.OPENING, text="", memory=None, silence_count=0)
        yield Expect()
        yield from self._passed_on(opening, replace(memory, stage=Stage.PERSON, turns=0))

    def _talk(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        if request.cause is Cause.SPEECH and memory.turns < DOUBTFUL_TURNS:
            if _surely_machine(judge(request.text, 0)):
                return self._machine(memory)
            memory = replace(memory, turns=memory.turns + 1)
        return self._passed_on(replace(request, memory=memory.inner), memory)

    def _passed_on(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        """The bot's reply; its memory goes into ours."""
        yield Remember(memory)
        for item in self._inner.reply(request):
            yield Remember(replace(memory, inner=item.memory)) if isinstance(item, Remember) else item


def _all_said(request: ReplyRequest) -> str:
    """What the other side has said since the answer: a machine's greeting may come in pieces, and a
    reply that was not spoken is not remembered."""
    said = [entry.text for entry in request.history if entry.role is Role.CALLER]
    return " ".join(said) or request.text


def _surely_machine(verdict: Verdict) -> bool:
    return verdict.answerer is Answerer.MACHINE and verdict.because == "words"
