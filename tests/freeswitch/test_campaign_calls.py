"""A campaign's calls with ears and a voice: who answers is a person, or a machine, and is treated so.

With a whole server, over the simulated FreeSWITCH; the first word of a call, which is lost so easily,
over a real one too. Those who answer speak with another voice than the bot does.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gevent.event import Event

from controller.campaign_desk import open_desk
from controller.configure import load
from controller.dialer.desk import CampaignDesk, ImportChoice
from controller.dialer.model import Attempt
from controller.dialer.windows import Weekday
from media.pool import EnginePool
from media.resample import resample
from media.tts import factory as voices
from media.tts.base import Clip as Spoken
from tests.freeswitch.house import House as RealHouse
from tests.freeswitch.house import server_settings
from tests.freeswitch.sip_phone import SipPhone
from tests.freeswitch.switch import CONFIGURATION, SECRETS, free_ports, wait_for
from tests.simulator.audio import Clip, make_clip, tone
from tests.simulator.freeswitch.handset import Handset
from tests.simulator.freeswitch.simulator import FakeFreeSwitch
from tests.simulator.phone_caller import PhoneCaller
from tests.simulator.server_process import ServerProcess

pytestmark = pytest.mark.engines

RATE = 8000
HELLOS_MS = (300, 100, 0)  # a fresh FreeSWITCH's first call begins to be heard some 0.2 s late
"""After the answer; 400 ms from the end of the hello to the greeting are aimed at."""
PERSON, MACHINE, RECORDER = "+442079460001", "+442079460002", "+442079460003"
DOUBTFUL = "+442079460004"
GREETING = (
    "You have reached the voicemail of John Smith. I can't come to the phone right now. "
    "Please leave a message after the tone."
)
ALWAYS = {day.name.lower(): ["00:00-24:00"] for day in Weekday}


@dataclass
class House:
    """A server, its FreeSWITCH, and an operator's desk. `phone(number)`: one that can be called."""

    phone: Callable[[str], AbstractContextManager[Handset | SipPhone]]
    server: ServerProcess
    desk: CampaignDesk
    home: Path

    def calls(self, name: str, number: str, **settings: Any) -> None:
        """A campaign with this one contact, started."""
        self.desk.create(name, {"bot": "reminder_en", "windows": ALWAYS, **settings})
        people = self.home / f"{name}.csv"
        people.write_text(
            "number,name,account_tail,amount,currency,due_date\n"
            f"{number},John Smith,8315,80,EUR,2026-03-01\n"
        )
        assert self.desk.import_file(name, people, ImportChoice()).accepted == 1
        self.desk.start(name)

    def ended(self, name: str) -> Attempt:
        """Its attempt, once it is on record."""
        wait_for(lambda: [one for one in self.desk.recent(name) if one.ended_at], 20)
        (attempt,) = self.desk.recent(name)
        return attempt


def campaign_settings(home: Path) -> dict[str, str]:
    """Of a server that calls the numbers above; a campaign may say over which gateway."""
    outbound = "SWITCHTALK_FREESWITCH__OUTBOUND__"
    return {
        f"{outbound}ALLOWED": r'["\\+44\\d+"]',
        f"{outbound}GATEWAY": "trunk",
        "SWITCHTALK_DATABASE__URL": f"sqlite:///{home / 'switchtalk.db'}",
    }


@contextmanager
def opened_desk(home: Path) -> Iterator[CampaignDesk]:
    with open_desk(load(None, {"database.url": f"sqlite:///{home / 'switchtalk.db'}"})) as desk:
        yield desk


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("campaigns")
    switch = FakeFreeSwitch(password=SECRETS["ESL_PASSWORD"], temp_dir=home)
    (port,) = free_ports(1)
    with ExitStack() as stack:
        switch.start()
        stack.callback(switch.stop)
        settings = {**server_settings(switch.esl_port, port, home), **campaign_settings(home)}
        del settings["SWITCHTALK_VAR_DIR"]  # prompts that were made before are used again
        desk = stack.enter_context(opened_desk(home))
        server = ServerProcess(settings=settings)
        stack.callback(server.kill)
        server.start()
        yield House(lambda number: Handset(switch, number).registers(), server, desk, home)
        server.stop()


@pytest.fixture(scope="module")
def real_house(freeswitch_home: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("campaigns")
    copy = home / "conf" / "freeswitch_conf"
    shutil.copytree(CONFIGURATION, copy)
    shutil.copytree(CONFIGURATION.parent / "dialplans", copy.parent / "dialplans")
    real = RealHouse(home, settings=campaign_settings(home), configuration=copy)

    def phone(number: str) -> SipPhone:
        """Behind a gateway of its own, which is called as it is."""
        made = SipPhone(("127.0.0.1", real.switch.ports["TRUNK_SIP_PORT"]), number)
        values = {
            "proxy": f"127.0.0.1:{made.port}",
            "username": "us",
            "password": "-",
            "register": "false",
        }
        params = "".join(f'<param name="{name}" value="{value}"/>' for name, value in values.items())
        gateway = f'<gateway name="{gateway_of(number)}">{params}</gateway>'
        folder = copy / "sip_profiles" / "external"
        (folder / f"{gateway_of(number)}.xml").write_text(f"<include>\n{gateway}\n</include>\n")
        real.switch.api("sofia profile external rescan")
        wait_for(lambda: gateway_of(number) in real.switch.api("sofia status"))
        return made

    with opened_desk(home) as desk:
        real.start()
        yield House(phone, real.server, desk, home)
        real.stop()


def gateway_of(number: str) -> str:
    return f"to{number.lstrip('+')}"


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Clip]]:
    """`speech("hello")`: the words in Piper's voice, as a phone sends them."""
    pool = EnginePool(1)
    cache = tmp_path_factory.mktemp("speech")
    voice = voices.create("piper", "en", "", pool, cache, cache)

    def said(text: str) -> Clip:
        pieces: list[bytes] = []
        done = Event()

        def take(part: Spoken) -> None:
            pieces.append(resample(part.pcm, part.rate, RATE))
            if part.last:
                done.set()

        voice.speak(text, take, lambda error: pytest.fail(str(error)))
        assert done.wait(20)
        return make_clip(np.frombuffer(b"".join(pieces), "<i2"), RATE, text, "speech")

    yield said
    pool.close()


@pytest.mark.alone
def test_a_person_is_greeted_at_once_and_never_called_again_when_they_say_so(
    house: House, speech: Callable[[str], Clip]
) -> None:
    hello, stop = speech("Hello?"), speech("Stop calling me, please.")
    with house.phone(PERSON) as phone:
        house.calls("people", PERSON)
        with PhoneCaller(phone) as caller:
            caller.says(hello)
            caller.waits_for_reply()
            print(f"greeted after {caller.turns[0].response_ms} ms")  # a fresh server's first call
            for _ in range(3):  # a synthetic voice is sometimes misheard, and says it again
                caller.says(stop)
                if phone.ended.wait(12):
                    break
    attempt = house.ended("people")
    assert (attempt.disposition, attempt.cause) == ("do_not_call", "NORMAL_CLEARING")
    assert [entry.number for entry in house.desk.do_not_call_page()] == [PERSON]
    assert attempt.began_at <= attempt.answered_at <= attempt.ended_at  # type: ignore[operator]
    assert attempt.session_id
    assert house.desk.do_not_call().is_listed(PERSON)


def is_heard_and_greeted(
    house: House, hello: Clip, number: str, after_ms: float, **settings: Any
) -> float:
    """Whoever says hello so long after the answer; returns how long that took, ms."""
    name = f"hello{number[-2:]}"
    with house.phone(number) as phone:
        house.calls(name, number, **settings)
        with PhoneCaller(phone) as caller:
            caller.waits(after_ms)
            caller.says(hello)
            caller.waits_for_reply()
            greeted_ms = caller.turns[0].response_ms
    session = house.server.get(f"/api/v1/sessions/{house.ended(name).session_id}").json()
    first = next(turn for turn in session["turns"] if turn["caller_text"])
    print(f"hello after {after_ms} ms: {first['caller_text']!r}, greeted after {greeted_ms} ms")
    assert first["by"] == "speech", session["turns"]  # and not because nothing was heard
    assert "hello" in first["caller_text"].lower()
    assert greeted_ms is not None
    return greeted_ms


@pytest.mark.alone
@pytest.mark.parametrize("after_ms", HELLOS_MS)
def test_a_hello_right_after_the_answer_is_heard(
    house: House, speech: Callable[[str], Clip], after_ms: int
) -> None:
    number = f"+4420794610{after_ms // 10:02}"
    assert is_heard_and_greeted(house, speech("Hello?"), number, after_ms) < 1500


@pytest.mark.alone
@pytest.mark.freeswitch
@pytest.mark.parametrize("after_ms", HELLOS_MS)
def test_a_hello_right_after_the_answer_is_heard_over_a_real_freeswitch(
    real_house: House, speech: Callable[[str], Clip], after_ms: int
) -> None:
    number = f"+4420794610{after_ms // 10:02}"
    gateway = gateway_of(number)
    greeted_ms = is_heard_and_greeted(real_house, speech("Hello?"), number, after_ms, gateway=gateway)
    assert greeted_ms < 1500


def test_a_machine_is_hung_up_on(house: House, speech: Callable[[str], Clip]) -> None:
    greeting = speech(GREETING)
    with house.phone(MACHINE) as phone:
        house.calls("machines", MACHINE)
        with PhoneCaller(phone) as caller:
            caller.says(greeting)
            assert phone.ended.wait(10)
            assert not caller.line.sounds, "the bot talked to a machine"
    assert house.ended("machines").disposition == "machine"


@pytest.mark.alone
def test_a_machine_that_says_hello_first_is_greeted_and_found_out(
    house: House, speech: Callable[[str], Clip]
) -> None:
    hello, greeting = speech("Hello."), speech(GREETING)
    with house.phone(DOUBTFUL) as phone:
        house.calls("doubtful", DOUBTFUL)
        with PhoneCaller(phone) as caller:
            caller.says(hello)
            caller.waits(900)
            caller.says(greeting)
            assert phone.ended.wait(10)
            assert caller.line.sounds, "nobody was greeted"
    attempt = house.ended("doubtful")
    assert attempt.disposition == "machine"


def test_a_machine_gets_its_message_after_the_beep(house: House, speech: Callable[[str], Clip]) -> None:
    greeting, beep = speech(GREETING), tone(1000, 400, rate=RATE)
    with house.phone(RECORDER) as phone:
        message = "This is Larkfield Energy. Please call us back."
        house.calls("messages", RECORDER, machine="leave_message", message=message)
        with PhoneCaller(phone) as caller:
            caller.says(greeting)
            caller.waits(600)
            caller.says(beep)
            assert phone.ended.wait(15)
            began_ms = min(sound.start_ms for sound in caller.line.sounds)
            after_ms = began_ms - caller.said[-1].end_ms
            print(f"message {after_ms} ms after the beep")
            assert after_ms > 0, "the beginning is not on the machine"
    assert house.ended("messages").disposition == "machine_message"
