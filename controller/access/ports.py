"""What this package needs from a database. `controller.storage.access` is one.

Every method may raise `Unavailable`; each is one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from controller.access.model import ApiKey, AuditEntry, Link, LoginSession, Role, User, UserState


class Unavailable(Exception):
    """The accounts can't be read or written just now."""


class LastAdmin(Exception):
    """Refused: nobody would be left who can manage users."""


class UserStore(Protocol):
    """Users."""

    def any_user(self) -> bool: ...
    def users(self) -> Sequence[User]: ...
    def user(self, user_id: str) -> User | None: ...
    def user_named(self, name: str) -> User | None: ...
    def add_user(self, user: User) -> bool:
        """False when the name is taken."""
        ...

    def set_password(self, user_id: str, password_hash: str) -> None: ...
    def logged_in(self, user_id: str, at: datetime) -> None: ...
    def change_user(self, user_id: str, role: Role, state: UserState) -> None:
        """Raises LastAdmin when no active admin would be left."""
        ...


class SessionStore(Protocol):
    """Logins of browsers."""

    def add_session(self, session: LoginSession) -> None: ...
    def session(self, digest: str) -> tuple[LoginSession, User] | None: ...
    def sessions_of(self, user_id: str) -> Sequence[LoginSession]: ...
    def sessions_among(self, digests: Collection[str]) -> Sequence[LoginSession]:
        """Those that there are."""
        ...

    def touch_session(self, digest: str, at: datetime) -> None: ...
    def end_session(self, digest: str) -> None: ...
    def end_sessions(self, user_id: str, but: str = "") -> None:
        """All of a user's, except the one with the digest `but`."""
        ...


class KeyStore(Protocol):
    """API keys."""

    def add_key(self, key: ApiKey, digest: str) -> None: ...
    def key(self, digest: str) -> tuple[ApiKey, User] | None: ...
    def keys_of(self, user_id: str) -> Sequence[ApiKey]: ...
    def keys_among(self, ids: Collection[str]) -> Sequence[ApiKey]:
        """Those that there are."""
        ...

    def touch_key(self, key_id: str, at: datetime) -> None: ...
    def remove_key(self, user_id: str, key_id: str) -> bool:
        """False when this user has no such key."""
        ...


class LinkStore(Protocol):
    """One-time links."""

    def put_link(self, link: Link) -> None:
        """Keep it instead of an earlier one for the same purpose and user."""
        ...

    def link(self, digest: str) -> Link | None: ...
    def take_link(self, digest: str) -> bool:
        """Use it up. False when somebody was faster."""
        ...


class AuditStore(Protocol):
    """The audit log."""

    def note(self, entry: AuditEntry) -> None: ...
    def notes(self, limit: int = 100, before: int | None = None) -> Sequence[AuditEntry]:
        """Newest first; those before the entry with that id."""
        ...


class AccessStore(UserStore, SessionStore, KeyStore, LinkStore, AuditStore, Protocol):
    """All of it, in one database."""

    def purge_access(
        self, sessions_before: datetime, seen_before: datetime, audit_before: datetime, now: datetime
    ) -> None:
        """Forget what is over: sessions begun or last seen before, links and keys that expired."""
        ...
