"""When a contact may be called: windows by weekday in the contact's own time, without its holidays.

Responsible for one question, asked of the wall clock where the contact is: is this moment inside a
window there? A contact that may be in several time zones is called only when all of them say yes.
Pure; never asks what time it is.

Moments are compared in UTC and shown to the zone's own clock, so that a change of clocks needs no rule
of its own:

    02:00 ─► 03:00 (spring)   a window 02:30-04:00 opens at 03:00, the first moment past 02:30
    02:00 ─► 01:00 (autumn)   a window 01:00-01:30 opens twice, each time the clock says 01:00
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

HORIZON_DAYS = 400
"""How far `next_allowed` looks: beyond a year of holidays nothing will come."""
_MIDNIGHT = time(0)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class Weekday(IntEnum):
    """As `date.weekday` counts."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to, not including, `end`, on the wall clock of one day; `end` 00:00 is the day's
    end. A window over midnight is two. Raises ValueError for one that ends before it starts."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("a window has no time zone of its own: it is the contact's")
        if self.end != _MIDNIGHT and self.end <= self.start:
            raise ValueError(
                f"the window {self.start:%H:%M}-{self.end:%H:%M} ends before it starts; "
                "one over midnight is two windows"
            )

    def holds(self, at: time) -> bool:
        """Whether the wall clock's `at` is inside."""
        return self.start <= at and (self.end == _MIDNIGHT or at < self.end)


@dataclass(frozen=True, slots=True)
class CallingWindows:
    """The windows of each weekday (none: no calls that day) and the days without any."""

    by_weekday: Mapping[Weekday, tuple[Window, ...]]
    holidays: frozenset[date] = field(default_factory=frozenset)

    def may_call(self, zones: Sequence[str], at: datetime) -> bool:
        """Whether all of `zones` allow a call at `at`. Never without a zone: nobody would know."""
        return bool(zones) and all(self._open(ZoneInfo(zone), at) for zone in zones)

    def next_allowed(self, zones: Sequence[str], at: datetime) -> datetime | None:
        """The first moment from `at` on, in UTC, at which a call is allowed; None when there is none
        within `HORIZON_DAYS`, as for zones whose windows never meet."""
        moment, last = at.astimezone(UTC), at.astimezone(UTC) + HORIZON_DAYS * _DAY
        while zones and moment <= last:
            closed = next((z for z in map(ZoneInfo, zones) if not self._open(z, moment)), None)
            if closed is None:
                return moment
            opening = self._next_change(closed, moment, opens=True)
            if opening is None:
                return None
            moment = opening
        return None

    def closes_at(self, zones: Sequence[str], at: datetime) -> datetime | None:
        """When a call that is allowed at `at` first no longer will be, in UTC; None: not within
        `HORIZON_DAYS`."""
        ends = [self._next_change(ZoneInfo(zone), at.astimezone(UTC), opens=False) for zone in zones]
        return min((end for end in ends if end is not None), default=None)

    def _open(self, zone: ZoneInfo, at: datetime) -> bool:
        there = at.astimezone(zone)
        if there.date() in self.holidays:
            return False
        windows = self.by_weekday.get(Weekday(there.weekday()), ())
        return any(window.holds(there.time()) for window in windows)

    def _next_change(self, zone: ZoneInfo, after: datetime, *, opens: bool) -> datetime | None:
        """The first moment from `after` on at which `zone` is open (or closed)."""
        day = after.astimezone(zone).date()
        for number in range(HORIZON_DAYS + 1):
            edges = sorted(edge for edge in self._edges(zone, day + number * _DAY) if edge >= after)
            for edge in edges:
                if self._open(zone, edge) is opens:
                    return edge
        return None

    def _edges(self, zone: ZoneInfo, day: date) -> Iterator[datetime]:
        """Every moment, in UTC, of that day there at which the answer may change."""
        begin, end = _utc(day, _MIDNIGHT, zone, 0), _utc(day + _DAY, _MIDNIGHT, zone, 0)
        yield from (begin, end)
        for window in self.by_weekday.get(Weekday(day.weekday()), ()):
            for at in (window.start, window.end):
                yield from (_utc(day, at, zone, 0), _utc(day, at, zone, 1))
        if begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            yield _clock_change(zone, begin, end)


def _utc(day: date, at: time, zone: ZoneInfo, fold: int) -> datetime:
    return datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC)


def _clock_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the zone's clock is changed between the two."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + ((after - before) / 2 // _SECOND) * _SECOND
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
