"""English days and times: finding them in what was said, and saying them."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import partial

from controller.dialogue.languages import calendar
from controller.dialogue.languages.base import ClockWords, DayPart, Half, MomentWords
from controller.dialogue.languages.en import clock, days
from controller.dialogue.languages.en.days import DAYS, MONTHS
from controller.dialogue.languages.en.numbers import numeric

_HOURS = ("twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
          "eleven")  # fmt: skip
_MINUTES = {5: "five", 10: "ten", 20: "twenty", 25: "twenty-five", 35: "thirty-five", 40: "forty",
            50: "fifty", 55: "fifty-five"}  # fmt: skip

HINTS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "tomorrow", "next", "morning",
         "afternoon", "half past", "quarter past", "o'clock")  # fmt: skip

_PARTS = (
    (re.compile(r"\bmorning\b|\bbefore lunch\b"), DayPart.MORNING),
    (re.compile(r"\bafternoon\b|\bafter lunch\b"), DayPart.AFTERNOON),
    (re.compile(r"\b(?:evening|tonight|night)\b"), DayPart.EVENING),
)
_SLIPS = (
    (re.compile(r"\bhalf passed\b"), "half past"),
    (re.compile(r"\bweak\b"), "week"),
    (re.compile(r"\b(mon|tues|wednes|thurs|fri|satur|sun) day\b"), r"\1day"),
    (re.compile(r"\bat (?:to|too)\b"), "at 2"),
    (re.compile(r"\bat (?:for|fore)\b"), "at 4"),
    (re.compile(r"\bat (?:ate)\b"), "at 8"),
    (re.compile(r"\bat (?:won)\b"), "at 1"),
    (re.compile(r"\b(half past|quarter past|quarter to) (?:to|too)\b"), r"\1 2"),
    (re.compile(r"\b(half past|quarter past|quarter to) (?:for|fore)\b"), r"\1 4"),
    (re.compile(r"\b(half past|quarter past|quarter to) ate\b"), r"\1 8"),
    (re.compile(r"\b(?:forth) of\b"), "4th of"),
)
"""What recognisers print for words that only a day or a time has."""


def find_moment(raw: str, now: datetime, past: bool) -> MomentWords:
    """Days, time of day and part of the day in an utterance; all empty when there are none."""
    text = numeric(raw)
    for pattern, meant in _SLIPS:
        text = pattern.sub(meant, text)
    if (at := clock.ahead(text, now)) is not None:
        return MomentWords((at.date(),), ClockWords(at.hour, at.minute, _half(at.hour), marked=True))
    patterns = days.PAST_PATTERNS if past else days.PATTERNS
    found = calendar.scan(text, patterns, partial(days.read, now.date(), past))
    part = next((part for pattern, part in _PARTS if pattern.search(text)), None)
    said, hesitates = clock.find(found.rest)
    if said and said.half is Half.UNSAID and part:
        said = ClockWords(said.hour, said.minute, _half_of(part, said.hour), marked=True)
    year = days.LONE_YEAR.search(found.rest)
    return MomentWords(
        found.days, said, part, found.impossible, found.yearless, hesitates,
        days.year(year[0]) if year else None,
    )  # fmt: skip


def _half(hour: int) -> Half:
    return Half.AM if hour < 12 else Half.PM


def _half_of(part: DayPart, hour: int) -> Half:
    """ "Twelve at night" is midnight; "two in the night" nobody books."""
    return Half.AM if part is DayPart.MORNING or (part is DayPart.EVENING and hour == 12) else Half.PM


def say_day(day: date, today: date) -> str:
    """ "Tuesday the 24th"; with its month when it is further than four weeks off or in another year."""
    if abs((day - today).days) > calendar.YEAR_SAID_DAYS:
        return f"the {day.day}{_suffix(day.day)} of {MONTHS[day.month - 1].title()} {day.year}"
    name = DAYS[day.weekday()].title()
    text = f"{name} the {day.day}{_suffix(day.day)}"
    return text if 0 <= (day - today).days <= 27 else f"{text} of {MONTHS[day.month - 1].title()}"


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


def say_exact_time(at: time) -> str:
    """ "half past nine in the morning", "noon", "midnight"."""
    if at.minute == 0 and at.hour in (0, 12):
        return "noon" if at.hour else "midnight"
    hour = (at.hour + (at.minute > 30)) % 24
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    return f"{say_time(at)} in the {part}"


def say_moment(day: str, at: str) -> str:
    """ "Tuesday the 24th at half past nine"."""
    return f"{day} at {at}"


def _suffix(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
