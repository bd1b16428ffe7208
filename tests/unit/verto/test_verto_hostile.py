"""Strangers at /ws/verto."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import pytest
import websocket

from tests.simulator.verto.server import FakeVerto
from tests.unit.verto.conftest import SDP, Door, TestPage

Page = Callable[..., TestPage]


def end(page: TestPage) -> int:
    """Read to the end; the close code."""
    while page.read():
        pass
    return page.closed


def test_nobody_gets_in_without_being_known(page: Page, door: Door) -> None:
    nobody = page("", ready=False)
    assert nobody.until(type="error")["code"] == "not_allowed"
    assert end(nobody) == 1008
    assert len(door.switchboard) == 0


@pytest.mark.parametrize(
    "first", ["{}", "null", '{"type":"hi"}', '{"type":"hello","resume":7}', "x" * 70_000]
)
def test_without_a_hello_it_is_over(gateway: str, door: Door, first: str) -> None:
    socket = websocket.create_connection(f"{gateway}?ada", timeout=5)
    socket.send(first)
    opcode = None
    while opcode != websocket.ABNF.OPCODE_CLOSE:
        opcode, data = socket.recv_data()
    assert int.from_bytes(data[:2], "big") in (1008, 1009)
    assert len(door.switchboard) == 0


def test_another_pages_origin_is_refused(gateway: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"{gateway}?ada", timeout=5, origin="https://evil.example")
    assert refused.value.status_code == 403


@pytest.mark.parametrize("method", ["login", "jsapi", "verto.subscribe", "verto.broadcast"])
def test_a_method_that_is_not_allowed(page: Page, verto: FakeVerto, method: str) -> None:
    ada = page()
    seen = len(verto.requests)
    assert ada.ask(method, str(uuid4()), passwd="x", command="fsapi")["code"] == -32601
    assert len(verto.requests) == seen


def test_a_frame_of_a_megabyte_closes_the_socket_and_no_call(page: Page, verto: FakeVerto) -> None:
    ada, bob = page(), page("bob")
    call = bob.call("7000")
    with suppress(OSError):  # closed before all of it was sent
        ada.socket.send(json.dumps({"id": 1, "method": "verto.info", "params": {"x": "y" * 1_000_000}}))
    assert end(ada) == 1009
    assert bob.ask("verto.info", call, dtmf="1") == {"message": "SENT"}


def test_a_thousand_frames_at_once_end_in_1008(page: Page, verto: FakeVerto) -> None:
    ada = page()
    ping = json.dumps({"id": 1, "method": "verto.info", "params": {}})
    with suppress(OSError):  # closed before all were sent
        for _ in range(1000):
            ada.socket.send(ping)
    assert end(ada) == 1008
    assert any(each.get("error", {}).get("code") == -32012 for each in ada.got)
    assert not any(r["method"] == "verto.info" for r in verto.requests)


def test_nonsense_is_answered_twenty_times(page: Page) -> None:
    ada = page()
    for _ in range(20):
        ada.socket.send("not json")
    assert end(ada) == 1008
    assert sum(each.get("error", {}).get("code") == -32600 for each in ada.got) == 19


def test_calls_of_one_page_are_bounded(page: Page, door: Door) -> None:
    ada = page()
    for _ in range(4):
        ada.call("7000")
    refused = ada.ask("verto.invite", str(uuid4()), {"destination_number": "7000"}, sdp=SDP)
    assert refused["code"] == -32011
    assert door.destinations.held == 4


def test_pages_of_one_person_and_of_all_are_bounded(page: Page) -> None:
    for _ in range(3):
        page()
    fourth = page(ready=False)
    assert fourth.until(type="error")["code"] == "server_full"
    assert end(fourth) == 1013


def test_the_login_never_reaches_the_page(page: Page) -> None:
    ada = page()
    ada.call("7000")
    seen = json.dumps(ada.got)
    assert "1234" not in seen
    assert "sessid" not in seen
    assert "variables" not in seen
