"""`switchtalk models`: the catalogue as a table, a pull with its progress bar."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from media.store.errors import StoreError
from media.store.installing import list_models, pull


def show_models(console: Console, models_dir: Path) -> None:
    """Print the catalogue."""
    table = Table(box=None, pad_edge=False)
    for column in ("name", "language", "for", "MB", "licence", "verified", "installed", "good for"):
        table.add_column(column, overflow="fold")
    for listed in list_models(models_dir):
        model = listed.model
        table.add_row(
            model.name,
            model.language,
            model.kind,
            str(model.size_mb),
            model.licence,
            "yes" if model.verified else "no",
            "yes" if listed.installed else "",
            model.good_for,
        )
    console.print(table)
    console.print(f"They go to {escape(str(models_dir))}; `switchtalk models pull NAME` fetches one.")


def pull_with_progress(
    console: Console,
    problems: Console,
    name: str,
    models_dir: Path,
    sha256: str | None,
    unverified: bool,
) -> int:
    """Pull a model; the process's exit code."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=problems) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(file: str, have: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(escape(file), total=total or None)
            bars.update(tasks[file], completed=have, total=total or None)

        try:
            where = pull(name, models_dir, progress, sha256=sha256 or "", unverified=unverified)
        except StoreError as error:
            bars.stop()
            problems.print(f"[red]{escape(str(error))}[/red]")
            return 1
    console.print(f"Installed in {escape(str(where))}. Bots whose engine is `auto` use it from now on.")
    return 0
