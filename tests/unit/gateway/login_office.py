"""A gateway with users, for the tests of the login; what each of them holds to show who they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from controller.access.access import Access, AccessOptions
from controller.access.model import Role
from controller.access.tokens import csrf_token
from controller.gateway.login.cookie import COOKIE
from controller.gateway.server import create_app
from tests.login import make_access, open_store
from tests.unit.access.conftest import PASSWORD, Clock, Office
from tests.unit.gateway.fakes import make_deps


@dataclass
class Gateway:
    """The app and its accounts."""

    app: Flask
    office: Office

    @property
    def access(self) -> Access:
        return self.office.access

    def stranger(self) -> FlaskClient:
        return self.app.test_client()

    def browser(self, name: str, role: Role | None = None) -> Browser:
        """A logged-in browser of a user, who is hired first when a role is given."""
        if role is not None:
            self.office.hire(name, role)
        token = self.access.sessions.open(f"id-{name}", "127.0.0.1", "Firefox")
        client = self.app.test_client()
        client.set_cookie(COOKIE, token)
        return Browser(client, token)


@dataclass
class Browser:
    """A client with a cookie that fills in forms as our pages do."""

    client: FlaskClient
    token: str

    def get(self, path: str, **given: Any) -> Any:
        return self.client.get(path, **given)

    def submit(self, path: str, **fields: Any) -> Any:
        return self.client.post(path, data={"csrf": csrf_token(self.token), **fields})

    def ask(self, method: str, path: str, **given: Any) -> Any:
        headers = {"X-CSRF-Token": csrf_token(self.token)}
        return self.client.open(path, method=method, headers=headers, **given)


@contextmanager
def open_gateway(
    directory: Path, options: AccessOptions | None = None, **deps: Any
) -> Iterator[Gateway]:
    """A gateway whose accounts are in `directory`."""
    clock, store = Clock(), open_store(directory)
    access = make_access(store, options, now=lambda: clock.now, clock=clock.seconds)
    app = create_app(replace(make_deps(), access=access, **deps))
    yield Gateway(app, Office(access, store, clock))
    access.passwords.close()
    store.close()


__all__ = ["PASSWORD", "Browser", "Gateway", "open_gateway"]
