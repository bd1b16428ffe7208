"""Windows: on the contact's clock, through changes of the clock, never outside."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.dialer.campaign import CampaignSettings
from controller.dialer.windows import HORIZON_DAYS, CallingWindows, Weekday, Window

NEW_YORK, SHANGHAI, HAWAII = "America/New_York", "Asia/Shanghai", "Pacific/Honolulu"


def every_day(*hours, holidays=()):
    windows = tuple(Window(time.fromisoformat(a), time.fromisoformat(b)) for a, b in hours)
    return CallingWindows(dict.fromkeys(Weekday, windows), frozenset(holidays))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_contacts_clock_counts():
    office = every_day(("09:00", "17:00"))
    assert office.may_call([SHANGHAI], utc("2026-03-02T01:00"))
    assert not office.may_call([SHANGHAI], utc("2026-03-02T00:59:59"))
    assert not office.may_call([SHANGHAI], utc("2026-03-02T09:00"))
    assert not office.may_call([NEW_YORK], utc("2026-03-02T01:00"))


def test_without_a_zone_nobody_is_called():
    always = every_day(("00:00", "00:00"))
    assert not always.may_call([], utc("2026-03-02T01:00"))
    assert always.next_allowed([], utc("2026-03-02T01:00")) is None


def test_several_possible_zones_must_all_allow_it():
    day = every_day(("09:00", "21:00"))
    both = [NEW_YORK, HAWAII]
    assert not day.may_call(both, utc("2026-01-05T15:00"))  # 10:00 there, 05:00 in Hawaii
    assert day.next_allowed(both, utc("2026-01-05T15:00")) == utc("2026-01-05T19:00")
    assert day.closes_at(both, utc("2026-01-05T19:00")) == utc("2026-01-06T02:00")


def test_zones_whose_windows_never_meet():
    morning = every_day(("09:00", "10:00"))
    assert morning.next_allowed([NEW_YORK, SHANGHAI], utc("2026-01-05T15:00")) is None


def test_weekdays_and_holidays_are_the_contacts():
    monday = CallingWindows({Weekday.MONDAY: (Window(time(8), time(0)),)}, frozenset({date(2026, 3, 9)}))
    assert monday.may_call([SHANGHAI], utc("2026-03-02T00:00"))  # Monday there, Sunday in New York
    assert monday.next_allowed([SHANGHAI], utc("2026-03-02T16:00")) == utc("2026-03-16T00:00")
    assert monday.closes_at([SHANGHAI], utc("2026-03-02T00:00")) == utc("2026-03-02T16:00")


@pytest.mark.parametrize(
    ("hours", "at", "opens"),
    [
        # 8 March 2026: 02:00 EST becomes 03:00 EDT at 07:00 UTC
        (("02:30", "04:00"), "2026-03-08T06:00", "2026-03-08T07:00"),
        (("03:00", "04:00"), "2026-03-08T06:00", "2026-03-08T07:00"),
        (("03:30", "04:00"), "2026-03-08T06:00", "2026-03-08T07:30"),
        (("02:00", "03:00"), "2026-03-08T06:00", "2026-03-09T06:00"),  # there is no such hour that day
        # 1 November 2026: 02:00 EDT becomes 01:00 EST at 06:00 UTC
        (("01:00", "01:30"), "2026-11-01T05:30", "2026-11-01T06:00"),  # the second time
        (("01:30", "02:00"), "2026-11-01T06:10", "2026-11-01T06:30"),
        (("00:30", "01:30"), "2026-11-01T05:45", "2026-11-01T06:00"),
        (("09:00", "10:00"), "2026-10-31T15:00", "2026-11-01T14:00"),  # 25 hours' day
    ],
)
def test_changes_of_the_clock(hours, at, opens):
    assert every_day(hours).next_allowed([NEW_YORK], utc(at)) == utc(opens)


def test_a_window_over_midnight_is_refused():
    with pytest.raises(ValueError, match="two windows"):
        Window(time(22), time(2))


# --- every zone, around its changes of the clock --------------------------------------------------

EVERY_ZONE = sorted(available_timezones())
DAY_NAMES = [day.name.lower() for day in Weekday]
DAY_MINUTES = 24 * 60
MINUTE = timedelta(minutes=1)


@cache
def clock_changes(zone: str, year: int) -> tuple[datetime, ...]:
    """The minutes, in UTC, at which the zone's clock is changed in a year."""
    there, found = ZoneInfo(zone), []
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        after = at + timedelta(days=5)
        before, end = at, after
        if before.astimezone(there).utcoffset() != end.astimezone(there).utcoffset():
            while end - before > MINUTE:
                middle = before + (end - before) // MINUTE // 2 * MINUTE
                same = middle.astimezone(there).utcoffset() == before.astimezone(there).utcoffset()
                before, end = (middle, end) if same else (before, middle)
            found.append(end)
        at = after
    return tuple(found)


@st.composite
def moments_in(draw, zone):
    """Minutes: any, and those around a change of the clock, where there is one."""
    year = draw(st.integers(1985, 2036))
    offset = timedelta(minutes=draw(st.integers(-2 * DAY_MINUTES, 2 * DAY_MINUTES)))
    changes = clock_changes(zone, year)
    if changes and draw(st.booleans()):
        near = timedelta(minutes=draw(st.integers(-200, 200)))
        return draw(st.sampled_from(changes)) + near
    return datetime(year, draw(st.integers(2, 11)), draw(st.integers(1, 28)), tzinfo=UTC) + offset


@st.composite
def weeks(draw):
    """Minutes of the week at which calls are allowed, as an operator thinks: windows that begin on a
    day, last so long, and may go on past midnight, Sunday's into Monday."""
    allowed: set[int] = set()
    for day in draw(st.sets(st.sampled_from(range(7)), min_size=1, max_size=4)):
        for _ in range(draw(st.integers(1, 2))):
            begin = day * DAY_MINUTES + draw(st.integers(0, DAY_MINUTES - 1))
            lasts = draw(st.sampled_from([1, 15, 30, 60, 179, 480, 1439, 1440]))
            allowed |= {minute % (7 * DAY_MINUTES) for minute in range(begin, begin + lasts)}
    return frozenset(allowed)


def as_settings(allowed):
    """The same week as a campaign's settings say it: by day, from and to."""
    hours = {}
    for number, name in enumerate(DAY_NAMES):
        on = [number * DAY_MINUTES + minute in allowed for minute in range(DAY_MINUTES)] + [False]
        edges = [m for m in range(DAY_MINUTES + 1) if on[m] != (on[m - 1] if m else False)]
        hours[name] = [
            f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}"
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
    return hours


def wall_clock_says(allowed, holidays, zones, at):
    """What a person who looks at the clock on the contact's wall, and at the calendar, says."""
    for zone in zones:
        there = at.astimezone(ZoneInfo(zone))
        minute = there.weekday() * DAY_MINUTES + there.hour * 60 + there.minute
        if there.date() in holidays or minute not in allowed:
            return False
    return True


@st.composite
def situations(draw):
    """A week, holidays, one zone or two, and a moment near a change of a clock there."""
    zones = draw(st.lists(st.sampled_from(EVERY_ZONE), min_size=1, max_size=2, unique=True))
    at = draw(moments_in(zones[0]))
    days = st.integers(-2, 9).map(lambda days: (at + timedelta(days=days)).date())
    return draw(weeks()), frozenset(draw(st.sets(days, max_size=3))), zones, at


QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def rule_of(allowed, holidays):
    return CampaignSettings(bot="b", windows=as_settings(allowed), holidays=holidays).calling_windows()


@QUICK
@given(situations())
def test_a_call_is_allowed_exactly_when_the_wall_clock_is_in_a_window(situation):
    allowed, holidays, zones, at = situation
    rule = rule_of(allowed, holidays)
    for minute in range(-150, 151):
        for moment in (at + minute * MINUTE, at + minute * MINUTE + timedelta(seconds=59.999)):
            expected = wall_clock_says(allowed, holidays, zones, moment)
            assert rule.may_call(zones, moment) is expected, moment


@QUICK
@given(situations())
def test_the_next_opening_is_the_very_first_moment(situation):
    allowed, holidays, zones, at = situation
    found = rule_of(allowed, holidays).next_allowed(zones, at)
    if found is None:
        last = at + timedelta(days=HORIZON_DAYS)
        looked_at = (at + step * timedelta(hours=7, minutes=13) for step in range(1300))
        assert not any(
            wall_clock_says(allowed, holidays, zones, moment) for moment in looked_at if moment < last
        )
        return
    assert found >= at
    assert wall_clock_says(allowed, holidays, zones, found)
    minutes = int((found - at) / MINUTE)
    near = 3 * DAY_MINUTES  # minute by minute; what lies between in steps that are prime to the hour
    looked_at = {*range(min(minutes, near)), *range(max(0, minutes - 200), minutes)}
    looked_at |= set(range(0, minutes, 37))
    for minute in looked_at:
        assert not wall_clock_says(allowed, holidays, zones, at + minute * MINUTE)
    just_before = found - timedelta(microseconds=1)
    assert just_before < at or not wall_clock_says(allowed, holidays, zones, just_before)


@QUICK
@given(situations())
def test_it_closes_at_the_first_moment_outside(situation):
    allowed, holidays, zones, at = situation
    rule = rule_of(allowed, holidays)
    opened = rule.next_allowed(zones, at)
    closes = rule.closes_at(zones, opened) if opened else None
    if opened is None or closes is None:
        return
    assert not wall_clock_says(allowed, holidays, zones, closes)
    for minute in range(min(int((closes - opened) / MINUTE) + 1, 2 * DAY_MINUTES)):
        moment = opened + minute * MINUTE
        assert moment >= closes or wall_clock_says(allowed, holidays, zones, moment)


def test_every_zone_has_been_through_its_changes():
    """Each zone once, at all its changes of 2024: no call outside, and the right next one."""
    allowed = frozenset(range(30, 7 * DAY_MINUTES, 97)) | frozenset(range(60, 130))
    rule = rule_of(allowed, frozenset())
    changes = [(zone, at) for zone in EVERY_ZONE for year in (2024,) for at in clock_changes(zone, year)]
    assert len(changes) > 300
    for zone, change in changes:
        for minute in (-61, -31, -1, 0, 1, 29, 30, 59, 60):
            moment = change + minute * MINUTE
            assert rule.may_call([zone], moment) is wall_clock_says(allowed, (), [zone], moment)
        found = rule.next_allowed([zone], change - MINUTE)
        assert wall_clock_says(allowed, (), [zone], found)
        steps = range(-1, int((found - change) / MINUTE))
        assert not any(wall_clock_says(allowed, (), [zone], change + m * MINUTE) for m in steps)
