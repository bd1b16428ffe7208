"""How many calls may be dialled now.

Three bounds at once: calls per second (a token bucket), concurrent calls, and with over-dialling the
share of answered calls that find nobody free (abandoned). Pure: told the numbers and the time (seconds).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """What a campaign allows. `concurrent`: conversations at once. `over_dial`: calls dialled for each
    free conversation; 1.0 dials no more than can be talked to. `abandoned_share`: of answered calls,
    0..1; 0.03 is the cap of the UK's Ofcom and of the US FCC for predictive dialling."""

    calls_per_second: float
    concurrent: int
    over_dial: float = 1.0
    abandoned_share: float = 0.03

    def __post_init__(self) -> None:
        if not 0 < self.calls_per_second <= 1000 or self.concurrent < 1:
            raise ValueError("calls per second and concurrent calls must be positive")
        if not 1.0 <= self.over_dial <= 10.0 or not 0.0 <= self.abandoned_share <= 1.0:
            raise ValueError("over_dial must be 1 to 10, abandoned_share 0 to 1")


@dataclass(frozen=True, slots=True)
class Load:
    """A campaign at this moment: calls not answered yet, conversations, and so far calls that were
    answered (the abandoned ones among them) and abandoned."""

    dialling: int
    talking: int
    answered: int = 0
    abandoned: int = 0


class Bucket:
    """Tokens that come at `rate` a second; at most a second's worth (at least one) is kept, so that a
    pause is followed by no burst that a gateway would refuse."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate)
        self._tokens = 1.0
        self._at = now

    def available(self, now: float) -> int:
        """Whole tokens at `now`."""
        self._tokens = min(self._most, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = max(self._at, now)
        return math.floor(self._tokens + 1e-9)

    def take(self, count: int) -> None:
        """Spend tokens that were available."""
        self._tokens -= count

    def wait_s(self, now: float) -> float:
        """Seconds until there is one."""
        return 0.0 if self.available(now) else (1.0 - self._tokens) / self._rate


def room(pace: Pace, load: Load) -> int:
    """How many calls more the lines allow, whatever the rate.

    Over-dialling holds the abandoned share by construction: a call that no conversation is free for is
    added only if the cap held even when every call being dialled is answered this moment. Nothing has
    been answered yet: no call more than free conversations.
    """
    free = pace.concurrent - load.talking
    most = free if pace.over_dial <= 1.0 else math.floor(free * pace.over_dial)
    dialling = load.dialling
    while dialling < most and (dialling < free or _cap_holds(pace, load, dialling + 1, free)):
        dialling += 1
    return max(0, dialling - load.dialling)


def _cap_holds(pace: Pace, load: Load, dialling: int, free: int) -> bool:
    abandoned = load.abandoned + max(0, dialling - max(0, free))
    return abandoned <= pace.abandoned_share * (load.answered + dialling)


class Pacer:
    """One campaign's rate and room together."""

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace = pace
        self._bucket = Bucket(pace.calls_per_second, now)

    @property
    def pace(self) -> Pace:
        """What holds now."""
        return self._pace

    def change(self, pace: Pace, now: float) -> None:
        """Other limits from now on. The rate begins anew, with one token."""
        if pace.calls_per_second != self._pace.calls_per_second:
            self._bucket = Bucket(pace.calls_per_second, now)
        self._pace = pace

    def allowance(self, load: Load, now: float) -> int:
        """How many calls may be dialled at `now`; tell those that were by `dialled`."""
        return min(room(self._pace, load), self._bucket.available(now))

    def dialled(self, count: int) -> None:
        """So many were dialled of those allowed."""
        self._bucket.take(count)

    def wait_s(self, now: float) -> float:
        """Seconds until the rate allows another call; a call's end may allow one earlier or later."""
        return self._bucket.wait_s(now)
