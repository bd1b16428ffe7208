"""A phone call's AudioOut: what it says to FreeSWITCH, when, and what it tells the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import gevent
import pytest
from gevent.queue import Queue

from controller.telephony.delivery import Ready
from controller.telephony.esl.errors import EslClosed, EslRefused
from controller.telephony.esl.event import Event
from controller.telephony.playback import PhoneAudioOut, heard_ms
from controller.telephony.spool import Spool, SpoolFailed
from media.tts.base import Clip
from tests.unit.gateway.fakes import tone
from tests.unit.telephony.control_model import FakeControl, event, eventually

pytestmark = pytest.mark.timeout(20)


class Listener:
    """A session's side."""

    def __init__(self) -> None:
        self.marks: Queue[tuple[Any, ...]] = Queue()

    def playback_started(self, reply_id: str, chunk: int) -> None:
        self.marks.put(("started", reply_id, chunk))

    def playback_done(self, reply_id: str, chunk: int) -> None:
        self.marks.put(("done", reply_id, chunk))

    def playback_stopped(self, reply_id: str, chunk: int, played_ms: float) -> None:
        self.marks.put(("stopped", reply_id, chunk, played_ms))

    def next(self) -> tuple[Any, ...]:
        with gevent.Timeout(2, AssertionError("nothing is told")):
            return self.marks.get()


class Tap:
    """A recording."""

    def __init__(self) -> None:
        self.pcm = b""
        self.cuts = 0

    def sent(self, pcm: bytes, rate: int) -> None:
        assert rate == 16_000
        self.pcm += pcm

    def cut(self) -> None:
        self.cuts += 1


class Call:
    """A call that plays, and the events that FreeSWITCH would send."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.control = FakeControl()
        self.out = PhoneAudioOut("u1", self.control, Spool(directory))
        self.listener = Listener()
        self.out.bind(self.listener)
        self.queued: list[str] = []

    def wait_queued(self) -> str:
        """The Event-UUID of the next file that is queued."""
        text = self.control.wait("execute-app-name: playback")
        lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        assert lines["event-lock"] == "true"
        assert Path(lines["execute-app-arg"]).name == f"switchtalk-{lines['Event-UUID']}.r16"
        self.queued.append(lines["execute-app-arg"])
        return lines["Event-UUID"]

    def execute(self, uuid: str) -> None:
        self.out.on_event(event("CHANNEL_EXECUTE", Application="playback", Application_UUID=uuid))
        self.out.on_event(event("PLAYBACK_START"))

    def complete(self, uuid: str, ms: float, how: str = "FILE PLAYED", status: str = "done") -> None:
        self.out.on_event(event("PLAYBACK_STOP", Playback_Status=status))
        self.out.on_event(
            event(
                "CHANNEL_EXECUTE_COMPLETE",
                Application="playback",
                Application_UUID=uuid,
                Application_Response=how,
                Channel_Write_Codec_Rate="8000",
                variable_playback_last_offset_pos=str(int(ms * 8)),
                variable_playback_ms="2048",
            )
        )

    def files(self) -> list[str]:
        return [str(path) for path in self.directory.iterdir()]


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Call]:
    call = Call(tmp_path)
    yield call
    call.out.close()


def clip(ms: int, rate: int = 16_000, last: bool = True) -> Clip:
    return Clip(tone(ms, rate), rate, last)


def test_a_chunk_is_queued_told_and_cleaned_up(call: Call) -> None:
    call.out.play("r", 0, clip(300, rate=22_050))
    uuid = call.wait_queued()
    path = Path(call.queued[0])
    assert 100 <= len(path.read_bytes()) / 32 <= 200
    second = call.wait_queued()
    call.execute(uuid)
    assert call.listener.next() == ("started", "r", 0)
    call.complete(uuid, 200)
    call.execute(second)
    call.complete(second, 100)
    assert call.listener.next() == ("done", "r", 0)
    eventually(lambda: call.files() == [])


def test_long_speech_is_queued_a_few_seconds_ahead(call: Call) -> None:
    call.out.play("r", 0, clip(20_000, rate=24_000))
    eventually(lambda: sum(len(Path(p).read_bytes()) for p in call.files()) / 32 >= 3000)
    gevent.sleep(0.05)
    assert sum(len(Path(p).read_bytes()) for p in call.files()) / 32 <= 5_000
    assert len(call.control.said) <= 6


def test_a_file_leaves_within_milliseconds_and_a_break_too(call: Call) -> None:
    speech, took_ms = clip(2_000, rate=22_050), []
    for number in range(20):
        began = monotonic()
        call.out.play(f"r{number}", 0, speech)
        call.wait_queued()
        took_ms.append((call.control.said_at[-1] - began) * 1000)
        began = monotonic()
        call.out.stop(f"r{number}")
        call.control.wait("uuid_break u1 all")
        took_ms.append((monotonic() - began) * 1000)
    took_ms.sort()
    assert took_ms[int(len(took_ms) * 0.75)] < 5, took_ms


def test_the_hub_is_never_held_long(call: Call) -> None:
    held_ms = []
    speech = clip(30_000, rate=22_050)
    call.out.play("r", 0, speech)
    until = monotonic() + 0.3
    while monotonic() < until:
        began = perf_counter()
        gevent.sleep(0)
        held_ms.append((perf_counter() - began) * 1000)
    held_ms.sort()
    assert held_ms[int(len(held_ms) * 0.98)] < 8


def test_pause_breaks_and_resume_plays_the_rest(call: Call) -> None:
    call.out.play("r", 0, clip(3_000))
    uuid = call.wait_queued()
    call.execute(uuid)
    first = Path(call.queued[0]).read_bytes()
    call.out.pause()
    call.control.wait("uuid_break u1 all")
    call.complete(uuid, 120, status="break")
    eventually(lambda: call.files() == [])
    queued = len(call.control.said)
    call.out.resume()
    call.wait_queued()
    assert len(call.control.said) > queued
    rest = Path(call.queued[-1]).read_bytes()
    assert (first + tone(3_000)[len(first) :])[120 * 32 :].startswith(rest)


def test_stop_tells_what_was_heard_and_the_next_reply_comes_after_the_break(call: Call) -> None:
    call.out.play("r1", 0, clip(3_000))
    uuid = call.wait_queued()
    call.execute(uuid)
    assert call.listener.next() == ("started", "r1", 0)
    call.out.stop("r1")
    call.out.play("r2", 0, clip(200))
    call.control.wait("uuid_break u1 all")
    new = call.wait_queued()
    call.complete(uuid, 140, status="break")
    assert call.listener.next() == ("stopped", "r1", 0, 140.0)
    call.execute(new)
    assert call.listener.next() == ("started", "r2", 0)


def test_a_stop_overtakes_files_that_were_not_queued_yet(call: Call) -> None:
    """FreeSWITCH is slow to answer the first one."""
    go_on = gevent.event.Event()
    call.control.answers = lambda text: str(go_on.wait(2))
    call.out.play("r1", 0, clip(6_000))
    call.wait_queued()
    call.out.stop("r1")
    call.out.play("r2", 0, clip(100))
    go_on.set()
    call.wait_queued()
    assert [text.split()[0] for text in call.control.said] == ["sendmsg", "uuid_break", "sendmsg"]


def test_a_stop_without_an_answer_is_told_soon(call: Call) -> None:
    call.out.play("r1", 0, clip(3_000))
    call.execute(call.wait_queued())
    call.listener.next()
    gevent.sleep(0.1)
    call.out.stop("r1")
    told = call.listener.next()
    assert told[:3] == ("stopped", "r1", 0)
    assert 80 < told[3] < 180


def test_a_full_disk_ends_a_chunk_and_not_the_call(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Spool, name: str, pcm: bytes, ready: Ready) -> None:
        raise SpoolFailed("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Spool, "put", full)
        call.out.play("r", 0, clip(300))
        assert call.listener.next() == ("started", "r", 0)
        assert call.listener.next() == ("done", "r", 0)
    call.out.play("r", 1, clip(300))
    call.execute(call.wait_queued())
    assert call.listener.next() == ("started", "r", 1)


@pytest.mark.parametrize("error", [EslRefused("-ERR invalid session id"), EslClosed("gone")])
def test_what_freeswitch_refuses_does_not_stop_the_sender(call: Call, error: Exception) -> None:
    def refuse(text: str) -> str:
        raise error

    call.control.answers = refuse
    call.out.play("r", 0, clip(200))
    call.wait_queued()
    call.control.answers = lambda text: "+OK"
    call.out.stop("r")
    call.out.play("r2", 0, clip(200))
    call.execute(call.wait_queued())
    eventually(lambda: ("started", "r2", 0) in list(call.listener.marks.queue))


def test_a_recording_hears_what_goes_out(call: Call) -> None:
    tap = Tap()
    call.out.tap(tap)
    call.out.play("r", 0, clip(300))
    first, second = call.wait_queued(), call.wait_queued()
    assert tap.pcm == b""
    call.execute(first)
    gevent.sleep(0.15)
    call.complete(first, 200)
    call.execute(second)
    eventually(lambda: len(tap.pcm) == 300 * 32)
    assert tap.pcm == tone(300)
    call.out.stop("r")
    assert tap.cuts == 1


@pytest.mark.parametrize("paused", [False, True])
def test_replay_queues_anew_what_was_not_heard(call: Call, paused: bool) -> None:
    call.out.play("r", 0, clip(3_000))
    uuid = call.wait_queued()
    call.execute(uuid)
    if paused:
        call.out.pause()
        call.complete(uuid, 120, status="break")
    call.out.replay()
    call.control.wait("uuid_break u1 all")
    call.complete(uuid, 120, status="break")
    queued = len(call.queued)
    if paused:
        gevent.sleep(0.05)
        assert call.files() == []
        call.out.resume()
    call.wait_queued()
    rest = Path(call.queued[queued]).read_bytes()
    assert tone(3_000)[120 * 32 :].startswith(rest)


def test_close_leaves_nothing_and_tells_nothing(call: Call) -> None:
    call.out.play("r", 0, clip(6_000))
    uuid = call.wait_queued()
    call.out.close()
    assert call.files() == []
    said = len(call.control.said)
    call.execute(uuid)
    call.complete(uuid, 200)
    call.out.play("r", 1, clip(100))
    call.out.stop("r")
    gevent.sleep(0.05)
    assert call.listener.marks.empty()
    assert len(call.control.said) == said
    assert call.files() == []


@pytest.mark.parametrize(
    ("pos", "rate", "ms"),
    [
        ("4000", "8000", 500.0),
        ("", "8000", None),
        ("-1", "8000", None),
        ("1", "0", None),
        ("²", "8", None),
    ],
)
def test_heard_ms(pos: str, rate: str, ms: float | None) -> None:
    headers = {"Channel-Write-Codec-Rate": rate, "variable_playback_last_offset_pos": pos}
    assert heard_ms(Event("CHANNEL_EXECUTE_COMPLETE", "", headers)) == ms
