"""What conversations and people see of the outbox: the channel that queues, the command, the counts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import gevent
import pytest
from click.testing import CliRunner

from controller.outbox_command import outbox
from controller.storage.engine import DatabaseUnavailable
from controller.storage.outbox import OutboxState, OutboxStore
from controller.tools.base import ToolError
from controller.tools.channels.base import Message
from controller.tools.channels.webhook import Endpoint, WebhookChannel
from controller.tools.outbox.queued import QueuedChannel
from controller.tools.outbox.worker import Patience, Worker
from tests.integration.outbox.bench import (
    PAYLOAD,
    put,
    states,
)

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
