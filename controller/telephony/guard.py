"""Who may be called, how often and how many at once: the guard against toll fraud.

Responsible for saying no before anything is dialled. It is told the time (seconds) and must never know
a socket. Every call that the controller makes passes here, transfers included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from controller.telephony.commands import BadArgument, check_number


class CallRefused(Exception):
    """A call must not be made. `code` is machine-readable; the text is fit to be shown."""

    code = "refused"


class DestinationRefused(CallRefused):
    """The number is none, or not among those that may be called."""

    code = "destination_not_allowed"


class TooManyCalls(CallRefused):
    """The limit of calls at once, or per second, is reached; later it may work."""

    code = "too_many_calls"


class Guard:
    """`allowed`: regular expressions, each for a whole number. `per_second` calls begin on average, at
    most `burst` at once; at most `max_calls` are under way. `screen` raises ValueError, in words fit to
    be shown, for a number that is never called."""

    def __init__(
        self,
        allowed: Sequence[str],
        *,
        per_second: float,
        burst: int,
        max_calls: int,
        clock: Callable[[], float] = monotonic,
        screen: Callable[[str], object] = str,
    ) -> None:
        self._screen = screen
        self._allowed = [re.compile(pattern) for pattern in allowed]
        self._per_second = per_second
        self._burst = burst
        self._max_calls = max_calls
        self._clock = clock
        self._tokens = float(burst)
        self._filled_at = clock()
        self.under_way = 0

    def check_destination(self, number: str) -> str:
        """The number, if it may be called. Raises DestinationRefused."""
        try:
            number = check_number(number)
        except BadArgument as error:
            raise DestinationRefused(str(error)) from error
        if not any(pattern.fullmatch(number) for pattern in self._allowed):
            raise DestinationRefused(f"{number} is not among the numbers that may be called")
        try:
            self._screen(number)
        except ValueError as error:
            raise DestinationRefused(f"{number}: {error}") from error
        return number

    def room(self) -> int:
        """How many calls would be let through this moment."""
        self._fill()
        return max(0, min(self._max_calls - self.under_way, int(self._tokens)))

    @contextmanager
    def call(self, number: str) -> Iterator[str]:
        """Holds the place of one call while it is under way. Raises CallRefused."""
        number = self.check_destination(number)
        if self.under_way >= self._max_calls:
            raise TooManyCalls(f"{self._max_calls} calls are under way already")
        self._take_token()
        self.under_way += 1
        try:
            yield number
        finally:
            self.under_way -= 1

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(float(self._burst), self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now

    def _take_token(self) -> None:
        self._fill()
        if self._tokens < 1:
            raise TooManyCalls(f"more than {self._per_second:g} calls per second")
        self._tokens -= 1
