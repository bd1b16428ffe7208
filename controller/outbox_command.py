"""`switchtalk outbox`: what waits for delivery, what could not be delivered, and sending it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller.configure import SettingsError, load, parse_override
from controller.observe.redaction import one_line

if TYPE_CHECKING:  # the other commands start without SQLAlchemy
    from controller.storage.outbox import OutboxStore

_STATES = ("due", "sent", "dead", "all")


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="TOML file.")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="A setting.")
@click.pass_context
def outbox(context: click.Context, config: Path | None, overrides: tuple[str, ...]) -> None:
    """Show notifications that wait or failed, and send failed ones again."""
    from controller.storage.engine import StorageError
    from controller.storage.migrations import migrate
    from controller.storage.outbox import OutboxStore

    try:
        settings = load(config, dict(map(parse_override, overrides)))
        migrate(settings.database_url)
        store = OutboxStore(settings.database_url)
    except (SettingsError, StorageError) as error:
        raise click.ClickException(str(error)) from error
    context.obj = store
    context.call_on_close(store.close)


@outbox.command("list")
@click.option("--state", type=click.Choice(_STATES), default="dead", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.pass_obj
def show(store: OutboxStore, state: str, limit: int) -> None:
    """List notifications, the newest first. Their texts are not shown."""
    from controller.storage.engine import StorageError
    from controller.storage.outbox import OutboxState

    try:
        items = store.listed(None if state == "all" else OutboxState(state), limit)
    except StorageError as error:
        raise click.ClickException(str(error)) from error
    table = Table(box=None, pad_edge=False)
    for column in ("key", "state", "channel", "to", "template", "tries", "created", "error"):
        table.add_column(column, overflow="fold")
    for item in items:
        created = f"{item.created_at.astimezone():%Y-%m-%d %H:%M}"
        template = str(item.payload.get("template_id", ""))
        cells = (item.key, item.state, item.channel, item.recipient, template, item.tries, created)
        table.add_row(*(escape(one_line(str(cell))) for cell in (*cells, item.error)))
    Console().print(table if items else f"Nothing is {state}." if state != "all" else "It is empty.")


@outbox.command()
@click.argument("keys", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@click.pass_obj
def retry(store: OutboxStore, keys: tuple[str, ...], everything: bool) -> None:
    """Send the dead letters KEYS again: a running server delivers them within seconds.

    One whose error says that it may have been delivered may arrive a second time.
    """
    from controller.storage.engine import StorageError

    if bool(keys) == everything:
        raise click.UsageError("name the keys, or say --all")
    try:
        count = store.revive(None if everything else keys)
    except StorageError as error:
        raise click.ClickException(str(error)) from error
    Console().print(f"{count} will be sent again.")
    if keys and count < len(set(keys)):
        raise click.ClickException(f"{len(set(keys)) - count} of the keys are no dead letters")
