"""Whether a model is worth asking. Pure: told the time (seconds, never going back) and what happened.

CLOSED --3 failures in a row--> OPEN --30 s--> HALF_OPEN (one trial) --success--> CLOSED
                                 ^------------------failure------'
"""

from __future__ import annotations

from enum import StrEnum

FAILURES = 3
"""Failures in a row that open the circuit: one may be chance, three callers in a row are not."""
OPEN_S = 30.0
"""Rest before a trial: a restarted model server is back in about that time."""


class CircuitState(StrEnum):
    """See the module's drawing."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Circuit:
    """One model's circuit breaker, shared by all sessions."""

    def __init__(self, failures: int = FAILURES, open_s: float = OPEN_S) -> None:
        self.state = CircuitState.CLOSED
        self._limit = failures
        self._open_s = open_s
        self._failures = 0
        self._trial_at = 0.0

    def admits(self, now: float) -> bool:
        """Whether to ask now. After True, tell how it went: succeeded, failed or abandoned."""
        if self.state is CircuitState.OPEN and now >= self._trial_at:
            self.state = CircuitState.HALF_OPEN
            return True
        return self.state is CircuitState.CLOSED

    def succeeded(self) -> None:
        """It answered."""
        self.state = CircuitState.CLOSED
        self._failures = 0

    def failed(self, now: float) -> None:
        """It did not."""
        self._failures += 1
        if self.state is CircuitState.HALF_OPEN or self._failures >= self._limit:
            self.state = CircuitState.OPEN
            self._trial_at = now + self._open_s

    def abandoned(self, now: float) -> None:
        """Nobody waited for the end: a trial says nothing, the next one may begin at once."""
        if self.state is CircuitState.HALF_OPEN:
            self.state = CircuitState.OPEN
            self._trial_at = now
