"""Tickets: what callers asked for, kept for people; with the message that tells of it.

Responsible for one transaction: a ticket and its message exist both or neither. Must never know tools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from controller.observe.redaction import storable_text
from controller.storage.engine import BUSY_TIMEOUT_MS, open_engine
from controller.storage.models import OutboxRow, TicketRow
from controller.storage.off_hub import OffHub
from controller.storage.outbox import insert_once, outbox_row


@dataclass(frozen=True, slots=True)
class Ticket:
    """A new ticket. The same `id` again is the same ticket."""

    id: str
    session_id: str
    subject: str
    body: str
    priority: str


@dataclass(frozen=True, slots=True)
class Telling:
    """The message to send about it, over a channel to a recipient."""

    channel: str
    recipient: str
    payload: Mapping[str, Any]


class TicketStore:
    """Waits cooperatively while a native thread works. Raises StorageError for a URL that won't do."""

    def __init__(
        self,
        database_url: str,
        *,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = open_engine(database_url, busy_timeout_ms=busy_timeout_ms)
        self._off_hub = OffHub("tickets can't be kept")
        self._now = now

    def create(self, ticket: Ticket, telling: Telling | None = None) -> bool:
        """Keep the ticket, and the message about it in the outbox; False when it is there already.
        Raises DatabaseUnavailable."""
        return self._off_hub.run(lambda: self._create(ticket, telling))

    def close(self) -> None:
        """Let the thread go."""
        self._off_hub.close()

    def _create(self, ticket: Ticket, telling: Telling | None) -> bool:
        with self._engine.begin() as connection:
            new = self._insert(connection, ticket)
            if new and telling is not None:
                row = outbox_row(
                    ticket.id,
                    ticket.session_id,
                    telling.channel,
                    telling.recipient,
                    telling.payload,
                    self._now(),
                )
                insert_once(connection, OutboxRow, row)
            return new

    def _insert(self, connection: Connection, ticket: Ticket) -> bool:
        texts = {name: storable_text(value) for name, value in asdict(ticket).items()}
        return insert_once(connection, TicketRow, {**texts, "created_at": self._now()})
