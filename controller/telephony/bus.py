"""Tells FreeSWITCH's event bus what happens in sessions, for whoever listens there (fs_cli, other apps).

Responsible for the events `CUSTOM switchtalk::…` and for never holding a session up: a bounded queue
and one greenlet stand between. While FreeSWITCH is away events are dropped and counted. Must never
know who listens.

| subclass (`switchtalk::…`) | JSON body |
|---|---|
| session_started | bot, language |
| turn | turn, by, caller_text, bot_text, heard_text, interrupted, failed, response_ms |
| barge_in | turn, reply_id |
| tool | turn, name, ok, code, took_ms |
| session_ended | reason, duration_ms |

Headers: `Session-ID`, `Unique-ID` (left out for a session without a channel), `Entry`.

The Unique-ID ends with a blank. FreeSWITCH gives an event that is sent with the exact id of a live
channel to that channel instead of the bus, where most are lost (mod_event_socket's sendevent; 0 of 50
arrived). Whoever listens strips header values anyway, and FreeSWITCH's own `filter` looks for the id
inside the value.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import gevent
import structlog
from gevent.queue import Full, Queue

from controller.session import happenings as told
from controller.telephony.commands import BadArgument, Command, send_event
from controller.telephony.esl.errors import EslError

PREFIX = "switchtalk::"
MAX_QUEUED = 1000
"""Some minutes of 20 sessions; reached only when FreeSWITCH is stuck."""
SEND_S = 5.0

_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What JSON leaves raw and a terminal, where fs_cli shows the body, might obey."""

log = structlog.get_logger(__name__)


class Link(Protocol):
    """What is needed of `FreeSwitchLink`."""

    @property
    def up(self) -> bool: ...

    def command(self, command: Command, timeout_s: float = 5.0) -> Any: ...


@dataclass(frozen=True, slots=True)
class BusEvent:
    """One event as it goes on the bus. `subclass` without its prefix."""

    subclass: str
    headers: Mapping[str, str]
    body: str


@dataclass(slots=True)
class _Known:
    """What the headers of a session's events hold."""

    entry: str
    uuid: str


class Bus:
    """Watcher of all sessions. `unique_id(session_id)` gives its channel's uuid, "" when it has none.

    `counts`: `sent`, `away` (FreeSWITCH was not connected), `full` (the queue was), `failed`.
    """

    def __init__(self, link: Link, unique_id: Callable[[str], str]) -> None:
        self.counts: Counter[str] = Counter(sent=0, away=0, full=0, failed=0)
        self._link = link
        self._unique_id = unique_id
        self._sessions: dict[str, _Known] = {}
        self._queue: Queue[BusEvent | None] = Queue(maxsize=MAX_QUEUED)
        self._sender: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin to send what is told."""
        if self._sender is None:
            self._sender = gevent.spawn(self._send_for_ever)

    def stop(self, timeout_s: float = 1.0) -> None:
        """Send what is queued, for at most so long, then no more."""
        sender, self._sender = self._sender, None
        if sender is None:
            return
        with gevent.Timeout(timeout_s, False):
            self._queue.put(None)
            sender.join()
        sender.kill()

    def __call__(self, session_id: str, happening: told.Happening) -> None:
        """Queue the event of `happening`, if it has one. Never blocks."""
        if isinstance(happening, told.SessionStarted):
            self._sessions[session_id] = _Known(happening.entry, "")
        known = self._sessions.get(session_id)
        event = bus_event(happening)
        if known is None or event is None:
            return
        # The call learns of its session a moment after the session began, and forgets it at the end.
        known.uuid = self._unique_id(session_id) or known.uuid
        if isinstance(happening, told.SessionEnded):
            del self._sessions[session_id]
        subclass, fields = event
        present = {"Session-ID": session_id, "Entry": known.entry}
        if known.uuid:
            present["Unique-ID"] = f"{known.uuid} "  # see above
        self._queue_up(BusEvent(subclass, present, body_text(fields)))

    def _queue_up(self, event: BusEvent) -> None:
        if not self._link.up:
            self.counts["away"] += 1
            return
        try:
            self._queue.put_nowait(event)
        except Full:
            self.counts["full"] += 1

    def _send_for_ever(self) -> None:
        for event in iter(self._queue.get, None):
            try:
                command = send_event(PREFIX + event.subclass, event.headers, event.body)
                self._link.command(command, SEND_S)
                self.counts["sent"] += 1
            except EslError as error:
                self.counts["failed" if self._link.up else "away"] += 1
                log.debug("an event did not reach the bus", subclass=event.subclass, why=str(error))
            except BadArgument as error:
                self.counts["failed"] += 1
                log.warning("an event can't be put on the bus", subclass=event.subclass, why=str(error))


def bus_event(happening: told.Happening) -> tuple[str, dict[str, Any]] | None:
    """The subclass and the body's fields; None for what the bus is not told."""
    match happening:
        case told.SessionStarted():
            return "session_started", {"bot": happening.bot, "language": happening.language}
        case told.TurnEnded():
            response_ms = happening.timings.response_ms
            return "turn", {
                "turn": happening.turn,
                "by": happening.by,
                "caller_text": happening.caller_text,
                "bot_text": happening.bot_text,
                "heard_text": happening.heard_text,
                "interrupted": happening.interrupted,
                "failed": happening.failed,
                "response_ms": None if response_ms is None else round(response_ms, 1),
            }
        case told.BargedIn(turn, reply_id):
            return "barge_in", {"turn": turn, "reply_id": reply_id}
        case told.ToolRan(turn, outcome, took_ms):
            how = {"ok": outcome.ok, "code": outcome.code, "took_ms": round(took_ms, 1)}
            return "tool", {"turn": turn, "name": outcome.call.name, **how}
        case told.SessionEnded(reason, duration_ms):
            return "session_ended", {"reason": reason, "duration_ms": duration_ms}
        case _:
            return None


def body_text(fields: Mapping[str, Any]) -> str:
    """`fields` as JSON in one line, Chinese readable, nothing in it that a terminal obeys."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
