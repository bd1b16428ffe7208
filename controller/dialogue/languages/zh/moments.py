"""Chinese days and times: finding them in numeric text, and saying them."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import partial

from controller.dialogue.languages import calendar
from controller.dialogue.languages.base import ClockWords, DayPart, Half, MomentWords
from controller.dialogue.languages.zh import misheard
from controller.dialogue.languages.zh.numbers import numeric, say_number
from controller.dialogue.languages.zh.words import clean

_WEEKDAYS = "一二三四五六日"
HINTS = (
    "星期一",
    "星期二",
    "星期三",
    "星期四",
    "星期五",
    "明天",
    "后天",
    "上午",
    "下午",
    "点半",
    "一刻",
    "号",
)

_RELATIVE = {
    "大后天": 3, "后天": 2, "明天": 1, "明日": 1, "明早": 1, "明晚": 1,
    "今天": 0, "今日": 0, "今晚": 0, "今早": 0, "昨天": -1, "前天": -2,
}  # fmt: skip
_DAY_PATTERNS = {
    "month": re.compile(r"(?:(20\d\d|今|明)年)?(\d{1,2})月(?:份)?(\d{1,2})(?:号|日)?"),
    "iso": re.compile(r"(20\d\d)-(\d{1,2})-(\d{1,2})"),
    "relative": re.compile("|".join(_RELATIVE)),
    "ahead": re.compile(r"(\d{1,3}|半)个?(天|周|星期|礼拜|月)(?:以|之)?后"),
    "weekday": re.compile(r"(上|下下|下|这|本)?个?(?:周|星期|礼拜)([1-7日天])"),
    "day": re.compile(r"(?<![\d点:])(\d{1,2})(?:号|日)"),
}
_TIME_PATTERNS = {
    "before": re.compile(r"差(\d{1,2}分?|1刻)钟?(?:到)?(\d{1,2})点"),
    "quarter": re.compile(r"(\d{1,2})[点时](?:过)?([13])刻"),
    "half": re.compile(r"(\d{1,2})[点时]半"),
    "digital": re.compile(r"(?<!\d)(\d{1,2})[:.](\d{2})(?!\d)"),
    "minute": re.compile(r"(\d{1,2})[点时](?:过|零|0)?(\d{1,2})分?"),
    "hour": re.compile(r"(\d{1,2})(?:点|时(?!间))(?:钟|整)?"),
    "bare": re.compile(r"(?:上午|下午|早上|晚上)(\d{1,2})$"),
}
_PARTS = (
    (re.compile(r"凌晨|早上|早晨|清早|上午|明早|今早|一早|早"), DayPart.MORNING, Half.AM),
    (re.compile(r"中午|正午"), DayPart.AFTERNOON, Half.PM),
    (re.compile(r"下午|午后"), DayPart.AFTERNOON, Half.PM),
    (re.compile(r"傍晚|晚上|今晚|明晚|夜里|晚"), DayPart.EVENING, Half.PM),
)
_NOON = re.compile(r"中午|正午")


def find_moment(raw: str, now: datetime) -> MomentWords:
    """Days, time of day and part of the day in an utterance; all empty when there are none."""
    text = numeric(misheard.moment(clean(raw)))
    days, impossible, rest = calendar.scan(text, _DAY_PATTERNS, partial(_day, now.date()))
    part, half = next(
        ((part, half) for pattern, part, half in _PARTS if pattern.search(text)), (None, Half.UNSAID)
    )
    clock = _find_clock(rest, half)
    if clock and _NOON.search(text) and clock.hour in (11, 12):
        clock = ClockWords(clock.hour, clock.minute, Half.AM if clock.hour == 11 else Half.PM)
    if clock is None and _NOON.search(rest):
        clock = ClockWords(12, 0, Half.PM)
    return MomentWords(days, clock, part, impossible)


def _day(today: date, kind: str, match: re.Match[str]) -> date | None:
    words = match.groups()
    match kind:
        case "month":
            year = {"今": today.year, "明": today.year + 1}.get(words[0] or "")
            if year is None and words[0]:
                year = int(words[0])
            return calendar.day_of_year(today, int(words[1]), int(words[2]), year)
        case "iso":
            return calendar.make_date(int(words[0]), int(words[1]), int(words[2]))
        case "relative":
            return today + timedelta(days=_RELATIVE[match[0]])
        case "ahead":
            unit = {"天": 1, "月": 30}.get(words[1], 7)
            return calendar.after_days(today, 15 if words[0] == "半" else int(words[0]) * unit)
        case "day":
            return calendar.day_of_month(today, int(words[0]))
    which, name = words
    weekday = 6 if name in "日天7" else int(name) - 1
    weeks = {"上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}.get(which or "")
    if weeks is None:
        return calendar.weekday_after(today, weekday)
    return calendar.weekday_in_week(today, weekday, weeks)


def _find_clock(text: str, half: Half) -> ClockWords | None:
    for kind, pattern in _TIME_PATTERNS.items():
        for match in pattern.finditer(text):
            words = match.groups()
            minute = 0
            match kind:
                case "before":
                    less = 15 if words[0] == "1刻" else int(words[0].rstrip("分"))
                    hour, minute = (int(words[1]) - 1) or 12, 60 - less
                case "quarter":
                    hour, minute = int(words[0]), 15 * int(words[1])
                case "half":
                    hour, minute = int(words[0]), 30
                case "hour" | "bare":
                    hour = int(words[0])
                case _:
                    hour, minute = int(words[0]), int(words[1])
            if hour <= 23 and 0 <= minute < 60:
                return ClockWords(hour, minute, half)
    return None


def say_day(day: date, today: date) -> str:
    """ "二十四号星期二"; with its month when it is further than four weeks off."""
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
