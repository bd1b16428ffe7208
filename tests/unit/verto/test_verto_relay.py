"""A page's calls through the gateway, and what happens when either side goes away."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.simulator.verto.server import FakeVerto
from tests.unit.verto.conftest import SDP, Door, TestPage, wait_for

Page = Callable[..., TestPage]


def test_a_call_from_invite_to_bye(page: Page, verto: FakeVerto, door: Door) -> None:
    ada = page()
    call = ada.call("7000")
    invite = next(r for r in verto.requests if r["method"] == "verto.invite")["params"]
    assert invite["dialogParams"]["caller_id_number"] == "1011"
    assert door.destinations.held == 1
    assert ada.ask("verto.info", call, dtmf="5") == {"message": "SENT"}
    assert verto.calls[call].digits == "5"
    assert ada.ask("verto.modify", call, action="hold")["holdState"] == "held"
    assert ada.ask("verto.modify", call, action="unhold")["holdState"] == "active"
    assert ada.ask("verto.bye", call)["message"] == "CALL ENDED"
    assert door.destinations.held == 0
    assert not verto.calls


def test_freeswitch_hangs_up(page: Page, verto: FakeVerto, door: Door) -> None:
    ada = page()
    call = ada.call("1005")
    verto.hang_up(verto.calls[call], 17)
    told = ada.until(method="verto.bye")["params"]
    assert told == {"callID": call, "causeCode": 17, "cause": "USER_BUSY"}
    assert door.destinations.held == 0


def test_early_media_then_the_answer(page: Page, verto: FakeVerto) -> None:
    ada = page()
    call = str(uuid4())
    ada.ask("verto.invite", call, {"destination_number": "9008"}, sdp=SDP)
    assert ada.until(method="verto.media")["params"]["sdp"].startswith("v=0")
    verto.answer(verto.calls[call])
    assert "sdp" not in ada.until(method="verto.answer")["params"]


def test_an_incoming_call_is_answered(page: Page, verto: FakeVerto) -> None:
    ada = page()
    call = verto.ring("1011", name="<img src=x>")
    told = ada.until(method="verto.invite")["params"]
    assert told["caller_id_name"] == "<img src=x>"  # it is the page that shows it as text
    assert "callee_id_number" not in told
    ada.ask("verto.answer", call.call_id, sdp=SDP)
    assert call.answered.wait(2)


def test_an_incoming_call_is_refused(page: Page, verto: FakeVerto) -> None:
    ada = page()
    call = verto.ring("1011")
    ada.until(method="verto.invite")
    ada.ask("verto.bye", call.call_id, causeCode=17)
    assert call.over.wait(2)


def test_who_may_only_call_bots_is_never_rung(page: Page, verto: FakeVerto) -> None:
    page("guest")
    call = verto.ring("1011")
    assert call.over.wait(2)


def test_a_guest_calls_bots_only(page: Page) -> None:
    guest = page("guest")
    refused = guest.ask("verto.invite", str(uuid4()), {"destination_number": "1005"}, sdp=SDP)
    assert refused["code"] == -32011
    guest.call("7000")


@pytest.mark.parametrize("how", ["invite", "transfer"])
def test_a_destination_that_is_not_allowed(page: Page, verto: FakeVerto, how: str) -> None:
    ada = page()
    if how == "invite":
        asked = ada.ask("verto.invite", str(uuid4()), {"destination_number": "+19001234"}, sdp=SDP)
    else:
        asked = ada.ask("verto.modify", ada.call("1005"), action="transfer", destination="+19001234")
    assert asked["code"] == -32011
    assert not any(r["params"].get("destination") for r in verto.requests)


def test_somebody_elses_call(page: Page, verto: FakeVerto) -> None:
    ada, bob = page(), page("bob")
    call = ada.call("7000")
    for method, params in (
        ("verto.bye", {}),
        ("verto.info", {"dtmf": "1"}),
        ("verto.modify", {"action": "hold"}),
        ("verto.attach", {"sdp": SDP}),
        ("verto.answer", {"sdp": SDP}),
    ):
        assert bob.ask(method, call, **params)["message"] == "CALL DOES NOT EXIST"
    taken = bob.ask("verto.invite", call, {"destination_number": "7000"}, sdp=SDP)
    assert taken["message"] == "this callID is in use"
    assert verto.calls[call].digits == ""


def test_somebody_elses_ticket_opens_a_telephone_of_its_own(page: Page, door: Door) -> None:
    ada = page()
    ticket = ada.welcome["resume"]
    bob = page("bob", ready=False, resume=ticket)
    assert bob.until(type="welcome")["resume"] != ticket
    assert len(door.switchboard) == 2


def test_the_pages_socket_is_cut_and_the_call_goes_on(page: Page, verto: FakeVerto) -> None:
    ada = page()
    ticket = ada.welcome["resume"]
    call = ada.call("7000")
    ada.socket.shutdown()
    again = page(ready=False, resume=ticket, holding=[call])
    assert again.until(type="welcome")["calls"] == [call]
    assert again.ask("verto.info", call, dtmf="1") == {"message": "SENT"}
    assert verto.calls[call].attaches == 0  # its sound was never gone


def test_what_happened_meanwhile_is_told(page: Page, verto: FakeVerto, door: Door) -> None:
    ada = page()
    ticket = ada.welcome["resume"]
    call = ada.call("7000")
    ada.socket.shutdown()
    relay = next(iter(door.switchboard))
    wait_for(lambda: relay.phase.name == "ALONE")
    verto.hang_up(verto.calls[call])
    wait_for(lambda: not relay.calls)
    again = page(ready=False, resume=ticket, holding=[call])
    assert again.until(method="verto.bye")["params"]["callID"] == call


def test_a_page_that_was_reloaded_is_offered_its_call_again(page: Page, verto: FakeVerto) -> None:
    ada = page()
    ticket = ada.welcome["resume"]
    call = ada.call("7000")
    ada.socket.shutdown()
    again = page(ready=False, resume=ticket)
    offered = again.until(method="verto.attach")["params"]
    assert offered["callID"] == call
    again.ask("verto.attach", call, sdp=SDP)
    assert verto.calls[call].attaches == 1


def test_a_page_that_stays_away_loses_its_calls(page: Page, verto: FakeVerto, door: Door) -> None:
    ada = page()
    call = verto.calls[ada.call("7000")]
    ada.socket.shutdown()
    assert call.over.wait(3)
    wait_for(lambda: len(door.switchboard) == 0)
    assert door.destinations.held == 0


def test_a_second_window_takes_over(page: Page) -> None:
    ada = page()
    ticket = ada.welcome["resume"]
    page(ready=False, resume=ticket).until(type="welcome")
    while ada.read():
        pass
    assert ada.closed == 1008


def test_mod_verto_is_cut_and_offers_the_call_again(page: Page, verto: FakeVerto) -> None:
    ada = page()
    call = ada.call("7000")
    verto.cut()
    ada.until(type="freeswitch", state="away")
    ada.until(type="freeswitch", state="up")
    assert ada.until(method="verto.attach")["params"]["callID"] == call
    ada.ask("verto.attach", call, sdp=SDP)
    assert verto.calls[call].attaches == 1


def test_freeswitch_restarts_and_the_page_is_told(page: Page, verto: FakeVerto, door: Door) -> None:
    ada = page()
    call = ada.call("7000")
    verto.stop()
    ada.until(type="freeswitch", state="away")
    refused = ada.ask("verto.invite", str(uuid4()), {"destination_number": "7000"}, sdp=SDP)
    assert refused["code"] == -32010
    verto.start()
    ada.until(type="freeswitch", state="up")
    assert ada.until(method="verto.bye")["params"]["callID"] == call
    assert door.destinations.held == 0
    ada.call("7000")


def test_a_hang_up_while_mod_verto_is_away_is_done_later(page: Page, verto: FakeVerto) -> None:
    ada = page()
    call = verto.calls[ada.call("7000")]
    server, verto._server = verto._server, None
    assert server is not None
    server.stop(timeout=0)
    verto.cut()
    ada.until(type="freeswitch", state="away")
    assert ada.ask("verto.bye", call.call_id)["message"] == "CALL ENDED"
    verto.start()
    assert call.over.wait(3)


def test_a_wrong_password_is_away_not_a_crash(page: Page, verto: FakeVerto, door: Door) -> None:
    verto.passwords["1011"] = "another"
    ada = page(ready=False)
    assert ada.until(type="welcome")["freeswitch"] == "away"
    relay = next(iter(door.switchboard))
    wait_for(lambda: "Authentication Failure" in relay.upstream.why_away)
    verto.passwords["1011"] = "1234"
    ada.until(type="freeswitch", state="up")
