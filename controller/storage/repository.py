"""Reads the records for pages and APIs, and forgets them when their time is over.

Responsible for queries and for keeping them off the hub. Must never know who asks. Gives frozen
dataclasses: nothing lazy, nothing that touches the database later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

import gevent
from gevent.threadpool import ThreadPool
from sqlalchemy import Engine, Row, and_, delete, or_, select
from sqlalchemy.exc import SQLAlchemyError

from controller.storage.engine import BUSY_TIMEOUT_MS, DatabaseUnavailable, open_engine, reason
from controller.storage.models import Base, SessionRow, ToolCallRow, TurnRow

MAX_LIMIT = 500
STRATEGY_VERSION = "strategy_version"
"""Key among a session's stored variables: the version of the prompt or flow that it began with."""
PURGE_BATCH = 200
"""Sessions deleted in one transaction, so that the writer never waits long for its turn."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One session without its words. `ended_at` None: it is live, or its process died."""

    id: str
    entry: str
    bot: str
    language: str
    variables: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime | None
    duration_ms: float | None
    end_reason: str | None
    recording_path: str | None
    turn_count: int
    tool_count: int
    barge_in_count: int
    trouble_count: int

    @property
    def version(self) -> str:
        """Of the strategy's prompt or flow when the session began; "" when it had none."""
        return str(self.variables.get(STRATEGY_VERSION, ""))


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn, timings in ms; `number` is the kernel's, `position` the order within the session."""

    position: int
    number: int
    by: str
    caller_text: str
    bot_text: str
    heard_text: str
    interrupted: bool
    failed: bool
    citations: tuple[str, ...]
    endpoint_ms: float | None
    asr_final_ms: float | None
    llm_first_token_ms: float | None
    tts_first_frame_ms: float | None
    response_ms: float | None
    speculative: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ToolCallRecord:
    """One tool call; `result` is its data when `ok`, `code` says why when not."""

    position: int
    turn: int
    name: str
    arguments: Mapping[str, Any]
    ok: bool
    result: Mapping[str, Any]
    code: str
    took_ms: float
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionDetail:
    """A whole session, turns and tool calls in order."""

    session: SessionSummary
    turns: tuple[TurnRecord, ...]
    tool_calls: tuple[ToolCallRecord, ...]


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge forgot; the recordings are files, which the caller has to delete."""

    sessions: int
    recording_paths: tuple[str, ...]


class RecordRepository:
    """The read side. Every method waits cooperatively while one native thread does the work.

    Raises StorageError for a URL that can't be used; every method raises DatabaseUnavailable.
    """

    def __init__(self, database_url: str, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._engine = open_engine(database_url, busy_timeout_ms=busy_timeout_ms)
        self._thread = ThreadPool(1)

    def recent_sessions(self, limit: int = 50, before: str | None = None) -> tuple[SessionSummary, ...]:
        """The newest sessions first, at most `limit` (1-500); `before` is the id of the last one of the
        page before. Nothing when that id is not known (any more)."""
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"limit must be 1 to {MAX_LIMIT}, not {limit}")
        return self._off_hub(lambda: _recent(self._engine, limit, before))

    def session_detail(self, session_id: str) -> SessionDetail | None:
        """All of one session; None when there is no such session."""
        return self._off_hub(lambda: _detail(self._engine, session_id))

    def purge(self, older_than: datetime) -> Purged:
        """Forget all sessions that started before `older_than` (with a time zone), with their turns and
        tool calls. Goes in small transactions, between which others read and write."""
        if older_than.tzinfo is None:
            raise ValueError(f"{older_than} has no time zone; use datetime.now(UTC)")
        paths: list[str] = []
        sessions = 0
        while batch := self._off_hub(lambda: _purge_batch(self._engine, older_than)):
            sessions += len(batch)
            paths.extend(path for path in batch if path is not None)
            gevent.sleep(0)
        return Purged(sessions, tuple(paths))

    def close(self) -> None:
        """Let the thread go."""
        self._thread.kill()

    def _off_hub(self, query: Callable[[], T]) -> T:
        """Run `query` on the native thread; its error is raised here, not printed there."""
        value, error = self._thread.apply(_run, (query,))
        if isinstance(error, SQLAlchemyError):
            raise DatabaseUnavailable(f"the records can't be read: {reason(error)}") from error
        if error is not None:
            raise error
        result: T = value
        return result


def _run(query: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return query(), None
    except Exception as exc:  # noqa: BLE001 - raised again on the hub
        return None, exc


def _recent(engine: Engine, limit: int, before: str | None) -> tuple[SessionSummary, ...]:
    newest = select(*_columns(SessionRow, SessionSummary))
    newest = newest.order_by(SessionRow.started_at.desc(), SessionRow.id.desc()).limit(limit)
    with engine.connect() as connection:
        if before is not None:
            started_at = connection.scalar(select(SessionRow.started_at).where(SessionRow.id == before))
            if started_at is None:
                return ()
            same_moment = and_(SessionRow.started_at == started_at, SessionRow.id < before)
            newest = newest.where(or_(SessionRow.started_at < started_at, same_moment))
        return tuple(SessionSummary(*row) for row in connection.execute(newest))


def _detail(engine: Engine, session_id: str) -> SessionDetail | None:
    turns = select(*_columns(TurnRow, TurnRecord)).where(TurnRow.session_id == session_id)
    tools = select(*_columns(ToolCallRow, ToolCallRecord)).where(ToolCallRow.session_id == session_id)
    with engine.connect() as connection:
        session = connection.execute(
            select(*_columns(SessionRow, SessionSummary)).where(SessionRow.id == session_id)
        ).first()
        if session is None:
            return None
        return SessionDetail(
            SessionSummary(*session),
            tuple(_turn(row) for row in connection.execute(turns.order_by(TurnRow.position))),
            tuple(
                ToolCallRecord(*row) for row in connection.execute(tools.order_by(ToolCallRow.position))
            ),
        )


def _purge_batch(engine: Engine, older_than: datetime) -> list[str | None]:
    """Delete some old sessions; returns the recording path of each, None for those without."""
    some = select(SessionRow.id).where(SessionRow.started_at < older_than).limit(PURGE_BATCH)
    gone = delete(SessionRow).where(SessionRow.id.in_(some)).returning(SessionRow.recording_path)
    with engine.begin() as connection:
        return list(connection.scalars(gone))


def _columns(table: type[Base], record: type[Any]) -> list[Any]:
    """The table's columns in the order of the dataclass's fields, which have the same names."""
    return [getattr(table, field.name) for field in fields(record)]


def _turn(row: Row[Any]) -> TurnRecord:
    values = row._asdict()
    return TurnRecord(**{**values, "citations": tuple(values["citations"])})
