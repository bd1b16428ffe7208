"""What a Mandarin recogniser prints instead of words that sound the same, and the words meant.

Responsible for slips that can mean nothing else where they stand: either the characters are no word at
all ("语约" for "预约"), or the question asked leaves one reading ("可疑" for "可以" after a yes/no
question). What could be two words stays as it is and is asked again. Sources: Whisper base on the
recorded test speech, and the toneless homophones of closed classes (weekdays, parts of the day).
Works on clean text; knows no slots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Repair = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_WEEKDAY_SOUNDS = {
    "一": "依医衣伊以意易亿", "二": "而儿耳", "三": "散伞叁", "四": "似寺思司死肆",
    "五": "午舞武无吴屋", "六": "流留刘溜", "天": "田甜",
}  # fmt: skip
_WEEKDAY = {sound: day for day, sounds in _WEEKDAY_SOUNDS.items() for sound in sounds}
_WU = "[五5午舞武无吴屋伍误物务勿]"
"""The sound of 午 in 上午 and 下午."""
_HOUR = r"(?:十[一二]?|1[0-2]|[一二两三四五六七八九1-9])"
_DAY = "一二三四五六日天号后1-6"
"""What a day ends in."""


def _weekday(match: re.Match[str]) -> str:
    return match[1] + _WEEKDAY[match[2]]


def _half_day(match: re.Match[str]) -> str:
    return "上午" if match[1] in "上尚" else "下午"


_EVERYWHERE: tuple[Repair, ...] = (
    (re.compile("[语雨][约冤]|预冤"), "预约"),
    (re.compile("[定停]单"), "订单"),
    (re.compile("(?<=转)员工"), "人工"),
    (re.compile("(?<=人工)克服"), "客服"),
    (re.compile("季点"), "几点"),
    (re.compile("(?<=别的)[冷能]$"), "了"),
    (re.compile("(?<=[常很太不较分别])[买卖慢][意艺义易议]"), "满意"),
)
_MOMENT: tuple[Repair, ...] = (
    (re.compile(f"先切(?=[{_DAY}])"), "星期"),
    (
        re.compile(
            rf"(星期|礼拜|[下这本]周)([{''.join(_WEEKDAY)}])(?=$|的|[上下向早中晚傍]|{_HOUR}[点:])"
        ),
        _weekday,
    ),
    (re.compile(f"(?<!第)({_HOUR})[典店电](?=$|半|钟|整|[一三13]刻)"), r"\1点"),
    (re.compile("(?<=点)[办伴扮版板](?=$|吧|可以|行)"), "半"),
    (re.compile(f"([下夏向上尚]){_WU}(?={_HOUR}(?:[点:]|$))"), _half_day),
    (re.compile(f"(?<=[{_DAY}])([下夏向上尚]){_WU}$"), _half_day),
    (re.compile("[下夏][五5]点"), "下午五点"),  # one wu of two is lost
    (re.compile(f"((?:周|星期|礼拜)[一二三四五六])(?={_HOUR}点)"), r"\1的"),  # "周二十点" isn't 20
)
_AGREEMENT: tuple[Repair, ...] = (
    (re.compile("^(不|好的|当然)?可[疑宜]"), r"\1可以"),
    (re.compile("^[似事市试世][的滴]"), "是的"),
    (re.compile("^[号耗]的"), "好的"),
    (re.compile("^(不?)[队兑](?=$|的|了|啊)"), r"\1对"),
)
_NUMBER: tuple[Repair, ...] = tuple(
    (re.compile(f"^(我?[给打选]?)[{sounds}](分?)$"), rf"\g<1>{digit}\2")
    for digit, sounds in {1: "以要医", 2: "而亮量", 3: "伞散", 4: "是事似", 5: "舞无午"}.items()
)
_NAME: tuple[Repair, ...] = (
    (re.compile(r"^(我|免贵)[信性幸](?=[\u4e00-\u9fff]$)"), r"\1姓"),
    (re.compile(r"^我[较教交](?=[\u4e00-\u9fff]{2,3}$)"), "我叫"),
)


def anywhere(text: str) -> str:
    """Characters that are no word, replaced by the word of their sound. Safe in any clean text."""
    return _repaired(text, _EVERYWHERE)


def moment(text: str) -> str:
    """For text that is searched for a day and a time: "星期四向五三点" → "星期四下午三点"."""
    return _repaired(text, _MOMENT)


def agreement(text: str) -> str:
    """For the answer to a yes/no question: "可疑" → "可以"."""
    return _repaired(text, _AGREEMENT)


def number(text: str) -> str:
    """For an answer that should be one small number, in numeric text: "是分" → "4分"."""
    return _repaired(text, _NUMBER)


def introduction(text: str) -> str:
    """For the answer to "您贵姓", punctuation gone: "我信章" → "我姓章"."""
    return _repaired(text, _NAME)


def _repaired(text: str, repairs: Sequence[Repair]) -> str:
    for pattern, meant in repairs:
        text = pattern.sub(meant, text)
    return text
