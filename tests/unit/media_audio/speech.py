"""The recorded test speech, and sounds that are no speech, for tests of audio."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.pcm import FRAME_BYTES, RATE, Framer, read_wav

SPEECH = Path(__file__).parents[2] / "data" / "speech"
Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Spoken:
    """A clip and what is said in it."""

    file: str
    language: str
    kind: str
    text: str

    @property
    def pcm(self) -> bytes:
        pcm, rate = read_wav(SPEECH / self.file)
        assert rate == RATE
        return pcm


@cache
def spoken(language: str) -> list[Spoken]:
    with (SPEECH / "manifest.tsv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [
            Spoken(row["file"], row["language"], row["kind"], row["text"])
            for row in rows
            if row["language"] == language
        ]


def clip(name: str) -> Spoken:
    """`en/free_00_slt` → the clip."""
    return next(each for each in spoken(name[:2]) if each.file == f"{name}.wav")


def frames(pcm: bytes) -> list[bytes]:
    framer = Framer()
    rest = [*framer.push(pcm), framer.flush()]
    return [frame for frame in rest if frame]


def silence(ms: int) -> bytes:
    return bytes(ms * RATE // 1000 * 2)


def to_pcm(wave: Samples) -> bytes:
    return (np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()


def to_wave(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32768


def tone(hz: Sequence[float], dbfs: float, ms: int, rate: int = RATE) -> Samples:
    """Sines of equal strength whose sum peaks at `dbfs`."""
    t = np.arange(rate * ms // 1000) / rate
    total = np.sum([np.sin(2 * np.pi * f * t) for f in hz], axis=0)
    return np.asarray(total / len(hz) * 10 ** (dbfs / 20))


def noise(dbfs: float, ms: int, seed: int = 1) -> Samples:
    """White noise of that RMS."""
    values = np.random.default_rng(seed).normal(0, 1, RATE * ms // 1000)
    return np.asarray(values * 10 ** (dbfs / 20))


def with_noise(pcm: bytes, speech: bytes, snr_db: float, seed: int = 1) -> bytes:
    """`pcm` with white noise that many dB below the RMS of `speech`."""
    wave = to_wave(pcm)
    level = np.sqrt(np.mean(to_wave(speech) ** 2)) * 10 ** (-snr_db / 20)
    random = np.random.default_rng(seed)
    return to_pcm(wave + random.normal(0, level, len(wave)))


def acoustic_span_ms(pcm: bytes) -> tuple[float, float]:
    """First and last sample above -40 dB re peak, in ms."""
    wave = np.abs(to_wave(pcm))
    loud = np.flatnonzero(wave > wave.max() / 100)
    return loud[0] * 1000 / RATE, loud[-1] * 1000 / RATE


assert FRAME_BYTES == 640
