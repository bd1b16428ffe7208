"""Every message once, whoever dies when: real databases, real servers, real processes."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter

import gevent
import pytest

from controller.storage.outbox import UNKNOWN, OutboxState
from tests.integration.outbox.bench import (
    PAYLOAD,
    deliver_all,
    go,
    put,
    start_worker,
    states,
)
from tests.integration.outbox.worker import channel


def test_two_worker_processes_deliver_each_message_once(url, open_store, receiver):
    store = open_store()
    put(store, 30)
    workers = [start_worker(url, receiver.url) for _ in range(2)]
    for worker in workers:
        go(worker)
    assert [worker.wait(30) for worker in workers] == [0, 0]
    assert Counter(receiver.keys()) == {f"key-{number}": 1 for number in range(30)}
    assert states(store) == {OutboxState.SENT: 30}


@pytest.mark.parametrize(
    ("kind", "point", "doubles"),
    [("", "claimed", 0), ("", "sent", 1), ("", "marked", 0), ("webhook:", "sent", 1)],
)
def test_a_killed_worker_loses_nothing_and_a_double_has_its_key(
    url, open_store, receiver, kind, point, doubles
):
    put(open_store(), 3)
    worker = start_worker(url, kind + receiver.url, point)
    go(worker)
    assert worker.wait(30) == -signal.SIGKILL
    later = open_store(minutes=10)  # when the lease has ended
    deliver_all(later, {"sms": channel(kind + receiver.url, repeatable=True)})
    counts = Counter(receiver.keys())
    assert set(counts) == {"key-0", "key-1", "key-2"}
    assert sum(counts.values()) == 3 + doubles
    assert states(later) == {OutboxState.SENT: 3}


def test_what_a_killed_worker_had_waits_out_its_lease_while_another_delivers_the_rest(
    url, open_store, receiver
):
    store = open_store()
    put(store, 8)
    killed, other = start_worker(url, receiver.url, "sent"), start_worker(url, receiver.url)
    go(killed)
    with gevent.Timeout(20):
        while not any(item.tries for item in store.listed()):
            gevent.sleep(0.01)
        go(other)
        assert killed.wait() == -signal.SIGKILL
        while len(store.listed(OutboxState.DUE)) > 1:
            gevent.sleep(0.01)
    assert Counter(receiver.keys()).most_common(1)[0][1] == 1  # the lease holds
    other.terminate()
    other.wait(10)
    later = open_store(minutes=10)
    deliver_all(later, {"sms": channel(receiver.url, repeatable=True)})
    assert len(receiver.keys()) == 9
    assert set(receiver.keys()) == {f"key-{number}" for number in range(8)}
    assert states(later) == {OutboxState.SENT: 8}


def test_a_text_message_to_a_number_on_the_line_is_delivered(open_store, receiver):
    store = open_store()
    assert store.put("key-0", "s", "sms", "tel:+4930123456", PAYLOAD | {"message_id": "key-0"})
    deliver_all(store, {"sms": channel(receiver.url, repeatable=True)})
    assert json.loads(receiver.posts[0][1])["to"] == "+4930123456"


def test_a_worker_killed_while_it_waits_for_the_answer(url, open_store, receiver):
    put(open_store(), 2)
    worker = start_worker(url, receiver.url)
    receiver.on_post = lambda: os.kill(worker.pid, signal.SIGKILL)
    go(worker)
    assert worker.wait(30) == -signal.SIGKILL
    receiver.on_post = lambda: None
    later = open_store(minutes=10)
    deliver_all(later, {"sms": channel(receiver.url, repeatable=True)})
    assert sorted(Counter(receiver.keys()).values()) == [1, 2]
    assert states(later) == {OutboxState.SENT: 2}


@pytest.mark.parametrize(("point", "arrived"), [("claimed", 2), ("sent", 3)])
def test_a_receiver_that_knows_no_keys_never_gets_a_double(url, open_store, receiver, point, arrived):
    put(open_store(), 3)
    worker = start_worker(url, receiver.url, point, "no")
    go(worker)
    assert worker.wait(30) == -signal.SIGKILL
    later = open_store(minutes=10)
    deliver_all(later, {"sms": channel(receiver.url, repeatable=False)})
    ids = Counter(json.loads(body)["id"] for _, body in receiver.posts)
    assert list(ids.values()) == [1] * arrived
    assert states(later) == {OutboxState.SENT: 2, OutboxState.DEAD: 1}
    dead = later.listed(OutboxState.DEAD)[0]
    assert dead.error == UNKNOWN
    assert later.revive([dead.key]) == 1  # a person has decided
    deliver_all(later, {"sms": channel(receiver.url, repeatable=False)})
    assert len(receiver.posts) == arrived + 1
    assert states(later) == {OutboxState.SENT: 3}


def test_the_same_key_is_kept_once(open_store):
    store = open_store()
    assert store.put("k", "s", "sms", "desk", PAYLOAD) is True
    assert store.put("k", "s", "sms", "other", PAYLOAD) is False
    assert [item.recipient for item in store.listed()] == ["desk"]


def test_a_claim_hides_a_message_until_its_end_and_is_needed_to_settle_it(open_store):
    store, later = open_store(), open_store(minutes=10)
    put(store, 1)
    first = store.claim(60, max_tries=6)
    assert store.claim(60, max_tries=6) is None
    second = later.claim(60, max_tries=6)
    assert (first.key, first.tries) == (second.key, 1)
    assert second.tries == 2
    assert store.sent(first) is False  # it came too late
    assert later.sent(second) is True
    assert states(store) == {OutboxState.SENT: 1}


def test_a_message_that_kills_its_worker_does_not_come_back_for_ever(open_store):
    store = open_store()
    put(store, 1)
    for attempt in range(3):
        assert open_store(minutes=10 * attempt).claim(60, max_tries=3) is not None
    assert open_store(minutes=60).claim(60, max_tries=3) is None
    assert [item.state for item in store.listed()] == [OutboxState.DEAD]
