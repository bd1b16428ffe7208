"""A kernel to test the gateway against: it does what it is told and keeps what it hears.

Responsible for the ports' other side only; it decides nothing. Must never know a socket.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import gevent
from gevent.event import Event
from gevent.queue import Queue

from controller.gateway.limits import WebLimits
from controller.gateway.ports import BotInfo, GatewayDeps
from controller.session.happenings import (
    ChunkSpoken,
    Happening,
    SessionEnded,
    SessionStarted,
    StateChanged,
    Watcher,
)
from controller.session.ports import AudioIn, AudioOut
from controller.session.registry import SessionRefused, SessionRegistry, UnknownBot
from media.tts.base import Clip
from tests.login import make_access


def tone(ms: int, rate: int = 16_000, hz: float = 440.0) -> bytes:
    """A sine at half scale, never two equal samples in a row at its slopes."""
    count = rate * ms // 1000
    return struct.pack(
        f"<{count}h", *(int(16_000 * math.sin(2 * math.pi * hz * n / rate)) for n in range(count))
    )


class FakeSession:
    """LiveSession and PlaybackListener; the test drives it through `audio_out` and `publish`."""

    entry = "web"
    language = "en"

    def __init__(
        self,
        session_id: str,
        bot: str,
        audio_in: AudioIn,
        audio_out: AudioOut,
        variables: Mapping[str, str],
        watchers: Sequence[Watcher],
        forget: Callable[[str], None],
    ) -> None:
        self.session_id = session_id
        self.bot = bot
        self.variables = dict(variables)
        self.audio_out = audio_out
        self.state = "listening"
        self.calls: list[tuple[Any, ...]] = []
        self.marks: Queue[tuple[Any, ...]] = Queue()
        self.frames: list[bytes] = []
        self.texts: dict[tuple[str, int], str] = {}
        self.break_on_typed = False
        self.last_word_takes_s = 0.0
        self._began = monotonic()
        self._watchers = watchers
        self._forget = forget
        self._news: Queue[Happening] = Queue()
        self._over = Event()
        audio_out.bind(self)
        self.publish(SessionStarted("web", bot, "en"))
        self.publish(StateChanged("listening"))
        self._publisher = gevent.spawn(self._tell)
        self._ears = gevent.spawn(lambda: self.frames.extend(audio_in.frames()))

    @property
    def age_s(self) -> float:
        return monotonic() - self._began

    def dtmf(self, digit: str) -> None:
        self.calls.append(("dtmf", digit))

    def typed(self, text: str) -> None:
        if self.break_on_typed:
            raise RuntimeError("secret detail of the kernel")
        self.calls.append(("typed", text))

    def hang_up(self, reason: str) -> None:
        self.calls.append(("hang_up", reason))
        self.end(reason)

    def say_goodbye(self, reason: str) -> None:
        self.end(reason)

    def join(self, timeout_s: float | None = None) -> bool:
        return bool(self._over.wait(timeout_s))

    def playback_started(self, reply_id: str, chunk: int) -> None:
        self.marks.put(("started", reply_id, chunk))
        self.publish(ChunkSpoken(1, reply_id, self.texts.get((reply_id, chunk), "")))

    def playback_done(self, reply_id: str, chunk: int) -> None:
        self.marks.put(("done", reply_id, chunk))

    def playback_stopped(self, reply_id: str, chunk: int, played_ms: float) -> None:
        self.marks.put(("stopped", reply_id, chunk, played_ms))

    def say(self, reply_id: str, chunk: int, text: str, *clips: Clip) -> None:
        """Play a chunk."""
        self.texts[reply_id, chunk] = text
        for clip in clips:
            self.audio_out.play(reply_id, chunk, clip)

    def publish(self, happening: Happening) -> None:
        """Tell the watchers from the session's own greenlet, as a kernel does."""
        self._news.put(happening)

    def end(self, reason: str) -> None:
        """The session is over, once."""
        if self.state != "ending":
            self.state = "ending"
            self.publish(SessionEnded(reason, 1000 * self.age_s))

    def _tell(self) -> None:
        while True:
            happening = self._news.get()
            if isinstance(happening, SessionEnded):
                gevent.sleep(self.last_word_takes_s)
            for watcher in self._watchers:
                watcher(self.session_id, happening)
            if isinstance(happening, SessionEnded):
                self.audio_out.close()
                self._forget(self.session_id)
                self._over.set()
                return


class FakeOpener:
    """SessionOpener: `opened` gives each new session to the test; `refusal` is raised if set."""

    def __init__(self, max_sessions: int = 10) -> None:
        self.registry = SessionRegistry(max_sessions)
        self.opened: Queue[FakeSession] = Queue()
        self.refusal: Exception | None = None

    def open_session(
        self,
        *,
        entry: str,
        bot: str | None,
        audio_in: AudioIn,
        audio_out: AudioOut,
        variables: Mapping[str, str],
        watchers: Sequence[Watcher] = (),
    ) -> FakeSession:
        assert entry == "web"
        if self.refusal is not None:
            raise self.refusal
        if bot not in (None, "demo", "other"):
            raise UnknownBot(f"no bot is called {bot!r}")
        self.registry.check_room()
        session_id = f"s{self.opened.qsize()}-{id(audio_in):x}"
        session = FakeSession(
            session_id, bot or "demo", audio_in, audio_out, variables, watchers, self.registry.remove
        )
        self.registry.add(session)
        self.opened.put(session)
        return session


@dataclass(frozen=True)
class Summary:
    id: str = "old-1"
    entry: str = "inbound"
    bot: str = "demo"
    language: str = "en"
    started_at: datetime = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    ended_at: datetime | None = datetime(2026, 3, 1, 9, 31, tzinfo=UTC)
    duration_ms: float | None = 60_000.0
    end_reason: str | None = "goodbye"
    version: str = "v1"
    turn_count: int = 2
    barge_in_count: int = 1


@dataclass(frozen=True)
class Turn:
    number: int = 1
    by: str = "speech"
    caller_text: str = "What time do you open?"
    bot_text: str = "We open at nine. On Sundays at ten."
    heard_text: str = "We open at nine."
    interrupted: bool = True
    failed: bool = False
    citations: tuple[str, ...] = ("Opening hours",)
    endpoint_ms: float | None = 300.0
    asr_final_ms: float | None = 310.0
    llm_first_token_ms: float | None = 20.0
    tts_first_frame_ms: float | None = 50.0
    response_ms: float | None = 400.0
    speculative: bool = True
    at: datetime = datetime(2026, 3, 1, 9, 30, 10, tzinfo=UTC)


@dataclass(frozen=True)
class ToolCall:
    turn: int = 1
    name: str = "create_ticket"
    arguments: Mapping[str, Any] = field(default_factory=lambda: {"subject": "x"})
    ok: bool = False
    result: Mapping[str, Any] = field(default_factory=dict)
    code: str = "timeout"
    took_ms: float = 812.0


@dataclass(frozen=True)
class Detail:
    session: Summary = Summary()
    turns: tuple[Turn, ...] = (Turn(),)
    tool_calls: tuple[ToolCall, ...] = (ToolCall(),)


class DatabaseDown(Exception):
    """The records' own error."""


class FakeRecords:
    """RecordsReader over a list; `down` makes every call fail."""

    def __init__(self, *details: Detail) -> None:
        self.details = list(details)
        self.down = False

    def recent_sessions(self, limit: int = 50, before: str | None = None) -> Sequence[Summary]:
        self._check()
        ids = [detail.session.id for detail in self.details]
        start = 0 if before is None else (ids.index(before) + 1 if before in ids else len(ids))
        return [detail.session for detail in self.details[start : start + limit]]

    def session_detail(self, session_id: str) -> Detail | None:
        self._check()
        return next((detail for detail in self.details if detail.session.id == session_id), None)

    def _check(self) -> None:
        if self.down:
            raise DatabaseDown("no database at 10.0.0.5")


def make_deps(
    opener: FakeOpener | None = None,
    records: FakeRecords | None = None,
    limits: WebLimits | None = None,
    missing: Sequence[str] = (),
) -> GatewayDeps:
    """What the app would give."""
    opener = opener or FakeOpener()
    return GatewayDeps(
        opener=opener,
        registry=opener.registry,
        records=records or FakeRecords(Detail()),
        bots=(BotInfo("demo", "Demo", "en"), BotInfo("other", "演示 <b>", "zh")),
        default_bot="demo",
        missing=lambda: missing,
        render_metrics=lambda: b"switchtalk_up 1\n",
        access=make_access(),
        records_unavailable=DatabaseDown,
        allowed_hosts=frozenset({"talk.example"}),
        allowed_origins=frozenset({"https://app.example"}),
        limits=limits or WebLimits(),
    )


def refusals() -> list[tuple[SessionRefused, int]]:
    """Every refusal with the close code that tells it."""
    from controller.session.registry import Draining, ServerFull

    return [(ServerFull("full"), 1013), (Draining("stopping"), 1013), (UnknownBot("who?"), 1008)]
