"""The login in a real browser: its cookie, its forms' Origin, the content security policy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import HERE, free_port, running, watch

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Office:
    """A server without users: its address, and the path of the first admin's link."""

    url: str
    link: str


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    yield from open_office(tmp_path_factory.mktemp("login"))


@pytest.fixture(scope="module")
def closed_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Strangers may not even talk here."""
    yield from open_office(tmp_path_factory.mktemp("closed"), "--public-softphone", "no")


def open_office(folder: Path, *options: str) -> Iterator[Office]:
    port = free_port()
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(HERE.parents[1])
    try:
        command = [sys.executable, "-m", "tests.browser.login_server", "--port", str(port), *options]
        for server in running(command, port, folder):
            yield Office(server.url, (folder / "link").read_text("ascii"))
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


@pytest.fixture
def tab(shared_browser: Browser) -> Iterator[Callable[..., Page]]:
    """A fresh browser; the test fails on any script error or blocked resource."""
    contexts, problems = [], []

    def opened(**options: object) -> Page:
        contexts.append(shared_browser.new_context(**{"locale": "en-GB", **options}))
        page = contexts[-1].new_page()
        watch(page, problems)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [problem for problem in problems if "status of 40" not in problem] == []


def choose_password(page: Page, name: str | None) -> None:
    if name is not None:
        page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.click("button.main")


def log_in(page: Page, name: str, password: str) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("button.main")


def test_from_the_first_link_to_the_second_user(office: Office, tab: Callable[..., Page]) -> None:
    admin = tab()
    admin.goto(office.url + office.link)
    choose_password(admin, "root")
    admin.wait_for_url("**/sessions")

    admin.on("dialog", lambda dialog: dialog.accept())
    with admin.expect_response("**/hangup") as hung_up:
        admin.click("button[data-hangup]")
    assert hung_up.value.status == 202, "the script sends the form's token"

    admin.goto(office.url + "/users")
    admin.fill(".card [name=name]", "sarah")
    admin.select_option(".card [name=role]", "agent")
    admin.click(".card button.main")
    link = admin.input_value(".notice input")

    sarah = tab(java_script_enabled=False, locale="zh-CN")
    sarah.goto(link)
    choose_password(sarah, None)
    sarah.wait_for_url("**/sessions")
    assert "退出登录" in sarah.inner_text("header")
    assert sarah.goto(office.url + "/users").status == 403  # type: ignore[union-attr]
    sarah.click("header form button")
    sarah.wait_for_url("**/login")
    sarah.goto(office.url + "/account")
    log_in(sarah, "sarah", "a wrong password")
    assert "不正确" in sarah.inner_text("[role=alert]")
    log_in(sarah, "sarah", PASSWORD)
    sarah.wait_for_url("**/account")

    cookies = sarah.context.cookies()
    assert [(c["httpOnly"], c["sameSite"]) for c in cookies] == [(True, "Lax")]


def test_a_stranger_gets_the_softphone_and_nothing_else(
    office: Office, tab: Callable[..., Page]
) -> None:
    page = tab()
    page.goto(office.url + "/")
    assert page.is_visible("#call")
    page.goto(office.url + "/sessions")
    assert page.url.endswith("/login?next=/sessions")


@pytest.mark.parametrize("width", [320, 1200])
def test_nothing_is_wider_than_the_window(office: Office, tab: Callable[..., Page], width: int) -> None:
    page = tab(viewport={"width": width, "height": 700})
    for path in ("/login", "/setup/wrong"):
        page.goto(office.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


ENDED = {"en-GB": "Your login has ended", "zh-CN": "登录已失效"}


@pytest.fixture(scope="module")
def users(closed_office: Office) -> set[str]:
    """Those who have chosen their password."""
    return set()


def come_in(page: Page, office: Office, users: set[str], path: str) -> None:
    """Be at a page, logged in as the first admin."""
    if users:
        page.goto(f"{office.url}/login?next={path}")
        log_in(page, "root", PASSWORD)
    else:
        users.add("root")
        page.goto(office.url + office.link)
        choose_password(page, "root")
        page.wait_for_url("**/sessions")
        page.goto(office.url + path)
    page.wait_for_url(office.url + path)


def log_out_elsewhere(page: Page, office: Office) -> None:
    """As another tab of the same browser would."""
    csrf = str(page.get_attribute("header [name=csrf]", "value"))
    answer = page.context.request.post(f"{office.url}/logout", form={"csrf": csrf}, max_redirects=0)
    assert answer.headers["location"] == "/login"


@pytest.mark.parametrize(("locale", "talking"), [("en-GB", True), ("zh-CN", False)])
def test_the_softphone_says_that_the_login_has_ended(
    closed_office: Office, users: set[str], tab: Callable[..., Page], locale: str, talking: bool
) -> None:
    page = tab(locale=locale)
    come_in(page, closed_office, users, "/")
    expect(page.locator("header")).to_contain_text("root")
    if talking:
        page.click("#call")
        page.wait_for_function("() => softphone.state === 'listening'")
    log_out_elsewhere(page, closed_office)
    if not talking:
        page.click("#call")
    expect(page.locator("#fault-title")).to_have_text(ENDED[locale])
    assert page.evaluate("softphone.state") == "error"
    expect(page.locator("#fault-detail")).to_be_hidden()
    page.click("#log-in a")
    log_in(page, "root", PASSWORD)
    page.wait_for_url(closed_office.url + "/")
    page.click("#call")
    page.wait_for_function("() => softphone.state === 'listening'")


@pytest.mark.parametrize(("locale", "path"), [("en-GB", "/sessions"), ("zh-CN", "/campaigns")])
def test_other_pages_say_so_too_and_lead_back(
    closed_office: Office, users: set[str], tab: Callable[..., Page], locale: str, path: str
) -> None:
    page = tab(locale=locale)
    come_in(page, closed_office, users, path)
    expect(page.locator("#login-over")).to_be_hidden()
    log_out_elsewhere(page, closed_office)
    if path == "/sessions":
        page.on("dialog", lambda dialog: dialog.accept())
        page.click("button[data-hangup]")
    expect(page.locator("#login-over")).to_contain_text(ENDED[locale])
    expect(page.locator("h1")).to_be_visible()
    page.click("#login-over a")
    log_in(page, "root", PASSWORD)
    page.wait_for_url(closed_office.url + path)


def test_a_form_sent_too_late_leads_to_the_login_and_back(
    closed_office: Office, users: set[str], tab: Callable[..., Page]
) -> None:
    page = tab(java_script_enabled=False)
    come_in(page, closed_office, users, "/users")
    log_out_elsewhere(page, closed_office)
    page.fill(".card [name=name]", "late")
    page.click(".card button.main")
    page.wait_for_url("**/login?next=/users")
    log_in(page, "root", PASSWORD)
    page.wait_for_url("**/users")
    assert "late" not in page.inner_text("main")
