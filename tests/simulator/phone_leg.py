"""One phone on one call, as tests hold it: simulated or real, the script does not care.

Responsible for the contract only. Audio both ways is PCM16 little-endian mono at RATE, one frame
of FRAME_MS at a time. A leg keeps no time: who sends decides when, what is heard comes when it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gevent.event import Event

RATE = 8000
"""Hz of every telephone leg (G.711)."""
FRAME_BYTES = 320
"""20 ms."""

Heard = Callable[[bytes], None]
"""Is given one frame that was heard; called on the hub, so it must not block."""


class PhoneLeg(Protocol):
    """A phone from dialling (or ringing) to the end of its one call."""

    answered: Event
    """Set when the call is answered; never cleared."""
    ended: Event
    """Set when the call is over or never came about; never cleared."""
    cause: str
    """Why it ended: a hang-up cause or SIP code; "" while it lives."""
    on_audio: Heard
    """What is heard, a frame each 20 ms while media flows, early media too."""

    def send(self, frame: bytes) -> None:
        """Say one frame. Lost without an error when there is no call, as on a real line."""

    def press(self, digit: str) -> None:
        """One DTMF key: 0-9, *, #, A-D. Raises ValueError for anything else."""

    def hang_up(self) -> None:
        """End the call from this side, or give up calling. Nothing happens when it is over."""
