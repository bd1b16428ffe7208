"""`switchtalk knowledge`: what bots may answer from, as a person keeps it.

Responsible for options, progress and clear errors; the knowledge base does the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from controller.configure import SettingsError, load, parse_override
from controller.dialogue.knowledge.errors import KnowledgeError
from controller.knowledge_settings import KnowledgeSettings

if TYPE_CHECKING:
    from controller.dialogue.knowledge.base import KnowledgeBase

T = TypeVar("T")

console = Console()
problems = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the knowledge base lies, and how it is opened."""

    directory: Path
    keywords_only: bool
    settings: KnowledgeSettings

    def open(self, *, embedding: bool = False) -> KnowledgeBase:
        """`embedding`: with the model, which takes a moment to load. Raises KnowledgeError."""
        # imported here, so that `switchtalk --help` needn't wait for the model's libraries
        from controller.dialogue.knowledge.base import KnowledgeBase

        wanted = embedding and not self.keywords_only
        return KnowledgeBase(self.directory, self.settings.embedder(self.directory) if wanted else None)


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="TOML file.")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="A setting.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the knowledge base lies; default: knowledge in the setting var_dir.",
)
@click.option("--keywords-only", is_flag=True, help="Don't use embeddings.")
@click.pass_context
def knowledge(
    context: click.Context,
    config: Path | None,
    overrides: tuple[str, ...],
    directory: Path | None,
    keywords_only: bool,
) -> None:
    """Documents that bots may answer from: Markdown, text, HTML, PDF, DOCX and CSV."""
    try:
        settings = load(config, dict(map(parse_override, overrides)))
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    place = directory or settings.var_dir / "knowledge"
    context.obj = Place(place, keywords_only, settings.knowledge)


@knowledge.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def add(place: Place, files: tuple[Path, ...]) -> None:
    """Add FILES, or replace those of the same name. A file that fails changes nothing."""
    base = _told(lambda: place.open(embedding=True))
    failed = 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=problems, transient=True) as bars:
        for file in files:
            task = bars.add_task(escape(file.name), total=None)

            def progress(done: int, total: int, task: TaskID = task) -> None:
                bars.update(task, completed=done, total=total)

            try:
                added = base.add(file, progress=progress)
            except KnowledgeError as error:
                failed += 1
                bars.console.print(f"[red]{escape(str(error))}[/red]")
            else:
                console.print(f"Added {escape(added.source)}: {added.snippets} snippets.")
            bars.remove_task(task)
    if failed:
        problems.print(f"{failed} of {len(files)} files were not added.")
        raise SystemExit(1)


@knowledge.command("list")
@click.pass_obj
def list_sources(place: Place) -> None:
    """Show what was added."""
    sources = _told(lambda: place.open().list())
    if not sources:
        console.print("Nothing has been added yet; `switchtalk knowledge add FILE` adds a document.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("source", "snippets", "added", "found by"):
        table.add_column(column, overflow="fold")
    for source in sources:
        ways = f"keywords, {source.embedder}" if source.embedder else "keywords"
        added = source.added.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(escape(source.name), str(source.snippets), added, escape(ways))
    console.print(table)


@knowledge.command()
@click.argument("question")
@click.option(
    "--limit", type=click.IntRange(1, 50), default=5, show_default=True, help="Most hits shown."
)
@click.pass_obj
def search(place: Place, question: str, limit: int) -> None:
    """Show what a bot would find for QUESTION. The exit code is 1 when that is nothing."""
    hits = _told(lambda: place.open(embedding=True).search(question, limit))
    if not hits:
        console.print("Nothing found.")
        raise SystemExit(1)
    for hit in hits:
        console.print(f"[bold]{hit.score:.2f}[/bold]  {escape(hit.citation)}")
        console.print(f"      {escape(hit.text)}\n", highlight=False)


@knowledge.command()
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def remove(place: Place, names: tuple[str, ...]) -> None:
    """Forget the sources of these NAMES."""
    base = _told(place.open)
    for name in names:
        _told(partial(base.remove, name))
        console.print(f"Removed {escape(name)}.")


def _told(work: Callable[[], T]) -> T:
    """The result; an error is told and ends the command."""
    try:
        return work()
    except KnowledgeError as error:
        problems.print(f"[red]{escape(str(error))}[/red]")
        raise SystemExit(1) from None
