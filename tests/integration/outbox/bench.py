"""Messages to put, and workers that deliver them: in this process or in one of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import gevent

from controller.storage.engine import DatabaseUnavailable
from controller.storage.outbox import OutboxState
from controller.tools.outbox.worker import Patience, Worker

SCRIPT = Path(__file__).with_name("worker.py")
PAYLOAD = {
    "message_id": "",
    "session_id": "s",
    "template_id": "call_back",
    "language": "zh",
    "text": "来电者请求回电。",
    "params": {},
}
QUICK = Patience(max_tries=3, first_s=0.01, poll_s=0.02, at_once=2)


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
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[3])},
    )
    with gevent.Timeout(30):
        assert process.stdout.readline() == "ready\n"
    return process


def go(process):
    process.stdin.write("go\n")
    process.stdin.flush()
