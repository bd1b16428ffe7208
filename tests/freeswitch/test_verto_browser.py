"""Calls of a real browser through a real FreeSWITCH: what is said, heard and seen on the page."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import launch as launch
from tests.browser.conftest import playwright as playwright
from tests.browser.conftest import silence as silence
from tests.browser.conftest import speech_wav as speech_wav
from tests.browser.conftest import watch
from tests.browser.softphone import Softphone
from tests.freeswitch.gateway import NAME as TRUNK
from tests.freeswitch.gateway import Gateway
from tests.freeswitch.house import HOST, House
from tests.freeswitch.relay import Relay
from tests.freeswitch.sip_phone import SipPhone
from tests.freeswitch.switch import SECRETS, free_ports, wait_for
from tests.simulator.phone_caller import PhoneCaller

pytestmark = [pytest.mark.browser, pytest.mark.engines, pytest.mark.freeswitch]

EAR = Path(__file__).parents[1] / "browser" / "ear.js"
HANDOVER = Path(__file__).parent / "handover.yaml"
PICTURES = os.environ.get("BROWSER_TEST_PICTURES")
WITHIN_MS = 15_000
LOUD = 0.03
PAUSE_MS = 250
VERTO = "SWITCHTALK_VERTO__"
OUTBOUND = "SWITCHTALK_FREESWITCH__OUTBOUND__"
OURS = "+4930123456"


@pytest.fixture(scope="module")
def wire() -> Iterator[Relay]:
    """Between the gateway and mod_verto, to be cut."""
    with Relay(free_ports(1)[0]) as wire:
        yield wire


@pytest.fixture(scope="module")
def outside() -> Iterator[SipPhone]:
    """A phone behind a provider; it takes one call."""
    phone = SipPhone((HOST, 9), "anybody")
    yield phone
    phone.close()


@pytest.fixture(scope="module")
def house(
    freeswitch_home: None, wire: Relay, outside: SipPhone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house")
    config = home / "switchtalk.toml"
    config.write_text(
        f'[bots.handover]\nflow = "{HANDOVER}"\nnumber = 42\ntools = ["hangup", "transfer_to_human"]\n'
    )
    settings = {
        f"{VERTO}URL": f"ws://{HOST}:{wire.port}",
        f"{VERTO}PASSWORD": SECRETS["VERTO_PASSWORD"],
        f"{VERTO}PUBLIC": '["bots", "calls", "receive", "stand_by"]',
        "SWITCHTALK_CONFIG": str(config),
        f"{OUTBOUND}RING_S": "5",
        f"{OUTBOUND}ALLOWED": r'["10\\d\\d", "\\+?12025550\\d\\d\\d"]',
    }
    provider = Gateway(home)
    provider.port = outside.port
    house = House(home, settings=settings, configuration=provider.configuration())
    outside.server = (HOST, house.switch.ports["TRUNK_SIP_PORT"])
    outward = {"FS_OUTSIDE_GATEWAY": TRUNK, "FS_OUTSIDE_CALLER_ID": OURS}
    house.switch.environment = {**house.switch.environment, **outward}
    wire.target = house.switch.ports["VERTO_PORT"]
    house.start()
    yield house
    house.stop()


@pytest.fixture
def open_page(
    house: House,
    launch: Callable[..., Browser],
    silence: Path,
) -> Iterator[Callable[..., Page]]:
    """A page that calls through FreeSWITCH, connected; no script error is forgiven."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def opened(microphone: Path | None = None, **options: Any) -> Page:
        browser = launch(microphone=microphone or silence)
        given = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, **options}
        contexts.append(browser.new_context(**given))
        page = contexts[-1].new_page()
        page.add_init_script(path=EAR)
        watch(page, problems)
        page.goto(house.server.url)
        page.check("#way input[value=switch]")
        page.wait_for_function("() => softphone.stats.freeswitch === 'up'", timeout=WITHIN_MS)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []
    wait_for(lambda: not house.channels(), 30)


def picture(page: Page, name: str) -> None:
    """For people to look at."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def connected(page: Page) -> Softphone:
    """Wait until sound flows both ways."""
    phone = Softphone(page)
    phone.until("softphone.stats.connection === 'connected'", 15)
    return phone


def heard(page: Page, side: str) -> list[tuple[float, float]]:
    """Stretches of sound, ms on the page's clock."""
    found = page.evaluate(f"ear.stretches('{side}', {LOUD}, {PAUSE_MS})")
    return [(float(start), float(end)) for start, end in found]


def until_sound(page: Page, after_ms: float = 0) -> None:
    """Something is heard of FreeSWITCH from then on."""
    page.wait_for_function(
        f"() => ear.heard.far.some(([at, peak]) => at > {after_ms} && peak > {LOUD})", timeout=WITHIN_MS
    )


def now(page: Page) -> float:
    return float(page.evaluate("performance.now()"))


def test_a_conversation_a_key_a_pause_and_the_end(
    house: House,
    open_page: Callable[..., Page],
    speech_wav: Callable[..., Path],
    record_property: Callable[[str, object], None],
) -> None:
    clips = {2.5: "en/bargein_03_slt.wav", 9.0: "en/name_00_slt.wav"}
    page = open_page(speech_wav(clips, seconds=60))
    page.click("#call")
    phone = connected(page)
    until_sound(page)
    expect(phone.row("bot").first).to_be_visible(timeout=WITHIN_MS)
    expect(phone.row("caller", "Sarah").first).to_be_visible(timeout=WITHIN_MS)
    expect(phone.row("bot.interrupted").first).to_be_visible()
    page.locator("#transcript .row.caller:has-text('Sarah') ~ .row.bot").first.wait_for(
        timeout=WITHIN_MS
    )
    page.wait_for_timeout(1500)
    spoken, answers = heard(page, "mic"), heard(page, "far")
    barged = next(start for start, end in spoken if any(a < start < e for a, e in answers))
    stopped = next(end for start, end in answers if start < barged < end)
    asked = spoken[-1][1]
    answered = next(start for start, _ in answers if start > asked)
    print(f"barge-in {stopped - barged:.0f} ms, response {answered - asked:.0f} ms")
    record_property("barge_in_ms", stopped - barged)
    record_property("response_ms", answered - asked)
    assert stopped - barged < 2000
    assert answered - asked < 4000
    expect(page.locator("#quality")).to_contain_text("Loss")
    picture(page, "in-call-desktop")
    page.keyboard.press("5")
    expect(phone.row("caller", "5").first).to_be_visible(timeout=WITHIN_MS)
    page.click("#hold")
    phone.until("softphone.state === 'held'")
    page.click("#hold")
    phone.until("softphone.state !== 'held'")
    page.click("#call")
    phone.until("softphone.state === 'ended'")
    wait_for(lambda: not house.channels(), 10)


def test_the_pages_socket_is_cut_in_a_call(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#call")
    phone = connected(page)
    page.evaluate("ear.cut()")
    phone.until("softphone.stats.freeswitch === 'lost'")
    phone.until("softphone.stats.freeswitch === 'up'")
    until_sound(page, now(page))  # the bot asks again
    assert phone.stats["attaches"] == 0
    page.keyboard.press("1")
    expect(phone.row("caller", "1").first).to_be_visible(timeout=WITHIN_MS)
    phone.hang_up()


def test_mod_verto_is_cut_in_a_call(house: House, wire: Relay, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#call")
    phone = connected(page)
    assert wire.cut() >= 1
    phone.until("softphone.stats.attaches === 1", 15)
    phone = connected(page)
    until_sound(page, now(page))
    phone.hang_up()


def test_the_page_is_reloaded_in_a_call(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#call")
    phone = connected(page)
    phone.until("softphone.stats.sessionId !== ''")
    session = phone.stats["sessionId"]
    page.reload()
    phone.until("softphone.stats.attaches === 1", 15)
    phone = connected(page)
    until_sound(page, 0)
    assert phone.stats["sessionId"] == session
    phone.hang_up()


def test_freeswitch_hangs_up(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#call")
    phone = connected(page)
    house.switch.api(f"uuid_kill {phone.stats['callId']}")
    phone.until("softphone.state === 'ended'")


def test_a_call_to_the_page_is_answered(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    caller = "{origination_caller_id_name='<b>Eve</b>',origination_caller_id_number=5551000}"
    house.switch.api(
        f"bgapi originate {caller}user/1019 &playback(tone_stream://%(400,400,440);loops=-1)"
    )
    expect(page.locator("#ringing-who")).to_contain_text("<b>Eve</b> · 5551000", timeout=WITHIN_MS)
    picture(page, "ringing-desktop")
    page.click("#answer")
    phone = connected(page)
    until_sound(page)
    assert phone.state == "in_call"
    page.click("#call")
    phone.until("softphone.state === 'ended'")


def test_a_call_to_the_page_is_refused(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    house.switch.api("bgapi originate user/1019 &park")
    page.click("#reject", timeout=WITHIN_MS)
    expect(page.locator("#ringing")).to_be_hidden()
    wait_for(lambda: not house.channels(), 5)


def test_a_number_that_may_not_be_called(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.fill("#number", "+1 900 555 1234")
    page.click("#call")
    assert "may not be called" in Softphone(page).fault()
    picture(page, "refused-desktop")
    assert house.channels() == 0


def test_an_allowed_number_outside(
    house: House, outside: SipPhone, open_page: Callable[..., Page]
) -> None:
    with house.caller() as handset:  # a phone has no way out, allowed or not
        handset.dial("+12025550199")
        assert handset.ended.wait(10)
        assert handset.codes[-1] == 404
    page = open_page()
    page.fill("#number", "12025550199")  # allowed here, but not the whole number: FreeSWITCH is strict
    page.click("#call")
    Softphone(page).until("softphone.state === 'ended'")
    page.fill("#number", "+1 202 555 0199")
    page.click("#call")
    phone = connected(page)
    assert outside.answered.wait(10)
    assert outside.invitation is not None
    assert "+12025550199" in outside.invitation.get("to")
    assert OURS in outside.invitation.get("from")
    assert "Web caller" not in outside.invitation.get("from")
    phone.hang_up()
    assert outside.ended.wait(10)


def test_an_agent_takes_the_caller_over(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#stand-by")
    expect(page.locator("#stand-by")).to_have_attribute("aria-pressed", "true")
    with house.caller() as handset, PhoneCaller(handset.dial("7042")) as caller:
        caller.waits_for_reply()
        caller.says("my name is Sarah Johnson")
        expect(page.locator("#card-summary")).to_contain_text("Sarah Johnson", timeout=WITHIN_MS)
        expect(page.locator("#card-slots")).to_contain_text("Sarah Johnson")
        expect(page.locator("#card-said .row.caller")).to_contain_text("Sarah")
        expect(page.locator("#card-said .row.bot").first).to_contain_text("May I have your name")
        picture(page, "agent-card-desktop")
        page.click("#answer", timeout=WITHIN_MS)
        phone = connected(page)
        expect(page.locator("#card-outcome")).to_contain_text("You are talking to the caller")
        wait_for(lambda: not house.sessions(), 10)
        assert house.channels() == 2
        phone.page.click("#call")
        assert handset.ended.wait(10)


def test_caller_and_agent_are_written_down(
    house: House,
    open_page: Callable[..., Page],
    speech_wav: Callable[..., Path],
    record_property: Callable[[str, object], None],
) -> None:
    page = open_page(speech_wav({6.0: "en/choice_00_slt.wav"}, seconds=40))
    page.click("#stand-by")
    expect(page.locator("#stand-by")).to_have_attribute("aria-pressed", "true")
    with house.caller() as handset, PhoneCaller(handset.dial("7042")) as caller:
        caller.waits_for_reply()
        caller.says("my name is Sarah Johnson")
        session_id = house.sessions()[0]["session_id"]
        page.click("#answer", timeout=WITHIN_MS)
        connected(page)
        wait_for(lambda: not house.sessions(), 10)
        before, began = house.server.cpu_s(), now(page)
        caller.says("hold on please")
        expect(page.locator("#card-said .row.caller:has(time)")).to_contain_text(
            re.compile("hold on", re.I), timeout=WITHIN_MS
        )
        expect(page.locator("#card-said .row.agent:has(time)")).to_have_count(1, timeout=WITHIN_MS)
        cost = (house.server.cpu_s() - before) / (now(page) - began) * 1000
        print(f"listening to both costs {cost:.3f} s of CPU per second")
        record_property("listening_cpu_share", cost)
        picture(page, "handed-over-desktop")
        page.click("#call")
        assert handset.ended.wait(10)

    def turns() -> dict[str, str]:
        told = house.server.get(f"/api/v1/sessions/{session_id}").json()["turns"]
        return {turn["by"]: turn["caller_text"] + turn["heard_text"] for turn in told}

    wait_for(lambda: "agent Web caller" in turns())
    assert "hold on" in turns()["caller"].lower()


def test_the_agent_lets_it_ring_out(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#stand-by")
    expect(page.locator("#stand-by")).to_have_attribute("aria-pressed", "true")
    with house.caller() as handset, PhoneCaller(handset.dial("7042")) as caller:
        caller.waits_for_reply()
        caller.says("my name is Sarah Johnson")
        page.locator("#ringing").wait_for(timeout=WITHIN_MS)
        expect(page.locator("#ringing")).to_be_hidden(timeout=WITHIN_MS)  # after RING_S
        expect(page.locator("#card-outcome")).to_contain_text("assistant has the caller")
        caller.waits_for_reply()  # "Nobody is there now. Goodbye."
        assert handset.ended.wait(15)


def test_nobody_takes_the_caller_over(house: House, open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click("#stand-by")
    expect(page.locator("#stand-by")).to_have_attribute("aria-pressed", "true")
    with house.caller() as handset, PhoneCaller(handset.dial("7042")) as caller:
        caller.waits_for_reply()
        caller.says("my name is Sarah Johnson")
        page.locator("#ringing").wait_for(timeout=WITHIN_MS)
        page.click("#reject")
        expect(page.locator("#card-outcome")).to_contain_text(
            "assistant has the caller", timeout=WITHIN_MS
        )
        caller.waits_for_reply()  # "Nobody is there now. Goodbye."
        assert handset.ended.wait(15)
