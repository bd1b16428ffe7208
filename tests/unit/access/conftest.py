"""Accounts on a real SQLite file, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.access.access import Access
from controller.access.model import AccessError, Actor, Role, User, UserState
from controller.storage.access import SqlAccess
from tests.login import make_access, open_store

PASSWORD = "correct horse battery"
ROOT = Actor("root", "10.0.0.9")


@dataclass
class Clock:
    """Wall-clock time and seconds at once."""

    now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def pass_by(self, **amount: float) -> None:
        self.now += timedelta(**amount)

    def seconds(self) -> float:
        return self.now.timestamp()


@dataclass
class Office:
    """Access, its database and its clock."""

    access: Access
    store: SqlAccess
    clock: Clock

    def hire(self, name: str, role: Role = Role.VIEWER, password: str = PASSWORD) -> User:
        """A user who has chosen a password."""
        password_hash = self.access.passwords.hash(password)
        user = User(f"id-{name}", name, role, UserState.ACTIVE, self.clock.now, password_hash)
        assert self.store.add_user(user)
        return user

    def log_in(self, name: str, password: str = PASSWORD, address: str = "10.0.0.1") -> str:
        return self.access.accounts.log_in(name, password, address, "Firefox")

    def told(self) -> list[tuple[str, str, str]]:
        """The audit log, oldest first: who, what, outcome."""
        return [(e.who, e.action, e.outcome.value) for e in reversed(self.access.audit.read())]


@contextmanager
def refused(code: str) -> Iterator[pytest.ExceptionInfo[AccessError]]:
    with pytest.raises(AccessError) as info:
        yield info
    assert info.value.code == code


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    store = open_store(tmp_path)
    access = make_access(store, now=lambda: clock.now, clock=clock.seconds)
    yield Office(access, store, clock)
    access.passwords.close()
    store.close()
