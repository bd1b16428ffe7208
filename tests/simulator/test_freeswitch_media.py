"""What is heard, and when, through the simulated FreeSWITCH."""

from __future__ import annotations

import base64
import json
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import numpy as np
import pytest
from numpy.typing import NDArray
from wsproto import events as ws

from tests.simulator.freeswitch import FakeFreeSwitch, SimPhone
from tests.simulator.freeswitch.peer import Peer, log_in
from tests.simulator.freeswitch.stub_media_server import Ending, StubMediaServer

pytestmark = pytest.mark.alone

FRAME_S = 0.020
LOUD = 500
STREAM = "mod_audio_stream::"


class Ear:
    """What a phone hears, with times."""

    def __init__(self, phone: SimPhone) -> None:
        self.frames: list[bytes] = []
        self.times_s: list[float] = []
        phone.on_audio = self.hear

    def hear(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.times_s.append(time.monotonic())

    @property
    def samples(self) -> NDArray[np.int16]:
        return np.frombuffer(b"".join(self.frames), dtype="<i2")

    @property
    def last_loud_s(self) -> float:
        loud = [at for at, frame in zip(self.times_s, self.frames, strict=True) if is_loud(frame)]
        return loud[-1]


def is_loud(frame: bytes) -> bool:
    return bool(np.abs(np.frombuffer(frame, dtype="<i2").astype(int)).max() > LOUD)


def tone(hz: int, ms: int, rate: int = 8000) -> NDArray[np.int16]:
    return (np.sin(2 * np.pi * hz * np.arange(rate * ms // 1000) / rate) * 8000).astype("<i2")


def pitch(samples: NDArray[np.int16], rate: int = 8000) -> float:
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    return float(np.argmax(spectrum) * rate / len(samples))


def say(phone: SimPhone, samples: NDArray[np.int16]) -> None:
    """In real time."""
    began_s = time.monotonic()
    for n, at in enumerate(range(0, len(samples), 160)):
        gevent.sleep(max(0.0, began_s + n * FRAME_S - time.monotonic()))
        phone.send(samples[at : at + 160].tobytes())


def until(true: Callable[[], bool], limit_s: float = 5.0) -> None:
    with gevent.Timeout(limit_s, TimeoutError("it never came true")):
        while not true():
            gevent.sleep(0.005)


@pytest.fixture
def fs(tmp_path: Path) -> Iterator[FakeFreeSwitch]:
    switch = FakeFreeSwitch(temp_dir=tmp_path)
    switch.start()
    yield switch
    switch.stop()


@pytest.fixture
def console(fs: FakeFreeSwitch) -> Peer:
    return log_in(fs.esl_port, events=f"plain ALL CUSTOM {STREAM}play")


@pytest.fixture
def phone(fs: FakeFreeSwitch) -> SimPhone:
    called = fs.call("9000")
    assert called.answered.wait(2)
    return called


@pytest.mark.parametrize(("ending", "rate"), [("r8", 8000), ("r16", 16000), ("wav", 24000)])
def test_a_tone_is_heard_as_it_is(
    phone: SimPhone, console: Peer, tmp_path: Path, ending: str, rate: int
) -> None:
    file = tmp_path / f"tone.{ending}"
    samples = tone(600, 400, rate)
    if ending == "wav":
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes(samples.tobytes())
    else:
        file.write_bytes(samples.tobytes())
    ear = Ear(phone)
    asked_s = time.monotonic()
    console.play(phone.uuid, file, "tone-1")
    done = console.until(lambda e: e.get("Application-UUID") == "tone-1" and "Application-Response" in e)
    assert done["Application-Response"] == "FILE PLAYED"
    assert len(ear.frames) == 20
    assert pitch(ear.samples) == pytest.approx(600, abs=5)
    assert ear.times_s[0] - asked_s < 0.15


def test_a_queue_of_pieces_has_no_gap(phone: SimPhone, console: Peer, tmp_path: Path) -> None:
    whole = tone(600, 900)
    for n in range(3):
        (tmp_path / f"{n}.r8").write_bytes(whole[n * 2400 : (n + 1) * 2400].tobytes())
    ear = Ear(phone)
    for n in range(3):
        console.play(phone.uuid, tmp_path / f"{n}.r8", f"piece-{n}")
    console.until(lambda e: e.get("Application-UUID") == "piece-2" and "Application-Response" in e)
    assert np.array_equal(ear.samples, whole)
    assert ear.times_s[-1] - ear.times_s[0] == pytest.approx(44 * FRAME_S, abs=0.08)


def test_break_silences_at_once_and_drops_the_queue(
    phone: SimPhone, console: Peer, tmp_path: Path
) -> None:
    (tmp_path / "long.r8").write_bytes(tone(600, 3000).tobytes())
    ear = Ear(phone)
    for name in ("first", "second"):
        console.play(phone.uuid, tmp_path / "long.r8", name)
    until(lambda: len(ear.frames) > 15)
    asked_s = time.monotonic()
    assert console.api(f"uuid_break {phone.uuid} all") == "+OK\n"
    stop = console.until(lambda e: e["Event-Name"] == "PLAYBACK_STOP")
    assert stop["Playback-Status"] == "break"
    gevent.sleep(0.1)
    assert ear.last_loud_s - asked_s < 0.04
    assert int(stop["variable_playback_last_offset_pos"]) == len(ear.samples)
    assert not [s for s in console.of_kind("event") if s["event"].get("Application-UUID") == "second"]


def test_an_offset_skips_what_was_heard(phone: SimPhone, console: Peer, tmp_path: Path) -> None:
    whole = np.concatenate([tone(600, 200), tone(900, 200)])
    (tmp_path / "two.r8").write_bytes(whole.tobytes())
    ear = Ear(phone)
    console.play(phone.uuid, f"{tmp_path}/two.r8@@1600", "rest")
    console.until(lambda e: e.get("Application-UUID") == "rest" and "Application-Response" in e)
    assert np.array_equal(ear.samples, whole[1600:])


def test_nested_playback_is_complained_about(
    fs: FakeFreeSwitch, phone: SimPhone, console: Peer, tmp_path: Path
) -> None:
    (tmp_path / "t.r8").write_bytes(tone(600, 300).tobytes())
    for _ in range(2):
        console.ask(
            f"sendmsg {phone.uuid}\ncall-command: execute\nexecute-app-name: playback\n"
            f"execute-app-arg: {tmp_path}/t.r8"
        )
    until(lambda: len(fs.complaints) == 1)
    assert "nested" in fs.complaints[0]


def test_the_caller_is_heard_at_the_websocket(phone: SimPhone, console: Peer) -> None:
    with StubMediaServer() as server:
        asked_s = time.monotonic()
        url = f"ws://127.0.0.1:{server.port}/x?y=1"
        answer = console.api(f'uuid_audio_stream {phone.uuid} start {url} mono 16k {{"call": "1 2"}}')
        assert answer == "+OK Success\n"
        until(lambda: len(server.frames) >= 2)
        first_s = server.frame_times_s[0] - asked_s
        assert first_s > 0.030
        assert server.frame_times_s[1] - server.frame_times_s[0] < 0.015
        assert not any(is_loud(frame) for frame in server.frames)  # he says nothing: frames all the same
        before = len(server.frames)
        say(phone, tone(700, 600))
        until(lambda: len(server.frames) >= before + 30)
        assert {len(frame) for frame in server.frames} == {640}
        assert server.texts == ['{"call": "1 2"}']
        loud = [frame for frame in server.frames if is_loud(frame)]
        assert pitch(np.frombuffer(b"".join(loud[1:-1]), dtype="<i2"), 16000) == pytest.approx(
            700, abs=15
        )
        assert len(loud) * 20 == pytest.approx(600, abs=60)
        lines = server.request.split(b"\r\n")
        assert lines[0] == b"GET /x?y=1 HTTP/1.1"
        assert lines[1:4] == [
            f"Host:127.0.0.1:{server.port}".encode(), b"Upgrade:websocket", b"Connection:upgrade"
        ]  # fmt: skip
        assert lines[4].startswith(b"Sec-WebSocket-Key:")
        assert lines[5:] == [
            b"Sec-WebSocket-Version:13", f"Origin:http://127.0.0.1:{server.port}".encode(), b"", b""
        ]  # fmt: skip
        console.api(f"uuid_audio_stream {phone.uuid} stop '{{\"bye\": 1}}'")
        until(lambda: bool(server.closes))
        assert server.closes == [(1000, "Normal closure")]
        assert server.texts[-1] == '{"bye": 1}'


def test_sent_audio_becomes_a_file_until_stop(phone: SimPhone, console: Peer, tmp_path: Path) -> None:
    with StubMediaServer() as server:
        console.api(f"uuid_audio_stream {phone.uuid} start ws://127.0.0.1:{server.port}/ mono 16k")
        console.until(lambda e: e.get("Event-Subclass") == f"{STREAM}connect")
        pcm = base64.b64encode(tone(600, 200, 16000).tobytes()).decode()
        data = {"audioDataType": "raw", "sampleRate": 16000, "audioData": pcm, "chunk": 7}
        server.send(ws.TextMessage(json.dumps({"type": "streamAudio", "data": data})))
        event = console.until(lambda e: e.get("Event-Subclass") == f"{STREAM}play")
        told = json.loads(event["_body"])
        assert told["chunk"] == 7
        assert "audioData" not in told
        assert told["file"] == f"{tmp_path}/{phone.uuid}_0.tmp.r16"
        ear = Ear(phone)
        console.play(phone.uuid, told["file"], "sent")
        console.until(lambda e: e.get("Application-UUID") == "sent" and "Application-Response" in e)
        assert pitch(ear.samples) == pytest.approx(600, abs=5)
        console.api(f"uuid_audio_stream {phone.uuid} stop")
        assert not list(tmp_path.glob("*.tmp.*"))


def test_a_bad_audio_message_is_passed_on_as_text(phone: SimPhone, console: Peer) -> None:
    bad = '{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":"16000","audioData":"AAAA"}}'
    with StubMediaServer() as server:
        console.api(f"uuid_audio_stream {phone.uuid} start ws://127.0.0.1:{server.port}/ mono 16k")
        console.until(lambda e: e.get("Event-Subclass") == f"{STREAM}connect")
        server.send(ws.TextMessage(bad))
        assert console.until(lambda e: e.get("Event-Subclass") == f"{STREAM}json")["_body"] == bad


@pytest.mark.parametrize(
    ("ending", "at_least_s"), [(Ending.CLOSE_KEEPS_TCP, 1.2), (Ending.NEVER_ANSWERS_CLOSE, 0.9)]
)
def test_stop_waits_for_a_server_that_closes_badly(
    fs: FakeFreeSwitch, phone: SimPhone, console: Peer, ending: Ending, at_least_s: float
) -> None:
    other = log_in(fs.esl_port)
    with StubMediaServer(ending) as server:
        console.api(f"uuid_audio_stream {phone.uuid} start ws://127.0.0.1:{server.port}/ mono 16k")
        wanted = "disconnect" if ending is Ending.CLOSE_KEEPS_TCP else "connect"
        console.until(lambda e: e.get("Event-Subclass") == STREAM + wanted)
        assert server.sock is not None
        if ending is Ending.CLOSE_KEEPS_TCP:
            gevent.spawn_later(1.3, server.sock.close)
        asked_s = time.monotonic()
        console.api(f"uuid_audio_stream {phone.uuid} stop")
        assert at_least_s < time.monotonic() - asked_s < 2.5
        assert other.until(lambda e: e["Event-Name"] == "MEDIA_BUG_STOP")


def test_bridged_phones_hear_each_other(fs: FakeFreeSwitch, console: Peer) -> None:
    phones = [fs.call("9000"), fs.call("9000")]
    for each in phones:
        assert each.answered.wait(2)
    ears = [Ear(each) for each in phones]
    assert console.api(f"uuid_bridge {phones[0].uuid} {phones[1].uuid}") == f"+OK {phones[1].uuid}\n"
    console.until(lambda e: e["Event-Name"] == "CHANNEL_BRIDGE")
    talkers = [
        gevent.spawn(say, each, tone(hz, 400)) for each, hz in zip(phones, (500, 900), strict=True)
    ]
    gevent.joinall(talkers)
    gevent.sleep(0.08)
    for ear, hz in zip(ears, (900, 500), strict=True):
        heard = b"".join(frame for frame in ear.frames if is_loud(frame))
        assert pitch(np.frombuffer(heard, dtype="<i2")) == pytest.approx(hz, abs=10)
    phones[0].hang_up()
    assert phones[1].ended.wait(1)


def test_a_recording_has_the_caller_left(phone: SimPhone, console: Peer, tmp_path: Path) -> None:
    (tmp_path / "t.r8").write_bytes(tone(900, 400).tobytes())
    file = tmp_path / "call.wav"
    assert console.api(f"uuid_record {phone.uuid} start {file}") == "+OK Success\n"
    console.play(phone.uuid, tmp_path / "t.r8", "t")
    say(phone, tone(500, 400))
    gevent.sleep(0.1)
    assert console.api(f"uuid_record {phone.uuid} stop {file}") == "+OK Success\n"
    with wave.open(str(file)) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, 8000)
        legs = np.frombuffer(recording.readframes(recording.getnframes()), dtype="<i2").reshape(-1, 2)
    assert pitch(legs[:, 0]) == pytest.approx(500, abs=10)
    assert pitch(legs[:, 1]) == pytest.approx(900, abs=10)
