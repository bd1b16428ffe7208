"""The page's calls through FreeSWITCH: what is seen and signalled, over a simulated mod_verto."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .conftest import Server, free_port, running, watch
from .softphone import Softphone

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PICTURES = os.environ.get("BROWSER_TEST_PICTURES")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def gateway(doors: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    os.environ["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", "tests.browser.verto_server", "--port", str(port)]
    command += ["--doors", str(doors)]
    yield from running(command, port, tmp_path_factory.mktemp("verto"))


@pytest.fixture(scope="module")
def doors() -> int:
    """The port of FreeSWITCH's side."""
    return free_port()


class Far:
    """FreeSWITCH's side: does something there, tells what is there."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def __call__(self, what: str) -> None:
        with urllib.request.urlopen(
            urllib.request.Request(f"{self._url}/{what}", method="POST"), timeout=5
        ):
            return

    def calls(self) -> list[dict[str, Any]]:
        """Those that FreeSWITCH has."""
        with urllib.request.urlopen(f"{self._url}/calls", timeout=5) as answer:
            return list(json.load(answer))

    def until(self, what: Callable[[list[dict[str, Any]]], object]) -> None:
        """Wait until its calls are so."""
        deadline = time.monotonic() + 5
        while not what(self.calls()):
            assert time.monotonic() < deadline, self.calls()
            time.sleep(0.02)


@pytest.fixture
def far(gateway: Server, doors: int) -> Far:
    return Far(doors)


@pytest.fixture
def open_switch(gateway: Server, shared_browser: Browser, far: Far) -> Iterator[Callable[..., Page]]:
    """A page that is connected to FreeSWITCH; script errors and blocked resources fail the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def opened(**options: Any) -> Page:
        contexts.append(
            shared_browser.new_context(**{"locale": "en-GB", "viewport": DESKTOP, **options})
        )
        page = contexts[-1].new_page()
        page.add_init_script(path=Path(__file__).parent / "ear.js")
        watch(page, problems)
        page.goto(gateway.url)
        page.check("#way input[value=switch]")
        page.wait_for_function("() => softphone.stats.freeswitch === 'up'", timeout=10_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    far("hang-up")
    assert problems == []


def in_call(page: Page) -> Softphone:
    """Call the bot, and be answered."""
    phone = Softphone(page)
    phone.start()
    phone.until("softphone.state === 'in_call'")
    return phone


def picture(page: Page, name: str) -> None:
    """For people to look at."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_a_call_with_keys_a_pause_a_transfer_and_its_end(
    open_switch: Callable[..., Page], far: Far
) -> None:
    page = open_switch()
    phone = in_call(page)
    assert far.calls()[0]["number"] == "7000"
    page.keyboard.press("5")
    far.until(lambda calls: calls[0]["digits"] == "5")
    page.click("#hold")
    phone.until("softphone.state === 'held'")
    assert far.calls()[0] | {"call_id": ""} == {
        "call_id": "", "number": "7000", "held": True, "digits": "5", "moved_to": "", "attaches": 0,
    }  # fmt: skip
    page.click("#hold")
    phone.until("softphone.state === 'in_call'")
    page.fill("#transfer-to", "1005")
    page.click("#transfer button")
    expect(phone.row("notice", "call is not bridged")).to_be_visible()
    phone.hang_up()
    far.until(lambda calls: not calls)


def test_a_number_is_called_and_sent_on(open_switch: Callable[..., Page], far: Far) -> None:
    page = open_switch()
    page.fill("#number", "1005")
    phone = in_call(page)
    page.fill("#transfer-to", "1007")
    page.click("#transfer button")
    far.until(lambda calls: calls[0]["moved_to"] == "1007")
    phone.hang_up()


def test_a_number_outside_is_called_as_it_was_typed_without_its_blanks(
    open_switch: Callable[..., Page], far: Far
) -> None:
    page = open_switch()
    page.fill("#number", "+49 (30) 123-456")
    phone = in_call(page)
    assert far.calls()[0]["number"] == "+4930123456"
    phone.hang_up()


def test_the_bots_session_is_shown_as_in_a_direct_call(
    open_switch: Callable[..., Page], far: Far
) -> None:
    page = open_switch()
    phone = in_call(page)
    far("story")
    expect(phone.row("caller", "<img src=x")).to_be_visible()  # as text
    expect(phone.row("bot", "Which day")).to_be_visible()
    expect(page.locator("#session-id")).to_have_text("0198c0de")
    expect(page.locator("#waterfall li")).to_have_count(1)
    assert phone.state == "speaking"
    page.fill("#typed-text", "Thursday")
    page.press("#typed-text", "Enter")
    expect(phone.row("caller", "Thursday")).to_be_visible()
    assert "hacked" not in page.title()
    phone.hang_up()


def test_the_other_side_hangs_up(open_switch: Callable[..., Page], far: Far) -> None:
    page = open_switch()
    phone = in_call(page)
    far("hang-up")
    phone.until("softphone.state === 'ended'")
    expect(page.locator("#hint")).to_have_text("The other side is busy.")


def test_it_rings_and_is_answered(open_switch: Callable[..., Page], far: Far) -> None:
    page = open_switch()
    far("ring")
    expect(page.locator("#ringing-who")).to_contain_text("Sarah <img src=x")
    assert page.locator("#ringing img").count() == 0
    page.click("#answer")
    Softphone(page).until("softphone.state === 'in_call'")
    expect(page.locator("#ringing")).to_be_hidden()


def test_it_rings_and_is_refused_or_given_up(open_switch: Callable[..., Page], far: Far) -> None:
    page = open_switch()
    far("ring")
    page.click("#reject")
    expect(page.locator("#ringing")).to_be_hidden()
    far("ring")
    expect(page.locator("#ringing")).to_be_visible()
    far("hang-up")
    expect(page.locator("#ringing")).to_be_hidden()
    far.until(lambda calls: not calls)


def test_who_is_in_a_call_is_busy(open_switch: Callable[..., Page], far: Far) -> None:
    page = open_switch()
    phone = in_call(page)
    far("ring")
    far.until(lambda calls: len(calls) == 1)
    expect(page.locator("#ringing")).to_be_hidden()
    assert phone.state == "in_call"


def test_the_pages_socket_is_cut_and_the_call_goes_on(
    open_switch: Callable[..., Page], far: Far
) -> None:
    page = open_switch()
    phone = in_call(page)
    page.evaluate("ear.cut()")
    phone.until("softphone.stats.freeswitch === 'lost'")
    phone.until("softphone.stats.freeswitch === 'up'")
    page.keyboard.press("7")
    far.until(lambda calls: calls[0]["digits"] == "7")
    assert phone.state == "in_call"


@pytest.mark.parametrize("how", ["cut", "reload"])
def test_the_call_is_taken_up_again(open_switch: Callable[..., Page], far: Far, how: str) -> None:
    page = open_switch()
    phone = in_call(page)
    if how == "cut":
        far("cut")
    else:
        page.reload()
    page.wait_for_function("() => softphone.stats.attaches === 1", timeout=10_000)
    assert far.calls()[0]["attaches"] == 1
    if how == "cut":
        assert phone.state == "in_call"
    else:  # with all that was said before
        expect(phone.row("bot", "Which day")).to_be_visible()
        assert phone.state == "speaking"


def test_freeswitch_is_away_and_comes_back(open_switch: Callable[..., Page], far: Far) -> None:
    page = open_switch()
    far("stop")
    try:
        expect(page.locator("#switch-state")).to_contain_text("FreeSWITCH is away")
        page.click("#call")
        assert "can't be reached" in Softphone(page).fault()
    finally:
        far("start")
    Softphone(page).until("softphone.stats.freeswitch === 'up'")
    in_call(page)


def test_a_number_that_may_not_be_called(open_switch: Callable[..., Page]) -> None:
    page = open_switch()
    page.fill("#number", "+1900123456")
    page.click("#call")
    assert "may not be called" in Softphone(page).fault()


def test_the_agents_card(open_switch: Callable[..., Page], far: Far) -> None:
    page = open_switch()
    page.click("#stand-by")
    expect(page.locator("#stand-by")).to_have_attribute("aria-pressed", "true")
    far("nobody")
    expect(page.locator("#card-outcome")).to_contain_text("caller back")
    far("taken")
    expect(page.locator("#card-outcome")).to_contain_text("You are talking to the caller")
    expect(page.locator("#card-slots")).to_contain_text("Thursday the 26th")
    assert page.locator("#card img").count() == 0
    expect(page.locator("#card-said .row.caller")).to_have_count(2)
    far("talk")
    expect(page.locator("#card-said .row.agent")).to_have_count(2)
    expect(page.locator("#card-said .row.agent").first).to_contain_text("how can I help")
    expect(page.locator("#card-said .row.caller:has(time)")).to_contain_text("<img src=x")  # as text
    assert page.locator("#card img").count() == 0
    page.click("#card-close")
    expect(page.locator("#card")).to_be_hidden()


def test_caller_and_agent_on_the_callers_page(open_switch: Callable[..., Page], far: Far) -> None:
    page = open_switch(timezone_id="Europe/Berlin")
    phone = in_call(page)
    far("story")
    far("person")
    expect(phone.row("agent")).to_have_count(2)
    said = phone.row("agent").all_inner_texts()
    for words in ("Agent Ada", "13:30:05", "how can I help"):
        assert words in said[0]
    assert "Extension 1001" in said[1]
    expect(phone.row("caller", "another day <img src=x")).to_be_visible()
    assert "hacked" not in page.title()
    page.click("#language")
    expect(phone.row("agent").first).to_contain_text("人工坐席 Ada")
    expect(phone.row("agent").last).to_contain_text("分机 1001")
    page.click("#language")
    phone.hang_up()


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_cut_off(
    open_switch: Callable[..., Page], far: Far, size: str, language: str
) -> None:
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    page = open_switch(locale=locale, viewport=PHONE if size == "phone" else DESKTOP)
    name = f"{size}-{language}"
    page.fill("#number", "+1900123456")
    page.click("#call")
    Softphone(page).fault()
    picture(page, f"verto-refused-{name}")
    page.fill("#number", "")
    in_call(page)
    far("story")
    expect(page.locator("#transcript .row.bot")).to_be_visible()
    picture(page, f"verto-in-call-{name}")
    Softphone(page).hang_up()
    page.click("#stand-by")
    expect(page.locator("#stand-by")).to_have_attribute("aria-pressed", "true")
    far("card")
    far("ring")
    expect(page.locator("#ringing")).to_be_visible()
    picture(page, f"verto-ringing-{name}")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
