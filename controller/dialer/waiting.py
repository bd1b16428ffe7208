"""Who waits in one campaign, as far as it was last looked up.

Responsible for asking the store seldom: counting a long list takes it a while, and little changes from
one moment to the next. Must never know calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import inf

from controller.dialer.model import ZoneGroup
from controller.dialer.ports import Contacts
from controller.dialer.windows import CallingWindows

GROUPS_S = 5.0
"""How old the count may be: contacts that were imported are called so late at most."""
AGAIN_S = 0.5
"""How old, when it is known to have changed."""


class Waiting:
    """The contacts of a campaign that wait, in groups that share their time zones."""

    def __init__(self, contacts: Contacts, campaign_id: str) -> None:
        self._contacts = contacts
        self._campaign_id = campaign_id
        self._groups: Sequence[ZoneGroup] = ()
        self._looked_s = -inf
        self._changed = False

    def look(self, at_s: float) -> None:
        """Count again if that is due at `at_s` (monotonic). Raises StoreUnavailable."""
        if at_s - self._looked_s >= (AGAIN_S if self._changed else GROUPS_S):
            self._groups = self._contacts.waiting(self._campaign_id)
            self._looked_s, self._changed = at_s, False

    def changed(self) -> None:
        """The count is no longer right."""
        self._changed = True

    def forget(self) -> None:
        """Everything may be different."""
        self._looked_s = -inf

    @property
    def nobody(self) -> bool:
        """Nobody waited when it was last looked up."""
        return not self._groups and self._looked_s > -inf

    def due(self, windows: CallingWindows, now: datetime) -> list[ZoneGroup]:
        """Groups with somebody who may be called."""
        return [
            group
            for group in self._groups
            if group.first_due_at <= now and windows.may_call(group.zones, now)
        ]

    def next_due_s(self, windows: CallingWindows, now: datetime) -> float:
        """Seconds until there is such a group; infinite when there will be none."""
        openings = (
            windows.next_allowed(group.zones, max(now, group.first_due_at)) for group in self._groups
        )
        waits = [(opening - now).total_seconds() for opening in openings if opening is not None]
        return min(waits, default=inf)
