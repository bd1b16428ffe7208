"""Hears the beep after which a machine records. Pure: fed with audio, never knows a call.

A beep is one steady tone (300 to 2600 Hz), or two together (700 to 2600 Hz, no key's), of 160 ms to
2.5 s. Voices have harmonics, and none holds still. Ringback, dial and busy tones are lower or come in
two that beat. Those of one frequency come in a row at half a second or longer, and before a word was
said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.pcm import FRAME_MS, RATE

LOW_HZ, HIGH_HZ = 300, 2600
PAIR_LOW_HZ = 700
KEYS_LOW_HZ, KEYS_HIGH_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEY_HZ = 20
"""How far from a key's frequencies a pair may be and still be that key's."""
SHORTEST_MS, LONGEST_MS = 160, 2500
TONE_SHARE = 0.95
"""Of a frame's energy in the tone's own bins. A soft vowel may have as much in its lowest harmonic; what
tells a voice then is that no voice holds its pitch and its strength."""
PAIR_WEAKER = 0.1
"""Power of the weaker tone of a pair, re the stronger: 10 dB."""
DRIFT_HZ = 6
PAIR_DRIFT_HZ = 30
"""Two tones in one window disturb each other's place a little."""
DRIFT_LEVEL = 1.2
"""Loudest against softest frame, about 1.6 dB; the beat of two near tones is more."""
HELD_HZ = 30
"""A tone that swells, as two that beat do, holds its pitch so well."""
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
        self._steady_ms = 0
        self._gap = False
        self._held: float | None = None
        self.tone_ms = 0
        """How long there has been a tone by now, whether it is steady enough for a beep or swells."""

    @property
    def hz(self) -> float:
        """Of the tone that is there now, or of the last one."""
        return self._tone.hz

    def feed(self, frame: bytes) -> bool:
        """One 20 ms frame of PCM16 mono 16 kHz; True when it is the first after a beep."""
        tone = _tone(frame)
        self._hold(tone)
        if tone is not None and not tone.may_beep:
            tone = None
        if tone is not None and (not self._steady_ms or self._tone.goes_on(tone)):
            self._tone = self._tone if self._steady_ms else tone
            self._steady_ms += FRAME_MS
            return False
        if self._steady_ms and not self._gap:
            self._gap = True  # one bad frame is forgiven: a click, or the tone's own edge
            return False
        length, self._steady_ms, self._gap = self._steady_ms, 0, False
        if tone is not None:
            self._tone, self._steady_ms = tone, FRAME_MS
        return tone is None and SHORTEST_MS <= length <= LONGEST_MS

    def _hold(self, tone: _Tone | None) -> None:
        held, self._held = self._held, tone.hz if tone else None
        goes_on = tone is not None and held is not None and abs(tone.hz - held) <= HELD_HZ
        self.tone_ms = self.tone_ms + FRAME_MS if goes_on else 0


@dataclass(frozen=True, slots=True)
class _Tone:
    hz: float
    level: float
    pair: bool = False
    may_beep: bool = True

    def goes_on(self, other: _Tone) -> bool:
        louder, softer = max(self.level, other.level), min(self.level, other.level)
        drift = PAIR_DRIFT_HZ if self.pair else DRIFT_HZ
        same = self.pair is other.pair and abs(self.hz - other.hz) <= drift
        return same and louder <= DRIFT_LEVEL * softer


def _tone(frame: bytes) -> _Tone | None:
    """The tone, or the pair of tones, that a frame consists of; None when it is neither."""
    pcm: NDArray[np.float64] = np.frombuffer(frame, "<i2", count=len(frame) // 2).astype(np.float64)
    level = float(np.sqrt(np.mean(pcm * pcm))) if pcm.size == _SIZE else 0.0
    if level < LOUD:
        return None
    power = np.abs(np.fft.rfft((pcm - pcm.mean()) * _WINDOW)) ** 2
    total = float(power.sum())
    hz, strength = _strongest(power)
    if not LOW_HZ <= hz <= HIGH_HZ:
        return None
    if strength >= TONE_SHARE * total:
        return _Tone(hz, level)
    other_hz, other = _strongest(power)  # beside the first, which was taken out
    if other < PAIR_WEAKER * strength or strength + other < TONE_SHARE * total:
        return None
    low, high = sorted((hz, other_hz))
    may_beep = low >= PAIR_LOW_HZ and high <= HIGH_HZ and not _is_key(low, high)
    return _Tone((low + high) / 2, level, pair=True, may_beep=may_beep)


def _strongest(power: NDArray[np.float64]) -> tuple[float, float]:
    """Hz and power of the strongest tone; takes its bins out of the spectrum."""
    peak = int(np.argmax(power))
    first, end = max(0, peak - _LOBE), min(peak + _LOBE + 1, power.size)
    bins = power[first:end].copy()
    power[first:end] = 0
    strength = float(bins.sum())
    return float((np.arange(first, end) * bins).sum() / max(strength, 1e-9) * _BIN_HZ), strength


def _is_key(low: float, high: float) -> bool:
    """Whether a keypad has this pair."""
    return any(abs(low - hz) <= KEY_HZ for hz in KEYS_LOW_HZ) and any(
        abs(high - hz) <= KEY_HZ for hz in KEYS_HIGH_HZ
    )
