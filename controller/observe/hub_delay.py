"""How late the hub is: the one number that says whether this process is saturated.

Responsible for measuring it. Must never know what the process does.

Why this signal: every frame, playback tick and timer of every session is served by one hub, so what
callers hear as a stutter *is* the hub being late; CPU load shows neither one greenlet that computes for
50 ms nor a native thread that holds the GIL, and both are seen here at once. The probe asks the
loop's timer for a wake-up at fixed times, as a paced playback does, and notes how late each wake-up
comes. It is a timer of the loop's own, with no greenlet to switch to: an idle server has nothing else
to wake up for.

Why fixed times: a probe that sleeps, wakes and sleeps again takes *one* sample during a stall of
200 ms, where twenty of its wake-ups were due; its percentiles flatter. Here each missed due time
counts with its own lateness (200, 190, … ms), as each frame due then would have been late::

    due       |    |    |    |    |    |        stall of 40 ms, period 10 ms
    woke      |    .    .    .    ||||||        samples: 0, 30, 20, 10, 0, …
                   ^--- the hub was busy ---^

What it can't see: time spent waiting elsewhere (the engine pool's queue, the database, the network,
the kernel's socket buffers); one slow session whose greenlet waits politely; lateness under about
1 ms, which is the resolution of epoll; a stall that is going on now (it is seen when it ends).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

import gevent

MAX_MISSED = 1000
"""More due times missed at once (10 s) is a machine that was suspended: start a new schedule."""


class HubDelay:
    """Measures every `period_ms` on the hub of the greenlet that calls `start`.

    `on_delay` is told every sample in seconds. The window keeps the samples of about the last
    `window_s` seconds. Costs 25 wake-ups a second at 40 ms: under half a percent of a core.
    """

    def __init__(
        self,
        period_ms: float = 40.0,
        window_s: float = 60.0,
        on_delay: Callable[[float], None] | None = None,
    ) -> None:
        if period_ms < 1 or window_s * 1000 < period_ms:
            raise ValueError("period_ms must be at least 1 and the window at least one period long")
        self.on_delay = on_delay
        self._period_s = period_ms / 1000
        self._window: deque[float] = deque(maxlen=int(window_s / self._period_s))
        self._due = 0.0
        self._timer: Any = None

    def start(self) -> None:
        """Begin to measure; a second call changes nothing."""
        if self._timer is None:
            self._due = perf_counter() + self._period_s
            self._arm()

    def stop(self) -> None:
        """End measuring; the window stays readable."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    @property
    def samples(self) -> int:
        """How many due times the window holds."""
        return len(self._window)

    def quantile_ms(self, q: float = 0.999) -> float:
        """The lateness in ms that a share `q` of the window's due times didn't exceed (nearest rank);
        0.0 before the first sample. Sorts the window: 0.7 ms for 6,000 samples, for a scrape not a loop.
        """
        if not 0 < q <= 1:
            raise ValueError(f"a quantile lies above 0 and up to 1, not at {q}")
        ordered = sorted(self._window)
        if not ordered:
            return 0.0
        return ordered[math.ceil(q * len(ordered)) - 1] * 1000

    def _arm(self) -> None:
        # Anew each time: a repeating timer of libev shifts its schedule when it is late.
        self._timer = gevent.get_hub().loop.timer(max(0.0, self._due - perf_counter()))
        self._timer.start(self._measure)

    def _measure(self) -> None:
        self._timer.close()
        self._due = self._note(self._due, perf_counter())
        self._arm()

    def _note(self, due: float, now: float) -> float:
        """Take a sample for every due time up to `now`; returns the next due time."""
        if now - due > MAX_MISSED * self._period_s:
            due = now
        while due <= now:
            late_s = now - due
            self._window.append(late_s)
            if self.on_delay is not None:
                self.on_delay(late_s)
            due += self._period_s
        return due
