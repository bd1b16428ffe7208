"""Somebody who is booked already and wants another time after all: the desk hears that it changed."""

from __future__ import annotations

import pytest

from tests.unit.dialogue.conversation import Conversation


@pytest.mark.parametrize(
    ("language", "said", "change", "yes", "last"),
    [
        (
            "en",
            ("Sarah Johnson", "Tuesday at ten", "yes"),
            "wait, make it Friday",
            "yes",
            "Friday the 20th",
        ),
        ("zh", ("李伟", "星期二上午十点", "对"), "等一下，改成星期五", "对", "二十号星期五"),
    ],
)
def test_a_booking_is_changed_during_the_goodbye(
    language: str, said: tuple[str, ...], change: str, yes: str, last: str
) -> None:
    caller = Conversation("appointment", language)
    for words in said:
        caller.says(words)
    assert caller.hung_up == "booked"
    caller.says(change)
    assert last in caller.last
    caller.says(yes)
    assert last in caller.last
    told = [
        (tool.arguments["template_id"], tool.arguments["params"]["at"]) for tool in caller.tools[:3:2]
    ]
    assert told == [
        ("appointment_confirmed", "2026-03-24T10:00"),
        ("appointment_changed", "2026-03-20T10:00"),
    ]
