"""Receivers that fail, hang or lose their answer, and a database that is away."""

from __future__ import annotations

import gevent
import pytest

from controller.storage.engine import DatabaseUnavailable
from controller.storage.outbox import OutboxState
from controller.tools.channels.base import OutcomeUnknown
from controller.tools.outbox.worker import Patience
from tests.integration.outbox.bench import (
    deliver_all,
    put,
    states,
)
from tests.integration.outbox.worker import channel


def test_it_tries_again_until_the_receiver_recovers(open_store, receiver):
    store = open_store()
    put(store, 1)
    receiver.statuses = [503, 429]
    deliver_all(store, {"sms": channel(receiver.url, repeatable=True)})
    assert receiver.keys() == ["key-0"] * 3
    assert [(item.state, item.tries, item.error) for item in store.listed()] == [
        (OutboxState.SENT, 3, "")
    ]


@pytest.mark.parametrize(("statuses", "tries"), [([500] * 9, 3), ([400], 1)])
def test_dead_letters_are_seen_and_sent_again(open_store, receiver, statuses, tries):
    store = open_store()
    put(store, 1)
    receiver.statuses = list(statuses)
    sms = {"sms": channel(receiver.url, repeatable=True)}
    deliver_all(store, sms)
    dead = store.listed(OutboxState.DEAD)
    assert [(item.tries, item.error) for item in dead] == [(tries, f"sms desk: answered {statuses[0]}")]
    assert len(receiver.posts) == tries
    receiver.statuses = []
    assert store.revive() == 1
    deliver_all(store, sms)
    assert states(store) == {OutboxState.SENT: 1}


def test_pauses_double_and_are_spread():
    patience = Patience(first_s=4, longest_s=100)
    for tries, middle in ((1, 4), (2, 8), (5, 64), (9, 100), (500, 100)):
        pauses = {patience.pause_s(tries) for _ in range(20)}
        assert len(pauses) > 1
        assert all(0.5 * middle <= pause <= 1.5 * middle for pause in pauses)


class Doubtful:
    """A channel whose first answer is lost."""

    def __init__(self, repeatable):
        self.repeatable = repeatable
        self.sends = 0

    def check(self, to):
        pass

    def send(self, to, message):
        self.sends += 1
        if self.sends == 1:
            raise OutcomeUnknown("no answer")


@pytest.mark.parametrize(
    ("repeatable", "sends", "state"), [(True, 2, OutboxState.SENT), (False, 1, OutboxState.DEAD)]
)
def test_a_lost_answer_is_repeated_only_where_a_double_is_known(open_store, repeatable, sends, state):
    store, doubtful = open_store(), Doubtful(repeatable)
    put(store, 1)
    deliver_all(store, {"sms": doubtful})
    assert doubtful.sends == sends
    assert states(store) == {state: 1}


def test_a_channel_that_hangs_is_given_up_within_its_time(open_store):
    class Hangs(Doubtful):
        def send(self, to, message):
            self.sends += 1
            gevent.sleep(60)

    store, hangs = open_store(), Hangs(False)
    put(store, 2)
    deliver_all(store, {"sms": hangs}, Patience(attempt_s=0.05, poll_s=0.02))
    assert hangs.sends == 2
    assert [item.error for item in store.listed(OutboxState.DEAD)] == ["not done within 0.05 s"] * 2


def test_a_channel_no_longer_configured(open_store):
    store = open_store()
    put(store, 1, "fax")
    deliver_all(store, {})
    assert store.listed()[0].error == "the channel fax is not configured"


def test_marking_is_tried_until_the_database_is_back(open_store, receiver):
    store = open_store()
    put(store, 1)
    real, away = store.sent, [DatabaseUnavailable("away")] * 2

    def sent(item):
        if away:
            raise away.pop()
        return real(item)

    store.sent = sent
    deliver_all(store, {"sms": channel(receiver.url, repeatable=True)})
    assert receiver.keys() == ["key-0"]
    assert states(store) == {OutboxState.SENT: 1}
