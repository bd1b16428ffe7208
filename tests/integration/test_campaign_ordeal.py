"""A campaign from first to last call while the processes that dial are killed, FreeSWITCH restarts, and
the database is locked and taken away: nobody is lost, nobody is called more than the rules allow, and
FreeSWITCH got as many originates as are on record.

`SWITCHTALK_ORDEAL=2000` in the environment makes it as long as a campaign is (`make ordeal`), and
`SWITCHTALK_ORDEAL_SEED` another one.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import gevent
import pytest

from controller.dialer.desk import CampaignDesk
from controller.dialer.model import CampaignState
from controller.dialer.ports import StoreUnavailable
from controller.storage.dialer_store import SqlDialerStore
from tests.integration.ordeal import HASTE, NAME, Blow, Town, wait_for
from tests.integration.ordeal_books import Books

# taken out: they are no settings of the product
PEOPLE = int(os.environ.pop("SWITCHTALK_ORDEAL", "") or 50)
SEED = int(os.environ.pop("SWITCHTALK_ORDEAL_SEED", "") or 1)
WHOLE = PEOPLE >= 1000
CALLS = 20 if WHOLE else 4
LIMIT_S = 900.0 if WHOLE else 90.0
LEASE_S = 12.0 if WHOLE else 6.0
BLOWS = {
    Blow.KILL: 12,
    Blow.KILL_BEFORE: 4,
    Blow.KILL_AFTER: 4,
    Blow.RESTART: 3,
    Blow.LOCK: 1,
    Blow.CUT: 1,
}
FEW_BLOWS = {
    Blow.KILL: 1,
    Blow.KILL_BEFORE: 1,
    Blow.KILL_AFTER: 1,
    Blow.RESTART: 1,
    Blow.CUT: 1,
}
SLOW = (Blow.RESTART, Blow.LOCK, Blow.CUT)


def is_done(desk: CampaignDesk) -> bool:
    try:
        return desk.find(NAME).state is CampaignState.DONE
    except StoreUnavailable:
        return False


def strike_all(town: Town, chance: random.Random) -> None:
    """Each blow when so many calls have been made, and a random moment later."""
    blows = [blow for blow, times in (BLOWS if WHOLE else FEW_BLOWS).items() for _ in range(times)]
    chance.shuffle(blows)
    moments = sorted(chance.randint(3, int(PEOPLE * (0.8 if WHOLE else 0.6))) for _ in blows)
    for blow, moment in zip(blows, moments, strict=True):
        wait_for(lambda moment=moment: town.is_staffed and len(town.switch.met) >= moment)
        gevent.sleep(chance.uniform(0, 0.3))
        if blow in SLOW:
            gevent.joinall(town.blows, raise_error=True)  # one of these at a time
            town.blows.append(gevent.spawn(town.strike, blow))
            gevent.sleep(0.2)  # the next kill falls meanwhile, perhaps
            if chance.random() < 0.5:
                gevent.joinall(town.blows, raise_error=True)
        else:
            town.strike(blow)


@pytest.mark.timeout(LIMIT_S + 60)
def test_each_contact_gets_exactly_the_attempts_that_the_rules_allow(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    town = Town(tmp_path, PEOPLE, CALLS, chance, LEASE_S * HASTE)
    began_s = time.monotonic()
    with town.open() as desk:
        strike_all(town, chance)
        gevent.joinall(town.blows, raise_error=True)
        wait_for(lambda: is_done(desk), LIMIT_S)
        lasted_s = time.monotonic() - began_s
        store = SqlDialerStore(town.database_url)
        books = Books(store, town.switch, town.began_s, town.struck)
        store.close()
        wait_for(lambda: not town.switch.channels)
    attempts = books.every_attempt
    print(
        f"seed {SEED}: {PEOPLE} contacts, {len(attempts)} attempts, {len(town.switch.originates)} "
        f"originates, at most {town.switch.most_calls} calls at once, in {lasted_s:.0f} s\n"
        f"endings {dict(books.endings())}\nhit by a kill {dict(books.hit())}"
    )
    books.check(PEOPLE)
