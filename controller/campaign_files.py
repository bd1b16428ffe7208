"""Lists in and results out: `switchtalk campaign preview`, `import` and `export`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from controller.campaign_options import told

if TYPE_CHECKING:  # the other commands start without SQLAlchemy
    from controller.dialer.desk import CampaignDesk, ImportChoice
    from controller.dialer.importing.importer import ImportResult
    from controller.dialer.importing.importer import Progress as ImportProgress

console = Console()
_SHOWN_REFUSALS = 10
Command = Callable[..., Any]
Advance = Callable[["ImportProgress"], None]


def file_options(command: Command) -> Command:
    """How a file is written."""
    for option in (
        click.option("--encoding", default="", help="utf-8, gb18030, …; default: found out."),
        click.option("--delimiter", default="", help="One character; default: found out."),
        click.option("--region", default="", help="Region (CN, US, …) of numbers without a country."),
        click.option("--time-zone", "zone", default="", help="For numbers that don't tell theirs."),
        click.option("--language", default="", help="For rows that don't say."),
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="THEIRS=OURS",
            help="A column's own name; THEIRS= leaves it out.",
        ),
    ):
        command = option(command)
    return command


def _choice(
    columns: tuple[str, ...], given: Mapping[str, str], *, skip_bad: bool = False
) -> ImportChoice:
    """`given`: the options of `file_options`."""
    from controller.dialer.desk import ImportChoice

    pairs = [column.partition("=") for column in columns]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("expected THEIRS=OURS", param_hint="--column")
    return ImportChoice(
        skip_bad=skip_bad,
        encoding=given["encoding"],
        delimiter=given["delimiter"],
        columns={theirs: ours for theirs, _, ours in pairs},
        zone=given["zone"],
        language=given["language"],
        region=given["region"],
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rows", type=click.IntRange(1, 1000), default=10, show_default=True)
@file_options
@click.pass_obj
def preview(
    desk: CampaignDesk, /, file: Path, rows: int, columns: tuple[str, ...], **given: str
) -> None:
    """How FILE would be read. Nothing is imported."""
    from controller.campaign_tables import preview_table

    with told():
        shown = desk.preview(file, _choice(columns, given), rows)
    console.print(preview_table(shown))


@click.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--skip-bad/--all-or-nothing", default=False, help="Whether good rows come in without bad ones."
)
@click.option("--report", type=click.Path(path_type=Path), help="CSV file for the refused rows.")
@file_options
@click.pass_obj
def import_contacts(
    desk: CampaignDesk,
    /,
    name: str,
    file: Path,
    skip_bad: bool,
    report: Path | None,
    columns: tuple[str, ...],
    **given: str,
) -> None:
    """Bring the contacts of FILE (CSV) into the campaign NAME. Exit code 3: rows were refused."""
    report = report or file.with_name(f"{file.stem}.refused.csv")
    choice = _choice(columns, given, skip_bad=skip_bad)
    with told(), _bar(file) as advance:
        result = _import(desk, name, file, choice, report, advance)
    for reason, count in sorted(result.reasons.items()):
        console.print(f"  {count:>8}  {reason.value}")
    for refusal in result.refusals[:_SHOWN_REFUSALS]:
        console.print(f"  line {refusal.line}: {escape(refusal.detail)}", highlight=False)
    if not result.refused:
        report.unlink(missing_ok=True)
    else:
        console.print(f"{result.refused} of {result.rows} rows refused; all of them are in {report}")
    if not result.committed:
        raise click.ClickException("nothing was imported; mend the rows, or say --skip-bad")
    console.print(f"[green]{result.accepted} contacts[/green] now wait.")
    raise SystemExit(3 if result.refused else 0)


def _import(
    desk: CampaignDesk,
    name: str,
    file: Path,
    choice: ImportChoice,
    report: Path,
    advance: Advance,
) -> ImportResult:
    from controller.dialer.importing.importer import Hooks

    with report.open("w", encoding="utf-8-sig", newline="") as refused:
        return desk.import_file(name, file, choice, Hooks(progress=advance, report=refused))


@contextmanager
def _bar(file: Path) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rows]} rows, {task.fields[bad]} refused"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(escape(file.name), total=max(1, file.stat().st_size), rows=0, bad=0)
        yield lambda at: bar.update(
            task, completed=at.bytes_read, rows=at.good + at.refused, bad=at.refused
        )


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def export(desk: CampaignDesk, name: str, file: Path) -> None:
    """Write all results to FILE: .csv, .json or .xlsx."""
    from controller.dialer.export import ExportFormat

    kind = file.suffix.lower().removeprefix(".")
    if kind not in set(ExportFormat):
        raise click.BadParameter("its name must end in .csv, .json or .xlsx", param_hint="FILE")
    with told():
        lines = desk.export(name, file, ExportFormat(kind))
    console.print(f"{lines} lines written to {file}.")
