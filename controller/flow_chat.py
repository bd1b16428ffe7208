"""A typed chat with a flow in the terminal, and the tools that such a chat may use.

Responsible for what is shown; the conversation itself is a `Rehearsal`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TextIO

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from controller.dialogue.flow.memory import Memory
from controller.dialogue.flow.rehearsal import Happening, Rehearsal, RunTool, Said, pretend
from controller.observe.redaction import one_line
from controller.session.ports import Strategy, ToolOutcome
from controller.settings import BotSettings, Settings

HELP = "Type what the caller says; #5 presses keys; an empty line is silence; Ctrl-D leaves."


class Chat:
    """`strategy` against a person, or lines of a pipe."""

    def __init__(
        self, console: Console, strategy: Strategy, variables: Mapping[str, str], run: RunTool
    ) -> None:
        self._console = console
        self._rehearsal = Rehearsal(strategy, variables, run)
        self._known: dict[str, tuple[str, ...]] = {}

    def talk(self, lines: TextIO) -> None:
        """Until the flow hangs up or the lines end; a summary follows."""
        typed = lines.isatty()
        self._console.print(f"[dim]{HELP}[/dim]")
        self._show(self._rehearsal.begins())
        while self._rehearsal.ended is None:
            self._console.print("[cyan]caller:[/cyan] ", end="")
            line = lines.readline()
            if not line:
                self._console.print()
                break
            words = line.strip()
            if not typed:
                self._console.print(escape(one_line(words)) or "[dim](silence)[/dim]")
            self._show(self._heard(words))
        self._sum_up()

    def _heard(self, words: str) -> list[Happening]:
        if not words:
            return self._rehearsal.is_silent()
        keys = words.removeprefix("#")
        if words.startswith("#") and keys and set(keys) <= set("0123456789*#ABCD"):
            return self._rehearsal.presses(keys.rstrip("#") or keys)
        return self._rehearsal.says(words)

    def _show(self, happened: list[Happening]) -> None:
        for what in happened:
            if isinstance(what, Said):
                self._console.print(f"[green]bot:[/green] {escape(one_line(what.text))}")
            else:
                self._console.print(f"  [magenta]tool[/magenta] {escape(_call(what))}")
        memory = self._rehearsal.memory
        if isinstance(memory, Memory):
            for name, row in _slots(memory).items():
                if self._known.get(name) != row:
                    value = f"{escape(name)} = {escape(' · '.join(row))}"
                    self._console.print(f"  [yellow]slot[/yellow] {value}")
            self._known = _slots(memory)
            self._console.print(f"  [dim]at node {escape(memory.node)}[/dim]")

    def _sum_up(self) -> None:
        ended = self._rehearsal.ended
        how = f"the flow hung up: {escape(one_line(ended))}" if ended is not None else "left open"
        self._console.print(f"\n[bold]{self._rehearsal.turns} turn(s), {how}[/bold]")
        if self._known:
            table = Table(box=None, pad_edge=False)
            for column in ("slot", "value", "spoken", "certainty"):
                table.add_column(column, overflow="fold")
            for name, row in self._known.items():
                table.add_row(escape(name), *map(escape, row))
            self._console.print(table)


def _slots(memory: Memory) -> dict[str, tuple[str, ...]]:
    """By slot: value for machines, as it is spoken, how sure."""
    return {
        name: (match.raw or str(match.value), match.spoken, str(match.certainty))
        for name, match in memory.slots.items()
    }


def _call(outcome: ToolOutcome) -> str:
    arguments = ", ".join(f"{key}={value!r}" for key, value in outcome.call.arguments.items())
    result = "ok" if outcome.ok else f"failed: {outcome.code}"
    return one_line(f"{outcome.call.name}({arguments}) → {result}")


@contextmanager
def tools_of(
    settings: Settings, language: str, failing: frozenset[str], *, real: bool
) -> Iterator[RunTool]:
    """What runs the tools of a chat: a pretence, or with `real` the settings' own tools, all of them."""
    if not real:
        yield partial(pretend, failing=failing)
        return
    from controller.session.profile import Profile
    from controller.storage.engine import StorageError
    from controller.storage.migrations import migrate
    from controller.toolbox import Toolbox

    try:
        migrate(settings.database_url)
        toolbox = Toolbox(settings, tools=settings.tools)
    except (StorageError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    toolbox.start()
    try:
        bot = BotSettings(tools=toolbox.names)
        runner = toolbox.runner("try", Profile(name="try", language=language), bot)
        yield lambda call: pretend(call, failing) if call.name in failing else runner.run(call)
    finally:
        toolbox.stop()
