"""The console over real sockets: an independent event-socket client, and clients that mean harm."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic

import gevent
import pytest
from gevent.queue import Queue
from greenswitch import InboundESL

from controller.gateway.console.server import ConsoleServer
from controller.session import happenings as told
from tests.unit.gateway_console.fakes import ID, FakeDesk, House

pytestmark = pytest.mark.timeout(30)
PASSWORD = "a secret 密"
LIMIT_S = 5.0


class Console:
    """A console server and the house it shows."""

    def __init__(self, **limits: object) -> None:
        self.house = House(phone=FakeDesk(), **limits)
        self.server = ConsoleServer("127.0.0.1", 0, PASSWORD, self.house.deps)
        self.server.start()
        self.raws: list[Raw] = []

    def raw(self, *, logged_in: bool = True) -> Raw:
        raw = Raw(self.server.port)
        self.raws.append(raw)
        if logged_in:
            assert raw.until(b"auth/request\n\n")
            raw.sends(f"auth {PASSWORD}\n\n".encode())
            assert raw.until(b"+OK accepted\n\n")
        return raw

    def close(self) -> None:
        self.server.stop(1)
        for raw in self.raws:
            raw.sock.close()


class Raw:
    """Bytes there and back."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
        self.data = b""

    def sends(self, data: bytes) -> None:
        self.sock.sendall(data)

    def until(self, ending: bytes) -> bytes:
        """What has come up to `ending`; fails when it does not come in time, or the end does."""
        while ending not in self.data:
            more = self.sock.recv(65_536)
            if not more:
                pytest.fail(f"closed before {ending!r}, after {self.data!r}")
            self.data += more
        got, _, self.data = self.data.partition(ending)
        return got + ending

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        with suppress(ConnectionResetError):  # what we had sent was not read: the end all the same
            while more := self.sock.recv(65_536):
                self.data += more
        return self.data


@pytest.fixture
def console() -> Iterator[Console]:
    console = Console()
    yield console
    console.close()


@pytest.fixture
def strict() -> Iterator[Callable[..., Console]]:
    """Makes consoles with limits of their own."""
    made: list[Console] = []

    def make(**limits: object) -> Console:
        made.append(Console(**limits))
        return made[-1]

    yield make
    for console in made:
        console.close()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = monotonic() + LIMIT_S
    while not what():
        assert monotonic() < deadline, "it did not happen in time"
        gevent.sleep(0.01)


# --- an independent client -------------------------------------------------------------------


def test_greenswitch_works_with_it(console):
    session = console.house.begin(caller_number="1001")
    lines: Queue[str] = Queue()
    client = InboundESL("127.0.0.1", console.server.port, PASSWORD)
    client.register_handle("log", lambda event: lines.put(event.data))
    client.connect()
    try:
        assert "1001" in client.send("api sessions").data
        assert client.send("event plain ALL").data == "+OK event listener enabled plain"
        assert client.send("api watch a1").data.startswith(f"+OK watching {ID}")
        console.house.hub(ID, told.FinalHeard(1, "next Tuesday, 可以吗?"))
        assert lines.get(timeout=LIMIT_S).endswith("caller: next Tuesday, 可以吗?\n")
        assert client.send(f"api hangup {ID}").data == f"+OK hanging up {ID}"
        assert "session ended: operator" in lines.get(timeout=LIMIT_S)
    finally:
        client.stop()
    assert session.hung_up_by == "operator"


def test_a_client_that_logs_is_woken_after_each_answer(console):
    raw = console.raw()
    raw.sends(b"api status\n\nlog debug\n\n")
    empty = (
        b"Content-Type: log/data\nContent-Length: 1\nLog-Level: 5\nText-Channel: 0\n"
        b"Log-File: switchtalk\nLog-Func: transcript\nLog-Line: 0\nUser-Data: \n\n\n"
    )
    before = raw.until(b"+OK log level debug [7]\n\n")
    assert b"log/data" not in before  # `api status` came before the log was on
    assert raw.until(empty) == empty
    raw.sends(b"api help\n\napi help\n\n")  # one after both: nobody sleeps while more is asked
    told = raw.until(empty)
    assert told.count(b"api/response") == 2
    assert told.count(b"log/data") == 1


def test_greenswitch_with_the_wrong_password(console):
    client = InboundESL("127.0.0.1", console.server.port, "wrong")
    with pytest.raises(ValueError, match="Invalid password"):
        client.connect()
    client.sock.close()


def test_a_job_tells_when_it_is_done(console):
    raw = console.raw()
    raw.sends(b"event json BACKGROUND_JOB\n\nbgapi call 1001\nJob-UUID: j1\n\n")
    raw.until(b"Reply-Text: +OK Job-UUID: j1\n")
    raw.until(b"text/event-json\n")
    assert b'"_body": "+OK call-0"' in raw.until(b"}")


# --- the wire --------------------------------------------------------------------------------


def test_commands_in_a_row_are_answered_in_a_row(console):
    raw = console.raw(logged_in=False)
    raw.sends(f"auth {PASSWORD}\n\n".encode() + b"api switchname\n\n" * 500 + b"exit\n\n")
    said = raw.rest()
    assert said.count(b"Content-Type: api/response\nContent-Length: 10\n\nswitchtalk") == 500
    assert said.endswith(b"Disconnected, goodbye.\n")


def test_byte_by_byte_and_then_half_closed(console):
    raw = console.raw(logged_in=False)
    for byte in f"auth {PASSWORD}\r\n\r\napi hostname\r\n\r\n".encode():
        raw.sends(bytes([byte]))
    raw.sock.shutdown(socket.SHUT_WR)
    assert raw.rest().endswith(b"switchtalk")


def test_stop_says_goodbye(console):
    raw = console.raw()
    began = monotonic()
    console.server.stop(5)
    assert monotonic() - began < 2
    assert raw.rest().endswith(b"\n\nDisconnected, goodbye.\n")


# --- who may come in -------------------------------------------------------------------------


def test_three_wrong_passwords(console):
    raw = console.raw(logged_in=False)
    raw.sends(b"auth a\n\nauth b\n\napi drain\n\nauth c\n\n" + f"auth {PASSWORD}\n\n".encode())
    said = raw.rest()
    assert said.count(b"-ERR invalid") == 3
    assert b"accepted" not in said
    assert console.house.drains == 0


def test_a_wrong_password_is_answered_slowly(strict):
    raw = strict(wrong_pause_s=0.3).raw(logged_in=False)
    began = monotonic()
    raw.sends(b"auth a\n\n")
    raw.until(b"-ERR invalid")
    assert monotonic() - began >= 0.29


def test_time_to_log_in_is_limited(strict):
    console = strict(auth_s=0.3)
    raw = console.raw(logged_in=False)
    raw.sends(b"api status\n\n")  # no way to stay
    assert b"no password within 0.3 s" in raw.rest()
    inside = console.raw()
    gevent.sleep(0.4)
    inside.sends(b"api switchname\n\n")
    inside.until(b"switchtalk")


def test_so_many_and_no_more(strict):
    console = strict(connections=2)
    first, _second = console.raw(), console.raw(logged_in=False)
    third = console.raw(logged_in=False)
    assert third.rest().startswith(b"Content-Type: text/rude-rejection\n")
    first.sends(b"exit\n\n")
    first.rest()
    wait_for(lambda: len(console.server._connections) < 2)
    console.raw()


def test_an_empty_password_is_none():
    with pytest.raises(ValueError, match="needs a password"):
        ConsoleServer("127.0.0.1", 0, "", House().deps)


# --- who means harm --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + bytes(range(256)) * 200,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000,
        b"api " + b"a" * 100_000,
        b"sendevent x\nContent-Length: 999999999\n\n",
        b"sendevent x\nContent-Length: -5\n\n",
    ],
)
@pytest.mark.parametrize("logged_in", [False, True])
def test_what_is_no_request_ends_the_connection_only(console, data, logged_in):
    other = console.raw()
    raw = console.raw(logged_in=logged_in)
    with suppress(BrokenPipeError, ConnectionResetError):  # shown out before it had said all
        raw.sends(data)
    raw.rest()
    other.sends(b"api switchname\n\n")
    other.until(b"switchtalk")


def test_what_a_caller_says_forges_nothing(console):
    console.house.begin(caller_number="1\n\nContent-Type: text/disconnect-notice\n\n")
    raw = console.raw()
    raw.sends(b"api watch all\n\napi sessions\n\n")
    raw.until(b"room for 20")
    evil = "x\n\nContent-Type: text/disconnect-notice\nContent-Length: 0\n\n\x1b]0;owned\x07\x9b2J%0a"
    console.house.hub(ID, told.FinalHeard(1, evil))
    raw.until(b"User-Data: a1b2c3d4e5f60718\n\n")
    line = raw.until(b"%0a\n")
    assert line.count(b"\n") == 1
    assert not set(line) & {0x1B, 0x07, 0x9B}
    assert b"\\x1b]0;owned" in line


@pytest.mark.alone
def test_one_who_does_not_read_is_dropped_and_holds_nobody_up(strict):
    console = strict(queued=50)
    console.house.begin()
    deaf, listener = console.raw(), console.raw()
    for raw in (deaf, listener):
        raw.sends(b"api watch all\n\n")
        raw.until(b"+OK watching all sessions")
    heard = gevent.spawn(listener.until, b"the last line")
    worst_s = 0.0
    for turn in range(40_000):
        began = monotonic()
        console.house.hub(ID, told.FinalHeard(turn, "x" * 2000))
        worst_s = max(worst_s, monotonic() - began)
        if turn % 10 == 0:
            gevent.sleep(0)
            listener.data = listener.data[-4000:]
            if len(console.server._connections) == 1:
                break
    assert len(console.server._connections) == 1, "still there after 80 MB unread"
    assert worst_s < 0.25  # no write is ever waited for; the rest is a busy machine
    console.house.hub(ID, told.FinalHeard(0, "the last line"))
    heard.get(timeout=LIMIT_S)


def test_one_who_asks_and_does_not_read_is_dropped(strict):
    console = strict(send_s=0.3)
    raw = console.raw()
    raw.sock.settimeout(0.2)
    with suppress(TimeoutError, ConnectionError):  # it is not read either, while it does not read
        for _ in range(1000):
            raw.sends(b"api help\n\n" * 1000)
    wait_for(lambda: not console.server._connections)


def test_a_slow_command_holds_only_its_console_up(strict):
    console = strict(jobs=1)
    gate: gevent.event.Event = gevent.event.Event()
    console.house.phone.recent = lambda: gate.wait() and []
    slow, quick = console.raw(), console.raw()
    slow.sends(b"bgapi calls\n\nbgapi calls\n\napi calls\n\n")
    slow.until(b"-ERR too many jobs at once")
    quick.sends(b"api switchname\n\n")
    quick.until(b"switchtalk")
    gate.set()
    slow.until(b"no calls were made")
