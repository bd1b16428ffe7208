"""The outbox's table: what waits for delivery, who has it, what became of it.

Responsible for atomic steps (put, claim, settle) on SQLite and PostgreSQL, off the hub. Must never know
channels, nor how long to wait before another try.

A claim is a lease: it hides a row until its end. A row whose lease ended with the claim still on it has
an unknown outcome (its worker died, or lost the database): it is claimed again, unless its channel is
among `once`, whose receivers can't recognise a double; those become dead letters for a person to judge.
The clocks of hosts that share a database must agree within a lease.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Table,
    and_,
    delete,
    func,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from controller.observe.redaction import storable_text
from controller.storage.engine import BUSY_TIMEOUT_MS, open_engine
from controller.storage.models import Base, OutboxRow
from controller.storage.off_hub import OffHub

MAX_LISTED = 1000
ERROR_CHARS = 500
UNKNOWN = "the worker stopped while sending; it may have been delivered"

T = TypeVar("T")
_OUTBOX = cast(Table, OutboxRow.__table__)


class OutboxState(StrEnum):
    """Where a message is."""

    DUE = "due"  # waiting, or being sent
    SENT = "sent"
    DEAD = "dead"  # given up; a person may send it again


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A message as it stands. `tries`: attempts begun; `claim`: the one under way, "" for none."""

    key: str
    session_id: str
    channel: str
    recipient: str
    payload: Mapping[str, Any]
    state: OutboxState
    tries: int
    due_at: datetime
    claim: str
    error: str
    created_at: datetime
    settled_at: datetime | None


class OutboxStore:
    """Every method waits cooperatively while a native thread works; raises DatabaseUnavailable.

    The constructor raises StorageError for a URL that can't be used. `now`: the wall clock in UTC.
    """

    def __init__(
        self,
        database_url: str,
        *,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = open_engine(database_url, busy_timeout_ms=busy_timeout_ms)
        self._off_hub = OffHub("the outbox can't be used")
        self._now = now

    def put(
        self, key: str, session_id: str, channel: str, recipient: str, payload: Mapping[str, Any]
    ) -> bool:
        """Keep a message for delivery; False when one of this key is there already (it stays)."""
        row = outbox_row(key, session_id, channel, recipient, payload, self._now())
        return self._in_transaction(lambda connection: insert_once(connection, OutboxRow, row))

    def claim(self, lease_s: float, *, max_tries: int, once: Collection[str] = ()) -> OutboxItem | None:
        """Take the message that has waited longest, for `lease_s`; None when nothing is due. One whose
        worker stopped in its last try, or whose channel is among `once`, is dead instead."""
        now = self._now()
        values = {"claim": secrets.token_hex(8), "due_at": now + timedelta(seconds=lease_s)}
        lost = and_(
            _OUTBOX.c.claim.is_not(None),
            or_(_OUTBOX.c.channel.in_(once), _OUTBOX.c.tries >= max_tries),
        )
        if not self._in_transaction(lambda connection: _any_due(connection, now)):
            return None  # looking takes no lock
        return self._in_transaction(lambda connection: _claim(connection, now, lost, values))

    def sent(self, item: OutboxItem) -> bool:
        """The claimed message is delivered. False when the claim was lost meanwhile."""
        values = {"state": OutboxState.SENT, "settled_at": self._now(), "error": ""}
        return self._settle(item, values)

    def failed(self, item: OutboxItem, why: str, retry_in_s: float | None) -> bool:
        """The attempt failed: due again in `retry_in_s`, or dead (None). False: the claim was lost."""
        values: dict[str, Any] = {"error": storable_text(why, ERROR_CHARS)}
        if retry_in_s is None:
            values |= {"state": OutboxState.DEAD, "settled_at": self._now()}
        else:
            values["due_at"] = self._now() + timedelta(seconds=retry_in_s)
        return self._settle(item, values)

    def listed(self, state: OutboxState | None = None, limit: int = 50) -> tuple[OutboxItem, ...]:
        """The newest messages (of that state) first, at most `limit` (1-1000)."""
        if not 1 <= limit <= MAX_LISTED:
            raise ValueError(f"limit must be 1 to {MAX_LISTED}, not {limit}")
        query = select(_OUTBOX).order_by(OutboxRow.created_at.desc(), OutboxRow.key)
        if state is not None:
            query = query.where(OutboxRow.state == state)
        found = self._in_transaction(lambda c: c.execute(query.limit(limit)).mappings().all())
        return tuple(map(_item, found))

    def counts(self) -> tuple[tuple[str, OutboxState, int], ...]:
        """(channel, state, messages) of all that are not purged yet; none that are zero."""
        per = select(_OUTBOX.c.channel, _OUTBOX.c.state, func.count())
        per = per.group_by(_OUTBOX.c.channel, _OUTBOX.c.state).order_by(_OUTBOX.c.channel)
        found = self._in_transaction(lambda connection: connection.execute(per).all())
        return tuple((channel, OutboxState(state), int(count)) for channel, state, count in found)

    def revive(self, keys: Sequence[str] | None = None) -> int:
        """Make dead letters (those of `keys`; None: all) due again, with all their tries before them.
        Returns how many there were."""
        again = update(OutboxRow).where(OutboxRow.state == OutboxState.DEAD)
        if keys is not None:
            again = again.where(OutboxRow.key.in_(keys))
        values = {
            "state": OutboxState.DUE,
            "tries": 0,
            "due_at": self._now(),
            "settled_at": None,
            "claim": None,
        }
        return self._in_transaction(lambda c: int(c.execute(again.values(values)).rowcount))

    def purge(self, older_than: datetime) -> int:
        """Forget messages, delivered or dead, that were settled before `older_than`; how many."""
        gone = delete(OutboxRow).where(
            OutboxRow.state != OutboxState.DUE, OutboxRow.settled_at < older_than
        )
        return self._in_transaction(lambda connection: int(connection.execute(gone).rowcount))

    def close(self) -> None:
        """Let the thread go."""
        self._off_hub.close()

    def _settle(self, item: OutboxItem, values: Mapping[str, Any]) -> bool:
        mine = update(OutboxRow).where(OutboxRow.key == item.key, OutboxRow.claim == item.claim)
        settled = mine.values({**values, "claim": None})
        return self._in_transaction(lambda connection: connection.execute(settled).rowcount == 1)

    def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        return self._off_hub.run(lambda: _transact(self._engine, work))


def outbox_row(
    key: str,
    session_id: str,
    channel: str,
    recipient: str,
    payload: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """A new message's row, due at once."""
    return {
        "key": key,
        "session_id": session_id,
        "channel": channel,
        "recipient": recipient,
        "payload": dict(payload),
        "state": OutboxState.DUE,
        "tries": 0,
        "due_at": now,
        "error": "",
        "created_at": now,
    }


def insert_once(connection: Connection, table: type[Base], row: Mapping[str, Any]) -> bool:
    """Insert; False when a row of this primary key is there already."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    once = insert(table).values(dict(row)).on_conflict_do_nothing()
    told = once.returning(*inspect(table).primary_key)  # not every driver counts inserted rows
    return connection.execute(told).first() is not None


def _transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(_OUTBOX.c.state == OutboxState.DUE, _OUTBOX.c.due_at <= now)


def _any_due(connection: Connection, now: datetime) -> bool:
    return connection.execute(select(_OUTBOX.c.key).where(_due(now)).limit(1)).first() is not None


def _claim(
    connection: Connection, now: datetime, lost: ColumnElement[bool], values: Mapping[str, Any]
) -> OutboxItem | None:
    """Begins by writing, so that SQLite takes its lock at once; PostgreSQL's workers skip each other's
    rows. Two statements: as a subquery PostgreSQL may choose several rows, one after another."""
    buried = {"state": OutboxState.DEAD, "settled_at": now, "claim": None, "error": UNKNOWN}
    connection.execute(update(_OUTBOX).where(_due(now), lost).values(buried))
    first = select(_OUTBOX.c.key).where(_due(now)).order_by(_OUTBOX.c.due_at, _OUTBOX.c.created_at)
    key = connection.scalar(first.limit(1).with_for_update(skip_locked=True))
    if key is None:
        return None
    taken = update(_OUTBOX).where(_OUTBOX.c.key == key, _due(now))
    taken = taken.values({**values, "tries": _OUTBOX.c.tries + 1})
    row = connection.execute(taken.returning(_OUTBOX)).mappings().first()
    return _item(row) if row is not None else None


def _item(row: RowMapping) -> OutboxItem:
    return OutboxItem(**{**row, "state": OutboxState(row["state"]), "claim": row["claim"] or ""})
