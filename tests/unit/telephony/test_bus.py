"""Events for FreeSWITCH's bus: their form, and that no session ever waits for them."""

from __future__ import annotations

import json
from time import monotonic

import gevent
import pytest
from gevent.event import Event

from controller.session import happenings as told
from controller.session.ports import ToolCall, ToolOutcome
from controller.telephony.bus import MAX_QUEUED, Bus, body_text
from controller.telephony.commands import Command
from controller.telephony.esl.errors import EslClosed

UUID = "8b1f0c2e-0000-4000-8000-123456789abc"


class FakeLink:
    """A link that keeps what it is told, when its gate is open."""

    def __init__(self) -> None:
        self.up = True
        self.sent: list[Command] = []
        self.gate = Event()
        self.gate.set()
        self.broken = False

    def command(self, command: Command, timeout_s: float = 5.0) -> None:
        self.gate.wait()
        if self.broken:
            raise EslClosed("gone")
        self.sent.append(command)

    def events(self) -> list[tuple[dict[str, str], dict[str, object]]]:
        """Headers and body of each event sent."""
        return [(_headers(command.text), json.loads(command.body)) for command in self.sent]


def _headers(text: str) -> dict[str, str]:
    first, *lines = text.splitlines()
    assert first == "sendevent CUSTOM"
    return dict(line.split(": ", 1) for line in lines)


@pytest.fixture
def link():
    return FakeLink()


@pytest.fixture
def calls():
    """Session → channel; a test changes it."""
    return {"s1": UUID}


@pytest.fixture
def bus(link, calls):
    bus = Bus(link, lambda session_id: calls.get(session_id, ""))
    bus.start()
    yield bus
    link.gate.set()
    bus.stop()


def begin(bus: Bus, session_id: str = "s1", entry: str = "inbound") -> None:
    bus(session_id, told.SessionStarted(entry, "demo", "en", {"pin": "hunter2"}))


def test_a_whole_session(bus, link):
    begin(bus)
    bus("s1", told.StateChanged("speaking"))
    bus("s1", told.BargedIn(1, "r1"))
    bus("s1", told.ToolRan(1, ToolOutcome(ToolCall("c", "lookup", {"key": "v"}), ok=True), 12.34))
    turn = told.TurnEnded(
        1, "星期二", "speech", "Tuesday then.", "Tues", True, False, told.Timings(response_ms=401.26)
    )
    bus("s1", turn)
    bus("s1", told.SessionEnded("hangup", 61_000))
    bus.stop()
    where = {"Session-ID": "s1", "Unique-ID": f"{UUID} ", "Entry": "inbound"}
    got = [(headers.pop("Event-Subclass"), headers, body) for headers, body in link.events()]
    for command, (_, headers, _) in zip(link.sent, got, strict=True):
        assert int(headers["Content-Length"]) == len(command.body)
        assert where.items() <= headers.items()
        assert "hunter2" not in command.text + command.body.decode()
    assert [(subclass, body) for subclass, _, body in got] == [
        ("switchtalk::session_started", {"bot": "demo", "language": "en"}),
        ("switchtalk::barge_in", {"turn": 1, "reply_id": "r1"}),
        ("switchtalk::tool", {"turn": 1, "name": "lookup", "ok": True, "code": "", "took_ms": 12.3}),
        (
            "switchtalk::turn",
            {
                "turn": 1,
                "by": "speech",
                "caller_text": "星期二",
                "bot_text": "Tuesday then.",
                "heard_text": "Tues",
                "interrupted": True,
                "failed": False,
                "response_ms": 401.3,
            },
        ),
        ("switchtalk::session_ended", {"reason": "hangup", "duration_ms": 61_000}),
    ]
    assert bus.counts == {"sent": 5, "away": 0, "full": 0, "failed": 0}


def test_a_session_without_a_channel_has_no_unique_id(bus, link):
    begin(bus, "web1", "web")
    bus.stop()
    ((headers, _),) = link.events()
    assert "Unique-ID" not in headers
    assert headers["Entry"] == "web"


def test_the_end_is_told_with_the_channel_though_the_call_is_forgotten(bus, link, calls):
    begin(bus)
    calls.clear()
    bus("s1", told.SessionEnded("hangup", 1000))
    bus.stop()
    assert [headers["Unique-ID"] for headers, _ in link.events()] == [f"{UUID} "] * 2


def test_a_stranger_says_nothing(bus, link):
    bus("s9", told.BargedIn(1, "r1"))
    bus.stop()
    assert not link.sent


def test_while_freeswitch_is_away_events_are_dropped_and_counted(bus, link):
    link.up = False
    begin(bus)
    link.up = True
    bus("s1", told.BargedIn(1, "r1"))
    bus.stop()
    assert [body for _, body in link.events()] == [{"turn": 1, "reply_id": "r1"}]
    assert bus.counts == {"sent": 1, "away": 1, "full": 0, "failed": 0}


def test_one_that_fails_does_not_stop_the_rest(bus, link):
    link.broken = True
    begin(bus)
    gevent.sleep(0)
    link.broken = False
    bus("s1", told.BargedIn(1, "r1"))
    bus.stop()
    assert len(link.sent) == 1
    assert bus.counts["failed"] == 1


def test_a_stuck_freeswitch_holds_no_session_up(bus, link):
    link.gate.clear()
    begin(bus)
    gevent.sleep(0)  # the sender has taken the first and is stuck with it
    began = monotonic()
    for turn in range(MAX_QUEUED + 7):
        bus("s1", told.BargedIn(turn, "r1"))
    assert monotonic() - began < 1
    assert bus.counts["full"] == 7
    began = monotonic()
    bus.stop(timeout_s=0.1)
    assert monotonic() - began < 1


def test_text_that_steers_terminals_is_spelt_out():
    text = body_text({"caller_text": "\x1b[2J\n\x9b2J\u202e\x7f\ud800 好"})
    assert text.isprintable()
    assert "好" in text
    assert json.loads(text)["caller_text"] == "\x1b[2J\n\x9b2J\u202e\x7f\ud800 好"


def test_a_session_id_that_is_no_header_is_refused_and_counted(bus, link):
    bus("a\nb", told.SessionStarted("web", "demo", "en"))
    bus.stop()
    assert not link.sent
    assert bus.counts["failed"] == 1
