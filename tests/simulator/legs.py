"""The two directions of a simulated call, in 20 ms steps on one timeline.

Responsible for: what the microphone picks up (room noise, and a clip while the caller talks), what
the loudspeaker plays (a buffer emptied at real time), and when sound was heard. It must never know
where audio comes from or goes to; it never reads a clock, it is told the time.

    microphone   | noise | noise | clip  | clip  | noise |        sample i was spoken at i / rate
    loudspeaker  |       |       |       | reply | reply |        sample i is heard at i / rate
    tick         0       1       2       3       4
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from tests.simulator.audio import FRAME_MS, Clip, Samples, frames, room_noise

HEARD_DBFS = -50
"""Reply samples quieter than this count as silence (16-bit full scale)."""
HEARD_LEVEL = 32768 * 10 ** (HEARD_DBFS / 20)
SAME_SOUND_MS = 60
"""Sounds with a shorter pause between them are one: speech dips below any level within a word."""


class Microphone:
    """Endless 20 ms frames: noise, with clips mixed in when there is something to say."""

    def __init__(self, rate: int, noise_dbfs: float = -65, seed: int = 1) -> None:
        self.rate = rate
        noise = room_noise(noise_dbfs, rate, seed=seed)
        self._noise = list(frames(noise, rate))
        self._noise_bytes = [frame.tobytes() for frame in self._noise]
        self._clip: deque[Samples] = deque()
        self.frames_taken = 0

    @property
    def talking(self) -> bool:
        """True while frames of a clip wait to be sent."""
        return bool(self._clip)

    @property
    def position_ms(self) -> float:
        """When, on the call's timeline, the next frame begins."""
        return self.frames_taken * float(FRAME_MS)

    def say(self, clip: Clip) -> tuple[float, float]:
        """Begin with the next frame; returns the acoustic start and end in ms of the call."""
        if clip.rate != self.rate:
            raise ValueError(f"a clip of {clip.rate} Hz on a line of {self.rate} Hz")
        begins_ms = self.position_ms + len(self._clip) * FRAME_MS
        self._clip.extend(frames(clip.samples, clip.rate))
        per_ms = self.rate / 1000
        return begins_ms + clip.first / per_ms, begins_ms + (clip.last + 1) / per_ms

    def next_frame(self) -> bytes:
        """The next 20 ms of PCM16."""
        turn = self.frames_taken % len(self._noise)
        self.frames_taken += 1
        if not self._clip:
            return self._noise_bytes[turn]
        mixed = self._clip.popleft().astype(np.int32) + self._noise[turn]
        frame: bytes = np.clip(mixed, -32768, 32767).astype(np.int16).tobytes()
        return frame


@dataclass(slots=True)
class Sound:
    """Something was heard from `start_ms` to `end_ms` of the call."""

    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Gap:
    """The loudspeaker ran dry at `at_ms` and had something to play again `ms` later."""

    at_ms: float
    ms: float


class Loudspeaker:
    """Plays received audio at real time and remembers when there was sound.

    A frame takes only audio that had arrived when it was due, so a late wake-up of the simulator
    never makes the server look faster than it is.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.sounds: list[Sound] = []
        self.gaps: list[Gap] = []
        self.most_ahead_ms = 0.0
        self.frames_played = 0
        self._frame_bytes = rate * FRAME_MS // 1000 * 2
        self._silence = bytes(self._frame_bytes)
        self._arrived: deque[tuple[float, bytes]] = deque()
        self._waiting_bytes = 0
        self._dry_since_ms: float | None = None
        self._cut = False

    @property
    def waiting_ms(self) -> float:
        """Audio received and not yet played."""
        return self._waiting_bytes / 2 * 1000 / self.rate

    @property
    def heard_ms(self) -> float:
        """How much sound was heard so far, pauses not counted."""
        return sum(sound.end_ms - sound.start_ms for sound in self.sounds)

    def receive(self, pcm: bytes, at_ms: float) -> None:
        """Audio came in at this moment of the call."""
        self._arrived.append((at_ms, pcm))
        self._waiting_bytes += len(pcm)
        self.most_ahead_ms = max(self.most_ahead_ms, self.waiting_ms)

    def clear(self) -> None:
        """Drop what has not been played. What follows is a new sound."""
        self._arrived.clear()
        self._waiting_bytes = 0
        self._dry_since_ms = None
        self._cut = True

    def begin_reply(self) -> None:
        """What is not there from here on is a pause between replies, not a gap inside one."""
        self._dry_since_ms = None

    def play_frame(self) -> bytes:
        """The 20 ms that are heard now."""
        due_ms = self.frames_played * float(FRAME_MS)
        self.frames_played += 1
        pcm = self._take(due_ms)
        self._note_gaps(due_ms, len(pcm))
        if not pcm:
            return self._silence
        self._note_sound(due_ms, np.frombuffer(pcm, dtype="<i2"))
        return pcm.ljust(self._frame_bytes, b"\0")

    def _take(self, due_ms: float) -> bytes:
        taken = bytearray()
        while self._arrived and len(taken) < self._frame_bytes and self._arrived[0][0] <= due_ms:
            at_ms, pcm = self._arrived.popleft()
            room = self._frame_bytes - len(taken)
            taken += pcm[:room]
            if len(pcm) > room:
                self._arrived.appendleft((at_ms, pcm[room:]))
        self._waiting_bytes -= len(taken)
        return bytes(taken)

    def _note_gaps(self, due_ms: float, got: int) -> None:
        if got and self._dry_since_ms is not None:
            self.gaps.append(Gap(self._dry_since_ms, due_ms - self._dry_since_ms))
            self._dry_since_ms = None
        if got > 0 and not self._waiting_bytes:
            self._dry_since_ms = due_ms + got / 2 * 1000 / self.rate

    def _note_sound(self, due_ms: float, samples: Samples) -> None:
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > HEARD_LEVEL)
        if not len(loud):
            return
        start_ms = due_ms + float(loud[0]) * 1000 / self.rate
        end_ms = due_ms + float(loud[-1] + 1) * 1000 / self.rate
        if self.sounds and not self._cut and start_ms - self.sounds[-1].end_ms < SAME_SOUND_MS:
            self.sounds[-1].end_ms = end_ms
        else:
            self.sounds.append(Sound(start_ms, end_ms))
            self._cut = False
