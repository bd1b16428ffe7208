"""What an answered line sounds like, besides its words: how long its first speech is, and the beep.

Taps the caller's port on its way into a session. One for each call; must never know what is done with
what it hears.
"""

from __future__ import annotations

from collections.abc import Iterator

from gevent.event import Event

from controller.dialer.machine.beep import BeepFinder
from controller.session.ports import AudioIn
from media.pcm import FRAME_MS
from media.vad.base import VoiceDetector

SPEECH = 0.5
"""Probability that counts as voice."""
STEADY_MS = 60
"""Voice shorter than this is a click."""
GAP_MS = 500
"""Silence that ends a first speech; the pauses inside a greeting are shorter."""
WATCHED_MS = 60_000
"""Afterwards it is a conversation, and nothing is looked for any more."""


class LineEars:
    """An AudioIn that tells of the line. All times are ms of audio since the answer."""

    def __init__(self, audio_in: AudioIn, detector: VoiceDetector) -> None:
        self._audio_in = audio_in
        self._detector = detector
        self._beeps = BeepFinder()
        self._beep = Event()
        self._at_ms = 0
        self._run_ms = 0
        self._began_ms = -1
        self._last_ms = 0
        self._over = False

    @property
    def first_speech_ms(self) -> int:
        """Length of the first speech so far, pauses within it included; 0 before it."""
        return 0 if self._began_ms < 0 else self._last_ms - self._began_ms

    def wait_for_beep(self, timeout_s: float) -> bool:
        """Wait cooperatively for a beep; one that has sounded since the answer counts."""
        return bool(self._beep.wait(timeout_s))

    def frames(self) -> Iterator[bytes]:
        """The port's frames, unchanged."""
        for frame in self._audio_in.frames():
            if self._at_ms < WATCHED_MS:
                self._hear(frame)
            yield frame

    def _hear(self, frame: bytes) -> None:
        self._at_ms += FRAME_MS
        if self._beeps.feed(frame):
            self._beep.set()
        if self._over:
            return
        if self._detector.probability(frame) >= SPEECH:
            self._run_ms += FRAME_MS
            if self._run_ms >= STEADY_MS:
                if self._began_ms < 0:
                    self._began_ms = self._at_ms - self._run_ms
                self._last_ms = self._at_ms
        else:
            self._run_ms = 0
            self._over = self._began_ms >= 0 and self._at_ms - self._last_ms >= GAP_MS
