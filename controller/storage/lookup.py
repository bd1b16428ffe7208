"""Asks other people's databases prepared questions, without being able to change anything.

Responsible for named queries with bound parameters, read-only transactions, and limits of rows and
time. Must never know who asks. Only the settings hold SQL; a caller chooses a name and gives values.

SQLite files are opened with `mode=ro` and `query_only`; PostgreSQL transactions are READ ONLY. Give the
PostgreSQL user rights to read only what callers may hear: that is the lock that counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, TextClause, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from controller.storage.engine import StorageError, open_engine
from controller.storage.off_hub import OffHub

VALUE_CHARS = 1000
"""Most characters of one value; a caller can't listen to more."""
_STEPS = 1000  # SQLite's instructions between two looks at the clock: well under 1 ms


class BadQuery(Exception):
    """A named query can't be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """`sql` has a `:name` for each of `params`. Limits: rows of an answer, seconds of a run."""

    url: str
    sql: str
    params: tuple[str, ...]
    max_rows: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """Rows by column name, with JSON's values only; `more` were left out by the limit."""

    rows: tuple[Mapping[str, Any], ...]
    more: bool


class LookupStore:
    """The queries by name. Raises BadQuery."""

    def __init__(self, queries: Mapping[str, NamedQuery]) -> None:
        self._queries = {name: _prepared(name, query) for name, query in queries.items()}
        self._threads = {name: OffHub(f"the look-up {name} failed") for name in queries}

    def find(self, name: str, values: Mapping[str, Any]) -> Found:
        """Run a query; waits cooperatively. Raises KeyError for a name there isn't, and
        DatabaseUnavailable, also when it takes too long."""
        query, engine, statement = self._queries[name]
        bound = {param: values[param] for param in query.params}
        return self._threads[name].run(lambda: _find(query, engine, statement, bound))

    def close(self) -> None:
        """Let the threads go."""
        for thread in self._threads.values():
            thread.close()


def _prepared(name: str, query: NamedQuery) -> tuple[NamedQuery, Engine, TextClause]:
    statement = text(query.sql)
    if (used := set(statement.compile().params)) != set(query.params):
        raise BadQuery(
            f"look-up {name}: its SQL has the parameters {sorted(used)}, "
            f"its settings {sorted(query.params)}"
        )
    try:
        sqlite_url = make_url(query.url).get_backend_name() == "sqlite"
        engine = _read_only_sqlite(query) if sqlite_url else open_engine(query.url)
    except (ArgumentError, StorageError) as error:
        raise BadQuery(f"look-up {name}: {error}") from error
    return query, engine, statement


def _read_only_sqlite(query: NamedQuery) -> Engine:
    path = make_url(query.url).database
    if not path or path == ":memory:":
        raise StorageError("a look-up needs the path of a SQLite file")
    place = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(place, uri=True, timeout=query.timeout_s),
        poolclass=NullPool,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")
        until = monotonic() + query.timeout_s
        connection.set_progress_handler(lambda: monotonic() > until, _STEPS)

    return engine


def _find(query: NamedQuery, engine: Engine, statement: TextClause, values: Mapping[str, Any]) -> Found:
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            _restrain_postgresql(connection, query.timeout_s)
        rows = connection.execute(statement, values).mappings().fetchmany(query.max_rows + 1)
        found = tuple({key: _json(value) for key, value in row.items()} for row in rows)
    return Found(found[: query.max_rows], len(found) > query.max_rows)


def _restrain_postgresql(connection: Connection, timeout_s: float) -> None:
    connection.execute(text("SET TRANSACTION READ ONLY"))
    connection.execute(text(f"SET LOCAL statement_timeout = {int(timeout_s * 1000)}"))


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:VALUE_CHARS]
