"""Whole phone calls: a phone, FreeSWITCH, the server; words that are spoken, understood and answered.

Each is held twice: over the simulated FreeSWITCH, and over a real one with this repository's
configuration, where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from tests.freeswitch.house import House
from tests.freeswitch.simulated_house import SimulatedHouse
from tests.freeswitch.sip_behaviour import Answers, Behaviour, Refuses, RingsForever
from tests.freeswitch.switch import wait_for
from tests.simulator.bus import Bus
from tests.simulator.phone_caller import PhoneCaller

pytestmark = pytest.mark.engines

RESPONSE_LIMIT_MS = 1500
"""The contract; what is aimed at is measured by `make bench-calls REAL=1`."""


@pytest.fixture(scope="module", params=["simulated", "real"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House | SimulatedHouse]:
    home = tmp_path_factory.mktemp("house")
    if request.param == "real":
        request.getfixturevalue("freeswitch_home")
        house: House | SimulatedHouse = House(home).start()
    else:
        house = SimulatedHouse(home).start()
    yield house
    house.stop()


@pytest.fixture
def bus(house: House) -> Iterator[Bus]:
    with house.bus() as bus:
        yield bus


@pytest.mark.alone
def test_an_appointment_is_made_by_phone(house: House, bus: Bus) -> None:
    record = bus.expect("1001")
    with house.caller() as phone, PhoneCaller(phone.dial("7001"), transcript=record) as caller:
        caller.waits_for_reply()
        caller.says("my name is Sarah Johnson")
        assert "day" in caller.waits_for_reply()
        caller.says("Thursday at ten")
        caller.waits_for_reply()
        for _ in range(4):
            if phone.ended.is_set() or "correct" in caller.bot_text(caller.said[-1].start_ms):
                break
            caller.says("tomorrow morning" if "day" in caller.bot_text() else "yes please")
            caller.waits_for_reply()
        said = [turn.said.text for turn in caller.turns]
        answered = [turn.response_ms for turn in caller.turns if turn.response_ms is not None]
        assert len(answered) == len(said), caller.transcript()
        assert max(answered) < RESPONSE_LIMIT_MS, caller.transcript()
        assert "Sarah" in caller.understood()
    assert record.ended.wait(5)
    assert record.end_reason in ("booked", "hangup")
    wait_for(house.quiet)


@pytest.mark.alone
def test_the_bot_is_interrupted_and_goes_silent(house: House, bus: Bus) -> None:
    record = bus.expect("1002")
    with house.caller("1002") as phone, PhoneCaller(phone.dial("7001"), transcript=record) as caller:
        caller.interrupts("wait a second", after_ms=600)
        caller.waits_for_reply()
        turn = caller.turns[-1]
        assert turn.barge_in_ms is not None
        assert turn.barge_in_ms < 500
        assert "second" in caller.understood().lower()
    wait_for(house.quiet)


@pytest.mark.parametrize("press", ["press", "press_by_info"])
def test_a_survey_is_answered_with_keys_recorded_and_hung_up_by_the_bot(
    house: House, bus: Bus, press: str
) -> None:
    record = bus.expect("1003")
    with house.caller("1003") as phone, PhoneCaller(phone.dial("7003"), transcript=record) as caller:
        caller.waits_for_reply()
        getattr(phone, press)("1")
        caller.line.wait(lambda: len(record.turns) >= 2, 10)
        caller.waits_for_silence()
        getattr(phone, press)("4")
        caller.line.wait(lambda: len(record.turns) >= 3, 10)
        caller.waits_for_silence()
        caller.says("thank you that is all")
        assert phone.ended.wait(20)
        assert phone.cause == "NORMAL_CLEARING"
    assert [turn["caller_text"] for turn in record.turns if turn["by"] == "dtmf"] == ["1", "4"], (
        record.turns
    )
    wait_for(house.quiet)
    wait_for(lambda: list((house.home / "recordings").glob(f"{record.session_id}.wav")))


@pytest.mark.parametrize(
    ("behaviour", "disposition", "ring_s"),
    [
        (Refuses(486), "busy", 10),
        (Refuses(603), "rejected", 10),
        (Refuses(404), "invalid", 10),
        (Refuses(480), "no_answer", 10),
        (Refuses(503), "failed", 10),
        (Refuses(486, 500, early_media=True), "busy", 10),
        (RingsForever(), "no_answer", 5),
    ],
    ids=str,
)
def test_calls_that_nobody_answers(
    house: House, behaviour: Behaviour, disposition: str, ring_s: int
) -> None:
    with house.caller("1004") as phone:
        phone.behaviour = behaviour
        phone.registers()
        call = house.post("/calls", {"number": "1004", "bot": "survey_en", "ring_s": ring_s}).json()
        ended = wait_ended(house, call["call_id"])
        assert ended["disposition"] == disposition, ended
        assert ended["session_id"] is None
    wait_for(house.quiet)


def test_a_call_out_is_answered_and_the_bot_talks_only_then(house: House, bus: Bus) -> None:
    with house.caller("1005") as phone:
        phone.behaviour = Answers(1500)
        phone.registers()
        call = house.post("/calls", {"number": "1005", "bot": "appointment_en"}).json()
        wait_for(
            lambda: house.server.get(f"/api/v1/calls/{call['call_id']}").json()["state"] == "ringing"
        )
        assert not house.sessions()
        assert phone.answered.wait(5)
        with PhoneCaller(phone) as caller:
            caller.waits_for_reply()
            caller.says("my name is Sarah Johnson")
            caller.waits_for_reply()
            assert caller.turns[0].response_ms is not None
        ended = wait_ended(house, call["call_id"])
        assert ended["disposition"] == "completed"
        assert ended["session_id"]
    wait_for(house.quiet)


def test_a_number_that_must_not_be_called(house: House) -> None:
    refused = house.post("/calls", {"number": "+19005550100"})
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "destination_not_allowed"


@pytest.mark.parametrize("mode", ["attended", "blind"])
def test_a_caller_is_handed_to_a_person(house: House, mode: str) -> None:
    with house.caller("1006") as phone, house.caller("1007") as person:
        person.behaviour = Answers(1000)
        person.registers()
        with PhoneCaller(phone.dial("7001")) as caller:
            caller.waits(2500)
            session = house.sessions()[0]["session_id"]
            asked = gevent.spawn(
                house.post, f"/sessions/{session}/transfer", {"destination": "1007", "mode": mode}
            )
            assert person.answered.wait(10)
            heard: list[int] = []
            person.on_audio = lambda frame: heard.append(max(frame))
            assert asked.get(timeout=10).status_code == 200
            wait_for(lambda: not house.sessions())
            caller.says("my name is Sarah Johnson")
            assert max(heard[-50:]) > 20
            assert not phone.ended.is_set()
            person.hang_up()
            assert phone.ended.wait(5)
    wait_for(house.quiet)


def test_the_bot_takes_the_caller_back(house: House) -> None:
    with house.caller("1006") as phone, house.caller("1007") as person:
        person.behaviour = Refuses(486, 1000)
        person.registers()
        with PhoneCaller(phone.dial("7001")) as caller:
            caller.waits_for_reply()
            session = house.sessions()[0]["session_id"]
            answer = house.post(f"/sessions/{session}/transfer", {"destination": "1007"})
            assert answer.status_code == 409
            assert answer.json()["error"]["code"] == "busy"
            caller.waits_for_silence()
            caller.says("my name is Sarah Johnson")
            caller.waits_for_reply()
    wait_for(house.quiet)


def test_a_call_is_one_channel_and_leaves_none(house: House) -> None:
    with house.caller("1008") as phone, PhoneCaller(phone.dial("7001")) as caller:
        caller.waits_for_reply()
        assert house.channels() == 1
    wait_for(house.quiet)


def wait_ended(house: House, call_id: str) -> dict[str, Any]:
    """The call, once it has ended."""
    found: dict[str, Any] = {}

    def look() -> bool:
        found.update(house.server.get(f"/api/v1/calls/{call_id}").json())
        return found["state"] == "ended"

    wait_for(look, 30)
    return found
