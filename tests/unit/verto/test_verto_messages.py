"""Frames: what is a message, and what is refused without a trace of it in the answer."""

from __future__ import annotations

import json

import pytest

from controller.verto.messages import Code, Note, Reply, Request, RpcError, error_text, parse
from controller.verto.rates import Limiter, Rate, Verdict


def test_a_request_an_answer_and_a_note_are_told_apart() -> None:
    assert parse('{"id":1,"method":"verto.bye","params":{"a":1}}') == Request(1, "verto.bye", {"a": 1})
    assert parse('{"id":2,"result":{"message":"SENT"}}') == Reply(2, {"message": "SENT"})
    assert parse('{"type":"hello","resume":""}') == Note("hello", {"resume": ""})


def test_an_error_keeps_its_other_fields() -> None:
    reply = parse('{"id":4,"error":{"callID":"x","action":"hold","message":"NO","code":-32002}}')
    assert isinstance(reply, Reply)
    assert reply.error is not None
    assert (reply.error.code, reply.error.message) == (-32002, "NO")
    told = json.loads(error_text(4, reply.error))["error"]
    assert told == {"code": -32002, "message": "NO", "callID": "x", "action": "hold"}


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00",
        "",
        "null",
        "[]",
        "1",
        "secret",
        '{"id":1}',
        '{"id":true,"method":"x"}',
        '{"id":[],"method":"x"}',
        '{"id":1,"method":"x","params":[]}',
        '{"id":1,"method":7}',
        '{"a":' * 30 + "1" + "}" * 30,
        '{"a":' * 50_000,
        '{"method":"x","params":{"sdp":"' + "y" * 65_536 + '"}}',
    ],
)
def test_nonsense_is_refused_and_not_repeated(frame: str | bytes) -> None:
    with pytest.raises(RpcError) as refused:
        parse(frame)
    assert refused.value.code in (Code.INVALID, Code.BAD_PARAMS)
    assert "secret" not in refused.value.message


def test_a_burst_passes_then_it_is_too_fast_then_abuse() -> None:
    limiter = Limiter(Rate(per_s=10, burst=5, patience=3), now=0.0)
    verdicts = [limiter.frame(0.0) for _ in range(9)]
    assert verdicts == [Verdict.PASS] * 5 + [Verdict.TOO_FAST] * 3 + [Verdict.ABUSE]


def test_a_thousand_frames_a_second_are_abuse_within_that_second() -> None:
    limiter = Limiter(Rate(), now=0.0)
    verdicts = [limiter.frame(number / 1000) for number in range(1000)]
    assert Verdict.ABUSE in verdicts
    assert verdicts.count(Verdict.PASS) < 100


def test_a_person_is_never_too_fast() -> None:
    limiter = Limiter(Rate(), now=0.0)
    assert all(limiter.frame(number / 10) is Verdict.PASS for number in range(10_000))


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    limiter = Limiter(Rate(per_s=1, burst=1), now=100.0)
    assert limiter.frame(100.0) is Verdict.PASS
    assert limiter.frame(0.0) is Verdict.TOO_FAST
