"""Calls that FreeSWITCH hands over: the first commands, the end, and too many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest
from gevent import socket
from gevent.event import AsyncResult

from controller.telephony import commands as c
from controller.telephony.esl import outbound
from controller.telephony.esl.errors import EslClosed
from controller.telephony.esl.event import Event
from controller.telephony.esl.outbound import CallSocket, OutboundServer
from tests.integration.telephony.esl_peer import Line, soon

CHANNEL = (Path(__file__).parents[2] / "data/freeswitch/outbound_linger_hangup.esl").read_bytes()
CHANNEL = CHANNEL[: CHANNEL.index(b"\n\n") + 2]


@pytest.fixture
def serve() -> Iterator[Callable[..., OutboundServer]]:
    servers: list[OutboundServer] = []

    def start(on_call: Callable[[CallSocket], None], max_calls: int = 2) -> OutboundServer:
        server = OutboundServer("127.0.0.1", 0, on_call, max_calls=max_calls)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop(0.1)


def hand_over(server: OutboundServer) -> Line:
    return Line(socket.create_connection(("127.0.0.1", server.port)))


def taken_over(server: OutboundServer) -> Line:
    """FreeSWITCH's part up to the call's beginning."""
    line = hand_over(server)
    assert line.hears() == "connect"
    line.says(CHANNEL)
    for command in (
        "myevents",
        "linger 5",
        "event plain PLAYBACK_START PLAYBACK_STOP BACKGROUND_JOB CUSTOM ",
    ):
        line.expects(command)
        line.replies()
    return line


def test_a_call_is_taken_over_and_keeps_its_first_events(serve: Callable[..., OutboundServer]) -> None:
    got: AsyncResult = AsyncResult()
    heard: list[Event] = []

    def on_call(call: CallSocket) -> None:
        gevent.sleep(0.05)  # events come before anybody listens
        call.on_event = heard.append
        got.set(call)
        call.ended.wait(5)

    line = taken_over(serve(on_call))
    for name in ("CHANNEL_PARK", "CHANNEL_EXECUTE"):
        line.says(line.event(name))
    call = got.get(timeout=2)
    line.says(line.event("CHANNEL_HANGUP", Hangup_Cause="NORMAL_CLEARING"))
    assert call.hung_up.wait(2)
    assert [event.name for event in heard] == ["CHANNEL_PARK", "CHANNEL_EXECUTE", "CHANNEL_HANGUP"]
    assert call.uuid == call.data.uuid
    assert call.data.get("Caller-Destination-Number") == "9002"


def test_linger_notices_do_not_end_the_socket_but_its_close_does(
    serve: Callable[..., OutboundServer],
) -> None:
    heard: list[str] = []
    ended: AsyncResult = AsyncResult()

    def on_call(call: CallSocket) -> None:
        call.on_event = lambda event: heard.append(event.name)
        call.ended.wait(5)
        ended.set(call.why)

    line = taken_over(serve(on_call))
    line.says(
        "Content-Type: text/disconnect-notice\nContent-Disposition: linger\nLinger-Time: 5\n"
        "Content-Length: 0\n\n"
    )
    line.says(line.event("CHANNEL_HANGUP_COMPLETE"))
    line.says("Content-Type: text/disconnect-notice\nContent-Length: 4\n\nBye\n")
    soon(lambda: heard == ["CHANNEL_HANGUP_COMPLETE"])
    assert not ended.ready()
    line.hangs_up()
    assert ended.get(timeout=2) == "FreeSWITCH closed the connection"


def test_each_call_beyond_the_limit_is_hung_up_as_busy(serve: Callable[..., OutboundServer]) -> None:
    server = serve(lambda call: call.ended.wait(5), max_calls=2)
    lines = [taken_over(server) for _ in range(2)]
    soon(lambda: server.calls == 2)
    refused = hand_over(server)
    assert refused.hears() == "connect"
    refused.says(CHANNEL)
    assert refused.hears() == "sendmsg\ncall-command: hangup\nhangup-cause: USER_BUSY"
    refused.replies()
    refused.says("Content-Type: text/disconnect-notice\nContent-Length: 0\n\n")
    refused.hangs_up()
    lines[0].hangs_up()
    soon(lambda: server.calls == 1)
    taken_over(server)
    soon(lambda: server.calls == 2)


def test_a_handler_that_fails_hangs_up(serve: Callable[..., OutboundServer]) -> None:
    def on_call(call: CallSocket) -> None:
        raise ValueError(call.uuid)

    server = serve(on_call)
    line = taken_over(server)
    assert line.hears() == "sendmsg\ncall-command: hangup\nhangup-cause: NORMAL_TEMPORARY_FAILURE"
    line.replies()
    line.says(line.event("CHANNEL_HANGUP"))
    assert line.hears() == ""
    soon(lambda: server.calls == 0)


def test_when_the_handler_returns_the_socket_is_closed(serve: Callable[..., OutboundServer]) -> None:
    line = taken_over(serve(lambda call: call.command(c.hangup(c.HangupCause.CALL_REJECTED))))
    line.expects("sendmsg\ncall-command: hangup\nhangup-cause: CALL_REJECTED")
    line.replies()
    assert line.hears() == ""


@pytest.mark.parametrize(
    "answer",
    [b"", b"Content-Type: command/reply\nReply-Text: -ERR no\n\n", b"Content-Type: command/reply\n\n"],
)
def test_what_is_no_call_never_reaches_the_handler(
    serve: Callable[..., OutboundServer], answer: bytes
) -> None:
    calls: list[CallSocket] = []
    server = serve(calls.append)
    line = hand_over(server)
    line.expects("connect")
    line.says(answer)
    if not answer:
        line.sock.shutdown(socket.SHUT_WR)
    assert line.hears() == ""
    soon(lambda: server.calls == 0)
    assert calls == []


def test_events_that_nobody_takes_are_not_kept_for_ever(
    serve: Callable[..., OutboundServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "MAX_KEPT_EVENTS", 10)
    ended: AsyncResult = AsyncResult()

    def on_call(call: CallSocket) -> None:
        call.ended.wait(5)
        ended.set(call.why)

    line = taken_over(serve(on_call))
    line.says(line.event("DTMF") * 11)
    assert "nobody took" in ended.get(timeout=2)


def test_stopping_gives_calls_their_time_and_then_closes_them(
    serve: Callable[..., OutboundServer],
) -> None:
    why: AsyncResult = AsyncResult()

    def on_call(call: CallSocket) -> None:
        call.on_event = lambda event: None
        with pytest.raises(EslClosed):
            call.bgapi(c.status(), 30)
        why.set(call.why)

    server = serve(on_call)
    line = taken_over(server)
    line.expects("bgapi status")
    server.stop(0.1)
    assert why.get(timeout=2) == "closed by us"
    assert line.hears() == ""
    with pytest.raises(ConnectionRefusedError):
        hand_over(server)
