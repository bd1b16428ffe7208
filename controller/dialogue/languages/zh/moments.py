"""Chinese days and times: finding them in what was said, and saying them."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import partial

from controller.dialogue.languages import calendar
from controller.dialogue.languages.base import ClockWords, DayPart, Half, MomentWords
from controller.dialogue.languages.zh import clock, days, misheard
from controller.dialogue.languages.zh.numbers import numeric, say_number
from controller.dialogue.languages.zh.words import clean

_WEEKDAYS = "一二三四五六日"
_DIGITS = "零一二三四五六七八九"
HINTS = ("星期一", "星期二", "星期三", "星期四", "星期五", "明天", "后天", "上午", "下午", "点半",
"一刻",
         "号")  # fmt: skip

_PARTS = (
    (re.compile(r"凌晨|早上|早晨|清早|上午|明早|今早|一早|早"), DayPart.MORNING, Half.AM),
    (re.compile(r"中午|正午"), DayPart.AFTERNOON, Half.PM),
    (re.compile(r"下午|午后"), DayPart.AFTERNOON, Half.PM),
    (re.compile(r"傍晚|晚上|今晚|明晚|夜里|半夜|晚"), DayPart.EVENING, Half.PM),
)
_NOON = re.compile(r"中午|正午")
_MIDNIGHT = re.compile(r"半夜12点|晚上?12点|凌晨12点|午夜|[02]4点|0点")


def find_moment(raw: str, now: datetime, past: bool) -> MomentWords:
    """Days, time of day and part of the day in an utterance; all empty when there are none."""
    text = numeric(misheard.moment(clean(raw)))
    if (at := clock.ahead(text, now)) is not None:
        half = Half.AM if at.hour < 12 else Half.PM
        return MomentWords((at.date(),), ClockWords(at.hour, at.minute, half, marked=True))
    found = calendar.scan(text, days.PATTERNS, partial(days.read, now.date(), past))
    part, half = next(
        ((part, half) for pattern, part, half in _PARTS if pattern.search(text)), (None, Half.UNSAID)
    )
    said, hesitates = clock.find(found.rest, half)
    if said and _NOON.search(text) and said.hour in (11, 12):
        said = ClockWords(said.hour, said.minute, Half.AM if said.hour == 11 else Half.PM, marked=True)
    elif said and said.hour in (0, 12) and _MIDNIGHT.search(text):
        said = ClockWords(0, said.minute, Half.AM, marked=True)
    if said is None and (noon := _NOON.search(found.rest) or re.search("午夜", found.rest)):
        said = ClockWords(0, 0, Half.AM, True) if noon[0] == "午夜" else ClockWords(12, 0, Half.PM, True)
    year = days.LONE_YEAR.search(found.rest) if past else None
    return MomentWords(
        found.days, said, part, found.impossible, found.yearless, hesitates,
        calendar.full_year(now.date(), year[1]) if year else None,
    )  # fmt: skip


def say_day(day: date, today: date) -> str:
    """ "二十四号星期二"; with its month when it is further than four weeks off."""
    if abs((day - today).days) > calendar.YEAR_SAID_DAYS:
        year = "".join(_DIGITS[int(digit)] for digit in str(day.year))
        return f"{year}年{say_number(day.month)}月{say_number(day.day)}号"
    text = f"{say_number(day.day)}号星期{_WEEKDAYS[day.weekday()]}"
    return text if 0 <= (day - today).days <= 27 else f"{say_number(day.month)}月{text}"


def say_time(at: time) -> str:
    """ "上午九点半", "下午三点", "中午十二点", "上午十点一刻"."""
    part = (
        "中午"
        if at.hour == 12
        else "凌晨"
        if at.hour < 6
        else "上午"
        if at.hour < 12
        else "下午"
        if at.hour < 18
        else "晚上"
    )
    hour = at.hour if at.hour <= 12 else at.hour - 12
    words = "两" if hour == 2 else say_number(hour)
    minutes = {0: "", 15: "一刻", 30: "半", 45: "三刻"}.get(at.minute)
    if minutes is None:
        minutes = ("零" if at.minute < 10 else "") + say_number(at.minute) + "分"
    return f"{part}{words}点{minutes}"


def say_moment(day: str, at: str) -> str:
    """ "二十四号星期二上午九点半"."""
    return f"{day}{at}"
