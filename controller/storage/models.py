"""The tables: sessions, their turns and their tool calls; the outbox, and tickets; the dialer's.

Responsible for what a record is made of, on SQLite and PostgreSQL alike. Must never know who writes.
A change here needs a migration (`migrations/versions`); a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAME_CHARS = 128
"""Room of a short name: ids, bots, tools, codes, reasons. The writer cuts to it."""

Json = dict[str, Any]


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets time zones, so it is set again on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Raises ValueError for a naive moment: it could mean any hour."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; use datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Names constraints, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy at class creation
        str: String(NAME_CHARS),
        float: Double,
        datetime: UtcDateTime,
        Json: JSON,
        list[str]: JSON,
    }


class SessionRow(Base):
    """One conversation. Without `ended_at` it is live, or its process died."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "started_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    entry: Mapped[str]
    bot: Mapped[str]
    language: Mapped[str]
    variables: Mapped[Json]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    duration_ms: Mapped[float | None]
    end_reason: Mapped[str | None]
    recording_path: Mapped[str | None] = mapped_column(Text)
    turn_count: Mapped[int] = mapped_column(default=0)
    tool_count: Mapped[int] = mapped_column(default=0)
    barge_in_count: Mapped[int] = mapped_column(default=0)
    trouble_count: Mapped[int] = mapped_column(default=0)


class TurnRow(Base):
    """One turn. `position` counts from 0 within the session in order of ending; `number` is the
    kernel's turn number. Timings are milliseconds, as in `controller.session.happenings.Timings`."""

    __tablename__ = "turns"

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    by: Mapped[str]
    caller_text: Mapped[str] = mapped_column(Text)
    bot_text: Mapped[str] = mapped_column(Text)
    heard_text: Mapped[str] = mapped_column(Text)
    interrupted: Mapped[bool]
    failed: Mapped[bool]
    citations: Mapped[list[str]]
    endpoint_ms: Mapped[float | None]
    asr_final_ms: Mapped[float | None]
    llm_first_token_ms: Mapped[float | None]
    tts_first_frame_ms: Mapped[float | None]
    response_ms: Mapped[float | None]
    speculative: Mapped[bool]
    at: Mapped[datetime]


class ToolCallRow(Base):
    """One tool call. `turn` is the kernel's turn number; `position` counts from 0 within the session."""

    __tablename__ = "tool_calls"

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    turn: Mapped[int]
    name: Mapped[str]
    arguments: Mapped[Json]
    ok: Mapped[bool]
    result: Mapped[Json]
    code: Mapped[str]
    took_ms: Mapped[float]
    at: Mapped[datetime]


class OutboxRow(Base):
    """One message to deliver, exactly once by its `key`.

    `claim` names the worker's attempt that has it; until `due_at` nobody else may take it. Without a
    claim `due_at` is the moment of the next attempt.
    """

    __tablename__ = "outbox"

    key: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    channel: Mapped[str]
    recipient: Mapped[str]
    payload: Mapped[Json]
    state: Mapped[str]
    tries: Mapped[int]
    due_at: Mapped[datetime]
    claim: Mapped[str | None]
    error: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "state", "due_at"),)


class TicketRow(Base):
    """One ticket; it outlives the session that it came from."""

    __tablename__ = "tickets"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    priority: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


_OPEN = text("ended_at IS NULL")


class CampaignRow(Base):
    """One campaign; `settings` are checked by who reads them."""

    __tablename__ = "campaigns"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    settings: Mapped[Json]
    state: Mapped[str]
    why: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ContactRow(Base):
    """One contact of one campaign. `zones`: names joined by commas. `lease` proves who has it, until
    `leased_until`; `attempt_id` is its open attempt."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    import_id: Mapped[str] = mapped_column(index=True)
    line: Mapped[int]
    number: Mapped[str]
    name: Mapped[str] = mapped_column(Text)
    zones: Mapped[str] = mapped_column(Text)
    language: Mapped[str]
    variables: Mapped[Json]
    state: Mapped[str]
    disposition: Mapped[str | None]
    tries: Mapped[int]
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    lease: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    attempt_id: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("uq_contacts_campaign_id_number", "campaign_id", "number", unique=True),
        Index(None, "campaign_id", "state", "zones", "due_at", "id"),
        Index(None, "state", "leased_until"),
    )


class AttemptRow(Base):
    """One call of one contact; `id` is the channel's uuid, written before it is dialled."""

    __tablename__ = "attempts"

    id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    number: Mapped[int]
    called: Mapped[str]
    caller_id: Mapped[str]
    state: Mapped[str]
    began_at: Mapped[datetime]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    disposition: Mapped[str | None]
    cause: Mapped[str]
    session_id: Mapped[str]
    slots: Mapped[Json]
    recording_path: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index(None, "campaign_id", "began_at"),
        Index(None, "campaign_id", "ended_at"),
        Index("uq_attempts_contact_id_number", "contact_id", "number", unique=True),
        Index(
            "uq_attempts_open",
            "contact_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )


class DoNotCallRow(Base):
    """A number (E.164) that must not be called until `expires_at`; NULL: for ever."""

    __tablename__ = "do_not_call"

    number: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
