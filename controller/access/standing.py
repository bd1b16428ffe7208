"""Whether those who were let in for longer than a request may stay: the open WebSockets.

Responsible for what ends a stay: its login or key is over, its user was disabled or has a lower role
than when they came. Told when to look. Must never know a socket.

A look asks the database, for the login may have been ended by another process. It is no use of a login,
so an open socket does not keep one from running out. A database that is away ends nothing: calls go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from controller.access.model import Identity, Role
from controller.access.ports import AccessStore, Unavailable
from controller.access.sessions import Lifetimes

log = structlog.get_logger(__name__)


class Ending(StrEnum):
    """Why somebody may not stay."""

    LOGIN_ENDED = "login_ended"
    ROLE_CHANGED = "role_changed"


@dataclass(frozen=True, slots=True, eq=False)
class _Stay:
    who: Identity
    end: Callable[[Ending], None]


class Standing:
    """Who stays. `now` is wall-clock time in UTC."""

    def __init__(self, store: AccessStore, lifetimes: Lifetimes, now: Callable[[], datetime]) -> None:
        self._store = store
        self._lifetimes = lifetimes
        self._now = now
        self._stays: set[_Stay] = set()

    def __len__(self) -> int:
        return len(self._stays)

    @contextmanager
    def stay(self, who: Identity, end: Callable[[Ending], None]) -> Iterator[None]:
        """Within, `end` is told once if `who` may not stay; it must not block. Who came in by the local
        key, which has no user, always may."""
        mine = _Stay(who, end)
        if who.user_id is not None:
            self._stays.add(mine)
        try:
            yield
        finally:
            self._stays.discard(mine)

    def look(self) -> None:
        """End the stays that are over."""
        stays = list(self._stays)
        try:
            roles = self._roles({stay.who for stay in stays})
        except Unavailable as error:
            log.warning("open sockets were not looked at", why=str(error))
            return
        for stay in stays:
            role = roles[stay.who]
            if role is not None and role.includes(stay.who.role):
                continue
            ending = Ending.LOGIN_ENDED if role is None else Ending.ROLE_CHANGED
            if stay in self._stays:  # it may have ended while the database was asked
                self._stays.discard(stay)
                log.info("a stay is over", who=stay.who.name, why=ending.value)
                stay.end(ending)

    def _roles(self, people: set[Identity]) -> dict[Identity, Role | None]:
        """The role that each has by now; None where what let them in is over."""
        if not people:
            return {}
        users = {user.id: user for user in self._store.users()}
        logins = self._store.sessions_among({who.session for who in people})
        keys = self._store.keys_among({who.key for who in people})
        now = self._now()
        alive = {login.digest for login in logins if not self._lifetimes.over(login, now)}
        alive |= {key.id for key in keys if not key.over(now)}

        def role(who: Identity) -> Role | None:
            user = users.get(str(who.user_id))
            known = user is not None and user.active and (who.session or who.key) in alive
            return user.role if user is not None and known else None

        return {who: role(who) for who in people}
