"""Time limits of a web audio client, as policies that are told the time.

Responsible for deciding when a client sends too fast, has fallen silent or has vanished. Pure: it must
never know a socket, a greenlet or a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from controller.gateway.messages import MAX_MESSAGE_BYTES


@dataclass(frozen=True, slots=True)
class WebLimits:
    """What a client is allowed, in seconds. The defaults are the product's; tests shorten them."""

    start_s: float = 10.0
    """From the handshake to the start message."""
    silent_s: float = 10.0
    """Without any audio a client is gone or of no use: a muted microphone still sends silence."""
    ahead_s: float = 2.0
    """Audio may be this far ahead of real time."""
    frames_per_s: float = 500.0
    """An audio worklet that sends each of its 128 sample blocks at 48 kHz makes 375."""
    ping_s: float = 5.0
    """Quiet for so long a client is pinged, and a pong may take so long."""
    send_s: float = 5.0
    """One write may take so long before the client counts as lost."""
    goodbye_s: float = 2.0
    """Wait for the client's side of the close."""


class Bucket:
    """A token bucket: it fills in real time, everything that arrives takes from it.

    It begins with `at_first` and never holds more than `most`.
    """

    def __init__(self, per_s: float, at_first: float, most: float, now: float) -> None:
        self._per_s = per_s
        self._most = most
        self._level = at_first
        self._at = now

    def take(self, amount: float, now: float) -> bool:
        """Count `amount` that arrived at `now`; False when it is too much."""
        self._level = min(self._most, self._level + (now - self._at) * self._per_s) - amount
        self._at = now
        return self._level >= 0


def audio_bucket(rate: int, limits: WebLimits, now: float) -> Bucket:
    """Bytes of PCM16: `ahead_s` ahead of real time, and at least one frame of the largest size. After a
    stall up to `silent_s` can be caught up; time without audio is not saved up beyond that."""
    per_s = rate * 2
    ahead = max(per_s * limits.ahead_s, MAX_MESSAGE_BYTES)
    return Bucket(per_s, ahead, ahead + per_s * limits.silent_s, now)


def frame_bucket(limits: WebLimits, now: float) -> Bucket:
    """WebSocket frames of any kind, so that a flood of tiny ones costs the sender the session."""
    per_s = limits.frames_per_s
    return Bucket(per_s, per_s * limits.ahead_s, per_s * (limits.ahead_s + limits.silent_s), now)


class Beat(Enum):
    """What a heartbeat asks for."""

    WAIT = auto()
    PING = auto()
    GONE = auto()


class Heartbeat:
    """Pings a client that has been quiet for `every_s`; quiet for as long again means gone.

    Whoever sends audio is alive, so they are not asked. Ask `check` only when a read has found
    nothing: after a stall of our own, the answer may be waiting unread.
    """

    def __init__(self, every_s: float, now: float) -> None:
        self._every_s = every_s
        self._asked = False
        self.next_at = now + every_s

    def heard(self, now: float) -> None:
        """Bytes came, of any kind."""
        self._asked = False
        self.next_at = now + self._every_s

    def check(self, now: float) -> Beat:
        """What to do at `now`."""
        if now < self.next_at:
            return Beat.WAIT
        if self._asked:
            return Beat.GONE
        self._asked = True
        self.next_at = now + self._every_s
        return Beat.PING
