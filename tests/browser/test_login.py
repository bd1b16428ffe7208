"""The login in a real browser: its cookie, its forms' Origin, the content security policy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

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
    port, folder = free_port(), tmp_path_factory.mktemp("login")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(HERE.parents[1])
    try:
        command = [sys.executable, "-m", "tests.browser.login_server", "--port", str(port)]
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
