"""Begins an outbound conversation: greets a person at once, and thinks again when a machine talks on.

    opening ─► hello? ─► person ──► the bot's own opening ──► they answer: all the rest is the bot's
               ▲ │                    │ it is talked over, by a machine's words or for too long;
     rings on ─┘ ├─► screening ◄──────┤ a beep
                 │   say who calls    ▼
                 └─► machine ───────────────────► by policy: hang up, message, bot

A Strategy around the bot's; made for one call, because it listens to that call's line. Nobody waits
longer for the bot's first word than for any other: what a verdict lacks is learnt while the bot greets,
and the ordinary barge-in cuts a greeting that a machine talks over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from controller.dialer.machine.line_ears import Signal
from controller.dialer.machine.verdict import Answerer, Verdict, judge, think_again
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

HELLO_S = 2.2
"""Nobody has said a word so long after the answer: the bot begins."""
BEEP_S = 6.0
"""After the end of a machine's greeting. Without a beep the message is left all the same."""
QUIET_S = 4.0
"""At most so long is waited for the end of a speech whose beginning is judged."""
RINGING_S = 20.0
"""A line that rings on after the answer is given so much longer; then nobody is there."""
SECOND_THOUGHTS_MS = 12_000
"""A machine may begin like a person ("Hi, this is Bob."). It talks on so soon after the bot's greeting
began, or never."""
OVER_AT_ONCE_MS = 2000
"""A machine pauses shorter between its sentences, and does not hear that it is greeted. Who speaks up
later may be a person who answers before the greeting's end."""
MOST_SCREENINGS = 3


class MachinePolicy(StrEnum):
    """What to do when a machine answered."""

    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"  # after the beep
    TREAT_AS_HUMAN = "treat_as_human"


class Line(Protocol):
    """What the line sounds like; see `line_ears.LineEars`."""

    @property
    def at_ms(self) -> int: ...
    @property
    def first_speech_ms(self) -> int: ...
    @property
    def talk_ms(self) -> tuple[int, int]: ...
    @property
    def beeped(self) -> bool: ...
    @property
    def signal(self) -> Signal: ...
    def wait_for_beep(self, timeout_s: float) -> bool: ...
    def wait_for_quiet(self, quiet_ms: float, timeout_s: float) -> bool: ...


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
    GREETED = "greeted"  # a person by the hello; whether they are shows how they take the greeting
    PERSON = "person"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Memory:
    """The bot's memory inside ours. `greeted_ms`: audio on the line when the bot's opening was made."""

    stage: Stage = Stage.LISTENING
    greeted_ms: int = 0
    screenings: int = 0
    inner: Any = None


class AnsweringStrategy:
    """A `controller.session.ports.Strategy` for one outbound call."""

    def __init__(self, inner: Strategy, line: Line, answering: Answering) -> None:
        self._inner = inner
        self._line = line
        self._answering = answering
        self._is_machine = False

    @property
    def is_machine(self) -> bool:
        """Whether it is a machine, to be treated so, as far as is known; it may have hung up at once."""
        return self._is_machine

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
        match memory.stage:
            case Stage.PERSON:
                return self._pass_on(request, memory)
            case Stage.GREETED:
                return self._think_again(request, memory)
            case Stage.MACHINE:
                return self._machine(request, memory) if request.cause is not Cause.TOOL else iter(())
        if request.cause is Cause.OPENING:
            return self._listen(memory)
        return self._judge(request, memory)

    # --- who is there -----------------------------------------------------------------------

    def _listen(self, memory: Memory) -> Iterator[ReplyItem]:
        """It is the other side's turn; we are asked again when nothing comes of it."""
        yield Remember(memory)
        yield Expect(completes=_tells, silence_s=self._answering.hello_s)

    def _judge(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        if request.cause not in (Cause.SPEECH, Cause.SILENCE):
            return self._open(request, memory)  # keys and typed words: nobody but a person
        said = _all_said(request, memory)
        if not said and self._line.signal is not Signal.NONE:
            return self._ring_on(request, memory)
        began_ms, last_ms = self._line.talk_ms
        after_others = memory.screenings > 0  # whose speech was the first
        speech_ms = last_ms - began_ms if after_others else self._line.first_speech_ms
        return self._act(request, memory, judge(said, speech_ms))

    def _act(self, request: ReplyRequest, memory: Memory, verdict: Verdict) -> Iterator[ReplyItem]:
        treated_so = self._answering.policy is not MachinePolicy.TREAT_AS_HUMAN
        self._is_machine = treated_so and verdict.answerer is Answerer.MACHINE
        match verdict.answerer:
            case Answerer.SCREENING if self._answering.introduction:
                return self._introduce(memory, verdict)
            case Answerer.MACHINE:
                return self._machine(request, memory)
            case _ if memory.stage is Stage.LISTENING:
                return self._open(request, memory, verdict)
            case _:
                return self._pass_on(request, memory)

    def _ring_on(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        """Tones, and nobody has said a word."""
        if self._line.signal is Signal.FAX or request.silence_count > 1:
            yield Propose("hangup", {"reason": "machine"})
            return
        yield Remember(memory)
        yield Expect(silence_s=RINGING_S)

    def _introduce(self, memory: Memory, verdict: Verdict) -> Iterator[ReplyItem]:
        if memory.screenings >= MOST_SCREENINGS:
            yield Propose("hangup", {"reason": "machine"})
            return
        yield from self._wait(verdict)
        yield Remember(Memory(screenings=memory.screenings + 1))
        yield Expect()
        yield Say(self._answering.introduction)

    # --- a machine --------------------------------------------------------------------------

    def _machine(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        """It may still be talking: its next words interrupt us, and bring us here again."""
        policy = self._answering.policy
        if policy is MachinePolicy.TREAT_AS_HUMAN:
            yield from self._open(request, memory)
            return
        yield Remember(replace(memory, stage=Stage.MACHINE))
        if policy is MachinePolicy.HANG_UP or not self._answering.message:
            yield Propose("hangup", {"reason": "machine"})
            return
        yield Say("")
        self._line.wait_for_beep(BEEP_S)
        yield Say(self._answering.message, interruptible=False)
        yield Propose("hangup", {"reason": "machine_message"})

    # --- a person, or a machine that sounds like one ------------------------------------------

    def _wait(self, verdict: Verdict) -> Iterator[ReplyItem]:
        """Until the verdict holds; dropped meanwhile when the other side goes on."""
        if verdict.quiet_ms:
            yield Say("")  # no filler
            self._line.wait_for_quiet(verdict.quiet_ms, QUIET_S)

    def _open(
        self, request: ReplyRequest, memory: Memory, verdict: Verdict | None = None
    ) -> Iterator[ReplyItem]:
        """The bot's opening, as if nothing had been said yet. Without a verdict it is for good."""
        stage = Stage.PERSON
        if verdict is not None:
            yield from self._wait(verdict)
            if self._answering.policy is not MachinePolicy.TREAT_AS_HUMAN:
                stage = Stage.GREETED
        opening = replace(request, cause=Cause.OPENING, text="", memory=None, silence_count=0)
        yield Expect()
        yield from self._passed_on(
            opening, replace(memory, stage=stage, greeted_ms=self._line.at_ms, inner=None)
        )

    def _think_again(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        """They were greeted: a person listens and answers, a machine talks on, or beeps."""
        person = replace(memory, stage=Stage.PERSON)
        match request.cause:
            case Cause.SILENCE:
                if self._line.beeped:
                    return self._act(request, memory, Verdict(Answerer.MACHINE, "beep"))
                return self._pass_on(request, memory)
            case Cause.DTMF | Cause.TEXT:
                return self._pass_on(request, person)
            case Cause.SPEECH if self._line.at_ms - memory.greeted_ms <= SECOND_THOUGHTS_MS:
                over_ms = self._over_ms(request, memory)
                verdict = think_again(_all_said(request, memory), request.text, over_ms)
                return self._act(request, memory if over_ms is not None else person, verdict)
            case Cause.SPEECH:
                return self._pass_on(request, person)
        return self._pass_on(request, memory)

    def _over_ms(self, request: ReplyRequest, memory: Memory) -> float | None:
        """For how long they have talked over the bot's opening without a stop; None: they have not."""
        began_ms, last_ms = self._line.talk_ms
        bots = [entry for entry in request.history if entry.role is Role.BOT]
        heard_out = bots and not bots[-1].interrupted  # hardly a word was heard: there is no entry
        if heard_out or began_ms - memory.greeted_ms > OVER_AT_ONCE_MS:
            return None
        return last_ms - max(began_ms, memory.greeted_ms)

    def _pass_on(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        """All is the bot's."""
        return self._passed_on(replace(request, memory=memory.inner), memory)

    def _passed_on(self, request: ReplyRequest, memory: Memory) -> Iterator[ReplyItem]:
        """The bot's reply; its memory goes into ours."""
        yield Remember(memory)
        for item in self._inner.reply(request):
            yield Remember(replace(memory, inner=item.memory)) if isinstance(item, Remember) else item


def _all_said(request: ReplyRequest, memory: Memory) -> str:
    """What the other side has said since the answer: a machine's greeting may come in pieces, and a
    reply that was not spoken is not remembered. Not what an assistant said that put a person on."""
    said = [entry.text for entry in request.history if entry.role is Role.CALLER]
    return request.text if memory.screenings else " ".join(said) or request.text


def _tells(text: str) -> bool:
    """Whether these words alone tell who answered: nothing is gained by a longer pause."""
    return judge(text, 0).because == "words"
