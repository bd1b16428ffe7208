"""All of this package put together for who serves it: `Access`.

Responsible for holding the parts. The app makes one a process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic

from controller.access.accounts import Accounts
from controller.access.api_keys import ApiKeys
from controller.access.audit import AuditLog
from controller.access.limits import Attempts
from controller.access.passwords import Passwords
from controller.access.ports import AccessStore
from controller.access.sessions import Lifetimes, Sessions
from controller.access.softphone import PublicSoftphone, Softphone
from controller.access.standing import Standing
from controller.access.tickets import Tickets

AUDIT_KEPT = timedelta(days=365)


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """What a person may set."""

    public_softphone: PublicSoftphone = PublicSoftphone.AUTO
    loopback_only: bool = True
    behind_proxy: bool = False
    """A proxy of ours stands before the server: its X-Forwarded-For and -Proto are believed."""
    lifetimes: Lifetimes = field(default_factory=Lifetimes)


class Access:
    """The parts, each with a job of its own."""

    def __init__(
        self,
        store: AccessStore,
        local_key: str,
        options: AccessOptions | None = None,
        passwords: Passwords | None = None,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.options = options or AccessOptions()
        self.passwords = passwords or Passwords()
        self.sessions = Sessions(store, self.options.lifetimes, now)
        self.keys = ApiKeys(store, local_key, now)
        self.tickets = Tickets(clock)
        self.standing = Standing(store, self.options.lifetimes, now)
        self.audit = AuditLog(store, now)
        here_alone = self.options.loopback_only and not self.options.behind_proxy
        self.softphone = Softphone(self.options.public_softphone, here_alone)
        self.accounts = Accounts(
            store, self.passwords, self.sessions, Attempts(), self.audit, now, clock
        )
        self._store = store
        self._now = now

    def purge(self) -> None:
        """Forget what is over. Raises ports.Unavailable."""
        now, lives = self._now(), self.options.lifetimes
        self._store.purge_access(now - lives.absolute, now - lives.idle, now - AUDIT_KEPT, now)
