"""Starts what a browser test needs: a server, Chromium with a WAV file as its microphone, a page."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

HERE = Path(__file__).parent
SPEECH = HERE.parents[0] / "data" / "speech"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
MICROPHONE_RATE = 48_000
READY_WITHIN_S = 60

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
ALLOW_MICROPHONE = "--use-fake-ui-for-media-stream"


def real_server_command(port: int) -> list[str]:
    """How the product is started: the one place to change."""
    return [sys.executable, "-m", "controller.cli", "run", "--port", str(port)]


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll /readyz; a server that ends or never gets ready fails with its own last words."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"the server did not get ready:\n{log.read_text()[-3000:]}")


def running(command: list[str], port: int, folder: Path) -> Iterator[Server]:
    """Run a server as a process of its own, with its files in `folder`, until the test is over."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, process, log)
            yield Server(url)
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The stand-in server: tones for answers."""
    port = free_port()
    command = [sys.executable, str(HERE / "stub_server.py"), "--port", str(port)]
    yield from running(command, port, tmp_path_factory.mktemp("stub"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real thing, with its embedded engines."""
    port = free_port()
    yield from running(real_server_command(port), port, tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Start Chromium: `microphone` is a 48 kHz WAV played once; `allowed=False` leaves the question
    for the microphone to the page's permissions."""
    browsers: list[Browser] = []

    def start(microphone: Path | None = None, allowed: bool = True) -> Browser:
        flags = [*CHROMIUM_FLAGS, *([ALLOW_MICROPHONE] if allowed else [])]
        if microphone:
            flags.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
        browsers.append(playwright.chromium.launch(executable_path=CHROMIUM, args=flags))
        return browsers[-1]

    yield start
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="session")
def shared_browser(playwright: Playwright, silence: Path) -> Iterator[Browser]:
    """One Chromium with a silent microphone, for the tests that need nothing special of it."""
    flags = [*CHROMIUM_FLAGS, ALLOW_MICROPHONE, f"--use-file-for-fake-audio-capture={silence}"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
    yield browser
    browser.close()


@pytest.fixture
def open_page(shared_browser: Browser, stub: Server) -> Iterator[Callable[..., Page]]:
    """A fresh page on the stub that fails the test on any script error or blocked resource."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def opened(browser: Browser | None = None, path: str = "/", **options: Any) -> Page:
        options = {"locale": "en-GB", **options}
        contexts.append((browser or shared_browser).new_context(**options))
        page = contexts[-1].new_page()
        watch(page, problems)
        page.goto(f"{stub.url}{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def watch(page: Page, problems: list[str]) -> None:
    """Collect script errors and violations of the content security policy."""
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: (
            problems.append(message.text)
            if message.type == "error" and "WebSocket connection" not in message.text
            else None
        ),
    )


@pytest.fixture(scope="session")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of the faintest noise: a quiet room, not a dead microphone."""
    noise = np.random.default_rng(7).normal(0, 12, MICROPHONE_RATE * 10)
    return write_wav(tmp_path_factory.mktemp("audio") / "silence.wav", noise)


@pytest.fixture
def speech_wav(tmp_path: Path) -> Callable[..., Path]:
    """A microphone's recording: `clips` maps a time in seconds to a clip of the test speech."""

    def made(clips: dict[float, str], seconds: float) -> Path:
        samples = np.random.default_rng(7).normal(0, 12, int(seconds * MICROPHONE_RATE))
        for at, name in clips.items():
            voice = read_wav(SPEECH / name)
            begin = int(at * MICROPHONE_RATE)
            samples[begin : begin + len(voice)] += voice[: len(samples) - begin]
        return write_wav(tmp_path / "microphone.wav", samples)

    return made


def read_wav(path: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Samples of a PCM16 mono file at the microphone's rate."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
        return np.asarray(soxr.resample(samples, file.getframerate(), MICROPHONE_RATE))


def write_wav(path: Path, samples: np.ndarray[Any, np.dtype[np.float64]]) -> Path:
    """PCM16 mono at the microphone's rate."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_RATE)
        file.writeframes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())
    return path
