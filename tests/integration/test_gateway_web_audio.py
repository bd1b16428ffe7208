"""`/ws/audio` over real sockets against a fake kernel: good clients, bad ones, and those that vanish."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import gevent
import pytest
import websocket

from controller.gateway.limits import WebLimits
from controller.gateway.server import GatewayServer, create_app, serve
from controller.session.happenings import (
    FinalHeard,
    PartialHeard,
    StateChanged,
    Timings,
    TurnMeasured,
    VoiceHeard,
)
from media.tts.base import Clip
from tests.unit.gateway.fakes import FakeOpener, FakeSession, make_deps, refusals, tone

pytestmark = pytest.mark.timeout(30)
START = {"type": "start", "format": "pcm16", "sample_rate": 16000}
SILENCE = bytes(640)
QUICK = WebLimits(start_s=0.4, silent_s=1.2, ping_s=0.3, send_s=0.5, goodbye_s=0.5)


@dataclass
class Gateway:
    server: GatewayServer
    opener: FakeOpener
    clients: list[Client] = field(default_factory=list)

    def connect(self, query: str = "", **options: Any) -> Client:
        client = Client(f"ws://127.0.0.1:{self.server.port}/ws/audio{query}", **options)
        self.clients.append(client)
        return client

    def call(self, **start: Any) -> tuple[Client, FakeSession]:
        client = self.connect()
        client.say(**{**START, **start})
        client.until("ready")
        return client, self.opener.opened.get(timeout=5)


class Client:
    """A polite client that keeps what it gets, in order: dicts and bytes."""

    def __init__(self, url: str, **options: Any) -> None:
        self.ws = websocket.create_connection(url, timeout=10, **options)
        self.got: list[Any] = []
        self.times: list[float] = []
        self.close_code: int | None = None

    def say(self, **message: Any) -> None:
        self.ws.send(json.dumps(message))

    def receive(self) -> Any:
        """The next message; None when the server closes."""
        opcode, data = self.ws.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.close_code = struct.unpack("!H", data[:2])[0]
            return None
        message = json.loads(data) if opcode == websocket.ABNF.OPCODE_TEXT else bytes(data)
        self.got.append(message)
        self.times.append(monotonic())
        return message

    def until(self, kind: str) -> dict[str, Any]:
        """Read up to a text message of this type."""
        while True:
            message = self.receive()
            assert message is not None, f"closed with {self.close_code} before {kind}: {self.texts}"
            if isinstance(message, dict) and message["type"] == kind:
                return message

    def drain(self) -> None:
        """Read to the close."""
        while self.receive() is not None:
            pass

    @property
    def texts(self) -> list[dict[str, Any]]:
        return [message for message in self.got if isinstance(message, dict)]

    @property
    def audio(self) -> bytes:
        return b"".join(message for message in self.got if isinstance(message, bytes))


def start_gateway(limits: WebLimits) -> Iterator[Gateway]:
    opener = FakeOpener()
    gateway = Gateway(serve(create_app(make_deps(opener, limits=limits)), "127.0.0.1", 0), opener)
    yield gateway
    for session in opener.registry:
        session.hang_up("test over")
    for client in gateway.clients:
        client.ws.shutdown()
    gateway.server.stop(timeout=1)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    yield from start_gateway(WebLimits(goodbye_s=0.5))


@pytest.fixture
def quick() -> Iterator[Gateway]:
    yield from start_gateway(QUICK)


def wait_for(what: Any, timeout_s: float = 5) -> None:
    until = monotonic() + timeout_s
    while not what():
        assert monotonic() < until, "it did not happen in time"
        gevent.sleep(0.01)


# --- a conversation


def test_ready_comes_first_and_says_what_was_agreed(gateway: Gateway) -> None:
    client = gateway.connect("?bot=other")
    client.say(**START | {"sample_rate": 24000, "variables": {"name": "Ann"}})
    ready = client.until("ready")
    session = gateway.opener.opened.get(timeout=5)
    assert client.got[0] is ready or client.got[0] == ready
    assert ready == {
        "type": "ready",
        "session_id": session.session_id,
        "sample_rate": 24000,
        "bot": "other",
    }
    assert session.variables == {"name": "Ann"}
    assert client.until("state") == {"type": "state", "state": "listening"}


def test_the_bot_of_the_start_message_wins(gateway: Gateway) -> None:
    client = gateway.connect("?bot=other")
    client.say(**START, bot="demo")
    assert client.until("ready")["bot"] == "demo"


def test_the_callers_audio_arrives_in_frames_at_16_khz(gateway: Gateway) -> None:
    client, session = gateway.call(sample_rate=48000)
    voice = tone(400, 48000)
    for at in range(0, len(voice), 1000):  # odd pieces
        client.ws.send_binary(voice[at : at + 1000])
    wait_for(lambda: len(session.frames) >= 19)
    assert {len(frame) for frame in session.frames} == {640}


def test_words_go_ahead_of_their_sound_and_the_sound_arrives_whole(gateway: Gateway) -> None:
    client, session = gateway.call()
    first, second = tone(300), tone(110, hz=300)
    session.say("r1", 0, "Hello.", Clip(first[:5000], 16000, last=False), Clip(first[5000:], 16000))
    session.say("r1", 1, "How are you?", Clip(second, 16000))
    for expected in [("started", 0), ("done", 0), ("started", 1), ("done", 1)]:
        mark = session.marks.get(timeout=5)
        if mark[0] == "started" and mark[2] == 1 and expected == ("done", 0):
            continue  # sent ahead
    session.end("goodbye")
    client.drain()
    assert client.audio == first + second
    kinds = [m["type"] + m.get("text", "") if isinstance(m, dict) else "audio" for m in client.got]
    assert kinds.index("replyHello.") < kinds.index("audio")
    before_second = client.got[: kinds.index("replyHow are you?")]
    assert b"".join(m for m in before_second if isinstance(m, bytes)) == first
    assert client.texts[-1] == {"type": "end", "reason": "goodbye"}
    assert client.close_code == 1000


def test_audio_is_paced(gateway: Gateway) -> None:
    client, session = gateway.call()
    session.say("r1", 0, "long", Clip(tone(1200), 16000))
    sent = 0.0
    began = None
    while sent < 1200:
        message = client.receive()
        if isinstance(message, bytes):
            began = client.times[-1] if began is None else began
            sent += len(message) / 32
            ahead = sent - (client.times[-1] - began) * 1000
            assert ahead <= 200 + 20, f"{ahead:.0f} ms ahead of real time"
    assert client.times[-1] - began >= 1.0


def test_a_clip_of_another_rate_keeps_its_length(gateway: Gateway) -> None:
    client, session = gateway.call(sample_rate=8000)
    voice = tone(500, 22050)
    session.say(
        "r",
        0,
        "x",
        *(Clip(voice[at : at + 4410], 22050, last=False) for at in range(0, len(voice), 4410)),
    )
    session.say("r", 0, "x", Clip(b"", 22050, last=True))
    wait_for(lambda: ("done", "r", 0) in list(session.marks.queue))
    session.end("goodbye")
    client.drain()
    assert len(client.audio) / 16 == pytest.approx(500, abs=2)


def test_barge_in_clears_and_nothing_of_the_dropped_audio_follows(gateway: Gateway) -> None:
    client, session = gateway.call()
    session.say("r1", 0, "old", Clip(b"\x01\x11" * 16000 * 2, 16000))
    while not client.audio:
        client.receive()
    session.audio_out.stop("r1")
    session.say("r2", 0, "new", Clip(b"\x02\x22" * 1600, 16000))
    assert session.marks.get(timeout=5) == ("started", "r1", 0)
    stopped = session.marks.get(timeout=5)
    assert stopped[:3] in (("stopped", "r1", 0), ("stopped", "r1", -1))
    wait_for(lambda: ("done", "r2", 0) in list(session.marks.queue))
    session.end("goodbye")
    client.drain()
    at = client.got.index({"type": "clear", "reply_id": "r1"})
    before = b"".join(m for m in client.got[:at] if isinstance(m, bytes))
    after = b"".join(m for m in client.got[at:] if isinstance(m, bytes))
    assert set(before[::2]) == {1}
    assert after == b"\x02\x22" * 1600


def test_pause_clears_and_resume_plays_on_without_a_loss(gateway: Gateway) -> None:
    client, session = gateway.call()
    voice = struct.pack("<16000h", *range(16000))
    session.say("r1", 0, "one", Clip(voice, 16000))
    while len(client.audio) < 9600:  # 300 ms
        client.receive()
    session.audio_out.pause()
    client.until("clear")
    at = len(client.got)
    with gevent.Timeout(0.3, False):
        client.receive()
    assert all(not isinstance(m, bytes) for m in client.got[at:]), "audio while paused"
    session.audio_out.resume()
    wait_for(lambda: ("done", "r1", 0) in list(session.marks.queue))
    session.end("goodbye")
    client.drain()
    cut = client.got.index({"type": "clear", "reply_id": "r1"})
    before = b"".join(m for m in client.got[:cut] if isinstance(m, bytes))
    after = b"".join(m for m in client.got[cut:] if isinstance(m, bytes))
    assert voice.startswith(before)
    assert voice.endswith(after)
    again_ms = (len(before) + len(after) - len(voice)) / 32
    assert 0 < again_ms <= 120, "what was sent and not heard is sent again, and no more"
    assert [m["text"] for m in client.texts if m["type"] == "reply"] == ["one"]


def test_news_becomes_messages(gateway: Gateway) -> None:
    client, session = gateway.call()
    session.publish(VoiceHeard("speech_start", 120))
    session.publish(PartialHeard("Hel"))
    session.publish(FinalHeard(1, "你好"))
    session.publish(StateChanged("thinking"))
    session.publish(TurnMeasured(1, Timings(endpoint_ms=300.04, response_ms=412.34)))
    metrics = client.until("metrics")
    assert (metrics["endpoint_ms"], metrics["response_ms"], metrics["asr_final_ms"]) == (
        300.0,
        412.3,
        None,
    )
    told = [m for m in client.texts if m["type"] in ("vad", "partial", "final")]
    assert told == [
        {"type": "vad", "event": "speech_start", "at_ms": 120},
        {"type": "partial", "text": "Hel"},
        {"type": "final", "turn": 1, "text": "你好", "by": "speech"},
    ]


def test_keys_text_and_hangup_reach_the_session(gateway: Gateway) -> None:
    client, session = gateway.call()
    client.say(type="dtmf", digit="5")
    client.say(type="text", text="hello", new_field=1)
    client.say(type="playback", reply_id="nobody", played_ms=3)
    client.say(type="hangup")
    client.drain()
    assert session.calls == [("dtmf", "5"), ("typed", "hello"), ("hang_up", "hangup")]
    assert client.texts[-1] == {"type": "end", "reason": "hangup"}
    assert client.close_code == 1000


def test_a_session_that_takes_its_time_still_has_the_last_word(gateway: Gateway) -> None:
    client, session = gateway.call()
    session.last_word_takes_s = 0.3
    client.say(type="hangup")
    client.drain()
    assert client.texts[-1] == {"type": "end", "reason": "hangup"}
    assert client.close_code == 1000


def test_a_client_that_closes_hangs_up(gateway: Gateway) -> None:
    client, session = gateway.call()
    client.ws.close()
    assert session.join(5)
    assert session.calls == [("hang_up", "hangup")]
    wait_for(lambda: len(gateway.opener.registry) == 0)


def test_a_client_torn_away_is_media_lost(gateway: Gateway) -> None:
    client, session = gateway.call()
    client.ws.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.ws.sock.close()
    assert session.join(5)
    assert session.calls == [("hang_up", "media_lost")]


# --- refused


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


# --- clients that stall


def test_a_client_without_audio_is_ended(quick: Gateway) -> None:
    client, session = quick.call()
    client.drain()  # answers pings
    assert session.calls == [("hang_up", "media_lost")]
    assert client.texts[-1] == {"type": "end", "reason": "media_lost"}
    assert client.close_code == 1000


def test_a_client_that_vanishes_is_noticed_by_its_missing_pong(quick: Gateway) -> None:
    began = monotonic()
    _, session = quick.call()  # never reads again: no pong
    assert session.join(5)
    assert monotonic() - began < 1.0, "sooner than the limit for silence"
    assert session.calls == [("hang_up", "media_lost")]


def test_a_client_that_stops_reading_is_lost(quick: Gateway) -> None:
    client, session = quick.call()
    speaking = gevent.spawn(keep_speaking, client)
    session.say("r", 0, "x", Clip(tone(100), 16000))
    for n in range(400):
        session.publish(PartialHeard("never read " * 200 + str(n)))
    assert session.join(8)
    assert session.calls == [("hang_up", "media_lost")]
    speaking.kill()


def keep_speaking(client: Client) -> None:
    while True:
        try:
            client.ws.send_binary(SILENCE)
        except (OSError, websocket.WebSocketException):
            return
        gevent.sleep(0.02)


def test_a_compressing_client_is_served_without(gateway: Gateway) -> None:
    client = gateway.connect(
        header={"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    )
    assert "sec-websocket-extensions" not in {name.lower() for name in client.ws.getheaders()}
    client.say(**START)
    client.until("ready")


def test_the_server_stops_with_a_goodbye(gateway: Gateway) -> None:
    client, session = gateway.call()
    gateway.server.stop(timeout=0.1)
    client.drain()
    assert session.join(5)
    assert client.close_code in (1000, 1001)


def test_ten_sessions_at_once_hear_all_of_it(gateway: Gateway) -> None:
    calls = [gateway.call() for _ in range(10)]
    voices = [tone(600, hz=200 + 50 * n) for n in range(10)]

    def talk(n: int) -> None:
        client, session = calls[n]
        session.say("r", 0, "x", Clip(voices[n], 16000))
        for _ in range(30):
            client.ws.send_binary(SILENCE)
        wait_for(lambda: ("done", "r", 0) in list(session.marks.queue) and len(session.frames) == 30)
        session.end("goodbye")
        client.drain()

    gevent.joinall([gevent.spawn(talk, n) for n in range(10)], raise_error=True, timeout=20)
    assert [client.audio for client, _ in calls] == voices
