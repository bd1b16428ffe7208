"""Caller and person after a hand-over, against a simulated FreeSWITCH: both are heard, apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import gevent
import pytest

from controller.phone_desk import Desk
from controller.telephony.overhearing import Handover, Party
from controller.telephony.transfer import TransferMode
from controller.tools.base import ToolError
from controller.verto.caller import Caller, Right
from controller.verto.desk import AgentDesk, Card
from controller.verto.messages import Note, parse
from controller.verto.relay import Phase, Relay
from tests.integration.telephony.house import LIMIT_S, House, default_options, listen, loud, wait_for
from tests.simulator.freeswitch.phones import Answers, NoAnswer, SimPhone

RING_S = 1
ADA = Caller("Ada", "1005", frozenset(Right))
TALK = b"\x00\x40" * 160


@dataclass
class Notes:
    """A pen that counts loud frames."""

    loud: int = 0
    closed: bool = False

    def hear(self, frame: bytes) -> None:
        self.loud += loud(frame)

    def close(self) -> None:
        self.closed = True


@dataclass
class Notebook:
    """All pens of a house, by party."""

    handovers: list[Handover] = field(default_factory=list)
    notes: dict[Party, Notes] = field(default_factory=dict)

    def __call__(self, handover: Handover, party: Party) -> Notes:
        self.handovers.append(handover)
        return self.notes.setdefault(party, Notes())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as house:
        yield house


@pytest.fixture
def book(house: House) -> Notebook:
    book = Notebook()
    house.telephony.overhearings.pens = book
    return book


def hand_over(house: House) -> tuple[SimPhone, SimPhone, str]:
    """The caller, the person at 1005, the session."""
    house.freeswitch.phone("1005", Answers(100))
    caller, session = house.call()
    call = house.telephony.calls.get(caller.uuid)
    assert call is not None
    house.telephony.transfers.transfer(call, "1005", TransferMode.ATTENDED)
    assert session.join(LIMIT_S)
    return caller, house.freeswitch.answered_phones.get(timeout=LIMIT_S), session.session_id


def talks_until_heard(phone: SimPhone, notes: Notes) -> None:
    before = notes.loud
    with gevent.Timeout(LIMIT_S, AssertionError("nobody writes it down")):
        while notes.loud < before + 3:
            phone.send(TALK)
            gevent.sleep(0.02)


def test_caller_and_person_are_heard_apart_until_one_hangs_up(house: House, book: Notebook) -> None:
    caller, person, session_id = hand_over(house)
    assert book.handovers[0] == Handover(session_id, "demo", "1005")
    wait_for(lambda: len(house.telephony.calls) == 0)  # the bot's call is over, the talk is not
    talks_until_heard(caller, book.notes[Party.CALLER])
    assert book.notes[Party.AGENT].loud == 0
    heard = book.notes[Party.CALLER].loud
    talks_until_heard(person, book.notes[Party.AGENT])
    assert book.notes[Party.CALLER].loud <= heard + 2  # what was on its way
    person.hang_up()
    assert caller.ended.wait(LIMIT_S)
    wait_for(lambda: all(each.closed for each in book.notes.values()))
    assert len(house.telephony.overhearings) == 0
    wait_for(house.empty)


def test_a_media_socket_that_breaks_is_begun_again(house: House, book: Notebook) -> None:
    caller, person, _ = hand_over(house)
    talks_until_heard(caller, book.notes[Party.CALLER])
    for phone in (caller, person):
        house.freeswitch.drop_audio(phone.uuid)
    talks_until_heard(caller, book.notes[Party.CALLER])
    talks_until_heard(person, book.notes[Party.AGENT])
    caller.hang_up()
    wait_for(house.empty)


def test_nobody_listens_when_it_is_turned_off(house: House) -> None:
    caller, person, _ = hand_over(house)
    wait_for(lambda: len(house.telephony.calls) == 0)
    stops = [each.line for each in house.freeswitch.commands if "uuid_audio_stream" in each.line]
    assert stops[-1].endswith("stop")
    assert len(house.telephony.overhearings) == 0
    person.hang_up()
    assert caller.ended.wait(LIMIT_S)
    wait_for(house.empty)


def test_the_server_stops_while_they_talk(house: House, book: Notebook) -> None:
    caller, _, _ = hand_over(house)
    house.telephony.overhearings.stop()
    wait_for(lambda: all(each.closed for each in book.notes.values()))
    assert not caller.ended.is_set()
    caller.hang_up()
    wait_for(house.empty)


# --- nobody answers


@dataclass(eq=False)
class ReadyPage:
    """The telephone of an agent's page that stands by at 1005."""

    caller: Caller = ADA
    phase: Phase = Phase.PAIRED
    calls: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @property
    def upstream(self) -> Any:
        return self

    up = True

    def tell(self, text: str) -> None:
        note = parse(text)
        assert isinstance(note, Note)
        self.told.append(note.type)


def test_an_agent_who_lets_it_ring_out_and_the_bot_has_the_caller_back(tmp_path: Path) -> None:
    endpoints = replace(default_options(tmp_path, 0).endpoints, ring_s=RING_S)
    page, agents = ReadyPage(), AgentDesk("1099")
    agents.stand_by(cast(Relay, page), True)
    with House(tmp_path, endpoints=endpoints) as house:
        house.telephony.overhearings.pens = book = Notebook()
        house.freeswitch.phone("1005", NoAnswer())
        caller, session = house.call()
        card = Card(session.session_id, "1001", "demo", "en", "")
        with pytest.raises(ToolError) as failed, agents.presented(agents.choose("1099"), card):
            Desk(house.telephony).transfer_for_bot(session.session_id, "1005")
        assert (failed.value.code, failed.value.retryable) == ("no_answer", True)
        assert page.told == ["card", "card_gone"]
        heard = listen(caller)
        session.talks(400)  # "Nobody is there now."
        wait_for(lambda: sum(heard) >= 18)
        assert not caller.ended.is_set()
        assert session.calls == []
        assert book.handovers == []  # the bot alone listens
        assert agents.choose("1099") == "1005"  # and may be rung again
