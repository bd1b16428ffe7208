"""`switchtalk campaign`: people of a list are called. Works on the database, server or not.

Responsible for options in and lines out; what is done is the desk's. A server that runs sees every
change within a second.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from controller.campaign_files import export, import_contacts, preview
from controller.campaign_options import desk_group, open_for, told

if TYPE_CHECKING:  # the other commands start without SQLAlchemy
    from controller.dialer.desk import CampaignDesk
    from controller.dialer.model import Campaign

console = Console()
Command = Callable[..., Any]


@click.group()
@desk_group
@click.pass_context
def campaign(context: click.Context, config: Path | None, overrides: tuple[str, ...]) -> None:
    """Call the people of a list: create, import, start, watch, export."""
    open_for(context, config, overrides)


def _settings_options(command: Command) -> Command:
    for option in (
        click.option("--bot", help="Who talks."),
        click.option(
            "--from", "file", type=click.Path(exists=True, path_type=Path), help="TOML or JSON file."
        ),
        click.option(
            "-o",
            "options",
            multiple=True,
            metavar="NAME=VALUE",
            help="One setting, such as -o max_calls=20 or -o retry.max_tries=2; see dialer/README.md.",
        ),
    ):
        command = option(command)
    return command


@campaign.command()
@click.argument("name")
@_settings_options
@click.pass_obj
def create(
    desk: CampaignDesk, name: str, bot: str | None, file: Path | None, options: tuple[str, ...]
) -> None:
    """A new campaign NAME, with nobody in it yet."""
    with told():
        made = desk.create(name, _given(bot, file, options))
    console.print(f"Created [bold]{escape(made.name)}[/bold] ({made.id}). Now import its contacts.")


@campaign.command()
@click.argument("name")
@_settings_options
@click.pass_obj
def change(
    desk: CampaignDesk, name: str, bot: str | None, file: Path | None, options: tuple[str, ...]
) -> None:
    """Other settings for NAME, from now on; those not named stay."""
    with told():
        desk.change(name, _given(bot, file, options))
    console.print("Changed.")


def _given(bot: str | None, file: Path | None, options: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
            values = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        except ValueError as error:
            raise click.ClickException(f"{file}: {error}") from error
    for name, value in map(_option, options):
        *parts, last = name.split(".")
        place = values
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    return values | ({"bot": bot} if bot else {})


def _option(text: str) -> tuple[str, Any]:
    """NAME=VALUE; a VALUE that TOML can read is what TOML says, any other is text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter("expected NAME=VALUE", param_hint="-o")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value


def _said(done: Campaign) -> None:
    why = f" ({done.why})" if done.why else ""
    console.print(f"[bold]{escape(done.name)}[/bold] is {done.state.value}{escape(why)}.")


@campaign.command()
@click.argument("name")
@click.pass_obj
def start(desk: CampaignDesk, name: str) -> None:
    """Begin to call; a running server does it."""
    with told():
        _said(desk.start(name))


@campaign.command()
@click.argument("name")
@click.pass_obj
def pause(desk: CampaignDesk, name: str) -> None:
    """No new call; live ones go on."""
    with told():
        _said(desk.pause(name))


@campaign.command()
@click.argument("name")
@click.pass_obj
def resume(desk: CampaignDesk, name: str) -> None:
    """Go on where it was."""
    with told():
        _said(desk.resume(name))


@campaign.command()
@click.argument("name")
@click.option("--hang-up", is_flag=True, help="Say goodbye to who is on the phone.")
@click.pass_obj
def stop(desk: CampaignDesk, name: str, hang_up: bool) -> None:
    """No new call, and the end; live calls finish."""
    with told():
        _said(desk.stop(name, hang_up=hang_up))


@campaign.command()
@click.argument("name")
@click.option("--watch", is_flag=True, help="Go on until it is over (Ctrl-C ends the watching).")
@click.pass_obj
def status(desk: CampaignDesk, name: str, watch: bool) -> None:
    """How far it is: contacts, results, rate, the end in sight."""
    from controller.campaign_tables import status_table, watch_status

    with told():
        if watch:
            watch_status(console, lambda: desk.status(name))
        else:
            console.print(status_table(desk.status(name)))


@campaign.command("list")
@click.pass_obj
def show(desk: CampaignDesk) -> None:
    """All campaigns."""
    from controller.campaign_tables import list_table

    with told():
        console.print(list_table([desk.status(each.id) for each in desk.list()]))


@campaign.command()
@click.argument("name")
@click.confirmation_option(prompt="Forget the campaign with its contacts and results?")
@click.pass_obj
def delete(desk: CampaignDesk, name: str) -> None:
    """Forget it, with its contacts and results."""
    with told():
        desk.delete(name)
    console.print("Deleted.")


for _command in (preview, import_contacts, export):
    campaign.add_command(_command)
