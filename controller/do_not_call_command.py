"""`switchtalk dnc`: the list of numbers that are never called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller.campaign_options import desk_group, open_for, told

if TYPE_CHECKING:  # the other commands start without SQLAlchemy
    from controller.dialer.desk import CampaignDesk

console = Console()
_region = click.option("--region", default="", help="Region (CN, US, …) of numbers without a country.")
_days = click.option("--days", type=click.FloatRange(min=0, min_open=True), help="Default: for ever.")


@click.group()
@desk_group
@click.pass_context
def dnc(context: click.Context, config: Path | None, overrides: tuple[str, ...]) -> None:
    """Numbers that must not be called, whatever list they are on. Effective at once."""
    open_for(context, config, overrides)


@dnc.command()
@click.argument("numbers", nargs=-1, required=True)
@click.option("--reason", default="", help="Why; kept with the number.")
@_days
@_region
@click.pass_obj
def add(
    desk: CampaignDesk, numbers: tuple[str, ...], reason: str, days: float | None, region: str
) -> None:
    """Never call NUMBERS again."""
    with told():
        for number in numbers:
            listed = desk.do_not_call(region).add(number, reason, days)
            console.print(f"{listed} is not called any more.", highlight=False)


@dnc.command()
@click.argument("numbers", nargs=-1, required=True)
@_region
@click.pass_obj
def remove(desk: CampaignDesk, numbers: tuple[str, ...], region: str) -> None:
    """Let NUMBERS be called again."""
    with told():
        for number in numbers:
            removed = desk.do_not_call(region).remove(number)
            console.print(f"{escape(number)} {'is off the list' if removed else 'was not on it'}.")


@dnc.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", default="", help="Why; kept with the numbers.")
@_days
@_region
@click.pass_obj
def import_numbers(desk: CampaignDesk, file: Path, reason: str, days: float | None, region: str) -> None:
    """Put the numbers of FILE (CSV) on the list. Exit code 3: some were refused."""
    with told():
        added = desk.import_do_not_call(file, reason, days, region)
    for line, why in added.refusals[:10]:
        console.print(f"  line {line}: {escape(why)}", highlight=False)
    console.print(f"{added.read} numbers read, {added.new} of them new, {added.refused} refused.")
    raise SystemExit(3 if added.refused else 0)


@dnc.command("list")
@click.option("--after", default="", help="Numbers after this one.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.pass_obj
def show(desk: CampaignDesk, after: str, limit: int) -> None:
    """The numbers on the list."""
    table = Table(box=None, pad_edge=False)
    for column in ("number", "since", "until", "reason"):
        table.add_column(column, overflow="fold")
    with told():
        entries = desk.do_not_call_page(after, limit)
    for entry in entries:
        until = f"{entry.expires_at.astimezone():%Y-%m-%d}" if entry.expires_at else "for ever"
        since = f"{entry.added_at.astimezone():%Y-%m-%d}"
        table.add_row(entry.number, since, until, escape(entry.reason))
    console.print(table if entries else "Nobody is on the list.")
