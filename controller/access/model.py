"""The values of this package: users, sessions, keys, links, and who somebody turned out to be.

Nothing here holds a password, a token or a key: only hashes of them leave the functions that make them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user is; each includes those before it."""

    VIEWER = "viewer"
    AGENT = "agent"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may all that the other may."""
        order = tuple(Role)
        return order.index(self) >= order.index(other)


class UserState(StrEnum):
    """Whether a user may log in."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class User:
    """A person. `name` is unique and in normal form; `password_hash` "" means none was chosen yet."""

    id: str
    name: str
    role: Role
    state: UserState
    created_at: datetime
    password_hash: str = field(default="", repr=False)
    login_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether this user may log in."""
        return self.state is UserState.ACTIVE


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A login of one browser, known by the hash of what its cookie holds."""

    digest: str
    user_id: str
    created_at: datetime
    seen_at: datetime
    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key, without the key."""

    id: str
    user_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None = None

    def over(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and self.expires_at <= now


class Purpose(StrEnum):
    """What a one-time link is for."""

    FIRST_ADMIN = "first_admin"
    PASSWORD = "password"  # noqa: S105 - a purpose, not a password


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link, known by the hash of its token. `user_id` is None for the first admin's."""

    digest: str
    purpose: Purpose
    user_id: str | None
    expires_at: datetime


class Outcome(StrEnum):
    """How something that was asked for ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, when, from where, and how it ended. `id` is 0 until it is kept."""

    at: datetime
    who: str
    action: str
    target: str
    address: str
    outcome: Outcome
    id: int = 0


class Means(StrEnum):
    """How somebody was recognised."""

    COOKIE = "cookie"
    KEY = "key"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking. `scopes` limit all but a cookie; `session` is the digest of a cookie's login, `key`
    the id of a key. A ticket's bearer has those of whom it was given to."""

    name: str
    role: Role
    by: Means
    user_id: str | None = None
    scopes: frozenset[str] = frozenset()
    session: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and from where, for the audit log."""

    name: str
    address: str
    user_id: str | None = None


class AccessError(Exception):
    """Something that was asked for about accounts can't be done. `code` is stable, for programs and
    for the words of pages; the text is for people. `facts` fill in the page's words."""

    def __init__(self, code: str, message: str, status: int = 400, **facts: object) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.facts: Mapping[str, object] = facts
