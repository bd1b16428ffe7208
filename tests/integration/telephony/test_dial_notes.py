"""FreeSWITCH's note of each originate: who was dialled can be told from who never was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from controller.telephony.dispositions import Disposition
from controller.telephony.esl.errors import EslClosed
from controller.telephony.outgoing import Order, OutgoingState
from tests.integration.telephony.house import LIMIT_S, House, wait_for
from tests.simulator.freeswitch import api
from tests.simulator.freeswitch.phones import Busy, NoAnswer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as house:
        yield house


def test_an_originate_is_noted_ahead_of_it_until_it_is_forgotten(house: House) -> None:
    house.freeswitch.phone("1005", Busy())
    call = house.telephony.outgoing.place(Order("1005", call_id=str(uuid4())))
    assert call.ended.wait(LIMIT_S)
    assert call.disposition is Disposition.BUSY
    verbs = [command.line.split("/")[0] for command in house.freeswitch.commands]
    originate = next(i for i, line in enumerate(verbs) if line.startswith("bgapi originate"))
    assert verbs[originate - 1] == "api db insert"
    notes = house.telephony.notes
    assert notes.sent(call.call_id) is True
    assert notes.sent(str(uuid4())) is False
    notes.forget(call.call_id)
    wait_for(lambda: notes.sent(call.call_id) is False)


def test_a_call_that_nobody_will_ask_about_is_not_noted(house: House) -> None:
    house.freeswitch.phone("1005", Busy())
    call = house.telephony.outgoing.place(Order("1005"))
    assert call.ended.wait(LIMIT_S)
    assert not [command for command in house.freeswitch.commands if "db insert" in command.line]


def test_without_mod_db_calls_are_made_and_nobody_knows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(api.PLAIN, "db")
    house.freeswitch.phone("1005", Busy())
    call = house.telephony.outgoing.place(Order("1005", call_id=str(uuid4())))
    assert call.ended.wait(LIMIT_S)
    assert call.disposition is Disposition.BUSY
    assert house.telephony.notes.sent(call.call_id) is None


def test_a_link_that_breaks_before_the_originate_makes_no_call(house: House) -> None:
    call = house.telephony.outgoing.place(Order("1005", call_id=str(uuid4())))
    house.telephony.link._live().close()  # its greenlet has not begun
    assert call.ended.wait(15)
    assert (call.disposition, call.cause) == (Disposition.CANCELLED, "NEVER_DIALLED")
    assert not [one for one in house.freeswitch.commands if "originate" in one.line]
    wait_for(lambda: house.telephony.guard.under_way == 0)


def test_a_call_that_a_restart_ended_unanswered_failed(house: House) -> None:
    """It was dialled, though its channel is gone; nobody was kept waiting for one of us."""
    house.freeswitch.phone("1005", NoAnswer())
    call = house.telephony.outgoing.place(Order("1005", call_id=str(uuid4())))
    wait_for(lambda: call.state is OutgoingState.RINGING)
    house.freeswitch.restart(0.2)
    assert call.ended.wait(15)
    assert (call.disposition, call.cause) == (Disposition.FAILED, "LOST_SIGHT")


def test_freeswitch_that_is_away_is_not_asked(house: House) -> None:
    house.telephony.link.stop()
    wait_for(lambda: not house.telephony.link.up)
    with pytest.raises(EslClosed):
        house.telephony.notes.sent(str(uuid4()))
