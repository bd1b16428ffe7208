"""The whole product with its real engines: a caller with a recorded voice at the real page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Server, watch
from .softphone import Softphone

pytestmark = [pytest.mark.browser, pytest.mark.engines]

INTERRUPTED_AT_S = 1.6
QUESTION_AT_S = 7.0
WITHIN_MS = 15_000  # a busy machine decodes slowly; the words are what counts here
PICTURES = "BROWSER_TEST_PICTURES"  # a folder that keeps the screenshots, for the documentation


@pytest.fixture
def caller(launch: Callable[..., Browser], speech_wav: Callable[..., Path]) -> Browser:
    """Interrupts the greeting, waits, then says what they want."""
    clips = {INTERRUPTED_AT_S: "en/bargein_03_slt.wav", QUESTION_AT_S: "en/free_00_slt.wav"}
    return launch(microphone=speech_wav(clips, seconds=30))


def test_caller_talks_interrupts_and_is_answered(
    caller: Browser, server: Server, tmp_path: Path
) -> None:
    problems: list[str] = []
    phone = Softphone(opened(caller, server, problems))
    phone.start()
    phone.until_heard()
    expect(phone.row("bot").first).to_be_visible()
    phone.until("softphone.stats.clears > 0", seconds=8)
    said = phone.row("caller").first
    expect(said).to_contain_text("sorry", ignore_case=True, timeout=WITHIN_MS)
    cut_off = phone.row("bot.interrupted").first
    expect(cut_off).to_contain_text("interrupted after", timeout=WITHIN_MS)
    expect(phone.row("caller", "appointment")).to_be_visible(timeout=WITHIN_MS)
    answer = phone.page.locator(".row.caller:has-text('appointment') ~ .row.bot")
    expect(answer.first).to_be_visible(timeout=WITHIN_MS)
    phone.until_heard(500)
    phone.until("softphone.stats.metrics > 0")
    folder = Path(os.environ.get(PICTURES, tmp_path))
    phone.page.screenshot(path=folder / "softphone.png")
    phone.hang_up()
    assert phone.stats["faults"] == []
    assert problems == []


def opened(browser: Browser, server: Server, problems: list[str]) -> Page:
    """The real page, large enough for the documentation."""
    page = browser.new_context(
        locale="en-GB", viewport={"width": 1280, "height": 800}, device_scale_factor=2
    ).new_page()
    watch(page, problems)
    page.goto(server.url)
    return page
