"""Which bot a call is for, what is known of its caller, and how a call's end is called."""

from __future__ import annotations

import pytest

from controller.telephony.dispositions import Disposition, cause_of_refusal, disposition_of
from controller.telephony.esl.event import Event
from controller.telephony.routing import MAX_TEXT, Numbers, UnknownNumber, inbound_route

NUMBERS = Numbers({0: "demo", 2: "survey_zh"}, {"+493012345": "support"})


def channel(number: str, **headers: str) -> Event:
    return Event("CHANNEL_DATA", "", {"Caller-Destination-Number": number, **headers})


@pytest.mark.parametrize(
    ("number", "bot"), [("7000", "demo"), ("7002", "survey_zh"), ("+493012345", "support")]
)
def test_the_number_chooses_the_bot(number: str, bot: str) -> None:
    assert inbound_route(channel(number), NUMBERS).bot == bot


def test_a_did_keeps_its_number_through_the_dialplan() -> None:
    route = inbound_route(channel("7000", variable_did_number="+493012345"), NUMBERS)
    assert route.bot == "support"
    assert route.variables["called_number"] == "+493012345"
    assert inbound_route(channel("7002", variable_did_number="+49999"), NUMBERS).bot == "survey_zh"


def test_7000_is_the_default_bot_when_no_bot_has_number_0() -> None:
    assert inbound_route(channel("7000"), Numbers({}, {})).bot is None


@pytest.mark.parametrize("number", ["", "7003", "700", "70000", "7000x", "７０００", "+49301234"])
def test_other_numbers_lead_nowhere(number: str) -> None:
    with pytest.raises(UnknownNumber):
        inbound_route(channel(number), NUMBERS)


def test_a_callers_name_is_text_and_nothing_else() -> None:
    headers = {
        "Caller-Caller-ID-Number": "1001",
        "Caller-Caller-ID-Name": "李雷\r\nEvent-Name: X\x00\x1b[2J\u202e" + "x" * 500,
    }
    variables = inbound_route(channel("7000", **headers), NUMBERS).variables
    assert variables["caller_number"] == "1001"
    assert variables["called_number"] == "7000"
    name = variables["caller_name"]
    assert name.startswith("李雷Event-Name: X[2J")
    assert name.isprintable()
    assert len(name) == MAX_TEXT


@pytest.mark.parametrize(
    ("body", "disposition"),
    [
        ("-ERR USER_NOT_REGISTERED\n", Disposition.NO_ANSWER),
        ("-ERR SUBSCRIBER_ABSENT\n", Disposition.INVALID),
        ("-ERR USER_BUSY\n", Disposition.BUSY),
        ("-ERR CALL_REJECTED\n", Disposition.REJECTED),
        ("-ERR UNALLOCATED_NUMBER\n", Disposition.INVALID),
        ("-ERR NO_USER_RESPONSE\n", Disposition.NO_ANSWER),
        ("-ERR NORMAL_TEMPORARY_FAILURE\n", Disposition.FAILED),
        ("-ERR NO_ANSWER\n", Disposition.NO_ANSWER),
        ("-ERR INVALID_GATEWAY\n", Disposition.FAILED),
        ("-ERR SOMETHING_NEW\n", Disposition.FAILED),
    ],
)
def test_every_outcome_of_an_originate_has_a_disposition(body: str, disposition: Disposition) -> None:
    cause = cause_of_refusal(body)
    assert cause == body.removeprefix("-ERR ").strip()
    assert disposition_of(cause) is disposition


@pytest.mark.parametrize("body", ["", "-ERR", "-ERR \n", "-ERR <b>\r\nX", "-ERR no reply\n"])
def test_a_body_without_a_cause_is_a_failure(body: str) -> None:
    assert disposition_of(cause_of_refusal(body)) is Disposition.FAILED
