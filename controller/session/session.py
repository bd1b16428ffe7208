"""The thin shell around the core: one greenlet and one queue per session.

Events come from anywhere on the hub into the queue; the greenlet feeds them to the core and carries
its effects out through the ports. All decisions are the core's.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Any

import gevent
import structlog
from gevent.queue import Empty, SimpleQueue

from controller.session import effects as ef
from controller.session import events as ev
from controller.session.core import Core, State
from controller.session.ear import Ear
from controller.session.happenings import SessionEnded, SessionStarted, Watcher
from controller.session.ports import AudioIn, AudioOut, Strategy, ToolRunner
from controller.session.profile import Profile
from controller.session.voice import Voice
from media.asr.base import Recogniser
from media.tts.base import Synthesiser
from media.vad.segmenter import Segmenter

STARVED_S = 0.3
"""No audio for so long is heard as silence, so that a turn can end."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is made of, put together by `controller.app`."""

    audio_in: AudioIn
    audio_out: AudioOut
    segmenter: Segmenter
    recogniser: Recogniser
    synthesiser: Synthesiser
    strategy: Strategy
    tools: ToolRunner
    speakable: Callable[[str], str]
    watchers: Sequence[Watcher]


class Session:
    """A live conversation. Implements LiveSession for its entry and PlaybackListener for its voice."""

    def __init__(
        self,
        session_id: str,
        entry: str,
        profile: Profile,
        variables: Mapping[str, str],
        parts: Parts,
        *,
        on_end: Callable[[str], Any] = lambda _session_id: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.session_id = session_id
        self.entry = entry
        self.bot = profile.name
        self.language = profile.language
        self._core = Core(profile, variables)
        self._parts = parts
        self._on_end = on_end
        self._clock = clock
        self._queue: SimpleQueue[ev.Event] = SimpleQueue()
        self._timers: list[tuple[float, int, ev.TimerKind]] = []
        self._timer_ids: dict[ev.TimerKind, int] = {}
        self._timer_order = count()
        self._ear = Ear(parts.segmenter, parts.recogniser, self._queue.put)
        self._voice = Voice(
            session_id, parts.strategy, parts.tools, parts.synthesiser, parts.speakable, self._queue.put
        )
        self._started = clock()
        self._unexpected = 0
        self._reason = "error"
        self._log = log.bind(session_id=session_id)
        self._hearing: list[gevent.Greenlet] = []
        self._heard_at = self._started
        self._running: gevent.Greenlet | None = None

    # --- for the entry -----------------------------------------------------------------------

    @property
    def state(self) -> str:
        """listening, thinking, speaking, tool_running, ending or ended."""
        return self._core.state.value

    @property
    def memory(self) -> object:
        """What its strategy remembers, in the strategy's own form: to look at, not to change."""
        core = self._core
        return core.reply.memory_or(core.memory) if core.reply is not None else core.memory

    @property
    def age_s(self) -> float:
        """Seconds since the session began."""
        return self._clock() - self._started

    def start(self) -> None:
        """Begin: the bot's opening is spoken."""
        self._parts.audio_out.bind(self)
        self._running = gevent.spawn(self._run)
        self._hearing = [gevent.spawn(self._listen), gevent.spawn(self._mind_gaps)]

    def dtmf(self, digit: str) -> None:
        """The caller pressed one of 0-9*#A-D."""
        self._queue.put(ev.Dtmf(digit))

    def typed(self, text: str) -> None:
        """The caller typed a turn."""
        self._queue.put(ev.Typed(text))

    def hang_up(self, reason: str) -> None:
        """End now."""
        self._queue.put(ev.RemoteHangup(reason))

    def media_lost(self, reason: str = "media_lost") -> None:
        """The caller's audio is gone for good."""
        self._queue.put(ev.MediaLost(reason))

    def say_goodbye(self, reason: str) -> None:
        """End politely: the goodbye is spoken first."""
        self._queue.put(ev.GoodbyeRequested(reason))

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the session has ended; False when the time is over."""
        if self._running is None:
            return True
        self._running.join(timeout_s)
        return bool(self._running.dead)

    # --- PlaybackListener --------------------------------------------------------------------

    def playback_started(self, reply_id: str, chunk: int) -> None:
        """The first sample of a chunk has gone out."""
        self._queue.put(ev.PlaybackStarted(reply_id, chunk))

    def playback_done(self, reply_id: str, chunk: int) -> None:
        """The last sample of a chunk has been heard."""
        self._queue.put(ev.PlaybackDone(reply_id, chunk))

    def playback_stopped(self, reply_id: str, chunk: int, played_ms: float) -> None:
        """Playback was cut."""
        self._queue.put(ev.PlaybackStopped(reply_id, chunk, played_ms))

    # --- greenlets ---------------------------------------------------------------------------

    def _run(self) -> None:
        with structlog.contextvars.bound_contextvars(session_id=self.session_id):
            self._converse()

    def _converse(self) -> None:
        profile = self._core.profile
        version = str(getattr(self._parts.strategy, "version", ""))
        self._publish(
            SessionStarted(self.entry, profile.name, profile.language, self._core.variables, version)
        )
        reason = "error"
        try:
            self._handle(ev.Started())
            while self._core.state is not State.ENDED:
                self._handle(self._next_event())
            reason = self._reason
        except Exception:  # noqa: BLE001 - whatever it was, the session ends in order
            self._log.exception("session failed")
        finally:
            self._close(reason)

    def _next_event(self) -> ev.Event:
        while True:
            due = self._timers[0][0] if self._timers else None
            timeout = None if due is None else max(0.0, due - self._clock())
            try:
                event: ev.Event = self._queue.get(timeout=timeout)
                return event
            except Empty:
                fired = self._due_timer()
                if fired is not None:
                    return fired

    def _due_timer(self) -> ev.TimerFired | None:
        if not self._timers or self._timers[0][0] > self._clock():
            return None
        _, number, kind = heapq.heappop(self._timers)
        return ev.TimerFired(kind) if self._timer_ids.get(kind) == number else None

    def _handle(self, event: ev.Event) -> None:
        for effect in self._core.handle(event, self._clock()):
            self._carry_out(effect)
        unexpected = self._core.unexpected.total()
        if unexpected != self._unexpected:
            self._unexpected = unexpected
            self._log.warning("unexpected event", counts=dict(self._core.unexpected))

    def _listen(self) -> None:
        """Hear frames as they come."""
        for frame in self._parts.audio_in.frames():
            self._heard_at = self._clock()
            self._ear.hear(frame)
        self.media_lost()

    def _mind_gaps(self) -> None:
        """What does not come is heard as silence."""
        while True:
            missing_s = self._clock() - self._heard_at
            if missing_s >= STARVED_S:
                self._heard_at += missing_s
                self._ear.hear_nothing(int(missing_s * 1000))
                missing_s = 0.0
            gevent.sleep(STARVED_S - missing_s)

    def _close(self, reason: str) -> None:
        duration_ms = (self._clock() - self._started) * 1000
        gevent.killall(self._hearing, block=False)
        self._voice.close()
        self._ear.close_all()
        self._publish(SessionEnded(reason, round(duration_ms), self._core.memory))
        self._parts.audio_out.close()
        self._on_end(self.session_id)

    # --- effects -----------------------------------------------------------------------------

    def _carry_out(self, effect: ef.Effect) -> None:
        out, ear, voice = self._parts.audio_out, self._ear, self._voice
        match effect:
            case ef.Publish(happening):
                self._publish(happening)
            case ef.Play(reply_id, chunk, clip):
                out.play(reply_id, chunk, clip)
            case ef.PausePlayback():
                out.pause()
            case ef.ResumePlayback():
                out.resume()
            case ef.StopPlayback(reply_id):
                out.stop(reply_id)
            case ef.OpenUtterance(utterance, onset_ms, hints):
                ear.open(utterance, onset_ms, hints)
            case ef.HypothesiseUtterance(utterance):
                ear.hypothesise(utterance)
            case ef.FinaliseUtterance(utterance):
                ear.finalise(utterance)
            case ef.CloseUtterance(utterance):
                ear.close(utterance)
            case ef.AskStrategy(reply_id, request):
                voice.ask(reply_id, request)
            case ef.CancelStream(reply_id):
                voice.cancel_stream(reply_id)
            case ef.CancelReply(reply_id):
                voice.cancel(reply_id)
            case ef.Synthesise():
                voice.synthesise(effect)
            case ef.RunTool(call):
                voice.run_tool(call)
            case ef.CancelTool(call_id):
                voice.cancel_tool(call_id)
            case ef.SetTimer(kind, at):
                number = next(self._timer_order)
                self._timer_ids[kind] = number
                heapq.heappush(self._timers, (at, number, kind))
            case ef.CancelTimer(kind):
                self._timer_ids.pop(kind, None)
            case ef.End(reason):
                self._reason = reason

    def _publish(self, happening: Any) -> None:
        for watcher in self._parts.watchers:
            try:
                watcher(self.session_id, happening)
            except Exception:  # noqa: BLE001 - a watcher is not the session
                self._log.exception("a watcher failed", watcher=repr(watcher))
