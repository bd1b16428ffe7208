"""What a scribe takes for a stretch of speech, and what it writes of it; no engine, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from controller.session.scribe import LONG_MS, LONGEST_MS, MAX_WAITING, PRE_ROLL_MS, Scribe
from media.asr.base import OnError, OnTranscript, Transcript, TranscriptKind
from media.pcm import FRAME_MS
from media.vad.segmenter import Segmenter

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOUD, QUIET = b"\x00\x20\x00\xe0" * 160, bytes(640)


class Detector:
    """Loud is speech."""

    def probability(self, frame: bytes, quiet: bool = False) -> float:
        return float(frame == LOUD)


class Engine:
    """Recognises how many loud frames it was fed; an utterance of `fails` raises."""

    name, language = "fake", "en"

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.fed: list[list[bytes]] = []

    def open(
        self, on_transcript: OnTranscript, on_error: OnError, hints: Sequence[str] = ()
    ) -> Utterance:
        self.fed.append([])
        return Utterance(self, self.fed[-1], on_transcript, on_error)

    def warm_up(self) -> None:
        return


class Utterance:
    def __init__(
        self, engine: Engine, fed: list[bytes], on_transcript: OnTranscript, on_error: OnError
    ) -> None:
        self._engine, self._fed = engine, fed
        self._on_transcript, self._on_error = on_transcript, on_error

    def feed(self, frame: bytes) -> None:
        self._fed.append(frame)

    def hypothesise(self) -> None:
        raise AssertionError("nobody is in a hurry")

    def finalise(self) -> None:
        if len(self._engine.fed) == self._engine.fails:
            self._on_error(ValueError("broken"))
            return
        text = f"{self._fed.count(LOUD) * FRAME_MS} ms"
        self._on_transcript(Transcript(TranscriptKind.FINAL, text, 0))

    def close(self) -> None:
        return


class Desk:
    """A scribe and what it wrote."""

    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = engine or Engine()
        self.lines: list[tuple[str, datetime]] = []
        self.now = NOW
        self.idle = 0
        self.scribe = Scribe(
            Segmenter(Detector()),
            self.engine,
            lambda text, at: self.lines.append((text, at)),
            idle=self._idle,
            now=lambda: self.now,
        )

    def _idle(self) -> None:
        self.idle += 1

    def hears(self, frame: bytes, ms: int) -> None:
        for _ in range(ms // FRAME_MS):
            self.now += timedelta(milliseconds=FRAME_MS)
            self.scribe.hear(frame)

    @property
    def texts(self) -> list[str]:
        self.scribe.close()
        assert self.scribe.join(5)
        return [text for text, _ in self.lines]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.scribe.close()


def test_two_sentences_are_two_lines_with_their_times(desk: Desk) -> None:
    desk.hears(QUIET, 2000)
    desk.hears(LOUD, 600)
    desk.hears(QUIET, 1500)
    desk.hears(LOUD, 400)
    desk.hears(QUIET, 1000)
    assert desk.texts == ["600 ms", "400 ms"]
    began = [round((at - NOW).total_seconds(), 1) for _, at in desk.lines]
    assert began == [2.0, 4.1]
    assert desk.idle == 2  # both waited for the engines
    assert desk.engine.fed[0][0] == QUIET  # the pre-roll
    assert desk.engine.fed[0].index(LOUD) * FRAME_MS == PRE_ROLL_MS


def test_a_short_pause_does_not_part_a_sentence(desk: Desk) -> None:
    desk.hears(LOUD, 500)
    desk.hears(QUIET, 400)
    desk.hears(LOUD, 500)
    desk.hears(QUIET, 1000)
    assert desk.texts == ["1000 ms"]


def test_silence_and_clicks_are_nothing(desk: Desk) -> None:
    desk.hears(QUIET, 5000)
    desk.hears(LOUD, 80)
    desk.hears(QUIET, 2000)
    assert desk.texts == []
    assert desk.engine.fed == []


def test_who_hangs_up_in_the_middle_of_a_word_is_still_written_down(desk: Desk) -> None:
    desk.hears(LOUD, 700)
    assert desk.texts == ["700 ms"]


def test_who_never_stops_is_cut_at_a_breath_and_in_the_end_anywhere(desk: Desk) -> None:
    desk.hears(LOUD, LONG_MS + 400)
    desk.hears(QUIET, 200)
    desk.hears(LOUD, LONGEST_MS + 1000)
    spoken_ms = [int(text.split()[0]) for text in desk.texts]
    assert [ms // 1000 for ms in spoken_ms[:2]] == [15, 25]
    assert sum(spoken_ms) == LONG_MS + 400 + LONGEST_MS + 1000  # nothing is lost between them


def test_an_engine_that_fails_costs_one_line() -> None:
    desk = Desk(Engine(fails=1))
    for ms in (500, 300):
        desk.hears(LOUD, ms)
        desk.hears(QUIET, 1000)
    assert desk.texts == ["300 ms"]


def test_what_waits_is_bounded(desk: Desk) -> None:
    for _ in range(MAX_WAITING + 5):  # the scribe's greenlet has no turn meanwhile
        desk.hears(LOUD, 200)
        desk.hears(QUIET, 800)
    assert len(desk.texts) == MAX_WAITING
