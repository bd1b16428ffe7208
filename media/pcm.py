"""The product's one internal audio form, and small helpers around it.

Responsible for: PCM16 little-endian mono at 16 kHz cut in 20 ms frames, levels, WAV files.
Knows nothing of who speaks, where the audio comes from, or of sessions.
"""

from __future__ import annotations

import math
import wave
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Hz, everywhere inside the product."""
FRAME_MS = 20
FRAME_BYTES = RATE * FRAME_MS // 1000 * 2
SILENCE = bytes(FRAME_BYTES)
"""One frame of digital silence."""
SILENT_DBFS = -96.0
"""What digital silence is reported as (16 bits reach no lower)."""

FULL_SCALE = 32768.0


class BadPcm(ValueError):
    """Bytes that are not whole 16 bit samples."""


class BadWav(ValueError):
    """A file that is not PCM16 mono WAV."""


class Framer:
    """Chunks of any even length in, whole frames out; what is left over waits for the next chunk.

    `frame_bytes` is the frame's size: 640 for 20 ms at 16 kHz, 320 at 8 kHz.
    """

    def __init__(self, frame_bytes: int = FRAME_BYTES) -> None:
        self.frame_bytes = frame_bytes
        self._rest = bytearray()

    def push(self, pcm: bytes) -> list[bytes]:
        """The frames that `pcm` (PCM16 mono) completes. Raises BadPcm for an odd length."""
        whole_samples(pcm)
        self._rest += pcm
        size = self.frame_bytes
        end = len(self._rest) // size * size
        frames = [bytes(self._rest[at : at + size]) for at in range(0, end, size)]
        del self._rest[:end]
        return frames

    def flush(self) -> bytes | None:
        """The last, unfinished frame padded with silence; None when nothing is left over."""
        if not self._rest:
            return None
        frame = bytes(self._rest).ljust(self.frame_bytes, b"\0")
        self._rest.clear()
        return frame


def whole_samples(pcm: bytes) -> None:
    """Raises BadPcm when `pcm` is not whole 16 bit samples."""
    if len(pcm) % 2:
        raise BadPcm(f"{len(pcm)} bytes are not whole 16 bit samples; send an even number of bytes")


def samples(pcm: bytes) -> NDArray[np.int16]:
    """PCM16 little-endian bytes as samples, without copying. Raises BadPcm for an odd length."""
    whole_samples(pcm)
    return np.frombuffer(pcm, dtype="<i2")


def floats(pcm: bytes) -> NDArray[np.float32]:
    """PCM16 bytes as float32 in -1..1."""
    return samples(pcm).astype(np.float32) / FULL_SCALE


def duration_ms(pcm: bytes, rate: int = RATE) -> float:
    """How long `pcm` plays, in ms."""
    return len(pcm) / 2 * 1000 / rate


def rms(pcm: bytes) -> float:
    """Root mean square, 0..1 of full scale; 0 for no samples."""
    values = floats(pcm)
    return math.sqrt(float(np.dot(values, values)) / len(values)) if len(values) else 0.0


def dbfs(pcm: bytes) -> float:
    """RMS level in dB re full scale (a full-scale square wave is 0), never below SILENT_DBFS."""
    return to_db(rms(pcm))


def to_db(amplitude: float) -> float:
    """An amplitude 0..1 in dB re full scale, never below SILENT_DBFS."""
    return max(SILENT_DBFS, 20 * math.log10(amplitude)) if amplitude > 0 else SILENT_DBFS


def read_wav(source: Path | BinaryIO) -> tuple[bytes, int]:
    """(PCM16 mono bytes, Hz) of a WAV file. Raises BadWav for anything else."""
    try:
        with wave.open(str(source) if isinstance(source, Path) else source, "rb") as wav:
            form = (wav.getnchannels(), wav.getsampwidth() * 8)
            if form != (1, 16):
                raise BadWav(f"{source}: {form[0]} channels of {form[1]} bits; need mono, 16 bits")
            return wav.readframes(wav.getnframes()), wav.getframerate()
    except (wave.Error, EOFError) as exc:
        raise BadWav(f"{source}: not a PCM WAV file ({exc})") from exc


def write_wav(target: Path | BinaryIO, pcm: bytes, rate: int = RATE, channels: int = 1) -> None:
    """Write PCM16 (interleaved when `channels` is 2) as a WAV file."""
    whole_samples(pcm)
    with wave.open(str(target) if isinstance(target, Path) else target, "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(pcm)
