"""Windows: on the contact's clock, through changes of the clock, never outside."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.dialer.windows import CallingWindows, Weekday, Window

NEW_YORK, SHANGHAI, HAWAII = "America/New_York", "Asia/Shanghai", "Pacific/Honolulu"
ZONES = (
    NEW_YORK,
    SHANGHAI,
    "Europe/London",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # changes by half an hour
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Beirut",  # changes at midnight
    "Africa/Casablanca",
)


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


minutes = st.integers(0, 24 * 60)


@st.composite
def windows(draw):
    by_weekday = {}
    for day in draw(st.sets(st.sampled_from(Weekday), min_size=1)):
        start, end = sorted(draw(st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1])))
        by_weekday[day] = (Window(_time(start), _time(end)),)
    holidays = draw(st.sets(st.dates(date(2026, 3, 1), date(2026, 4, 30)), max_size=5))
    return CallingWindows(by_weekday, frozenset(holidays))


def _time(minute):
    return time(minute // 60 % 24, minute % 60)


CHANGES = (
    "2026-03-08",
    "2026-03-28",
    "2026-04-04",
    "2026-10-04",
    "2026-10-24",
    "2026-11-01",
    "2018-11-03",
)
moments = st.builds(
    lambda day, seconds: utc(day) + timedelta(seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(0, 3 * 86_400),
)
zone_sets = st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True)


@settings(max_examples=150, deadline=None)
@given(windows(), zone_sets, moments)
def test_the_next_moment_is_allowed_and_none_before_it_is(rule, zones, at):
    found = rule.next_allowed(zones, at)
    if found is None:
        assert not rule.may_call(zones, at)
        return
    assert found >= at
    assert rule.may_call(zones, found)
    before = found - timedelta(seconds=1)
    assert before < at or not rule.may_call(zones, before)
    for step in range(170):  # two days
        moment = at + step * timedelta(minutes=17)
        assert moment >= found or not rule.may_call(zones, moment)


@settings(max_examples=100, deadline=None)
@given(windows(), st.sampled_from(ZONES), moments)
def test_an_open_window_stays_open_until_it_closes(rule, zone, at):
    opened = rule.next_allowed([zone], at)
    closes = rule.closes_at([zone], opened) if opened else None
    if closes is None:
        return
    assert not rule.may_call([zone], closes)
    assert rule.may_call([zone], closes - timedelta(seconds=1))
    assert rule.may_call([zone], opened + (closes - opened) / 2)
