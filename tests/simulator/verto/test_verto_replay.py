"""The simulated mod_verto behaves as the real one was recorded."""

from __future__ import annotations

import json

import pytest
import websocket

from tests.simulator.verto.replay import Replay, before
from tests.simulator.verto.server import FakeVerto
from tests.simulator.verto.transcripts import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_as_recorded(name: str) -> None:
    with FakeVerto() as server:
        before(name, server)
        assert Replay(name, server).run() == []


def test_there_are_recordings() -> None:
    assert len(NAMES) >= 9


def test_a_second_socket_of_a_session_ends_the_first() -> None:
    def logged_in(server: FakeVerto) -> websocket.WebSocket:
        client = websocket.create_connection(server.url, timeout=2)
        login = {"login": "1000", "passwd": "1234", "sessid": "43290054-0883-47ad-97a8-f502b33c52f7"}
        client.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "login", "params": login}))
        assert json.loads(client.recv())["result"]["message"] == "logged in"
        return client

    with FakeVerto() as server:
        first, second = logged_in(server), logged_in(server)
        assert json.loads(first.recv())["method"] == "verto.punt"
        assert first.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE
        assert json.loads(second.recv())["method"] == "verto.clientReady"
