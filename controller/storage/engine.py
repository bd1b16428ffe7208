"""Opens databases: SQLite files and PostgreSQL, with the settings both need to be trusted.

Responsible for URLs, drivers, pragmas and typed errors. Must never know what is stored.

Engines made here belong on native threads, never on the hub: a database call blocks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_MS = 5000
"""How long a statement waits for another process's lock before it fails."""

BEGIN_WITH = "sqlite_begin"
"""Execution option: the statement which begins a transaction on SQLite."""


class StorageError(Exception):
    """The records can't be used; the text says why and is free of passwords."""


class DatabaseUnavailable(StorageError):
    """The database doesn't answer, or can't be read or written just now."""


class DatabaseNewer(StorageError):
    """The database was made by a newer version of this program."""


def open_engine(
    database_url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS, foreign_keys: bool = True
) -> Engine:
    """An engine for `sqlite:///path` (its directory is made) or `postgresql://…`. Connects lazily.

    Connections are not kept: a kept one would go on writing into a file that has been deleted or
    replaced. With SQLite a whole open, write and close takes 5 ms, checkpoint included.
    Parameters never show in error texts. Raises StorageError.
    """
    url = _checked(database_url)
    try:
        engine = create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=_patience(url, busy_timeout_ms)
            if url.get_backend_name() == "postgresql"
            else {},
        )
    except ModuleNotFoundError as exc:
        raise StorageError(
            f"the driver {exc.name} is missing; pip install 'switchtalk[postgres]'"
        ) from exc
    if engine.dialect.name == "sqlite":
        _settle_sqlite(engine, busy_timeout_ms, foreign_keys)
    return engine


def make_directory(engine: Engine) -> None:
    """Make the directory of a SQLite file, for this user alone: it will hold conversations."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def reason(error: Exception) -> str:
    """The first line of what the database said, without the statement and its parameters."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _checked(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except ArgumentError as exc:
        raise StorageError(
            "the database URL can't be read; use sqlite:///path or postgresql://…"
        ) from exc
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url
    shown = url.render_as_string(hide_password=True)
    raise StorageError(f"records need a SQLite file or PostgreSQL, not {shown}")


def _patience(url: URL, lock_timeout_ms: int) -> dict[str, Any]:
    """5 s to connect; 10 s without an acknowledgement and a connection is given up."""
    options = f"{url.query.get('options', '')} -c lock_timeout={int(lock_timeout_ms)}"
    return {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "options": options.strip(),
    }


def _settle_sqlite(engine: Engine, busy_timeout_ms: int, foreign_keys: bool) -> None:
    """WAL lets pages read while the writer writes; NORMAL is safe with it (a power cut may lose the
    last transactions, never the file). The driver's own transaction handling is switched off, so that
    a transaction is what we say it is and DDL takes part in it."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout_ms)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(BEGIN_WITH, "BEGIN"))
