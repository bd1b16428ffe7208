"""An operator at the campaign pages: from a list to its end, with a real desk, dialer and database."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .conftest import HERE, Server, free_port, running, watch

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
WITHIN_MS = 15_000
LIST = "\n".join(
    (
        "手机,name,备注x",
        *(f"1381111{n:03}9,<img src=x onerror=alert({n})>,{n}" for n in range(12)),
        *(f"1381112{n:03}7,小{n},{n}" for n in range(12)),
        "12,Too short,",
    )
).replace("备注x", "note")
"""Twelve who talk until they are hung up on, twelve who are quick, and one who can't be called."""


@pytest.fixture(scope="session")
def dialer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, str(HERE / "campaign_server.py"), "--port", str(port)]
    yield from running(command, port, tmp_path_factory.mktemp("campaigns"))


@pytest.fixture
def open_campaigns(shared_browser: Browser, dialer: Server) -> Iterator[OpenPage]:
    """A fresh page that fails the test on script errors; dialogs are agreed to."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def opened(path: str = "/campaigns", **options: Any) -> Page:
        contexts.append(shared_browser.new_context(**{"locale": "en-GB", **options}))
        page = contexts[-1].new_page()
        page.set_default_timeout(WITHIN_MS)
        watch(page, problems)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{dialer.url}{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    # a refused request is told on the page, which the test looks at, and by the browser too
    assert [problem for problem in problems if "responded with a status of" not in problem] == []


def shows(page: Page, selector: str, text: str) -> None:
    expect(page.locator(selector)).to_contain_text(text, timeout=WITHIN_MS)


def create(page: Page, name: str, calls: int = 4) -> None:
    """Fill in the form for a new campaign that may call at any hour."""
    page.click("#new summary")
    page.fill("#new [name=name]", name)
    page.fill("#new [name=max_calls]", str(calls))
    page.fill("#new [name=calls_per_s]", "50")
    page.fill("#new [name=region]", "cn")
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"):
        page.fill(f"#new [name={day}]", "00:00-24:00")
    page.click("#new button.main")
    expect(page.locator("h1")).to_have_text(name, timeout=WITHIN_MS)
    page.wait_for_load_state()  # the buttons work from then on


def bring_list(page: Page, path: Path) -> None:
    """Preview a list, then import its good rows."""
    page.set_input_files("input[type=file]", path)
    expect(page.locator("button[name=import]")).to_be_disabled()
    page.click("button[name=preview]")
    shows(page, ".preview", "手机 → Number")
    shows(page, ".preview", "<img src=x onerror=alert(0)>")
    page.check("input[value=skip]")
    page.click("button[name=import]")
    shows(page, "[data-part=import] .notice", "24 contacts were imported · 1 rows refused")
    shows(page, "[data-part=import] table", "bad number")


def test_from_a_list_to_its_end(open_campaigns: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(LIST)
    page = open_campaigns()
    create(page, "Autumn <b>")
    page.click("text=Start")
    shows(page, "#told", "nobody waits to be called")
    bring_list(page, path)
    page.click("text=Start")
    shows(page, "[data-part=state]", "running")
    expect(page.locator("[data-part=live] tbody tr")).to_have_count(4, timeout=WITHIN_MS)
    page.click("text=Pause")
    shows(page, "[data-part=state]", "paused by an operator")
    page.click("text=Resume")
    shows(page, "[data-part=state]", "running")
    page.locator("button", has_text="Stop and hang up").click()
    shows(page, "[data-part=state]", "stopped")
    shows(page, "[data-part=live]", "No call is live")
    shows(page, ".chart", "conversation")
    with page.expect_download() as download:
        page.click('.button:has-text("CSV")')
    rows = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert len(rows) == 25
    assert any(",completed," in row for row in rows)


def test_all_campaigns_and_their_progress(open_campaigns: OpenPage) -> None:
    page = open_campaigns()
    shows(page, "main", "Spring <script>alert(1)</script>")
    card = page.locator(".card", has_text="Renewals")
    shows(page, ".card:has-text('Renewals')", "27 / 27")
    expect(card.locator("progress")).to_have_attribute("value", "100", timeout=WITHIN_MS)
    card.locator("a").click()
    shows(page, "[data-part=numbers]", "100 %")
    figures = page.locator(".chart tbody tr", has_text="conversation")
    expect(figures).to_contain_text("9")
    expect(figures).to_contain_text("33.3 %")


def test_what_is_typed_survives_the_news(open_campaigns: OpenPage) -> None:
    page = open_campaigns()
    page.click("text=Spring <script>")
    page.click("summary:has-text('Settings')")
    field = page.locator("[data-settings-form] [name=ring_s]")
    field.fill("25")
    with (
        page.expect_response(lambda answer: answer.url == page.url),
        page.expect_response(lambda answer: answer.url == page.url),
    ):
        pass  # news came twice
    assert field.input_value() == "25"
    assert field.evaluate("field => field === document.activeElement")
    page.click("text=Save")
    shows(page, "[data-settings-form] .told", "Saved.")
    field.fill("120")
    page.fill("[data-settings-form] [name=monday]", "nonsense")
    page.click("text=Save")
    shows(page, "[data-settings-form] .told.bad", "windows")


def test_a_server_that_is_away_is_told(open_campaigns: OpenPage) -> None:
    page = open_campaigns()
    page.evaluate("document.querySelector('main').dataset.pollMs = 100")
    page.route("**/campaigns", lambda route: route.fulfill(status=503, body="away"))
    expect(page.locator("#lost")).to_be_visible(timeout=WITHIN_MS)
    page.unroute("**/campaigns")
    expect(page.locator("#lost")).to_be_hidden(timeout=WITHIN_MS)


@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "外呼任务"), ("en-GB", "Campaigns")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(open_campaigns: OpenPage, locale: str, title: str, scheme: str) -> None:
    phone = {"width": 360, "height": 740}
    page = open_campaigns(locale=locale, color_scheme=scheme, viewport=phone)
    expect(page.locator("h1")).to_have_text(title)
    page.click("#new summary")
    for link in (None, "a:has-text('Renewals')"):
        if link:
            page.click(link)
            expect(page.locator("h1")).to_have_text("Renewals")
            page.click("summary >> nth=-1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_do_not_call_list(open_campaigns: OpenPage, tmp_path: Path, locale: str) -> None:
    chinese = locale == "zh-CN"
    page = open_campaigns(locale=locale, viewport={"width": 390, "height": 844})
    page.click("main a[href='/do-not-call']")
    page.wait_for_load_state()
    number = "+8613900139001" if chinese else "+8613900139000"
    page.fill("[data-add] [name=number]", number[3:])
    page.fill("[data-add] [name=reason]", "<img src=x onerror=alert(1)>")
    page.select_option("[data-add] [name=days]", "90")
    page.click("[data-add] button.main")
    shows(page, "[data-add] .told", number)
    shows(page, "[data-part=list]", "<img src=x")
    file = tmp_path / "numbers.csv"
    file.write_text(f"number\n+861390013911{int(chinese)}\n12\n")
    page.set_input_files("[data-numbers] input[type=file]", file)
    page.click("[data-numbers] button.main")
    shows(page, "[data-numbers] .told", "新增 1" if chinese else "new: 1")
    shows(page, "#refused", "3")
    page.fill("[role=search] input", f"0086 {number[3:6]} {number[6:]}")
    page.click("[role=search] button")
    shows(page, "[data-part=found]", number)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("[data-part=found] button")
    shows(page, "[data-part=found]", "不在名单中" if chinese else "is not on the list")
    expect(page.locator("[data-part=list]")).not_to_contain_text(number)
    page.fill("[data-add] [name=number]", "12")
    page.click("[data-add] button.main")
    expect(page.locator("[data-add] .told.bad")).to_be_visible()
