"""The embedded recogniser: Whisper behind the streaming protocol of `media.asr.base`.

Responsible for: when to decode, what of it still holds, and what the caller of the stream is told.
Knows nothing of how audio becomes text (`whisper_engine`) or of turns.

Whisper doesn't stream: every text is a decode of the whole utterance. At most one decode of a stream
counts; it takes the audio as it is when a thread is free for it. What a decode heard still holds
while nothing but silence has followed (`SpeechSpan`), so a hypothesis asked for in a pause is the
final text when the pause turns out to be the end:

    caller      ▇▇▇▇▇▇▇▇____________
    hypothesise            ^ decode ···┐
    finalise                      ^    │ under way: its text becomes the final one
                                       └ ready: the final text is told on the hub's next turn

Partials are best effort, in a smaller window, and no hypothesis or final ever rests on one. There are
none while the pool is busy, none while nothing was said or the caller falls silent (a hypothesis is due
then), and never more than an eighth of real time (within reason), so a slow machine or model slows
them down itself.
Their failures and those of hypotheses are logged; `finalise` then decodes again, and only what
finalise itself can't get is reported to `on_error`. `hints` are not used: Whisper repeats them when
in doubt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from time import perf_counter
from typing import Protocol

from media.asr.base import OnError, OnTranscript, Transcript, TranscriptKind
from media.asr.slot import Slot
from media.asr.speech_span import SpeechSpan
from media.asr.text import join_texts
from media.asr.whisper_engine import SKETCH_WINDOW_S, WINDOW_S, Decoded, WhisperEngine
from media.asr.whisper_models import find_model
from media.pcm import FRAME_BYTES, FRAME_MS
from media.pool import EnginePool, Job, PoolFull, Priority

FIRST_PARTIAL_MS = 1500
"""A stream begins with 300 ms of pre-roll. Most answers are over by then and need no partial, which
costs as much as half their text; and words for less than a second of voice interrupt nobody."""
PARTIAL_EVERY_MS = 1000
PARTIAL_SHARE = 8
PARTIAL_SLOWEST = 3
"""A partial that took t is followed by the next one no sooner than after 8 t, but never later than
after three times the usual pause: on a busy machine the barge-in still wants words."""

AUDIBLE = b"\0\x08\0\xf8" * 8_000
"""A second of sound, so that warming up really decodes."""

log = logging.getLogger(__name__)


class Engine(Protocol):
    """What decodes: `WhisperEngine`, or a test's stand-in. Called in native threads."""

    def transcribe(self, pcm: bytes, window_s: float = WINDOW_S) -> Decoded:
        """Text of PCM16 mono 16 kHz. May raise anything; it is then thrown away."""
        ...


class WhisperRecogniser:
    """One language's Whisper, shared by all streams. The model loads at `warm_up` or first use."""

    name = "whisper"

    def __init__(
        self,
        language: str,
        pool: EnginePool,
        cache_dir: Path,
        *,
        partial_every_ms: int = PARTIAL_EVERY_MS,
        build: Callable[[], Engine] | None = None,
    ) -> None:
        """`build` makes the engine (default: the embedded one). Raises UnsupportedLanguage."""
        find_model(language)
        self.language = language
        self.pool = pool
        self.partial_every_ms = partial_every_ms
        self._slot = Slot[Engine](build or (lambda: WhisperEngine(language, cache_dir)))

    def open(
        self, on_transcript: OnTranscript, on_error: OnError, hints: Sequence[str] = ()
    ) -> WhisperStream:
        """Begin an utterance; see `media.asr.base`."""
        del hints
        return WhisperStream(self, on_transcript, on_error)

    def warm_up(self) -> None:
        """Load the model and decode once. Blocking. Raises BadModel or ModelFileError."""
        self.decode(AUDIBLE)

    def decode(self, pcm: bytes, window_s: float = WINDOW_S) -> Decoded:
        """Decode in this thread; an engine that raises is rebuilt before the next decode."""
        engine = self._slot.get()
        try:
            return engine.transcribe(pcm, window_s)
        except Exception:
            self._slot.discard(engine)
            raise


class _Phase(Enum):
    LISTENING = auto()
    SETTLING = auto()  # finalise was called, FINAL is owed
    CLOSED = auto()


@dataclass(slots=True)
class _Run:
    """A decode that was submitted. `frames`: how much it covers, known once a thread has it."""

    kind: TranscriptKind
    job: Job | None = None
    frames: int | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a decode said about the first `frames` of the utterance. `holds`: not just a partial."""

    frames: int
    text: str
    decode_ms: float
    holds: bool


_NOTHING = _Heard(0, "", 0.0, holds=False)


class WhisperStream:
    """One utterance; see `media.asr.base.RecogniserStream`. Used on the hub only."""

    def __init__(
        self, recogniser: WhisperRecogniser, on_transcript: OnTranscript, on_error: OnError
    ) -> None:
        self._recogniser = recogniser
        self._on_transcript = on_transcript
        self._on_error = on_error
        self._phase = _Phase.LISTENING
        self._span = SpeechSpan()
        self._audio = bytearray()  # what isn't settled yet
        self._settled: list[str] = []
        self._heard = _NOTHING
        self._tried_frames = 0
        self._run: _Run | None = None

    def feed(self, frame: bytes) -> None:
        """Add 20 ms of PCM16 mono 16 kHz (640 bytes)."""
        if self._phase is _Phase.CLOSED:
            return
        assert len(frame) == FRAME_BYTES, len(frame)
        self._audio += frame
        self._span.add(frame)
        if self._phase is _Phase.LISTENING and self._run is None and self._partial_is_due():
            self._start(TranscriptKind.PARTIAL)

    def hypothesise(self) -> None:
        """Decode what was fed; HYPOTHESIS follows unless the queue is full or the engine fails."""
        if self._phase is _Phase.LISTENING:
            self._want(TranscriptKind.HYPOTHESIS)

    def finalise(self) -> None:
        """FINAL follows, or on_error with PoolFull or the engine's exception. Never called back
        before this returns. Asking again before the answer came is the same question."""
        if self._phase is _Phase.CLOSED:
            return
        self._phase = _Phase.SETTLING
        self._want(TranscriptKind.FINAL)

    def close(self) -> None:
        """Drop the utterance; nothing is reported any more."""
        self._phase = _Phase.CLOSED
        self._cancel_run()
        self._audio.clear()

    def _partial_is_due(self) -> bool:
        wait_ms: float = FIRST_PARTIAL_MS
        if self._tried_frames:
            usual_ms = self._recogniser.partial_every_ms
            fair_ms = PARTIAL_SHARE * self._heard.decode_ms
            wait_ms = min(max(usual_ms, fair_ms), PARTIAL_SLOWEST * usual_ms)
        # Counted from the last attempt, so an engine that fails isn't asked fifty times a second.
        new_ms = (self._span.frames - self._tried_frames) * FRAME_MS
        if new_ms < wait_ms or self._recogniser.pool.busy or self._span.fades:
            return False
        return not self._span.silent_since(self._heard.frames)

    def _want(self, kind: TranscriptKind) -> None:
        """Answer `kind` with what is known, with what is under way, or with a new decode."""
        if self._heard.holds and self._span.silent_since(self._heard.frames):
            self._cancel_run()
            self._recogniser.pool.post(self._tell, kind)
        elif self._run and self._will_do(self._run):
            self._run.kind = kind
        else:
            self._cancel_run()
            self._start(kind)

    def _will_do(self, run: _Run) -> bool:
        if run.kind is TranscriptKind.PARTIAL:
            return False
        if run.frames is None:  # still waits for a thread, and will take all there is by then
            return True
        return self._span.silent_since(run.frames)

    def _start(self, kind: TranscriptKind) -> None:
        run = _Run(kind)
        self._tried_frames = self._span.frames
        partial = kind is TranscriptKind.PARTIAL
        try:
            run.job = self._recogniser.pool.submit(
                lambda: self._decode(run),
                priority=Priority.PARTIAL if partial else Priority.FINAL,
                on_done=lambda result: self._done(run, *result),
                on_error=lambda exc: self._failed(run, exc),
            )
        except PoolFull as exc:
            if kind is TranscriptKind.FINAL:
                self._recogniser.pool.post(self._fail, exc)
            return
        self._run = run

    def _decode(self, run: _Run) -> tuple[Decoded, float]:
        """In a worker thread. The hub only ever appends to the audio of a run that counts."""
        # Frames first: audio that arrives between the two lines is decoded but not promised.
        run.frames = self._span.frames
        pcm = bytes(self._audio)
        window_s = SKETCH_WINDOW_S if run.kind is TranscriptKind.PARTIAL else WINDOW_S
        began = perf_counter()
        return self._recogniser.decode(pcm, window_s), (perf_counter() - began) * 1000

    def _done(self, run: _Run, decoded: Decoded, decode_ms: float) -> None:
        self._run = None
        assert run.frames is not None
        if decoded.settled_bytes:
            del self._audio[: decoded.settled_bytes]
            self._settled.append(decoded.settled)
        text = join_texts([*self._settled, decoded.text], self._recogniser.language)
        news = text != self._heard.text
        holds = run.kind is not TranscriptKind.PARTIAL
        self._heard = _Heard(run.frames, text, decode_ms, holds)
        if holds or news:
            self._tell(run.kind)

    def _failed(self, run: _Run, exc: Exception) -> None:
        self._run = None
        if run.kind is TranscriptKind.FINAL:
            self._fail(exc)
        else:
            log.warning("whisper: a %s decode failed and is dropped: %r", run.kind, exc)

    def _tell(self, kind: TranscriptKind) -> None:
        if self._phase is _Phase.CLOSED:
            return
        if kind is TranscriptKind.FINAL:
            self._phase = _Phase.LISTENING
        heard = self._heard
        self._on_transcript(Transcript(kind, heard.text, heard.frames * FRAME_MS, heard.decode_ms))

    def _fail(self, exc: Exception) -> None:
        if self._phase is _Phase.CLOSED:
            return
        self._phase = _Phase.LISTENING
        self._on_error(exc)

    def _cancel_run(self) -> None:
        if self._run and self._run.job:
            self._run.job.cancel()
        self._run = None
