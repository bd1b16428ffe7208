"""Users, logins, API keys, one-time links and the audit log in the database.

Keeps `controller.access.ports.AccessStore`: each method is one transaction, on a native thread while
the caller waits. Must never know what a role may do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, RowMapping, Table, and_, delete, or_, select, update

from controller.access.model import (
    ApiKey,
    AuditEntry,
    Link,
    LoginSession,
    Outcome,
    Purpose,
    Role,
    User,
    UserState,
)
from controller.access.ports import LastAdmin, Unavailable
from controller.observe.redaction import storable_text
from controller.storage.access_models import ApiKeyRow, AuditRow, LinkRow, LoginSessionRow, UserRow
from controller.storage.engine import BEGIN_WITH, BUSY_TIMEOUT_MS, DatabaseUnavailable, open_engine
from controller.storage.models import NAME_CHARS
from controller.storage.off_hub import OffHub
from controller.storage.outbox import insert_once

MAX_NOTES = 500

T = TypeVar("T")
_USERS = cast(Table, UserRow.__table__)
_SESSIONS = cast(Table, LoginSessionRow.__table__)
_KEYS = cast(Table, ApiKeyRow.__table__)
_LINKS = cast(Table, LinkRow.__table__)
_AUDIT = cast(Table, AuditRow.__table__)


class AccessUnavailable(DatabaseUnavailable, Unavailable):
    """The database can't be used just now, for who knows storage and for who knows accounts."""


class SqlAccess:
    """The store; see `controller.access.ports`. Raises StorageError for a URL that can't be used."""

    def __init__(self, database_url: str, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._engine = open_engine(database_url, busy_timeout_ms=busy_timeout_ms)
        self._writing = self._engine.execution_options(**{BEGIN_WITH: "BEGIN IMMEDIATE"})
        self._thread = OffHub("accounts can't be used")

    def close(self) -> None:
        """Let the thread go."""
        self._thread.close()

    # --- users -------------------------------------------------------------------------------

    def any_user(self) -> bool:
        """Whether there is one."""
        return self._first(select(_USERS.c.id).limit(1)) is not None

    def users(self) -> Sequence[User]:
        """All."""
        return [user_of(row) for row in self._all(select(_USERS))]

    def user(self, user_id: str) -> User | None:
        """By id."""
        row = self._first(select(_USERS).where(_USERS.c.id == storable_text(user_id)))
        return user_of(row) if row else None

    def user_named(self, name: str) -> User | None:
        """By name in normal form."""
        row = self._first(select(_USERS).where(_USERS.c.name == storable_text(name)))
        return user_of(row) if row else None

    def add_user(self, user: User) -> bool:
        """False when the name is taken."""
        return self._write(lambda connection: insert_once(connection, UserRow, asdict(user)))

    def set_password(self, user_id: str, password_hash: str) -> None:
        """Another hash; "" for none."""
        mine = update(_USERS).where(_USERS.c.id == user_id)
        self._do(mine.values(password_hash=password_hash))

    def logged_in(self, user_id: str, at: datetime) -> None:
        """Remember when."""
        self._do(update(_USERS).where(_USERS.c.id == user_id).values(login_at=at))

    def change_user(self, user_id: str, role: Role, state: UserState) -> None:
        """Raises LastAdmin when no active admin would be left."""
        admin = and_(_USERS.c.role == Role.ADMIN, _USERS.c.state == UserState.ACTIVE)

        def change(connection: Connection) -> None:
            admins = select(_USERS.c.id).where(admin).with_for_update()
            had = connection.execute(admins).first() is not None
            mine = update(_USERS).where(_USERS.c.id == user_id)
            connection.execute(mine.values(role=role, state=state))
            if had and connection.execute(select(_USERS.c.id).where(admin).limit(1)).first() is None:
                raise LastAdmin

        self._write(change)

    # --- logins ------------------------------------------------------------------------------

    def add_session(self, session: LoginSession) -> None:
        """Keep a login."""
        row = {**asdict(session), "browser": storable_text(session.browser)}
        self._do(_SESSIONS.insert().values({**row, "address": _short(session.address)}))

    def session(self, digest: str) -> tuple[LoginSession, User] | None:
        """A login and whose it is."""

        def find(connection: Connection) -> tuple[RowMapping, RowMapping] | None:
            return _with_user(connection, _SESSIONS, digest)

        found = self._read(find)
        return (LoginSession(**found[0]), user_of(found[1])) if found else None

    def sessions_of(self, user_id: str) -> Sequence[LoginSession]:
        """A user's."""
        mine = select(_SESSIONS).where(_SESSIONS.c.user_id == user_id)
        return [LoginSession(**row) for row in self._all(mine)]

    def sessions_among(self, digests: Collection[str]) -> Sequence[LoginSession]:
        """Those that there are."""
        these = select(_SESSIONS).where(_SESSIONS.c.digest.in_(digests))
        return [LoginSession(**row) for row in self._all(these)]

    def touch_session(self, digest: str, at: datetime) -> None:
        """Remember a use."""
        self._do(update(_SESSIONS).where(_SESSIONS.c.digest == digest).values(seen_at=at))

    def end_session(self, digest: str) -> None:
        """Forget one."""
        self._do(delete(_SESSIONS).where(_SESSIONS.c.digest == digest))

    def end_sessions(self, user_id: str, but: str = "") -> None:
        """Forget a user's, except one."""
        mine = and_(_SESSIONS.c.user_id == user_id, _SESSIONS.c.digest != but)
        self._do(delete(_SESSIONS).where(mine))

    # --- API keys ----------------------------------------------------------------------------

    def add_key(self, key: ApiKey, digest: str) -> None:
        """Keep a key under its hash."""
        row = {**asdict(key), "scopes": list(key.scopes), "name": _short(key.name)}
        self._do(_KEYS.insert().values({**row, "digest": digest}))

    def key(self, digest: str) -> tuple[ApiKey, User] | None:
        """A key and whose it is."""

        def find(connection: Connection) -> tuple[RowMapping, RowMapping] | None:
            return _with_user(connection, _KEYS, digest)

        found = self._read(find)
        return (_key_of(found[0]), user_of(found[1])) if found else None

    def keys_of(self, user_id: str) -> Sequence[ApiKey]:
        """A user's."""
        return [_key_of(row) for row in self._all(select(_KEYS).where(_KEYS.c.user_id == user_id))]

    def keys_among(self, ids: Collection[str]) -> Sequence[ApiKey]:
        """Those that there are."""
        return [_key_of(row) for row in self._all(select(_KEYS).where(_KEYS.c.id.in_(ids)))]

    def touch_key(self, key_id: str, at: datetime) -> None:
        """Remember a use."""
        self._do(update(_KEYS).where(_KEYS.c.id == key_id).values(used_at=at))

    def remove_key(self, user_id: str, key_id: str) -> bool:
        """False when this user has no such key."""
        mine = and_(_KEYS.c.id == storable_text(key_id), _KEYS.c.user_id == user_id)
        return self._do(delete(_KEYS).where(mine)) == 1

    # --- one-time links ----------------------------------------------------------------------

    def put_link(self, link: Link) -> None:
        """Keep it instead of an earlier one for the same purpose and user."""
        same = and_(
            _LINKS.c.purpose == link.purpose, _LINKS.c.user_id.is_not_distinct_from(link.user_id)
        )

        def put(connection: Connection) -> None:
            connection.execute(delete(_LINKS).where(same))
            connection.execute(_LINKS.insert().values(asdict(link)))

        self._write(put)

    def link(self, digest: str) -> Link | None:
        """A link that was not used yet."""
        row = self._first(select(_LINKS).where(_LINKS.c.digest == digest))
        return Link(**{**row, "purpose": Purpose(row["purpose"])}) if row else None

    def take_link(self, digest: str) -> bool:
        """Use it up. False when somebody was faster."""
        return self._do(delete(_LINKS).where(_LINKS.c.digest == digest)) == 1

    # --- the audit log -----------------------------------------------------------------------

    def note(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        row = {name: value for name, value in asdict(entry).items() if name != "id"}
        texts = {name: _short(row[name]) for name in ("who", "action", "address")}
        target = storable_text(entry.target)
        self._do(_AUDIT.insert().values({**row, **texts, "target": target}))

    def notes(self, limit: int = 100, before: int | None = None) -> Sequence[AuditEntry]:
        """Newest first; those before the entry with that id. Raises ValueError for a bad limit."""
        if not 1 <= limit <= MAX_NOTES:
            raise ValueError(f"limit must be 1 to {MAX_NOTES}, not {limit}")
        query = select(_AUDIT).order_by(_AUDIT.c.id.desc()).limit(limit)
        query = query if before is None else query.where(_AUDIT.c.id < before)
        return [AuditEntry(**{**row, "outcome": Outcome(row["outcome"])}) for row in self._all(query)]

    def purge_access(
        self, sessions_before: datetime, seen_before: datetime, audit_before: datetime, now: datetime
    ) -> None:
        """Forget what is over."""
        old = or_(_SESSIONS.c.created_at < sessions_before, _SESSIONS.c.seen_at < seen_before)

        def purge(connection: Connection) -> None:
            connection.execute(delete(_SESSIONS).where(old))
            connection.execute(delete(_KEYS).where(_KEYS.c.expires_at < now))
            connection.execute(delete(_LINKS).where(_LINKS.c.expires_at < now))
            connection.execute(delete(_AUDIT).where(_AUDIT.c.at < audit_before))

        self._write(purge)

    # --- transactions ------------------------------------------------------------------------

    def _first(self, query: Any) -> RowMapping | None:
        return self._read(lambda connection: connection.execute(query).mappings().first())

    def _all(self, query: Any) -> Sequence[RowMapping]:
        return self._read(lambda connection: connection.execute(query).mappings().all())

    def _do(self, statement: Any) -> int:
        return self._write(lambda connection: int(connection.execute(statement).rowcount))

    def _read(self, work: Callable[[Connection], T]) -> T:
        return self._run(self._engine.begin, work)

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._run(self._writing.begin, work)

    def _run(self, begin: Callable[[], Any], work: Callable[[Connection], T]) -> T:
        def transact() -> T:
            with begin() as connection:
                return work(connection)

        try:
            return self._thread.run(transact)
        except DatabaseUnavailable as error:
            raise AccessUnavailable(str(error)) from error


def user_of(row: RowMapping) -> User:
    """A user's row as a value."""
    return User(**{**row, "role": Role(row["role"]), "state": UserState(row["state"])})


def _key_of(row: RowMapping) -> ApiKey:
    values = {name: value for name, value in row.items() if name != "digest"}
    return ApiKey(**{**values, "scopes": tuple(row["scopes"])})


def _with_user(
    connection: Connection, table: Table, digest: str
) -> tuple[RowMapping, RowMapping] | None:
    row = connection.execute(select(table).where(table.c.digest == digest)).mappings().first()
    if row is None:
        return None
    owner = select(_USERS).where(_USERS.c.id == row["user_id"])
    return row, connection.execute(owner).mappings().one()


def _short(text: str) -> str:
    return storable_text(text, NAME_CHARS - 8)
