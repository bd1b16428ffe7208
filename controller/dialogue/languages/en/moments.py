"""English days and times: finding them in numeric text, and saying them."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import partial

from controller.dialogue.languages import calendar
from controller.dialogue.languages.base import ClockWords, DayPart, Half, MomentWords
from controller.dialogue.languages.en.numbers import numeric

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
           "october", "november", "december")  # fmt: skip
_HOURS = (
    "twelve",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
)
_MINUTES = {5: "five", 10: "ten", 20: "twenty", 25: "twenty-five", 35: "thirty-five", 40: "forty",
            50: "fifty", 55: "fifty-five"}  # fmt: skip

HINTS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "tomorrow", "next", "morning",
         "afternoon", "half past", "quarter past", "o'clock")  # fmt: skip

_DAY_NAME = r"(mon|tues?|wed(?:nes)?|thur?s?|fri|satur|sat|sun)(?:day)?s?"
_MONTH_NAME = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR = r"(?:,? (?:of )?(20\d\d))?"

_DAY_PATTERNS = {
    "relative": re.compile(
        r"\b(day after tomorrow|tomorrow|today|tonight|this (?=morning|afternoon|evening)|yesterday)\b"
    ),
    "ahead": re.compile(
        r"\bin (?:about )?(\d{1,3}|a) (day|week)s?\b|\b(\d{1,3}|a) (day|week)s? from (?:now|today)\b"
    ),
    "iso": re.compile(r"\b(20\d\d)-(\d{1,2})-(\d{1,2})\b"),
    "month_last": re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH_NAME}\b{_YEAR}"),
    "month_first": re.compile(rf"\b{_MONTH_NAME} (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b(?!:){_YEAR}"),
    "weekday": re.compile(
        r"\b(?:(next week|next|this coming|this|coming|last) (?:on )?)?"
        rf"{_DAY_NAME}\b(?: (?:of )?(next week))?"
    ),
    "month_day": re.compile(r"\b(?:the |on )?(\d{1,2})(?:st|nd|rd|th)\b"),
}

_MINUTE_WORDS = r"(quarter|\d{1,2})(?: minutes?)?"
_HALF = r"(?: ?(am|pm)\b)?"
_OCLOCK = r"(?: ?oclock)?"
_TIME_PATTERNS = {
    "half": re.compile(rf"\bhalf (?:past )?(\d{{1,2}}){_OCLOCK}{_HALF}"),
    "offset": re.compile(
        rf"\b(?:a )?{_MINUTE_WORDS} (past|after|to|before|till|2) (\d{{1,2}}){_OCLOCK}{_HALF}"
    ),
    "digital": re.compile(rf"\b(\d{{1,2}})[:.](\d{{2}})\b{_HALF}"),
    "noon": re.compile(r"\b(noon|midday|12 oclock noon|lunchtime)\b"),
    "spaced": re.compile(rf"\b(\d{{1,2}}) (?:oh )?(\d{{1,2}})\b{_HALF}"),
    "run": re.compile(rf"\b(\d{{1,2}})(\d{{2}})\b(?: ?hours)?{_HALF}"),
    "marked": re.compile(r"\b(\d{1,2}) ?(am|pm|oclock)\b(?: in the)?"),
    "introduced": re.compile(r"\b(?:at|around|about|by|after|from|maybe|say) (\d{1,2})\b"),
    "bare": re.compile(r"(?:^| )(\d{1,2})(?= in the|$| please| would| is| works| will| sounds| should)"),
}
_PARTS = (
    (re.compile(r"\bmorning\b"), DayPart.MORNING),
    (re.compile(r"\bafternoon\b|\bafter lunch\b"), DayPart.AFTERNOON),
    (re.compile(r"\b(?:evening|tonight|night)\b"), DayPart.EVENING),
)


def find_moment(raw: str, now: datetime) -> MomentWords:
    """Days, time of day and part of the day in an utterance; all empty when there are none."""
    text = numeric(raw)
    days, impossible, rest = calendar.scan(text, _DAY_PATTERNS, partial(_day, now.date()))
    part = next((part for pattern, part in _PARTS if pattern.search(text)), None)
    clock = _find_clock(rest)
    if clock and clock.half is Half.UNSAID and part:
        half = Half.AM if part is DayPart.MORNING else Half.PM
        clock = ClockWords(clock.hour, clock.minute, half)
    return MomentWords(days, clock, part, impossible)


def _day(today: date, kind: str, match: re.Match[str]) -> date | None:
    words = match.groups()
    match kind:
        case "relative":
            return today + timedelta(
                {"day after tomorrow": 2, "tomorrow": 1, "yesterday": -1}.get(words[0], 0)
            )
        case "ahead":
            number, unit = words[0] or words[2], words[1] or words[3]
            return calendar.after_days(
                today, int(number.replace("a", "1")) * (7 if unit == "week" else 1)
            )
        case "iso":
            return calendar.make_date(int(words[0]), int(words[1]), int(words[2]))
        case "month_last":
            return calendar.day_of_year(today, _month(words[1]), int(words[0]), _year(words[2]))
        case "month_first":
            return calendar.day_of_year(today, _month(words[0]), int(words[1]), _year(words[2]))
        case "month_day":
            return calendar.day_of_month(today, int(words[0]))
    which, name, next_week = words
    weekday = next(i for i, day in enumerate(_DAYS) if day.startswith(name[:3]))
    if which == "last":
        return calendar.weekday_after(today, weekday) - timedelta(days=7)
    if next_week or which in ("next", "next week"):
        return calendar.weekday_in_week(today, weekday, 1)
    return calendar.weekday_after(today, weekday)


def _year(text: str | None) -> int | None:
    return int(text) if text else None


def _month(name: str) -> int:
    return next(i for i, month in enumerate(_MONTHS, start=1) if month.startswith(name[:3]))


def _find_clock(text: str) -> ClockWords | None:
    for kind, pattern in _TIME_PATTERNS.items():
        for match in pattern.finditer(text):
            if (clock := _clock(kind, match)) is not None:
                return clock
    return None


def _clock(kind: str, match: re.Match[str]) -> ClockWords | None:
    words = match.groups()
    hour, minute, said = 0, 0, None
    match kind:
        case "noon":
            return ClockWords(12, 0, Half.PM)
        case "half":
            hour, minute, said = int(words[0]), 30, words[1]
        case "offset":
            minutes = 15 if words[0] == "quarter" else int(words[0])
            back = words[1] in ("to", "before", "till", "2")
            hour, minute, said = int(words[2]), minutes, words[3]
            if back:
                hour, minute = (hour - 1 or 12), 60 - minutes
        case "digital" | "spaced" | "run":
            hour, minute, said = int(words[0]), int(words[1]), words[2]
        case "marked":
            hour, said = int(words[0]), words[1]
        case _:
            hour = int(words[0])
    if hour > 23 or not 0 <= minute < 60:
        return None
    half = {"am": Half.AM, "pm": Half.PM}.get(said or "", Half.UNSAID)
    return ClockWords(hour, minute, half)


def say_day(day: date, today: date) -> str:
    """ "Tuesday the 24th"; with its month when it is further than four weeks off or in another year."""
    name = _DAYS[day.weekday()].title()
    text = f"{name} the {day.day}{_suffix(day.day)}"
    return text if 0 <= (day - today).days <= 27 else f"{text} of {_MONTHS[day.month - 1].title()}"


def say_time(at: time) -> str:
    """ "ten", "half past nine", "quarter to three", "twenty past four", "nine seventeen"."""
    if at.hour == 12 and at.minute == 0:
        return "noon"
    hour, following = _HOURS[at.hour % 12], _HOURS[(at.hour + 1) % 12]
    match at.minute:
        case 0:
            return hour
        case 15:
            return f"quarter past {hour}"
        case 30:
            return f"half past {hour}"
        case 45:
            return f"quarter to {following}"
        case minute if minute in _MINUTES and minute <= 25:
            return f"{_MINUTES[minute]} past {hour}"
        case minute if minute in _MINUTES:
            return (
                f"{_MINUTES[60 - minute]} to {following}"
                if 60 - minute in _MINUTES
                else f"{hour} {minute}"
            )
        case minute:
            return f"{hour} {minute:02d}"


def say_moment(day: str, at: str) -> str:
    """ "Tuesday the 24th at half past nine"."""
    return f"{day} at {at}"


def _suffix(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
