"""The most calls at once hold for all processes together, and nobody waits for ever because of it.

`SWITCHTALK_TEST_POSTGRES_URL` adds PostgreSQL, as in `test_dialer_store`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from controller.dialer.dialer import LOOK_S
from controller.dialer.model import (
    Begin,
    CampaignState,
    ContactState,
    Disposition,
    Limits,
    Outcome,
    Settlement,
)
from controller.storage.dialer_store import SqlDialerStore
from tests.integration.dialer_house import House
from tests.integration.test_dialer import house as house
from tests.integration.test_dialer_store import MINUTE, NOW, campaign, lease
from tests.integration.test_dialer_store import open_store as open_store
from tests.integration.test_dialer_store import store as store
from tests.integration.test_dialer_store import url as url

WORKER = Path(__file__).with_name("limits_worker.py")
LIMIT_S = 40


@pytest.fixture
def worker(url: str) -> Iterator:
    processes: list[subprocess.Popen[str]] = []

    def start(campaign_id: str, limits: Limits) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(WORKER), url, campaign_id, str(limits.campaign), str(limits.all)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(WORKER.parents[2])},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_two_processes_together_never_have_more_calls_than_may_be(store: SqlDialerStore, worker) -> None:
    limits = Limits(campaign=4, all=6)
    campaigns = [campaign(store, 60, name=name) for name in ("one", "two")]
    processes = [worker(campaign_id, limits) for campaign_id in campaigns]
    with gevent.Timeout(LIMIT_S):
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.stdout.read().splitlines() for process in processes]
    seen = [line.split() for lines in said for line in lines if line.startswith("full")]
    assert len(seen) == 6
    assert max(int(of_all) for _, of_all, _ in seen) <= 6
    assert max(int(of_campaign) for _, _, of_campaign in seen) <= 4
    kept = [len(store.attempts.open(campaign_id)) for campaign_id in campaigns]
    assert sum(kept) <= 6
    assert max(kept) <= 4
    for campaign_id in campaigns:  # who was refused waits again
        contacts = store.campaigns.counts(campaign_id).contacts
        states = (ContactState.WAITING, ContactState.CALLING, ContactState.DONE)
        assert sum(contacts[state] for state in states) == 60


def test_as_many_as_may_be_and_not_one_more(store: SqlDialerStore) -> None:
    one, two = campaign(store, 9, name="one"), campaign(store, 9, name="two")

    def begins(campaign_id: str, count: int, limits: Limits) -> list[Begin]:
        leases = lease(store, campaign_id, count)
        return [
            store.attempts.begin_attempt(
                each, f"u-{campaign_id}-{each.contact.id}", "", NOW, NOW + MINUTE, limits
            )
            for each in leases
        ]

    begun, full = Begin.BEGUN, Begin.FULL
    assert begins(one, 4, Limits(3, 5)) == [begun, begun, begun, full]
    assert begins(two, 3, Limits(3, 5)) == [begun, begun, full]
    assert begins(one, 1, Limits(None, None)) == [begun]
    (attempt, *_) = store.attempts.open(two)
    ended = Outcome(Disposition.COMPLETED)
    assert store.attempts.end_attempt(attempt.id, ended, Settlement(None), NOW)
    assert begins(two, 1, Limits(3, 5)) == [full]
    assert begins(two, 1, Limits(3, 6)) == [begun]


def test_the_same_attempt_again_is_begun_although_all_is_full(store: SqlDialerStore) -> None:
    (taken,) = lease(store, campaign(store, 1))
    for _ in range(2):
        begun = store.attempts.begin_attempt(taken, "u-1", "", NOW, NOW + MINUTE, Limits(1, 1))
        assert begun is Begin.BEGUN


@pytest.mark.parametrize(
    ("of_all", "of_campaign", "most"), [(4, 50, 4), (50, 3, 3)], ids=["all", "campaign"]
)
def test_two_dialers_share_the_lines(house: House, of_all: int, of_campaign: int, most: int) -> None:
    made = house.campaign(20, max_calls=of_campaign)
    dialers = [house.new_dialer(of_all) for _ in range(2)]
    while house.clock.at_s < 300 and house.state(made) is CampaignState.RUNNING:
        wait_s = min(dialer.step() for dialer in dialers)
        house.clock.sleep(min(wait_s, LOOK_S, house.phones.next_end_s() - house.clock.at_s))
    assert house.state(made) is CampaignState.DONE
    assert house.phones.most == most
    assert house.ended(made) == {Disposition.COMPLETED: 20}
    assert house.clock.at_s < 20 / most * 5 + 15, "lines stood idle"
