"""How fast a page may talk to us.

Responsible for the token bucket of one socket, and for when patience ends. Pure: it is told the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` frames on average, `burst` at once. `patience`: frames over that which are answered before
    the socket is closed. A page that calls and dials sends some 5 a second."""

    per_s: float = 20.0
    burst: int = 60
    patience: int = 40


class Verdict(Enum):
    """On one frame."""

    PASS = auto()
    TOO_FAST = auto()
    ABUSE = auto()


class Limiter:
    """One socket's frames."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now
        self._over = 0

    def frame(self, now: float) -> Verdict:
        """A frame came at `now` (seconds)."""
        gained = max(0.0, now - self._at) * self._rate.per_s
        self._tokens = min(float(self._rate.burst), self._tokens + gained)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return Verdict.PASS
        self._over += 1
        return Verdict.ABUSE if self._over > self._rate.patience else Verdict.TOO_FAST
