"""Logins of browsers: begun with a new random id, found by its hash, ended by time or by somebody.

Responsible for their lifetimes. Must never know a cookie.

A login never takes over an id that the browser brought, so nobody can plant one (session fixation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.access.model import Identity, LoginSession, Means
from controller.access.ports import SessionStore
from controller.access.tokens import digest, new_token

SEEN_EVERY = timedelta(minutes=1)
"""A use is written down at most so often."""
BROWSER_CHARS = 200


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """When a login ends by itself."""

    idle: timedelta = timedelta(hours=12)
    absolute: timedelta = timedelta(days=7)

    def over(self, session: LoginSession, now: datetime) -> bool:
        """Whether it has ended."""
        return now - session.seen_at > self.idle or now - session.created_at > self.absolute


class Sessions:
    """The logins. Methods raise what the store raises."""

    def __init__(self, store: SessionStore, lifetimes: Lifetimes, now: Callable[[], datetime]) -> None:
        self._store = store
        self._lifetimes = lifetimes
        self._now = now

    @property
    def max_age_s(self) -> int:
        """How long a browser need keep the cookie."""
        return int(self._lifetimes.absolute.total_seconds())

    def open(self, user_id: str, address: str, browser: str) -> str:
        """Begin a login; the token for its cookie."""
        token, now = new_token(), self._now()
        self._store.add_session(
            LoginSession(digest(token), user_id, now, now, address, browser[:BROWSER_CHARS])
        )
        return token

    def find(self, token: str) -> Identity | None:
        """Whose login this is; None for one that is unknown or over, or whose user is disabled."""
        found = self._store.session(digest(token))
        if found is None:
            return None
        session, user = found
        now = self._now()
        if self._lifetimes.over(session, now):
            self._store.end_session(session.digest)
            return None
        if not user.active:
            return None
        if now - session.seen_at > SEEN_EVERY:
            self._store.touch_session(session.digest, now)
        return Identity(user.name, user.role, Means.COOKIE, user.id, session=session.digest)

    def of(self, user_id: str) -> list[LoginSession]:
        """A user's logins that are not over, the last used first."""
        now = self._now()
        alive = (s for s in self._store.sessions_of(user_id) if not self._lifetimes.over(s, now))
        return sorted(alive, key=lambda session: session.seen_at, reverse=True)

    def end(self, session_digest: str) -> None:
        """Log out."""
        self._store.end_session(session_digest)

    def end_all(self, user_id: str, but: str = "") -> None:
        """Log a user out everywhere, except where the session has the digest `but`."""
        self._store.end_sessions(user_id, but)
