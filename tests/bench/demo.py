"""`python -m tests.bench.demo`: one whole spoken conversation, shown live, saved as a stereo WAV.

Responsible for showing that the bot understood: exit code 0 only when the call came to its own end
and what the caller said is in the bot's words. It must never help the bot along.
"""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tests.simulator.caller import CallFailed, WebCaller
from tests.simulator.line import Message, Refused
from tests.simulator.persona import Persona, chinese, converse, english
from tests.simulator.server_process import REPO_ROOT, SERVER, ServerFailed, ServerProcess
from tests.simulator.turns import Outcome
from tests.simulator.wire import HandshakeRefused

RECORDING = REPO_ROOT / "var" / "demo.wav"
SERVER_LOG = REPO_ROOT / "var" / "demo-server.log"


@dataclass(frozen=True, slots=True)
class Script:
    """Who calls which bot, and what the bot must have said back by the end."""

    bot: str
    voice: str
    persona: Persona
    expected: tuple[str, ...]
    """Patterns; names are allowed their other spellings, which sound the same."""
    end_reason: str


SCRIPTS = {
    "en": Script("demo", "slt", english(), (r"\bSarah?\b", r"\bThursday\b"), "booked"),
    "zh": Script("appointment_zh", "baker", chinese(), (r"李[伟玮威维薇]", r"(星期|周)四"), "booked"),
}


class Transcript:
    """The call on the terminal: finished lines scroll, the sentence being said is live below."""

    def __init__(self, console: Console, live: Live) -> None:
        self._console, self._live = console, live

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

    def _line(self, text: Text) -> None:
        self._live.update(Text())
        self._console.print(text)


@click.command()
@click.option("--lang", type=click.Choice(list(SCRIPTS)), default="en", envvar="DEMO_LANG")
@click.option("--bot", envvar="BOT", help="Another bot than the language's own.")
@click.option("--server", default=shlex.join(SERVER), help="Server command; gets --port.")
def main(lang: str, bot: str | None, server: str) -> None:
    """A simulated caller has a conversation with a server that is started for it."""
    console = Console()
    script = SCRIPTS[lang]
    command = tuple(shlex.split(server))
    process = ServerProcess(inherit_settings=True, command=command, log_path=SERVER_LOG)
    try:
        with console.status("loading the speech engines"):
            process.start()
        try:
            caller, trouble = _talk(process.ws_url, bot or script.bot, script, console)
        except BaseException:
            process.kill()
            raise
        process.stop()
    except (ServerFailed, Refused, HandshakeRefused) as exc:
        console.print(str(exc), markup=False, style="red")
        sys.exit(1)
    wrong = [*trouble, *_misunderstandings(caller, script)]
    _summary(console, caller, wrong)
    sys.exit(1 if wrong else 0)


def _talk(url: str, bot: str, script: Script, console: Console) -> tuple[WebCaller, list[str]]:
    trouble = []
    with Live(console=console, refresh_per_second=10, transient=True) as live:
        transcript = Transcript(console, live)
        caller = WebCaller(url, bot=bot, voice=script.voice, record=True, on_message=transcript.show)
        try:
            with caller:
                if not converse(caller, script.persona):
                    trouble.append("the bot did not come to an end")
        except CallFailed as exc:
            trouble.append(str(exc).splitlines()[0])
    caller.save(RECORDING)
    return caller, trouble


def _misunderstandings(caller: WebCaller, script: Script) -> list[str]:
    wrong = [
        f"the bot never said {pattern!r}"
        for pattern in script.expected
        if not re.search(pattern, caller.bot_text(), re.IGNORECASE)
    ]
    if caller.end_reason != script.end_reason:
        wrong.append(f"the call ended with {caller.end_reason!r}, not {script.end_reason!r}")
    wrong += [
        f"tool {tool.body.get('name')} failed: {tool.body.get('result')}"
        for tool in caller.of_type("tool")
        if not tool.body.get("ok")
    ]
    wrong += [
        f"{turn.said.text!r} was {turn.outcome}"
        for turn in caller.turns
        if turn.outcome is not Outcome.ANSWERED
    ]
    return wrong


def _summary(console: Console, caller: WebCaller, wrong: list[str]) -> None:
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
