"""What a simulated caller can say: recorded clips, coughs, tones and the noise of a quiet room.

Responsible for: loading test speech, where speech begins and ends inside a clip, and stereo files.
It must never know how audio travels to a server.

*Acoustic* start and end of a clip are its first and last sample above -40 dB of the clip's own
peak: the silence that a recording carries around the words is not speech. Times of turns count
from these samples.
"""

from __future__ import annotations

import csv
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

FRAME_MS = 20
SPEECH_DIR = Path(__file__).resolve().parents[1] / "data" / "speech"
SPEECH_RATE = 16000
"""Hz of every file under SPEECH_DIR."""
ACOUSTIC_RATIO = 0.01
"""-40 dB: samples quieter than this share of a clip's peak are not speech."""

Samples = NDArray[np.int16]


class NoSuchClip(LookupError):
    """Nothing in the manifest of test speech matches."""


@dataclass(frozen=True, slots=True)
class Clip:
    """PCM16 mono at `rate` Hz; `first` and `last` are its acoustic bounds, as sample indices."""

    text: str
    kind: str
    voice: str
    rate: int
    samples: Samples
    first: int
    last: int

    @property
    def ms(self) -> float:
        """Length of the whole clip, silence around the words included."""
        return len(self.samples) * 1000 / self.rate


def make_clip(samples: Samples, rate: int, text: str, kind: str = "sound", voice: str = "none") -> Clip:
    """A clip of any samples, with its acoustic bounds found. Raises ValueError on pure silence."""
    loudness = np.abs(samples.astype(np.int32))
    peak = int(loudness.max(initial=0))
    if peak == 0:
        raise ValueError(f"clip {text!r} is silent: there is nothing to measure")
    speech = np.flatnonzero(loudness > peak * ACOUSTIC_RATIO)
    return Clip(text, kind, voice, rate, samples, int(speech[0]), int(speech[-1]))


@cache
def find_clip(text: str, voice: str, rate: int = SPEECH_RATE) -> Clip:
    """The recording of exactly these words by this voice. Raises NoSuchClip."""
    for row in _manifest():
        if row["text"] == text and row["voice"] == voice:
            return make_clip(_read(row["file"], rate), rate, text, row["kind"], voice)
    raise NoSuchClip(f"no clip of {voice!r} saying {text!r}; see {SPEECH_DIR.name}/manifest.tsv")


def texts_of_kind(kind: str, voice: str) -> list[str]:
    """All texts of one kind (`yesno`, `bargein`, `backchannel`, ...) that this voice says."""
    return [row["text"] for row in _manifest() if (row["kind"], row["voice"]) == (kind, voice)]


def tone(hz: float = 440, ms: int = 1000, dbfs: float = -15, rate: int = SPEECH_RATE) -> Clip:
    """A steady sine: a ringing phone, a kettle, a hum. Never speech."""
    moments = np.arange(rate * ms // 1000) / rate
    wave_ = np.sin(2 * np.pi * hz * moments) * _amplitude(dbfs)
    return make_clip(wave_.astype(np.int16), rate, f"{hz:g} Hz tone")


def cough(rate: int = SPEECH_RATE, seed: int = 7) -> Clip:
    """Two bursts of band-shaped noise with the sharp attack and quick decay of a cough."""
    noise = np.random.default_rng(seed)
    bursts = []
    for ms, dbfs in ((160, -10.0), (60, -90.0), (130, -14.0)):
        count = rate * ms // 1000
        decay = np.exp(-np.arange(count) / (count / 4))
        hiss = noise.standard_normal(count + 8)
        body = np.convolve(hiss, np.ones(9) / 3, mode="valid")  # throat: highs muffled
        bursts.append(body * decay * _amplitude(dbfs))
    mixed = np.clip(np.concatenate(bursts), -32768, 32767)
    return make_clip(mixed.astype(np.int16), rate, "cough")


def room_noise(dbfs: float, rate: int, seconds: float = 5.0, seed: int = 1) -> Samples:
    """White noise at this RMS level, to be repeated: no live microphone is digitally silent."""
    noise = np.random.default_rng(seed).standard_normal(int(rate * seconds))
    return np.clip(noise * _amplitude(dbfs), -32768, 32767).astype(np.int16)


def frames(samples: Samples, rate: int) -> Iterator[Samples]:
    """Cut into 20 ms; the last frame is filled up with silence."""
    size = rate * FRAME_MS // 1000
    for start in range(0, len(samples), size):
        piece = samples[start : start + size]
        yield piece if len(piece) == size else np.pad(piece, (0, size - len(piece)))


def write_stereo(path: Path, left: bytes, right: bytes, rate: int) -> None:
    """A WAV of two PCM16 legs (caller left, bot right), the shorter filled up with silence."""
    legs = [np.frombuffer(leg, dtype="<i2") for leg in (left, right)]
    stereo = np.zeros((max(len(leg) for leg in legs), 2), dtype="<i2")
    for channel, leg in enumerate(legs):
        stereo[: len(leg), channel] = leg
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(stereo.tobytes())


@cache
def _manifest() -> tuple[dict[str, str], ...]:
    with (SPEECH_DIR / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t"))


def _read(name: str, rate: int) -> Samples:
    with wave.open(str(SPEECH_DIR / name)) as recording:
        pcm = recording.readframes(recording.getnframes())
    samples: Samples = np.frombuffer(pcm, dtype="<i2")
    if rate != SPEECH_RATE:
        samples = soxr.resample(samples, SPEECH_RATE, rate)
    return samples


def _amplitude(dbfs: float) -> float:
    return float(32768 * 10 ** (dbfs / 20))
