"""`python -m tests.bench.browser`: response and barge-in as a browser hears them, through FreeSWITCH.

    microphone   ▇ A ▇_________▇ B ▇_______________▇ A ▇____…      a WAV file: every word's time is known
    heard        ______▇ reply ▇▇_____▇ reply ▇▇▇▇▇______…         the track that WebRTC delivers
                      ^ response ^ barge-in ^ response

A is said into silence, B while the bot speaks. Responsible for the recording, for one call of a headless
Chromium, and for telling the times from what was heard on the page's own clock. Wants FREESWITCH_HOME;
takes three and a half minutes. It must never help the bot along.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import yaml
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from tests.bench.exchanges import HOST, NoExchange
from tests.browser.conftest import (
    ALLOW_MICROPHONE,
    CHROMIUM,
    CHROMIUM_FLAGS,
    MICROPHONE_RATE,
    SPEECH,
    read_wav,
    write_wav,
)
from tests.freeswitch.house import House
from tests.freeswitch.switch import SECRETS, NotStarted, find_program, free_ports
from tests.simulator.server_process import ServerFailed

EAR = Path(__file__).parents[1] / "browser" / "ear.js"
INTO_SILENCE = ("free_06_slt", "free_08_slt", "name_00_slt", "free_07_slt", "date_00_slt")
INTO_SPEECH = ("bargein_03_slt", "free_08_awb", "free_06_awb")
"""None of them asks for anything that a bot does on its own, such as an end or a person."""
FIRST_S, BARGE_AFTER_S, CYCLE_S, LAST_S = 9.0, 3.0, 14.5, 9.0
"""The greeting takes some 5 s; B begins so long after A's end; a reply is over before the next A."""
CYCLES = 12
LOUD = 0.03
"""Peak of full scale: above the noise of the WAV (0.002), below any voice."""
PAUSE_MS = 300
ACOUSTIC = 0.01
"""-40 dB of a clip's peak: its first and last sound, as everywhere in these measurements."""
NEAR_MS = 100
"""Words of the recording and of the page's microphone are the same when they are that near."""
MIN_AGREEING = 4
CONNECT_MS = 20_000
WANTED = {"response": 20, "barge-in": 10}
PROMPT = (
    "thank you for telling me that now please tell me one more thing about your visit "
    "in your own words whenever you are ready to go on"
)
"""One breath: a pause within a reply would look like its end."""

console = Console()


@dataclass(frozen=True, slots=True)
class Word:
    """Something the caller says. Times are ms of the recording: `loud_ms` when it is first above LOUD,
    `end_ms` its acoustic end."""

    loud_ms: float
    end_ms: float
    into_silence: bool


Stretch = tuple[float, float]
"""Sound from, to: ms on the page's clock."""


def flow() -> str:
    """A bot that answers anything with the same breath, as YAML."""
    count = 2 * CYCLES + 4
    nodes: dict[str, object] = {
        f"ask{n}": {"kind": "ask", "slot": f"s{n}", "prompt": {"en": PROMPT}, "next": f"ask{n + 1}"}
        for n in range(count)
    }
    nodes[f"ask{count}"] = {"kind": "hangup", "say": {"en": "Goodbye."}, "reason": "completed"}
    slots = {f"s{n}": {"type": "free_text"} for n in range(count)}
    told = {"flow": "breaths", "languages": ["en"], "start": "ask0", "give_up": f"ask{count}"}
    return yaml.safe_dump({**told, "slots": slots, "nodes": nodes}, sort_keys=False)


def record(path: Path) -> list[Word]:
    """Write the microphone's WAV; what is said in it."""
    samples = np.random.default_rng(7).normal(0, 12, int((FIRST_S + CYCLES * CYCLE_S + LAST_S) * 48_000))
    words: list[Word] = []
    for cycle in range(CYCLES):
        at_s = FIRST_S + cycle * CYCLE_S
        for clips, into_silence in ((INTO_SILENCE, True), (INTO_SPEECH, False)):
            voice = read_wav(SPEECH / "en" / f"{clips[cycle % len(clips)]}.wav")
            words.append(_said(voice, at_s, into_silence))
            begin = int(at_s * MICROPHONE_RATE)
            samples[begin : begin + len(voice)] += voice
            at_s = words[-1].end_ms / 1000 + BARGE_AFTER_S
    write_wav(path, samples)
    return words


def _said(voice: np.ndarray, at_s: float, into_silence: bool) -> Word:  # type: ignore[type-arg]
    level = np.abs(voice)
    first = int(np.argmax(level > LOUD * 32_768))
    last = int(np.flatnonzero(level > ACOUSTIC * level.max())[-1])
    per_ms = MICROPHONE_RATE / 1000
    return Word(at_s * 1000 + first / per_ms, at_s * 1000 + last / per_ms, into_silence)


def offset(words: Sequence[Word], spoken: Sequence[Stretch]) -> float:
    """From the recording's clock to the page's, ms: what most words agree on. Raises NoExchange when
    the page's microphone had something else."""
    starts = np.array([start for start, _ in spoken])
    loud = np.array([word.loud_ms for word in words])
    shifts = np.sort((starts[:, None] - loud[None, :]).ravel())
    agreeing = [int(np.sum(np.abs(shifts - shift) < NEAR_MS)) for shift in shifts]
    if max(agreeing, default=0) < MIN_AGREEING:
        raise NoExchange(f"the page's microphone had something else: {list(spoken)[:8]}")
    best = shifts[int(np.argmax(agreeing))]
    return float(np.median(shifts[np.abs(shifts - best) < NEAR_MS]))


def times(
    words: Sequence[Word], spoken: Sequence[Stretch], heard: Sequence[Stretch]
) -> dict[str, list[float]]:
    """All responses and barge-ins, ms. A word that met what it was not meant for (speech instead of
    silence, or the other way) still counts as what it was; only what nothing answered is left out."""
    found: dict[str, list[float]] = {"response": [], "barge-in": []}
    shift = offset(words, spoken)
    for number, word in enumerate(words):
        begins, ends = word.loud_ms + shift, word.end_ms + shift
        until = words[number + 1].loud_ms + shift if number + 1 < len(words) else float("inf")
        cut = next((end for start, end in heard if start < begins < end), None)
        if cut is not None and cut < until:
            found["barge-in"].append(cut - begins)
        # a reply that began while the word was still going on would be no answer to it
        answer = next((start for start, _ in heard if ends < start < until), None)
        if answer is not None and (cut is None or cut < answer):
            found["response"].append(answer - ends)
    return found


@contextmanager
def house(home: Path) -> Iterator[House]:
    """FreeSWITCH and the server, with the bot at 7042. Raises NoExchange."""
    if find_program() is None:
        raise NoExchange("no FreeSWITCH: install it, or set FREESWITCH_HOME to where its bin/ is")
    (home / "breaths.yaml").write_text(flow(), encoding="utf-8")
    config = home / "switchtalk.toml"
    config.write_text(f'[bots.breaths]\nflow = "{home / "breaths.yaml"}"\nnumber = 42\n')
    (port,) = free_ports(1)
    settings = {
        "SWITCHTALK_CONFIG": str(config),
        "SWITCHTALK_VERTO__URL": f"ws://{HOST}:{port}",
        "SWITCHTALK_VERTO__PASSWORD": SECRETS["VERTO_PASSWORD"],
    }
    made = House(home, settings=settings)
    made.switch.ports["VERTO_PORT"] = port
    try:
        made.start()
        yield made
    except NotStarted as error:
        raise NoExchange(str(error)) from error
    finally:
        made.stop()


def call(browser: Browser, url: str, seconds: float) -> tuple[list[Stretch], list[Stretch]]:
    """Call the bot and let the recording speak: what was said, what was heard."""
    page = browser.new_page(locale="en-GB")
    page.add_init_script(path=EAR)
    page.goto(url)
    page.check("#way input[value=switch]")
    page.wait_for_function("() => softphone.stats.freeswitch === 'up'", timeout=CONNECT_MS)
    page.select_option("#bot", "breaths")
    page.click("#call")
    page.wait_for_function("() => softphone.stats.connection === 'connected'", timeout=CONNECT_MS)
    with console.status("") as status:
        for gone in range(int(seconds)):
            status.update(f"in the call, {gone} of {seconds:.0f} s")
            page.wait_for_timeout(1000)
            if page.evaluate("['ended', 'error'].includes(softphone.state)"):
                console.print(f"[red]the call ended after {gone} s[/]")
                break
    return _stretches(page, "mic"), _stretches(page, "far")


def _stretches(page: Page, side: str) -> list[Stretch]:
    found = page.evaluate(f"ear.stretches('{side}', {LOUD}, {PAUSE_MS})")
    return [(float(start), float(end)) for start, end in found]


def table(found: dict[str, list[float]]) -> Table:
    """n, median, p95 and the slowest of each."""
    made = Table(title="Through FreeSWITCH, at the browser's audio")
    for head in ("", "n", "median ms", "p95 ms", "slowest ms"):
        made.add_column(head, justify="right")
    for name, ms in found.items():
        numbers = [f"{np.percentile(ms, p):.0f}" for p in (50, 95, 100)] if ms else ["–"] * 3
        made.add_row(name, str(len(ms)), *numbers)
    return made


@click.command()
def main() -> None:
    """One call of a browser with a recorded caller; exit code 0 only when enough was measured."""
    with tempfile.TemporaryDirectory(prefix="switchtalk-browser-bench-") as directory:
        home = Path(directory)
        words = record(home / "microphone.wav")
        microphone = f"--use-file-for-fake-audio-capture={home / 'microphone.wav'}%noloop"
        with console.status("starting FreeSWITCH and the server"):
            place = house(home)
            at = place.__enter__()
        flags = [*CHROMIUM_FLAGS, ALLOW_MICROPHONE, microphone]
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
                spoken, heard = call(browser, at.server.url, words[-1].end_ms / 1000 + LAST_S)
                browser.close()
        finally:
            place.__exit__(None, None, None)
    found = times(words, spoken, heard)
    console.print(table(found))
    few = [name for name, wanted in WANTED.items() if len(found[name]) < wanted]
    for name in few:
        console.print(f"[red]{len(found[name])} times {name}; {WANTED[name]} were wanted[/]")
    sys.exit(int(bool(few)))


if __name__ == "__main__":
    try:
        main()
    except (NoExchange, ServerFailed) as error:
        console.print(str(error), markup=False, style="red")
        sys.exit(1)
