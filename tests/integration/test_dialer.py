"""Campaigns from first to last call, on a real database and a clock of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from controller.dialer.desk import CampaignDesk, Place
from controller.dialer.dialer import HANG_UP
from controller.dialer.model import (
    AttemptState,
    Begin,
    CampaignState,
    ContactState,
    Disposition,
    DoNotCallEntry,
)
from controller.storage.migrations import migrate
from tests.integration.dialer_house import MONDAY, Fate, House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    url = f"sqlite:///{tmp_path / 'dialer.db'}"
    migrate(url)
    house = House(url)
    yield house
    house.store.close()


def test_everyone_is_called_once_and_the_campaign_is_done(house: House) -> None:
    campaign = house.campaign(30)
    house.run(20)
    assert house.state(campaign) is CampaignState.DONE
    assert sorted(order.number for _, order in house.phones.orders) == [
        f"+4420794600{i:02d}" for i in range(30)
    ]
    assert house.ended(campaign) == {Disposition.COMPLETED: 30}
    order = house.phones.orders[3][1]
    assert dict(order.variables) == {
        "amount": order.number[-1],
        "name": f"P{int(order.number[-2:])}",
        "number": order.number,
    }


def test_the_rate_and_the_concurrency_hold(house: House) -> None:
    house.phones.usual = Fate(10.0, Disposition.COMPLETED)
    house.campaign(20, calls_per_s=2.0, max_calls=4)
    house.run(120)
    assert house.phones.most == 4
    times = [at for at, _ in house.phones.orders]
    assert len(times) == 20
    assert all(later - at >= 0.4 for at, later in pairwise(times))


def test_all_campaigns_share_the_lines_and_priority_goes_first(house: House) -> None:
    house.phones.usual = Fate(10.0, Disposition.COMPLETED)
    house.dialer = house.new_dialer(max_calls=3)
    house.campaign(6, name="low", priority=1, caller_ids=["+441"])
    house.campaign(6, name="high", priority=9, caller_ids=["+442"])
    house.run(60)
    shown = [order.caller_id for _, order in house.phones.orders]
    assert house.phones.most == 3
    assert shown == ["+442"] * 6 + ["+441"] * 6


def test_a_busy_number_is_called_again_in_five_minutes_and_given_up_after_its_tries(
    house: House,
) -> None:
    house.phones.usual = Fate(1.0, Disposition.BUSY, "USER_BUSY")
    campaign = house.campaign(1, retry={"max_tries": 3})
    house.run(3600)
    first, second, third = house.phones.called("+442079460000")
    assert 300 <= second - first < 305
    assert 300 <= third - second < 305
    assert house.state(campaign) is CampaignState.DONE
    assert house.ended(campaign) == {Disposition.BUSY: 3}


def test_nobody_is_called_outside_the_hours_of_their_own_zone(house: House) -> None:
    hours = {"monday": ["09:00-12:00"], "tuesday": ["09:00-12:00"]}
    house.campaign(1, name="london", zone="Europe/London", windows=hours)
    late = house.campaign(1, name="shanghai", zone="Asia/Shanghai", windows=hours)
    house.run(60)  # Monday 10:00 in London, 18:00 in Shanghai
    assert len(house.phones.orders) == 1
    assert house.state(late) is CampaignState.RUNNING
    house.clock.sleep(14.5 * 3600)
    house.run(3600)  # Tuesday 01:00 UTC is 09:00 in Shanghai
    assert len(house.phones.orders) == 2
    assert 15 * 3600 <= house.phones.orders[1][0] < 15 * 3600 + 60


def test_a_number_put_on_the_do_not_call_list_meanwhile_is_not_called(house: House) -> None:
    campaign = house.campaign(2, calls_per_s=0.1)
    house.run(1)
    left = ({"+442079460000", "+442079460001"} - {o.number for _, o in house.phones.orders}).pop()
    house.store.do_not_call.add([DoNotCallEntry(left, "asked", house.clock.now())])
    house.run(60)
    assert len(house.phones.orders) == 1
    assert house.state(campaign) is CampaignState.DONE
    assert house.store.campaigns.counts(campaign.id).done[Disposition.DO_NOT_CALL] == 1


def test_a_paused_campaign_calls_nobody_and_goes_on_where_it_was(house: House) -> None:
    campaign = house.campaign(10, calls_per_s=1.0)
    house.run(3)
    house.store.campaigns.move(campaign.id, CampaignState.PAUSED, house.clock.now(), "lunch")
    before = len(house.phones.orders)
    house.run(60)
    assert len(house.phones.orders) == before
    assert house.ended(campaign) == {Disposition.COMPLETED: before}, "live calls were finished"
    house.store.campaigns.move(campaign.id, CampaignState.RUNNING, house.clock.now())
    house.run(60)
    assert len({order.number for _, order in house.phones.orders}) == len(house.phones.orders) == 10


@pytest.mark.parametrize(("why", "hung_up"), [("enough", False), (HANG_UP, True)])
def test_stop_means_no_new_call_and_live_ones_finish_as_told(
    house: House, why: str, hung_up: bool
) -> None:
    house.phones.usual = Fate(30.0, Disposition.COMPLETED)
    campaign = house.campaign(10, max_calls=3)
    house.run(2)
    house.store.campaigns.move(campaign.id, CampaignState.STOPPING, house.clock.now(), why)
    house.run(5)
    assert len(house.phones.orders) == 3
    assert (house.state(campaign) is CampaignState.STOPPED) is hung_up
    house.run(40)
    assert house.state(campaign) is CampaignState.STOPPED
    assert house.ended(campaign) == {Disposition.COMPLETED: 3}


def test_how_far_a_call_is_goes_on_record(house: House) -> None:
    house.phones.usual = Fate(40.0, Disposition.COMPLETED)
    campaign = house.campaign(1)
    house.run(0.1)
    house.run(0.1)
    (attempt,) = house.store.attempts.open(campaign.id)
    assert (attempt.state, attempt.ringing_at is not None) == (AttemptState.RINGING, True)
    house.run(35)
    (attempt,) = house.store.attempts.open(campaign.id)
    assert (attempt.state, attempt.session_id) == (AttemptState.TALKING, "s1")


def test_who_stopped_may_hang_up_after_all(house: House) -> None:
    house.phones.usual = Fate(300.0, Disposition.COMPLETED)
    campaign = house.campaign(3)
    house.run(2)
    desk = CampaignDesk(house.store, Place({"b"}), house.clock.now)
    assert desk.stop("c").state is CampaignState.STOPPING
    house.run(20)
    assert desk.stop("c", hang_up=True).why == HANG_UP
    house.run(40)
    assert house.state(campaign) is CampaignState.STOPPED
    assert desk.status("c").live == ()


def test_a_broken_gateway_pauses_the_campaign_and_says_why(house: House) -> None:
    house.phones.usual = Fate(0.1, Disposition.FAILED, "NORMAL_TEMPORARY_FAILURE")
    campaign = house.campaign(40, max_calls=2)
    house.run(30)
    paused = house.store.campaigns.get(campaign.id)
    assert paused.state is CampaignState.PAUSED
    assert "failed by the line, most with NORMAL_TEMPORARY_FAILURE" in paused.why
    assert len(house.phones.orders) < 10


def test_freeswitch_away_costs_no_try(house: House) -> None:
    campaign = house.campaign(3, retry={"max_tries": 1})
    house.phones.away = True
    house.run(60)
    assert house.phones.orders == []
    house.phones.away = False
    house.run(60)
    assert house.ended(campaign)[Disposition.COMPLETED] == 3
    assert house.state(campaign) is CampaignState.DONE


def test_a_dialer_that_dies_before_it_dialled(house: House) -> None:
    """Its attempt is settled once the lease is over, and the contact is called by another."""
    campaign = house.campaign(1)
    now = house.clock.now()
    (lease,) = house.store.contacts.lease_next(
        campaign.id, [("UTC",)], 1, now, now + timedelta(seconds=60)
    )
    lost = str(uuid4())
    until = now + timedelta(seconds=60)
    assert house.store.attempts.begin_attempt(lease, lost, "", now, until) is Begin.BEGUN
    house.run(55)
    assert house.phones.orders == [], "the other dialer may still be about to dial"
    house.run(3600)
    assert len(house.phones.orders) == 1
    assert house.ended(campaign) == {Disposition.FAILED: 1, Disposition.COMPLETED: 1}
    attempt = house.store.attempts.get(lost)
    assert attempt is not None
    assert (attempt.cause, attempt.ended_at is not None) == ("DIALER_LOST", True)


@pytest.mark.parametrize("talked", [False, True])
def test_a_dialer_that_dies_in_a_call(house: House, talked: bool) -> None:
    """The channel nobody talks on is hung up. Who was talked to is not called again by itself."""
    house.phones.usual = Fate(1e9, Disposition.COMPLETED)
    campaign = house.campaign(1)
    house.run(2)
    ((_, order),) = house.phones.orders
    if talked:
        house.store.attempts.note(order.attempt_id, AttemptState.TALKING, house.clock.now(), "s1")
    house.dialer = house.new_dialer()  # the old one is never stepped again
    house.phones.usual = Fate(1.0, Disposition.COMPLETED)
    house.run(3600)
    assert house.phones.killed == [order.attempt_id]
    assert len(house.phones.orders) == (1 if talked else 2)
    assert house.ended(campaign)[Disposition.FAILED] == 1
    assert house.state(campaign) is CampaignState.DONE


def test_lost_calls_wait_while_freeswitch_is_away(house: House) -> None:
    house.phones.usual = Fate(1e9, Disposition.COMPLETED)
    campaign = house.campaign(1)
    house.run(2)
    house.dialer, house.phones.away = house.new_dialer(), True
    house.run(600)
    assert house.ended(campaign) == {}
    house.phones.away = False
    house.run(30)
    assert house.ended(campaign) == {Disposition.FAILED: 1}


def test_a_long_call_keeps_its_lease(house: House) -> None:
    house.phones.usual = Fate(900.0, Disposition.COMPLETED)
    campaign = house.campaign(1)
    other = house.new_dialer()
    for _ in range(100):
        house.run(10)
        other.step()
    assert house.phones.killed == []
    assert house.ended(campaign) == {Disposition.COMPLETED: 1}


def test_two_dialers_call_nobody_twice(house: House) -> None:
    campaign = house.campaign(60, calls_per_s=5.0, max_calls=8)
    other = house.new_dialer()
    for _ in range(120):
        house.run(0.5)
        other.step()
    numbers = [order.number for _, order in house.phones.orders]
    assert len(set(numbers)) == len(numbers) == 60
    assert house.phones.most <= 9  # the bound is looked up, not locked: two may see the same last place
    assert house.state(campaign) is CampaignState.DONE


def test_over_dialling_stays_under_its_cap(house: House) -> None:
    for i in range(60):
        abandoned = Fate(0.3, Disposition.ABANDONED if i == 30 else Disposition.COMPLETED)
        house.phones.fates[f"+4420794600{i:02d}"] = [abandoned]
    house.campaign(60, max_calls=4, over_dial={"ratio": 2.0, "max_abandoned_share": 0.03})
    house.run(0.5)
    few = house.phones.most
    house.run(60)
    assert few == 4, "nothing was answered yet, so nothing was over-dialled"
    assert house.phones.most > 4


def test_wrong_settings_pause_a_campaign_with_their_reason(house: House) -> None:
    campaign = house.campaign(1, max_calls=0)
    good = house.campaign(1, name="good")
    house.run(10)
    assert "max_calls" in house.store.campaigns.get(campaign.id).why
    assert house.state(campaign) is CampaignState.PAUSED
    assert house.state(good) is CampaignState.DONE


def test_new_settings_hold_at_once(house: House) -> None:
    campaign = house.campaign(30, calls_per_s=0.1)
    house.run(5)
    assert len(house.phones.orders) == 1
    settings = {**campaign.settings, "calls_per_s": 20.0}
    house.store.campaigns.change(campaign.id, settings, house.clock.now())
    house.run(10)
    assert len(house.phones.orders) == 30


def test_after_its_last_moment_a_campaign_is_done(house: House) -> None:
    campaign = house.campaign(30, calls_per_s=0.1, ends_at=(MONDAY + timedelta(seconds=25)).isoformat())
    house.run(60)
    assert len(house.phones.orders) == 3
    assert house.store.campaigns.get(campaign.id).why == "its last moment has passed"
    waiting = house.store.campaigns.counts(campaign.id).contacts[ContactState.WAITING]
    assert waiting == 27


def test_a_database_that_is_away_is_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = house.campaign(3)
    house.run(1)
    real, broken = house.store.attempts.end_attempt, [True]

    def end_attempt(*args: Any) -> bool:
        from controller.storage.dialer_database import DialerUnavailable

        if broken[0]:
            raise DialerUnavailable("locked")
        return real(*args)

    monkeypatch.setattr(house.store.attempts, "end_attempt", end_attempt)
    house.run(30)
    assert house.ended(campaign) == {}
    broken[0] = False
    house.run(10)
    assert house.ended(campaign) == {Disposition.COMPLETED: 3}
