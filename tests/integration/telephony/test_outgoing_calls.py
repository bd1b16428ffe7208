"""Calls that we make and transfers, against a simulated FreeSWITCH."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event

from controller.session.registry import ServerFull, UnknownBot
from controller.telephony.dial import BadArgument
from controller.telephony.dispositions import Disposition
from controller.telephony.esl.errors import EslError
from controller.telephony.guard import DestinationRefused, TooManyCalls
from controller.telephony.outgoing import Order, OutgoingState
from controller.telephony.transfer import TransferFailed, TransferMode
from tests.integration.telephony.house import LIMIT_S, House, PhoneSession, listen, loud, wait_for
from tests.simulator.freeswitch.phones import (
    Answers,
    Behaviour,
    Busy,
    EarlyMediaThenAnswers,
    EarlyMediaThenBusy,
    Fails,
    NoAnswer,
    NotRegistered,
    Rejects,
    SimPhone,
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as house:
        yield house


# --- one call


def test_an_answered_call(house: House) -> None:
    house.freeswitch.phone("1005", Answers(300))
    call = house.telephony.outgoing.place(Order("1005", "other", {"name": 'Li, Wei\'s "x" 李'}))
    wait_for(lambda: call.state is OutgoingState.RINGING)
    assert house.opener.opened.empty()  # nobody talks to a phone that rings
    session = house.opener.opened.get(timeout=LIMIT_S)
    phone = house.freeswitch.answered_phones.get(timeout=LIMIT_S)
    assert (session.entry, session.bot) == ("outbound", "other")
    assert session.variables == {"called_number": "1005", "name": 'Li, Wei\'s "x" 李'}
    assert phone.uuid == call.call_id
    wait_for(lambda: call.state is OutgoingState.TALKING)
    variables = phone.channel.variables
    wait_for(lambda: variables.get("playback_terminators") == "none")  # no key cuts the bot off
    heard = listen(phone)
    session.talks(400)
    assert session.marks.get(timeout=LIMIT_S)[0] == "started"
    assert session.marks.get(timeout=LIMIT_S)[0] == "done"
    assert sum(heard) >= 18
    phone.hang_up()
    assert call.ended.wait(LIMIT_S)
    assert call.disposition is Disposition.COMPLETED
    assert call.session_id == session.session_id
    assert call.placed_at <= call.answered_at <= call.ended_at
    wait_for(house.empty)
    assert house.telephony.guard.under_way == 0


@pytest.mark.parametrize(
    ("behaviour", "disposition", "cause"),
    [
        (Busy(), Disposition.BUSY, "USER_BUSY"),
        (Rejects(100), Disposition.REJECTED, "CALL_REJECTED"),
        (NotRegistered(), Disposition.NO_ANSWER, "USER_NOT_REGISTERED"),
        (Fails(404), Disposition.INVALID, "UNALLOCATED_NUMBER"),
        (Fails(480), Disposition.NO_ANSWER, "NO_USER_RESPONSE"),
        (Fails(503), Disposition.FAILED, "NORMAL_TEMPORARY_FAILURE"),
        (EarlyMediaThenBusy(300), Disposition.BUSY, "USER_BUSY"),
        (None, Disposition.INVALID, "SUBSCRIBER_ABSENT"),
    ],
    ids=str,
)
def test_every_way_of_not_being_answered(
    house: House, behaviour: Behaviour | None, disposition: Disposition, cause: str
) -> None:
    if behaviour is not None:
        house.freeswitch.phone("1005", behaviour)
    call = house.telephony.outgoing.place(Order("1005"))
    assert call.ended.wait(LIMIT_S)
    assert (call.disposition, call.cause) == (disposition, cause)
    assert call.answered_at is None
    assert house.opener.opened.empty()
    wait_for(house.empty)
    wait_for(lambda: house.telephony.guard.under_way == 0)


def test_nobody_answers(house: House) -> None:
    house.freeswitch.phone("1005", NoAnswer())
    call = house.telephony.outgoing.place(Order("1005", ring_s=5))
    assert call.ended.wait(10)
    assert call.disposition is Disposition.NO_ANSWER
    assert house.opener.opened.empty()


def test_a_gateway_that_is_not_there(house: House) -> None:
    call = house.telephony.outgoing.place(Order("+4930123", gateway="nowhere"))
    assert call.ended.wait(LIMIT_S)
    assert (call.disposition, call.cause) == (Disposition.FAILED, "INVALID_GATEWAY")


def test_early_media_is_no_answer(house: House) -> None:
    house.freeswitch.phone("1005", EarlyMediaThenAnswers(600))
    call = house.telephony.outgoing.place(Order("1005"))
    gevent.sleep(0.4)
    assert call.state in (OutgoingState.DIALLING, OutgoingState.RINGING)
    assert house.opener.opened.empty()
    house.opener.opened.get(timeout=LIMIT_S)
    wait_for(lambda: call.state is OutgoingState.TALKING)


def test_a_call_is_cancelled_while_it_rings(house: House) -> None:
    house.freeswitch.phone("1005", NoAnswer())
    call = house.telephony.outgoing.place(Order("1005"))
    wait_for(lambda: call.state is OutgoingState.RINGING)
    assert house.telephony.outgoing.cancel(call.call_id)
    assert call.ended.wait(LIMIT_S)
    assert call.disposition is Disposition.CANCELLED
    assert not house.telephony.outgoing.cancel(call.call_id)
    assert not house.telephony.outgoing.cancel("nobody")
    wait_for(house.empty)


def test_calls_that_are_not_made(house: House) -> None:
    place = house.telephony.outgoing.place
    with pytest.raises(DestinationRefused):
        place(Order("9999"))
    with pytest.raises(UnknownBot):
        place(Order("1005", "nobody"))
    for variables in ({"x": "a\nb"}, {"x y": "1"}, {"x": "y" * 5000}):
        with pytest.raises(BadArgument):
            place(Order("1005", variables=variables))
    house.opener.registry.max_sessions = 0
    with pytest.raises(ServerFull):
        place(Order("1005"))
    assert house.telephony.guard.under_way == 0
    assert not any("originate" in str(command) for command in house.freeswitch.commands)


def test_too_many_calls_at_once(house: House) -> None:
    house.freeswitch.phone("1005", NoAnswer())
    calls = [house.telephony.outgoing.place(Order("1005")) for _ in range(5)]
    with pytest.raises(TooManyCalls):
        house.telephony.outgoing.place(Order("1005"))
    for call in calls:
        house.telephony.outgoing.cancel(call.call_id)
    wait_for(lambda: house.telephony.guard.under_way == 0)


def test_without_freeswitch_there_is_no_call_and_a_clear_error(house: House) -> None:
    house.freeswitch.halt("SYSTEM_SHUTDOWN")
    wait_for(lambda: not house.telephony.up)
    with pytest.raises(EslError):
        house.telephony.outgoing.place(Order("1005"))
    assert house.telephony.guard.under_way == 0
    house.freeswitch.start()


def test_the_event_socket_drops_while_it_rings_and_the_call_is_found_again(house: House) -> None:
    house.freeswitch.phone("1005", Answers(6500))
    call = house.telephony.outgoing.place(Order("1005", ring_s=20))
    wait_for(lambda: call.state is OutgoingState.RINGING)
    house.freeswitch.drop_esl()
    session = house.opener.opened.get(timeout=10)
    wait_for(lambda: call.state is OutgoingState.TALKING)
    session.end("goodbye")
    assert call.ended.wait(LIMIT_S)
    assert call.disposition is Disposition.COMPLETED


def test_freeswitch_restarts_while_it_rings(house: House) -> None:
    house.freeswitch.phone("1005", NoAnswer())
    call = house.telephony.outgoing.place(Order("1005"))
    wait_for(lambda: call.state is OutgoingState.RINGING)
    house.freeswitch.restart(0.3)
    assert call.ended.wait(15)
    assert call.disposition is Disposition.FAILED
    wait_for(lambda: house.telephony.guard.under_way == 0)


# --- who is dialled is heard from the answer on


def test_what_is_said_while_the_conversation_opens_is_heard(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.freeswitch.phone("1005", Answers(100))
    opened, usual = Event(), house.opener.open_session

    def slowly(**how: Any) -> PhoneSession:
        assert opened.wait(LIMIT_S)
        return usual(**how)

    monkeypatch.setattr(house.opener, "open_session", slowly)
    house.telephony.outgoing.place(Order("1005"))
    phone = house.freeswitch.answered_phones.get(timeout=LIMIT_S)
    speak(phone, 20)
    wait_for(lambda: house.calls_with_audio() == 1)
    opened.set()
    session = house.opener.opened.get(timeout=LIMIT_S)
    # FreeSWITCH itself begins to listen some 60 ms after the 200 OK
    wait_for(lambda: sum(map(loud, session.frames)) >= 10)
    phone.hang_up()
    wait_for(house.empty)


def test_what_sounds_before_the_answer_is_not_heard(house: House) -> None:
    house.freeswitch.phone("1005", EarlyMediaThenAnswers(500))
    house.telephony.outgoing.place(Order("1005"))
    phone = house.freeswitch.answered_phones.get(timeout=LIMIT_S)
    assert phone.uuid == house.telephony.outgoing.recent()[0].call_id
    while not phone.answered.is_set():
        speak(phone, 1)
    session = house.opener.opened.get(timeout=LIMIT_S)
    wait_for(lambda: len(session.frames) > 20)
    assert sum(map(loud, session.frames)) <= 2  # of what was on its way at the answer


def test_a_stream_that_freeswitch_could_not_begin_is_begun_by_us(house: House) -> None:
    house.freeswitch.phone("1005", Answers(300))
    call = house.telephony.outgoing.place(Order("1005"))
    wait_for(lambda: call.state is OutgoingState.RINGING)
    assert house.telephony.door.admit(token_of(house)) is not None  # somebody else was quicker
    session = house.opener.opened.get(timeout=LIMIT_S)
    phone = house.freeswitch.answered_phones.get(timeout=LIMIT_S)
    wait_for(lambda: house.calls_with_audio() == 1)
    speak(phone, 5)
    wait_for(lambda: any(map(loud, session.frames)))


def test_the_token_of_a_call_that_nobody_answers_is_void(house: House) -> None:
    house.freeswitch.phone("1005", Busy())
    call = house.telephony.outgoing.place(Order("1005"))
    assert call.ended.wait(LIMIT_S)
    wait_for(lambda: house.telephony.guard.under_way == 0)
    assert house.telephony.door.admit(token_of(house)) is None


def speak(phone: SimPhone, frames: int) -> None:
    for _ in range(frames):
        phone.send(b"\x00\x40" * 160)
        gevent.sleep(0.02)


def token_of(house: House) -> str:
    """Of the call that was dialled last."""
    dialled = [text for text in map(str, house.freeswitch.commands) if "originate" in text]
    return dialled[-1].partition("/ws/freeswitch/")[2].partition("\\")[0]


# --- transfers


@pytest.mark.parametrize("mode", list(TransferMode))
def test_a_caller_is_handed_to_a_person(house: House, mode: TransferMode) -> None:
    house.freeswitch.phone("1005", Answers(300))
    caller, session = house.call()
    call = house.telephony.calls.get(caller.uuid)
    assert call is not None
    house.telephony.transfers.transfer(call, "1005", mode)
    assert session.join(LIMIT_S)
    assert session.calls == [("hang_up", "transferred")]
    person = house.freeswitch.answered_phones.get(timeout=LIMIT_S)
    heard = listen(person)

    def talk() -> None:
        caller.send(b"\x00\x40" * 160)
        gevent.sleep(0.02)

    with gevent.Timeout(LIMIT_S, AssertionError("the person hears nobody")):
        while not any(heard):
            talk()
    assert not caller.ended.is_set()
    wait_for(lambda: len(house.telephony.calls) == 0)
    assert not caller.ended.is_set()
    person.hang_up()
    assert caller.ended.wait(LIMIT_S)
    wait_for(house.empty)


@pytest.mark.parametrize(
    ("behaviour", "disposition"),
    [
        (Busy(), Disposition.BUSY),
        (Rejects(), Disposition.REJECTED),
        (NoAnswer(), Disposition.NO_ANSWER),
        (NotRegistered(), Disposition.NO_ANSWER),
    ],
    ids=str,
)
def test_the_bot_takes_the_caller_back(
    house: House, behaviour: Behaviour, disposition: Disposition
) -> None:
    house.freeswitch.phone("1005", behaviour)
    caller, session = house.call()
    call = house.telephony.calls.get(caller.uuid)
    assert call is not None
    with pytest.raises(TransferFailed) as failed:
        house.telephony.transfers.transfer(call, "1005", TransferMode.ATTENDED)
    assert failed.value.disposition is disposition
    assert session.calls == []
    heard = listen(caller)
    session.talks(400)
    assert session.marks.get(timeout=LIMIT_S)[0] == "started"
    assert session.marks.get(timeout=LIMIT_S)[0] == "done"
    assert sum(heard) >= 18
    assert len(house.freeswitch.channels) == 1
    assert house.telephony.guard.under_way == 0


def test_hold_music_is_heard_while_it_rings(house: House) -> None:
    house.freeswitch.phone("1005", NoAnswer())
    caller, session = house.call()
    call = house.telephony.calls.get(caller.uuid)
    heard = listen(caller)
    waiting = gevent.spawn(house.telephony.transfers.transfer, call, "1005", TransferMode.ATTENDED)
    wait_for(lambda: sum(heard) > 10)
    caller.hang_up()  # has had enough
    with pytest.raises(TransferFailed):
        waiting.get(timeout=LIMIT_S)
    assert session.join(LIMIT_S)
    wait_for(house.empty, 2)  # the target stops ringing at once


def test_a_transfer_that_is_not_allowed(house: House) -> None:
    caller, session = house.call()
    call = house.telephony.calls.get(caller.uuid)
    assert call is not None
    for mode in TransferMode:
        with pytest.raises(DestinationRefused):
            house.telephony.transfers.transfer(call, "9999", mode)
    assert session.calls == []
