"""Hears the beep after which a machine records. Pure: fed with audio, never knows a call.

A beep is one steady tone (300 to 2600 Hz) of 160 ms to 2.5 s. Voices have harmonics, keypad and dial
tones two frequencies at once; none of them holds still. Ringback and busy
tones of one frequency come in a row at half a second or longer, and before the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.pcm import FRAME_MS, RATE

LOW_HZ, HIGH_HZ = 300, 2600
SHORTEST_MS, LONGEST_MS = 160, 2500
TONE_SHARE = 0.95
"""Of a frame's energy in the tone's own bins. A soft vowel may have as much in its lowest harmonic; what
tells a voice then is that no voice holds its pitch and its strength."""
DRIFT_HZ = 6
DRIFT_LEVEL = 1.2
"""Loudest against softest frame, about 1.6 dB; the beat of two near tones is more."""
LOUD = 300.0
"""RMS of PCM16 below which nothing counts as a tone: about -41 dBFS."""
_SIZE = RATE * FRAME_MS // 1000
_WINDOW = np.hanning(_SIZE)
_BIN_HZ = RATE / _SIZE
_LOBE = 2
"""A Hann window spreads a tone over its bin and two on each side."""


class BeepFinder:
    """Feed it frames; it says once for each beep, when the beep is over."""

    def __init__(self) -> None:
        self._tone = _Tone(0.0, 0.0)
        self._tone_ms = 0
        self._gap = False

    def feed(self, frame: bytes) -> bool:
        """One 20 ms frame of PCM16 mono 16 kHz; True when it is the first after a beep."""
        tone = _tone(frame)
        if tone is not None and (not self._tone_ms or self._tone.goes_on(tone)):
            self._tone = self._tone if self._tone_ms else tone
            self._tone_ms += FRAME_MS
            return False
        if self._tone_ms and not self._gap:
            self._gap = True  # one bad frame is forgiven: a click, or the tone's own edge
            return False
        length, self._tone_ms, self._gap = self._tone_ms, 0, False
        if tone is not None:
            self._tone, self._tone_ms = tone, FRAME_MS
        return tone is None and SHORTEST_MS <= length <= LONGEST_MS


@dataclass(frozen=True, slots=True)
class _Tone:
    hz: float
    level: float

    def goes_on(self, other: _Tone) -> bool:
        louder, softer = max(self.level, other.level), min(self.level, other.level)
        return abs(self.hz - other.hz) <= DRIFT_HZ and louder <= DRIFT_LEVEL * softer


def _tone(frame: bytes) -> _Tone | None:
    """The tone a frame consists of; None when it is no single tone."""
    pcm: NDArray[np.float64] = np.frombuffer(frame, "<i2", count=len(frame) // 2).astype(np.float64)
    level = float(np.sqrt(np.mean(pcm * pcm))) if pcm.size == _SIZE else 0.0
    if level < LOUD:
        return None
    power = np.abs(np.fft.rfft((pcm - pcm.mean()) * _WINDOW)) ** 2
    peak = int(np.argmax(power))
    if not LOW_HZ <= peak * _BIN_HZ <= HIGH_HZ:
        return None
    around = slice(max(0, peak - _LOBE), peak + _LOBE + 1)
    share = float(power[around].sum() / power.sum())
    if share < TONE_SHARE:
        return None
    bins = np.arange(around.start, min(around.stop, power.size))
    hz = float((bins * power[around]).sum() / power[around].sum() * _BIN_HZ)
    return _Tone(hz, level)
