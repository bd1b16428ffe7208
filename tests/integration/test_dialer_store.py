"""The dialer's database: one contact is one dialer's, an attempt has one end, a ban holds at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import gevent
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from controller.dialer.model import (
    AttemptState,
    Begin,
    CampaignState,
    ContactState,
    Disposition,
    DoNotCallEntry,
    NewContact,
    Outcome,
    Settlement,
)
from controller.dialer.ports import BadTransition, CampaignExists, StoreUnavailable, UnknownCampaign
from controller.storage.dialer_store import SqlDialerStore
from controller.storage.engine import DatabaseUnavailable, open_engine
from controller.storage.migrations import migrate

SCRIPT = Path(__file__).with_name("dialer_worker.py")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SHANGHAI, TOKYO = ("Asia/Shanghai",), ("Asia/Tokyo",)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def url(migrated_database):
    return migrated_database


@pytest.fixture
def open_store(url):
    stores = []

    def open_store():
        stores.append(SqlDialerStore(url))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


def contacts(count, zones=SHANGHAI, first=0):
    return [
        NewContact(line, f"+86138001{line:05d}", zones, f"王{line}", "zh", {"order": str(line)})
        for line in range(first, first + count)
    ]


def campaign(store, count=0, state=CampaignState.RUNNING, name="spring", zones=SHANGHAI):
    made = store.campaigns.create(name, {"bot": "demo"}, NOW)
    if count:
        store.contacts.stage(made.id, f"import-{made.id}", contacts(count, zones), NOW)
        assert store.contacts.accept(f"import-{made.id}", NOW) == count
    if state is not CampaignState.DRAFT:
        store.campaigns.move(made.id, state, NOW)
    return made.id


def lease(store, campaign_id, limit=1, now=NOW, zones=(SHANGHAI,)):
    return store.contacts.lease_next(campaign_id, zones, limit, now, now + MINUTE)


def begin(store, taken, attempt_id="u-1", now=NOW):
    return store.attempts.begin_attempt(taken, attempt_id, "+8610", now, now + MINUTE)


def end(store, attempt_id="u-1", disposition=Disposition.COMPLETED, settlement=None, **more):
    settlement = settlement or Settlement(None)
    return store.attempts.end_attempt(attempt_id, Outcome(disposition, **more), settlement, NOW + MINUTE)


def state_of(store, taken):
    return store.contacts.get(taken.contact.id).state


# --- import --------------------------------------------------------------------------------------


def test_staged_contacts_are_nobody_s_until_they_are_accepted(store):
    campaign_id = campaign(store)
    store.contacts.stage(campaign_id, "i", contacts(3), NOW)
    assert lease(store, campaign_id, 9) == ()
    assert store.contacts.waiting(campaign_id) == ()
    assert store.contacts.accept("i", NOW) == 3
    assert store.contacts.accept("i", NOW) == 0
    first = lease(store, campaign_id, 9)[0].contact
    assert (first.number, first.name, first.zones) == ("+8613800100000", "王0", SHANGHAI)
    assert (first.language, first.variables, first.tries) == ("zh", {"order": "0"}, 0)


def test_a_discarded_import_leaves_nothing(store):
    campaign_id = campaign(store, 1)
    store.contacts.stage(campaign_id, "i", contacts(3), NOW)
    store.contacts.stage(campaign_id, "old", contacts(2, first=10), NOW - timedelta(days=1))
    assert store.contacts.discard("i") == 2
    assert store.contacts.discard_stale(NOW - timedelta(hours=1)) == 2
    assert len(store.contacts.page(campaign_id)) == 1


def test_duplicates_and_forbidden_numbers_are_left_out(store):
    campaign_id = campaign(store, 2)
    forbid(store, contacts(4)[3].number)
    staged = store.contacts.stage(campaign_id, "i", contacts(5), NOW)
    assert staged.duplicates == {"+8613800100000", "+8613800100001"}
    assert staged.do_not_call == {"+8613800100003"}
    assert store.contacts.accept("i", NOW) == 2
    other = campaign(store, 2, name="another campaign may have the same number")
    assert len(store.contacts.page(other)) == 2


def test_the_same_batch_again_changes_nothing(store):
    campaign_id = campaign(store)
    for _ in range(2):
        staged = store.contacts.stage(campaign_id, "i", contacts(3), NOW)
        assert (staged.duplicates, staged.do_not_call) == (frozenset(), frozenset())
    assert store.contacts.accept("i", NOW) == 3


def test_a_batch_for_no_campaign(store):
    with pytest.raises(UnknownCampaign):
        store.contacts.stage("none", "i", contacts(1), NOW)


def test_more_than_one_statement_s_worth(store):
    campaign_id = campaign(store)
    store.contacts.stage(campaign_id, "i", contacts(2500), NOW)
    assert store.contacts.accept("i", NOW) == 2500
    assert len(lease(store, campaign_id, 1200)) == 1200
    assert len(store.contacts.page(campaign_id, limit=1000)) == 1000


# --- leases --------------------------------------------------------------------------------------


def test_the_list_s_order_and_nobody_twice(store, open_store):
    campaign_id = campaign(store, 5)
    mine, theirs = lease(store, campaign_id, 3), lease(open_store(), campaign_id, 3)
    assert [taken.contact.line for taken in mine] == [0, 1, 2]
    assert [taken.contact.line for taken in theirs] == [3, 4]
    assert lease(store, campaign_id) == ()


def test_zones_in_their_order_and_only_those_that_are_open(store):
    campaign_id = campaign(store, 2)
    store.contacts.stage(campaign_id, "t", contacts(2, TOKYO, first=10), NOW)
    store.contacts.accept("t", NOW)
    groups = {group.zones: group.waiting for group in store.contacts.waiting(campaign_id)}
    assert groups == {SHANGHAI: 2, TOKYO: 2}
    taken = lease(store, campaign_id, 3, zones=(TOKYO, SHANGHAI))
    assert [one.contact.line for one in taken] == [10, 11, 0]
    assert lease(store, campaign_id, 3, zones=(TOKYO,)) == ()
    assert lease(store, campaign_id, 3, zones=()) == ()


def test_nobody_before_it_is_due(store):
    campaign_id = campaign(store, 1)
    assert lease(store, campaign_id, now=NOW - MINUTE) == ()


@pytest.mark.parametrize("state", [CampaignState.DRAFT, CampaignState.PAUSED])
def test_nobody_of_a_campaign_that_does_not_run(store, state):
    campaign_id = campaign(store, 1, CampaignState.DRAFT)
    if state is CampaignState.PAUSED:
        store.campaigns.move(campaign_id, CampaignState.RUNNING, NOW)
        store.campaigns.move(campaign_id, CampaignState.PAUSED, NOW)
    assert lease(store, campaign_id) == ()


def test_a_lease_that_is_over_is_taken_by_the_next(store, open_store):
    campaign_id = campaign(store, 1)
    (old,) = lease(store, campaign_id)
    assert lease(open_store(), campaign_id, now=NOW + MINUTE / 2) == ()
    (new,) = lease(open_store(), campaign_id, now=NOW + MINUTE)
    assert new.contact.id == old.contact.id
    assert begin(store, old) is Begin.LOST
    assert store.contacts.renew([old], NOW + 5 * MINUTE) == frozenset()
    assert store.contacts.release([old]) == 0
    assert begin(store, new) is Begin.BEGUN


def test_a_renewed_lease_holds(store):
    campaign_id = campaign(store, 2)
    taken = lease(store, campaign_id, 2)
    assert begin(store, taken[0]) is Begin.BEGUN
    assert store.contacts.renew(taken, NOW + 5 * MINUTE) == {one.contact.id for one in taken}
    assert lease(store, campaign_id, now=NOW + 2 * MINUTE) == ()
    assert store.attempts.take_lost(9, NOW + 2 * MINUTE, NOW + 3 * MINUTE) == ()


def test_a_contact_is_given_back_uncalled(store):
    campaign_id = campaign(store, 2)
    one, other = lease(store, campaign_id, 2)
    assert begin(store, other) is Begin.BEGUN
    assert store.contacts.release([one, other], NOW + MINUTE) == 1
    assert lease(store, campaign_id) == ()
    assert lease(store, campaign_id, now=NOW + MINUTE)[0].contact.id == one.contact.id


# --- attempts ------------------------------------------------------------------------------------


def test_an_attempt_from_its_beginning_to_its_end(store):
    campaign_id = campaign(store, 1)
    (taken,) = lease(store, campaign_id)
    assert begin(store, taken) is Begin.BEGUN
    assert begin(store, taken) is Begin.BEGUN  # its answer was lost, say
    opened = store.attempts.get("u-1")
    assert (opened.number, opened.called, opened.state) == (1, "+8613800100000", AttemptState.DIALLING)
    assert store.attempts.open(campaign_id) == (opened,)
    assert store.attempts.note("u-1", AttemptState.TALKING, NOW, "s-1")
    assert store.attempts.note("u-1", AttemptState.RINGING, NOW)  # told late: it goes on talking
    assert store.attempts.get("u-1").state is AttemptState.TALKING
    assert end(store, slots={"date": "周二"}, cause="NORMAL_CLEARING", recording_path="/r/a.wav")
    ended = store.attempts.get("u-1")
    assert (ended.disposition, ended.session_id) == (Disposition.COMPLETED, "s-1")
    assert (ended.slots, ended.recording_path) == ({"date": "周二"}, "/r/a.wav")
    assert (ended.answered_at, ended.ended_at) == (NOW, NOW + MINUTE)
    contact = store.contacts.get(taken.contact.id)
    assert (contact.state, contact.disposition) == (ContactState.DONE, Disposition.COMPLETED)
    assert (contact.tries, contact.attempts) == (1, 1)
    assert store.attempts.open() == ()


def test_an_attempt_has_one_end(store):
    (taken,) = lease(store, campaign(store, 1))
    begin(store, taken)
    again = Settlement(NOW + 2 * MINUTE)
    assert end(store, disposition=Disposition.BUSY, settlement=again)
    assert not end(store, disposition=Disposition.COMPLETED)
    assert not end(store, "never begun")
    assert not store.attempts.note("u-1", AttemptState.TALKING, NOW)
    assert store.attempts.get("u-1").disposition is Disposition.BUSY
    assert state_of(store, taken) is ContactState.WAITING


def test_a_late_end_does_not_touch_the_next_attempt(store):
    campaign_id = campaign(store, 1)
    begin(store, lease(store, campaign_id)[0])
    end(store, disposition=Disposition.BUSY, settlement=Settlement(NOW))
    (taken,) = lease(store, campaign_id)
    assert (taken.contact.tries, taken.contact.disposition) == (1, Disposition.BUSY)
    assert begin(store, taken, "u-2") is Begin.BEGUN
    assert not end(store, "u-1")
    assert state_of(store, taken) is ContactState.CALLING
    assert store.attempts.get("u-2").number == 2


def test_a_try_that_does_not_count_is_given_back(store):
    campaign_id = campaign(store, 1)
    (taken,) = lease(store, campaign_id)
    begin(store, taken)
    end(store, disposition=Disposition.CANCELLED, settlement=Settlement(NOW, counted=False))
    contact = store.contacts.get(taken.contact.id)
    assert (contact.tries, contact.attempts) == (0, 1)


def test_the_database_itself_refuses_a_second_open_attempt(store, url):
    (taken,) = lease(store, campaign(store, 1))
    begin(store, taken)
    same = "campaign_id, contact_id, called, caller_id, state, began_at, cause, session_id, slots"
    copied = text(
        f"INSERT INTO attempts (id, number, recording_path, {same})"
        f" SELECT 'u-2', 2, recording_path, {same} FROM attempts"
    )
    with pytest.raises(IntegrityError), open_engine(url).begin() as connection:
        connection.execute(copied)


def test_stopping_holds_for_leases_that_are_out(store, open_store):
    campaign_id = campaign(store, 1)
    (taken,) = lease(store, campaign_id)
    open_store().campaigns.move(campaign_id, CampaignState.PAUSED, NOW)
    assert begin(store, taken) is Begin.NOT_RUNNING
    assert state_of(store, taken) is ContactState.WAITING
    assert store.attempts.open() == ()


def test_what_a_dead_dialer_left_is_found_once(store, open_store):
    campaign_id = campaign(store, 2)
    taken = lease(store, campaign_id, 2)
    assert begin(store, taken[0]) is Begin.BEGUN
    assert store.attempts.take_lost(9, NOW + MINUTE / 2, NOW + 2 * MINUTE) == ()
    (lost,) = open_store().attempts.take_lost(9, NOW + MINUTE, NOW + 2 * MINUTE)
    assert (lost.attempt.id, lost.lease.contact.id) == ("u-1", taken[0].contact.id)
    assert store.attempts.take_lost(9, NOW + MINUTE, NOW + 2 * MINUTE) == ()
    (other,) = lease(store, campaign_id, 9, now=NOW + MINUTE)  # never the one with an open attempt
    assert other.contact.id == taken[1].contact.id
    assert store.contacts.renew([lost.lease], NOW + 3 * MINUTE) == {lost.lease.contact.id}
    assert end(store, disposition=Disposition.FAILED, cause="LOST")


# --- do not call ---------------------------------------------------------------------------------


def forbid(store, *numbers, until=None):
    return store.do_not_call.add([DoNotCallEntry(number, "asked", NOW, until) for number in numbers])


def test_a_ban_holds_for_a_lease_that_is_out(store, open_store):
    campaign_id = campaign(store, 1)
    (taken,) = lease(store, campaign_id)
    forbid(open_store(), taken.contact.number)
    assert begin(store, taken) is Begin.DO_NOT_CALL
    contact = store.contacts.get(taken.contact.id)
    assert (contact.state, contact.disposition) == (ContactState.DONE, Disposition.DO_NOT_CALL)
    assert (contact.attempts, store.attempts.open()) == (0, ())


def test_the_list_and_its_expiry(store):
    assert forbid(store, "+1", "+2") == 2
    assert forbid(store, "+3", until=NOW + MINUTE) == 1
    numbers = ["+1", "+3", "+9"]
    assert store.do_not_call.listed(numbers, NOW) == {"+1", "+3"}
    assert store.do_not_call.listed(numbers, NOW + MINUTE) == {"+1"}
    assert [entry.number for entry in store.do_not_call.page(after="+1")] == ["+2", "+3"]
    assert store.do_not_call.purge(NOW + MINUTE) == 1
    assert store.do_not_call.remove(["+1", "+9"]) == 1
    assert store.do_not_call.listed(numbers, NOW) == frozenset()


def test_for_ever_is_not_shortened(store):
    forbid(store, "+1")
    assert forbid(store, "+1", until=NOW + MINUTE) == 0
    forbid(store, "+2", until=NOW + MINUTE)
    assert forbid(store, "+2") == 0
    assert store.do_not_call.listed(["+1", "+2"], NOW + 2 * MINUTE) == {"+1", "+2"}


# --- campaigns -----------------------------------------------------------------------------------


def test_a_campaign_and_its_states(store):
    campaign_id = campaign(store, state=CampaignState.DRAFT)
    with pytest.raises(CampaignExists):
        campaign(store)
    with pytest.raises(ValueError, match="name"):
        store.campaigns.create("  ", {}, NOW)
    with pytest.raises(BadTransition, match=r"draft.*paused"):
        store.campaigns.move(campaign_id, CampaignState.PAUSED, NOW)
    assert store.campaigns.move(campaign_id, CampaignState.RUNNING, NOW).state is CampaignState.RUNNING
    paused = store.campaigns.move(campaign_id, CampaignState.PAUSED, NOW, "the gateway fails")
    assert store.campaigns.find("spring") == paused
    assert paused.why == "the gateway fails"
    assert store.campaigns.move(campaign_id, CampaignState.PAUSED, NOW, "again") == paused
    with pytest.raises(BadTransition):
        store.campaigns.move(
            campaign_id, CampaignState.DONE, NOW, expected=CampaignState.RUNNING
        )  # a runner that has not heard of the pause
    assert store.campaigns.change(campaign_id, {"bot": "new"}, NOW).settings == {"bot": "new"}
    assert store.campaigns.listed(CampaignState.PAUSED)[0].id == campaign_id
    assert store.campaigns.listed(CampaignState.DONE) == ()
    for unknown in (store.campaigns.get, lambda it: store.campaigns.change(it, {}, NOW)):
        with pytest.raises(UnknownCampaign):
            unknown("none")


def test_counts_and_tally(store):
    campaign_id = campaign(store, 4)
    for number, disposition in enumerate((Disposition.COMPLETED, Disposition.BUSY)):
        begin(store, lease(store, campaign_id)[0], f"u-{number}")
        end(store, f"u-{number}", disposition)
    begin(store, lease(store, campaign_id)[0], "u-open")
    counts = store.campaigns.counts(campaign_id)
    assert counts.contacts[ContactState.DONE] == 2
    assert counts.contacts[ContactState.CALLING] == 1
    assert counts.contacts[ContactState.WAITING] == 1
    assert counts.done == counts.attempts == {Disposition.COMPLETED: 1, Disposition.BUSY: 1}
    assert counts.open_attempts == 1
    assert store.attempts.tally(campaign_id, NOW) == counts.attempts
    assert store.attempts.tally(campaign_id, NOW + 2 * MINUTE) == {}
    assert len(store.attempts.recent(campaign_id)) == 3


def test_results_are_all_contacts_with_all_attempts_page_by_page(store):
    campaign_id = campaign(store, 5)
    for number in range(2):
        begin(store, lease(store, campaign_id)[0], f"u-{number}")
        end(store, f"u-{number}", Disposition.BUSY, Settlement(NOW - MINUTE))
    rows = list(store.campaigns.results(campaign_id, page_size=2))
    found = [(row.contact.line, row.attempt.id if row.attempt else None) for row in rows]
    assert found == [(0, "u-0"), (0, "u-1"), (1, None), (2, None), (3, None), (4, None)]


def test_a_campaign_is_forgotten_with_all_that_is_its_but_not_while_it_works(store):
    campaign_id = campaign(store, 1)
    begin(store, lease(store, campaign_id)[0])
    for to in (CampaignState.STOPPING, CampaignState.STOPPED):
        with pytest.raises(BadTransition, match="stop it first"):
            store.campaigns.delete(campaign_id)
        store.campaigns.move(campaign_id, to, NOW)
    with pytest.raises(BadTransition, match="stop it first"):
        store.campaigns.delete(campaign_id)
    end(store)
    assert store.campaigns.delete(campaign_id)
    assert not store.campaigns.delete(campaign_id)
    assert store.attempts.get("u-1") is None


# --- processes -----------------------------------------------------------------------------------


def dialer(url, campaign_id, die_after=0):
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), url, campaign_id, str(die_after)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
    )
    with gevent.Timeout(30):
        assert process.stdout.readline() == "ready\n"
    return process


def go(process):
    process.stdin.write("go\n")
    process.stdin.flush()
    return process.stdout


def test_two_processes_never_call_one_contact_and_the_dead_one_s_is_found(store, url):
    campaign_id = campaign(store, 60)
    processes = [dialer(url, campaign_id, die_after) for die_after in (5, 0)]
    with gevent.Timeout(30):
        first = go(processes[0]).readline()  # it is at work
        rest = go(processes[1]).read()
        called = [[*first.split(), *processes[0].stdout.read().split()], rest.split()]
        for process in processes:
            process.wait()
    assert [process.returncode for process in processes] == [-9, 0]
    assert all(called)
    assert set(Counter(called[0] + called[1]).values()) == {1}
    counts = store.campaigns.counts(campaign_id)
    later = datetime.now(UTC) + 2 * MINUTE
    (lost,) = store.attempts.take_lost(9, later, later + MINUTE)
    assert lost.attempt.called == called[0][-1]
    left = lease(store, campaign_id, 99, now=later)
    assert counts.contacts[ContactState.DONE] + len(left) + 1 == 60
    assert not {one.contact.number for one in left} & {*called[0], *called[1]}


def test_a_database_that_is_away_is_said_in_both_languages(tmp_path):
    migrate(f"sqlite:///{tmp_path}/records.db")
    store = SqlDialerStore(f"sqlite:///{tmp_path}/gone/records.db")
    with pytest.raises(StoreUnavailable) as away:
        store.campaigns.listed()
    assert isinstance(away.value, DatabaseUnavailable)
    store.close()
