"""A campaign's calls with ears and a voice: who answers is a person, or a machine, and is treated so.

Over the simulated FreeSWITCH, with a whole server. Those who answer speak with another voice than the
bot does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
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
from tests.freeswitch.house import server_settings
from tests.freeswitch.switch import SECRETS, free_ports, wait_for
from tests.simulator.audio import Clip, make_clip, tone
from tests.simulator.freeswitch.handset import Handset
from tests.simulator.freeswitch.simulator import FakeFreeSwitch
from tests.simulator.phone_caller import PhoneCaller
from tests.simulator.server_process import ServerProcess

pytestmark = pytest.mark.engines

RATE = 8000
PERSON, MACHINE, RECORDER = "+442079460001", "+442079460002", "+442079460003"
GREETING = (
    "You have reached the voicemail of John Smith. I can't come to the phone right now. "
    "Please leave a message after the tone."
)
ALWAYS = {day.name.lower(): ["00:00-24:00"] for day in Weekday}


@dataclass
class House:
    """A server, its FreeSWITCH, and an operator's desk."""

    switch: FakeFreeSwitch
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


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("campaigns")
    url = f"sqlite:///{home / 'switchtalk.db'}"
    switch = FakeFreeSwitch(password=SECRETS["ESL_PASSWORD"], temp_dir=home)
    (port,) = free_ports(1)
    with ExitStack() as stack:
        switch.start()
        stack.callback(switch.stop)
        outbound = "SWITCHTALK_FREESWITCH__OUTBOUND__"
        settings = {
            **server_settings(switch.esl_port, port, home),
            f"{outbound}ALLOWED": r'["\\+44\\d+"]',
            f"{outbound}GATEWAY": "trunk",
            "SWITCHTALK_DATABASE__URL": url,
        }
        del settings["SWITCHTALK_VAR_DIR"]  # prompts that were made before are used again
        desk = stack.enter_context(open_desk(load(None, {"database.url": url})))
        server = ServerProcess(settings=settings)
        stack.callback(server.kill)
        server.start()
        yield House(switch, server, desk, home)
        server.stop()


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
    with Handset(house.switch, PERSON).registers() as phone:
        house.calls("people", PERSON)
        with PhoneCaller(phone) as caller:
            caller.waits(600)  # the telephone is brought to the ear
            caller.says(hello)
            caller.waits_for_reply()
            greeted_ms = caller.turns[0].response_ms
            print(f"greeted after {greeted_ms} ms")
            caller.says(stop)
            assert phone.ended.wait(20)
    attempt = house.ended("people")
    assert greeted_ms is not None
    assert greeted_ms < 1500  # 400 is aimed at; this machine may be busy
    assert (attempt.disposition, attempt.cause) == ("do_not_call", "NORMAL_CLEARING")
    assert [entry.number for entry in house.desk.do_not_call_page()] == [PERSON]
    assert attempt.began_at <= attempt.answered_at <= attempt.ended_at  # type: ignore[operator]
    assert attempt.session_id
    assert house.desk.do_not_call().is_listed(PERSON)


def test_a_machine_is_hung_up_on(house: House, speech: Callable[[str], Clip]) -> None:
    greeting = speech(GREETING)
    with Handset(house.switch, MACHINE).registers() as phone:
        house.calls("machines", MACHINE)
        with PhoneCaller(phone) as caller:
            caller.says(greeting)
            assert phone.ended.wait(10)
            assert not caller.line.sounds, "the bot talked to a machine"
    assert house.ended("machines").disposition == "machine"


def test_a_machine_gets_its_message_after_the_beep(house: House, speech: Callable[[str], Clip]) -> None:
    greeting, beep = speech(GREETING), tone(1000, 400, rate=RATE)
    with Handset(house.switch, RECORDER).registers() as phone:
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
