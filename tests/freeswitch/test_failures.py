"""What breaks in the middle of a call: FreeSWITCH, a controller, a connection, the caller's patience.

Each ends with nothing left over; where a fault concerns one call, another one goes on beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import gevent
import pytest

from tests.freeswitch.house import House
from tests.freeswitch.relay import Relay
from tests.freeswitch.sip_behaviour import RingsForever
from tests.freeswitch.switch import free_ports, wait_for
from tests.simulator.bus import Bus, CallRecord
from tests.simulator.phone_caller import PhoneCaller

pytestmark = [pytest.mark.freeswitch, pytest.mark.engines, pytest.mark.alone]

WHOLE_AGAIN_S = 10.0
DRAIN_S = 3.0
APOLOGY_MS = 3000
"""In two languages it takes longer."""
STUTTER_MS = 200
NAME = "my name is Sarah Johnson"


@dataclass(frozen=True, slots=True)
class Broken:
    """A house with two controllers, the first of which runs, and wires to cut."""

    house: House
    link: Relay
    """The controller's event socket to FreeSWITCH."""
    line: Relay
    """FreeSWITCH's sockets to the first controller, one a call. They go this way while it listens."""


@pytest.fixture(scope="module")
def broken(freeswitch_home: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    link, line = (Relay(port) for port in free_ports(2))
    house = House(
        tmp_path_factory.mktemp("broken"),
        controllers=2,
        settings={"SWITCHTALK_DRAIN_S": str(DRAIN_S)},
        line_port=line.port,
        esl_port=link.port,
    )
    link.target, line.target = house.switch.ports["ESL_PORT"], house.ports[0]
    with link:
        house.start()
        yield Broken(house, link, line)
        house.stop()


@pytest.fixture
def house(broken: Broken) -> House:
    """Whole again, whatever the test before has left of it."""
    if not broken.house.server.alive:
        broken.house.server.start()
    wait_for(broken.house.ready, WHOLE_AGAIN_S)
    return broken.house


@pytest.fixture
def bus(house: House) -> Iterator[Bus]:
    with house.bus() as bus:
        yield bus


@contextmanager
def talking(house: House, user: str, record: CallRecord | None = None) -> Iterator[PhoneCaller]:
    """A caller to whom the bot is saying its first words."""
    with house.caller(user) as phone, PhoneCaller(phone.dial("7001"), transcript=record) as caller:
        assert caller.line.wait(lambda: caller.bot_is_speaking, 5)
        yield caller


@contextmanager
def undisturbed(house: House, bus: Bus) -> Iterator[None]:
    """Another call, to whom the bot is speaking meanwhile, and which must not notice."""
    record = bus.expect("1009")
    with talking(house, "1009", record) as caller:
        yield
        is_understood(caller)
        assert not caller.stutters(STUTTER_MS)
    assert record.ended.wait(5)
    assert record.end_reason == "hangup"


def heard_ms(caller: PhoneCaller, from_ms: float) -> float:
    """How much sound there was from then on."""
    return sum(max(0.0, each.end_ms - max(each.start_ms, from_ms)) for each in caller.line.sounds)


def is_understood(caller: PhoneCaller) -> None:
    caller.waits_for_silence()
    from_ms = caller.line.now_ms
    caller.says(NAME)
    caller.waits_for_reply()
    assert "Sarah" in caller.understood(from_ms), caller.transcript()


def restart(house: House, number: int = 0) -> None:
    house.servers[number].start()
    wait_for(house.quiet, 10)


def test_freeswitch_dies_and_comes_back(house: House) -> None:
    with talking(house, "1001"):
        house.switch.kill()
        wait_for(lambda: not house.sessions(), 10)
        assert not house.ready()
    house.switch.start()
    returned = monotonic()
    wait_for(house.ready, WHOLE_AGAIN_S)
    with house.bus() as bus:
        record = bus.expect("1002")
        with talking(house, "1002", record) as caller:
            assert monotonic() - returned < WHOLE_AGAIN_S
            is_understood(caller)
    wait_for(house.quiet)


def test_freeswitch_restarts_so_fast_that_the_calls_still_wait_for_it(house: House) -> None:
    with talking(house, "1001"), talking(house, "1002"):
        house.switch.kill()
        house.switch.start(wait=False)
        wait_for(lambda: not house.sessions(), 10)
    wait_for(house.ready, WHOLE_AGAIN_S)
    wait_for(house.quiet)


def test_a_controller_dies_and_the_caller_hears_an_apology(house: House) -> None:
    with talking(house, "1001") as caller:
        house.server.kill()
        killed_ms = caller.line.now_ms
        assert caller.line.leg.ended.wait(20)
        assert heard_ms(caller, killed_ms + 500) > APOLOGY_MS
        assert caller.line.leg.cause == "NORMAL_TEMPORARY_FAILURE"
    assert house.spooled(), "the crash left nothing to clean"
    wait_for(lambda: not house.channels())
    restart(house)


def test_a_controller_dies_and_another_one_takes_the_caller(house: House) -> None:
    second = house.servers[1].start()
    try:
        with house.bus() as bus:
            record = bus.expect("1001")
            with talking(house, "1001", record) as caller:
                first = house.sessions()[0]["session_id"]
                house.server.kill()
                wait_for(second.sessions, 10)
                assert second.sessions()[0]["session_id"] != first
                caller.line.wait(lambda: caller.bot_is_speaking, 5)
                is_understood(caller)
            assert record.ended.wait(5)
        wait_for(house.quiet, 10)
    finally:
        second.stop()
    assert house.spooled(0), "the crash left nothing to clean"
    restart(house)


def test_a_controller_is_told_to_stop(house: House, bus: Bus) -> None:
    record = bus.expect("1001")
    with talking(house, "1001", record) as caller:
        caller.waits_for_reply()
        stopped_ms = caller.line.now_ms
        stopping = gevent.spawn(house.server.stop)
        wait_for(lambda: not house.ready())
        with house.caller("1002") as late:
            assert late.dial("7001").ended.wait(5)
            assert late.cause == "USER_BUSY"
        assert caller.line.leg.ended.wait(DRAIN_S + 10)
        assert heard_ms(caller, stopped_ms) > 500
        assert caller.line.leg.cause == "NORMAL_CLEARING"
    stopping.get(timeout=20)  # with exit code 0
    assert record.end_reason == "drain"
    assert not house.spooled()
    wait_for(lambda: not house.channels())
    restart(house)


def test_the_event_socket_is_cut_and_nobody_notices(broken: Broken, house: House, bus: Bus) -> None:
    record = bus.expect("1001")
    with undisturbed(house, bus), talking(house, "1001", record) as caller:
        assert broken.link.cut() == 1
        is_understood(caller)
        wait_for(house.ready, WHOLE_AGAIN_S)
    wait_for(house.quiet)


def test_the_sockets_of_all_calls_are_cut_and_they_go_on(broken: Broken, house: House, bus: Bus) -> None:
    records = [bus.expect("1001"), bus.expect("1002")]
    with (
        broken.line,
        talking(house, "1001", records[0]) as one,
        talking(house, "1002", records[1]) as other,
    ):
        before = [each["session_id"] for each in house.sessions()]
        assert broken.line.cut() == 2
        for caller in (one, other):
            is_understood(caller)
        assert [each["session_id"] for each in house.sessions()] == before
    wait_for(house.quiet)


def test_the_callers_audio_is_cut_and_comes_back(house: House, bus: Bus) -> None:
    record = bus.expect("1001")
    with undisturbed(house, bus), talking(house, "1001", record) as caller:
        for _ in range(2):
            house.switch.api(f"uuid_audio_stream {record.uuid} stop")
        is_understood(caller)
        assert record.end_reason is None
    wait_for(house.quiet)


def test_callers_leave_while_their_calls_are_set_up(house: House, bus: Bus) -> None:
    with undisturbed(house, bus):
        for after_ms in (0, 5, 20, 40, 60, 90, 120, 300):
            with house.caller("1001") as phone:
                phone.dial("7001")
                gevent.sleep(after_ms / 1000)
                phone.hang_up()
                assert phone.ended.wait(5)
        wait_for(lambda: house.channels() == 1)
        wait_for(lambda: len(house.sessions()) == 1)
    wait_for(house.quiet)


def test_a_caller_leaves_while_the_bot_speaks(house: House, bus: Bus) -> None:
    record = bus.expect("1001")
    with undisturbed(house, bus):
        with talking(house, "1001", record) as caller:
            assert len(house.sessions()) == 2
            caller.hangs_up()
        assert record.ended.wait(5)
        assert record.end_reason == "hangup"
        wait_for(lambda: house.channels() == 1)
    wait_for(house.quiet)


def test_a_caller_leaves_while_a_person_is_rung_for_them(house: House, bus: Bus) -> None:
    with undisturbed(house, bus), house.caller("1007") as person:
        person.behaviour = RingsForever()
        person.registers()
        record = bus.expect("1001")
        with talking(house, "1001", record) as caller:
            wait_for(lambda: record.session_id)
            asked = gevent.spawn(
                house.post, f"/sessions/{record.session_id}/transfer", {"destination": "1007"}
            )
            assert person.ringing.wait(5)
            caller.hangs_up()
        assert person.ended.wait(5)
        assert asked.get(timeout=5).json()["error"]["code"] == "cancelled"
        assert record.ended.wait(5)
    wait_for(house.quiet)
