"""What an answered line sounds like, besides its words: how long its first speech is, when it falls
quiet, tones, and the beep.

Taps the caller's port on its way into a session. One for each call; must never know what is done with
what it hears. Until it is told that the conversation begins, the session hears only who answered:

    line      ▇▇▇▇▇▇▁▁▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇      ▇▇▇▇▁▁▂▂▁▂▂▂▁▂▂▂  a television
    session   ▇▇▇▇▇▇▁▁▇▇▇▇▇▇▇▇____________________  ▇▇▇▇▁_____________
              a speech longer than MONOLOGUE_MS      softer than who spoke first

so a turn that would not end does, and is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from gevent.event import Event

from controller.dialer.machine.beep import BeepFinder
from controller.session.ports import AudioIn
from media.pcm import FRAME_MS, SILENCE, SILENT_DBFS, dbfs
from media.vad.base import VoiceDetector

SPEECH = 0.5
"""Probability that counts as voice."""
STEADY_MS = 60
"""Voice shorter than this is a click."""
GAP_MS = 500
"""Silence that ends a first speech; the pauses inside a greeting are shorter."""
TALK_GAP_MS = 1000
"""Silence that ends a talk."""
MONOLOGUE_MS = 4000
"""Nobody who answers says so much at first without a breath, but a machine."""
QUIET_DBFS = -46.0
"""Never voice: a light detector takes the first noise of a line for it."""
BACKGROUND_DB = 18.0
"""Voices so much softer than the first one are others, further away."""
HOLD_MS = 200
"""The soft end of a word is a word's."""
AGAIN_MS = 300
"""Voice after a beep: it was not the one after which a machine records."""
FAX_HZ = ((1080, 1120), (2080, 2120))
"""A fax that calls (1100 Hz, 0.5 s in 3.5) or answers (2100 Hz, 2.6 s and more), by ITU-T T.30."""
FAX_MS = 400
WATCHED_MS = 60_000
"""Afterwards it is a conversation, and nothing is looked for any more."""


class Signal(StrEnum):
    """Tones of a line on which nobody has spoken yet."""

    NONE = "none"
    CALLING = "calling"  # ringback, hold: the call is not through
    FAX = "fax"


class LineEars:
    """An AudioIn that tells of the line. All times are ms of audio since the answer."""

    def __init__(self, audio_in: AudioIn, detector: VoiceDetector) -> None:
        self._audio_in = audio_in
        self._detector = detector
        self._beeps = BeepFinder()
        self._beeped = False
        self._signal = Signal.NONE
        self._tick = Event()
        self._at_ms = 0
        self._run_ms = 0
        self._began_ms = -1
        self._first_ms = 0
        self._talk_began_ms = -1
        self._last_ms = 0
        self._over = False
        self._level = self._loudest = SILENT_DBFS
        self._released = False

    @property
    def first_speech_ms(self) -> int:
        """Length of the first speech so far, pauses within it included; 0 before it."""
        return self._first_ms

    @property
    def at_ms(self) -> int:
        """How much audio there has been."""
        return self._at_ms

    @property
    def talk_ms(self) -> tuple[int, int]:
        """Where the newest talk began, and where it was heard last. It lasts over the pauses that a
        machine makes between its sentences."""
        return self._talk_began_ms, self._last_ms

    @property
    def beeped(self) -> bool:
        """Whether a beep has sounded after a speech, and no voice after it."""
        return self._beeped

    @property
    def signal(self) -> Signal:
        """The tones before the first speech."""
        return self._signal

    def wait_for_beep(self, timeout_s: float) -> bool:
        """Wait cooperatively for a beep; one that has sounded counts, unless voice followed it."""
        return self._wait(lambda: self._beeped, timeout_s)

    def wait_for_quiet(self, quiet_ms: float, timeout_s: float) -> bool:
        """Wait cooperatively until nobody has spoken for so long."""
        return self._wait(lambda: self._at_ms - self._last_ms >= quiet_ms, timeout_s)

    def release(self) -> None:
        """The conversation begins, the bot is heard: from now on the session hears everything."""
        self._released = True

    def frames(self) -> Iterator[bytes]:
        """The port's frames; see above for those that are silenced."""
        for frame in self._audio_in.frames():
            if self._at_ms >= WATCHED_MS:
                yield frame
                continue
            self._hear(frame)
            ticked, self._tick = self._tick, Event()
            ticked.set()
            yield SILENCE if self._is_silenced() else frame

    def _wait(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """By the audio's time; by the clock where no audio comes."""
        until_ms = self._at_ms + timeout_s * 1000
        while not done():
            if self._at_ms >= until_ms or not self._tick.wait(timeout_s):
                return False
        return True

    def _is_silenced(self) -> bool:
        if self._released or self._began_ms < 0:
            return False
        if not self._over and self._at_ms - self._began_ms > MONOLOGUE_MS:
            return True
        return self._at_ms - self._last_ms > HOLD_MS and self._level < self._loudest - BACKGROUND_DB

    def _hear(self, frame: bytes) -> None:
        self._at_ms += FRAME_MS
        self._level = dbfs(frame)
        self._listen_for_tones(frame)
        voice = self._detector.probability(frame) >= SPEECH
        if voice and self._level >= max(QUIET_DBFS, self._loudest - BACKGROUND_DB):
            if self._beeps.tone_ms:
                return  # a detector may take it for voice
            self._run_ms += FRAME_MS
            if self._run_ms >= STEADY_MS:
                self._hear_voice()
        else:
            self._run_ms = 0
            self._over = self._over or (self._began_ms >= 0 and self._at_ms - self._last_ms >= GAP_MS)

    def _hear_voice(self) -> None:
        onset_ms = self._at_ms - self._run_ms
        if self._began_ms < 0:
            self._began_ms = onset_ms
        if self._talk_began_ms < 0 or onset_ms - self._last_ms >= TALK_GAP_MS:
            self._talk_began_ms = onset_ms
        self._last_ms = self._at_ms
        self._loudest = max(self._loudest, self._level)
        if not self._over:
            self._first_ms = self._at_ms - self._began_ms
        if self._run_ms >= AGAIN_MS:
            self._beeped = False

    def _listen_for_tones(self, frame: bytes) -> None:
        beeped = self._beeps.feed(frame)
        if self._began_ms >= 0:
            self._beeped = self._beeped or beeped
        elif self._beeps.tone_ms >= FAX_MS and any(a <= self._beeps.hz <= b for a, b in FAX_HZ):
            self._signal = Signal.FAX
        elif self._beeps.tone_ms >= STEADY_MS * 2 and self._signal is Signal.NONE:
            self._signal = Signal.CALLING
