"""Transcripts of live sessions: bounded, told as they grow, kept for a while after."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.observe.transcripts import KEEP_ENDED, MAX_CHARS, MAX_LINES, LineKind, TranscriptHub
from controller.session import happenings as told
from controller.session.ports import ToolCall, ToolOutcome

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def hub_with(*session_ids: str, entry: str = "inbound", **variables: str) -> TranscriptHub:
    hub = TranscriptHub(now=lambda: AT)
    for session_id in session_ids:
        hub(session_id, told.SessionStarted(entry, "demo", "en", variables))
    return hub


def test_a_conversation_as_lines():
    hub = hub_with("s1", caller_number="1001", called_number="7000")
    hub("s1", told.StateChanged("speaking"))
    hub("s1", told.ChunkSpoken(0, "r0", "Hello."))
    hub("s1", told.BargedIn(0, "r0"))
    hub("s1", told.FinalHeard(1, "你好"))
    hub("s1", told.ToolRan(1, ToolOutcome(ToolCall("c", "lookup", {}), ok=True), 12.4))
    transcript = hub.transcript("s1")
    assert transcript is not None
    assert [(line.kind.value, line.turn, line.text) for line in transcript.lines] == [
        ("started", 0, "inbound, bot demo"),
        ("bot", 0, "Hello."),
        ("barge_in", 0, ""),
        ("caller", 1, "你好"),
        ("tool", 1, "lookup: ok, 12 ms"),
    ]
    assert transcript.lines[0].at == AT
    assert (transcript.caller, transcript.ended, transcript.dropped) == ("1001", False, 0)


def test_an_outbound_call_is_known_by_whom_it_called():
    transcript = hub_with("s", entry="outbound", caller_number="1", called_number="2").transcript("s")
    assert transcript is not None
    assert transcript.caller == "2"


def test_it_is_bounded():
    hub = hub_with("s1")
    for turn in range(MAX_LINES + 9):
        hub("s1", told.FinalHeard(turn, "x" * (MAX_CHARS + 1)))
    transcript = hub.transcript("s1")
    assert transcript is not None
    assert len(transcript.lines) == MAX_LINES
    assert transcript.dropped == 10
    assert len(transcript.lines[-1].text) == MAX_CHARS


def test_ended_ones_are_kept_for_a_while():
    hub = hub_with(*(f"s{n}" for n in range(KEEP_ENDED + 2)), "live")
    for n in range(KEEP_ENDED + 2):
        hub(f"s{n}", told.SessionEnded("hangup", 1000))
    assert hub.live() == ["live"]
    assert len(hub.ended()) == KEEP_ENDED
    assert hub.transcript("s1") is None
    kept = hub.transcript("s2")
    assert kept is not None
    assert kept.ended


def test_a_stranger_is_no_session():
    hub = hub_with()
    hub("s1", told.FinalHeard(1, "late"))
    hub("s1", told.SessionEnded("hangup", 1))
    assert hub.transcript("s1") is None


def test_subscribers():
    hub = hub_with("s1", "s2")
    one: list[str] = []
    every: list[str] = []
    subscription = hub.subscribe("s1", lambda session_id, line: one.append(line.text))
    hub.subscribe(None, lambda session_id, line: every.append(f"{session_id} {line.kind.value}"))
    hub("s1", told.FinalHeard(1, "a"))
    hub("s2", told.FinalHeard(1, "b"))
    subscription.cancel()
    subscription.cancel()
    hub("s1", told.FinalHeard(2, "c"))
    assert one == ["a"]
    assert every == ["s1 caller", "s2 caller", "s1 caller"]


def test_a_subscription_ends_with_its_session():
    hub = hub_with("s1")
    heard: list[LineKind] = []
    subscription = hub.subscribe("s1", lambda session_id, line: heard.append(line.kind))
    hub("s1", told.SessionEnded("hangup", 1000))
    hub("s1", told.SessionStarted("web", "demo", "en"))
    assert heard == [LineKind.ENDED]
    subscription.cancel()


def test_a_listener_that_fails_costs_nobody_else_a_line():
    hub = hub_with("s1")
    heard: list[str] = []

    def broken(session_id: str, line: object) -> None:
        raise RuntimeError("broken")

    hub.subscribe("s1", broken)
    hub.subscribe("s1", lambda session_id, line: heard.append(line.text))
    hub("s1", told.FinalHeard(1, "a"))
    assert heard == ["a"]


def test_people_go_on_after_the_bots_part_has_ended():
    hub = hub_with("s1")
    hub("s1", told.SessionEnded("transferred", 1000.0))
    lines = []
    hub.subscribe(None, lambda _session_id, line: lines.append(line))
    later = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
    hub("s1", told.PersonSpoke("caller", "Ada", "hello", later))
    hub("s1", told.PersonSpoke("agent", "Ada", "good morning", later))
    transcript = hub.transcript("s1")
    assert transcript is not None
    assert [(line.kind, line.text) for line in transcript.lines[-2:]] == [
        (LineKind.CALLER, "hello"),
        (LineKind.AGENT, "Ada: good morning"),
    ]
    assert [line.at for line in lines] == [later, later]
