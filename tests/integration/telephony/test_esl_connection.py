"""One event socket over real TCP: order, time limits, and waking everybody at the end."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import gevent
import pytest
from gevent import socket

from controller.telephony import commands as c
from controller.telephony.esl.connection import EslConnection
from controller.telephony.esl.errors import (
    AuthRefused,
    EslClosed,
    EslError,
    EslRefused,
    EslTimeout,
    ProtocolViolation,
)
from controller.telephony.esl.event import Event
from tests.integration.telephony.esl_peer import Line, soon


class Pair:
    """A connection under test and its FreeSWITCH."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
        listener.close()
        self.line = Line(theirs)
        self.events: list[Event] = []
        self.connection = EslConnection(ours, self.events.append, name="test", send_limit_s=0.5)
        self.reader = gevent.spawn(self.connection.run)


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.connection.close()
    pair.reader.get(timeout=2)  # whatever the peer does, run() neither hangs nor raises
    pair.line.sock.close()


def api(pair: Pair, call: c.Api, timeout_s: float = 2.0) -> gevent.Greenlet:
    greenlet = gevent.spawn(pair.connection.api, call, timeout_s)
    gevent.sleep(0)
    return greenlet


def test_pipelined_replies_go_to_their_askers_in_order(pair: Pair) -> None:
    askers = [api(pair, c.uuid_exists(f"u{n}")) for n in range(20)]
    assert [pair.line.hears() for _ in askers] == [f"api uuid_exists u{n}" for n in range(20)]
    for n in range(20):
        pair.line.says(pair.line.event("HEARTBEAT", Number=str(n)))
        pair.line.answers(f"answer {n}")
    assert [asker.get(timeout=2) for asker in askers] == [f"answer {n}" for n in range(20)]
    assert [event.get("Number") for event in pair.events] == [str(n) for n in range(20)]


def test_a_reply_may_come_in_single_bytes(pair: Pair) -> None:
    asker = api(pair, c.status())
    pair.line.hears()
    for byte in b"Content-Type: api/response\nContent-Length: 6\n\n\xe4\xbd\xa0\xe5\xa5\xbd":
        pair.line.says(bytes([byte]))
        gevent.sleep(0)
    assert asker.get(timeout=2) == "你好"


@pytest.mark.parametrize("body", ["-ERR No such channel!\n", "-USAGE: <uuid>\n", "-ERROR\n"])
def test_a_refusing_body_is_an_error(pair: Pair, body: str) -> None:
    asker = api(pair, c.uuid_break("u"))
    pair.line.hears()
    pair.line.answers(body)
    with pytest.raises(EslRefused) as refused:
        asker.get(timeout=2)
    assert refused.value.reply == body.strip()
    assert not pair.connection.closed


def test_a_job_is_done_by_its_event_even_if_that_stands_right_behind_the_reply(pair: Pair) -> None:
    asker = gevent.spawn(pair.connection.bgapi, c.status(), 2.0)
    pair.line.expects("bgapi status")
    pair.line.says(
        b"Content-Type: command/reply\nReply-Text: +OK Job-UUID: j1\nJob-UUID: j1\n\n"
        + pair.line.event("BACKGROUND_JOB", "+OK other\n", Job_UUID="j0")
        + pair.line.event("BACKGROUND_JOB", "+OK done\n", Job_UUID="j1")
    )
    assert asker.get(timeout=2) == "+OK done\n"
    assert [event.body for event in pair.events] == ["+OK other\n"]


def test_a_job_that_fails_or_is_late(pair: Pair) -> None:
    failing = gevent.spawn(pair.connection.bgapi, c.status(), 2.0)
    pair.line.hears()
    pair.line.replies("+OK Job-UUID: j1", Job_UUID="j1")
    pair.line.says(pair.line.event("BACKGROUND_JOB", "-ERR USER_BUSY\n", Job_UUID="j1"))
    with pytest.raises(EslRefused, match="USER_BUSY"):
        failing.get(timeout=2)
    late = gevent.spawn(pair.connection.bgapi, c.status(), 0.1)
    pair.line.hears()
    pair.line.replies("+OK Job-UUID: j2", Job_UUID="j2")
    with pytest.raises(EslTimeout):
        late.get(timeout=2)
    assert not pair.connection.closed  # replies are still in step
    pair.line.says(pair.line.event("BACKGROUND_JOB", "+OK late\n", Job_UUID="j2"))
    soon(lambda: pair.events)


def test_a_job_without_an_id_is_not_waited_for(pair: Pair) -> None:
    asker = gevent.spawn(pair.connection.bgapi, c.status(), 30)
    pair.line.hears()
    pair.line.replies("+OK")
    with pytest.raises(ProtocolViolation, match="Job-UUID"):
        asker.get(timeout=2)


def test_a_command_without_reply_closes_the_connection(pair: Pair) -> None:
    first, second = api(pair, c.status(), 0.1), api(pair, c.uuid_exists("u"), 5.0)
    with pytest.raises(EslTimeout, match="no reply to api"):
        first.get(timeout=2)
    with pytest.raises(EslClosed, match="no reply to api"):
        second.get(timeout=2)
    with pytest.raises(EslClosed):
        pair.connection.api(c.status())
    assert pair.connection.ended.is_set()


@pytest.mark.parametrize(
    "half", [b"", b"Content-Length: 100\nContent-Type: text/event-plain\n\nEvent-N", b"Con"]
)
def test_the_end_of_the_stream_wakes_everybody_who_waits(pair: Pair, half: bytes) -> None:
    waiting = [api(pair, c.status(), 30) for _ in range(3)]
    job = gevent.spawn(pair.connection.bgapi, c.status(), 30)
    for _ in waiting:
        pair.line.hears()
    pair.line.expects("bgapi")
    for _ in waiting[1:]:
        pair.line.answers("fine")
    pair.line.says(half)
    pair.line.hangs_up()
    for asker in (waiting[2], job):
        with pytest.raises(EslClosed, match="closed the connection"):
            asker.get(timeout=2)
    pair.reader.get(timeout=2)  # it ended rather than spin


def test_a_peer_that_does_not_read_is_given_up(pair: Pair) -> None:
    pair.connection._writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    big = c.send_event("a::b", {}, "x" * 4_000_000)
    began = monotonic()
    with pytest.raises(EslClosed, match="doesn't read"):
        pair.connection.command(big, 10)
    assert monotonic() - began < 3


def test_a_sender_that_is_killed_half_way_leaves_no_half_command_behind(pair: Pair) -> None:
    sender = gevent.spawn(pair.connection.command, c.send_event("a::b", {}, "x" * 4_000_000), 10)
    gevent.sleep(0.05)
    sender.kill()
    assert pair.connection.closed
    assert "cut off" in pair.connection.why


def test_an_asker_that_is_killed_while_waiting_does_not_shift_replies(pair: Pair) -> None:
    first, second = api(pair, c.uuid_exists("a")), api(pair, c.uuid_exists("b"))
    pair.line.hears(), pair.line.hears()
    first.kill()
    pair.line.answers("of a")
    pair.line.answers("of b")
    assert second.get(timeout=2) == "of b"


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Type: command/reply\nReply-Text: +OK\n\n",
        b"Content-Type: api/response\nContent-Length: -1\n\n",
        b"HTTP/1.1 400 Bad Request\n\n",
        b"x" * 300_000,
    ],
)
def test_what_is_not_the_protocol_closes_the_connection(pair: Pair, data: bytes) -> None:
    pair.line.says(data)
    assert pair.connection.ended.wait(2)
    assert pair.connection.why


def test_a_handler_that_fails_or_asks_is_not_the_end(pair: Pair) -> None:
    problems: list[str] = []

    def handler(event: Event) -> None:
        try:
            pair.connection.api(c.status(), 0.1)
        except RuntimeError as exc:
            problems.append(str(exc))
        raise ValueError(event.name)

    pair.connection._handle = handler
    pair.line.says(pair.line.event("A") + pair.line.event("B"))
    soon(lambda: len(problems) == 2)
    asker = api(pair, c.status())
    pair.line.hears()
    pair.line.answers("fine")
    assert asker.get(timeout=2) == "fine"


@pytest.mark.alone
def test_a_flood_of_events_leaves_the_hub_to_others(pair: Pair) -> None:
    flood = pair.line.event("HEARTBEAT", Filler="x" * 5000) * 2000
    sender = gevent.spawn(pair.line.says, flood)
    longest, last = 0.0, monotonic()
    while len(pair.events) < 2000:
        gevent.sleep(0)
        longest, last = max(longest, monotonic() - last), monotonic()
        assert not pair.connection.closed
    sender.get(timeout=5)
    assert longest < 0.25


def test_logging_in(pair: Pair) -> None:
    asker = gevent.spawn(pair.connection.authenticate, "secret", 2.0)
    pair.line.says("Content-Type: auth/request\n\n")
    assert pair.line.hears() == "auth secret"
    pair.line.replies("+OK accepted")
    asker.get(timeout=2)


def test_a_wrong_password_a_shut_door_and_silence(pair: Pair) -> None:
    asker = gevent.spawn(pair.connection.authenticate, "wrong", 2.0)
    pair.line.says("Content-Type: auth/request\n\n")
    pair.line.hears()
    pair.line.replies("-ERR invalid")
    with pytest.raises(AuthRefused, match="invalid"):
        asker.get(timeout=2)
    shut = Pair()
    shut.line.says("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
    with pytest.raises(AuthRefused, match="access list"):
        shut.connection.authenticate("x", 2.0)
    silent = Pair()
    with pytest.raises(EslClosed, match="no greeting"):
        silent.connection.authenticate("x", 0.1)


def test_random_bytes_end_the_connection_or_do_nothing() -> None:
    dice = random.Random(3)
    parts = [
        b"Content-Type: text/event-plain\n", b"Content-Type: text/event-json\n", b"Content-Length: 3\n",
        b"{}\n", b"\n", b"Content-Type: command/reply\n", b"Content-Type: auth/request\n", b"\xff\0",
        b"abc",
        b"Content-Type: text/disconnect-notice\n", b"Content-Type: \xe5\xbc\xa0\n", b"A: %0A%00\n",
    ]  # fmt: skip
    for _ in range(200):
        pair = Pair()
        asker = gevent.spawn(pair.connection.api, c.status(), 2.0)
        pair.line.says(b"".join(dice.choices(parts, k=dice.randint(1, 12))))
        pair.line.sock.shutdown(socket.SHUT_WR)
        pair.reader.get(timeout=2)
        with suppress(EslError):
            asker.get(timeout=2)
        pair.line.sock.close()
