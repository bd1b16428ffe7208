"""What a person is told when a call can't be: in their language, and with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from .conftest import CHROMIUM, CHROMIUM_FLAGS, Server
from .softphone import Softphone

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
LAN_NAME = "phone.example"


@pytest.fixture
def refusing(playwright: Playwright) -> Iterator[Browser]:
    """A person who refuses the microphone, on a network where LAN_NAME is the server."""
    flags = ["--deny-permission-prompts", f"--host-resolver-rules=MAP {LAN_NAME} 127.0.0.1"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_FLAGS, *flags])
    yield browser
    browser.close()


def test_refused_microphone_leaves_the_keyboard(refusing: Browser, open_page: OpenPage) -> None:
    phone = Softphone(open_page(refusing))
    phone.start()
    assert "The microphone is blocked" in phone.fault()
    assert "choose Allow" in phone.fault()
    assert phone.state == "error"
    phone.page.click("#try-typing")
    phone.until_heard()
    expect(phone.page.locator("#fault")).to_be_hidden()
    phone.page.fill("#typed-text", "hello")
    phone.page.press("#typed-text", "Enter")
    expect(phone.row("bot", "Of course.")).to_be_visible()
    phone.until("softphone.stats.framesSent > 20")  # silence keeps the server's clock going


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("NotFoundError", "No microphone found"),
        ("NotReadableError", "The microphone can't be used"),
        ("NotAllowedError", "The microphone is blocked"),
    ],
)
def test_microphone_faults(open_page: OpenPage, error: str, title: str) -> None:
    phone = Softphone(open_page())
    fail = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name); }"
    phone.page.evaluate(f"(name) => {{ {fail} }}", error)
    phone.start()
    assert title in phone.fault()
    assert phone.page.inner_text("#call") == "Talk again"


def test_plain_http_on_a_network_says_to_use_https(
    refusing: Browser, open_page: OpenPage, stub: Server
) -> None:
    phone = Softphone(open_page(refusing))
    phone.page.goto(stub.url.replace("127.0.0.1", LAN_NAME))
    assert "This page needs a secure address" in phone.fault()
    assert "https://" in phone.fault()
    phone.start()
    assert phone.stats["faults"] == ["insecure"]


def test_old_browser_is_told(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    phone.page.add_init_script("delete window.AudioWorkletNode")
    phone.page.reload()
    assert "This browser is too old" in phone.fault()


@pytest.mark.parametrize(
    ("bot", "locale", "title", "detail"),
    [
        ("full", "en-GB", "All lines are busy", "10 of 10 sessions are in use"),
        ("full", "zh-CN", "线路全忙", "10 of 10 sessions are in use"),
        ("refused", "en-GB", "The server refused the call", "login needed"),
        ("refused", "zh-CN", "服务器拒绝了通话", "login needed"),
    ],
)
def test_server_says_no(open_page: OpenPage, bot: str, locale: str, title: str, detail: str) -> None:
    phone = Softphone(open_page(locale=locale))
    phone.start(bot)
    assert title in phone.fault()
    assert detail in phone.fault()
    assert phone.stats["faults"] == [bot]
    phone.start("demo")
    phone.until_heard()
    expect(phone.page.locator("#fault")).to_be_hidden()


def test_lost_connection_stops_the_sound(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    phone.start("lost")
    phone.until_heard()
    assert "The connection was lost" in phone.fault()
    assert "Check your network" in phone.fault()
    assert phone.page.inner_text("#state") == "Call failed"


def test_call_hung_up_while_the_server_is_silent(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    phone.start("mute")
    phone.until("softphone.stats.contextRate > 0")
    assert phone.page.inner_text("#state") == "Connecting…"
    phone.hang_up()
    assert phone.page.inner_text("#hint") == "You hung up."


def test_dead_microphone_is_noticed(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    phone.page.evaluate("""navigator.mediaDevices.getUserMedia = async () =>
      new AudioContext().createMediaStreamDestination().stream""")
    phone.start()
    expect(phone.page.locator("#hint")).to_contain_text("Your microphone is silent", timeout=9000)


def test_unplugged_microphone_is_told_and_the_call_goes_on(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    phone.page.evaluate("""() => {
      const stream = new AudioContext().createMediaStreamDestination().stream;
      navigator.mediaDevices.getUserMedia = async () => stream;
      window.unplug = () => stream.getTracks()[0].dispatchEvent(new Event("ended"));
    }""")
    phone.start()
    phone.until("softphone.state === 'speaking'")
    phone.page.evaluate("unplug()")
    expect(phone.row("notice", "The microphone was disconnected")).to_be_visible()
    assert phone.state == "speaking"
