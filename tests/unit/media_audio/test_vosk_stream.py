"""How a Vosk stream uses its recogniser: one thread at a time, nothing lost, all told once."""

import json
import threading
import time
from collections.abc import Callable, Iterator

import gevent
import pytest

from media.asr.base import Transcript
from media.asr.vosk import VoskStream
from media.pcm import SILENCE
from media.pool import EnginePool, Priority

LIMIT_S = 5.0
CHUNK = 12


class Engine:
    """Says how many frames it was given since the last final; fails when told to."""

    def __init__(self, bench: "Bench") -> None:
        self.bench = bench
        self.frames = 0

    def _alone(self, work: Callable[[], str]) -> str:
        assert self.bench.using.acquire(blocking=False), "two threads on one recogniser"
        try:
            until = time.monotonic() + LIMIT_S
            while not self.bench.gate and time.monotonic() < until:
                time.sleep(0.001)
            if self.bench.failures:
                raise self.bench.failures.pop()
            return work()
        finally:
            self.bench.using.release()

    def AcceptWaveform(self, pcm: bytes) -> int:  # noqa: N802
        def accept() -> str:
            self.frames += len(pcm) // 640
            return ""

        self._alone(accept)
        return int(self.frames >= self.bench.endpoint_frames)

    def _text(self) -> str:
        text = f"{self.frames}" if self.frames else ""
        self.frames = 0
        return json.dumps({"text": text})

    def Result(self) -> str:  # noqa: N802
        return self._alone(self._text)

    def FinalResult(self) -> str:  # noqa: N802
        return self._alone(self._text)

    def PartialResult(self) -> str:  # noqa: N802
        return self._alone(lambda: json.dumps({"partial": f"{self.frames} [unk]"}))


class Bench:
    def __init__(self) -> None:
        self.using = threading.Lock()
        self.gate = True
        self.failures: list[Exception] = []
        self.endpoint_frames = 10**9
        self.made = 0
        self.pool = EnginePool(2)
        self.told: list[Transcript] = []
        self.errors: list[Exception] = []
        self.stream = VoskStream("en", self.pool, self._make, self.told.append, self.errors.append)

    def _make(self) -> Engine:
        self.made += 1
        return Engine(self)

    def feed(self, frames: int) -> None:
        for _ in range(frames):
            self.stream.feed(SILENCE)

    def settle(self) -> None:
        with gevent.Timeout(LIMIT_S):
            gevent.sleep(0.002)
            while self.pool.running or self.pool.waiting:
                gevent.sleep(0.001)
        gevent.sleep(0.002)

    def said(self) -> list[tuple[str, str, int]]:
        return [(each.kind.value, each.text, each.audio_ms) for each in self.told]


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.gate = True
    made.settle()
    made.pool.close()


def test_partials_hypothesis_and_final(bench: Bench) -> None:
    bench.feed(CHUNK)
    bench.settle()
    bench.feed(5)
    bench.stream.hypothesise()
    bench.settle()
    bench.feed(3)
    bench.stream.finalise()
    bench.settle()
    assert bench.said() == [
        ("partial", "12", 240),
        ("hypothesis", "17", 340),
        ("final", "20", 400),
    ]


def test_the_caller_goes_on_and_texts_join(bench: Bench) -> None:
    bench.feed(5)
    bench.stream.finalise()
    bench.settle()
    bench.feed(7)
    bench.stream.finalise()
    bench.settle()
    assert bench.said() == [("final", "5", 100), ("final", "5 7", 240)]


def test_its_own_endpoints_only_settle_text(bench: Bench) -> None:
    bench.endpoint_frames = CHUNK
    bench.feed(CHUNK)
    bench.settle()
    bench.feed(5)
    bench.stream.finalise()
    bench.settle()
    assert bench.said()[-1] == ("final", "12 5", 340)
    assert [kind for kind, _, _ in bench.said()].count("final") == 1


def test_a_final_asked_while_work_runs_is_next_and_never_beside_it(bench: Bench) -> None:
    bench.gate = False
    bench.feed(CHUNK)
    gevent.sleep(0.01)
    bench.feed(8)
    bench.stream.hypothesise()
    bench.stream.finalise()
    bench.stream.finalise()
    gevent.sleep(0.01)
    bench.gate = True
    bench.settle()
    assert bench.errors == []
    assert [each for each in bench.said() if each[0] == "final"] == [("final", "20", 400)]


def test_a_final_replaces_a_partial_that_still_queues(bench: Bench) -> None:
    release = []
    busy = bench.pool.submit(lambda: _until(release), priority=Priority.FINAL)
    bench.feed(CHUNK)  # best effort: not started while only one thread is free
    assert bench.pool.waiting == 1
    bench.stream.finalise()
    with gevent.Timeout(LIMIT_S):
        while not bench.told:
            gevent.sleep(0.001)
    assert bench.said() == [("final", "12", 240)]
    release.append(True)
    bench.settle()
    assert busy
    assert bench.said() == [("final", "12", 240)]


def _until(release: list[bool]) -> None:
    until = time.monotonic() + LIMIT_S
    while not release and time.monotonic() < until:
        time.sleep(0.001)


def test_a_failure_loses_no_audio(bench: Bench) -> None:
    bench.feed(CHUNK)
    bench.settle()
    bench.failures.append(RuntimeError("broken"))
    bench.feed(CHUNK)
    bench.settle()
    assert bench.errors == []
    bench.feed(CHUNK)
    bench.stream.finalise()
    bench.settle()
    assert bench.said()[-1] == ("final", "36", 720)
    assert bench.made == 2


def test_a_final_that_fails_is_told_once(bench: Bench) -> None:
    bench.failures.append(RuntimeError("broken"))
    bench.feed(5)
    bench.stream.finalise()
    bench.settle()
    assert [str(error) for error in bench.errors] == ["broken"]
    bench.stream.finalise()
    bench.settle()
    assert bench.said() == [("final", "5", 100)]
    assert len(bench.errors) == 1


def test_nothing_is_told_after_close(bench: Bench) -> None:
    bench.gate = False
    bench.feed(CHUNK)
    bench.stream.finalise()
    gevent.sleep(0.01)
    bench.stream.close()
    bench.stream.close()
    bench.gate = True
    bench.feed(CHUNK)
    bench.stream.finalise()
    bench.settle()
    assert bench.told == []
    assert bench.errors == []
