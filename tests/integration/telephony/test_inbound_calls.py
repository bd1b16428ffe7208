"""Calls that come in, against a simulated FreeSWITCH: how one begins, goes on and ends."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from controller.telephony.call import Phase
from tests.integration.telephony.house import LIMIT_S, House, listen, loud, wait_for


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as house:
        yield house


def test_a_call_is_answered_and_both_hear_each_other(house: House) -> None:
    phone, session = house.call(caller="1003", caller_name="李雷")
    heard = listen(phone)
    session.talks(600)
    assert session.marks.get(timeout=LIMIT_S) == ("started", "r1", 0)
    assert session.marks.get(timeout=LIMIT_S) == ("done", "r1", 0)
    assert 28 <= sum(heard) <= 31
    for _ in range(20):
        phone.send(struct.pack("<160h", *([8000, -8000] * 80)))
        gevent.sleep(0.02)
    wait_for(lambda: sum(map(loud, session.frames)) >= 15)
    assert session.variables["caller_number"] == "1003"
    assert session.variables["caller_name"] == "李雷"
    assert session.entry == "inbound"
    phone.hang_up()
    assert session.join(LIMIT_S)
    assert session.calls == [("hang_up", "hangup")]
    wait_for(house.empty)


def test_the_number_chooses_the_bot(house: House) -> None:
    assert house.call("7001")[1].bot == "other"
    assert house.call("7000")[1].bot == "demo"


def test_a_number_of_no_bot_is_refused_before_the_answer(house: House) -> None:
    phone = house.freeswitch.call("7077")
    assert phone.ended.wait(LIMIT_S)
    assert phone.cause == "UNALLOCATED_NUMBER"
    assert not phone.answered.is_set()
    assert not house.freeswitch.apologies
    wait_for(house.empty)


def test_a_full_house_is_busy_and_never_answers(tmp_path: Path) -> None:
    with House(tmp_path, max_sessions=1) as house:
        first, _ = house.call()
        second = house.freeswitch.call("7000")
        assert second.ended.wait(LIMIT_S)
        assert second.cause == "USER_BUSY"
        assert not second.answered.is_set()
        assert not first.ended.is_set()
        assert not house.freeswitch.apologies


def test_too_many_calls_for_this_process_are_busy(tmp_path: Path) -> None:
    with House(tmp_path, max_calls=1) as house:
        house.call()
        second = house.freeswitch.call("7000")
        assert second.ended.wait(LIMIT_S)
        assert second.cause == "USER_BUSY"


def test_a_draining_house_is_busy(house: House) -> None:
    house.opener.registry.draining = True
    phone = house.freeswitch.call("7000")
    assert phone.ended.wait(LIMIT_S)
    assert phone.cause == "USER_BUSY"


def test_the_bot_hangs_up(house: House) -> None:
    phone, session = house.call()
    session.end("goodbye")
    assert phone.ended.wait(LIMIT_S)
    assert phone.cause == "NORMAL_CLEARING"
    wait_for(house.empty)
    assert not house.freeswitch.apologies


@pytest.mark.parametrize("state", ["ringing", "answered", "playing", "paused", "queued"])
def test_the_caller_hangs_up_at_any_moment(house: House, state: str) -> None:
    other, other_session = house.call()
    if state == "ringing":
        phone = house.freeswitch.call("7000")
        phone.hang_up()
    else:
        phone, session = house.call()
        if state != "answered":
            session.talks(3000)
            assert session.marks.get(timeout=LIMIT_S)[0] == "started"
        if state == "paused":
            session.audio_out.pause()
        if state == "queued":
            session.talks(3000, "r2")
        phone.hang_up()
        assert session.join(LIMIT_S)
        assert session.calls == [("hang_up", "hangup")]
    assert phone.ended.wait(LIMIT_S)
    wait_for(lambda: len(house.telephony.calls) == 1)
    heard = listen(other)
    other_session.talks(400)
    assert other_session.marks.get(timeout=LIMIT_S)[0] == "started"
    assert other_session.marks.get(timeout=LIMIT_S)[0] == "done"
    assert sum(heard) >= 18
    other.hang_up()
    wait_for(house.empty)


def test_keys_reach_the_session_and_never_stop_the_bot(house: House) -> None:
    phone, session = house.call()
    heard = listen(phone)
    session.talks(600)
    assert session.marks.get(timeout=LIMIT_S)[0] == "started"
    for key in "1*#":
        phone.press(key)
    assert session.marks.get(timeout=LIMIT_S)[0] == "done"
    assert sum(heard) >= 28
    assert [call for call in session.calls if call[0] == "dtmf"] == [
        ("dtmf", "1"), ("dtmf", "*"), ("dtmf", "#"),
    ]  # fmt: skip


def test_a_barge_in_silences_the_bot_and_says_what_was_heard(house: House) -> None:
    phone, session = house.call()
    heard = listen(phone)
    session.talks(3000)
    assert session.marks.get(timeout=LIMIT_S)[0] == "started"
    wait_for(lambda: sum(heard) >= 25)
    session.audio_out.stop("r1")
    mark = session.marks.get(timeout=LIMIT_S)
    assert mark[:3] == ("stopped", "r1", 0)
    assert mark[3] == pytest.approx(20 * sum(heard), abs=60)
    before = sum(heard)
    gevent.sleep(0.3)
    assert sum(heard) <= before + 2
    wait_for(lambda: not list(house.spool.iterdir()))


def test_the_audio_socket_drops_and_comes_back(house: House) -> None:
    phone, session = house.call()
    wait_for(lambda: len(session.frames) > 5)
    for how in ("fin", "rst", "close"):
        house.freeswitch.drop_audio(phone.uuid, how)
        before = len(session.frames)
        wait_for(lambda before=before: len(session.frames) > before + 5)
    assert session.calls == []
    assert not phone.ended.is_set()


def test_audio_that_stays_away_ends_the_call_politely(house: House) -> None:
    phone, session = house.call()
    wait_for(lambda: len(session.frames) > 5)
    house.telephony.door.base_url = "ws://127.0.0.1:9"  # nobody listens there
    house.freeswitch.drop_audio(phone.uuid, "rst")
    assert session.join(10)
    assert phone.ended.wait(LIMIT_S)
    wait_for(house.empty)


def test_the_control_socket_drops_and_the_same_call_goes_on(house: House) -> None:
    phone, session = house.call()
    session.talks(200)
    assert session.marks.get(timeout=LIMIT_S)[0] == "started"
    assert session.marks.get(timeout=LIMIT_S)[0] == "done"
    target = house.freeswitch.targets[0]
    channel = house.freeswitch.channels[phone.uuid]
    assert channel is not None
    house.freeswitch.drop_sockets(phone.uuid)
    call = house.telephony.calls.get(phone.uuid)
    assert call is not None
    assert call.live is session
    assert target == house.freeswitch.targets[0]
    if len(house.freeswitch.targets) == 1:  # its dialplan has no second entry: the apology, the end
        assert phone.ended.wait(10)
        assert session.join(10)
        assert house.freeswitch.apologies == [phone.uuid]
    wait_for(house.empty, 10)


def test_the_controller_is_asked_again_when_its_socket_drops(house: House) -> None:
    house.freeswitch.targets *= 2  # the dialplan names it twice
    phone, session = house.call()
    session.talks(6000)
    heard = listen(phone)
    wait_for(lambda: sum(heard) >= 60)  # by now its files are long
    house.freeswitch.drop_sockets(phone.uuid, reset=True)
    call = house.telephony.calls.get(phone.uuid)
    assert call is not None
    wait_for(lambda: not call.controlled)
    wait_for(lambda: call.controlled, 0.8)  # it did not wait for what was playing
    heard = listen(phone)
    wait_for(lambda: sum(heard) >= 20)
    assert session.calls == []
    assert len(house.opener.registry) == 1
    phone.press("5")
    wait_for(lambda: ("dtmf", "5") in session.calls)
    session.end("goodbye")
    assert phone.ended.wait(LIMIT_S)
    wait_for(house.empty)


def test_the_event_socket_drops_and_no_call_notices(house: House) -> None:
    phone, session = house.call()
    house.freeswitch.drop_esl()
    wait_for(lambda: not house.telephony.up)
    session.talks(200)
    assert session.marks.get(timeout=LIMIT_S)[0] == "started"
    assert session.marks.get(timeout=LIMIT_S)[0] == "done"
    assert house.telephony.link.wait_up(LIMIT_S)
    gevent.sleep(0.1)  # reconciled by now
    assert session.calls == []
    assert not phone.ended.is_set()


def test_freeswitch_restarts_and_all_is_whole_again(house: House) -> None:
    calls = [house.call() for _ in range(3)]
    house.freeswitch.restart(0.2)
    for _, session in calls:
        assert session.join(2)  # told by what lives there, not by the grace time of 3 s
    assert house.telephony.link.wait_up(10)
    wait_for(house.empty, 10)
    phone, session = house.call()
    session.talks(200)
    assert session.marks.get(timeout=LIMIT_S)[0] == "started"
    assert not phone.ended.is_set()


def test_garbage_on_every_connection_hurts_no_other_call(house: House) -> None:
    phone, session = house.call()
    house.freeswitch.garbage(b"Content-Length: nonsense\n\n\x00\xff")
    assert session.join(10)
    assert phone.ended.wait(10)
    assert house.telephony.link.wait_up(LIMIT_S)
    wait_for(house.empty, 10)
    house.call()


def test_a_recorded_call(house: House) -> None:
    house.recorded.add("demo")
    phone, session = house.call()
    session.talks(400)
    assert session.marks.get(timeout=LIMIT_S)[0] == "started"
    assert session.marks.get(timeout=LIMIT_S)[0] == "done"
    phone.hang_up()
    wait_for(lambda: house.saved)
    session_id, path = house.saved[0]
    assert session_id == session.session_id
    assert path.stat().st_size > 8000
    assert house.opener.entry_records == [True]


def test_ten_calls_at_once_leave_nothing_behind(house: House) -> None:
    calls = [house.call(caller=f"10{n:02}") for n in range(10)]
    for _, session in calls:
        session.talks(300)
    for _, session in calls:
        assert session.marks.get(timeout=LIMIT_S)[0] == "started"
        assert session.marks.get(timeout=LIMIT_S)[0] == "done"
    for n, (phone, session) in enumerate(calls):
        if n % 2:
            phone.hang_up()
        else:
            session.end("goodbye")
    for phone, session in calls:
        assert phone.ended.wait(LIMIT_S)
        assert session.join(LIMIT_S)
    wait_for(house.empty)


def test_audio_over_the_socket_when_no_directory_is_shared(tmp_path: Path) -> None:
    with House(tmp_path, playback="socket") as house:
        phone, session = house.call()
        heard = listen(phone)
        session.talks(600)
        assert session.marks.get(timeout=LIMIT_S) == ("started", "r1", 0)
        assert session.marks.get(timeout=LIMIT_S) == ("done", "r1", 0)
        assert 28 <= sum(heard) <= 31
        phone.hang_up()
        wait_for(lambda: not house.freeswitch.channels)


def test_a_call_that_has_ended_is_over_for_good(house: House) -> None:
    phone, session = house.call()
    call = house.telephony.calls.get(phone.uuid)
    assert call is not None
    phone.hang_up()
    assert call.over.wait(LIMIT_S)
    assert call.phase is Phase.OVER
    call.hang_up("operator")
    call.hung_up("AGAIN")
    assert call.cause == "NORMAL_CLEARING"
    assert session.calls == [("hang_up", "hangup")]
