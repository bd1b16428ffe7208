"""Handing a caller to a person, as a bot sees it."""

from __future__ import annotations

import pytest

from controller.session.ports import ToolCall, ToolOutcome
from controller.tools.base import ToolContext, ToolError
from controller.tools.messages import safe_to_say
from controller.tools.runner import Runner
from controller.tools.transfer_to_human import CODES, Transfer, TransferToHuman


def run(transfer: Transfer | None, language: str = "en", **arguments: object) -> ToolOutcome:
    tool = TransferToHuman(transfer) if transfer else TransferToHuman()
    runner = Runner([tool], [tool.name], ToolContext("s1", language))
    return runner.run(ToolCall("c1", tool.name, arguments))


def test_the_caller_is_handed_over() -> None:
    asked: list[tuple[str, ...]] = []

    def taken(*args: str) -> str:
        asked.append(args)
        return ""

    outcome = run(taken, destination="1001", reason="wants a person")
    assert asked == [("s1", "1001", "wants a person")]
    assert outcome.ok
    assert outcome.data == {"transferred_to": "1001"}


def test_who_took_the_caller_is_told() -> None:
    outcome = run(lambda *_args: "Ada", destination="1001", reason="wants a person")
    assert outcome.data == {"transferred_to": "1001", "answered_by": "Ada"}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nobody_there_is_told_in_words_of_its_own(code: str, language: str) -> None:
    def fails(_session_id: str, _destination: str, _reason: str) -> str:
        raise ToolError("detail for the log", code=code)

    outcome = run(fails, language, destination="1001", reason="wants a person")
    assert not outcome.ok
    assert outcome.code == code
    assert outcome.say != safe_to_say("failed", language)
    assert "detail" not in outcome.say


def test_without_a_freeswitch_it_says_so() -> None:
    assert run(None, destination="1001", reason="x").code == "no_phone_call"


@pytest.mark.parametrize("destination", ["", "sofia/gateway/x/1", "1001 XML default", "+" + "1" * 33])
def test_a_destination_that_is_no_number(destination: str) -> None:
    def never(_session_id: str, _destination: str) -> None:
        raise AssertionError("must not be dialled")

    assert run(never, destination=destination, reason="x").code == "bad_arguments"
