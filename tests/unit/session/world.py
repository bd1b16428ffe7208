"""A world for the core on a virtual clock: engines, playback and caller that take time but no time.

A test reads like the conversation: `caller.says("next Tuesday", at=2.0)`, `world.run(until=10)`,
`world.bot_said`. Effects are carried out as the real shell does, with plausible delays.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from itertools import count

from controller.session import effects as ef
from controller.session import events as ev
from controller.session import happenings as hp
from controller.session.core import Core, State
from controller.session.ports import (
    Expect,
    Propose,
    Remember,
    ReplyItem,
    ReplyRequest,
    Say,
    ToolCall,
    ToolOutcome,
)
from controller.session.profile import Profile
from media.tts.base import Clip

RATE = 16000
MS_PER_CHAR = 60
DECODE_S = 0.1
SYNTH_S = 0.05

Script = Callable[[ReplyRequest], Iterable[ReplyItem | float]]


def echo(request: ReplyRequest) -> Iterable[ReplyItem]:
    """A bot that greets and repeats."""
    yield Remember((request.memory or 0) + 1)
    if request.cause == "opening":
        yield Say("Hello there. How can I help?")
    elif request.cause == "silence":
        yield Say("Are you still there?")
    else:
        yield Say(f"You said {request.text}. Anything else?")


class World:
    """One session, its engines, its caller, and a log of all that was done."""

    def __init__(self, script: Script = echo, profile: Profile | None = None) -> None:
        self.core = Core(profile or Profile(name="test"))
        self.script = script
        self.now = 100.0
        self.start_at = self.now
        self._order = count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._timers: dict[ev.TimerKind, int] = {}
        self.effects: list[tuple[float, ef.Effect]] = []
        self.happenings: list[tuple[float, hp.Happening]] = []
        self.requests: list[ReplyRequest] = []
        self.voice = ""  # what the caller is saying now, as the recogniser would put it
        self.spoken: dict[int, str] = {}
        self.open_utterance = 0
        self.closed: set[int] = set()
        self.guesses = True  # whether there are transcripts up to a pause
        self.partial_s: float | None = None  # after the end of a stretch
        self.final_s = 0.0  # the same
        self.cancelled: set[str] = set()
        self.made_for: dict[int, tuple[tuple[str, int], Clip]] = {}
        self.playout: list[tuple[str, int, float]] = []  # reply, chunk, ms left
        self.playing = False
        self.paused = False
        self._play_token = 0
        self.played_ms: dict[tuple[str, int], float] = {}
        self.ended: str | None = None
        self.tool_s = 0.2
        self.tool_result: Callable[[ToolCall], ToolOutcome] = lambda call: ToolOutcome(call, ok=True)
        self.cancellable = False
        self.must_finish = False
        self.tools_cancelled: set[str] = set()
        self.synth_fails = 0
        self.decode: Callable[[str], str] = lambda text: text
        self.post(ev.Started())

    # --- time --------------------------------------------------------------------------------

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Do something at a time (seconds from the start)."""
        heapq.heappush(self._agenda, (self.start_at + time, next(self._order), action))

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something after a delay."""
        heapq.heappush(self._agenda, (self.now + delay, next(self._order), action))

    def run(self, until: float) -> World:
        """Play on to `until` seconds from the start."""
        end = self.start_at + until
        while self._agenda and self._agenda[0][0] <= end:
            self.now, _, action = heapq.heappop(self._agenda)
            action()
        self.now = max(self.now, end)
        return self

    def post(self, event: ev.Event) -> None:
        """Give the core an event now and carry out what it wants."""
        for effect in self.core.handle(event, self.now):
            self.effects.append((self.now, effect))
            self._carry_out(effect)

    # --- the caller --------------------------------------------------------------------------

    def says(self, text: str, at: float, ms: int = 800, trail_ms: int = 1500) -> None:
        """The caller's voice from `at` for `ms`, then silence."""

        def frame(i: int) -> None:
            elapsed = (i + 1) * 20
            voiced = min(elapsed, ms)
            if i == 3:
                self.voice_text = text
                self.post(ev.SpeechStart(self._audio_ms() - 80, self._audio_ms()))
            if i >= 3 and self._stretch_open():
                if elapsed <= ms:
                    self.spoken[self.open_utterance] = text
                silence = max(0, elapsed - ms)
                self.post(ev.Voice(self._audio_ms(), voiced, silence, speaking=silence < 40))

        for i in range((ms + trail_ms) // 20):
            self.at(at + i * 0.02, lambda i=i: frame(i))

    def partial(self, text: str, at: float) -> None:
        """The recogniser gives a partial of the open utterance."""
        self.at(at, lambda: self.post(ev.Partial(self.open_utterance, text)))

    def presses(self, digit: str, at: float) -> None:
        """A key press."""
        self.at(at, lambda: self.post(ev.Dtmf(digit)))

    def _audio_ms(self) -> int:
        return round((self.now - self.start_at) * 1000)

    def _stretch_open(self) -> bool:
        turn, interruption = self.core.turn, self.core.interruption
        if interruption is not None:
            return not interruption.over
        open_ = turn and turn.utterance and turn.endpoint_at is None
        return bool(turn and open_ and turn.utterance not in self.closed)

    # --- what was done -----------------------------------------------------------------------

    @property
    def bot_said(self) -> list[str]:
        """Chunks as their audio started."""
        return [h.text for _, h in self.happenings if isinstance(h, hp.ChunkSpoken)]

    def told(self, kind: type) -> list[hp.Happening]:
        """Happenings of a kind."""
        return [h for _, h in self.happenings if isinstance(h, kind)]

    def time_of(self, kind: type, n: int = 0) -> float:
        """When the n-th happening of a kind was told, seconds from the start."""
        return [t for t, h in self.happenings if isinstance(h, kind)][n] - self.start_at

    # --- effects -----------------------------------------------------------------------------

    def _carry_out(self, effect: ef.Effect) -> None:
        match effect:
            case ef.Publish(happening):
                self.happenings.append((self.now, happening))
            case ef.AskStrategy(reply_id, request):
                self.requests.append(request)
                self._stream(reply_id, iter(self.script(request)))
            case ef.CancelReply(reply_id):
                self.cancelled.add(reply_id)
            case ef.Synthesise(reply_id, chunk, text, _):
                self.later(SYNTH_S, lambda: self._synthesised(reply_id, chunk, text))
            case ef.Play(reply_id, chunk, clip):
                assert reply_id not in self.cancelled, "audio of a cancelled reply was played"
                made_for = self.made_for.get(id(clip))  # None: a test posted it itself
                assert made_for is None or made_for[0] == (reply_id, chunk), "another reply's audio"
                self.playout.append((reply_id, chunk, clip.ms))
                self._play_on()
            case ef.PausePlayback():
                self.paused = True
                self._halt()
            case ef.ResumePlayback():
                self.paused = False
                self._play_on()
            case ef.StopPlayback(reply_id):
                self._stop(reply_id)
            case ef.OpenUtterance(utterance, _, _):
                self.open_utterance = utterance
            case ef.HypothesiseUtterance(utterance) if self.guesses:
                text = self.spoken.get(utterance, "")
                self.later(DECODE_S, lambda: self.post(ev.Hypothesis(utterance, self.decode(text))))
            case ef.FinaliseUtterance(utterance):
                if self.core.interruption is not None:
                    self.closed.add(utterance)  # only a turn may be gone on with
                text = self.decode(self.spoken.get(utterance, ""))
                if self.partial_s is not None:
                    self.later(self.partial_s, lambda: self.post(ev.Partial(utterance, text)))
                self.later(self.final_s, lambda: self.post(ev.Final(utterance, text)))
            case ef.RunTool(call):
                outcome = self.tool_result(call)
                self.later(self.tool_s, lambda: self._ran(outcome))
            case ef.CancelTool(call_id):
                self.tools_cancelled.add(call_id)
            case ef.SetTimer(kind, at):
                token = next(self._order)
                self._timers[kind] = token
                self.later(at - self.now, lambda: self._fire(kind, token))
            case ef.CancelTimer(kind):
                self._timers.pop(kind, None)
            case ef.End(reason):
                self.ended = reason

    def _fire(self, kind: ev.TimerKind, token: int) -> None:
        if self._timers.get(kind) == token:
            self.post(ev.TimerFired(kind))

    def _stream(self, reply_id: str, items: Iterable[ReplyItem | float]) -> None:
        for item in items:
            match item:
                case float():
                    self.later(item, lambda: self._stream(reply_id, items))
                    return
                case Say(text, interruptible, citations):
                    self._reply(reply_id, ev.ReplyText(reply_id, text, interruptible, citations))
                case Remember(memory):
                    self._reply(reply_id, ev.ReplyMemory(reply_id, memory))
                case Expect():
                    self._reply(reply_id, ev.ReplyExpects(reply_id, item))
                case Propose(name, arguments):
                    call = ToolCall(f"c{next(self._order)}", name, arguments)
                    self._reply(reply_id, self._asked(reply_id, call))
        self._reply(reply_id, ev.ReplyEnded(reply_id))

    def _asked(self, reply_id: str, call: ToolCall) -> ev.ToolRequested:
        return ev.ToolRequested(reply_id, call, self.cancellable, self.must_finish)

    def _ran(self, outcome: ToolOutcome) -> None:
        if outcome.call.call_id not in self.tools_cancelled:
            self.post(ev.ToolDone(outcome))

    def _reply(self, reply_id: str, event: ev.Event) -> None:
        self.later(0, lambda: self.post(event))

    def _synthesised(self, reply_id: str, chunk: int, text: str) -> None:
        if self.synth_fails:
            self.synth_fails -= 1
            self.post(ev.AudioFailed(reply_id, chunk, "broken"))
            return
        pcm = bytes(2 * (RATE * MS_PER_CHAR * len(text) // 1000))
        clip = Clip(pcm, RATE)
        self.made_for[id(clip)] = ((reply_id, chunk), clip)  # kept, so that no id is used again
        self.post(ev.AudioReady(reply_id, chunk, clip))

    # --- playback ----------------------------------------------------------------------------

    def _play_on(self) -> None:
        if self.paused or self.playing or not self.playout:
            return
        self.playing = True
        reply_id, chunk, left = self.playout[0]
        if (reply_id, chunk) not in self.played_ms:
            self.played_ms[reply_id, chunk] = 0.0
            self.later(0, lambda: self.post(ev.PlaybackStarted(reply_id, chunk)))
        self._play_token += 1
        token, self._began = self._play_token, self.now
        self.later(left / 1000, lambda: self._played(token))

    def _played(self, token: int) -> None:
        if token != self._play_token or not self.playing:
            return
        self.playing = False
        reply_id, chunk, left = self.playout.pop(0)
        self.played_ms[reply_id, chunk] += left
        self.post(ev.PlaybackDone(reply_id, chunk))
        self._play_on()

    def _halt(self) -> None:
        if self.playing:
            self.playing = False
            reply_id, chunk, left = self.playout[0]
            done = (self.now - self._began) * 1000
            self.played_ms[reply_id, chunk] += done
            self.playout[0] = (reply_id, chunk, left - done)

    def _stop(self, reply_id: str) -> None:
        self._halt()
        self.paused = False
        heard = [(c, ms) for (r, c), ms in self.played_ms.items() if r == reply_id]
        self.playout = [p for p in self.playout if p[0] != reply_id]
        chunk, ms = max(heard, default=(-1, 0.0))
        self.later(0, lambda: self.post(ev.PlaybackStopped(reply_id, chunk, ms)))


def ended(world: World) -> bool:
    """Whether the session is over."""
    return world.core.state is State.ENDED
