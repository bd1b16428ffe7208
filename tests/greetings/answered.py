"""One answered call through the real ears, recogniser, session core and strategy, faster than it lasts.

Time is the audio's: a frame is 20 ms of it, and what a decode takes on this machine is added where a
call would wait for it. Only playback and synthesis are simulated: the first words are always ready.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from time import process_time
from typing import Any

import gevent

from controller.dialer.machine.answering import Answering, AnsweringStrategy, MachinePolicy
from controller.dialer.machine.line_ears import LineEars
from controller.session import effects as ef
from controller.session import events as ev
from controller.session import happenings as hp
from controller.session.ear import Ear
from controller.session.ports import Cause, ReplyItem, ReplyRequest, Say, ToolOutcome
from controller.session.profile import Profile
from controller.session.voice import Voice
from media.asr.whisper import AUDIBLE, WhisperRecogniser
from media.asr.whisper_engine import WINDOW_S, Decoded, WhisperEngine
from media.pcm import FRAME_MS
from media.pool import Job, Priority
from media.vad import factory as detectors
from media.vad.segmenter import Segmenter
from tests.greetings.greeting import Greeting, Label
from tests.greetings.sound import Sound
from tests.unit.session.world import World

OPENING = "Good morning, this is Larkfield Energy calling for John Smith."
"""Some four seconds, as openings are."""
MESSAGE, INTRODUCTION = "Please call us back.", "It is about an invoice."
SETTLES = 3
"""Turns of the hub after each frame: a woken greenlet runs in the next one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the dialer made of a call. `taken_for` is what it did first, `at_ms` after the answer: greet,
    hang up, introduce itself; nobody if nothing. `at_last`: after the whole greeting, and what the bot
    said over it. `greeted_ms`: from the last sample of the first speech to the bot's first one."""

    taken_for: Label
    at_ms: float
    at_last: Label
    texts: tuple[str, ...]
    greeted_ms: float | None = None


def decide(greeting: Greeting, sound: Sound) -> Heard:
    """Who is taken for answering."""
    call = _Call(greeting.language, sound, MachinePolicy.HANG_UP)
    call.play()
    first, at_ms = call.done[0] if call.done else (Label.NOBODY, sound.ms)
    last = call.done[-1][0] if call.done else Label.NOBODY
    greeted_ms = at_ms - sound.hello_end_ms if first is Label.PERSON and sound.hello_end_ms else None
    return Heard(first, at_ms, last, tuple(call.texts), greeted_ms)


def message_ms(greeting: Greeting, sound: Sound) -> float | None:
    """When the message starts after the beep's end; negative: before it. None: never."""
    assert sound.beep_end_ms is not None
    call = _Call(greeting.language, sound, MachinePolicy.LEAVE_MESSAGE)
    call.play()
    return call.message_at[-1] - sound.beep_end_ms if call.message_at else None


class _Call(World):
    """The world of the core's tests, with real ears and the dialer's strategy."""

    def __init__(self, language: str, sound: Sound, policy: MachinePolicy) -> None:
        self.sound = sound
        self.policy = policy
        self.done: list[tuple[Label, float]] = []
        self.message_at: list[float] = []
        self.texts: list[str] = []
        self.ears = LineEars(self, detectors.create("webrtc", mode=3))
        strategy = AnsweringStrategy(_Bot(), self.ears, Answering(policy, MESSAGE, INTRODUCTION))
        self.voiced = Voice("call", strategy, _NoTools(), None, str, self._soon)  # type: ignore[arg-type]
        recogniser = WhisperRecogniser(language, _Pool(self), _models(), build=lambda: _engine(language))  # type: ignore[arg-type]
        self.ear = Ear(Segmenter(detectors.create("silero")), recogniser, self._soon)
        super().__init__(profile=Profile(name="dialer", language=language))  # begins at once
        self.tool_s = 0.0
        self.tool_result = lambda call: ToolOutcome(call, ok=True, hang_up="machine")

    def frames(self) -> Iterator[bytes]:
        """The line, for the dialer's ears."""
        yield from self.sound.frames

    def play(self) -> None:
        """To the end of the sound, or until all is known."""
        for number, frame in enumerate(self.ears.frames(), 1):
            self.run(until=number * FRAME_MS / 1000)
            self.ear.hear(frame)
            for _ in range(SETTLES):
                gevent.sleep(0)
                self.run(until=number * FRAME_MS / 1000)
            if self.is_known():
                break
        self.voiced.close()
        self.ear.close_all()

    def is_known(self) -> bool:
        """Whether the rest of the sound can't change anything."""
        if self.policy is MachinePolicy.LEAVE_MESSAGE:
            return bool(self.ended or self.message_at)
        return bool(self.done) and self.done[-1][0] is not Label.PERSON

    def _soon(self, event: ev.Event) -> None:
        self.later(0, lambda: self.post(event))

    def _carry_out(self, effect: ef.Effect) -> None:
        match effect:
            case ef.Publish(happening):
                self._note(happening)
            case ef.AskStrategy(reply_id, request):
                self.voiced.ask(reply_id, request)
            case ef.CancelStream(reply_id):
                self.voiced.cancel_stream(reply_id)
            case ef.CancelReply(reply_id):
                self.voiced.cancel(reply_id)
            case ef.OpenUtterance(utterance, onset_ms, hints):
                self.ear.open(utterance, onset_ms, hints)
            case ef.HypothesiseUtterance(utterance):
                self.ear.hypothesise(utterance)
            case ef.FinaliseUtterance(utterance):
                self.ear.finalise(utterance)
            case ef.CloseUtterance(utterance):
                self.ear.close(utterance)
            case ef.Synthesise(reply_id, chunk, text, _):
                self.later(0, lambda: self._synthesised(reply_id, chunk, text))
            case _:
                super()._carry_out(effect)

    def _note(self, happening: hp.Happening) -> None:
        at_ms = (self.now - self.start_at) * 1000
        if isinstance(happening, hp.ChunkSpoken):
            self.ears.release()
        match happening:
            case hp.ChunkSpoken(text=text) if text == MESSAGE:
                self.message_at.append(at_ms)
            case hp.ChunkSpoken(text=text) if text in INTRODUCTION:
                self.done.append((Label.SCREENING, at_ms))
            case hp.ChunkSpoken(text=text) if OPENING.startswith(text):
                self.done.append((Label.PERSON, at_ms))
            case hp.ToolRan():
                self.done.append((Label.MACHINE, at_ms))
            case hp.FinalHeard(text=text):
                self.texts.append(text)


class _Bot:
    """Greets."""

    def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
        if request.cause is Cause.OPENING:
            yield Say(OPENING)

    def prompts(self) -> Sequence[str]:
        return [OPENING]


class _NoTools:
    """All that is proposed is to hang up, and the world runs it."""

    def cancellable(self, name: str) -> bool:
        return False

    def must_finish(self, name: str) -> bool:
        return False


class _Pool:
    """An EnginePool on the call's clock: a job is done when it would be, were its thread free at once.
    Always too busy for work that is best effort."""

    busy = True

    def __init__(self, world: World) -> None:
        self._world = world

    def submit(
        self,
        run: Callable[[], Any],
        *,
        priority: Priority,
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None],
    ) -> Job:
        job = Job(run, priority, on_done, on_error)
        decoded, took_ms = job()

        def done() -> None:
            if not job.cancelled:
                on_done((decoded, took_ms))

        self._world.later(_took_s[-1], done)
        return job

    def post(self, callback: Callable[..., None], *args: Any) -> None:
        self._world.later(0, lambda: callback(*args))


class _Remembering:
    """The engine; the same audio is decoded once, and takes as long as it did then. What counts is the
    processor's time: others on the machine are not the engine's."""

    def __init__(self, language: str) -> None:
        self._engine = WhisperEngine(language, _models())
        self._known: dict[bytes, tuple[Decoded, float]] = {}
        self._engine.transcribe(AUDIBLE)

    def transcribe(self, pcm: bytes, window_s: float = WINDOW_S) -> Decoded:
        key = hashlib.sha256(pcm).digest()
        if key not in self._known:
            began = process_time()
            decoded = self._engine.transcribe(pcm, window_s)
            self._known[key] = (decoded, process_time() - began)
        decoded, took_s = self._known[key]
        _took_s[:] = [took_s]
        return decoded


_took_s = [0.0]
"""Of the last decode."""
_engine = cache(_Remembering)


@cache
def _models() -> Path:
    return Path(mkdtemp(prefix="switchtalk-models-"))
