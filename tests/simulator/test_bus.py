"""What is told on the bus reaches the record of the right call, whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gevent import socket

from tests.simulator.bus import Bus, BusFailed
from tests.simulator.freeswitch.simulator import FakeFreeSwitch

LIMIT_S = 5


@pytest.fixture
def switch() -> Iterator[FakeFreeSwitch]:
    fake = FakeFreeSwitch(password="secret")
    fake.start()
    yield fake
    fake.stop()


def tell(switch: FakeFreeSwitch, subclass: str, uuid: str, body: str) -> None:
    """As a controller does it, on a connection of its own."""
    event = f"sendevent CUSTOM\nEvent-Subclass: switchtalk::{subclass}\nUnique-ID: {uuid} \n"
    event += f"Session-ID: s1\nContent-Length: {len(body.encode())}\n\n{body}"
    with socket.create_connection(("127.0.0.1", switch.esl_port)) as sender:
        sender.sendall(f"auth secret\n\n{event}exit\n\n".encode())
        while sender.recv(4096):
            pass


def test_turns_tools_and_the_end_belong_to_their_call(switch: FakeFreeSwitch) -> None:
    with Bus("127.0.0.1", switch.esl_port, "secret") as bus:
        mine, other = bus.expect("1001"), bus.expect("1002")
        phones = [switch.call("9001", caller=caller) for caller in ("1001", "1002")]
        assert all(phone.answered.wait(LIMIT_S) for phone in phones)
        tell(switch, "turn", phones[0].uuid, '{"turn": 1, "caller_text": "星期四: 三点\\n%41"}')
        tell(switch, "tool", phones[1].uuid, '{"name": "hangup", "ok": true}')
        tell(switch, "session_ended", phones[1].uuid, '{"reason": "booked"}')
        tell(switch, "session_ended", phones[0].uuid, '{"reason": "hangup"}')
        assert mine.ended.wait(LIMIT_S)
        assert other.ended.wait(LIMIT_S)
    assert [turn["caller_text"] for turn in mine()] == ["星期四: 三点\n%41"]
    assert (mine()[0]["number"], mine.session_id, mine.end_reason) == (1, "s1", "hangup")
    assert (other.tools[0]["name"], other.end_reason) == ("hangup", "booked")


def test_a_wrong_password_is_an_error(switch: FakeFreeSwitch) -> None:
    with pytest.raises(BusFailed, match="auth"), Bus("127.0.0.1", switch.esl_port, "wrong"):
        pass
