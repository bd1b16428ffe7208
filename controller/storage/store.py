"""Writes batches of records, each whole or not at all.

Responsible for SQL and for telling an error that will pass from a record that never will be taken. For
native threads only. Must never know sessions, the hub or when to try again.

Writing the same batch twice is harmless (inserts ignore what is there already, updates set the same
values), so a batch whose commit was not answered is simply written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from controller.storage.engine import BUSY_TIMEOUT_MS, open_engine, reason
from controller.storage.ledger import Kind, Record
from controller.storage.migrations import migrate
from controller.storage.models import Base, SessionRow, ToolCallRow, TurnRow

_TABLES: dict[Kind, type[Base]] = {
    Kind.SESSION: SessionRow,
    Kind.TURN: TurnRow,
    Kind.TOOL_CALL: ToolCallRow,
}
_SESSION = "session"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that the database refuses for what is in it (say, its session was purged)."""

    record: Record
    why: str


class RecordStore:
    """The database as the writer sees it. Prepares (migrates) it before the first write and after every
    failure, so a database that appears late or is replaced is as good as one that was there."""

    def __init__(self, database_url: str, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._url = database_url
        self._engine = open_engine(database_url, busy_timeout_ms=busy_timeout_ms)
        self._insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        self._busy_timeout_ms = busy_timeout_ms
        self._prepared = False

    def write(self, batch: Sequence[Record]) -> list[Rejected]:
        """Write `batch` in one transaction; returns the records that can never be written.

        Raises StorageError or a database error when nothing can be written now: try the same again.
        """
        try:
            if not self._prepared:
                migrate(self._url, self._busy_timeout_ms)
                self._prepared = True
            return self._write(batch)
        except Exception:
            self._prepared = False
            raise

    def _write(self, batch: Sequence[Record]) -> list[Rejected]:
        try:
            with self._engine.begin() as connection:
                self._put(connection, batch)
            return []
        except Exception as exc:
            if not _is_lasting(exc):
                raise
            if len(batch) == 1:
                return [Rejected(batch[0], f"{type(exc).__name__}: {reason(exc)}")]
        return [rejected for record in in_order(batch) for rejected in self._write([record])]

    def _put(self, connection: Connection, batch: Sequence[Record]) -> None:
        for kind in Kind:
            records = [record for record in batch if record.kind is kind]
            if not records:
                continue
            if kind in _TABLES:
                insert = self._insert(_TABLES[kind]).on_conflict_do_nothing()
                connection.execute(insert, [record.values for record in records])
            else:
                rows = [{_SESSION: record.session_id, **record.values} for record in records]
                connection.execute(update(SessionRow).where(SessionRow.id == bindparam(_SESSION)), rows)


def in_order(batch: Sequence[Record]) -> list[Record]:
    """Sessions first, ends last; otherwise as they came."""
    return sorted(batch, key=lambda record: record.kind)


def _is_lasting(error: Exception) -> bool:
    """True when the cause is the record itself, not the state of the database."""
    if isinstance(error, DBAPIError):
        return isinstance(error, IntegrityError | DataError)
    return isinstance(error, StatementError | ValueError | TypeError | ArithmeticError)
