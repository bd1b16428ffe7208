"""Brings a database to the shape this code needs, whoever starts first.

Responsible for upgrading, once, whole or not at all. Must never know what the records mean.

A migration is a file `versions/NNNN_what.py` whose revision is `NNNN`; the history is one line, so the
newest is the head, and whether a database is up to date is known without importing Alembic (0.2 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from controller.storage.engine import (
    BEGIN_WITH,
    DatabaseNewer,
    DatabaseUnavailable,
    make_directory,
    open_engine,
    reason,
)

DIRECTORY = Path(__file__).parent
LOCK_TIMEOUT_MS = 60_000
"""How long to wait for another process that is migrating the same database."""

_ADVISORY_LOCK = 0x5357_5443_484C  # PostgreSQL's advisory lock of our migrations: any constant of ours


def known_revisions() -> Sequence[str]:
    """The revisions this code has, oldest first; the last is the head."""
    return sorted(path.stem.split("_")[0] for path in (DIRECTORY / "versions").glob("[0-9]*_*.py"))


def migrate(database_url: str, lock_timeout_ms: int = LOCK_TIMEOUT_MS) -> bool:
    """Upgrade to the head; True when anything had to be done. Blocks: not for the hub.

    At the head it is one look-up (milliseconds). Processes that start together wait for the one that
    migrates, up to `lock_timeout_ms`. A failed upgrade leaves the database as it was.

    Raises DatabaseNewer when the database has a revision this code doesn't know, DatabaseUnavailable
    when it can't be used, StorageError for a URL or driver that won't do.
    """
    engine = open_engine(database_url, busy_timeout_ms=lock_timeout_ms, foreign_keys=False)
    try:
        make_directory(engine)
        with engine.connect() as connection:
            if _at_head(connection):
                return False
        return _upgrade(engine)
    except (SQLAlchemyError, OSError) as exc:
        where = engine.url.render_as_string(hide_password=True)
        raise DatabaseUnavailable(f"the database {where} can't be prepared: {reason(exc)}") from exc
    finally:
        engine.dispose()


def _at_head(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    revisions = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    known = known_revisions()
    unknown = set(revisions) - set(known)
    if unknown:
        raise DatabaseNewer(
            f"the database is at revision {', '.join(sorted(unknown))}, this program knows up to "
            f"{known[-1]}: a newer version made it. Start that version, or restore a backup"
        )
    return list(revisions) == [known[-1]]


def _upgrade(engine: Engine) -> bool:
    """In one transaction that holds the lock. Foreign keys are off (SQLite rebuilds a table by dropping
    it, which would cascade) and checked at the end."""
    with engine.execution_options(**{BEGIN_WITH: "BEGIN IMMEDIATE"}).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        if _at_head(connection):  # another process was faster
            return False
        _run_alembic(connection)
        if engine.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise DatabaseUnavailable(
                    f"the upgrade would break {len(broken)} references; it was undone"
                )
    return True


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(DIRECTORY).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
