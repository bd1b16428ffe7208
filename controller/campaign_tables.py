"""Campaigns on a terminal: tables, and a view that goes on. Knows no options and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import gevent
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from controller.dialer.desk import Status
from controller.dialer.importing.preview import Preview
from controller.dialer.importing.rows import Refusal
from controller.dialer.model import CampaignState, ContactState

LOOK_EVERY_S = 1.0
_OVER = (CampaignState.STOPPED, CampaignState.DONE)


def status_table(status: Status) -> Group:
    """One campaign in full."""
    campaign, counts = status.campaign, status.counts
    why = f": {campaign.why}" if campaign.why else ""
    head = f"[bold]{escape(campaign.name)}[/bold] is {campaign.state.value}{escape(why)}"
    table = Table(box=None, pad_edge=False, show_header=False)
    waiting = counts.contacts[ContactState.WAITING] + counts.contacts[ContactState.LEASED]
    table.add_row("contacts", f"{status.done} of {status.contacts} done, {waiting} wait")
    table.add_row("calls now", f"{len(status.live)}{_states(status)}")
    table.add_row("rate", f"{status.per_minute:.1f} calls a minute")
    table.add_row("will be done", _forecast(status))
    for disposition, count in sorted(counts.attempts.items(), key=lambda item: -item[1]):
        table.add_row(f"  {disposition.value}", str(count))
    bar = ProgressBar(total=max(1, status.contacts), completed=status.done, width=60)
    return Group(head, bar, table)


def watch_status(console: Console, look: Callable[[], Status]) -> None:
    """Show it again every second, until it is over. Ends quietly with Ctrl-C."""
    status = look()
    try:
        with Live(status_table(status), console=console, auto_refresh=False) as live:
            while status.campaign.state not in _OVER:
                gevent.sleep(LOOK_EVERY_S)
                status = look()
                live.update(status_table(status), refresh=True)
    except KeyboardInterrupt:
        console.print("The campaign goes on.")


def list_table(campaigns: Sequence[Status]) -> Table | str:
    """All campaigns, a line each."""
    if not campaigns:
        return "There is no campaign; `switchtalk campaign create` makes one."
    table = Table(box=None, pad_edge=False)
    for column in ("name", "state", "contacts", "done", "calls now", "will be done"):
        table.add_column(column, overflow="fold")
    for status in campaigns:
        cells = (status.contacts, status.done, len(status.live), _forecast(status))
        table.add_row(
            escape(status.campaign.name), status.campaign.state.value, *(str(cell) for cell in cells)
        )
    return table


def preview_table(shown: Preview) -> Group:
    """How a file is read, and its first rows."""
    form = shown.form
    table = Table(box=None, pad_edge=False)
    for column in ("line", "number", "name", "language", "time zones", "variables"):
        table.add_column(column, overflow="fold")
    for row in shown.rows:
        if isinstance(row, Refusal):
            why = f"[red]{row.reason.value}[/red]"
            table.add_row(str(row.line), escape(row.number), why, "", "", escape(row.detail))
        else:
            variables = ", ".join(f"{name}={value}" for name, value in row.variables.items())
            cells = (row.number, row.name, row.language, " ".join(row.zones), variables)
            table.add_row(str(row.line), *(escape(cell) for cell in cells))
    named = ", ".join(form.header) or "none: one column of numbers"
    head = f"encoding {form.encoding}, delimiter {form.delimiter!r}, columns {escape(named)}"
    return Group(head, table)


def _states(status: Status) -> str:
    states = [attempt.state.value for attempt in status.live]
    named = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    return f" ({', '.join(named)})" if named else ""


def _forecast(status: Status) -> str:
    forecast = status.estimate
    if forecast is None:
        return "-"
    if forecast.done_at is None:
        return f"not before its end: {forecast.left} contacts will be left"
    return f"about {_local(forecast.done_at)}, after some {forecast.calls} more calls"


def _local(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
