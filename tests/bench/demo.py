"""`python -m tests.bench.demo`: one whole spoken conversation, shown live, saved as a stereo WAV.

With `--call` it is a phone call: through a simulated FreeSWITCH, with everything else real.

Responsible for showing that the bot understood: exit code 0 only when the call came to its own end
and what the caller said is in the bot's words. It must never help the bot along.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tests.bench.demo_scripts import LANGUAGES, Script, script_for
from tests.bench.exchanges import NoExchange, SimulatedExchange
from tests.bench.help_desk import BOTS as HELP_DESK
from tests.bench.help_desk import help_desk
from tests.simulator.bus import CallRecord
from tests.simulator.caller import Caller, CallFailed, WebCaller
from tests.simulator.line import Message, Refused
from tests.simulator.phone_caller import PhoneCaller
from tests.simulator.server_process import REPO_ROOT, SERVER, ServerFailed, ServerProcess
from tests.simulator.turns import Outcome
from tests.simulator.wire import HandshakeRefused

RECORDING = REPO_ROOT / "var" / "demo.wav"
SERVER_LOG = REPO_ROOT / "var" / "demo-server.log"
HELP_DESK_DIR = REPO_ROOT / "var" / "demo-help-desk"
LAST_WORDS_LIMIT_S = 5.0
"""A session's end is told by then."""


class Transcript:
    """The call on the terminal: finished lines scroll, the sentence being said is live below."""

    def __init__(self, console: Console, live: Live) -> None:
        self._console, self._live = console, live
        self._sources: tuple[str, ...] = ()

    def show(self, message: Message) -> None:
        """One message of the server, as it comes."""
        body, at = message.body, f"{message.at_ms / 1000:6.1f} s  "
        match message.type:
            case "partial":
                self._live.update(Text(f"{at}caller  {body.get('text', '')} …", style="cyan dim"))
            case "final":
                self._line(Text(f"{at}caller  {body.get('text', '')}", style="cyan"))
            case "reply":
                self._line(Text(f"{at}bot     {body.get('text', '')}", style="yellow"))
                self._cited(body.get("citations", ()))
            case "clear":
                self._line(Text(f"{at}        (interrupted)", style="magenta"))
            case "tool":
                ok = "done" if body.get("ok") else "failed"
                self._line(Text(f"{at}tool    {body.get('name')} {ok}", style="green"))
            case "metrics":
                self._line(Text(f"{at}        {_stages(body)}", style="dim"))
            case "error":
                self._line(Text(f"{at}error   {body.get('code')}: {body.get('message')}", "red"))
            case "end":
                self._line(Text(f"{at}end     {body.get('reason')}", style="bold"))

    def _cited(self, sources: Sequence[str]) -> None:
        if sources and tuple(sources) != self._sources:
            self._sources = tuple(sources)
            self._line(Text(f"{'':10}from    {sources[0]}", style="dim"))

    def _line(self, text: Text) -> None:
        self._live.update(Text())
        self._console.print(text)


@click.command()
@click.option("--lang", type=click.Choice(list(LANGUAGES)), default="en", envvar="DEMO_LANG")
@click.option(
    "--bot",
    envvar="BOT",
    help="Another bot than the language's own; those of the product bring their language.",
)
@click.option("--call", is_flag=True, help="By phone.")
@click.option("--server", default=shlex.join(SERVER), help="Server command; gets --port.")
def main(lang: str, bot: str | None, call: bool, server: str) -> None:
    """A simulated caller has a conversation with a server that is started for it."""
    console = Console()
    script = script_for(bot, lang)
    command = tuple(shlex.split(server))
    talk = _talk_by_phone if call else _talk_on_the_web
    try:
        with help_desk(HELP_DESK_DIR) if script.bot in HELP_DESK else nullcontext({}) as settings:
            ended = talk(command, settings, script, console)
    except (ServerFailed, NoExchange, Refused, HandshakeRefused) as exc:
        console.print(str(exc), markup=False, style="red")
        sys.exit(1)
    wrong = [*ended.trouble, *_misunderstandings(ended, script)]
    _summary(console, ended.caller, wrong)
    sys.exit(1 if wrong else 0)


@dataclass(frozen=True, slots=True)
class Ended:
    """A conversation that is over, and what the server said of it."""

    caller: Caller[Any]
    trouble: list[str]
    reason: str | None
    tools: Sequence[dict[str, Any]]


def _talk_on_the_web(
    command: tuple[str, ...], settings: Mapping[str, str], script: Script, console: Console
) -> Ended:
    with _server(command, settings, console) as server, _shown_live(console) as transcript:
        caller = WebCaller(
            server.ws_url,
            bot=script.bot,
            voice=script.voice,
            variables=script.variables,
            record=True,
            on_message=transcript.show,
        )
        trouble = _converse(caller, script)
    tools = [message.body for message in caller.of_type("tool")]
    return Ended(caller, trouble, caller.end_reason, tools)


def _talk_by_phone(
    command: tuple[str, ...], settings: Mapping[str, str], script: Script, console: Console
) -> Ended:
    with (
        SimulatedExchange() as exchange,
        _server(command, {**settings, **exchange.settings}, console),
        _shown_live(console) as transcript,
    ):
        leg, record = exchange.call(script.bot, "1001")
        caller = PhoneCaller(
            leg, voice=script.voice, record=True, transcript=record, on_message=transcript.show
        )
        trouble = _converse(caller, script)
        _hear_last_words(caller, record)
    return Ended(caller, trouble, record.end_reason, record.tools)


def _hear_last_words(caller: PhoneCaller, record: CallRecord) -> None:
    record.ended.wait(LAST_WORDS_LIMIT_S)
    caller.line.look()


@contextmanager
def _server(
    command: tuple[str, ...], settings: Mapping[str, str], console: Console
) -> Iterator[ServerProcess]:
    process = ServerProcess(
        settings=settings, inherit_settings=True, command=command, log_path=SERVER_LOG
    )
    with console.status("loading the speech engines"):
        process.start()
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    process.stop()


@contextmanager
def _shown_live(console: Console) -> Iterator[Transcript]:
    with Live(console=console, refresh_per_second=10, transient=True) as live:
        yield Transcript(console, live)


def _converse(caller: Caller[Any], script: Script) -> list[str]:
    trouble = []
    try:
        with caller:
            if not script.talk(caller):
                trouble.append("the bot did not come to an end")
    except CallFailed as exc:
        trouble.append(str(exc).splitlines()[0])
    caller.save(RECORDING)
    return trouble


def _misunderstandings(ended: Ended, script: Script) -> list[str]:
    caller = ended.caller
    wrong = [
        f"the bot never said {pattern!r}"
        for pattern in script.expected
        if not re.search(pattern, caller.bot_text(), re.IGNORECASE)
    ]
    cited = [source for reply in caller.of_type("reply") for source in reply.body.get("citations", ())]
    if script.cited and isinstance(caller, WebCaller) and not any(script.cited in c for c in cited):
        wrong.append(f"{script.cited} was not cited")
    if script.end_reason and ended.reason != script.end_reason:
        wrong.append(f"the call ended with {ended.reason!r}, not {script.end_reason!r}")
    wrong += [
        f"tool {tool.get('name')} failed: {tool.get('result') or tool.get('code')}"
        for tool in ended.tools
        if not tool.get("ok")
    ]
    wrong += [
        f"{turn.said.text!r} was {turn.outcome}"
        for turn in caller.turns
        if turn.outcome is not Outcome.ANSWERED
    ]
    return wrong


def _summary(console: Console, caller: Caller[Any], wrong: list[str]) -> None:
    times = sorted(turn.response_ms for turn in caller.turns if turn.response_ms is not None)
    if times:
        console.print(
            f"\n{len(times)} answers; heard after {times[len(times) // 2]:.0f} ms (median), "
            f"{times[-1]:.0f} ms (slowest), from the last sound the caller made"
        )
    console.print(f"recording: {_shown(RECORDING)} (caller left, bot right)")
    for each in wrong:
        console.print(f"wrong: {each}", style="red", markup=False)
    if not wrong:
        console.print("the bot understood everything", style="green")


def _stages(body: dict[str, object]) -> str:
    names = ("asr_final_ms", "llm_first_token_ms", "tts_first_frame_ms", "response_ms")
    told = [(name.removesuffix("_ms").replace("_", " "), body.get(name)) for name in names]
    return ", ".join(f"{name} {ms:.0f} ms" for name, ms in told if isinstance(ms, int | float))


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main()
