"""Vosk: a truly streaming recogniser, for languages whose model is installed.

Responsible for: feeding one Kaldi recogniser a stream in the pool, and putting its pieces of text
together. Knows nothing of turns; Vosk's own endpointing only settles text, it never ends anything.

Two threads on one recogniser end the process, so a stream has at most one job that may touch it.
Each job takes all audio that waits. What is asked for while one runs is the next one's task; a job
that still queues is replaced by a more urgent one. Whoever pops the job's ticket, the worker to run
it or the hub to replace it, has it: popping a list is atomic.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from time import perf_counter
from typing import Any

import vosk

from media.asr.base import OnError, OnTranscript, Transcript, TranscriptKind
from media.asr.errors import BadModel
from media.asr.slot import Slot
from media.asr.text import join_texts
from media.asr.vosk_models import check
from media.pcm import FRAME_BYTES, FRAME_MS, RATE
from media.pool import EnginePool, Job, PoolFull, Priority

CHUNK_MS = 240
"""Audio that is worth a job: Vosk's partials change no more often than this."""
UNKNOWN = "[unk]"
"""What Vosk prints for words outside a grammar."""

log = logging.getLogger(__name__)
vosk.SetLogLevel(-1)


class VoskRecogniser:
    """One model, shared by all streams. It loads (seconds) at `warm_up` or first use."""

    name = "vosk"

    def __init__(self, language: str, pool: EnginePool, model_dir: Path) -> None:
        """Raises BadModel when `model_dir` isn't a whole Vosk model."""
        check(model_dir)
        self.language = language
        self.pool = pool
        self._model = Slot(lambda: _load(model_dir))

    def open(
        self, on_transcript: OnTranscript, on_error: OnError, hints: Sequence[str] = ()
    ) -> VoskStream:
        """Begin an utterance; see `media.asr.base`. With `hints`, of which words outside the
        model's vocabulary are dropped, only they are recognised; all else is silence (or, in a
        model without "[unk]", the hint most like it)."""
        engine = lambda: self._engine(hints)  # noqa: E731
        return VoskStream(self.language, self.pool, engine, on_transcript, on_error)

    def warm_up(self) -> None:
        """Load the model and recognise a little. Blocking. Raises BadModel."""
        engine = self._engine(())
        engine.AcceptWaveform(bytes(RATE))
        engine.FinalResult()

    def _engine(self, hints: Sequence[str]) -> Any:
        model = self._model.get()
        known = [_known_words(model, hint) for hint in hints]
        phrases = list(dict.fromkeys(phrase for phrase in known if phrase))
        if not phrases:
            return vosk.KaldiRecognizer(model, RATE)
        if model.vosk_model_find_word(UNKNOWN) >= 0:
            phrases.append(UNKNOWN)
        grammar = json.dumps(phrases, ensure_ascii=False)
        return vosk.KaldiRecognizer(model, RATE, grammar)


class _Phase(Enum):
    OPEN = auto()
    MUTE = auto()  # the engine failed: no more partials, answers are still tried for
    CLOSED = auto()


@dataclass(slots=True)
class _Run:
    kind: TranscriptKind
    job: Job | None = None
    ticket: list[None] = field(default_factory=lambda: [None])

    def claim(self) -> bool:
        """True for the first caller only."""
        try:
            self.ticket.pop()
        except IndexError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Result:
    text: str
    frames: int
    decode_ms: float


class VoskStream:
    """One utterance; see `media.asr.base.RecogniserStream`. Used on the hub only."""

    def __init__(
        self,
        language: str,
        pool: EnginePool,
        engine: Callable[[], Any],
        on_transcript: OnTranscript,
        on_error: OnError,
    ) -> None:
        self._language = language
        self._pool = pool
        self._new_engine = engine
        self._on_transcript = on_transcript
        self._on_error = on_error
        self._phase = _Phase.OPEN
        self._waiting = bytearray()
        self._asked: TranscriptKind | None = None
        self._run: _Run | None = None
        self._last_text = ""
        # Only the thread that claimed the current run touches these.
        self._engine: Any = None
        self._texts: list[str] = []
        self._unsettled = bytearray()
        self._taken_bytes = 0

    def feed(self, frame: bytes) -> None:
        """Add 20 ms of PCM16 mono 16 kHz (640 bytes)."""
        if self._phase is _Phase.CLOSED:
            return
        assert len(frame) == FRAME_BYTES, len(frame)
        self._waiting += frame
        self._go_on()

    def hypothesise(self) -> None:
        """HYPOTHESIS follows: the partial text of all that was fed. None if the queue is full."""
        if self._asked is not TranscriptKind.FINAL:
            self._ask(TranscriptKind.HYPOTHESIS)

    def finalise(self) -> None:
        """FINAL follows, or on_error; never called back before this returns. Asking again before
        the answer came is the same question."""
        self._ask(TranscriptKind.FINAL)

    def close(self) -> None:
        """Drop the utterance; nothing is reported any more."""
        self._phase = _Phase.CLOSED
        if self._run and self._run.job:
            self._run.job.cancel()
        self._run = None

    def _ask(self, kind: TranscriptKind) -> None:
        if self._phase is _Phase.CLOSED:
            return
        if self._run and self._run.kind is TranscriptKind.FINAL:
            self._asked = None if not self._waiting else kind
            return
        self._asked = kind
        if self._run and self._run.job and self._run.claim():
            self._run.job.cancel()
            self._run = None
        self._go_on()

    def _go_on(self) -> None:
        """Start the next job if there is reason to and none runs."""
        if self._run or self._phase is _Phase.CLOSED:
            return
        kind, self._asked = self._asked, None
        if kind is None:
            if self._phase is _Phase.MUTE or self._pool.busy:
                return
            if len(self._waiting) < CHUNK_MS // FRAME_MS * FRAME_BYTES:
                return
            kind = TranscriptKind.PARTIAL
        run = _Run(kind)
        partial = kind is TranscriptKind.PARTIAL
        try:
            run.job = self._pool.submit(
                lambda: self._work(run),
                priority=Priority.PARTIAL if partial else Priority.FINAL,
                on_done=self._done,
                on_error=self._failed,
            )
        except PoolFull as exc:
            if kind is TranscriptKind.FINAL:
                self._pool.post(self._fail, exc)
            return
        self._run = run

    def _work(self, run: _Run) -> _Result | None:
        """In a worker thread: take what waits, and say what it is so far."""
        if not run.claim():
            return None
        began = perf_counter()
        pcm = bytes(self._waiting)  # the hub may append meanwhile, behind what is taken
        del self._waiting[: len(pcm)]
        self._taken_bytes += len(pcm)
        self._unsettled += pcm
        try:
            text = self._recognise(pcm, final=run.kind is TranscriptKind.FINAL)
        except Exception:
            # The next job gets a new engine, and what this one hadn't put into words.
            self._engine = None
            self._taken_bytes -= len(self._unsettled)
            self._waiting[:0] = self._unsettled
            self._unsettled.clear()
            raise
        frames = self._taken_bytes // FRAME_BYTES
        return _Result(text, frames, (perf_counter() - began) * 1000)

    def _recognise(self, pcm: bytes, final: bool) -> str:
        if self._engine is None:
            self._engine = self._new_engine()
        rest = ""
        if self._engine.AcceptWaveform(pcm):
            self._settle(self._engine.Result())
        if final:
            self._settle(self._engine.FinalResult())
        else:
            rest = self._tidy(json.loads(self._engine.PartialResult())["partial"])
        return join_texts([*self._texts, rest], self._language)

    def _settle(self, result: str) -> None:
        self._texts.append(self._tidy(json.loads(result)["text"]))
        self._unsettled.clear()

    def _tidy(self, text: str) -> str:
        return join_texts((word for word in text.split() if word != UNKNOWN), self._language)

    def _done(self, result: _Result | None) -> None:
        run, self._run = self._run, None
        if self._phase is _Phase.CLOSED or run is None or result is None:
            return
        if run.kind is not TranscriptKind.PARTIAL or result.text != self._last_text:
            self._last_text = result.text
            audio_ms = result.frames * FRAME_MS
            self._on_transcript(Transcript(run.kind, result.text, audio_ms, result.decode_ms))
        self._go_on()

    def _failed(self, exc: Exception) -> None:
        run, self._run = self._run, None
        if self._phase is _Phase.CLOSED:
            return
        if run is not None and run.kind is TranscriptKind.FINAL:
            self._fail(exc)
        else:
            self._phase = _Phase.MUTE
            log.warning("vosk: a stream's engine failed and is made anew: %r", exc)
        self._go_on()

    def _fail(self, exc: Exception) -> None:
        if self._phase is not _Phase.CLOSED:
            self._on_error(exc)


def _known_words(model: Any, phrase: str) -> str:
    words = phrase.lower().split()
    return " ".join(word for word in words if model.vosk_model_find_word(word) >= 0)


def _load(model_dir: Path) -> Any:
    try:
        return vosk.Model(str(model_dir))
    except Exception as exc:  # vosk raises bare Exception
        raise BadModel(f"Vosk can't load {model_dir}; unpack the model again") from exc
