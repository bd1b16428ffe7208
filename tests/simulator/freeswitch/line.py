"""The media of one channel: what its phone says, what it hears, and who listens in.

Responsible for: the 20 ms clock, and frames in both directions. It must never know of applications
or events.

A frame is taken at the tick after it came. When the phone is a little late nothing is taken and the
next tick takes two, so no speech is lost and no delay builds up; when it says nothing for a while,
silence takes its place. While nothing is written (a parked call) the phone hears nothing at all.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

import gevent
from gevent.event import Event

from tests.simulator.freeswitch.audio import Recorder
from tests.simulator.freeswitch.phones import SimPhone

TICK_S = 0.020
QUIET_AFTER_S = 0.060
"""A phone that has sent nothing for so long isn't just late."""
GIVE_UP_S = 0.5
"""A clock that is further behind than this does not catch up."""
NEAR_SILENCE = b"\xff\xff" * 160
"""What G.711 makes of silence (rms 1)."""
MAX_WAITING_FRAMES = 50


class Tap(Protocol):
    """Something attached to the channel's media (a media bug)."""

    def feed(self, frames: list[bytes]) -> None:
        """What the caller said in this tick; must not block."""

    def ended(self) -> None:
        """The channel is over; may block, and delays the end of the channel."""


class Line:
    """One phone's media. `open` is set with early media or the answer."""

    def __init__(self, phone: SimPhone) -> None:
        self.phone = phone
        self.open = False
        self.gone = Event()
        """Set at hang-up: ends every wait."""
        self.taps: list[Tap] = []
        self.recorders: list[Recorder] = []
        self.heard_frames = 0
        """How many frames the phone was given."""
        self.idle_ticks = 1
        """Ticks since something was written."""
        self._waiting: deque[bytes] = deque(maxlen=MAX_WAITING_FRAMES)
        self._last_s = 0.0
        self._owed = 0
        self._written: list[bytes] = []
        self._next_s = time.monotonic()

    def receive(self, frame: bytes) -> None:
        """The phone says 20 ms."""
        if self.open and not self.gone.is_set():
            self._waiting.append(frame)
            self._last_s = time.monotonic()

    def forget(self) -> None:
        """What was said so far is read by nobody, as what sounds before an answer."""
        self._waiting.clear()

    def write(self, frame: bytes) -> None:
        """The phone hears 20 ms."""
        if self.open and not self.gone.is_set():
            self._written.append(frame)
            self.heard_frames += 1
            self.phone.on_audio(frame)

    def restart_clock(self, after_s: float) -> None:
        """The next tick is `after_s` + 20 ms from now."""
        self._next_s = time.monotonic() + after_s

    def tick(self) -> list[bytes]:
        """Wait for the next 20 ms, or the hang-up; returns what the caller said."""
        now = time.monotonic()
        self._next_s += TICK_S
        if self._next_s < now - GIVE_UP_S:
            self._next_s = now
        if self._next_s > now:
            self.gone.wait(self._next_s - now)
        else:
            gevent.sleep(0)
        return self._exchange()

    def _exchange(self) -> list[bytes]:
        heard = self._take() if self.open else []
        if heard:
            for tap in list(self.taps):
                tap.feed(heard)
        if self.open:
            for recorder in self.recorders:
                recorder.add(heard, self._written)
        self.idle_ticks = 0 if self._written else self.idle_ticks + 1
        self._written = []
        return heard

    def _take(self) -> list[bytes]:
        heard = list(self._waiting)
        self._waiting.clear()
        self._owed = max(-2, self._owed + 1 - len(heard))
        if self._owed > 0 and time.monotonic() - self._last_s > QUIET_AFTER_S:
            heard += [NEAR_SILENCE] * self._owed
            self._owed = 0
        return heard
