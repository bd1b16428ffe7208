"""`switchtalk user`: add, list, disable and reset users, on the machine that has the database.

Who may run it can read the database anyway, so it asks for no login; what it does is in the audit log.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller.access.model import AccessError, Actor, Role, UserState
from controller.access.ports import Unavailable
from controller.configure import SettingsError, load, parse_override
from controller.observe.logs import LogStyle, configure_logging

if TYPE_CHECKING:  # the other commands start without SQLAlchemy
    from controller.access.accounts import Accounts

_ROLES = click.Choice([str(role) for role in Role])
console = Console()


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="TOML file.")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="A setting.")
@click.option("--url", help="Address of the pages, for links; default: http.host and http.port.")
@click.pass_context
def user(
    context: click.Context, config: Path | None, overrides: tuple[str, ...], url: str | None
) -> None:
    """Add, list, disable and reset users."""
    from controller.access_wiring import AccessWiring
    from controller.storage.engine import StorageError
    from controller.storage.migrations import migrate

    configure_logging("warning", LogStyle.CONSOLE)
    try:
        settings = load(config, dict(map(parse_override, overrides)))
        migrate(settings.database_url)
        wiring = AccessWiring(settings)
    except (SettingsError, StorageError, OSError) as error:
        raise click.ClickException(str(error)) from error
    context.call_on_close(wiring.close)
    host = settings.http.host if settings.http.host not in ("0.0.0.0", "::", "") else "127.0.0.1"
    pages = (url or f"http://{host}:{settings.http.port}").rstrip("/")
    context.obj = _Office(wiring.access.accounts, pages)


class _Office:
    """The accounts, as an operator at a shell."""

    def __init__(self, accounts: Accounts, url: str) -> None:
        self.accounts = accounts
        self._url = url
        self.actor = Actor(f"{_user_here()} (shell)", "")

    def give(self, name: str, token: str) -> None:
        """Show a one-time link."""
        console.print(f"With this link {escape(name)} chooses a password, within a day, once:")
        console.print(escape(f"{self._url}/setup/{token}"), soft_wrap=True)


def _user_here() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (AccessError, Unavailable) as error:
        raise click.ClickException(str(error)) from error


@user.command("add")
@click.argument("name")
@click.option("--role", type=_ROLES, default="viewer", show_default=True)
@click.pass_obj
def add(office: _Office, name: str, role: str) -> None:
    """Add the user NAME, and print the link by which they choose a password."""
    with _told():
        made, token = office.accounts.add_user(office.actor, name, Role(role))
    office.give(made.name, token)


@user.command("list")
@click.pass_obj
def show(office: _Office) -> None:
    """List the users."""
    with _told():
        users = office.accounts.users()
    table = Table(box=None, pad_edge=False)
    for column in ("name", "role", "state", "last login"):
        table.add_column(column, overflow="fold")
    for each in users:
        login = f"{each.login_at.astimezone():%Y-%m-%d %H:%M}" if each.login_at else "never"
        state = each.state if each.password_hash or not each.active else "no password yet"
        table.add_row(escape(each.name), each.role, state, login)
    console.print(table if users else "There is no user yet.")


@user.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let them in again.")
@click.pass_obj
def disable(office: _Office, name: str, undo: bool) -> None:
    """Log the user NAME out everywhere and keep them out; their API keys stop working."""
    state = UserState.ACTIVE if undo else UserState.DISABLED
    with _told():
        changed = office.accounts.change_user(office.actor, office.accounts.named(name).id, state=state)
    console.print(f"{escape(changed.name)} is {changed.state}.")


@user.command("role")
@click.argument("name")
@click.argument("role", type=_ROLES)
@click.pass_obj
def set_role(office: _Office, name: str, role: str) -> None:
    """Give the user NAME another ROLE."""
    with _told():
        changed = office.accounts.change_user(
            office.actor, office.accounts.named(name).id, role=Role(role)
        )
    console.print(f"{escape(changed.name)} is {changed.role}.")


@user.command("reset")
@click.argument("name")
@click.pass_obj
def reset(office: _Office, name: str) -> None:
    """Void the password and the logins of NAME, and print a link to choose another."""
    with _told():
        found = office.accounts.named(name)
        token = office.accounts.reset(office.actor, found.id)
    office.give(found.name, token)
