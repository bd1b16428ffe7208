"""Calendar arithmetic that every language's date words come down to. Pure; told today."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

_READ = "\ue000"
YEAR_SAID_DAYS = 330
"""Days further off than this are said with their year."""
RECENT_DAYS = 60
"""A day without a year that was at most this long ago means that day, not next year's."""


def weekday_after(today: date, weekday: int) -> date:
    """The first `weekday` (0 Monday) after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def weekday_in_week(today: date, weekday: int, weeks: int) -> date:
    """`weekday` of the week `weeks` after this one; weeks begin on Monday."""
    return today + timedelta(days=weekday - today.weekday() + 7 * weeks)


def weekday_before(today: date, weekday: int) -> date:
    """The last `weekday` (0 Monday) before today."""
    return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)


def day_of_month(today: date, day: int, *, past: bool = False) -> date | None:
    """The next such day of a month, today included (the last one with `past`); None when no month has
    it."""
    for months in range(13):
        found = month_ahead(today, -months if past else months, day)
        if found is not None and (found <= today if past else found >= today):
            return found
    return None


def day_of_year(
    today: date, month: int, day: int, year: int | None, *, past: bool = False
) -> date | None:
    """A day and month as people mean it: this year's, next year's when this one's is long over; with
    `past` the last one that has been."""
    if year is not None:
        return make_date(year, month, day)
    if past:
        years = (make_date(today.year - back, month, day) for back in range(9))
        return next((found for found in years if found is not None and found <= today), None)
    found = make_date(today.year, month, day)
    if found is None or found < today - timedelta(days=RECENT_DAYS):
        return make_date(today.year + 1, month, day) or found
    return found


def weekday_of_month(today: date, month: int, weekday: int, place: int) -> date | None:
    """The first, second… (-1: last) `weekday` of the next such month, this one included; None when it
    has fewer."""
    for year in (today.year, today.year + 1):
        days = [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]
        found = [day for day in days if day.weekday() == weekday]
        index = place if place < 0 else place - 1
        if index < len(found) and found[index] >= today:
            return found[index]
    return None


def month_ahead(today: date, months: int, day: int | None = None) -> date | None:
    """`day` of the month `months` after this one. Without a day today's, or the month's last when it is
    shorter; None when that month has no such day, or is beyond the calendar."""
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    last = monthrange(year, month + 1)[1]
    return make_date(year, month + 1, min(today.day, last) if day is None else day)


def month_end(today: date, months: int = 0) -> date | None:
    """The last day of the month `months` after this one."""
    ends = (month_ahead(today, months, day) for day in (31, 30, 29, 28))
    return next((found for found in ends if found is not None), None)


def full_year(today: date, digits: str) -> int:
    """A year said with two digits or four: "85" is 1985, "26" is 2026."""
    year = int(digits)
    if year >= 100:
        return year
    return year + (2000 if year <= today.year % 100 + 10 else 1900)


def make_date(year: int, month: int, day: int) -> date | None:
    """A date, or None when the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def after_days(today: date, days: int) -> date | None:
    """Today and `days`, or None when that is beyond what anyone books."""
    return today + timedelta(days=days) if abs(days) <= 3660 else None


@dataclass(frozen=True, slots=True)
class Found:
    """What `scan` found: every distinct day in the order of mention, whether there were only impossible
    ones, whether one was named by its month without a year, and the text without what was read."""

    days: tuple[date, ...]
    impossible: bool
    yearless: bool
    rest: str


def scan(
    text: str, patterns: Mapping[str, re.Pattern[str]], read: Callable[[str, re.Match[str]], date | None]
) -> Found:
    """Find days in `text`, pattern by pattern; a stretch of text is read once.

    `read(kind, match)` gives the day, None for one that doesn't exist. A weekday said along with its
    date ("Tuesday the 24th") is the date; its kind is "weekday". Kinds that begin with "month_" have the
    year, where one was said, as their last group.
    """
    found: list[tuple[int, str, date]] = []
    impossible = yearless = False
    for kind, pattern in patterns.items():
        for match in pattern.finditer(text):
            day = read(kind, match)
            if day is None:
                impossible = True
            else:
                found.append((match.start(), kind, day))
                yearless |= kind.startswith("month_") and match[len(match.groups())] is None
            text = text[: match.start()] + _READ * len(match[0]) + text[match.end() :]
    dated = {day.weekday() for _, kind, day in found if kind != "weekday"}
    kept = [day for _, kind, day in sorted(found) if kind != "weekday" or day.weekday() not in dated]
    rest = text.replace(_READ, "").strip()
    return Found(tuple(dict.fromkeys(kept)), impossible and not kept, yearless, rest)
