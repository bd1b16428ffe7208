"""What people do with accounts: log in, choose passwords, add and stop users.

Responsible for the order of steps and for their audit entries. Must never know a page or a table.
Methods raise AccessError for what can't be done, and ports.Unavailable.

Nobody ever knows another's password: who is added, or whose password is reset, gets a one-time link
and chooses one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from controller.access.audit import NOBODY, AuditLog
from controller.access.limits import FORGET_S, Attempts
from controller.access.model import (
    AccessError,
    Actor,
    Link,
    Outcome,
    Purpose,
    Role,
    User,
    UserState,
)
from controller.access.passwords import Passwords, check_strength
from controller.access.ports import AccessStore, LastAdmin
from controller.access.sessions import Sessions
from controller.access.tokens import digest, new_id, new_token

FIRST_ADMIN_LIFE = timedelta(hours=1)
PASSWORD_LIFE = timedelta(hours=24)
_NAME = re.compile(r"[^\W_][\w.@-]{0,63}")


class Accounts:
    """The accounts. `now` is wall-clock time in UTC, `clock` seconds that only go forward."""

    def __init__(
        self,
        store: AccessStore,
        passwords: Passwords,
        sessions: Sessions,
        attempts: Attempts,
        audit: AuditLog,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._sessions = sessions
        self._attempts = attempts
        self._audit = audit
        self._now = now
        self._clock = clock
        self._recalled = False

    # --- one's own account -------------------------------------------------------------------

    def log_in(self, name: str, password: str, address: str, browser: str, old: str = "") -> str:
        """The token of a new login; `old` is the digest of the browser's earlier one, which ends.

        A wrong name and a wrong password look the same, and take as long.
        """
        name = normal_name(name)
        self._begin(name, address)
        user = self._store.user_named(name)
        proven = self._proves(user, password)  # the same work for a name that is nobody's
        if user is None or not proven or not user.active:
            actor = Actor(user.name if user else NOBODY, address)
            self._audit.note(actor, "login", outcome=Outcome.REFUSED)
            raise AccessError("wrong_login", "this name and password don't match", 401)
        self._attempts.succeeded(name, address)
        if old:
            self._sessions.end(old)
        return self._enter(user, address, browser)

    def log_out(self, actor: Actor, session: str) -> None:
        """End one login."""
        self._sessions.end(session)
        self._audit.note(actor, "logout")

    def change_password(self, actor: Actor, user_id: str, old: str, new: str, browser: str) -> str:
        """Choose another; all logins end, and the token of a new one is given."""
        user = self.user(user_id)
        self._begin(user.name, actor.address)
        if not self._proves(user, old):
            self._audit.note(actor, "password", user.name, Outcome.REFUSED)
            raise AccessError("wrong_password", "the current password is not right", 403)
        self._attempts.succeeded(user.name, actor.address)
        check_strength(new, user.name)
        return self._choose(actor, user, new, browser)

    def end_other_logins(self, actor: Actor, user_id: str, but: str) -> None:
        """Log out everywhere else."""
        self._sessions.end_all(user_id, but)
        self._audit.note(actor, "end_logins")

    # --- one-time links ----------------------------------------------------------------------

    def empty(self) -> bool:
        """Whether there is no user yet."""
        return not self._store.any_user()

    def first_link(self) -> str | None:
        """The token of a link for the first admin; None when there are users."""
        if self._store.any_user():
            return None
        return self._link(Purpose.FIRST_ADMIN, None, FIRST_ADMIN_LIFE)

    def open_link(self, token: str) -> tuple[Link, User | None]:
        """What the link is for, and for whom; it stays unused."""
        link = self._store.link(digest(token))
        user = self._store.user(link.user_id) if link and link.user_id else None
        first = link is not None and link.purpose is Purpose.FIRST_ADMIN
        alive = link is not None and link.expires_at > self._now()
        sound = not self._store.any_user() if first else user is not None and user.active
        if link is None or not alive or not sound:
            raise AccessError("link_over", "this link is used, too old or wrong", 404)
        return link, user

    def use_link(self, token: str, name: str, password: str, address: str, browser: str) -> str:
        """Make the first admin, or choose a password; the token of a login. `name` counts for the
        first admin only. A link whose password won't do stays unused."""
        link, user = self.open_link(token)
        name = user.name if user else checked_name(name)
        check_strength(password, name)
        password_hash = self._passwords.hash(password)
        if not self._store.take_link(link.digest):
            raise AccessError("link_over", "this link is used, too old or wrong", 404)
        actor = Actor(name, address)
        if user is None:
            user = User(new_id(), name, Role.ADMIN, UserState.ACTIVE, self._now(), password_hash)
            if not self._store.add_user(user):
                raise AccessError("name_taken", "there is a user of this name", 409)
            self._audit.note(actor, "first_admin", name)
            return self._enter(user, address, browser)
        return self._choose(actor, user, password, browser, password_hash)

    # --- managing users ----------------------------------------------------------------------

    def users(self) -> Sequence[User]:
        """All, by name."""
        return sorted(self._store.users(), key=lambda user: user.name)

    def user(self, user_id: str) -> User:
        """One of them."""
        user = self._store.user(user_id)
        if user is None:
            raise AccessError("no_user", "there is no such user", 404)
        return user

    def named(self, name: str) -> User:
        """One of them by name."""
        user = self._store.user_named(normal_name(name))
        if user is None:
            raise AccessError("no_user", f"there is no user {name!r}", 404)
        return user

    def add_user(self, actor: Actor, name: str, role: Role) -> tuple[User, str]:
        """A new user, and the token of the link by which they choose a password."""
        user = User(new_id(), checked_name(name), role, UserState.ACTIVE, self._now())
        if not self._store.add_user(user):
            raise AccessError("name_taken", f"there is a user {user.name!r} already", 409)
        self._audit.note(actor, "user_add", f"{user.name} ({role})")
        return user, self._link(Purpose.PASSWORD, user.id, PASSWORD_LIFE)

    def change_user(
        self, actor: Actor, user_id: str, role: Role | None = None, state: UserState | None = None
    ) -> User:
        """Another role, or stop and let in again. A stopped user's logins end, and keys don't work."""
        user = self.user(user_id)
        role, state = role or user.role, state or user.state
        if actor.user_id == user_id and (role, state) != (user.role, user.state):
            raise AccessError("oneself", "nobody may stop or change the role of themselves", 409)
        try:
            self._store.change_user(user_id, role, state)
        except LastAdmin:
            raise AccessError("last_admin", "one active admin must remain", 409) from None
        if state is UserState.DISABLED:
            self._sessions.end_all(user_id)
        self._audit.note(actor, "user_change", f"{user.name} ({role}, {state})")
        return self.user(user_id)

    def reset(self, actor: Actor, user_id: str) -> str:
        """The old password and all logins are void; the token of a link to choose another."""
        user = self.user(user_id)
        self._store.set_password(user_id, "")
        self._sessions.end_all(user_id)
        self._audit.note(actor, "user_reset", user.name)
        return self._link(Purpose.PASSWORD, user_id, PASSWORD_LIFE)

    # --- steps -------------------------------------------------------------------------------

    def _begin(self, name: str, address: str) -> None:
        self._recall()
        wait_s = self._attempts.begin(name, address, self._clock())
        if wait_s > 0:
            seconds = max(1, round(wait_s))
            raise AccessError("too_many", f"too many attempts; wait {seconds} s", 429, seconds=seconds)

    def _recall(self) -> None:
        """Count what was tried before this process began, so that a restart is no fresh start. Of names
        that are nobody's the log knows the address only."""
        if self._recalled:
            return
        now, clock = self._now(), self._clock()
        past = self._audit.since(now - timedelta(seconds=FORGET_S))
        if self._recalled:  # by another, while the database was asked
            return
        self._recalled = True
        for entry in past:
            if entry.action not in ("login", "password"):
                continue
            name = entry.who if entry.who != NOBODY else ""
            at = clock - (now - entry.at).total_seconds()
            self._attempts.recall(name, entry.address, at, right=entry.outcome is Outcome.DONE)

    def _proves(self, user: User | None, password: str) -> bool:
        checked = self._passwords.check(user.password_hash if user else "", password)
        if user is not None and checked.rehash is not None:
            self._store.set_password(user.id, checked.rehash)
        return checked.right

    def _enter(self, user: User, address: str, browser: str) -> str:
        self._store.logged_in(user.id, self._now())
        token = self._sessions.open(user.id, address, browser)
        self._audit.note(Actor(user.name, address), "login")
        return token

    def _choose(
        self, actor: Actor, user: User, password: str, browser: str, password_hash: str = ""
    ) -> str:
        self._store.set_password(user.id, password_hash or self._passwords.hash(password))
        self._sessions.end_all(user.id)
        self._audit.note(actor, "password", user.name)
        return self._enter(user, actor.address, browser)

    def _link(self, purpose: Purpose, user_id: str | None, life: timedelta) -> str:
        token = new_token()
        self._store.put_link(Link(digest(token), purpose, user_id, self._now() + life))
        return token


def normal_name(name: str) -> str:
    """The form in which names are compared and kept."""
    return unicodedata.normalize("NFKC", name[:256]).strip().casefold()


def checked_name(name: str) -> str:
    """The normal form. Raises AccessError for what is no name."""
    normal = normal_name(name)
    if not _NAME.fullmatch(normal):
        raise AccessError(
            "bad_name",
            "a name has 1 to 64 letters, digits and . _ - @, and begins with a letter or digit",
        )
    return normal
