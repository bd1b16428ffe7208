"""English days: finding them in numeric text."""

from __future__ import annotations

import re
from datetime import date, timedelta

from controller.dialogue.languages import calendar

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
          "october", "november", "december")  # fmt: skip

_DAY_NAME = r"(mon|tues?|wed(?:nes)?|thur?s?|fri|satur|sat|sun)(?:day)?s?"
_MONTH_NAME = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WHOLE_YEAR = r"(?:19|20)(?:\d\d| ?(?:oh|o|0) \d| \d\d)"
_YEAR = rf"(?:,? (?:of |in )?({_WHOLE_YEAR})(?!:)\b)?"
_PAST_YEAR = rf"(?:,? (?:of |in )?({_WHOLE_YEAR}|\d\d)\b)?"
"""Of a day gone by people also say "85"; of a day to come that is the beginning of a time."""
_FIXED = {"christmas eve": (12, 24), "christmas": (12, 25), "boxing day": (12, 26),
    "new year's eve": (12, 31),
          "new years eve": (12, 31), "new year's day": (1, 1), "new years day": (1, 1),
          "valentine's day": (2, 14)}  # fmt: skip


def _patterns(year: str) -> dict[str, re.Pattern[str]]:
    return {
        "from_weekday": re.compile(
            rf"\b(\d{{1,2}}|a) weeks? (?:from|on|after) (?:next "
            rf"|this )?{_DAY_NAME}\b|\b{_DAY_NAME} week\b"
        ),
        "relative": re.compile(
            r"\b(day after tomorrow|day before yesterday"
            r"|tomorrow week|today week|a week (?:from )?tomorrow"
            r"|tomorrow|tommorow|tomorow|today|tonight|this (?=morning|afternoon|evening)|yesterday"
            r"|the day after(?! (?:\w+day|tomorrow)))\b"
        ),
        "ahead": re.compile(
            r"\bin (?:about |another )?(\d{1,3}|a|a couple of) (day"
            r"|week|fortnight|month)s?(?: time|'s? time)?\b"
            r"|\b(\d{1,3}|a|a couple of) (day|week|fortnight"
            r"|month)s? (?:from (?:now|today)|later|hence)\b"
        ),
        "ago": re.compile(r"\b(\d{1,3}|a|a couple of) (day|week|fortnight|month|year)s? ago\b"),
        "iso": re.compile(r"\b((?:19|20)\d\d)-(\d{1,2})-(\d{1,2})\b"),
        "nth_weekday": re.compile(rf"\b(\d|last)(?:st|nd|rd|th)? {_DAY_NAME} (?:in|of) {_MONTH_NAME}\b"),
        "year_first": re.compile(
            rf"\b({_WHOLE_YEAR}),? {_MONTH_NAME} (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b"
        ),
        "month_number": re.compile(
            rf"\b(\d{{1,2}})(?:st|nd|rd|th) of the (\d{{1,2}})(?:st|nd|rd|th)\b{year}"
        ),
        "month_last": re.compile(
            rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: day)?(?: of)? {_MONTH_NAME}\b{year}"
        ),
        "month_first": re.compile(
            rf"\b{_MONTH_NAME} (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d){year}"
        ),
        "fixed": re.compile(rf"\b({'|'.join(_FIXED)})\b"),
        "of_month": re.compile(
            r"\b(?:the )?(\d{1,2})(?:st|nd|rd|th)? of (next|this|the|last) month\b"
            r"|\b(next|this|last) month,? (?:on )?the (\d{1,2})(?:st|nd|rd|th)?\b"
        ),
        "end": re.compile(r"\bthe (?:end|last day) of (next|this|the) month\b"),
        "weekday": re.compile(
            r"\b(?:(next week|next|this coming|this|coming|last|the following) (?:on )?)?"
            rf"{_DAY_NAME}\b(?: (?:of )?(next week|after next))?"
        ),
        "month_day": re.compile(r"\b(?:the |on )?(\d{1,2})(?:st|nd|rd|th)\b(?! (?:one|option|choice))"),
    }


PATTERNS, PAST_PATTERNS = _patterns(_YEAR), _patterns(_PAST_YEAR)
LONE_YEAR = re.compile(r"\b(19|20) ?(?:oh |o |0 )?(\d\d?)\b")


def read(today: date, past: bool, kind: str, match: re.Match[str]) -> date | None:
    """The day that a match of one of the patterns means, None when there is none."""
    words = match.groups()
    match kind:
        case "relative":
            return _relative(today, match[0])
        case "ahead":
            return _away(today, words[0] or words[2], words[1] or words[3], 1)
        case "ago":
            return _away(today, words[0], words[1], -1)
        case "iso":
            return calendar.make_date(int(words[0]), int(words[1]), int(words[2]))
        case "nth_weekday":
            place = -1 if words[0] == "last" else int(words[0])
            return calendar.weekday_of_month(today, _month(words[2]), _weekday(words[1]), place)
        case "year_first":
            return calendar.make_date(year(words[0]), _month(words[1]), int(words[2]))
        case "month_number":
            which = calendar.full_year(today, str(year(words[2]))) if words[2] else None
            return calendar.day_of_year(today, int(words[1]), int(words[0]), which, past=past)
        case "month_last":
            return _in_year(today, past, words[1], words[0], words[2])
        case "month_first":
            return _in_year(today, past, words[0], words[1], words[2])
        case "fixed":
            return calendar.day_of_year(today, *_FIXED[words[0]], None, past=past)
        case "of_month":
            months = {"next": 1, "last": -1}.get(words[1] or words[2], 0)
            return calendar.month_ahead(today, months, int(words[0] or words[3]))
        case "end":
            return calendar.month_end(today, int(words[0] == "next"))
        case "month_day":
            return calendar.day_of_month(today, int(words[0]), past=past)
        case "from_weekday":
            weeks = 1 if words[0] in (None, "a") else int(words[0])
            return calendar.after_days(
                calendar.weekday_after(today, _weekday(words[1] or words[2])), 7 * weeks
            )
    prefix, name, then = words
    weekday = _weekday(name)
    if prefix == "last" or (past and prefix is None):
        return calendar.weekday_before(today, weekday)
    if then == "after next":
        return calendar.weekday_in_week(today, weekday, 2)
    if then or prefix in ("next", "next week", "the following"):
        return calendar.weekday_in_week(today, weekday, 1)
    return calendar.weekday_after(today, weekday)


def year(digits: str) -> int:
    """A year as numeric text has it: "1985", "19 85", "19 oh 5", "2000"."""
    groups = re.findall(r"\d+", digits)
    return int(groups[0]) if len(groups) == 1 else int(groups[0]) * 100 + int(groups[-1])


def _relative(today: date, words: str) -> date:
    days = {
        "day after tomorrow": 2, "day before yesterday": -2, "yesterday": -1, "tomorrow week": 8,
        "today week": 7, "tomorrow": 1, "the day after": 2, "tommorow": 1, "tomorow": 1,
    }.get(words, 8 if words.startswith("a week") else 0)  # fmt: skip
    return today + timedelta(days)


def _away(today: date, number: str, unit: str, sign: int) -> date | None:
    count = sign * {"a": 1, "a couple of": 2}.get(number, int(number) if number.isdecimal() else 0)
    if unit in ("month", "year"):
        return calendar.month_ahead(today, count * (12 if unit == "year" else 1))
    return calendar.after_days(today, count * {"week": 7, "fortnight": 14}.get(unit, 1))


def _in_year(today: date, past: bool, month: str, day: str, said: str | None) -> date | None:
    which = calendar.full_year(today, str(year(said))) if said else None
    return calendar.day_of_year(today, _month(month), int(day), which, past=past)


def _month(name: str) -> int:
    return next(i for i, month in enumerate(MONTHS, start=1) if month.startswith(name[:3]))


def _weekday(name: str) -> int:
    return next(i for i, day in enumerate(DAYS) if day.startswith(name[:3]))
