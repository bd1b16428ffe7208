"""`python -m tests.bench`: how fast, how light and how dependable the server is at this commit.

Responsible for the command line and the order of things. What is measured is in `calls`, what it
means in `results`.
"""

from __future__ import annotations

import shlex
import sys
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench import commits
from tests.bench.calls import Call, NewCaller, Scenario, run_scenario, run_soak, web_callers
from tests.bench.exchanges import Exchange, NoExchange, RealExchange, SimulatedExchange
from tests.bench.results import Cost, Figures, Report, cost_of, merge, summarise
from tests.bench.tables import markdown, terminal_table
from tests.simulator.server_process import REPO_ROOT, SERVER, ServerFailed, ServerProcess

FULL = (
    Scenario("1 caller", callers=1, calls_each=4, turns=8),
    Scenario("10 callers", callers=10, calls_each=2, turns=8),
)
QUICK = (
    Scenario("1 caller", callers=1, calls_each=1, turns=3, interruptions=1),
    Scenario("3 callers", callers=3, calls_each=1, turns=3, interruptions=1),
)
EXCHANGES: dict[str, type[Exchange]] = {"simulated": SimulatedExchange, "real": RealExchange}
SOAK_SESSIONS, SOAK_AT_ONCE, SOAK_WARM_UP = 200, 10, 20
SOAK_TELLS = ("sessions", "sessions_failed", "cpu_s_per_session_minute", "rss_before_mb", "rss_after_mb")
"""Its callers say one thing and hang up without waiting, so answers can't be counted."""
SOAK_GROWTH_MB = 30.0
"""More than this over the soak is a leak: 150 KB a session."""

console = Console()


@dataclass(frozen=True, slots=True)
class Code:
    """What is measured: a checkout and its name."""

    name: str
    root: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with each piece of code."""

    scenarios: tuple[Scenario, ...]
    soak: bool
    server: tuple[str, ...]
    exchange: type[Exchange] | None
    """Which FreeSWITCH the callers' phones belong to; None: they are on the web."""
    results: Path


@click.command()
@click.option("--quick", is_flag=True, help="A minute, for CI: few callers, few turns.")
@click.option("--soak", is_flag=True, help=f"Also {SOAK_SESSIONS} short sessions; memory is flat.")
@click.option("--compare", metavar="REV", help="Measure this commit too, in turn with the checkout.")
@click.option("--rounds", default=1, show_default=True, help="Runs of each commit.")
@click.option("--floor", is_flag=True, help="Print machine and table as Markdown.")
@click.option("--phone", type=click.Choice(list(EXCHANGES)), help="Over the telephone, not the web.")
@click.option("--server", default=shlex.join(SERVER), help="Server command; gets --port.")
def main(
    quick: bool,
    soak: bool,
    compare: str | None,
    rounds: int,
    floor: bool,
    phone: str | None,
    server: str,
) -> None:
    """Simulated callers talk with a real server; the table is kept in var/bench."""
    exchange = EXCHANGES[phone] if phone else None
    results = commits.BENCH_DIR / f"phone-{phone}" if phone else commits.BENCH_DIR
    plan = Plan(QUICK if quick else FULL, soak, tuple(shlex.split(server)), exchange, results)
    here = Code(commits.commit_name(), REPO_ROOT)
    codes = [here]
    if compare:
        other = commits.checkout(compare)
        codes.insert(0, Code(commits.commit_name(other), other))
    done: dict[str, dict[str, list[Figures]]] = defaultdict(lambda: defaultdict(list))
    for number in range(rounds):
        for code in codes:
            console.rule(f"{code.name}, round {number + 1} of {rounds}")
            for name, figures in _measure(code, plan).items():
                done[code.name][name].append(figures)
    reports = [_report(code, done[code.name]) for code in codes]
    for report in reports:
        console.print(f"kept in {report.save(results).relative_to(REPO_ROOT)}")
    before = None if compare else commits.last_measured(here.name, results)
    console.print(terminal_table([*([Report.load(before)] if before else []), *reports]))
    if floor:
        click.echo(markdown(reports[-1]))
    sys.exit(_verdict(reports[-1]))


def _measure(code: Code, plan: Plan) -> dict[str, Figures]:
    figures: dict[str, Figures] = {}
    log = plan.results / f"{code.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with plan.exchange() if plan.exchange else nullcontext() as exchange:
        server = ServerProcess(
            root=code.root,
            settings=exchange.settings if exchange else None,
            inherit_settings=True,
            command=plan.server,
            log_path=log,
        )
        with console.status("starting the server"):
            server.start()
        try:
            callers = exchange.callers() if exchange else web_callers(server.ws_url)
            for scenario in plan.scenarios:
                figures[scenario.name] = _run(server, callers, scenario)
            if plan.soak:
                figures["soak"] = _soak(server, callers)
        except BaseException:
            server.kill()
            raise
        server.stop()
    return figures


def _run(server: ServerProcess, callers: NewCaller, scenario: Scenario) -> Figures:
    before = cost_of(server)
    with _progress() as progress:
        task = progress.add_task(scenario.name, total=scenario.callers * scenario.calls_each)
        calls = run_scenario(callers, scenario, lambda: progress.advance(task))
    return _told(calls, before, server)


def _soak(server: ServerProcess, callers: NewCaller) -> Figures:
    with _progress() as progress:
        task = progress.add_task("soak", total=SOAK_SESSIONS + SOAK_WARM_UP)
        run_soak(callers, SOAK_WARM_UP, SOAK_AT_ONCE, lambda: progress.advance(task))
        before = cost_of(server)
        calls = run_soak(callers, SOAK_SESSIONS, SOAK_AT_ONCE, lambda: progress.advance(task))
    figures = _told(calls, before, server)
    return {key: value if key in SOAK_TELLS else None for key, value in figures.items()}


def _told(calls: list[Call], before: Cost, server: ServerProcess) -> Figures:
    for call in calls:
        if call.failure:
            console.print(f"[red]{call.bot}, {call.voice}:[/] ", end="")
            console.print(call.failure, markup=False)
    return summarise(calls, before, cost_of(server))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} calls"))
    return Progress(*columns, TimeElapsedColumn(), console=console)


def _report(code: Code, scenarios: dict[str, list[Figures]]) -> Report:
    merged = {name: merge(rounds) for name, rounds in scenarios.items()}
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return Report(code.name, date, commits.machine(), merged)


def _verdict(report: Report) -> int:
    """1 when sessions failed or memory grew; slow is for a person to judge."""
    failed = sum(figures["sessions_failed"] or 0 for figures in report.scenarios.values())
    soak = report.scenarios.get("soak", {})
    growth_mb = (soak.get("rss_after_mb") or 0) - (soak.get("rss_before_mb") or 0)
    if failed:
        console.print(f"[red]{failed:.0f} sessions failed[/]")
    if growth_mb > SOAK_GROWTH_MB:
        console.print(f"[red]memory grew by {growth_mb:.0f} MB in the soak[/]")
    return int(bool(failed) or growth_mb > SOAK_GROWTH_MB)


if __name__ == "__main__":
    try:
        main()
    except (ServerFailed, NoExchange, commits.GitFailed) as exc:
        console.print(str(exc), markup=False, style="red")
        sys.exit(1)
