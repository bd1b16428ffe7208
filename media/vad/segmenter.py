"""From speech probabilities to stretches of speech: when one starts, pauses, goes on and ends.

Responsible for: telling real voice from clicks and noise, and saying to within a frame or two where
voice acoustically began and ended. Knows nothing of turns: whoever owns them counts the silence and
calls `close()`.

A detector is sure but late: Silero says yes about 80 ms after voice begins and no 100-120 ms after
it ends. Energy is exact but gullible. So the detector decides *whether* there is speech, and energy,
in blocks of 10 ms, decides *where* its edges are:

    energy        ____▁▃▇▇▆▇▅▁____________▅▇▇▆▃▁_______________
    detector      ________▇▇▇▇▇▇▇▇▇▇▁__________▇▇▇▇▇▇▇▇▇▇▁_____
    Voice         . . . . . O s s s p p p p s s s s s p p p p .   O opens, s speaking, p pause
    onset_ms          ^     reported from O on                ^ close()
    end_ms                     ^ at the first p      ^ at the last p

A block is voice when it stands clear of the noise floor and near the stretch's speech level, and the
detector has said speech lately; or, whatever the energy, when the detector says so for longer than
it is ever late (quiet speech after a shout, speech in noise as loud as itself).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from media.pcm import FRAME_MS, FULL_SCALE, RATE, SILENT_DBFS, samples
from media.vad.base import VoiceDetector

BLOCK_MS = 10
BLOCK_SAMPLES = RATE // 1000 * BLOCK_MS
RUMBLE = (
    np.stack(
        [np.ones(BLOCK_SAMPLES)]
        + [
            wave(2 * np.pi * np.arange(BLOCK_SAMPLES) / BLOCK_SAMPLES) * math.sqrt(2)
            for wave in (np.cos, np.sin)
        ],
        axis=1,
    )
    / math.sqrt(BLOCK_SAMPLES)
).astype(np.float32)
"""What lies below 150 Hz in a block: direct current and the 100 Hz wide bin above it (unit vectors).
By Parseval a block's power less these is the power of the rest of its spectrum, for a tenth of an
FFT's cost."""
QUIET_MARGIN_DB = 4.0
QUIET_DBFS = -45.0
"""A frame within the margin of the background, and below this, isn't worth asking the detector."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What is known after one frame, while a stretch of speech is open.

    All times are ms of audio fed since the segmenter was made.
    """

    at_ms: int
    """Audio received so far: the end of this frame."""
    onset_ms: int
    """Acoustic start of this stretch."""
    end_ms: int
    """Acoustic end of the last voice so far."""
    speaking: bool
    """Voice now, or (False) a pause that may be the end."""
    voiced_ms: int
    """end_ms - onset_ms."""

    @property
    def silence_ms(self) -> int:
        """How long the pause has lasted."""
        return self.at_ms - self.end_ms


@dataclass(frozen=True, slots=True)
class SegmenterSettings:
    """What a person may tune, per bot. Probabilities 0..1, levels in dB."""

    on_probability: float = 0.5
    off_probability: float = 0.35
    start_ms: int = 60
    """Voice needed before a stretch opens: two Silero windows, so a click never does."""
    pause_ms: int = 40
    """Silence after which `speaking` is False."""
    max_pause_ms: int = 5000
    """Silence after which a stretch nobody closed closes by itself."""
    above_noise_db: float = 5.0
    below_speech_db: float = 33.0
    """A block of voice is this near to the loudest of its stretch and this clear of the noise."""
    lag_ms: int = 200
    """For so long after the detector's last yes, energy alone counts as the same voice; and after so
    long a yes without energy, the detector is right. Longer than Silero is ever late in quiet."""
    look_back_ms: int = 240
    """How far before the detector's first yes the acoustic start is looked for."""


class NoiseFloor:
    """The level (dBFS) of what is there when nobody speaks.

    A low percentile of the last seconds: speech has gaps, so it barely raises it, and a dropped
    packet of digital silence doesn't erase it. Frames of speech count a quarter, so a long "o"
    isn't taken for noise, yet noise that fools the detector is noticed in the end.
    """

    WINDOW = 120
    """Frames kept: 2.4 s of noise, 9.6 s of speech."""
    QUANTILE = 0.1
    SPEECH_SHARE = 4
    UPDATE_FRAMES = 5

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=self.WINDOW)
        self._frames = 0
        self.db = SILENT_DBFS

    def add(self, db: float, speech: bool) -> None:
        """One frame's level."""
        self._frames += 1
        if not speech or self._frames % self.SPEECH_SHARE == 0:
            self._levels.append(db)
        if self._frames % self.UPDATE_FRAMES == 0 and self._levels:
            self.db = sorted(self._levels)[int(len(self._levels) * self.QUANTILE)]


@dataclass(slots=True)
class _Stretch:
    onset_ms: int
    end_ms: int
    level_db: float  # the loudest voice, forgetting slowly
    unheard_ms: int = 0  # how long the detector has said yes without energy


@dataclass(slots=True)
class _Candidate:
    """Voice that isn't yet long enough to open a stretch."""

    since_ms: int = 0
    voiced_ms: int = 0
    level_db: float = field(default=SILENT_DBFS)


class Segmenter:
    """One session's view of its caller's voice. About 45 us a frame besides the detector's."""

    LEVEL_DECAY_DB = 0.1
    """The speech level forgets 5 dB a second: a shout doesn't hide the sentence after it."""
    QUIETEST_DBFS = -72.0
    """Energy below this is never voice: dither, line noise of digital calls."""
    GAP_BLOCKS = 4
    """Silence inside an onset (40 ms: the closure of "p", "t") that doesn't end the look back."""

    def __init__(self, detector: VoiceDetector, settings: SegmenterSettings | None = None) -> None:
        self.at_ms = 0
        self._detector = detector
        self._set = settings or SegmenterSettings()
        self._floor = NoiseFloor()
        self._blocks: deque[float] = deque(maxlen=(self._set.look_back_ms + 400) // BLOCK_MS)
        self._stretch: _Stretch | None = None
        self._candidate = _Candidate()
        self._heard_ms = -self._set.lag_ms
        self._not_before_ms = 0

    def feed(self, frame: bytes) -> Voice | None:
        """20 ms of PCM16 mono 16 kHz (640 bytes). None while no stretch of speech is open."""
        levels = _block_levels(frame)
        probability = self._detector.probability(frame, quiet=self._is_quiet(max(levels)))
        self.at_ms += FRAME_MS
        self._blocks.extend(levels)
        if probability >= self._set.off_probability:
            self._heard_ms = self.at_ms
        self._floor.add(max(levels), speech=probability >= self._set.off_probability)
        if self._stretch is None:
            self._listen(probability, max(levels))
        else:
            self._follow(self._stretch, probability, levels)
        return self._voice()

    def _is_quiet(self, level_db: float) -> bool:
        """No louder than the background, and nothing has been going on: most of any call."""
        return (
            self._stretch is None
            and self.at_ms - self._heard_ms >= self._set.lag_ms
            and level_db < min(self._floor.db + QUIET_MARGIN_DB, QUIET_DBFS)
        )

    def close(self) -> None:
        """The turn is over; the next voice opens a new stretch. Harmless when none is open."""
        if self._stretch:
            self._not_before_ms = self._stretch.end_ms
        self._stretch = None
        self._candidate = _Candidate()

    def _listen(self, probability: float, level_db: float) -> None:
        candidate = self._candidate
        if probability < self._set.off_probability:
            self._candidate = _Candidate()
            return
        if probability >= self._set.on_probability:
            if not candidate.voiced_ms:
                candidate.since_ms = self.at_ms - FRAME_MS
            candidate.voiced_ms += FRAME_MS
            candidate.level_db = max(candidate.level_db, level_db)
        if candidate.voiced_ms >= self._set.start_ms:
            self._open(candidate)

    def _open(self, candidate: _Candidate) -> None:
        level_db = max(candidate.level_db, *self._blocks_since(candidate.since_ms - 100))
        onset = self._onset(candidate.since_ms, self._voice_above(level_db))
        self._stretch = _Stretch(onset, self.at_ms, level_db)

    def _onset(self, sure_ms: int, above_db: float) -> int:
        """Walk back from where the detector was sure to where the energy began."""
        earliest = max(sure_ms - self._set.look_back_ms, self._not_before_ms, 0)
        newest_first = list(self._blocks)[::-1]
        onset, gap = sure_ms, 0
        for back, level in enumerate(newest_first):
            start = self.at_ms - (back + 1) * BLOCK_MS
            if start >= sure_ms:
                continue
            if start < earliest or gap > self.GAP_BLOCKS:
                break
            if level >= above_db:
                onset, gap = start, 0
            else:
                gap += 1
        return onset

    def _follow(self, stretch: _Stretch, probability: float, levels: list[float]) -> None:
        above_db = self._voice_above(stretch.level_db)
        heard = self.at_ms - self._heard_ms < self._set.lag_ms
        voiced = [at for at, level in enumerate(levels) if level >= above_db] if heard else []
        if voiced:
            stretch.end_ms = self.at_ms - FRAME_MS + (voiced[-1] + 1) * BLOCK_MS
            stretch.level_db = max(max(levels), stretch.level_db - self.LEVEL_DECAY_DB)
            stretch.unheard_ms = 0
        elif probability >= self._set.on_probability and max(levels) > self._floor.db + 3:
            stretch.unheard_ms += FRAME_MS
            if stretch.unheard_ms >= self._set.lag_ms:
                stretch.end_ms = self.at_ms
                stretch.level_db = max(levels)
        else:
            stretch.unheard_ms = 0
        if self.at_ms - stretch.end_ms >= self._set.max_pause_ms:
            self.close()

    def _voice_above(self, speech_db: float) -> float:
        """The level at which a block is voice, for speech of `speech_db`."""
        clear_of_noise = self._floor.db + self._set.above_noise_db
        near_speech = speech_db - self._set.below_speech_db
        # Where noise is nearly as loud as speech, energy tells little: let most of it pass.
        return min(max(clear_of_noise, near_speech, self.QUIETEST_DBFS), speech_db - 6)

    def _blocks_since(self, ms: int) -> list[float]:
        count = max(1, (self.at_ms - max(ms, 0)) // BLOCK_MS)
        return list(self._blocks)[-count:]

    def _voice(self) -> Voice | None:
        stretch = self._stretch
        if stretch is None:
            return None
        return Voice(
            at_ms=self.at_ms,
            onset_ms=stretch.onset_ms,
            end_ms=stretch.end_ms,
            speaking=self.at_ms - stretch.end_ms < self._set.pause_ms,
            voiced_ms=stretch.end_ms - stretch.onset_ms,
        )


def _block_levels(frame: bytes) -> list[float]:
    """dBFS of each 10 ms above 150 Hz: rumble and hum, which sway, are not voice.

    One product a block and no `einsum`: code that runs every 20 ms is cold in the processor's caches,
    so what counts is how little of numpy it touches.
    """
    values = samples(frame).astype(np.float32)
    return [_level(values[at : at + BLOCK_SAMPLES]) for at in range(0, len(values), BLOCK_SAMPLES)]


def _level(block: NDArray[np.float32]) -> float:
    rumble = sum(part * part for part in block.dot(RUMBLE).tolist())
    power = (float(block.dot(block)) - rumble) / (BLOCK_SAMPLES * FULL_SCALE**2)
    return max(SILENT_DBFS, 10 * math.log10(power)) if power > 0 else SILENT_DBFS
