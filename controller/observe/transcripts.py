"""What is said in each session, as it is said: for consoles and pages that look on.

Responsible for keeping a bounded transcript of every live session and of the last ended ones, and for
telling subscribers of each new line. Must never know who looks on, nor how a line is shown.

A line holds what callers and models wrote, untouched: whoever shows it makes it harmless first.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import structlog

from controller.session import happenings as told

MAX_LINES = 400
"""Kept of one session: more than 15 minutes of talk have; the oldest go first."""
MAX_CHARS = 2000
"""Kept of one line."""
KEEP_ENDED = 50
CALLER_VARIABLE = {"outbound": "called_number"}
"""Entry → the session variable with the number at the other end; `caller_number` for the others."""

log = structlog.get_logger(__name__)


class LineKind(StrEnum):
    """What a line tells."""

    STARTED = "started"  # text: the entry and the bot
    CALLER = "caller"  # text: what the caller said
    KEYS = "keys"  # text: what the caller pressed
    TYPED = "typed"  # text: what the caller typed
    AGENT = "agent"  # text: who took the caller over, and what they said: "Ada: hello"
    BOT = "bot"  # text: one chunk, as its audio starts
    BARGE_IN = "barge_in"  # the caller took over; no text
    TOOL = "tool"  # text: the tool's name and how it ended
    TOOL_FAILED = "tool_failed"  # text: its name and why
    TROUBLE = "trouble"  # text: code and message
    ENDED = "ended"  # text: the reason


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript. `at` is UTC; turn 0 is the bot's opening and what is of no turn."""

    at: datetime
    kind: LineKind
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """One session so far. `dropped` counts lines too old to be kept."""

    session_id: str
    entry: str
    bot: str
    language: str
    caller: str
    ended: bool
    dropped: int
    lines: tuple[Line, ...]


LineListener = Callable[[str, Line], Any]
"""Called on the session's greenlet with the session's id and its new line; must not block."""


class _Kept:
    """The transcript of one session, growing."""

    __slots__ = ("dropped", "lines", "started")

    def __init__(self, started: told.SessionStarted) -> None:
        self.started = started
        self.lines: deque[Line] = deque()
        self.dropped = 0

    def add(self, line: Line) -> None:
        self.lines.append(line)
        if len(self.lines) > MAX_LINES:
            self.lines.popleft()
            self.dropped += 1


class Subscription:
    """A listener's place; `cancel` gives it up."""

    def __init__(self, cancel: Callable[[Subscription], None], listener: LineListener) -> None:
        self.listener = listener
        self._cancel = cancel

    def cancel(self) -> None:
        """No more lines come after this; twice does no harm."""
        self._cancel(self)


class TranscriptHub:
    """Watcher of all sessions. Call on the hub."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._live: dict[str, _Kept] = {}
        self._ended: OrderedDict[str, _Kept] = OrderedDict()
        self._listeners: dict[str | None, list[Subscription]] = {}

    def __call__(self, session_id: str, happening: told.Happening) -> None:
        """Keep `happening` if it is worth a line, and tell it to who listens."""
        if isinstance(happening, told.SessionStarted):
            self._live[session_id] = _Kept(happening)
        kept = self._live.get(session_id)
        if isinstance(happening, told.PersonSpoke):
            kept = self._ended.get(session_id)
        said = _line(happening)
        if kept is None or said is None:
            return
        kind, turn, text = said
        at = happening.at if isinstance(happening, told.PersonSpoke) else self._now()
        line = Line(at, kind, turn, text[:MAX_CHARS])
        kept.add(line)
        if kind is LineKind.ENDED:
            self._retire(session_id)
        self._tell(session_id, line)

    def live(self) -> list[str]:
        """Ids of the live sessions, oldest first."""
        return list(self._live)

    def ended(self) -> list[str]:
        """Ids of the ended sessions still kept, oldest first."""
        return list(self._ended)

    def transcript(self, session_id: str) -> Transcript | None:
        """A live or lately ended session; None when it is not known, or no longer."""
        kept = self._live.get(session_id) or self._ended.get(session_id)
        if kept is None:
            return None
        return Transcript(
            session_id=session_id,
            entry=kept.started.entry,
            bot=kept.started.bot,
            language=kept.started.language,
            caller=_caller(kept.started),
            ended=session_id in self._ended,
            dropped=kept.dropped,
            lines=tuple(kept.lines),
        )

    def subscribe(self, session_id: str | None, listener: LineListener) -> Subscription:
        """Tell `listener` of each new line of one session, or of all (None), until cancelled.

        A subscription to one session is given up by itself when that session ends.
        """
        subscription = Subscription(lambda given_up: self._unsubscribe(session_id, given_up), listener)
        self._listeners.setdefault(session_id, []).append(subscription)
        return subscription

    def _unsubscribe(self, session_id: str | None, subscription: Subscription) -> None:
        listening = self._listeners.get(session_id, [])
        if subscription in listening:
            listening.remove(subscription)
        if not listening:
            self._listeners.pop(session_id, None)

    def _retire(self, session_id: str) -> None:
        self._ended[session_id] = self._live.pop(session_id)
        while len(self._ended) > KEEP_ENDED:
            self._ended.popitem(last=False)

    def _tell(self, session_id: str, line: Line) -> None:
        to: Sequence[Subscription] = [
            *self._listeners.get(session_id, ()),
            *self._listeners.get(None, ()),
        ]
        if line.kind is LineKind.ENDED:
            self._listeners.pop(session_id, None)
        for subscription in to:
            try:
                subscription.listener(session_id, line)
            except Exception:
                log.exception("a transcript listener failed", session_id=session_id)


def _caller(started: told.SessionStarted) -> str:
    return started.variables.get(CALLER_VARIABLE.get(started.entry, "caller_number"), "")


_HEARD = {"dtmf": LineKind.KEYS, "text": LineKind.TYPED}


def _line(happening: told.Happening) -> tuple[LineKind, int, str] | None:
    match happening:
        case told.SessionStarted(entry, bot):
            return LineKind.STARTED, 0, f"{entry}, bot {bot}"
        case told.FinalHeard(turn, text, by):
            return _HEARD.get(by, LineKind.CALLER), turn, text
        case told.ChunkSpoken(turn, _, text):
            return LineKind.BOT, turn, text
        case told.BargedIn(turn):
            return LineKind.BARGE_IN, turn, ""
        case told.ToolRan(turn, outcome, took_ms):
            how = f"ok, {took_ms:.0f} ms" if outcome.ok else f"{outcome.code}, {took_ms:.0f} ms"
            kind = LineKind.TOOL if outcome.ok else LineKind.TOOL_FAILED
            return kind, turn, f"{outcome.call.name}: {how}"
        case told.Trouble(code, message):
            return LineKind.TROUBLE, 0, f"{code}: {message}"
        case told.PersonSpoke("agent", agent, text):
            return LineKind.AGENT, 0, f"{agent}: {text}"
        case told.PersonSpoke(_, _, text):
            return LineKind.CALLER, 0, text
        case told.SessionEnded(reason, duration_ms):
            return LineKind.ENDED, 0, f"{reason}, after {duration_ms / 1000:.0f} s"
        case _:
            return None
