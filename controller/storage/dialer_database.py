"""How the dialer's stores speak to their database: off the hub, each transaction with its lock.

Responsible for reading and writing transactions, the errors both may raise, and rows as the dialer's
values. Must never know what they are for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, RowMapping, Table

from controller.dialer.model import (
    Attempt,
    AttemptState,
    Campaign,
    CampaignState,
    Contact,
    ContactState,
    Disposition,
)
from controller.dialer.ports import StoreUnavailable
from controller.observe.redaction import CUT, storable_text
from controller.storage.engine import BEGIN_WITH, BUSY_TIMEOUT_MS, DatabaseUnavailable, open_engine
from controller.storage.models import NAME_CHARS, AttemptRow, CampaignRow, ContactRow, DoNotCallRow
from controller.storage.off_hub import OffHub

T = TypeVar("T")

AT_ONCE = 1000
"""Rows or numbers in one statement."""

CAMPAIGNS = cast(Table, CampaignRow.__table__)
CONTACTS = cast(Table, ContactRow.__table__)
ATTEMPTS = cast(Table, AttemptRow.__table__)
DO_NOT_CALL = cast(Table, DoNotCallRow.__table__)


class DialerUnavailable(DatabaseUnavailable, StoreUnavailable):
    """The database can't be used just now, for who knows storage and for who knows the dialer."""


class DialerDatabase:
    """One database, one native thread. Raises StorageError for a URL that can't be used."""

    def __init__(self, database_url: str, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._engine = open_engine(database_url, busy_timeout_ms=busy_timeout_ms)
        self._writing = self._engine.execution_options(**{BEGIN_WITH: "BEGIN IMMEDIATE"})
        self._thread = OffHub("the dialer's records can't be used")

    def read(self, work: Callable[[Connection], T]) -> T:
        """`work` on one view of the database; it must not write."""
        return self._run(lambda: _transact(self._engine.begin, work))

    def write(self, work: Callable[[Connection], T]) -> T:
        """`work` in one transaction, kept whole or not at all. SQLite's only writer meanwhile: what it
        read first is still true when it writes."""
        return self._run(lambda: _transact(self._writing.begin, work))

    def close(self) -> None:
        """Let the thread go."""
        self._thread.close()

    def _run(self, work: Callable[[], T]) -> T:
        try:
            return self._thread.run(work)
        except DatabaseUnavailable as error:
            raise DialerUnavailable(str(error)) from error


def _transact(begin: Callable[[], Any], work: Callable[[Connection], T]) -> T:
    with begin() as connection:
        return work(connection)


def chunks(items: Collection[T]) -> Iterator[list[T]]:
    """`items` in lists that one statement can take: SQLite allows 32766 parameters."""
    source = iter(items)
    while some := list(islice(source, AT_ONCE)):
        yield some


def is_sqlite(connection: Connection) -> bool:
    """Whether one writer at a time is all there can be."""
    return connection.dialect.name == "sqlite"


def short(text: str) -> str:
    """A name, cut to the room of its column."""
    return storable_text(text, NAME_CHARS - len(CUT))


def zones_key(zones: tuple[str, ...]) -> str:
    """Zones as they are stored."""
    return ",".join(zones)


def read_zones(key: str) -> tuple[str, ...]:
    """What `zones_key` made."""
    return tuple(key.split(",")) if key else ()


def campaign_of(row: RowMapping) -> Campaign:
    """A campaign's row as a value."""
    return Campaign(**{**row, "state": CampaignState(row["state"])})


def contact_of(row: RowMapping) -> Contact:
    """A contact's row as a value."""
    return Contact(
        id=row["id"],
        campaign_id=row["campaign_id"],
        line=row["line"],
        number=row["number"],
        name=row["name"],
        zones=read_zones(row["zones"]),
        language=row["language"],
        variables=row["variables"],
        state=ContactState(row["state"]),
        disposition=disposition_of(row["disposition"]),
        tries=row["tries"],
        attempts=row["attempts"],
        due_at=row["due_at"],
    )


def attempt_of(row: RowMapping) -> Attempt:
    """An attempt's row as a value."""
    state, disposition = AttemptState(row["state"]), disposition_of(row["disposition"])
    return Attempt(**{**row, "state": state, "disposition": disposition})


def disposition_of(stored: str | None) -> Disposition | None:
    """A stored disposition."""
    return Disposition(stored) if stored is not None else None
