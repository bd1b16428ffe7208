"""The audit log: who did what, when, from where, and how it ended.

Responsible for what an entry may hold: names and ids, never a password, a token or what was said. An
entry that can't be kept is in the process's log at least, so a database that is down hides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from controller.access.model import Actor, AuditEntry, Outcome
from controller.access.ports import AuditStore, Unavailable

NOBODY = "?"
"""A name that was typed and is nobody's is not kept: people type passwords into the wrong field."""
TARGET_CHARS = 200
PAGE = 500
MOST_SINCE = 5_000

log = structlog.get_logger(__name__)


class AuditLog:
    """Writes and reads the log."""

    def __init__(self, store: AuditStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def note(self, actor: Actor, action: str, target: str = "", outcome: Outcome = Outcome.DONE) -> None:
        """One line. Raises nothing for a database that is down."""
        target = target[:TARGET_CHARS]
        entry = AuditEntry(self._now(), actor.name, action, target, actor.address, outcome)
        told = log.bind(who=entry.who, action=action, target=target, address=actor.address)
        try:
            self._store.note(entry)
        except Unavailable as error:
            told.error("audit entry not kept", outcome=outcome.value, error=str(error))
        else:
            told.info("audit", outcome=outcome.value)

    def since(self, at: datetime) -> Sequence[AuditEntry]:
        """Oldest first; the last MOST_SINCE of them. Raises Unavailable."""
        found: list[AuditEntry] = []
        while len(found) < MOST_SINCE:
            some = self._store.notes(PAGE, found[-1].id if found else None)
            found += [entry for entry in some if entry.at >= at]
            if len(some) < PAGE or some[-1].at < at:
                break
        return found[::-1]

    def read(self, limit: int = 100, before: int | None = None) -> Sequence[AuditEntry]:
        """Newest first. Raises Unavailable."""
        return self._store.notes(limit, before)
