"""Turns a session's happenings into records: what is kept of a conversation.

Responsible for choosing, counting and cleaning. Must never know how or when records are written.
What is kept is a cleaned copy: no audio, no secrets, nothing a database would refuse.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from controller.observe.redaction import CUT, clean, storable_text
from controller.session.happenings import (
    BargedIn,
    ChunkSpoken,
    Happening,
    PersonSpoke,
    SessionEnded,
    SessionStarted,
    Timings,
    ToolRan,
    Trouble,
    TurnEnded,
)
from controller.storage.models import NAME_CHARS
from controller.storage.repository import STRATEGY_VERSION

TRANSFERRED = "transferred"
"""Reason of the end of a session whose caller went to a person."""
TEXT_CHARS = 16_384
"""Most characters kept of one text; nobody speaks that much in a turn, but a client may type it."""


MAX_HANDED_OVER = 1000
"""Ended sessions, the latest, whose people may still be talking."""


class Kind(IntEnum):
    """What a record is, in the order in which one transaction has to write them."""

    SESSION = 0
    TURN = 1
    TOOL_CALL = 2
    RECORDING = 3
    END = 4


@dataclass(frozen=True, slots=True)
class Record:
    """One row to insert (session, turn, tool call) or to update (recording, end)."""

    kind: Kind
    session_id: str
    values: dict[str, Any]


@dataclass(slots=True)
class _Tally:
    """What has to be remembered of a live session until its end."""

    turn_count: int = 0
    tool_count: int = 0
    barge_in_count: int = 0
    trouble_count: int = 0
    citations: dict[int, list[str]] = field(default_factory=dict)


class Ledger:
    """The live sessions' tallies. `now` gives the wall clock in UTC."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._tallies: dict[str, _Tally] = {}
        self._handed_over: OrderedDict[str, _Tally] = OrderedDict()

    def record(self, session_id: str, happening: Happening) -> Record | None:
        """The record of `happening`, None when nothing is kept of it.

        Raises KeyError for something worth keeping of a session whose start is not known: without its
        session row it could not be written.
        """
        if isinstance(happening, SessionStarted):
            self._tallies[session_id] = _Tally()
            return self._started(session_id, happening)
        if isinstance(happening, TurnEnded | ToolRan | SessionEnded):
            return self._kept(session_id, self._tallies[session_id], happening)
        if isinstance(happening, PersonSpoke):
            return self._line(session_id, self._handed_over[session_id], happening)
        tally = self._tallies.get(session_id)
        if tally is not None:
            _count(tally, happening)
        return None

    def forget(self, session_id: str) -> None:
        """The session's start could not be kept: keep nothing of it."""
        self._tallies.pop(session_id, None)

    def recording(self, session_id: str, path: str) -> Record:
        """The record that a session's audio lies at `path`; it may follow the session's end."""
        return Record(Kind.RECORDING, session_id, {"recording_path": storable_text(path, TEXT_CHARS)})

    def _started(self, session_id: str, started: SessionStarted) -> Record:
        values = {
            "id": session_id,
            "entry": _name(started.entry),
            "bot": _name(started.bot),
            "language": _name(started.language),
            "variables": clean(started.variables, TEXT_CHARS) | _version(started),
            "started_at": self._now(),
        }
        return Record(Kind.SESSION, session_id, values)

    def _kept(
        self, session_id: str, tally: _Tally, happening: TurnEnded | ToolRan | SessionEnded
    ) -> Record:
        match happening:
            case TurnEnded():
                return self._turn(session_id, tally, happening)
            case ToolRan():
                return self._tool_call(session_id, tally, happening)
            case SessionEnded(reason, duration_ms):
                del self._tallies[session_id]
                if reason == TRANSFERRED:
                    self._handed_over[session_id] = tally
                    while len(self._handed_over) > MAX_HANDED_OVER:
                        self._handed_over.popitem(last=False)
                counts = asdict(tally)
                del counts["citations"]
                ended = {
                    "ended_at": self._now(),
                    "duration_ms": duration_ms,
                    "end_reason": _name(reason),
                }
                return Record(Kind.END, session_id, ended | counts)

    def _turn(self, session_id: str, tally: _Tally, turn: TurnEnded) -> Record:
        values = {
            "session_id": session_id,
            "position": tally.turn_count,
            "number": turn.turn,
            "by": _name(turn.by),
            "caller_text": storable_text(turn.caller_text, TEXT_CHARS),
            "bot_text": storable_text(turn.bot_text, TEXT_CHARS),
            "heard_text": storable_text(turn.heard_text, TEXT_CHARS),
            "interrupted": turn.interrupted,
            "failed": turn.failed,
            "citations": clean(tally.citations.pop(turn.turn, []), TEXT_CHARS),
            "at": self._now(),
            **asdict(turn.timings),
        }
        tally.turn_count += 1
        return Record(Kind.TURN, session_id, values)

    def _line(self, session_id: str, tally: _Tally, spoke: PersonSpoke) -> Record:
        """A turn of people among themselves: `by` tells who spoke, and no bot said anything."""
        agent = spoke.who == "agent"
        values = {
            "session_id": session_id,
            "position": tally.turn_count,
            "number": 0,
            "by": _name(f"agent {spoke.agent}" if agent else spoke.who),
            "caller_text": "" if agent else storable_text(spoke.text, TEXT_CHARS),
            "bot_text": "",
            "heard_text": storable_text(spoke.text, TEXT_CHARS) if agent else "",
            "interrupted": False,
            "failed": False,
            "citations": [],
            "at": spoke.at,
            **asdict(Timings()),
        }
        tally.turn_count += 1
        return Record(Kind.TURN, session_id, values)

    def _tool_call(self, session_id: str, tally: _Tally, ran: ToolRan) -> Record:
        outcome = ran.outcome
        values = {
            "session_id": session_id,
            "position": tally.tool_count,
            "turn": ran.turn,
            "name": _name(outcome.call.name),
            "arguments": clean(outcome.call.arguments, TEXT_CHARS),
            "ok": outcome.ok,
            "result": clean(outcome.data, TEXT_CHARS),
            "code": _name(outcome.code),
            "took_ms": ran.took_ms,
            "at": self._now(),
        }
        tally.tool_count += 1
        return Record(Kind.TOOL_CALL, session_id, values)


def _count(tally: _Tally, happening: Happening) -> None:
    match happening:
        case BargedIn():
            tally.barge_in_count += 1
        case Trouble():
            tally.trouble_count += 1
        case ChunkSpoken(turn, _, _, citations) if citations:
            cited = tally.citations.setdefault(turn, [])
            cited.extend(citation for citation in citations if citation not in cited)


def _version(started: SessionStarted) -> dict[str, str]:
    return {STRATEGY_VERSION: _name(started.version)} if started.version else {}


def _name(text: str) -> str:
    return storable_text(text, NAME_CHARS - len(CUT))
