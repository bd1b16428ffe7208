"""The outbox on real databases with real servers: every message once, whoever dies when."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import gevent
import pytest
from click.testing import CliRunner

from controller.outbox_command import outbox
from controller.storage.engine import DatabaseUnavailable
from controller.storage.outbox import UNKNOWN, OutboxState, OutboxStore
from controller.tools.base import ToolError
from controller.tools.channels.base import Message, OutcomeUnknown
from controller.tools.channels.webhook import Endpoint, WebhookChannel
from controller.tools.outbox.queued import QueuedChannel
from controller.tools.outbox.worker import Patience, Worker
from tests.integration.outbox_worker import channel
from tests.integration.receiver import receiving

SCRIPT = Path(__file__).with_name("outbox_worker.py")
PAYLOAD = {
    "message_id": "",
    "session_id": "s",
    "template_id": "call_back",
    "language": "zh",
    "text": "来电者请求回电。",
    "params": {},
}
QUICK = Patience(max_tries=3, first_s=0.01, poll_s=0.02, at_once=2)


@pytest.fixture
def url(migrated_database):
    return migrated_database


@pytest.fixture
def open_store(url):
    stores = []

    def open_at(minutes=0.0):
        later = timedelta(minutes=minutes)
        stores.append(OutboxStore(url, now=lambda: datetime.now(UTC) + later))
        return stores[-1]

    yield open_at
    for store in stores:
        store.close()


@pytest.fixture
def receiver():
    with receiving() as got:
        yield got


def put(store, count, name="sms"):
    for number in range(count):
        key = f"key-{number}"
        assert store.put(key, "s", name, "desk", PAYLOAD | {"message_id": key})


def deliver_all(store, channels, patience=QUICK):
    """Work in this process until nothing waits; at most 20 s."""
    worker = Worker(store, channels, unavailable=DatabaseUnavailable, patience=patience)
    worker.start()
    try:
        with gevent.Timeout(10):
            while store.listed(OutboxState.DUE):
                gevent.sleep(0.01)
    finally:
        worker.stop()


def states(store):
    return Counter(item.state for item in store.listed(limit=1000))


def start_worker(url, to, point="never", repeatable="yes"):
    """A worker process that waits for a line on its standard input."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), url, to, point, repeatable],
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


# --- one delivery for each key ----------------------------------------------------------------


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


# --- failures -----------------------------------------------------------------------------------


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


# --- the channel that conversations see ------------------------------------------------------------


MESSAGE = Message("id-1", "s", "call_back", "en", "A caller asks…", {"name": "Li"}, "Call back")


def queued(store, receiver, nudge=lambda: None):
    webhook = WebhookChannel({"desk": Endpoint(receiver.url, "s" * 16, allow_private=True)})
    return webhook, QueuedChannel(
        "webhook", webhook, store, nudge=nudge, unavailable=DatabaseUnavailable
    )


def test_what_is_queued_is_delivered_at_once(open_store, receiver):
    store = open_store()
    webhook, _ = queued(store, receiver)
    slow = Patience(poll_s=30)  # only the nudge can be in time
    worker = Worker(store, {"webhook": webhook}, unavailable=DatabaseUnavailable, patience=slow)
    worker.start()
    _, channel_ = queued(store, receiver, worker.nudge)
    gevent.sleep(0)
    channel_.send("desk", MESSAGE)
    channel_.send("desk", MESSAGE)
    assert receiver.arrived.wait(10)
    worker.stop()
    assert receiver.keys() == ["id-1"]
    assert json.loads(receiver.posts[0][1])["params"] == {"name": "Li"}
    assert states(store) == {OutboxState.SENT: 1}


def test_an_unknown_recipient_is_refused_at_once(open_store, receiver):
    _, channel_ = queued(open_store(), receiver)
    with pytest.raises(ToolError, match="expected one of: desk"):
        channel_.check("http://10.0.0.1/")


def test_without_a_database_the_tool_says_so(tmp_path, receiver):
    store = OutboxStore(f"sqlite:///{tmp_path}/none/records.db")
    _, channel_ = queued(store, receiver)
    with pytest.raises(ToolError) as caught:
        channel_.send("desk", MESSAGE)
    assert (caught.value.code, caught.value.retryable) == ("unavailable", True)
    store.close()


# --- people ------------------------------------------------------------------------------------------


def test_the_command_lists_dead_letters_and_revives_them(url, open_store):
    store = open_store()
    put(store, 2)
    store.failed(store.claim(60, max_tries=6), "no \x1b[31mluck", None)
    options = ["--set", f"database.url={url}"]
    shown = CliRunner().invoke(outbox, [*options, "list"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert "no \\x1b[31mluck" in shown.output
    assert shown.output.count("key-") == 1
    assert "来电者" not in shown.output
    assert CliRunner().invoke(outbox, [*options, "retry"]).exit_code == 2
    wrong = CliRunner().invoke(outbox, [*options, "retry", "nonsense"])
    assert wrong.exit_code == 1
    again = CliRunner().invoke(outbox, [*options, "retry", "--all"])
    assert "1 will be sent again" in again.output
    assert states(store) == {OutboxState.DUE: 2}


def test_messages_are_counted_by_channel_and_state(open_store):
    store = open_store()
    put(store, 3)
    assert store.put("mail", "s", "email", "desk", PAYLOAD)
    store.sent(store.claim(60, max_tries=6))
    store.failed(store.claim(60, max_tries=6), "no luck", None)
    assert sorted(store.counts()) == [
        ("email", "due", 1),
        ("sms", "dead", 1),
        ("sms", "due", 1),
        ("sms", "sent", 1),
    ]


def test_old_settled_messages_are_forgotten_and_waiting_ones_are_not(open_store):
    store = open_store()
    put(store, 2)
    store.sent(store.claim(60, max_tries=6))
    assert store.purge(datetime.now(UTC) - timedelta(days=1)) == 0
    assert store.purge(datetime.now(UTC) + timedelta(days=1)) == 1
    assert states(store) == {OutboxState.DUE: 1}
