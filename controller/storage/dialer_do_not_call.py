"""The do-not-call list's table. Keeps `controller.dialer.ports.DoNotCallStore`.

Responsible for atomic changes, seen by every dialer at once. Must never know how numbers are written.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite

from controller.dialer.model import DoNotCallEntry
from controller.observe.redaction import storable_text
from controller.storage.dialer_database import DO_NOT_CALL, DialerDatabase, chunks, is_sqlite
from controller.storage.models import DoNotCallRow

REASON_CHARS = 500
MAX_PAGE = 1000


class SqlDoNotCall:
    """The list in the database; see `DoNotCallStore` for what each method promises."""

    def __init__(self, database: DialerDatabase) -> None:
        self._database = database

    def add(self, entries: Collection[DoNotCallEntry]) -> int:
        """Add or replace entries; how many numbers were not there before."""
        rows = {entry.number: _row(entry) for entry in entries}
        return self._database.write(lambda connection: _add(connection, list(rows.values())))

    def remove(self, numbers: Collection[str]) -> int:
        """Take numbers off; how many were on."""
        return self._database.write(
            lambda connection: sum(
                connection.execute(delete(DoNotCallRow).where(DoNotCallRow.number.in_(some))).rowcount
                for some in chunks(numbers)
            )
        )

    def listed(self, numbers: Collection[str], now: datetime) -> frozenset[str]:
        """Those that must not be called at `now`."""
        return self._database.read(lambda connection: listed_numbers(connection, numbers, now))

    def page(self, after: str = "", limit: int = 100) -> tuple[DoNotCallEntry, ...]:
        """Entries by number after that one, at most `limit` (1-1000)."""
        if not 1 <= limit <= MAX_PAGE:
            raise ValueError(f"limit must be 1 to {MAX_PAGE}, not {limit}")
        query = select(DO_NOT_CALL).where(DO_NOT_CALL.c.number > after)
        query = query.order_by(DO_NOT_CALL.c.number).limit(limit)
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(DoNotCallEntry(**row) for row in rows)

    def entry(self, number: str) -> DoNotCallEntry | None:
        """A number's entry, an expired one too."""
        query = select(DO_NOT_CALL).where(DO_NOT_CALL.c.number == number)
        row = self._database.read(lambda connection: connection.execute(query).mappings().first())
        return DoNotCallEntry(**row) if row else None

    def count(self, now: datetime) -> int:
        """How many must not be called at `now`."""
        query = select(func.count()).select_from(DO_NOT_CALL).where(_in_force(now))
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    def purge(self, now: datetime) -> int:
        """Forget expired entries; how many."""
        gone = delete(DoNotCallRow).where(DoNotCallRow.expires_at <= now)
        return self._database.write(lambda connection: int(connection.execute(gone).rowcount))


def listed_numbers(connection: Connection, numbers: Collection[str], now: datetime) -> frozenset[str]:
    """Those of `numbers` that are on the list at `now`, for a transaction under way."""
    found: set[str] = set()
    for some in chunks(numbers):
        on_it = select(DO_NOT_CALL.c.number).where(DO_NOT_CALL.c.number.in_(some), _in_force(now))
        found.update(connection.scalars(on_it))
    return frozenset(found)


def hold_still(connection: Connection) -> None:
    """Until this transaction ends nobody's addition is finished: what `listed_numbers` says stays true.
    With SQLite a writing transaction is alone anyway."""
    if not is_sqlite(connection):
        connection.execute(text("LOCK TABLE do_not_call IN ROW SHARE MODE"))


def _in_force(now: datetime) -> ColumnElement[bool]:
    return or_(DO_NOT_CALL.c.expires_at.is_(None), DO_NOT_CALL.c.expires_at > now)


def _add(connection: Connection, rows: list[dict[str, object]]) -> int:
    if not is_sqlite(connection):  # waits for attempts that are just beginning; see `hold_still`
        connection.execute(text("LOCK TABLE do_not_call IN EXCLUSIVE MODE"))
    insert = sqlite.insert if is_sqlite(connection) else postgresql.insert
    new = 0
    for some in chunks(rows):
        added = insert(DO_NOT_CALL).on_conflict_do_nothing().returning(DO_NOT_CALL.c.number)
        there = set(connection.scalars(added, some))
        new += len(there)
        _replace(connection, [row for row in some if row["number"] not in there])
    return new


def _replace(connection: Connection, rows: list[dict[str, object]]) -> None:
    """An entry that lasts for ever stays so."""
    for row in rows:
        there = DO_NOT_CALL.update().where(DO_NOT_CALL.c.number == row["number"])
        if row["expires_at"] is not None:
            there = there.where(DO_NOT_CALL.c.expires_at.is_not(None))
        connection.execute(there.values(**row))


def _row(entry: DoNotCallEntry) -> dict[str, object]:
    return {
        "number": entry.number,
        "reason": storable_text(entry.reason, REASON_CHARS),
        "added_at": entry.added_at,
        "expires_at": entry.expires_at,
    }
