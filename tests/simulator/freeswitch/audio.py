"""Sound files as FreeSWITCH plays and records them, in 20 ms frames of PCM16 mono at 8 kHz.

Responsible for: reading the formats that it plays right (.r8, .r16, .raw, .wav, and generated
silence and tones) and a stereo recording. It must never know of channels.
"""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass
from pathlib import Path

import gevent
import numpy as np

from media.resample import RATES, resample
from tests.simulator.freeswitch.phones import FRAME_BYTES

RATE = 8000
FRAME_SAMPLES = 160
SILENCE = bytes(FRAME_BYTES)
READ_AHEAD_MS = 2048
"""`variable_playback_ms` is how far it has read, and it reads pieces of this size."""
RAW_RATES = {".r8": 8000, ".raw": 8000, ".r16": 16000}
TONE = re.compile(r"%\((\d+),(\d+),(\d+)")
LONGEST_LOOP_FRAMES = 50 * 3600
"""`loops=-1` ends after an hour."""
MAX_RECORDING_BYTES = 8000 * 2 * 3600


class NotPlayable(Exception):
    """FreeSWITCH would say FILE NOT FOUND."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A file ready to be played, from `offset` (samples, counted in the file's own rate) on."""

    path: str
    frames: tuple[bytes, ...]
    samples: int
    """At 8 kHz, without what lies before the offset."""
    offset: int

    def read_ms(self, played_ms: int) -> int:
        """What `variable_playback_ms` says when so much was played."""
        return min((played_ms // READ_AHEAD_MS + 1) * READ_AHEAD_MS, self.samples * 1000 // RATE)


def load(argument: str) -> Sound:
    """The sound behind an argument of `playback`, read off the hub. Raises NotPlayable."""
    path = re.sub(r"^\{[^}]*\}", "", argument)
    path, _, offset = path.partition("@@")
    if not path.startswith(("/", "silence_stream://", "tone_stream://")):
        raise NotPlayable(f"{argument!r} is not an absolute path")
    start = int(offset) if offset.isdigit() else 0
    pcm: bytes = gevent.get_hub().threadpool.apply(_pcm, (path, start))
    loops = re.search(r";loops=(-?\d+)", path)
    times = (int(loops[1]) if loops else 1) or 1
    frames = [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES)]
    if frames:
        frames[-1] = frames[-1].ljust(FRAME_BYTES, b"\0")
    else:
        times = 1
    if times < 0:
        times = LONGEST_LOOP_FRAMES // len(frames) + 1
    return Sound(path, tuple(frames) * times, len(pcm) // 2 * times, start)


def _pcm(path: str, start: int) -> bytes:
    if path.startswith("silence_stream://"):
        return bytes(int(path.partition("//")[2].split(",")[0]) * RATE // 1000 * 2)
    if path.startswith("tone_stream://"):
        return _tone(path)
    file = Path(path)
    try:
        if file.suffix == ".wav":
            pcm, rate = _wav(file)
        elif file.suffix in RAW_RATES:
            pcm, rate = file.read_bytes(), RAW_RATES[file.suffix]
        else:
            raise NotPlayable(f"{file.suffix} is a format that it can't play, or plays wrongly")
    except (OSError, EOFError, wave.Error) as error:
        raise NotPlayable(f"{path}: {error}") from error
    if rate not in RATES:
        raise NotPlayable(f"{path} is at {rate} Hz")
    return resample(pcm[start * 2 : len(pcm) // 2 * 2], rate, RATE)


def _wav(file: Path) -> tuple[bytes, int]:
    with wave.open(str(file)) as source:
        if (source.getnchannels(), source.getsampwidth()) != (1, 2):
            raise NotPlayable(f"{file} is not PCM16 mono")
        return source.readframes(source.getnframes()), source.getframerate()


def _tone(path: str) -> bytes:
    found = TONE.search(path)
    if found is None:
        raise NotPlayable(f"{path}: only %(on,off,hz) is known")
    on_ms, off_ms, hz = map(int, found.groups())
    moments = np.arange(RATE * on_ms // 1000) / RATE
    loud = (np.sin(2 * np.pi * hz * moments) * 8000).astype("<i2")
    return bytes(loud.tobytes()) + bytes(RATE * off_ms // 1000 * 2)


class Recorder:
    """`record_session`: the caller left, what he hears right; the file is written at stop."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._legs = (bytearray(), bytearray())

    def add(self, heard: list[bytes], said: list[bytes]) -> None:
        """What one tick brought: frames from the caller, and frames to him (none is silence)."""
        caller, bot = self._legs
        if len(caller) < MAX_RECORDING_BYTES:
            caller += b"".join(heard)
            bot += b"".join(said) or SILENCE

    def save(self) -> None:
        """Write the WAV file, off the hub. Raises OSError."""
        gevent.get_hub().threadpool.apply(self._write)

    def _write(self) -> None:
        legs = [np.frombuffer(bytes(leg), dtype="<i2") for leg in self._legs]
        stereo = np.zeros((max(len(leg) for leg in legs), 2), dtype="<i2")
        for side, leg in enumerate(legs):
            stereo[: len(leg), side] = leg
        with wave.open(self.path, "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(stereo.tobytes())
