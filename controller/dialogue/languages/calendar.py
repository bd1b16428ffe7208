"""Calendar arithmetic that every language's date words come down to. Pure; told today."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

_READ = "\ue000"
RECENT_DAYS = 60
"""A day without a year that was at most this long ago means that day, not next year's."""


def weekday_after(today: date, weekday: int) -> date:
    """The first `weekday` (0 Monday) after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def weekday_in_week(today: date, weekday: int, weeks: int) -> date:
    """`weekday` of the week `weeks` after this one; weeks begin on Monday."""
    return today + timedelta(days=weekday - today.weekday() + 7 * weeks)


def day_of_month(today: date, day: int) -> date | None:
    """The next such day of a month, today included; None when no month has it."""
    year, month = today.year, today.month
    for _ in range(13):
        found = make_date(year, month, day)
        if found is not None and found >= today:
            return found
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return None


def day_of_year(today: date, month: int, day: int, year: int | None) -> date | None:
    """A day and month as people mean it: this year's, next year's when this one's is long over."""
    if year is not None:
        return make_date(year, month, day)
    found = make_date(today.year, month, day)
    if found is None or found < today - timedelta(days=RECENT_DAYS):
        return make_date(today.year + 1, month, day) or found
    return found


def make_date(year: int, month: int, day: int) -> date | None:
    """A date, or None when the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def after_days(today: date, days: int) -> date | None:
    """Today and `days`, or None when that is beyond what anyone books."""
    return today + timedelta(days=days) if days <= 3660 else None


def scan(
    text: str, patterns: Mapping[str, re.Pattern[str]], read: Callable[[str, re.Match[str]], date | None]
) -> tuple[tuple[date, ...], bool, str]:
    """Find days in `text`, pattern by pattern; a stretch of text is read once.

    `read(kind, match)` gives the day, None for one that doesn't exist. Returns every distinct day in the
    order of mention, whether only impossible ones were found, and the text without what was read. A
    weekday said along with its date ("Tuesday the 24th") is the date; kinds of weekdays are "weekday".
    """
    found: list[tuple[int, str, date]] = []
    impossible = False
    for kind, pattern in patterns.items():
        for match in pattern.finditer(text):
            day = read(kind, match)
            if day is None:
                impossible = True
            else:
                found.append((match.start(), kind, day))
            text = text[: match.start()] + _READ * len(match[0]) + text[match.end() :]
    dated = {day.weekday() for _, kind, day in found if kind != "weekday"}
    kept = [day for _, kind, day in sorted(found) if kind != "weekday" or day.weekday() not in dated]
    return tuple(dict.fromkeys(kept)), impossible and not kept, text.replace(_READ, "").strip()
