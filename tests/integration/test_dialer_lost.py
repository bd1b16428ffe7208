"""What a dead dialer or a slow database leaves behind: nobody loses a try, nobody gets one too many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from controller.dialer.dialer import Dialer
from controller.dialer.lost import NEVER_DIALLED
from controller.dialer.model import Begin, Campaign, Contact, ContactState, Disposition
from controller.dialer.ports import CallerAway
from controller.storage.migrations import migrate
from tests.integration.dialer_house import Fate, House

LEASE_S = 3.0
NO_RETRIES = {"max_tries": 1, "after_s": {}}


class Memory:
    """What FreeSWITCH remembers; None: nothing at all."""

    def __init__(self, dialled: bool | None) -> None:
        self.answer = dialled
        self.asked: list[str] = []
        self.forgotten: list[str] = []
        self.away = False

    def dialled(self, attempt_id: str) -> bool | None:
        self.asked.append(attempt_id)
        if self.away:
            raise CallerAway("FreeSWITCH is away")
        return self.answer

    def forget(self, attempt_id: str) -> None:
        self.forgotten.append(attempt_id)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    url = f"sqlite:///{tmp_path / 'dialer.db'}"
    migrate(url)
    house = House(url)
    yield house
    house.store.close()


def begun_and_lost(house: House, **settings: object) -> tuple[Campaign, str]:
    """A campaign of one, whose dialer has written the attempt and is dead."""
    campaign, now = house.campaign(1, **settings), house.clock.now()
    until = now + timedelta(seconds=LEASE_S)
    (lease,) = house.store.contacts.lease_next(campaign.id, [("UTC",)], 1, now, until)
    lost = str(uuid4())
    assert house.store.attempts.begin_attempt(lease, lost, "", now, until) is Begin.BEGUN
    return campaign, lost


def settle_with(house: House, memory: Memory, seconds: float = 70.0) -> None:
    house.dialer = Dialer(house.store, house.phones, house.clock, 50, LEASE_S, memory)
    house.run(seconds)


def only_contact(house: House, campaign: Campaign) -> Contact:
    (contact,) = house.store.contacts.page(campaign.id)
    return contact


def test_who_was_never_dialled_has_lost_no_try(house: House) -> None:
    campaign, lost = begun_and_lost(house, retry=NO_RETRIES)
    memory = Memory(dialled=False)
    settle_with(house, memory)
    attempt = house.store.attempts.get(lost)
    assert attempt is not None
    assert (attempt.disposition, attempt.cause) == (Disposition.CANCELLED, NEVER_DIALLED)
    contact = only_contact(house, campaign)
    assert (contact.state, contact.tries, contact.attempts) == (ContactState.DONE, 1, 2)
    assert contact.disposition is Disposition.COMPLETED
    ((_, order),) = house.phones.orders
    assert memory.forgotten == [lost, order.attempt_id], "ended, and on record"


@pytest.mark.parametrize("dialled", [True, None])
def test_who_may_have_been_dialled_has_had_a_try(house: House, dialled: bool | None) -> None:
    campaign, lost = begun_and_lost(house, retry=NO_RETRIES)
    settle_with(house, Memory(dialled))
    attempt = house.store.attempts.get(lost)
    assert attempt is not None
    assert (attempt.disposition, attempt.cause) == (Disposition.FAILED, "DIALER_LOST")
    assert house.phones.orders == []
    assert only_contact(house, campaign).state is ContactState.DONE


def test_a_live_channel_says_more_than_the_memory(house: House) -> None:
    house.phones.usual = Fate(1e9, Disposition.COMPLETED)
    house.campaign(1, retry=NO_RETRIES)
    house.run(1)
    ((_, order),) = house.phones.orders
    memory = Memory(dialled=False)
    settle_with(house, memory)
    assert house.phones.killed == [order.attempt_id]
    attempt = house.store.attempts.get(order.attempt_id)
    assert attempt is not None
    assert attempt.disposition is Disposition.FAILED
    assert memory.asked == []


def test_a_memory_that_is_away_is_waited_for(house: House) -> None:
    campaign, _lost = begun_and_lost(house)
    memory = Memory(dialled=False)
    memory.away = True
    settle_with(house, memory, 40)
    assert memory.asked
    assert house.ended(campaign) == {}
    memory.away = False
    house.run(70)
    assert house.ended(campaign) == {Disposition.CANCELLED: 1, Disposition.COMPLETED: 1}


def test_a_call_that_telephony_never_made_costs_no_try(house: House) -> None:
    """The link broke between the order and the originate."""
    campaign = house.campaign(1, retry=NO_RETRIES)
    fates = [Fate(1.0, Disposition.CANCELLED, NEVER_DIALLED), Fate(1.0, Disposition.COMPLETED)]
    house.phones.fates["+442079460000"] = fates
    house.run(70)
    assert house.ended(campaign) == {Disposition.CANCELLED: 1, Disposition.COMPLETED: 1}
    assert only_contact(house, campaign).tries == 1


def test_an_attempt_that_was_written_too_slowly_is_not_dialled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database kept the dialer waiting for longer than its lease: another one may have settled the
    attempt, and a call now would be one that nobody counts."""
    campaign = house.campaign(1)
    begin = house.store.attempts.begin_attempt

    def slowly(*given: object) -> Begin:
        begun = begin(*given)
        house.clock.sleep(LEASE_S + 1)
        monkeypatch.undo()
        return begun

    monkeypatch.setattr(house.store.attempts, "begin_attempt", slowly)
    memory = Memory(dialled=False)
    settle_with(house, memory)
    assert house.ended(campaign) == {Disposition.CANCELLED: 1, Disposition.COMPLETED: 1}
    ((_, order),) = house.phones.orders
    first = next(one for one in house.store.attempts.recent(campaign.id) if one.number == 1)
    assert order.attempt_id != first.id
