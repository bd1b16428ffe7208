"""The desk, REST and `switchtalk call` over a simulated FreeSWITCH: from the words to the phone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gevent
import pytest
from rich.console import Console

from controller.call_command import Server, ServerSaysNo, make_call
from controller.gateway.phone_ports import CallRequest, PhoneRefused
from controller.gateway.server import GatewayServer, create_app, serve
from controller.phone_desk import Desk
from controller.tools.base import ToolError
from tests.integration.telephony.house import LIMIT_S, House, wait_for
from tests.login import KEY
from tests.simulator.freeswitch.phones import Answers, Busy, NoAnswer
from tests.unit.gateway.fakes import make_deps


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as house:
        yield house


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house.telephony)


@pytest.fixture
def gateway(desk: Desk) -> Iterator[GatewayServer]:
    server = serve(create_app(replace(make_deps(), phone=desk)), "127.0.0.1", 0)
    yield server
    server.stop(timeout=1)


def test_a_call_from_order_to_end(house: House, desk: Desk) -> None:
    house.freeswitch.phone("1005", Answers(100))
    call_id = desk.place(CallRequest("1005", "other"))["call_id"]
    session = house.opener.opened.get(timeout=LIMIT_S)
    wait_for(lambda: desk.find(call_id)["state"] == "talking")
    assert desk.find(call_id)["session_id"] == session.session_id
    phone = house.freeswitch.answered_phones.get(timeout=LIMIT_S)
    desk.send_dtmf(call_id, "42#")
    wait_for(lambda: phone.pressed_here == ["4", "2", "#"])
    desk.hang_up(call_id)
    assert phone.ended.wait(LIMIT_S)
    wait_for(lambda: desk.find(call_id)["state"] == "ended")
    assert session.calls == [("hang_up", "operator")]
    assert [call["call_id"] for call in desk.recent()] == [call_id]


def test_a_call_that_rings_is_hung_up(house: House, desk: Desk) -> None:
    house.freeswitch.phone("1005", NoAnswer())
    call_id = desk.place(CallRequest("1005"))["call_id"]
    wait_for(lambda: desk.find(call_id)["state"] == "ringing")
    desk.hang_up(call_id)
    wait_for(lambda: desk.find(call_id)["state"] == "ended")
    assert desk.find(call_id)["disposition"] == "cancelled"
    with pytest.raises(PhoneRefused):
        desk.hang_up(call_id)


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        (CallRequest("9999"), 403, "destination_not_allowed"),
        (CallRequest("1005; hupall"), 403, "destination_not_allowed"),
        (CallRequest("1005", "nobody"), 400, "unknown_bot"),
        (CallRequest("1005", variables={"a b": "c"}), 400, "bad_argument"),
        (CallRequest("+4930123", gateway="tr unk"), 400, "bad_argument"),
        (CallRequest("1005", caller_id="x{y}"), 400, "bad_argument"),
    ],
)
def test_orders_that_are_refused(
    house: House, desk: Desk, order: CallRequest, status: int, code: str
) -> None:
    with pytest.raises(PhoneRefused) as refused:
        desk.place(order)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert house.telephony.guard.under_way == 0


def test_freeswitch_away(house: House, desk: Desk) -> None:
    house.freeswitch.halt("SYSTEM_SHUTDOWN")
    wait_for(lambda: not house.telephony.up)
    with pytest.raises(PhoneRefused) as refused:
        desk.place(CallRequest("1005"))
    assert refused.value.status == 503
    house.freeswitch.start()


def test_calls_that_are_not_there(desk: Desk) -> None:
    for act in (
        lambda: desk.find("nobody"),
        lambda: desk.hang_up("nobody"),
        lambda: desk.send_dtmf("nobody", "1"),
        lambda: desk.transfer("nobody", "1005", "blind"),
    ):
        with pytest.raises(PhoneRefused) as refused:
            act()
        assert refused.value.status == 404


def test_the_bots_tool_says_why_nobody_took_the_caller(house: House, desk: Desk) -> None:
    house.freeswitch.phone("1005", Busy())
    _, session = house.call()
    with pytest.raises(ToolError) as failed:
        desk.transfer_for_bot(session.session_id, "1005")
    assert (failed.value.code, failed.value.retryable) == ("busy", True)
    with pytest.raises(ToolError) as failed:
        desk.transfer_for_bot(session.session_id, "9999")
    assert failed.value.code == "destination_not_allowed"
    with pytest.raises(ToolError) as failed:
        desk.transfer_for_bot("a web session", "1005")
    assert failed.value.code == "no_phone_call"


# --- switchtalk call


def run_command(gateway: GatewayServer, number: str, *, wait: bool = True) -> tuple[int, str]:
    shown = io.StringIO()
    console = Console(file=shown, width=100)
    server = Server(f"http://127.0.0.1:{gateway.port}", KEY)
    code = make_call(console, server, {"number": number}, wait=wait)
    return code, shown.getvalue()


def test_the_command_follows_a_call_to_its_end(house: House, gateway: GatewayServer) -> None:
    house.freeswitch.phone("1005", Answers(100))
    command = gevent.spawn(run_command, gateway, "1005")
    session = house.opener.opened.get(timeout=LIMIT_S)
    wait_for(lambda: len(house.telephony.calls) == 1)
    session.end("goodbye")
    code, shown = command.get(timeout=15)
    assert code == 0
    assert "completed (NORMAL_CLEARING)" in shown


def test_the_command_says_that_the_line_was_busy(house: House, gateway: GatewayServer) -> None:
    house.freeswitch.phone("1005", Busy())
    code, shown = run_command(gateway, "1005")
    assert code == 3
    assert "busy (USER_BUSY)" in shown


def test_the_command_may_leave_at_once(house: House, gateway: GatewayServer) -> None:
    house.freeswitch.phone("1005", NoAnswer())
    assert run_command(gateway, "1005", wait=False)[0] == 0
    wait_for(lambda: house.telephony.guard.under_way == 1)


def test_the_command_is_told_no(gateway: GatewayServer) -> None:
    with pytest.raises(ServerSaysNo, match="not among the numbers"):
        run_command(gateway, "9999")


def test_the_command_without_a_server() -> None:
    with pytest.raises(ServerSaysNo, match="switchtalk run"):
        Server("http://127.0.0.1:9").place({"number": "1001"})
