"""Writes down what one person says, when nobody answers them: one line for each stretch of speech.

Responsible for hearing where a stretch begins and ends, and for having it recognised, one after the
other. It never hurries: each stretch is decoded once, whole, after it has ended, and only when the
engines have nothing better to do. Must never know who speaks, or what becomes of the lines.

    frames  __▇▇▇▇▇_▇▇▇▇▇____________▇▇▇▇▇▇____…
                                ^ QUIET_MS: the stretch is over ─► waits ─► decoded ─► `written`
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import gevent
import structlog
from gevent.event import AsyncResult
from gevent.queue import SimpleQueue

from media.asr.base import Recogniser, Transcript, TranscriptKind
from media.pcm import FRAME_MS
from media.vad.segmenter import Segmenter, Voice

PRE_ROLL_MS = 300
"""Audio before the onset that is decoded too, as for a bot's ear."""
RING_MS = 1500
"""Audio kept while nobody speaks: a stretch is known only some frames after its onset."""
QUIET_MS = 700
"""Silence that ends a stretch: nobody waits for an answer, so sentences needn't be torn."""
LONG_MS, LONG_QUIET_MS = 15_000, 120
"""A stretch that is so long ends at a breath."""
LONGEST_MS = 25_000
"""Whisper decodes 28 s in one window."""
SHORTEST_MS = 100
"""A shorter sound is a click, not a word."""
MAX_WAITING = 32
"""Stretches that wait for the engines: minutes of talk."""
DECODE_S = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some speech: 20 ms frames of PCM16 mono 16 kHz, and when it began (UTC)."""

    frames: tuple[bytes, ...]
    at: datetime


class Scribe:
    """`written(text, at)`: some words, and when they began. `idle` comes back when the engines have
    time; it may block a while. Use on the hub."""

    def __init__(
        self,
        segmenter: Segmenter,
        recogniser: Recogniser,
        written: Callable[[str, datetime], None],
        *,
        idle: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._segmenter = segmenter
        self._recogniser = recogniser
        self._written = written
        self._idle = idle
        self._now = now
        self._frames: deque[bytes] = deque()
        self._voice: Voice | None = None
        self._waiting: SimpleQueue[Stretch | None] = SimpleQueue()
        self._writing = gevent.spawn(self._write)

    def hear(self, frame: bytes) -> None:
        """20 ms of PCM16 mono 16 kHz, 640 bytes."""
        self._frames.append(frame)
        self._voice = voice = self._segmenter.feed(frame)
        if voice is None:
            while len(self._frames) > RING_MS // FRAME_MS:
                self._frames.popleft()
        elif _over(voice):
            self._take(voice)

    def close(self) -> None:
        """Nothing more comes; what was heard is still written."""
        if self._voice is not None:
            self._take(self._voice)
        self._waiting.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait until all is written, after `close`; whether it is."""
        self._writing.join(timeout_s)
        return bool(self._writing.dead)

    def _take(self, voice: Voice) -> None:
        """This stretch is over; the next begins with what comes now."""
        spoken_ms = voice.at_ms - voice.onset_ms
        wanted = min(len(self._frames), -(-(spoken_ms + PRE_ROLL_MS) // FRAME_MS))
        frames = tuple(self._frames)[len(self._frames) - wanted :]
        self._frames.clear()
        self._voice = None
        self._segmenter.close()
        if voice.voiced_ms < SHORTEST_MS:
            return
        if self._waiting.qsize() >= MAX_WAITING:
            log.error("the recogniser is too slow; words are not written down", waiting=MAX_WAITING)
            return
        self._waiting.put(Stretch(frames, self._now() - timedelta(milliseconds=spoken_ms)))

    def _write(self) -> None:
        """The scribe's greenlet."""
        while (stretch := self._waiting.get()) is not None:
            self._idle()
            try:
                text = self._decode(stretch)
            except Exception as error:  # noqa: BLE001 - an engine may raise anything: one line is lost
                log.warning("speech was not recognised", error=f"{type(error).__name__}: {error}")
                continue
            if text:
                self._written(text, stretch.at)

    def _decode(self, stretch: Stretch) -> str:
        """Raises what the engine raises, gevent.Timeout when it takes too long."""
        final: AsyncResult[str] = AsyncResult()

        def heard(transcript: Transcript) -> None:
            if transcript.kind is TranscriptKind.FINAL:
                final.set(transcript.text.strip())

        stream = self._recogniser.open(heard, final.set_exception)
        try:
            for frame in stretch.frames:
                stream.feed(frame)
            stream.finalise()
            with gevent.Timeout(DECODE_S, TimeoutError(f"no text within {DECODE_S:g} s")):
                return str(final.get())
        finally:
            stream.close()


def _over(voice: Voice) -> bool:
    spoken_ms = voice.at_ms - voice.onset_ms
    quiet_ms = LONG_QUIET_MS if spoken_ms >= LONG_MS else QUIET_MS
    return voice.silence_ms >= quiet_ms or spoken_ms >= LONGEST_MS
