"""A person at the page, with the stand-in server: talking, interrupting, muting, typing, languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from .softphone import Softphone

pytestmark = pytest.mark.browser

Launch = Callable[..., Browser]
OpenPage = Callable[..., Page]
ONLY_44100 = """
  const Real = AudioContext;
  window.AudioContext = class extends Real {
    constructor(options = {}) {
      if (options.sampleRate) throw new DOMException("not this rate", "NotSupportedError");
      super({ ...options, sampleRate: 44100 });
    }
  };
"""
SPOKEN = "en/free_00_slt.wav"
SAID = "I'd like to change my appointment please"


@pytest.fixture
def spoken(launch: Launch, speech_wav: Callable[..., Path]) -> Browser:
    """A caller who begins to talk 1.5 s after the microphone opened, during the greeting."""
    return launch(microphone=speech_wav({1.5: SPOKEN}, seconds=12))


def test_caller_interrupts_is_answered_and_hangs_up(spoken: Browser, open_page: OpenPage) -> None:
    phone = Softphone(open_page(spoken))
    phone.start()
    phone.until_heard()
    expect(phone.row("bot", "Good morning")).to_be_visible()
    phone.until("softphone.stats.partials > 0")
    expect(phone.page.locator("#partial")).to_contain_text("I'd like")
    expect(phone.row("bot.interrupted", "Good morning")).to_contain_text("interrupted after 1.")
    expect(phone.row("caller", SAID)).to_be_visible()
    expect(phone.page.locator("#partial")).to_be_hidden()
    phone.until_heard()
    expect(phone.row("bot", "Of course.")).to_be_visible()
    expect(phone.page.locator("#waterfall svg")).to_have_attribute("aria-label", ANSWERED)
    assert phone.stats["progress"] >= 3
    phone.hang_up()
    assert phone.page.inner_text("#state") == "Call ended"
    assert phone.stats["underruns"] <= 3


ANSWERED = (
    "Turn 2: answer after 700 ms (End of speech 310 ms, Transcript 100 ms, First words 200 ms, "
    "Voice 52 ms, Other 38 ms)"
)


def test_reply_goes_on_after_a_false_interruption(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    phone.start()
    phone.until_heard()
    phone.page.keyboard.press("*")
    expect(phone.row("bot.interrupted")).to_contain_text("interrupted after")
    expect(phone.row("bot.interrupted")).to_have_count(0)
    assert phone.row("bot").count() == 1
    assert phone.row("bot").locator(".badge").count() == 0


def test_nothing_of_a_cleared_reply_is_heard(shared_browser: Browser, open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    phone.page.evaluate("""async () => {
      const { openContext, loadWorklets } = await import("/static/audio-context.js");
      const { Player } = await import("/static/player.js");
      const context = openContext();
      await loadWorklets(context);
      window.player = new Player(context, 16000);
      window.told = [];
      for (const name of ["progress", "cut"]) {
        player.addEventListener(name, ({ detail }) => told.push(detail));
      }
      player.mark("r1");
      player.push(new Int16Array(16000 * 5).fill(8000).buffer);
    }""")
    phone.until("player.stats.audibleSamples > 4800")
    phone.page.evaluate("player.clear()")
    phone.until("player.stats.bufferedMs === 0")
    after = phone.page.evaluate("player.stats.audibleSamples")
    phone.page.evaluate("player.mark('r2'); player.push(new Int16Array(16000).buffer)")
    phone.until("told.at(-1).replyId === 'r2' && told.at(-1).playedMs >= 400")
    assert phone.page.evaluate("player.stats.audibleSamples") == after
    last = phone.page.evaluate("told.filter((x) => x.replyId === 'r1').at(-1).playedMs")
    assert last == pytest.approx(after / 16, abs=9)


def test_device_of_44100_hz_is_heard_and_hears(spoken: Browser, open_page: OpenPage) -> None:
    phone = Softphone(open_page(spoken))
    phone.page.add_init_script(ONLY_44100)
    phone.page.reload()
    phone.start()
    phone.until_heard()
    phone.until("softphone.stats.partials > 0")
    assert phone.stats["contextRate"] == 44100


def test_muted_caller_sends_silence(spoken: Browser, open_page: OpenPage) -> None:
    phone = Softphone(open_page(spoken))
    phone.start()
    phone.until("softphone.state === 'speaking'")
    phone.page.click("#mute")
    expect(phone.page.locator("#mute")).to_have_text("Unmute")
    assert phone.page.inner_text("#hint") == "You are muted. Nobody hears you."
    phone.until("softphone.stats.framesSent > 150")  # 3 s: the speech has begun
    assert phone.stats["partials"] == 0
    phone.page.click("#mute")
    assert phone.page.inner_text("#hint") != "You are muted. Nobody hears you."


def test_typed_turn_shows_the_tool_and_the_reply(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    expect(phone.page.locator("#typed-text")).to_be_disabled()
    phone.start()
    phone.until("softphone.state === 'speaking'")
    phone.page.fill("#typed-text", "next Tuesday")
    phone.page.press("#typed-text", "Enter")
    expect(phone.row("caller", "next Tuesday")).to_contain_text("typed")
    expect(phone.row("tool", "lookup_record")).to_contain_text("done")
    expect(phone.row("bot", "Of course. You are booked")).to_be_visible()
    assert phone.page.input_value("#typed-text") == ""


def test_transcript_follows_until_the_person_scrolls_up(open_page: OpenPage) -> None:
    phone = Softphone(open_page(viewport={"width": 1000, "height": 600}))
    phone.start()
    phone.until("softphone.state === 'speaking'")
    for turn in range(1, 5):
        phone.page.keyboard.press("5")
        expect(phone.row("bot", "You pressed 5.")).to_have_count(turn)
        expect(phone.row("bot", "You pressed 5.").last).to_be_in_viewport(ratio=0.9)
    expect(phone.row("bot").first).not_to_be_in_viewport()
    phone.page.locator(".scroll").evaluate("(box) => box.scrollTo(0, 0)")
    expect(phone.row("bot").first).to_be_in_viewport()
    phone.page.wait_for_function("() => new Promise(requestAnimationFrame)")
    phone.page.keyboard.press("5")
    expect(phone.row("bot", "You pressed 5.")).to_have_count(5)
    expect(phone.row("bot").first).to_be_in_viewport()


def test_bot_ends_the_call_and_another_can_follow(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    for _ in range(2):
        phone.start()
        phone.until("softphone.state === 'speaking'")
        phone.page.fill("#typed-text", "bye")
        phone.page.press("#typed-text", "Enter")
        phone.until("softphone.state === 'ended'")
        assert phone.page.inner_text("#hint") == "The assistant ended the call."
        assert phone.page.inner_text("#call") == "Talk again"


def test_hostile_text_stays_text(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    phone.start("hostile")
    phone.until_heard()
    expect(phone.row("caller", "<script>document.title='hacked'</script>")).to_be_visible()
    expect(phone.row("notice", "<u>odd</u> length")).to_be_visible()
    expect(phone.row("tool", "<b>t</b>")).to_contain_text("failed")
    assert phone.page.title() == "SwitchTalk softphone"
    assert phone.page.locator("#conversation :is(img, script, b, u, i)").count() == 0
    assert phone.stats["messagesIgnored"] == 4
    phone.hang_up()


def test_page_speaks_chinese_and_switches_at_any_time(open_page: OpenPage) -> None:
    phone = Softphone(open_page(locale="zh-CN"))
    html = phone.page.locator("html")
    expect(html).to_have_attribute("lang", "zh-Hans")
    assert phone.page.inner_text("#call") == "开始说话"
    phone.start("zh")
    expect(phone.row("bot", "您好，这里是河畔诊所。请问有什么可以帮您？")).to_be_visible()
    phone.page.click("#language")
    expect(html).to_have_attribute("lang", "en")
    assert phone.page.inner_text("#call") == "Hang up"
    assert phone.row("bot").locator(".speaker").inner_text() == "Assistant"
    phone.page.reload()
    assert phone.page.inner_text("#call") == "Start talking"


@pytest.mark.parametrize("width", [320, 1280])
def test_page_fits_the_screen(open_page: OpenPage, tmp_path: Path, width: int) -> None:
    phone = Softphone(open_page(viewport={"width": width, "height": 720}, has_touch=width < 500))
    phone.start()
    phone.until("softphone.state === 'speaking'")
    phone.page.fill("#typed-text", "Antidisestablishmentarianism" * 4)
    phone.page.press("#typed-text", "Enter")
    expect(phone.page.locator("#waterfall li")).to_have_count(1)
    phone.page.click("summary >> text=Keypad")
    assert phone.page.evaluate("document.documentElement.scrollWidth") == width
    small = phone.page.evaluate("""[...document.querySelectorAll("button, select, input")]
      .filter((node) => node.offsetParent && node.offsetHeight < 44).map((node) => node.id)""")
    assert small == []
    picture = tmp_path / f"softphone-{width}.png"
    phone.page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 10_000


def test_page_works_by_keyboard_alone(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    keys = phone.page.keyboard
    order = [tab(phone.page) for _ in range(5)]
    assert order == ["skip", "to-login", "language", "bot", "call"]
    keys.press("Enter")
    phone.until("softphone.state === 'speaking'")
    assert phone.page.evaluate("document.activeElement.id") == "call"
    keys.press("5")
    expect(phone.row("caller", "5")).to_contain_text("keypad")
    assert tab(phone.page) == "mute"
    keys.press("Space")
    expect(phone.page.locator("#mute")).to_have_text("Unmute")
    assert tab(phone.page) == "summary"
    keys.press("Enter")
    assert [tab(phone.page) for _ in range(12)] == list("123456789*0#")
    keys.press("Enter")
    expect(phone.row("caller", "#")).to_be_visible()
    assert [tab(phone.page) for _ in range(2)] == ["scroll", "typed-text"]
    keys.type("call me at 5")
    keys.press("Enter")
    expect(phone.row("caller", "call me at 5")).to_contain_text("typed")
    assert phone.row("caller").count() == 3  # a digit in the text box is no key press
    while tab(phone.page, "Shift+Tab") != "call":
        pass
    keys.press("Space")
    phone.until("softphone.state === 'ended'")


def tab(page: Page, key: str = "Tab") -> str:
    """Move the focus; gives what has it now, which must be seen."""
    page.keyboard.press(key)
    name, outline = page.evaluate("""() => {
      const node = document.activeElement;
      const name = node.id || node.dataset.digit || node.className || node.localName;
      const { outlineStyle, outlineWidth } = getComputedStyle(node);
      return [name, outlineStyle === "solid" ? parseFloat(outlineWidth) : 0];
    }""")
    assert outline >= 2, f"the focus on {name} can't be seen"
    return str(name)


def test_screen_reader_is_told(open_page: OpenPage) -> None:
    phone = Softphone(open_page())
    nameless = phone.page.evaluate("""[...document.querySelectorAll("button, select, input")]
      .filter((n) => !(n.textContent.trim() || n.ariaLabel || n.labels?.length)).length""")
    assert nameless == 0
    expect(phone.page.get_by_role("combobox", name="Assistant")).to_be_visible()
    phone.page.get_by_role("button", name="Start talking").click()
    expect(phone.page.get_by_role("status")).to_have_text("Speaking")
    phone.page.get_by_role("textbox", name="Type instead of talking").fill("hello")
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator("[aria-live=polite]")).to_have_text("Tool lookup_record: done")
    expect(phone.row("bot", "Of course").locator("p")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(open_page: OpenPage, scheme: str) -> None:
    phone = Softphone(open_page(color_scheme=scheme, reduced_motion="reduce"))
    too_faint: list[Any] = list(phone.page.evaluate(FAINT_TEXT))
    phone.start("hostile")
    phone.until_heard()
    phone.page.fill("#typed-text", "hello")
    phone.page.press("#typed-text", "Enter")
    expect(phone.page.locator(".badge.good")).to_be_visible()
    too_faint += phone.page.evaluate(FAINT_TEXT)
    phone.hang_up()
    phone.start("full")
    phone.fault()
    too_faint += phone.page.evaluate(FAINT_TEXT)
    assert too_faint == []


FAINT_TEXT = """() => {
  const light = (c) => {
    const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" ? ground(node.parentElement) : color;
  };
  const inactive = (node) => node.closest(":disabled, [aria-disabled=true], .unseen, .skip");
  return [...document.body.querySelectorAll("*")]
    .filter((n) => n.offsetParent && !inactive(n))
    .filter((n) => [...n.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .map((n) => {
      const [a, b] = [light(getComputedStyle(n).color), light(ground(n))].sort((x, y) => y - x);
      return [n.innerText.slice(0, 20), Math.round(((a + 0.05) / (b + 0.05)) * 10) / 10];
    })
    .filter(([, ratio]) => ratio < 4.5);
}"""
