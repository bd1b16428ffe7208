"""`switchtalk samples`: what the sample help desk needs besides a language model."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from controller import samples
from controller.configure import SettingsError, load, parse_override
from controller.dialogue.knowledge.errors import KnowledgeError

console = Console()
problems = Console(stderr=True)


@click.command("samples")
@click.option("--config", type=click.Path(path_type=Path), help="TOML file.")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="A setting.")
def make_samples(config: Path | None, overrides: tuple[str, ...]) -> None:
    """Make the data of the sample bots support_en and support_zh: orders, warranties, manuals."""
    from controller.dialogue.knowledge.base import KnowledgeBase

    try:
        settings = load(config, dict(map(parse_override, overrides)))
        place = settings.var_dir / "knowledge"
        path = samples.make_database(settings.var_dir)
        console.print(f"Made {escape(str(path))}.")
        base = KnowledgeBase(place, settings.knowledge.embedder(place))
        samples.add_documents(base, lambda told: console.print(f"Added {escape(told)}."))
    except (SettingsError, OSError, sqlite3.Error, KnowledgeError) as error:
        problems.print(f"[red]{escape(str(error))}[/red]")
        raise SystemExit(1) from None
    console.print(
        "Now name your language model in dialplans/samples/support.toml and start with it:\n"
        "  switchtalk run --config dialplans/samples/support.toml",
        highlight=False,
    )


if __name__ == "__main__":
    make_samples()
