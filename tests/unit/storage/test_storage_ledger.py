"""What is kept of a conversation, and what never is."""

from datetime import UTC, datetime

import pytest

from controller.session import happenings as told
from controller.session.ports import ToolCall, ToolOutcome
from controller.storage.ledger import TEXT_CHARS, Kind, Ledger
from controller.storage.models import NAME_CHARS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ledger_with_session(**variables):
    ledger = Ledger(now=lambda: NOON)
    return ledger, ledger.record("s1", told.SessionStarted("web", "demo", "en", variables))


def turn(number=1, **changes):
    values = {
        "caller_text": "hello", "by": "speech", "bot_text": "Hi. How are you?", "heard_text": "Hi.",
        "interrupted": True, "failed": False,
        "timings": told.Timings(endpoint_ms=310.0, response_ms=402.5),
    }  # fmt: skip
    return told.TurnEnded(turn=number, **{**values, **changes})


def test_a_conversation_becomes_a_session_turns_tool_calls_and_an_end():
    ledger, started = ledger_with_session(name="Ann")
    assert (started.kind, started.values["variables"], started.values["started_at"]) == (
        Kind.SESSION, {"name": "Ann"}, NOON,
    )  # fmt: skip
    opening = ledger.record("s1", turn(0, by="opening", caller_text=""))
    ledger.record("s1", told.BargedIn(1, "r1"))
    ledger.record("s1", told.Trouble("asr_failed", "…"))
    outcome = ToolOutcome(ToolCall("c1", "lookup_record", {"query": "order"}), ok=False, code="timeout")
    tool = ledger.record("s1", told.ToolRan(1, outcome, 12.5))
    first = ledger.record("s1", turn(1))
    end = ledger.record("s1", told.SessionEnded("hangup", 61_000.0))

    assert [opening.values["position"], first.values["position"]] == [0, 1]
    assert (first.values["endpoint_ms"], first.values["response_ms"], first.values["asr_final_ms"]) == (
        310.0, 402.5, None,
    )  # fmt: skip
    assert (tool.kind, tool.values["arguments"], tool.values["code"]) == (
        Kind.TOOL_CALL, {"query": "order"}, "timeout",
    )  # fmt: skip
    assert end.values == {
        "ended_at": NOON, "duration_ms": 61_000.0, "end_reason": "hangup",
        "turn_count": 2, "tool_count": 1, "barge_in_count": 1, "trouble_count": 1,
    }  # fmt: skip


def test_passing_things_are_not_kept():
    ledger, _ = ledger_with_session()
    for happening in (
        told.StateChanged("thinking"),
        told.VoiceHeard("speech_start", 20),
        told.PartialHeard("hel"),
        told.FinalHeard(1, "hello"),
        told.InterruptionDismissed("r1", "mm-hm"),
        told.TurnMeasured(1, told.Timings()),
    ):
        assert ledger.record("s1", happening) is None


def test_the_strategys_version_is_kept_and_no_variable_can_pass_for_it():
    ledger = Ledger(now=lambda: NOON)
    for version, variables, kept in (
        ("4f1d", {"strategy_version": "9"}, {"strategy_version": "4f1d"}),
        ("", {}, {}),
    ):
        started = told.SessionStarted("web", "demo", "en", variables, version)
        assert ledger.record("s1", started).values["variables"] == kept


def test_citations_are_kept_once_with_the_turn_that_spoke_them():
    ledger, _ = ledger_with_session()
    ledger.record("s1", told.ChunkSpoken(1, "r1", "We open", ("hours.md",)))
    ledger.record("s1", told.ChunkSpoken(1, "r1", "at nine", ("hours.md", "faq.md")))
    assert ledger.record("s1", turn(1)).values["citations"] == ["hours.md", "faq.md"]
    assert ledger.record("s1", turn(2)).values["citations"] == []


def test_secrets_and_audio_are_not_kept():
    ledger, started = ledger_with_session(crm_token="abc", name="Ann")
    assert started.values["variables"] == {"crm_token": "[hidden]", "name": "Ann"}
    call = ToolCall("c1", "send", {"to": "a@b.c", "auth": {"password": "x"}, "clip": b"\0\1" * 160})
    tool = ledger.record("s1", told.ToolRan(1, ToolOutcome(call, True, {"api_key": "k", "n": 1}), 1.0))
    assert tool.values["arguments"] == {"to": "a@b.c", "auth": "[hidden]", "clip": "<320 bytes>"}
    assert tool.values["result"] == {"api_key": "[hidden]", "n": 1}


def test_what_a_database_would_refuse_is_replaced_or_cut():
    ledger, _ = ledger_with_session()
    values = ledger.record("s1", turn(1, caller_text="a\x00b\ud800c", bot_text="长" * 100_000)).values
    assert values["caller_text"] == "a\ufffdb\ufffdc"
    assert TEXT_CHARS < len(values["bot_text"]) < TEXT_CHARS + 10
    end = ledger.record("s1", told.SessionEnded("r" * 1000, 1.0))
    assert len(end.values["end_reason"]) == NAME_CHARS


def test_nothing_is_kept_of_a_session_without_a_start():
    ledger = Ledger()
    assert ledger.record("ghost", told.BargedIn(1, "r")) is None
    for happening in (turn(1), told.SessionEnded("hangup", 1.0)):
        with pytest.raises(KeyError):
            ledger.record("ghost", happening)
    ledger.record("s1", told.SessionStarted("web", "demo", "en"))
    ledger.forget("s1")
    with pytest.raises(KeyError):
        ledger.record("s1", turn(1))


def test_an_ended_session_leaves_nothing_behind():
    ledger, _ = ledger_with_session()
    ledger.record("s1", told.SessionEnded("hangup", 1.0))
    with pytest.raises(KeyError):
        ledger.record("s1", told.SessionEnded("hangup", 1.0))


def test_what_people_say_after_a_hand_over_is_kept_with_who_said_it():
    ledger, _ = ledger_with_session()
    ledger.record("s1", turn(0))
    end = ledger.record("s1", told.SessionEnded("transferred", 61_000.0))
    asks = ledger.record("s1", told.PersonSpoke("caller", "Ada", "is anybody there", NOON))
    says = ledger.record("s1", told.PersonSpoke("agent", "Ada", "Good morning", NOON))
    assert (asks.kind, asks.values["by"], asks.values["caller_text"]) == (
        Kind.TURN, "caller", "is anybody there",
    )  # fmt: skip
    assert (says.values["by"], says.values["heard_text"], says.values["bot_text"]) == (
        "agent Ada", "Good morning", "",
    )  # fmt: skip
    assert [asks.values["position"], says.values["position"]] == [1, 2]
    assert says.values["at"] == NOON
    assert end.values["turn_count"] == 1  # the bot's
    with pytest.raises(KeyError):
        ledger.record("s2", told.PersonSpoke("caller", "Ada", "who", NOON))
