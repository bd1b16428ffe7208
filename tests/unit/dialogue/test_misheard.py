"""Homophones in the place where they are said: repaired where one reading is left, else left alone."""

from __future__ import annotations

import pytest

from controller.dialogue.languages import language_of
from tests.unit.dialogue.conversation import Conversation
from tests.unit.dialogue.slot_cases import NOTHING, understood

CHINESE = [
    ("moment", "星期四下五三点", "2026-03-19T15:00"),
    ("moment", "星期四向五三点。", "2026-03-19T15:00"),
    ("moment", "星期四下无3点", "2026-03-19T15:00"),
    ("moment", "星期四下舞三点半", "2026-03-19T15:30"),
    ("moment", "周四下53点", "2026-03-19T15:00"),
    ("moment", "星期四下五点", "2026-03-19T17:00"),
    ("moment", "星期四下五", "2026-03-19 … afternoon"),
    ("moment", "下周二上五十点半", "2026-03-24T10:30"),
    ("moment", "下周二上510点半", "2026-03-24T10:30"),
    ("moment", "下周二上五十", "2026-03-24T10:00"),
    ("moment", "上五十", "… 10:00"),
    ("moment", "下周二上舞十点办", "2026-03-24T10:30"),
    ("moment", "星期似下午三点", "2026-03-19T15:00"),
    ("moment", "先切六上午九点", "2026-03-21T09:00"),
    ("moment", "星期四下午三电", "2026-03-19T15:00"),
    ("moment", "下周二十点", "2026-03-24T10:00"),
    ("moment", "下周五十点", "2026-03-27T10:00"),
    ("yes_no", "可疑", "yes"),
    ("yes_no", "好的可疑", "yes"),
    ("yes_no", "不可疑", "no"),
    ("yes_no", "似的", "yes"),
    ("yes_no", "队", "yes"),
    ("yes_no", "不队", "no"),
    ("rating", "我给是分", "4"),
    ("rating", "无分", "5"),
    ("rating", "要", "1"),
    ("rating", "非常买意", "5"),
    ("rating", "不太慢意", "2"),
    ("choice", "我选第二歌", "green"),
    ("name", "我信章。", "章"),
    ("name", "我较李伟", "李伟"),
]
ENGLISH = [
    ("yes_no", "US please.", "yes"),
    ("yes_no", "U.S., please.", "yes"),
    ("yes_no", "Loki", "yes"),
    ("yes_no", "Know.", "no"),
    ("yes_no", "Now that's right.", "yes"),
    ("yes_no", "Now that's wrong.", "no"),
    ("yes_no", "Now thank you.", "no"),
    ("choice", "Fortune 3", "blue"),
    ("rating", "Fortune 3", "3"),
]
LEFT_ALONE = [
    ("zh", "moment", "星期是"),
    ("zh", "moment", "下周以后"),
    ("zh", "moment", "第三店"),
    ("zh", "moment", "下五楼"),
    ("zh", "moment", "五十"),
    ("zh", "yes_no", "变"),
    ("zh", "yes_no", "可能"),
    ("zh", "name", "我信不过你"),
    ("zh", "rating", "以后再说"),
    ("zh", "digits", "0.315"),
    ("en", "yes_no", "the US"),
    ("en", "yes_no", "you know"),
    ("en", "yes_no", "now what"),
    ("en", "yes_no", "Fortune 3"),
    ("en", "name", "It's a vid."),
]


@pytest.mark.parametrize(
    ("language", "kind", "text", "expected"),
    [("zh", *case) for case in CHINESE] + [("en", *case) for case in ENGLISH],
)
def test_repairs(language: str, kind: str, text: str, expected: str) -> None:
    assert understood(kind, text, language_of(language)) == expected


@pytest.mark.parametrize(("language", "kind", "text"), LEFT_ALONE)
def test_guesses_nothing(language: str, kind: str, text: str) -> None:
    assert understood(kind, text, language_of(language)) == NOTHING


def test_a_repaired_agreement_is_never_certain() -> None:
    for language, text in (("zh", "可疑"), ("en", "US please")):
        assert understood("yes_no", text, language_of(language), what="certainty") == "likely"


def test_a_misheard_caller_books() -> None:
    caller = Conversation("appointment", "zh").says("我信章").says("星期四下五三点")
    caller.hears("好的。帮您约在十九号星期四下午三点，姓名章。对吗？").says("队")
    assert caller.hung_up == "booked"
    caller = Conversation("appointment", "en").says("it's David").says("Thursday at ten")
    assert caller.says("US please.").hung_up == "booked"


def test_misheard_wishes_are_followed() -> None:
    caller = Conversation("appointment", "zh").says("我叫李伟").says("星期四下午三点")
    caller.says("我想改一下雨冤时间").hears("没问题。您想约哪天几点？")
    caller.says("请帮我转员工克服。")
    assert caller.hung_up == "call_back"
