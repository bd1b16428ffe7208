"""`switchtalk flow`: check flows, draw them, try them in a typed chat, print the schema of their files.

Responsible for options, forms of output and exit codes; what a flow is is the dialogue's business.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape

from controller.configure import SettingsError, load, parse_override

if TYPE_CHECKING:  # `switchtalk --help` needn't wait for the models of flows
    from controller.dialogue.flow.loader import Loaded, Problem
    from controller.settings import Settings

console = Console(highlight=False, soft_wrap=True)


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="TOML file.")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="A setting.")
@click.pass_context
def flow(context: click.Context, config: Path | None, overrides: tuple[str, ...]) -> None:
    """Check, draw and try scripted conversations.

    A flow is named as bots name it (appointment), or by its file (my/flow.yaml).
    """
    try:
        context.obj = load(config, dict(map(parse_override, overrides)))
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


@flow.command()
@click.argument("names", nargs=-1, metavar="[FILES OR NAMES]...")
@click.option("--json", "as_json", is_flag=True, help="Problems as JSON, for programs.")
@click.pass_obj
def check(settings: Settings, names: tuple[str, ...], as_json: bool) -> None:
    """Check flows (all of them when none is named); exit code 1 when something is wrong."""
    from controller.dialogue.flow.loader import FlowError, load_version
    from controller.dialogue.registry import flow_names

    good: list[Loaded] = []
    bad: list[Problem] = []
    for name in names or flow_names(settings.flows_dir):
        try:
            good.append(load_version(_path(settings, name), _schemas(settings, name), _agents(settings)))
        except FlowError as error:
            bad += error.problems
    if as_json:
        click.echo(_as_json(good, bad))
    else:
        _tell(good, bad)
    raise SystemExit(1 if bad else 0)


def _tell(good: Iterable[Loaded], bad: Sequence[Problem]) -> None:
    for loaded in good:
        nodes, slots = len(loaded.flow.nodes), len(loaded.flow.slots)
        what = f"{nodes} nodes, {slots} slots, {', '.join(loaded.flow.languages)}"
        console.print(f"[green]ok[/green]  {escape(str(loaded.path))}: {what}; version {loaded.version}")
    for problem in bad:
        console.print(f"[red]!![/red]  {escape(str(problem))}")
    if bad:
        console.print(f"{len(bad)} problem(s).")


def _as_json(good: Iterable[Loaded], bad: Iterable[Problem]) -> str:
    flows = [{"flow": each.flow.flow, "file": str(each.path), "version": each.version} for each in good]
    found = [
        {"file": p.file, "line": p.line, "column": p.column, "where": p.where, "message": p.message}
        for p in bad
    ]
    return json.dumps({"flows": flows, "problems": found}, ensure_ascii=False, indent=2)


@flow.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: standard output.")
@click.option("--language", help="Of the texts in it; default: the flow's first.")
@click.pass_obj
def graph(settings: Settings, name: str, output: Path | None, language: str | None) -> None:
    """Draw the flow NAME as SVG."""
    from controller.dialogue.flow.graph import draw

    loaded = _loaded(settings, name)
    svg = draw(loaded.flow, _language(loaded, language))
    if output is None:
        click.echo(svg)
        return
    try:
        output.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output} can't be written: {error}") from error
    console.print(f"Drawn: {escape(str(output))}")


@flow.command()
def schema() -> None:
    """Print the JSON Schema of flow files, for editors."""
    from controller.dialogue.flow.schema import render

    click.echo(render(), nl=False)


@flow.command("try")
@click.argument("name")
@click.option("--language", help="Default: the flow's first.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Came with the call.")
@click.option("--timezone", default="UTC", show_default=True, help="The caller's time zone.")
@click.option("--fails", "failing", multiple=True, metavar="TOOL", help="Let this tool fail.")
@click.option("--real-tools", is_flag=True, help="Run the tools for real, as the settings say.")
@click.pass_obj
def try_flow(
    settings: Settings,
    name: str,
    language: str | None,
    variables: tuple[str, ...],
    timezone: str,
    failing: tuple[str, ...],
    real_tools: bool,
) -> None:
    """Talk to the flow NAME by typing.

    Type what the caller would say; `#5` presses keys; an empty line is silence. Works with a pipe too.
    """
    from controller.dialogue.registry import FlowSource, UnknownStrategy
    from controller.flow_chat import Chat, tools_of

    pairs = [variable.partition("=") for variable in variables]
    if any(not equals or not key for key, equals, _ in pairs):
        raise click.BadParameter("expected NAME=VALUE", param_hint="--var")
    loaded = _loaded(settings, name)
    source = FlowSource(loaded.path, _language(loaded, language), timezone)
    try:
        _, strategy = source.load()
    except (UnknownStrategy, LookupError) as error:
        raise click.ClickException(str(error.args[0])) from error
    with tools_of(settings, source.language, frozenset(failing), real=real_tools) as run:
        chat = Chat(console, strategy, {key: value for key, _, value in pairs}, run)
        chat.talk(sys.stdin)


def _schemas(settings: Settings, name: str) -> dict[str, Mapping[str, Any]]:
    """The tools that bots with this flow may use; all there are when no bot has it."""
    from controller.toolbox import Toolbox

    users = [bot for bot in settings.bots.values() if bot.strategy == "flow" and bot.flow == name]
    granted = set.intersection(*(set(bot.tools) for bot in users)) if users else None
    toolbox = Toolbox(settings, tools=settings.tools)
    try:
        return toolbox.schemas(toolbox.names if granted is None else granted)
    finally:
        toolbox.stop()


def _agents(settings: Settings) -> list[str]:
    """Bots that `agent` nodes may hand over to."""
    return [name for name, bot in settings.bots.items() if bot.strategy == "agent"]


def _path(settings: Settings, name: str) -> Path:
    from controller.dialogue.registry import UnknownStrategy, find_flow

    if name.endswith((".yaml", ".yml")):
        return Path(name)
    try:
        return find_flow(name, settings.flows_dir)
    except UnknownStrategy as error:
        raise click.ClickException(str(error)) from error


def _loaded(settings: Settings, name: str) -> Loaded:
    from controller.dialogue.flow.loader import FlowError, load_version

    try:
        return load_version(_path(settings, name))
    except FlowError as error:
        _tell([], error.problems)
        raise SystemExit(1) from None


def _language(loaded: Loaded, wanted: str | None) -> str:
    languages = loaded.flow.languages
    if wanted is not None and wanted not in languages:
        raise click.ClickException(f"no language {wanted!r}; the flow has: {', '.join(languages)}")
    return wanted or languages[0]
