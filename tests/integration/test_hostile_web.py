"""Bad clients of the web audio socket never hurt the server, nor the nine people who talk meanwhile."""

from __future__ import annotations

import json
import socket as native_socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic

import gevent
import pytest

from tests.simulator.audio import FRAME_MS
from tests.simulator.caller import WebCaller
from tests.simulator.hostile import START, BadInput, Raw, random_inputs, table
from tests.simulator.line import Refused
from tests.simulator.persona import converse, english
from tests.simulator.server_process import ServerProcess
from tests.simulator.turns import Outcome
from tests.simulator.wire import Closed, WebSocket

pytestmark = [pytest.mark.engines, pytest.mark.alone, pytest.mark.timeout(300)]

BYSTANDERS = 9
MAX_SESSIONS = 14
GAP_LIMIT_MS = 150
"""A longer hole inside a reply is heard as a stutter."""
ANSWER_LIMIT_S = 5.0
GONE_LIMIT_S = 15.0
RANDOM_INPUTS, AT_ONCE = 1000, 4
"""AT_ONCE hostile clients and the bystanders fit into MAX_SESSIONS."""
PROPER_CLOSE_CODES = {1000, 1002, 1003, 1007, 1008, 1009}
"""Whose fault it was is said: never 1006 (dropped) nor 1011 (the server's own error)."""
SERVER_FULL_CODE = 1013


class Bystanders:
    """People in ordinary conversations, one call after another."""

    def __init__(self, ws_url: str) -> None:
        self.ws_url = ws_url
        self.calls: list[WebCaller] = []
        self.stopping = False
        self.turns = 0
        self._greenlets = [gevent.spawn(self._talk, index) for index in range(BYSTANDERS)]

    def check(self) -> None:
        """Raises what went wrong for any of them since the last check; told once."""
        for index, greenlet in enumerate(self._greenlets):
            if greenlet.ready() and not greenlet.successful():
                self._greenlets[index] = gevent.spawn(self._talk, index)
                greenlet.get()
        calls, self.calls = self.calls, [call for call in self.calls if not call.over]
        for call in calls:
            self.turns += len(call.turns) if call.over else 0
            stutters = call.stutters(GAP_LIMIT_MS)
            assert not stutters, f"{stutters}\n{call.transcript()}"
            assert not call.of_type("error"), call.transcript()
            unanswered = [turn for turn in call.turns[:-1] if turn.outcome is Outcome.UNANSWERED]
            assert not unanswered, f"{unanswered}\n{call.transcript()}"

    def stop(self) -> None:
        """Let every call come to its end."""
        self.stopping = True
        gevent.joinall(self._greenlets, timeout=120)
        self.check()
        assert self.turns > BYSTANDERS

    def _talk(self, index: int) -> None:
        gevent.sleep(index * 0.373)
        while True:
            voice = ("slt", "awb")[index % 2]
            try:
                with WebCaller(self.ws_url, bot="appointment_en", voice=voice) as caller:
                    self.calls.append(caller)
                    converse(caller, english(), most_turns=2)
            except Refused as exc:
                if exc.code != "server_full":  # all lines are in use for a moment: call again
                    raise
                gevent.sleep(0.5)
            else:
                if self.stopping:
                    return


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess(settings={"SWITCHTALK_MAX_SESSIONS": str(MAX_SESSIONS)}) as process:
        yield process


@pytest.fixture(scope="module")
def everyone(server: ServerProcess) -> Iterator[Bystanders]:
    people = Bystanders(server.ws_url)
    yield people
    people.stop()


@pytest.fixture(autouse=True)
def _nobody_is_harmed(server: ServerProcess, everyone: Bystanders) -> Iterator[None]:
    yield
    assert server.alive, server.log_tail()
    assert server.get("/healthz").status_code == 200
    everyone.check()
    assert "Traceback" not in server.log_path.read_text(encoding="utf-8"), server.log_tail()


@pytest.mark.parametrize("bad", table(), ids=lambda bad: bad.name)
def test_bad_input_is_told_what_is_wrong(server: ServerProcess, bad: BadInput) -> None:
    client = Client(server, started=bad.started)
    client.sends(bad)
    client.listens(until=lambda: bool(client.errors))
    if client.errors:
        for error in client.errors:
            assert error["code"].isidentifier(), error
            assert error["message"], error
    else:
        assert client.closed is not None, "neither an error nor a close"
        assert client.closed.code in PROPER_CLOSE_CODES, client.closed
        assert any(isinstance(frame, Raw) for frame in bad.frames), "no error before the close"
    client.leaves()


def test_a_thousand_random_inputs(server: ServerProcess) -> None:
    inputs = random_inputs(RANDOM_INPUTS, seed=20)
    noticed: list[str] = []

    def attack() -> None:
        for bad in inputs:
            client = Client(server, started=bad.started)
            client.sends(bad)
            client.leaves()
            for error in client.errors:
                assert error["code"].isidentifier(), (bad.name, error)
                assert "Traceback" not in error["message"], (bad.name, error)
            assert client.closed is not None, f"{bad.name}: still open {bad.frames!r:.300}"
            assert client.closed.code != 1011, (bad.name, client.closed)
            if client.errors or client.closed.code != 1000:
                noticed.append(bad.name)

    attackers = [gevent.spawn(attack) for _ in range(AT_ONCE)]
    gevent.joinall(attackers, raise_error=True)
    assert len(noticed) > RANDOM_INPUTS / 2, "most of it is nonsense, and the client is told"


def test_ten_times_real_time_is_refused(server: ServerProcess) -> None:
    client = Client(server, started=True)
    until_s = monotonic() + GONE_LIMIT_S
    frame = bytes(640)

    def flood() -> None:
        while client.closed is None and monotonic() < until_s:
            client.sends(BadInput("fast", True, (frame,)))
            gevent.sleep(FRAME_MS / 10_000)

    sender = gevent.spawn(flood)
    client.listens(until=lambda: False, limit_s=GONE_LIMIT_S)
    sender.kill()
    assert [error["code"] for error in client.errors] == ["too_fast"]
    assert client.closed is not None
    assert client.closed.code in PROPER_CLOSE_CODES
    session_ends(server, client.session_id)


def test_a_client_that_stops_reading(server: ServerProcess) -> None:
    client = Client(server, started=True, receive_buffer=4096)
    sender = gevent.spawn(keep_talking, client)
    session_ends(server, client.session_id)  # what waits for it is bounded: SEND_BUFFER_BYTES
    sender.kill()


def test_a_client_whose_connection_is_reset(server: ServerProcess) -> None:
    client = Client(server, started=True)
    client.socket.abort()
    session_ends(server, client.session_id)


def test_a_client_that_vanishes_in_the_middle_of_a_call(server: ServerProcess) -> None:
    caller = WebCaller(server.ws_url, bot="appointment_en").dials()
    caller.says("my name is Sarah Johnson")
    caller.line.vanish()
    session_ends(server, caller.line.session_id)


def test_a_client_that_stays_and_says_nothing(server: ServerProcess) -> None:
    client = Client(server, started=True)
    session_ends(server, client.session_id)
    client.socket.close()


def test_beyond_the_last_line_callers_are_refused(server: ServerProcess) -> None:
    clients: list[Client] = []
    while len(clients) <= MAX_SESSIONS:
        client = Client(server)
        client.sends(BadInput("start", False, (json.dumps(START),)))
        client.listens(until=client.answered)
        clients.append(client)
        if client.errors:
            break
    refused = clients.pop()
    assert [error["code"] for error in refused.errors] == ["server_full"]
    refused.listens(until=lambda: False)
    assert refused.closed is not None
    assert refused.closed.code == SERVER_FULL_CODE
    for client in clients:
        client.leaves()
    assert Client(server, started=True).session_id


class Client:
    """A connection with no manners: no clock, no loudspeaker."""

    def __init__(
        self, server: ServerProcess, *, started: bool = False, receive_buffer: int | None = None
    ) -> None:
        """With `started`, a session is begun; waits for a free line if need be."""
        self.errors: list[dict[str, str]] = []
        self.closed: Closed | None = None
        self.session_id = ""
        until_s = monotonic() + GONE_LIMIT_S
        while True:
            self._connect(server, receive_buffer)
            if not started:
                return
            self.socket.send(json.dumps(START))
            self.listens(until=self.answered)
            if self.session_id:
                return
            assert monotonic() < until_s, f"no session: {self.errors}, {self.closed}"
            gevent.sleep(0.2)

    def _connect(self, server: ServerProcess, receive_buffer: int | None) -> None:
        self.errors, self.closed = [], None
        self.socket = WebSocket(server.ws_url)
        if receive_buffer is not None:
            self.socket.socket.setsockopt(
                native_socket.SOL_SOCKET, native_socket.SO_RCVBUF, receive_buffer
            )

    def answered(self) -> bool:
        """The server took the session, or said why not."""
        return bool(self.session_id or self.errors)

    def sends(self, bad: BadInput) -> None:
        """All frames, as far as the server lets them."""
        try:
            for frame in bad.frames:
                if isinstance(frame, Raw):
                    self.socket.send_raw(frame.data)
                else:
                    self.socket.send(frame)
        except OSError:
            return  # closed by the server: `listens` sees how

    def listens(self, until: Callable[[], bool], limit_s: float = ANSWER_LIMIT_S) -> None:
        """Take messages until `until()`, the close, or the limit."""
        with gevent.Timeout(limit_s, False):
            while self.closed is None and not until():
                message = self.socket.receive()
                if isinstance(message, Closed):
                    self.closed = message
                elif isinstance(message, str):
                    self._take(json.loads(message))

    def leaves(self) -> None:
        """Say goodbye, go half-way, and wait until the server has closed too."""
        self.sends(BadInput("hangup", True, ('{"type":"hangup"}',)))
        with suppress(OSError):
            self.socket.socket.shutdown(native_socket.SHUT_WR)
        self.listens(until=lambda: False)
        self.socket.socket.close()

    def _take(self, body: dict[str, str]) -> None:
        if body["type"] == "error":
            self.errors.append(body)
        elif body["type"] == "ready":
            self.session_id = body["session_id"]


def keep_talking(client: Client) -> None:
    """Silence in real time, whatever comes back."""
    while True:
        client.sends(BadInput("silence", True, (bytes(640),)))
        gevent.sleep(FRAME_MS / 1000)


def session_ends(server: ServerProcess, session_id: str) -> None:
    """The session is gone from the server's list in time."""
    assert session_id
    until_s = monotonic() + GONE_LIMIT_S
    while session_id in {each["session_id"] for each in server.sessions()}:
        assert monotonic() < until_s, f"session {session_id} lives on after {GONE_LIMIT_S:g} s"
        gevent.sleep(0.25)
