"""`/ws/audio` over real sockets: a conversation, as good clients hold it."""

from __future__ import annotations

import socket
import struct

import gevent
import pytest

from controller.session.happenings import (
    FinalHeard,
    PartialHeard,
    StateChanged,
    Timings,
    TurnMeasured,
    VoiceHeard,
)
from media.tts.base import Clip
from tests.integration.gateway.client import (
    START,
    Gateway,
    wait_for,
)
from tests.unit.gateway.fakes import tone

pytestmark = pytest.mark.timeout(30)


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
