"""The `switchtalk` command."""

from __future__ import annotations

# gevent first: everything that is imported later must see the patched standard library.
from gevent import monkey

monkey.patch_all()

# ruff: noqa: E402
import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")

import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import gevent
from gevent.event import Event
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller.campaign_command import campaign
from controller.configure import SettingsError, document, load, parse_override
from controller.do_not_call_command import dnc
from controller.flow_command import flow
from controller.knowledge_command import knowledge
from controller.observe.redaction import is_secret_name
from controller.outbox_command import outbox
from controller.samples_command import make_samples
from controller.settings import Settings
from controller.user_command import user

if TYPE_CHECKING:
    from controller.app import Controller
    from controller.doctor import Finding

SWITCH_INTERVAL_S = 0.0005
"""Engine threads hand the interpreter back to the hub this soon; Python's default is 5 ms."""

console = Console()
problems = Console(stderr=True)
F = TypeVar("F", bound=Callable[..., Any])


def _settings_options(command: F) -> F:
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="NAME=VALUE",
        help="A setting, such as http.port=9000.",
    )(command)
    return click.option(
        "--config", type=click.Path(path_type=Path), help="TOML file; default: $SWITCHTALK_CONFIG."
    )(command)


def _load(config: Path | None, overrides: tuple[str, ...], **shortcuts: Any) -> Settings:
    try:
        values: dict[str, Any] = dict(map(parse_override, overrides))
        values |= {name.replace("__", "."): v for name, v in shortcuts.items() if v is not None}
        return load(config, values)
    except SettingsError as error:
        problems.print(f"[red]Wrong setting[/red]\n{escape(str(error))}")
        raise SystemExit(2) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="switchtalk", prog_name="switchtalk")
def main() -> None:
    """Voice agents that hold natural conversations, in the browser and over FreeSWITCH."""


@main.command()
@_settings_options
@click.option("--host", help="Address to listen on (http.host).")
@click.option("--port", type=int, help="Port to listen on (http.port).")
def run(config: Path | None, overrides: tuple[str, ...], host: str | None, port: int | None) -> None:
    """Start the server and print the address of its page."""
    settings = _load(config, overrides, http__host=host, http__port=port)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, _asked_to_stop, stop)
    try:
        controller = _start(settings)
        server = controller.listen()
    except Exception as error:  # noqa: BLE001 - whatever is missing, a person must be told what to do
        _give_up("SwitchTalk can't start", error)
    try:
        with problems.status("Loading speech engines…") as status:
            controller.warm_up(lambda name: status.update(f"Loaded {escape(name)}…"))
    except Exception as error:  # noqa: BLE001
        controller.stop(drain_s=0)
        _give_up("The speech engines can't be loaded", error)
    try:
        controller.take_calls()
    except (OSError, ValueError) as error:
        controller.stop(drain_s=0)
        _give_up("SwitchTalk can't listen for calls, or for the console", error)
    gc.collect()
    gc.freeze()  # what is loaded stays: the collector need not walk it while people talk
    shown = _reachable(settings.http.host)
    console.print(f"SwitchTalk is ready: [bold]http://{shown}:{server.port}/[/bold]  (Ctrl-C stops it)")
    for line in controller.access.first_words(f"http://{shown}:{server.port}"):
        console.print(escape(line), soft_wrap=True)
    stop.wait()
    if len(controller.registry):
        problems.print(
            f"Waiting up to {settings.drain_s:g} s for {len(controller.registry)} session(s)…"
        )
    controller.stop()


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host


def _start(settings: Settings) -> Controller:
    """Engines load in native threads while the rest of the product is imported."""
    from controller.bots import Bots
    from media.pool import EnginePool

    pool = EnginePool(settings.engines.workers, settings.engines.max_waiting)
    bots = Bots(settings, pool)
    bots.start_warming()
    from controller.app import Controller, set_up_logging

    set_up_logging(settings.log)
    return Controller(settings, pool, bots)


def _asked_to_stop(stop: Event) -> None:
    if stop.is_set():
        os._exit(1)  # asked twice: at once
    stop.set()


def _give_up(what: str, error: Exception) -> None:
    problems.print(f"[red]{what}[/red]: {escape(str(error) or type(error).__name__)}")
    problems.print("`switchtalk doctor` checks the whole installation and says how to mend it.")
    raise SystemExit(1) from error


@main.command()
@_settings_options
def doctor(config: Path | None, overrides: tuple[str, ...]) -> None:
    """Check the installation and say how to mend what is wrong."""
    settings = _load(config, overrides)
    from controller.doctor import examine

    raise SystemExit(_report(examine(settings)))


def _report(findings: Iterable[Finding]) -> int:
    """Print findings as a table; the exit code: 1 when something is bad."""
    from controller.doctor import Verdict

    table = Table(box=None, pad_edge=False)
    for column in ("", "what", "finding", "what to do"):
        table.add_column(column, overflow="fold")
    signs = {
        Verdict.GOOD: "[green]ok[/green]",
        Verdict.NOTE: "[yellow]--[/yellow]",
        Verdict.BAD: "[red]!![/red]",
    }
    bad = 0
    with problems.status("Checking…") as status:
        for finding in findings:
            status.update(f"Checked {escape(finding.what)}…")
            bad += finding.verdict is Verdict.BAD
            table.add_row(
                signs[finding.verdict], finding.what, escape(finding.says), escape(finding.remedy)
            )
    console.print(table)
    console.print("All is well." if not bad else f"{bad} problem(s).")
    return 1 if bad else 0


@main.command("settings")
@_settings_options
def show_settings(config: Path | None, overrides: tuple[str, ...]) -> None:
    """Print every setting with its value and what it means."""
    settings = _load(config, overrides)
    table = Table(box=None, pad_edge=False)
    for column in ("setting", "value", "meaning"):
        table.add_column(column, overflow="fold")
    for name, value, default, meaning in document(settings):
        secret = isinstance(value, str) and value and is_secret_name(name)
        shown = "***" if secret else escape(str(value))
        table.add_row(name, shown if value == default else f"[bold]{shown}[/bold]", escape(meaning))
    console.print(table)


@main.command("freeswitch-check")
@_settings_options
def freeswitch_check(config: Path | None, overrides: tuple[str, ...]) -> None:
    """Compare the configured FreeSWITCH with what is needed."""
    settings = _load(config, overrides)
    from controller.freeswitch_check import examine_freeswitch

    raise SystemExit(_report(examine_freeswitch(settings)))


@main.command()
@_settings_options
@click.argument("number")
@click.option("--bot", help="Who talks; default: the default bot.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="For the conversation.")
@click.option("--gateway", default="", help="FreeSWITCH gateway; default: freeswitch.outbound.gateway.")
@click.option("--caller-id", default="", help="Number shown; default: freeswitch.outbound.caller_id.")
@click.option("--ring", "ring_s", type=click.IntRange(5, 120), help="Seconds that it may ring.")
@click.option("--server", help="Address of the running server; default: http.host and http.port.")
@click.option("--key-file", type=click.Path(path_type=Path), help="Holds an API key for --server.")
@click.option("--no-wait", is_flag=True, help="Return once it is being dialled.")
def call(
    config: Path | None,
    overrides: tuple[str, ...],
    number: str,
    bot: str | None,
    variables: tuple[str, ...],
    gateway: str,
    caller_id: str,
    ring_s: int | None,
    server: str | None,
    key_file: Path | None,
    no_wait: bool,
) -> None:
    """Have a running server call NUMBER, and show the conversation."""
    settings = _load(config, overrides)
    from controller.access_wiring import key_headers
    from controller.call_command import Server, ServerSaysNo, make_call

    pairs = [variable.partition("=") for variable in variables]
    if any(not equals or not name for name, equals, _ in pairs):
        raise click.BadParameter("expected NAME=VALUE", param_hint="--var")
    order: dict[str, Any] = {"number": number, "gateway": gateway, "caller_id": caller_id}
    order["variables"] = {name: value for name, _, value in pairs}
    order |= {name: value for name, value in (("bot", bot), ("ring_s", ring_s)) if value}
    url = server or f"http://{_reachable(settings.http.host)}:{settings.http.port}"
    try:
        keys = key_headers(settings, server, key_file)
        code = make_call(console, Server(url, keys), order, wait=not no_wait)
    except (ServerSaysNo, OSError) as error:
        problems.print(f"[red]No call[/red]: {escape(str(error))}")
        code = 1
    raise SystemExit(code)


@main.group()
def models() -> None:
    """Larger speech models: list them, pull them."""


@models.command("list")
@_settings_options
def list_models(config: Path | None, overrides: tuple[str, ...]) -> None:
    """Models that can be pulled, and which are installed."""
    settings = _load(config, overrides)
    from controller.models_command import show_models

    show_models(console, settings.engines.models_dir)


@models.command("pull")
@_settings_options
@click.argument("name")
@click.option("--sha256", help="Expected SHA-256, for a model that the catalogue has none for.")
@click.option("--unverified", is_flag=True, help="Accept a model that can't be verified.")
def pull_model(
    config: Path | None, overrides: tuple[str, ...], name: str, sha256: str | None, unverified: bool
) -> None:
    """Download, verify and install a model; an interrupted download is resumed."""
    settings = _load(config, overrides)
    from controller.models_command import pull_with_progress

    raise SystemExit(
        pull_with_progress(console, problems, name, settings.engines.models_dir, sha256, unverified)
    )


for _command in (campaign, dnc, flow, knowledge, outbox, user, make_samples):
    main.add_command(_command)


if __name__ == "__main__":
    main(prog_name="switchtalk")
