"""`/ws/audio` over real sockets: sessions that are refused, and what is sent that makes no sense."""

from __future__ import annotations

import json
import os

import gevent
import pytest
import websocket

from media.tts.base import Clip
from tests.integration.gateway.client import (
    SILENCE,
    START,
    Gateway,
    wait_for,
)
from tests.unit.gateway.fakes import refusals, tone

pytestmark = pytest.mark.timeout(30)


@pytest.mark.parametrize(("refusal", "code"), refusals())
def test_refused_sessions_say_why(gateway: Gateway, refusal: Exception, code: int) -> None:
    gateway.opener.refusal = refusal
    client = gateway.connect()
    client.say(**START)
    client.drain()
    assert client.texts == [{"type": "error", "code": refusal.code, "message": str(refusal)}]  # type: ignore[attr-defined]
    assert client.close_code == code


def test_a_full_house(gateway: Gateway) -> None:
    gateway.opener.registry.max_sessions = 1
    _, session = gateway.call()
    client = gateway.connect()
    client.say(**START)
    client.drain()
    assert client.texts[0]["code"] == "server_full"
    assert client.close_code == 1013
    session.say("r", 0, "still here", Clip(tone(20), 16000))
    assert session.marks.get(timeout=5) == ("started", "r", 0)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("not json", "not_json"),
        ("[" * 50_000, "not_json"),
        ("null", "bad_message"),
        ('{"type":"hangup"}', "no_start"),
        (SILENCE, "no_start"),
        (json.dumps(START | {"sample_rate": 44100}), "bad_rate"),
        (json.dumps(START | {"sample_rate": "16000"}), "bad_rate"),
        (json.dumps(START | {"format": "mp3"}), "bad_message"),
        (json.dumps(START | {"variables": {"a": 1}}), "bad_message"),
        (json.dumps(START | {"variables": {str(n): "x" for n in range(33)}}), "bad_message"),
        (json.dumps(START | {"bot": "x" * 65}), "bad_message"),
        (json.dumps(START | {"bot": "nobody"}), "unknown_bot"),
    ],
)
def test_a_bad_start_is_refused(gateway: Gateway, first: str | bytes, code: str) -> None:
    client = gateway.connect()
    client.ws.send_binary(first) if isinstance(first, bytes) else client.ws.send(first)
    client.drain()
    assert [message["code"] for message in client.texts] == [code]
    assert client.close_code == 1008
    assert "Traceback" not in json.dumps(client.texts)


def test_no_start_in_time(quick: Gateway) -> None:
    client = quick.connect()
    client.drain()
    assert client.texts[0]["code"] == "no_start"
    assert client.close_code == 1008


def test_a_kernel_that_fails_to_open_tells_nothing_of_it(gateway: Gateway) -> None:
    gateway.opener.refusal = RuntimeError("secret detail")
    client = gateway.connect()
    client.say(**START)
    client.drain()
    assert client.texts[0]["code"] == "server_error"
    assert client.close_code == 1011
    assert "secret" not in json.dumps(client.texts)


# --- nonsense within a session


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\0" * 641, "odd_length"),
        ("{", "not_json"),
        ("[]", "bad_message"),
        ('{"type":"sing"}', "unknown_type"),
        (json.dumps(START), "unknown_type"),
        ('{"type":"dtmf","digit":"55"}', "bad_message"),
        ('{"type":"dtmf","digit":"e"}', "bad_message"),
        ('{"type":"text","text":" "}', "bad_message"),
        (json.dumps({"type": "text", "text": "x" * 2001}), "bad_message"),
        ('{"type":"playback","reply_id":"r","played_ms":-1}', "bad_message"),
    ],
)
def test_nonsense_is_answered_and_the_session_goes_on(
    gateway: Gateway, frame: str | bytes, code: str
) -> None:
    client, session = gateway.call()
    client.ws.send_binary(frame) if isinstance(frame, bytes) else client.ws.send(frame)
    assert client.until("error")["code"] == code
    client.say(type="dtmf", digit="#")
    wait_for(lambda: session.calls == [("dtmf", "#")])


def test_too_much_nonsense_ends_the_session_and_no_other(gateway: Gateway) -> None:
    _, other = gateway.call()
    client, session = gateway.call()
    for _ in range(25):
        client.ws.send_binary(b"\0")
    client.drain()
    assert len([m for m in client.texts if m["type"] == "error"]) == 20
    assert client.close_code == 1008
    assert session.calls == [("hang_up", "error")]
    assert other.calls == []
    assert other.session_id in {live.session_id for live in gateway.opener.registry}


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("fragments", [1, 3])
def test_a_frame_too_large(gateway: Gateway, binary: bool, fragments: int) -> None:
    client, session = gateway.call()
    whole = b"x" * 66_000
    opcode = websocket.ABNF.OPCODE_BINARY if binary else websocket.ABNF.OPCODE_TEXT
    size = len(whole) // fragments
    for n in range(fragments):
        part = whole[n * size : (n + 1) * size]
        frame = websocket.ABNF.create_frame(part, opcode if n == 0 else 0, int(n == fragments - 1))
        client.ws.send_frame(frame)
    client.drain()
    assert client.texts[-1]["code"] == "too_large"
    assert client.close_code == 1009
    assert session.join(5)


def test_the_largest_frame_is_welcome(gateway: Gateway) -> None:
    client, session = gateway.call()
    client.ws.send_binary(bytes(65_536))
    wait_for(lambda: len(session.frames) == 102)


def test_audio_faster_than_speech(gateway: Gateway) -> None:
    client, session = gateway.call()
    for _ in range(150):
        client.ws.send_binary(SILENCE)
    client.drain()
    assert client.texts[-1]["code"] == "too_fast"
    assert client.close_code == 1008
    assert 99 <= len(session.frames) <= 105


def test_a_burst_after_a_stall_is_tolerated(gateway: Gateway) -> None:
    client, session = gateway.call()
    gevent.sleep(1.0)  # the client's network stalls
    for _ in range(145):  # 2.9 s: 1 s late, and not quite 2 s ahead
        client.ws.send_binary(SILENCE)
    wait_for(lambda: len(session.frames) == 145)
    assert session.calls == []


def test_a_flood_of_empty_frames(quick: Gateway) -> None:
    client, session = quick.call()
    frame = websocket.ABNF.create_frame(b"", websocket.ABNF.OPCODE_PING).format()
    client.ws.sock.sendall(frame * 1500)
    client.until("error")
    client.drain()
    assert client.texts[-1]["code"] == "too_fast"
    assert session.join(5)


def test_bytes_that_are_no_websocket(gateway: Gateway) -> None:
    client, session = gateway.call()
    client.ws.sock.sendall(os.urandom(2) + b"GET / HTTP/1.1\r\n\r\n" * 20)
    client.drain()
    assert client.close_code in (1002, 1007, 1008, 1009)
    assert session.join(5)


def test_text_that_is_not_utf8(gateway: Gateway) -> None:
    client, session = gateway.call()
    client.ws.send_frame(websocket.ABNF.create_frame(b"\xff\xfe", websocket.ABNF.OPCODE_TEXT))
    client.drain()
    assert client.texts[-1]["code"] == "bad_frame"
    assert client.close_code == 1007
    assert session.join(5)


def test_a_fault_in_the_session_is_not_shown(gateway: Gateway) -> None:
    client, session = gateway.call()
    session.break_on_typed = True
    client.say(type="text", text="hello")
    client.drain()
    assert client.texts[-1]["code"] == "server_error"
    assert client.close_code == 1011
    assert "secret" not in json.dumps(client.texts)
    assert session.calls == [("hang_up", "error")]
