"""Chinese days: finding them in numeric text."""

from __future__ import annotations

import re
from datetime import date, timedelta

from controller.dialogue.languages import calendar

RELATIVE = {
    "大后天": 3, "后天": 2, "后日": 2, "明天": 1, "明日": 1, "明儿": 1, "明早": 1, "明晚": 1,
    "今天": 0, "今日": 0, "今儿": 0, "今晚": 0, "今早": 0, "大前天": -3, "昨天": -1, "昨日": -1,
    "昨晚": -1,
    "前天": -2,
}  # fmt: skip
_FIXED = {"元旦": (1, 1), "情人节": (2, 14), "妇女节": (3, 8), "劳动节": (5, 1), "51节": (5, 1),
    "51": (5, 1), "儿童节": (6, 1),
          "国庆节": (10, 1), "国庆": (10, 1), "圣诞节": (12, 25), "圣诞": (12, 25),
          "平安夜": (12, 24)}  # fmt: skip
_YEARS = {"今": 0, "明": 1, "后": 2, "去": -1, "前": -2}
_MONTHS = range(1, 13)
_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}

_WEEK = "(?:周|星期|礼拜)"
_YEAR = r"((?:19|20)\d\d|\d\d|今|明|后|去|前)年的?"
_DAY = r"(\d{1,2})月(?:份)?(?:的)?(\d{1,2})(?:号|日)?"
_NO_YEAR = "((?!))?"
"""A group that never matches, where `calendar.scan` looks for a year."""
PATTERNS = {
    "month_year": re.compile(_YEAR + _DAY),
    "month_first": re.compile(rf"(?:阳历|公历)?{_DAY}(?![点:时分]){_NO_YEAR}"),
    "nth_weekday": re.compile(rf"(\d{{1,2}})月(?:份)?的?(?:第(\d)|最后1|最后一)个{_WEEK}([1-7日天])"),
    "iso": re.compile(r"((?:19|20)\d\d)[\-.](\d{1,2})[\-.](\d{1,2})"),
    "of_month": re.compile(r"(下下|下|这|本|上)个?月的?(\d{1,2})(?:号|日)?(?![点:\d])"),
    "end": re.compile(r"(下|这|本|上)?个?月底"),
    "relative": re.compile("|".join(RELATIVE)),
    "weekday_ahead": re.compile(rf"{_WEEK}([1-7日天])(?:的)?(?:以|之)?后的?([1-4])个?{_WEEK}"),
    "ahead": re.compile(
        r"(\d{1,3}|半)个?(天|日|周|星期|礼拜|月)(?:以|之|过)?后"
        r"|(?:再)?过(\d{1,3}|半)个?(天|周|星期|礼拜|月)"
    ),
    "ago": re.compile(r"(\d{1,3}|半)个?(天|日|周|星期|礼拜|月|年)(?:以|之)?前"),
    "fixed": re.compile(rf"(?<!\d)(?:{'|'.join(_FIXED)})(?![\d点号分])"),
    "weekday": re.compile(r"(上上|上|下下|下|这|本)?个?(?:周|星期|礼拜)([1-7日天])(?!个)"),
    "day": re.compile(r"(?<![\d点:第])(\d{1,2})(?:号|日)(?!线|楼|店|窗)"),
}
LONE_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d|\d\d)年?")


def read(today: date, past: bool, kind: str, match: re.Match[str]) -> date | None:
    """The day that a match of one of the patterns means, None when there is none."""
    words = match.groups()
    match kind:
        case "month_year":
            year = _YEARS.get(words[0])
            year = calendar.full_year(today, words[0]) if year is None else today.year + year
            return calendar.make_date(year, int(words[1]), int(words[2]))
        case "month_first":
            return calendar.day_of_year(today, int(words[0]), int(words[1]), None, past=past)
        case "nth_weekday":
            place = int(words[1]) if words[1] else -1
            month = int(words[0])
            return (
                calendar.weekday_of_month(today, month, _weekday(words[2]), place)
                if month in _MONTHS
                else None
            )
        case "iso":
            return calendar.make_date(int(words[0]), int(words[1]), int(words[2]))
        case "of_month":
            months = {"下下": 2, "下": 1, "上": -1}.get(words[0], 0)
            return calendar.month_ahead(today, months, int(words[1]))
        case "end":
            return calendar.month_end(today, {"下": 1, "上": -1}.get(words[0] or "", 0))
        case "relative":
            return today + timedelta(days=RELATIVE[match[0]])
        case "ahead":
            return _away(today, words[0] or words[2], words[1] or words[3], 1)
        case "ago":
            return _away(today, words[0], words[1], -1)
        case "fixed":
            return calendar.day_of_year(today, *_FIXED[match[0]], None, past=past)
        case "day":
            return calendar.day_of_month(today, int(words[0]), past=past)
        case "weekday_ahead":
            return calendar.after_days(
                calendar.weekday_after(today, _weekday(words[0])), 7 * int(words[1])
            )
    which, name = words
    if which is None:
        after = calendar.weekday_before if past else calendar.weekday_after
        return after(today, _weekday(name))
    return calendar.weekday_in_week(today, _weekday(name), _WEEKS[which])


def _weekday(name: str) -> int:
    return 6 if name in "日天7" else int(name) - 1


def _away(today: date, number: str, unit: str, sign: int) -> date | None:
    if number == "半":
        return calendar.after_days(today, sign * 15) if unit == "月" else None
    count = sign * int(number)
    if unit in "月年":
        return calendar.month_ahead(today, count * (12 if unit == "年" else 1))
    return calendar.after_days(today, count * (1 if unit in "天日" else 7))
