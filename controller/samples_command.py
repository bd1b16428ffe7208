"""`switchtalk samples`: what the sample help desk needs besides a language model."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from controller import samples
from controller.dialogue.knowledge.errors import KnowledgeError

console = Console()
problems = Console(stderr=True)


@click.command("samples")
@click.option(
    "--var-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var"),
    show_default=True,
    help="The setting var_dir.",
)
def make_samples(var_dir: Path) -> None:
    """Make the data of the sample bots support_en and support_zh: orders, warranties, manuals."""
    from controller.dialogue.knowledge.base import KnowledgeBase
    from controller.dialogue.knowledge.minilm import MiniLm

    place = var_dir / "knowledge"
    try:
        path = samples.make_database(var_dir)
        console.print(f"Made {escape(str(path))}.")
        base = KnowledgeBase(place, MiniLm(place / "models"))
        samples.add_documents(base, lambda told: console.print(f"Added {escape(told)}."))
    except (OSError, sqlite3.Error, KnowledgeError) as error:
        problems.print(f"[red]{escape(str(error))}[/red]")
        raise SystemExit(1) from None
    console.print(
        "Now name your language model in dialplans/samples/support.toml and start with it:\n"
        "  switchtalk run --config dialplans/samples/support.toml",
        highlight=False,
    )


if __name__ == "__main__":
    make_samples()
