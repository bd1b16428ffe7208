""" "Don't call me again" goes before everything that is asked, is done at once and is said."""

from __future__ import annotations

import pytest

from controller.dialogue.languages import LANGUAGES
from tests.unit.dialogue.conversation import Conversation

CONTACT = {"account_tail": "8315", "amount": "80", "currency": "EUR", "due_date": "2026-03-01"}
NAMES = {"en": "Li Wei", "zh": "王芳"}
PROMISED = {"en": "no more calls from us", "zh": "不会再给您打电话"}
SAID = {
    "en": [
        "Please don't call me again.",
        "no, don't call me again",
        "Yes, and take me off your list.",
        "No. Never call here again!",
        "stop calling me",
        "I don't want any more calls",
        "I do not want to be called any more",
        "remove my number, please",
        "put me on your do not call list",
        "who is this? stop bothering me",
    ],
    "zh": [
        "别再打了",
        "不要再打电话给我",
        "不是，别再打来了。",
        "是的，以后别打了",
        "请把我的号码从名单上删掉",
        "我不想再接到你们的电话",
        "不要给我打電話",
        "別再打了",
        "你们是谁？别再骚扰我",
    ],
}
NOT_SAID = {
    "en": [
        "don't call me before nine",
        "don't call me now, call me tomorrow",
        "call me again tomorrow",
        "I didn't call you",
        "please call me back",
        "take me off hold",
        "stop",
        "no",
    ],
    "zh": ["别打断我", "现在别打电话，晚上再打", "你打错了", "我没打电话", "不用了", "明天再打给我"],
}
BOTH = ("en", "zh")


def words(kinds: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(language, said) for language in BOTH for said in kinds[language]]


def talk(language: str, *before: str) -> Conversation:
    caller = Conversation("payment_reminder", language, variables={**CONTACT, "name": NAMES[language]})
    for said in before:
        caller.presses(said[1:]) if said.startswith("#") else caller.says(said)
    return caller


@pytest.mark.parametrize(("language", "said"), words(SAID))
def test_at_am_i_speaking_with(language: str, said: str) -> None:
    caller = talk(language, said)
    assert [tool.name for tool in caller.tools] == ["do_not_call", "hangup"]
    assert PROMISED[language] in caller.last
    assert caller.hung_up == "do_not_call"


@pytest.mark.parametrize(("language", "said"), words(NOT_SAID))
def test_what_only_sounds_like_it(language: str, said: str) -> None:
    spoken = LANGUAGES[language]
    assert not spoken.no_more_calls.search(spoken.clean(said))
    assert "do_not_call" not in [tool.name for tool in talk(language, said).tools]


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("questions", [("#1",), ("#1", "#8315"), ("#1", "#8315", "#1"), ("#2",)])
def test_at_every_question(language: str, questions: tuple[str, ...]) -> None:
    caller = talk(language, *questions)
    assert caller.hung_up is None
    assert caller.says(SAID[language][0]).hung_up == "do_not_call"


@pytest.mark.parametrize("language", BOTH)
def test_in_a_goodbye_and_not_twice(language: str) -> None:
    caller = talk(language, {"en": "goodbye", "zh": "再见"}[language])
    assert caller.hung_up == "goodbye"
    caller.says(SAID[language][0])
    assert caller.hung_up == "do_not_call"
    caller.says(SAID[language][1])
    assert [tool.name for tool in caller.tools].count("do_not_call") == 1


@pytest.mark.parametrize("language", BOTH)
def test_while_another_tool_runs(language: str) -> None:
    caller: Conversation | None = None

    def meanwhile(proposal):
        if proposal.name == "create_ticket":
            caller.says(SAID[language][0])
        return {"ok": True}

    caller = talk(language, "#1", "#1111", "#2222")
    caller._tool = meanwhile
    caller.presses("3333")
    assert [tool.name for tool in caller.tools][:3] == ["create_ticket", "do_not_call", "hangup"]
    assert caller.hung_up == "do_not_call"
