"""The process is told to stop while people talk: they are not cut off, nobody new gets in, exit 0."""

from __future__ import annotations

import os
import signal

import gevent
import pytest

from tests.simulator.caller import WebCaller
from tests.simulator.line import Refused
from tests.simulator.server_process import ServerProcess

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]


def stop(server: ServerProcess) -> gevent.Greenlet:
    """SIGTERM; the greenlet ends when the process has, and raises unless its exit code is 0."""
    return gevent.spawn(server.stop)


def test_a_live_session_may_finish(tmp_path):
    server = ServerProcess(settings={"SWITCHTALK_DRAIN_S": "40"}).start()
    with WebCaller(server.ws_url, bot="demo") as caller:
        caller.waits_for_reply()
        ended = stop(server)
        assert "is stopping" in refusal(server)
        caller.says("my name is Sarah Johnson")
        caller.waits_for_reply()
        assert "Sarah" in caller.transcript()
    ended.get(timeout=30)


def test_a_session_that_goes_on_is_told_goodbye(tmp_path):
    server = ServerProcess(settings={"SWITCHTALK_DRAIN_S": "1"}).start()
    with WebCaller(server.ws_url, bot="demo") as caller:
        caller.waits_for_reply()
        ended = stop(server)
        caller.hears("Goodbye", limit_s=15)
        assert caller.line.wait(lambda: caller.over, 10)
        (end,) = caller.of_type("end")
        assert end.body["reason"] == "drain"
    ended.get(timeout=30)


def refusal(server: ServerProcess) -> str:
    """What a new caller is told."""
    for _ in range(100):
        try:
            with WebCaller(server.ws_url, bot="demo"):
                gevent.sleep(0.05)
        except Refused as refused:
            return str(refused)
    pytest.fail("a stopping server still takes new sessions")


def test_asked_twice_it_ends_at_once():
    server = ServerProcess(settings={"SWITCHTALK_DRAIN_S": "300"}).start()
    with WebCaller(server.ws_url, bot="demo") as caller:
        caller.waits_for_reply()
        process = server._process
        assert process is not None
        os.kill(process.pid, signal.SIGTERM)
        assert "is stopping" in refusal(server)
        os.kill(process.pid, signal.SIGTERM)
        with gevent.Timeout(10):
            while process.poll() is None:
                gevent.sleep(0.05)
        assert process.returncode == 1
        caller.line.close()
