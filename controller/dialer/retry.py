"""Whether a contact is called again, and when: a policy by disposition.

Responsible for the moment from which another try is due; whether it lies inside a window is `windows`'.
Pure; told the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.dialer.model import Disposition, Settlement

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

FINAL = frozenset(
    {Disposition.COMPLETED, Disposition.TRANSFERRED, Disposition.DO_NOT_CALL, Disposition.INVALID}
)
"""After these nobody is called again, whatever the settings say: it was settled, or refused for good."""

DEFAULT_AFTER_S: Mapping[Disposition, int] = {
    Disposition.BUSY: 5 * MINUTE_S,
    Disposition.NO_ANSWER: 2 * HOUR_S,
    Disposition.MACHINE: DAY_S,
    Disposition.FAILED: 15 * MINUTE_S,
    # Ofcom's persistent misuse statement: 72 hours before an abandoned call is repeated
    Disposition.ABANDONED: 3 * DAY_S,
    Disposition.CANCELLED: MINUTE_S,
}

UNCOUNTED = frozenset({Disposition.CANCELLED})
"""Our doing, not the contact's: the try is given back."""
MOST_PER_TRY = 5
"""A contact whose attempts are always cancelled is given up after this many times its tries."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`max_tries` calls of one contact; `after_s`: seconds until the next by disposition, none for those
    that are not there."""

    max_tries: int = 3
    after_s: Mapping[Disposition, int] = field(default_factory=lambda: dict(DEFAULT_AFTER_S))

    def settle(self, disposition: Disposition, tries: int, attempts: int, now: datetime) -> Settlement:
        """What follows an attempt that ended `now`. `tries` and `attempts` include it."""
        counted = disposition not in UNCOUNTED
        wait_s = None if disposition in FINAL else self.after_s.get(disposition)
        spent = tries if counted else tries - 1
        if wait_s is None or spent >= self.max_tries or attempts >= MOST_PER_TRY * self.max_tries:
            return Settlement(None, counted)
        return Settlement(now + timedelta(seconds=wait_s), counted)
