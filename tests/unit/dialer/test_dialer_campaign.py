"""A campaign's settings, checked as a whole, and when it will be done."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from pydantic import ValidationError

from controller.dialer.campaign import CampaignSettings, problems, read_hours
from controller.dialer.estimate import Assumptions, estimate
from controller.dialer.model import Contact, ContactState, Disposition
from controller.dialer.orders import order_of
from controller.dialer.windows import Weekday, Window

MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
SHANGHAI = ("Asia/Shanghai",)


def test_settings_survive_being_stored():
    made = CampaignSettings(
        bot="demo",
        caller_ids=("+8610888866",),
        windows={"monday": ["09:00-12:00", "18:00-24:00"]},
        holidays=[date(2026, 5, 1)],
        starts_at="2026-03-02T00:00:00+08:00",
        machine="leave_message",
        message="请回电。",
    )
    assert CampaignSettings.model_validate(made.model_dump(mode="json")) == made
    rule = made.calling_windows()
    assert rule.by_weekday == {Weekday.MONDAY: (Window(time(9), time(12)), Window(time(18), time(0)))}
    assert rule.holidays == {date(2026, 5, 1)}


def test_the_defaults_are_the_usual_ones():
    made = CampaignSettings(bot="demo")
    assert made.retry.policy().after_s[Disposition.BUSY] == 300
    assert made.calling_windows().may_call(SHANGHAI, MONDAY + timedelta(hours=1))
    assert not made.calling_windows().may_call(SHANGHAI, MONDAY - timedelta(hours=23))  # Sunday


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"windows": {"monday": ["9-12"]}}, "write them as"),
        ({"windows": {"monday": ["12:00-09:00"]}}, "ends before it starts"),
        ({"windows": {"monday": ["09:00-24:30"]}}, "write them as"),
        ({"windows": {"monday": ["09:00-12:00", "11:00-13:00"]}}, "overlap"),
        ({"windows": {"monday": ["20:00-24:00", "21:00-22:00"]}}, "overlap"),
        ({"windows": {"monday": []}}, "no window"),
        ({"windows": {"funday": ["09:00-12:00"]}}, "monday"),
        ({"caller_ids": ["1}user/1"]}, "no number"),
        ({"gateway": "x/1000}user/1001"}, "pattern"),
        ({"gateway": "x\n"}, "pattern"),
        ({"introduction": "a\x00b"}, "control"),
        ({"machine": "leave_message", "message": "a\ud800"}, "unicode"),
        ({"bots": {"fr": "demo"}}, "en"),
        ({"bots": {"zh": ""}}, "at least 1"),
        ({"starts_at": "2026-03-02T00:00:00"}, "timezone"),
        ({"starts_at": MONDAY, "ends_at": MONDAY}, "after starts_at"),
        ({"machine": "leave_message"}, "say the message"),
        ({"message": "hello"}, "not leave_message"),
        ({"over_dial": {"ratio": 2}, "max_calls": 1}, "2 or more"),
        ({"retry": {"after_s": {"completed": 60}}}, "nobody is called again"),
        ({"retry": {"after_s": {"busy": 1}}}, "30"),
        ({"calls_per_s": 0}, "greater than 0"),
        ({"speed": 1}, "not permitted"),
        ({"bot": ""}, "at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, why):
    with pytest.raises(ValidationError, match=why):
        CampaignSettings(**{"bot": "demo", **wrong})


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ValidationError) as error:
        CampaignSettings(bot="", ring_s=1, caller_ids=["x"])
    assert {problem["loc"][0] for problem in error.value.errors()} == {"bot", "ring_s", "caller_ids"}


def test_problems_of_the_place():
    made = CampaignSettings(bot="demo", region="XX", ends_at=MONDAY)
    said = problems(made, bots=["other"], regions=["CN"], now=MONDAY)
    assert len(said) == 3
    assert problems(CampaignSettings(bot="demo"), bots=["demo"], regions=[], now=MONDAY) == ()


def test_midnight_is_the_day_s_end():
    assert read_hours("20:00-24:00") == Window(time(20), time(0))


def test_a_short_campaign_is_done_when_it_has_called():
    made = CampaignSettings(bot="demo", calls_per_s=1, max_calls=100, retry={"max_tries": 1})
    forecast = estimate(made, {SHANGHAI: 600}, MONDAY + timedelta(hours=1), Assumptions(0.5, 45))
    assert forecast.done_at == MONDAY + timedelta(hours=1, minutes=10)
    assert (forecast.calls, forecast.per_hour, forecast.left) == (600, 3600, 0)


def test_a_night_between_is_waited_for_and_tries_are_counted():
    made = CampaignSettings(
        bot="demo",
        calls_per_s=50,
        max_calls=1,
        retry={"max_tries": 2},
        windows={"monday": ["09:00-10:00"]},
    )
    forecast = estimate(made, {SHANGHAI: 100}, MONDAY, Assumptions(again_share=0.6, mean_call_s=45))
    assert forecast.calls == 160  # 80 of them in an hour
    assert forecast.done_at == MONDAY + timedelta(days=7, hours=2)


def test_a_campaign_that_ends_too_soon_leaves_contacts():
    made = CampaignSettings(
        bot="demo", calls_per_s=0.1, retry={"max_tries": 1}, ends_at=MONDAY + timedelta(hours=3)
    )
    forecast = estimate(made, {SHANGHAI: 10_000}, MONDAY)
    assert forecast.done_at is None
    assert 0 < forecast.left < 10_000


def test_nobody_waiting_is_done():
    assert estimate(CampaignSettings(bot="demo"), {}, MONDAY).done_at == MONDAY


def test_a_bot_for_each_language():
    made = CampaignSettings(bot="usual", bots={"zh": "chinese"})
    assert [made.bot_for(language) for language in ("zh", "en", "")] == ["chinese", "usual", "usual"]
    assert CampaignSettings.model_validate(made.model_dump(mode="json")) == made
    contact = Contact(
        1, "c", 1, "+8613800138000", "王芳", SHANGHAI, "zh", {"a": "1", "b": ""},
        ContactState.LEASED, None, 0, 0, MONDAY,
    )  # fmt: skip
    order = order_of(made, contact, "u-1", "+8610")
    assert (order.bot, order.language) == ("chinese", "zh")
    assert order.variables == {"a": "1", "name": "王芳", "number": "+8613800138000"}
    wrong = problems(made, bots=["usual"], regions=["CN"], now=MONDAY)
    assert wrong == ("there is no bot 'chinese'; there are usual",)
