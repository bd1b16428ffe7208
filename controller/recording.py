"""Recording one session in stereo: what the caller said left, what the bot was heard to say right.

Responsible for the session's clock and for tapping both audio ports; `media.recording` writes the
file. A recording that fails is logged and never costs the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import gevent
import structlog

from controller.session.happenings import Happening, SessionEnded
from controller.session.ports import AudioIn
from media.pcm import FRAME_MS, RATE
from media.recording import RecordingError, StereoRecorder
from media.resample import Resampler, live_resampler

JITTER_MS = 200
"""Frames that come this late or early still follow each other without a gap."""

log = structlog.get_logger(__name__)


class Recording:
    """A Watcher and an AudioTap. `saved(session_id, path)` is told once the file is complete."""

    def __init__(
        self,
        directory: Path,
        session_id: str,
        saved: Callable[[str, Path], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._session_id = session_id
        self._saved = saved
        self._clock = clock
        self._began = clock()
        self._recorder = StereoRecorder(directory / f"{session_id}.wav", RATE)
        self._caller_ms = 0.0
        self._bot_ms = 0.0
        self._resampler: Resampler | None = None
        self._resampler_rate = 0

    def ears(self, audio_in: AudioIn) -> AudioIn:
        """The caller's port, recorded on its way."""
        return _Ears(audio_in, self._heard)

    def sent(self, pcm: bytes, rate: int) -> None:
        """Audio that goes out to the caller now, PCM16 mono at `rate` Hz."""
        if rate != self._resampler_rate:
            self._resampler, self._resampler_rate = live_resampler(rate, RATE), rate
        if self._resampler is not None:
            pcm = self._resampler.process(pcm)
        at_ms = max(self._bot_ms, self._now_ms())
        self._recorder.bot(at_ms, pcm)
        self._bot_ms = at_ms + len(pcm) / 2 / RATE * 1000

    def cut(self) -> None:
        """What was sent and not yet heard will not be."""
        self._bot_ms = min(self._bot_ms, self._now_ms())
        self._recorder.cut_bot(self._bot_ms)

    def __call__(self, _session_id: str, happening: Happening) -> None:
        """The session's end closes the file, on a greenlet of its own."""
        if isinstance(happening, SessionEnded):
            gevent.spawn(self._close)

    def _heard(self, frame: bytes) -> None:
        now_ms = self._now_ms() - FRAME_MS
        if abs(self._caller_ms - now_ms) > JITTER_MS:
            self._caller_ms = max(self._caller_ms, now_ms, 0.0)
        self._recorder.caller(self._caller_ms, frame)
        self._caller_ms += FRAME_MS

    def _now_ms(self) -> float:
        return (self._clock() - self._began) * 1000

    def _close(self) -> None:
        try:
            self._saved(self._session_id, self._recorder.close())
        except RecordingError as error:
            log.error("recording incomplete", session_id=self._session_id, error=str(error))


class _Ears:
    def __init__(self, audio_in: AudioIn, heard: Callable[[bytes], None]) -> None:
        self._audio_in = audio_in
        self._heard = heard

    def frames(self) -> Iterator[bytes]:
        """20 ms frames, each noted on its way."""
        for frame in self._audio_in.frames():
            self._heard(frame)
            yield frame
