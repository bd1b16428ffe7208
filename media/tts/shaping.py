"""The edges of synthesised speech: how much silence before and after, and no clicks.

Engines put 50-300 ms of near-silence around a sentence. Before it, that is latency; after it, the
pause should follow the punctuation. Pure functions of samples; knows no engine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

LEAD_MS = 10
"""Kept before the first sound, so that a soft onset isn't cut."""
SENTENCE_PAUSE_MS = 200
CLAUSE_PAUSE_MS = 90
JOIN_PAUSE_MS = 20
FADE_MS = 2
FRAME_MS = 5
QUIET = 100
"""RMS of a silent frame, 0..32767 (-50 dBFS; speech here peaks near -2 dBFS)."""

_SENTENCE_ENDS = ".!?。！？…\n"
_CLAUSE_ENDS = ",;:，；：、—–"
_CLOSERS = "\"'”’」』)）]】 \t"


def pause_after(text: str) -> int:
    """Milliseconds of silence that `text` ends with, by its last punctuation mark."""
    end = text.rstrip(_CLOSERS)[-1:]
    if end and end in _SENTENCE_ENDS:
        return SENTENCE_PAUSE_MS
    if end and end in _CLAUSE_ENDS:
        return CLAUSE_PAUSE_MS
    return JOIN_PAUSE_MS


class EdgeTrimmer:
    """One piece of speech, pushed in buffers of any size: trims its edges as it streams.

        in    ....,,,SPEECH...SPEECH,,,..........     . silence  , soft
        out       ,,,SPEECH...SPEECH,,,pause

    Silence inside is held back until sound follows it.
    """

    def __init__(self, rate: int) -> None:
        """`rate` in Hz."""
        self._rate = rate
        self._frame = rate * FRAME_MS // 1000
        self._lead = rate * LEAD_MS // 1000
        self._held: Samples = np.zeros(0, np.int16)
        self._started = False

    def push(self, samples: Samples) -> Samples:
        """Add samples; returns those that are certain to be heard (perhaps none)."""
        held = np.concatenate([self._held, samples])
        loud = _loud_frames(held, self._frame)
        if not loud.size:
            self._held = held if self._started else held[-(self._lead + self._frame) :]
            return held[:0]
        start = 0
        if not self._started:
            self._started = True
            start = max(0, int(loud[0]) * self._frame - self._lead)
            held = _fade_in(held, start, self._rate)
        end = (int(loud[-1]) + 1) * self._frame
        self._held = held[end:]
        return held[start:end]

    def flush(self, pause_ms: int) -> Samples:
        """The rest: the soft end of the last sound, faded, within exactly `pause_ms` of pause.

        Silence only when nothing was ever loud."""
        pause = np.zeros(self._rate * pause_ms // 1000, np.int16)
        if self._started:
            tail = self._held[: pause.size].astype(np.float32)
            fade = min(tail.size, self._rate * FADE_MS // 1000)
            if fade:
                tail[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
            pause[: tail.size] = tail
        self._held, self._started = pause[:0], False
        return pause


def _loud_frames(samples: Samples, frame: int) -> npt.NDArray[np.intp]:
    whole = samples.size // frame
    frames = samples[: whole * frame].reshape(whole, frame).astype(np.float32)
    return np.flatnonzero(np.square(frames).mean(axis=1) > QUIET * QUIET)


def _fade_in(samples: Samples, start: int, rate: int) -> Samples:
    faded = samples.copy()
    size = min(rate * FADE_MS // 1000, faded.size - start)
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    faded[start : start + size] = faded[start : start + size] * ramp
    return faded
