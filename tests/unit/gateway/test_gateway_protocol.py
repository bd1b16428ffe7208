"""The web audio protocol without a socket: words in and out, limits, the audio ports."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import gevent
import numpy as np
import pytest
from gevent.event import Event
from hypothesis import given
from hypothesis import strategies as st

from controller.gateway import notices, web_ports
from controller.gateway.limits import Beat, Heartbeat, WebLimits, audio_bucket
from controller.gateway.messages import (
    CloseCode,
    Dtmf,
    ProtocolError,
    Start,
    check_audio,
    parse_start,
    parse_text,
)
from controller.gateway.web_ports import KernelStuck, WebAudioIn, WebAudioOut
from controller.session.happenings import ChunkSpoken, SessionEnded, SessionStarted, ToolRan, Trouble
from controller.session.ports import ToolCall, ToolOutcome
from media.clip_feed import ClipFeed
from media.resample import resample
from media.tts.base import Clip
from tests.unit.gateway.fakes import tone

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
typed_objects = st.fixed_dictionaries(
    {"type": st.sampled_from(["start", "dtmf", "text", "playback", "hangup", "x"])},
    optional=dict.fromkeys(
        ("digit", "text", "reply_id", "played_ms", "sample_rate", "format", "bot", "variables"),
        json_values,
    ),
)
frames = st.text(max_size=200) | (json_values | typed_objects).map(json.dumps)


@given(frames)
def test_whatever_comes_is_a_message_or_a_protocol_error(frame: str) -> None:
    within, at_start = fault_of(parse_text, frame), fault_of(parse_start, frame)
    assert within is None or (within.code and within.message and within.close is None)
    assert at_start is None or (at_start.code and at_start.message and at_start.close)


def fault_of(parse: Callable[[str], Any], frame: str) -> ProtocolError | None:
    """The protocol error of a frame; anything else that is raised fails the test."""
    try:
        parse(frame)
    except ProtocolError as error:
        return error
    return None


def test_errors_do_not_repeat_what_was_sent() -> None:
    with pytest.raises(ProtocolError) as error:
        parse_text(json.dumps({"type": "dtmf", "digit": "<script>"}))
    assert "<script>" not in error.value.message


def test_start_and_fields_of_the_future() -> None:
    start = parse_start('{"type":"start","format":"pcm16","sample_rate":8000,"future":[1]}')
    assert start == Start(type="start", format="pcm16", sample_rate=8000)
    assert parse_text('{"type":"dtmf","digit":"*","at":1}') == Dtmf(type="dtmf", digit="*")


@pytest.mark.parametrize("digit", [*"0123456789*#ABCD"])
def test_every_key(digit: str) -> None:
    assert parse_text(json.dumps({"type": "dtmf", "digit": digit})) == Dtmf(type="dtmf", digit=digit)


@pytest.mark.parametrize("digit", ["", "a", "E", "55", "5\n", "５", " 5"])
def test_no_key(digit: str) -> None:
    with pytest.raises(ProtocolError):
        parse_text(json.dumps({"type": "dtmf", "digit": digit}))


def test_odd_audio_is_not_fatal() -> None:
    assert check_audio(b"") == b""
    with pytest.raises(ProtocolError) as error:
        check_audio(b"abc")
    assert (error.value.code, error.value.close) == ("odd_length", None)


def test_tools_are_told_with_their_result_or_their_failure() -> None:
    call = ToolCall("c1", "lookup", {"q": "x"})
    good = notices.notice(ToolRan(2, ToolOutcome(call, ok=True, data={"when": datetime(2026, 1, 1)}), 5))
    assert json.loads(good or "") == {
        "type": "tool", "turn": 2, "name": "lookup", "ok": True,
        "result": {"when": "2026-01-01 00:00:00"},
    }  # fmt: skip
    bad = notices.notice(ToolRan(2, ToolOutcome(call, ok=False, code="timeout", say="Later."), 5))
    assert json.loads(bad or "")["result"] == {"code": "timeout", "say": "Later.", "retryable": False}


def test_other_news() -> None:
    spoken = notices.notice(ChunkSpoken(1, "r", "你好", ("source",)))
    assert json.loads(spoken or "") == {
        "type": "reply", "turn": 1, "reply_id": "r", "text": "你好", "citations": ["source"],
    }  # fmt: skip
    assert json.loads(notices.notice(Trouble("llm", "down")) or "")["type"] == "error"
    assert notices.notice(SessionStarted("web", "demo", "en")) is None


def test_the_bucket_allows_a_lead_and_catching_up_but_no_hoard() -> None:
    bucket = audio_bucket(16_000, WebLimits(ahead_s=3, silent_s=10), now=0.0)
    second = 32_000
    assert bucket.take(3 * second, 0.0)
    assert not bucket.take(2, 0.0)
    assert bucket.take(1 * second, 1.1)
    assert bucket.take(13 * second, 1000.0)
    assert not bucket.take(second, 1000.0)


def test_heartbeat() -> None:
    heart = Heartbeat(5.0, now=0.0)
    assert heart.check(4.9) is Beat.WAIT
    assert heart.check(5.0) is Beat.PING
    assert heart.check(9.0) is Beat.WAIT
    heart.heard(9.5)
    assert heart.check(10.0) is Beat.WAIT
    assert heart.check(14.5) is Beat.PING
    assert heart.check(19.5) is Beat.GONE


# --- the audio ports


class Sink:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, message: str | bytes) -> None:
        self.sent.append(json.loads(message) if isinstance(message, str) else message)


class Ear:
    """A PlaybackListener that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def playback_started(self, reply_id: str, chunk: int) -> None:
        self.told.append(("started", chunk))

    def playback_done(self, reply_id: str, chunk: int) -> None:
        self.told.append(("done", chunk))

    def playback_stopped(self, reply_id: str, chunk: int, played_ms: float) -> None:
        self.told.append(("stopped", chunk, round(played_ms)))


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_input_becomes_16_khz_frames(rate: int) -> None:
    ear = WebAudioIn(rate)
    voice = tone(400, rate)
    for at in range(0, len(voice), 514):
        ear.feed(voice[at : at + 514])
    ear.close()
    heard = list(ear.frames())
    assert 19 <= len(heard) <= 20
    assert {len(frame) for frame in heard} == {640}


def test_a_kernel_that_takes_no_audio_is_noticed() -> None:
    ear = WebAudioIn(16_000)
    ear.feed(bytes(20 * 32_000 + 640))
    with pytest.raises(KernelStuck):
        ear.feed(bytes(640))


def wait_for(what: Callable[[], bool]) -> None:
    with gevent.Timeout(5):
        while not what():
            gevent.sleep(0.005)


def run_out(out: WebAudioOut, sink: Sink) -> gevent.Greenlet:
    return gevent.spawn(out.run, sink)


def test_a_stop_while_a_send_blocks_drops_the_rest() -> None:
    """The sender hangs in a full socket with more frames due; the caller barges in."""
    hanging, gate = Event(), Event()

    class Stuck(Sink):
        def send(self, message: str | bytes) -> None:
            if isinstance(message, bytes):
                hanging.set()
                gate.wait()
            super().send(message)

    sink, ear, out = Stuck(), Ear(), WebAudioOut(16_000)
    out.bind(ear)
    sender = run_out(out, sink)
    out.play("r1", 0, Clip(b"\1\1" * 8000, 16_000))
    assert hanging.wait(5)
    out.stop("r1")
    out.play("r2", 0, Clip(b"\2\2" * 320, 16_000))
    gate.set()
    wait_for(lambda: ear.told[-1] == ("done", 0))
    out.close()
    sender.get(timeout=2)
    clear = sink.sent.index({"type": "clear", "reply_id": "r1"})
    assert [set(m) for m in sink.sent[:clear]] == [{1}], "the frame that was already on its way"
    assert [set(m) for m in sink.sent[clear + 1 :]] == [{2}]
    assert [mark[0] for mark in ear.told] == ["started", "stopped", "started", "done"]


def test_a_stop_told_in_playback_started_drops_that_very_frame() -> None:
    sink, out = Sink(), WebAudioOut(16_000)

    class Hasty(Ear):
        def playback_started(self, reply_id: str, chunk: int) -> None:
            gevent.spawn(out.stop, reply_id)

    out.bind(Hasty())
    sender = run_out(out, sink)
    out.play("r", 0, Clip(tone(500), 16_000))
    wait_for(lambda: bool(sink.sent))
    out.close()
    sender.get(timeout=2)
    assert sink.sent == [{"type": "clear", "reply_id": "r"}]


def test_nothing_is_played_after_close_and_the_end_is_the_last_word() -> None:
    sink, out = Sink(), WebAudioOut(16_000)
    out.bind(Ear())
    out.begin("{}")
    out.play("r", 0, Clip(tone(500), 16_000))
    out.watch("s", SessionEnded("hangup", 1.0))
    out.play("r", 1, Clip(tone(500), 16_000))
    out.post(notices.error("x", "too late"))
    out.run(sink)
    assert sink.sent == [{}, {"type": "end", "reason": "hangup"}]
    assert out.close_code is CloseCode.NORMAL


def test_a_client_that_takes_no_news_is_given_up() -> None:
    out = WebAudioOut(16_000)
    for _ in range(501):
        out.post("{}")
    with pytest.raises(BufferError):
        out.run(Sink())


def test_pause_without_audio_says_nothing() -> None:
    sink, out = Sink(), WebAudioOut(16_000)
    out.pause()
    out.resume()
    out.close()
    out.run(sink)
    assert sink.sent == []


def test_the_tap_hears_what_goes_out_and_what_was_cut() -> None:
    class Tape:
        heard = b""
        cuts = 0

        def sent(self, pcm: bytes, rate: int) -> None:
            assert rate == 8000
            self.heard += pcm

        def cut(self) -> None:
            self.cuts += 1

    sink, tape, out = Sink(), Tape(), WebAudioOut(8000)
    out.tap(tape)
    sender = run_out(out, sink)
    out.play("r", 0, Clip(tone(500, 8000), 8000))
    wait_for(lambda: len(sink.sent) >= 5)
    out.pause()
    out.stop("r")
    out.close()
    sender.get(timeout=2)
    assert tape.heard == b"".join(message for message in sink.sent if isinstance(message, bytes))
    assert tape.cuts == 2


def joined(feed: ClipFeed) -> tuple[bytes, int, int]:
    """All of a feed: audio, pieces, and the longest piece in bytes."""
    pieces = list(iter(feed.next, None))
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    return b"".join(piece.pcm for piece in pieces), len(pieces), max(len(p.pcm) for p in pieces)


def test_a_long_clip_is_resampled_in_steps_without_a_seam() -> None:
    voice = tone(3000, 22050)
    feed = ClipFeed(48_000)
    feed.add("r", 0, Clip(voice[:50_000], 22050, last=False))
    feed.add("r", 0, Clip(voice[50_000:], 22050))
    assert feed.waiting_ms == pytest.approx(3000)
    pcm, pieces, longest = joined(feed)
    assert pieces >= 15
    assert longest <= 48 * 2 * 400
    whole = np.frombuffer(resample(voice, 22050, 48_000), "<i2").astype(int)
    made = np.frombuffer(pcm, "<i2").astype(int)
    assert abs(len(made) - len(whole)) <= 2
    least = min(len(made), len(whole))
    assert np.abs(made[:least] - whole[:least]).max() <= 2, "as if it had been resampled at once"
    assert feed.waiting_ms == pytest.approx(0, abs=0.01)


def test_a_stop_right_after_play_is_told() -> None:
    ear, out = Ear(), WebAudioOut(8000)
    out.bind(ear)
    out.play("r", 0, Clip(tone(20, 22050), 22050, last=False))
    out.stop("r")
    assert ear.told == [("stopped", -1, 0)]


def test_too_much_audio_is_dropped_and_the_chunk_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_ports, "MAX_WAITING_AUDIO_MS", 100)
    sink, ear, out = Sink(), Ear(), WebAudioOut(8000)
    out.bind(ear)
    out.play("r", 0, Clip(tone(800, 8000), 8000))
    out.play("r", 1, Clip(tone(800, 8000), 8000))
    sender = run_out(out, sink)
    wait_for(lambda: ("done", 1) in ear.told)
    out.close()
    sender.get(timeout=2)
    assert b"".join(sink.sent) == tone(800, 8000)
    assert sorted(ear.told) == [("done", 0), ("done", 1), ("started", 0), ("started", 1)]
