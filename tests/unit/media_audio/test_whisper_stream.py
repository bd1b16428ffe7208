"""When a Whisper stream decodes, what it reuses and what it tells, with a stand-in engine."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import gevent
import gevent.event
import pytest

from media.asr.base import Transcript, TranscriptKind
from media.asr.errors import UnsupportedLanguage
from media.asr.whisper import FIRST_PARTIAL_MS, PARTIAL_EVERY_MS, WhisperRecogniser, WhisperStream
from media.asr.whisper_engine import SKETCH_WINDOW_S, WINDOW_S, Decoded
from media.pcm import SILENCE
from media.pool import EnginePool, PoolFull, Priority
from tests.unit.media_audio.speech import noise, to_pcm

LIMIT_S = 5.0
VOICE = to_pcm(noise(-20, 20))


class Engine:
    """Says how many 20 ms frames of voice it was given; waits for `gate` when one is set."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.windows_s: list[float] = []
        self.gate = True
        self.error: Exception | None = None
        self.settle_bytes = 0

    def transcribe(self, pcm: bytes, window_s: float = WINDOW_S) -> Decoded:
        voiced = pcm.count(VOICE)
        self.calls.append(voiced)
        self.windows_s.append(window_s)
        until = time.monotonic() + LIMIT_S
        while not self.gate and time.monotonic() < until:
            time.sleep(0.001)
        if self.error:
            raise self.error
        settled = min(self.settle_bytes, len(pcm) // 640 * 640)
        self.settle_bytes = 0
        return Decoded(f"{voiced}", "begun" if settled else "", settled)


class Bench:
    """A recogniser on a real pool, one stream, and what it told."""

    def __init__(self) -> None:
        self.engines: list[Engine] = []
        self.pool = EnginePool(2, max_waiting=4)
        self.recogniser = WhisperRecogniser("en", self.pool, Path("unused"), build=self._build)
        self.told: list[Transcript] = []
        self.errors: list[Exception] = []
        self.engine_made: Callable[[Engine], None] = lambda engine: None
        self.stream = self.open()

    def _build(self) -> Engine:
        self.engines.append(Engine())
        self.engine_made(self.engines[-1])
        return self.engines[-1]

    @property
    def engine(self) -> Engine:
        if not self.engines:
            self.pool.run(self.recogniser.warm_up)
            self.engines[-1].calls.clear()
        return self.engines[-1]

    def open(self) -> WhisperStream:
        return self.recogniser.open(self.told.append, self.errors.append)

    def feed(self, voice: int = 0, silence: int = 0) -> None:
        for frame in [VOICE] * voice + [SILENCE] * silence:
            self.stream.feed(frame)

    def until(self, true: Callable[[], object]) -> None:
        with gevent.Timeout(LIMIT_S):
            while not true():
                gevent.sleep(0.001)

    def settle(self) -> None:
        """Everything that is queued, running or posted has happened."""
        self.until(lambda: not self.pool.running and not self.pool.waiting)
        for _ in range(3):
            gevent.sleep(0.002)

    def kinds(self) -> list[str]:
        return [each.kind.value for each in self.told]


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    assert made.engine.calls == []
    yield made
    for engine in made.engines:
        engine.gate = True
    made.settle()
    made.pool.close()


def test_a_hypothesis_that_stands_is_the_final_text_for_free(bench: Bench) -> None:
    bench.feed(voice=15, silence=6)
    bench.stream.hypothesise()
    bench.settle()
    bench.feed(silence=9)
    bench.stream.finalise()
    assert bench.kinds() == ["hypothesis"]  # never called back inside the call
    bench.settle()
    assert bench.kinds() == ["hypothesis", "final"]
    assert bench.engine.calls == [15]
    assert [each.text for each in bench.told] == ["15", "15"]
    assert bench.told[-1].audio_ms == 21 * 20


def test_a_hypothesis_under_way_becomes_the_final_text(bench: Bench) -> None:
    bench.engine.gate = False
    bench.feed(voice=15, silence=6)
    bench.stream.hypothesise()
    bench.until(lambda: bench.engine.calls)
    bench.feed(silence=9)
    bench.stream.finalise()
    bench.engine.gate = True
    bench.settle()
    assert bench.kinds() == ["final"]
    assert bench.engine.calls == [15]


def test_going_on_makes_a_new_decode_of_the_whole(bench: Bench) -> None:
    bench.feed(voice=15, silence=6)
    bench.stream.hypothesise()
    bench.settle()
    bench.feed(voice=10, silence=6)
    bench.stream.finalise()
    bench.settle()
    assert [(each.kind.value, each.text) for each in bench.told] == [
        ("hypothesis", "15"),
        ("final", "25"),
    ]


def test_going_on_while_decoding_drops_that_decode(bench: Bench) -> None:
    bench.engine.gate = False
    bench.feed(voice=15, silence=6)
    bench.stream.hypothesise()
    bench.until(lambda: bench.engine.calls)
    bench.feed(voice=10, silence=6)
    bench.stream.finalise()
    bench.until(lambda: len(bench.engine.calls) == 2)
    bench.engine.gate = True
    bench.settle()
    assert [(each.kind.value, each.text) for each in bench.told] == [("final", "25")]


def test_the_stream_goes_on_after_a_final(bench: Bench) -> None:
    bench.feed(voice=15, silence=6)
    bench.stream.finalise()
    bench.settle()
    bench.feed(voice=5, silence=6)
    bench.stream.finalise()
    bench.settle()
    assert [each.text for each in bench.told] == ["15", "20"]
    assert bench.kinds() == ["final", "final"]


def test_asking_twice_is_one_question(bench: Bench) -> None:
    bench.engine.gate = False
    bench.feed(voice=15, silence=6)
    bench.stream.finalise()
    bench.stream.finalise()
    bench.engine.gate = True
    bench.settle()
    assert bench.kinds() == ["final"]


def test_partials_come_at_their_pace(bench: Bench) -> None:
    for _ in range(200):  # four seconds, a frame at a time
        bench.feed(voice=1)
        bench.settle()
    ends = [each.audio_ms for each in bench.told]
    assert set(bench.kinds()) == {"partial"}
    assert ends[0] == FIRST_PARTIAL_MS
    assert all(later - earlier >= PARTIAL_EVERY_MS for earlier, later in pairwise(ends))
    assert len(ends) >= 3


def test_no_partials_of_silence_or_on_a_busy_pool(bench: Bench) -> None:
    bench.feed(silence=100)
    bench.settle()
    assert bench.engine.calls == []
    gate = gevent.event.Event()
    blockers = [bench.pool.submit(lambda: _wait(gate), priority=Priority.FINAL) for _ in range(2)]
    bench.feed(voice=100)
    assert bench.pool.waiting == 0
    gate.set()
    bench.settle()
    assert bench.engine.calls == []
    assert blockers


def _wait(gate: gevent.event.Event) -> None:
    until = time.monotonic() + LIMIT_S
    while not gate.is_set() and time.monotonic() < until:
        time.sleep(0.001)


def test_a_final_never_rests_on_a_partial(bench: Bench) -> None:
    bench.feed(voice=FIRST_PARTIAL_MS // 20)
    bench.settle()
    bench.feed(silence=6)
    bench.stream.finalise()
    bench.settle()
    assert bench.kinds() == ["partial", "final"]
    assert bench.engine.windows_s[-2:] == [SKETCH_WINDOW_S, WINDOW_S]


def test_a_partial_under_way_gives_way_to_the_hypothesis(bench: Bench) -> None:
    bench.engine.gate = False
    bench.feed(voice=FIRST_PARTIAL_MS // 20)
    bench.until(lambda: bench.engine.calls)
    bench.feed(silence=6)
    bench.stream.hypothesise()
    bench.until(lambda: len(bench.engine.calls) == 2)
    bench.engine.gate = True
    bench.settle()
    assert bench.kinds() == ["hypothesis"]


def test_no_partial_while_the_caller_falls_silent(bench: Bench) -> None:
    bench.feed(voice=FIRST_PARTIAL_MS // 20 - 3, silence=6)
    bench.settle()
    assert bench.engine.calls == []
    bench.feed(voice=1)
    bench.settle()
    assert bench.kinds() == ["partial"]


def test_at_most_one_partial_is_under_way(bench: Bench) -> None:
    bench.engine.gate = False
    bench.feed(voice=FIRST_PARTIAL_MS // 20)
    bench.until(lambda: bench.engine.calls)
    bench.feed(voice=200)
    gevent.sleep(0.01)
    assert len(bench.engine.calls) == 1
    assert bench.pool.waiting == 0


def test_nothing_is_told_after_close(bench: Bench) -> None:
    bench.engine.gate = False
    bench.feed(voice=15, silence=6)
    bench.stream.finalise()
    bench.until(lambda: bench.engine.calls)
    bench.stream.close()
    bench.stream.close()
    bench.engine.gate = True
    bench.feed(voice=50)
    bench.stream.finalise()
    bench.settle()
    assert bench.told == []
    assert bench.errors == []


def test_a_close_between_finalise_and_its_free_answer_is_kept(bench: Bench) -> None:
    bench.feed(voice=15, silence=6)
    bench.stream.hypothesise()
    bench.settle()
    bench.stream.finalise()
    bench.stream.close()
    bench.settle()
    assert bench.kinds() == ["hypothesis"]


def test_settled_audio_is_never_decoded_again(bench: Bench) -> None:
    bench.engine.settle_bytes = 10 * 640
    bench.feed(voice=15, silence=6)
    bench.stream.hypothesise()
    bench.settle()
    bench.feed(voice=5, silence=6)
    bench.stream.finalise()
    bench.settle()
    assert [each.text for each in bench.told] == ["begun 15", "begun 10"]
    assert bench.told[-1].audio_ms == 32 * 20


def test_an_engine_that_fails_is_told_once_and_rebuilt(bench: Bench) -> None:
    broken, others = bench.engine, []
    other = bench.recogniser.open(others.append, bench.errors.append)
    broken.error = RuntimeError("broken")
    bench.feed(voice=15, silence=6)
    bench.stream.finalise()
    bench.settle()
    assert [str(error) for error in bench.errors] == ["broken"]
    assert bench.told == []
    for _ in range(20):
        other.feed(VOICE)
    other.finalise()
    bench.stream.finalise()
    bench.settle()
    assert len(bench.engines) == 2
    assert [each.text for each in others] == ["20"]
    assert [each.text for each in bench.told] == ["15"]
    assert len(bench.errors) == 1


def test_a_failed_hypothesis_is_healed_by_finalise(bench: Bench) -> None:
    bench.engine.error = RuntimeError("broken")
    bench.feed(voice=15, silence=6)
    bench.stream.hypothesise()
    bench.settle()
    bench.stream.finalise()
    bench.settle()
    assert bench.kinds() == ["final"]
    assert bench.errors == []


def test_an_engine_that_keeps_failing_is_not_hammered(bench: Bench) -> None:
    def broken(engine: Engine) -> None:
        engine.error = RuntimeError("broken")

    bench.engine_made = broken
    bench.engine.error = RuntimeError("broken")
    for _ in range(100):
        bench.feed(voice=1)
        bench.settle()
    assert len(bench.engines) <= 3
    bench.stream.finalise()
    bench.settle()
    assert len(bench.errors) == 1


def test_an_overloaded_pool_is_an_error_of_finalise_only(bench: Bench) -> None:
    gate = gevent.event.Event()
    for _ in range(6):
        bench.pool.submit(lambda: _wait(gate), priority=Priority.FINAL)
    bench.feed(voice=15, silence=6)
    bench.stream.hypothesise()
    assert bench.errors == []
    bench.stream.finalise()
    gevent.sleep(0.005)
    assert [type(error) for error in bench.errors] == [PoolFull]
    gate.set()
    bench.settle()
    bench.stream.finalise()
    bench.settle()
    assert bench.told[-1].kind is TranscriptKind.FINAL


def test_an_utterance_of_nothing_has_no_text(bench: Bench) -> None:
    bench.stream.finalise()
    bench.settle()
    assert bench.kinds() == ["final"]
    assert bench.told[0].audio_ms == 0


def test_languages_without_a_model_are_refused() -> None:
    pool = EnginePool(1)
    with pytest.raises(UnsupportedLanguage, match="en and zh"):
        WhisperRecogniser("fr", pool, Path("unused"))
    pool.close()
