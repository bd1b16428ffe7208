"""Credentials for tests of pages and the API: the one place that knows how to get past the login.

Responsible for an `Access` on a real SQLite file, and for clients that show the local key as programs on
the same machine do. Must never switch the login off.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from controller.access.access import Access, AccessOptions
from controller.access.passwords import Passwords
from controller.storage import access_models
from controller.storage.access import SqlAccess
from controller.storage.engine import make_directory, open_engine

LOCAL_KEY = "stk_local_of_the_tests"
KEY = {"Authorization": f"Bearer {LOCAL_KEY}"}


def key_client(app: Flask) -> FlaskClient:
    """A client that may everything."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = KEY["Authorization"]
    return client


def with_key(app: Flask) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """The same for a browser: every request brings the key."""
    return lambda environ, start: app({**environ, "HTTP_AUTHORIZATION": KEY["Authorization"]}, start)


def quick_passwords() -> Passwords:
    """Hashes that take no time."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def open_store(directory: Path) -> SqlAccess:
    """An empty database of accounts."""
    url = f"sqlite:///{directory / 'access.db'}"
    engine = open_engine(url)
    make_directory(engine)
    access_models.UserRow.metadata.create_all(engine)
    return SqlAccess(url)


@cache
def _shared_store() -> SqlAccess:
    directory = Path(tempfile.mkdtemp(prefix="switchtalk-access-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return open_store(directory)


def make_access(
    store: SqlAccess | None = None, options: AccessOptions | None = None, **given: Any
) -> Access:
    """For tests that are about something else: one database a process, which only the audit log uses."""
    return Access(store or _shared_store(), LOCAL_KEY, options, quick_passwords(), **given)
