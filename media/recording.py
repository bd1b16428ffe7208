"""A call as a stereo WAV file: the caller left, the bot right, aligned by the session's clock.

Responsible for placing pieces of audio by time, silence between them, and a file that is valid at
every moment: the header is patched with each block, so a killed process leaves a playable file that
lacks the last second. Knows nothing of sessions or of who may listen.

    caller  |frame|frame|frame|     |frame|      its end is the clock
    bot           |reply…………|cut|
            ──────────────┤◄ HOLD_MS ►│
            on disk        in memory

`caller`, `bot` and `cut_bot` are for the hub: they copy into memory (10 µs a frame). Blocks of a
second are written by the hub's native thread pool; a disk that hangs delays no session.
"""

from __future__ import annotations

import logging
import os
import wave
from collections import deque
from pathlib import Path

import gevent
import numpy as np

log = logging.getLogger(__name__)

HOLD_MS = 1000
"""Audio stays in memory this long behind the caller's clock, for the other leg to come in."""
AHEAD_MS = 60_000
"""How far a reply may lie ahead of the caller's clock; beyond, the caller is taken as silent."""
SNAP_MS = 2
"""Pieces this close to the end of the one before are joined, so that rounding doesn't click."""
MAX_WAITING_BLOCKS = 60
"""Seconds that may wait for the disk; then silence takes their place, and time stays right."""
CLOSE_S = 10
LONGEST_MS = 12 * 3_600_000
"""At 16 kHz that is 2.8 GB; a WAV file holds 4."""
SAMPLE_BYTES = 2


class RecordingError(Exception):
    """The recording could not be begun or is not complete; the message says why."""


class _Leg:
    """One side's audio that isn't on disk yet; `start` and `end` count samples of the session."""

    def __init__(self) -> None:
        self.start = 0
        self.pcm = bytearray()

    @property
    def end(self) -> int:
        return self.start + len(self.pcm) // SAMPLE_BYTES

    def put(self, at: int, pcm: bytes) -> int:
        """Place samples at `at`, over what is there; returns how many came too late."""
        late = min(max(0, self.start - at), len(pcm) // SAMPLE_BYTES)
        pcm, at = pcm[late * SAMPLE_BYTES :], max(at, self.start)
        if pcm:
            offset = (at - self.start) * SAMPLE_BYTES
            self.pcm.extend(bytes(max(0, offset - len(self.pcm))))
            self.pcm[offset : offset + len(pcm)] = pcm
        return late

    def cut(self, at: int) -> None:
        """Forget all from `at` on."""
        del self.pcm[max(0, at - self.start) * SAMPLE_BYTES :]

    def take(self, samples: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        """Remove and return the first `samples`, silence where there is nothing."""
        taken = bytes(self.pcm[: samples * SAMPLE_BYTES])
        del self.pcm[: len(taken)]
        self.start += samples
        return np.frombuffer(taken.ljust(samples * SAMPLE_BYTES, b"\0"), np.int16)


class StereoRecorder:
    """One session's recording. Use it on one hub; after `close` everything is ignored."""

    def __init__(self, path: Path, rate: int = 16_000) -> None:
        """Creates `path` (its directory must exist; readable by its owner only). `rate` in Hz.

        Raises RecordingError when it is there already or can't be created."""
        self.path = path
        self.rate = rate
        self.lost_ms = 0.0
        """Audio that came too late for its place, or that a stuck disk had no room for."""
        self._caller, self._bot = _Leg(), _Leg()
        self._waiting: deque[bytes | int] = deque()  # a block, or samples of silence
        self._writer: gevent.Greenlet | None = None
        self._error: OSError | None = None
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as exc:
            raise RecordingError(f"recording {path} can't be begun: {exc.strerror}") from exc
        self._file = os.fdopen(handle, "wb")
        self._wave: wave.Wave_write | None = wave.open(self._file, "wb")  # noqa: SIM115
        self._wave.setnchannels(2)
        self._wave.setsampwidth(SAMPLE_BYTES)
        self._wave.setframerate(rate)

    def caller(self, at_ms: float, pcm: bytes) -> None:
        """What the caller said, PCM16 mono at `rate`, beginning `at_ms` after the session did.

        Raises ValueError for half a sample, or a time that is negative or beyond 12 hours."""
        if self._wave is None:
            return
        at = self._place(self._caller, at_ms, pcm)
        # Flushing first keeps a long gap out of memory.
        self._flush_to(at - self._samples(HOLD_MS))
        self._count_lost(self._caller.put(at, pcm))
        self._flush_to(self._caller.end - self._samples(HOLD_MS))

    def bot(self, at_ms: float, pcm: bytes) -> None:
        """What the bot said, likewise; a whole clip may be given as its playback starts."""
        if self._wave is None:
            return
        at = self._place(self._bot, at_ms, pcm)
        end = at + len(pcm) // SAMPLE_BYTES
        self._flush_to(min(at, end - self._samples(AHEAD_MS)))
        self._count_lost(self._bot.put(at, pcm))

    def cut_bot(self, at_ms: float) -> None:
        """Playback was stopped: nothing the bot was given from `at_ms` on was heard."""
        self._bot.cut(round(at_ms * self.rate / 1000))

    def close(self) -> Path:
        """Write the rest and close; waits on the calling greenlet. Returns the file's path.

        Raises RecordingError when the disk failed: the file holds what came before."""
        if self._wave is None:
            return self.path
        self._flush_to(max(self._caller.end, self._bot.end), whole=True)
        finished, self._wave = self._wave, None
        if self._writer is not None:
            self._writer.join(CLOSE_S)
            if not self._writer.ready():
                raise RecordingError(f"recording {self.path}: the disk didn't answer in {CLOSE_S} s")
        try:
            finished.close()
            self._file.close()
        except OSError as exc:
            self._error = self._error or exc
        if self._error is not None:
            raise RecordingError(f"recording {self.path} is not complete: {self._error.strerror}")
        return self.path

    def _samples(self, ms: float) -> int:
        return round(ms * self.rate / 1000)

    def _place(self, leg: _Leg, at_ms: float, pcm: bytes) -> int:
        if not 0 <= at_ms <= LONGEST_MS or len(pcm) % SAMPLE_BYTES:
            raise ValueError(f"{len(pcm)} bytes of PCM16 at {at_ms} ms can't be recorded")
        at = self._samples(at_ms)
        return leg.end if abs(at - leg.end) <= self._samples(SNAP_MS) else at

    def _count_lost(self, samples: int) -> None:
        self.lost_ms += samples * 1000 / self.rate

    def _flush_to(self, end: int, whole: bool = False) -> None:
        """Hand blocks of a second to the writer, as many as lie before `end` (all when `whole`)."""
        while self._caller.start + (1 if whole else self.rate) <= end:
            left = end - self._caller.start
            if not (self._caller.pcm or self._bot.pcm):
                self._caller.start = self._bot.start = end
                self._enqueue(left)
                return
            size = min(self.rate, left)
            both = np.stack([self._caller.take(size), self._bot.take(size)], axis=1)
            if len(self._waiting) < MAX_WAITING_BLOCKS:
                self._enqueue(both.tobytes())
            else:
                self._count_lost(size)
                self._enqueue(size)

    def _enqueue(self, block: bytes | int) -> None:
        """Silence joins silence, so that however long it is it takes no room."""
        if isinstance(block, int) and self._waiting and isinstance(self._waiting[-1], int):
            block += self._waiting.pop()  # type: ignore[operator]
        self._waiting.append(block)
        if self._writer is None or self._writer.ready():
            self._writer = gevent.spawn(self._write_waiting, self._wave)

    def _write_waiting(self, out: wave.Wave_write) -> None:
        threads = gevent.get_hub().threadpool
        while self._waiting and self._error is None:
            try:
                threads.apply(self._write, (out, self._waiting.popleft()))
            except OSError as exc:
                self._error = exc
                log.error("recording %s stopped: %s", self.path, exc)

    def _write(self, out: wave.Wave_write, block: bytes | int) -> None:
        """In a native thread: data, then the header that counts it, then both to the system."""
        if isinstance(block, int):
            silent_second = bytes(self.rate * SAMPLE_BYTES * 2)
            for _ in range(block // self.rate):
                out.writeframes(silent_second)
            block = silent_second[: block % self.rate * SAMPLE_BYTES * 2]
        out.writeframes(block)
        self._file.flush()
