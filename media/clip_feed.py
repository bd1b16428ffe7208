"""Clips at any rate in, short pieces at the listener's rate out, when they are needed.

Responsible for resampling in small steps: a clip of 12 s at once would hold the hub for 20 ms and more.
Must never know the time or a socket.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from media.resample import Resampler, speech_resampler
from media.tts.base import Clip

STEP_MS = 200
"""Resampled at once: about half a millisecond of work."""


@dataclass(frozen=True, slots=True)
class Piece:
    """PCM16 mono of one chunk at the listener's rate; `last` completes the chunk."""

    reply_id: str
    chunk: int
    pcm: bytes
    last: bool


@dataclass(slots=True)
class _Waiting:
    reply_id: str
    chunk: int
    clip: Clip
    at: int = 0  # bytes taken


class ClipFeed:
    """Clips in the order in which they are to be heard."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._clips: deque[_Waiting] = deque()
        self._resampler: tuple[tuple[str, int, int], Resampler] | None = None
        self.waiting_ms = 0.0

    def add(self, reply_id: str, chunk: int, clip: Clip) -> None:
        """Queue a clip at any rate of media.resample.RATES."""
        self._clips.append(_Waiting(reply_id, chunk, clip))
        self.waiting_ms += clip.ms

    def next(self) -> Piece | None:
        """At most STEP_MS of the first clip; None when there is nothing. Raises UnsupportedRate."""
        if not self._clips:
            return None
        first = self._clips[0]
        clip, start = first.clip, first.at
        first.at += clip.rate * STEP_MS // 1000 * 2
        raw = clip.pcm[start : first.at]
        self.waiting_ms -= len(raw) / 2 / clip.rate * 1000
        ends_clip = first.at >= len(clip.pcm)
        last = ends_clip and clip.last
        if ends_clip:
            self._clips.popleft()
        return Piece(first.reply_id, first.chunk, self._resample(first, raw, last), last)

    def clear(self) -> None:
        """Forget everything."""
        self._clips.clear()
        self._resampler = None
        self.waiting_ms = 0.0

    def _resample(self, source: _Waiting, raw: bytes, last: bool) -> bytes:
        """One resampler a chunk, so that its clips join without a click."""
        key = (source.reply_id, source.chunk, source.clip.rate)
        if self._resampler is None or self._resampler[0] != key:
            self._resampler = (key, speech_resampler(source.clip.rate, self._rate))
        resampler = self._resampler[1]
        pcm = resampler.process(raw)
        if last:
            pcm += resampler.flush()
            self._resampler = None
        return pcm
