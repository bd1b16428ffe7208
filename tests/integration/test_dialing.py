"""What telephony says of a call, as the dialer's outcomes; over a simulated FreeSWITCH."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest

from controller.dialer.machine.answering import Memory, Stage
from controller.dialer.model import AttemptState, Disposition, Outcome
from controller.dialer.ports import CallerAway, CallOrder
from controller.dialing import DialingClock, DialledCall, PhoneCaller, slots_of
from controller.dialogue.flow.memory import Memory as FlowMemory
from controller.dialogue.slots import Certainty, Match
from controller.session.happenings import SessionEnded, ToolRan
from controller.session.ports import ToolCall, ToolOutcome
from tests.integration.telephony.house import LIMIT_S, House, PhoneSession, wait_for
from tests.simulator.freeswitch.phones import Answers, Behaviour, Busy, Fails, NoAnswer, Rejects

NUMBER = "+4930123"


class Office:
    """A house, and calls of the dialer in it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.clock = DialingClock()
        self.caller = PhoneCaller(house.telephony, self.clock)

    def order(self, number: str = NUMBER, bot: str = "other", **given: str) -> CallOrder:
        return CallOrder(str(uuid4()), number, bot, "", "", 5, **given)  # type: ignore[arg-type]

    def talk(self) -> tuple[DialledCall, PhoneSession]:
        """A call that is answered."""
        self.house.freeswitch.phone(NUMBER, Answers(100))
        call = self.caller.place(self.order())
        session = self.house.opener.opened.get(timeout=LIMIT_S)
        wait_for(lambda: call.progress.state is AttemptState.TALKING)
        return call, session


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with House(tmp_path) as house:
        yield Office(house)


def outcome(call: DialledCall) -> Outcome:
    ended = call.wait(LIMIT_S + 3)
    assert ended is not None
    return ended


@pytest.mark.parametrize(
    ("behaviour", "disposition"),
    [
        (Busy(), Disposition.BUSY),
        (Rejects(), Disposition.REJECTED),
        (Fails(404), Disposition.INVALID),
        (Fails(503), Disposition.FAILED),
        (Fails(480), Disposition.NO_ANSWER),
    ],
    ids=str,
)
def test_calls_that_are_not_answered(
    office: Office, behaviour: Behaviour, disposition: Disposition
) -> None:
    office.house.freeswitch.phone(NUMBER, behaviour)
    ended = outcome(office.caller.place(office.order()))
    assert ended.disposition is disposition
    assert (ended.answered_at, ended.session_id) == (None, "")


def test_a_call_is_followed_from_ringing_to_its_end(office: Office) -> None:
    office.house.freeswitch.phone(NUMBER, Answers(300))
    order = office.order(language="en")
    call = office.caller.place(order)
    wait_for(lambda: call.progress.state is AttemptState.RINGING)
    assert call.wait(0) is None
    session = office.house.opener.opened.get(timeout=LIMIT_S)
    wait_for(lambda: call.progress.session_id == session.session_id)
    assert session.variables == {"called_number": NUMBER, "language": "en"}
    assert order.attempt_id in office.caller.live()
    session.end("goodbye")
    ended = outcome(call)
    assert (ended.disposition, ended.session_id) == (Disposition.COMPLETED, session.session_id)
    assert ended.ringing_at is not None
    assert ended.answered_at is not None
    wait_for(lambda: not office.caller.live())


@pytest.mark.parametrize(
    ("reason", "disposition"),
    [
        ("machine", Disposition.MACHINE),
        ("machine_message", Disposition.MACHINE_MESSAGE),
        ("do_not_call", Disposition.DO_NOT_CALL),
        ("error", Disposition.FAILED),
        ("hangup", Disposition.COMPLETED),
    ],
)
def test_the_reason_of_a_conversations_end(
    office: Office, reason: str, disposition: Disposition
) -> None:
    call, session = office.talk()
    session.end(reason)
    assert outcome(call).disposition is disposition


def test_what_the_conversation_left_behind(office: Office) -> None:
    """A machine that hangs up first was a machine; who asked for no more calls is listed, however the
    call ends; the slots are kept."""
    certain = Match(8, "eight", Certainty.CERTAIN, raw="8")
    partial = Match(None, "", Certainty.PARTIAL)
    flow = FlowMemory("ask", slots={"tail": certain, "name": partial})
    call, session = office.talk()
    call._strategy = SimpleNamespace(is_machine=True)
    call._watch("s", SessionEnded("hangup", 1.0, Memory(stage=Stage.GREETED, inner=flow)))
    session.end("hangup")
    ended = outcome(call)
    assert (ended.disposition, ended.slots) == (Disposition.MACHINE, {"tail": "8"})
    assert slots_of(None) == {}
    call, session = office.talk()
    call._watch("s", ToolRan(1, ToolOutcome(ToolCall("1", "do_not_call", {}), ok=True), 1.0))
    session.end("goodbye")
    assert outcome(call).disposition is Disposition.DO_NOT_CALL


def test_an_answer_that_nobody_is_free_for_is_abandoned(office: Office) -> None:
    office.house.freeswitch.phone(NUMBER, Answers(200))
    call = office.caller.place(office.order())
    office.house.opener.registry.draining = True
    assert outcome(call).disposition is Disposition.ABANDONED


def test_hanging_up(office: Office) -> None:
    office.house.freeswitch.phone(NUMBER, NoAnswer())
    call = office.caller.place(office.order())
    wait_for(lambda: call.progress.state is AttemptState.RINGING)
    call.hang_up()
    assert outcome(call).disposition is Disposition.CANCELLED
    call, _ = office.talk()
    call.hang_up()
    assert outcome(call).disposition is Disposition.COMPLETED


def test_what_can_not_be_dialled_and_what_may_be_later(office: Office) -> None:
    assert outcome(office.caller.place(office.order("+33123"))).cause == "DESTINATION_NOT_ALLOWED"
    assert outcome(office.caller.place(office.order(bot="nobody"))).cause == "UNKNOWN_BOT"
    office.house.opener.registry.draining = True
    with pytest.raises(CallerAway):
        office.caller.place(office.order())
    office.house.opener.registry.draining = False
    office.house.telephony.link.stop()
    with pytest.raises(CallerAway):
        office.caller.place(office.order())
    with pytest.raises(CallerAway):
        office.caller.live()


def test_there_is_room_as_the_guard_says(tmp_path: Path) -> None:
    with House(tmp_path, max_outgoing=2) as house:
        office = Office(house)
        assert office.caller.room() == 2
        house.freeswitch.phone(NUMBER, NoAnswer())
        call = office.caller.place(office.order())
        assert office.caller.room() == 1
        call.hang_up()
        wait_for(lambda: office.caller.room() == 2)
        house.telephony.link.stop()
        wait_for(lambda: office.caller.room() == 0)


def test_a_channel_that_nobody_talks_on_is_ended(office: Office) -> None:
    call, _ = office.talk()
    office.caller.end(call.attempt_id)
    assert outcome(call).disposition is Disposition.COMPLETED
    office.caller.end(call.attempt_id)  # gone already
