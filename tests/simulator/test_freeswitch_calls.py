"""Dialling, the dialplan, and what breaks, in the simulated FreeSWITCH."""

from __future__ import annotations

import time
from collections.abc import Iterator

import gevent
import greenswitch
import pytest
from gevent.server import StreamServer

from tests.simulator.freeswitch import (
    Answers,
    Busy,
    EarlyMediaThenBusy,
    FakeFreeSwitch,
    NoAnswer,
    SimPhone,
    textsplit,
)
from tests.simulator.freeswitch.dialplan import Target
from tests.simulator.freeswitch.peer import Peer, log_in
from tests.simulator.freeswitch.stub_media_server import StubMediaServer


class Controller:
    """Takes calls on an outbound socket and does with each what it is told."""

    def __init__(self) -> None:
        self.calls: gevent.queue.Queue[Peer] = gevent.queue.Queue()
        self._server = StreamServer(("127.0.0.1", 0), self._accept)
        self._server.start()
        self.target: Target = ("127.0.0.1", self._server.server_port)

    def _accept(self, sock: gevent.socket.socket, _address: object) -> None:
        peer = Peer(sock)
        self.calls.put(peer)
        peer.closed.wait()

    def take(self) -> Peer:
        """The next call, connected."""
        peer = self.calls.get(timeout=3)
        peer.ask("connect")
        peer.ask("myevents")
        return peer

    def stop(self) -> None:
        """No more calls."""
        self._server.stop(timeout=0)


@pytest.fixture
def controllers() -> Iterator[list[Controller]]:
    both = [Controller(), Controller()]
    yield both
    for each in both:
        each.stop()


@pytest.fixture
def fs(controllers: list[Controller]) -> Iterator[FakeFreeSwitch]:
    first, second = controllers
    switch = FakeFreeSwitch(socket_target=first.target, second_target=second.target, heartbeat_s=0.3)
    switch.start()
    yield switch
    switch.stop()


@pytest.fixture
def console(fs: FakeFreeSwitch) -> Peer:
    return log_in(fs.esl_port)


def hang_up(call: Peer, cause: str = "NORMAL_CLEARING") -> None:
    call.ask(f"sendmsg\ncall-command: hangup\nhangup-cause: {cause}")


def test_a_call_reaches_the_controller(fs: FakeFreeSwitch, controllers: list[Controller]) -> None:
    phone = fs.call("7001", caller="1001", caller_name="Ann Lee")
    call = controllers[0].take()
    data = call.of_kind("data")[0]["data"]
    assert data["Unique-ID"] == phone.uuid
    assert data["Caller-Destination-Number"] == "7001"
    call.ask("sendmsg\ncall-command: execute\nexecute-app-name: answer")
    assert phone.answered.wait(1)
    phone.press("5")
    assert call.until(lambda e: e["Event-Name"] == "DTMF")["DTMF-Digit"] == "5"
    hang_up(call, "USER_BUSY")
    assert phone.ended.wait(1)
    assert phone.cause == "USER_BUSY"
    assert fs.apologies == []


def test_without_the_first_controller_the_second_gets_the_call(
    fs: FakeFreeSwitch, controllers: list[Controller]
) -> None:
    controllers[0].stop()
    phone = fs.call("7000")
    assert controllers[1].take().of_kind("data")[0]["data"]["Unique-ID"] == phone.uuid


def test_a_dropped_socket_lets_the_dialplan_go_on_to_the_apology(
    fs: FakeFreeSwitch, controllers: list[Controller]
) -> None:
    phone = fs.call("7000")
    controllers[0].take().sock.close()
    second = controllers[1].take()
    fs.drop_sockets(phone.uuid)
    assert second.closed.wait(1)
    assert phone.answered.wait(1)  # to be apologised to
    assert phone.ended.wait(2)
    assert fs.apologies == [phone.uuid]
    assert phone.channel is not None
    assert phone.channel.line.heard_frames == 20


@pytest.mark.parametrize("resume", [False, True])
def test_after_exit_the_dialplan_goes_on(
    fs: FakeFreeSwitch, controllers: list[Controller], resume: bool
) -> None:
    phone = fs.call("9013")
    call = controllers[0].take()
    if resume:
        call.ask("resume")
    call.ask("exit")
    assert phone.answered.wait(1)
    heard: list[bytes] = []
    phone.on_audio = heard.append
    with gevent.Timeout(2):
        while not heard:  # the next step is an echo
            phone.send(b"\x10\x20" * 160)
            gevent.sleep(0.02)
    last = fs.call("9002")
    controllers[0].take().ask("exit")
    assert last.ended.wait(1)
    assert last.cause == "NORMAL_CLEARING"


def test_an_originated_call_is_handed_over(
    fs: FakeFreeSwitch, console: Peer, controllers: list[Controller]
) -> None:
    fs.phone("5550001", Answers(60))
    host, port = controllers[0].target
    uuid = console.api("create_uuid")
    variables = f"origination_uuid={uuid},campaign='spring\\, early',ignore_early_media=true"
    app = f"'&socket({host}:{port} async full)'"
    body = console.job(f"originate {{{variables}}}sofia/gateway/trunk/5550001 {app}")
    assert body == f"+OK {uuid}\n"
    phone = fs.answered_phones.get(timeout=1)
    assert (phone.uuid, phone.number) == (uuid, "5550001")
    call = controllers[0].take()
    assert call.of_kind("data")[0]["data"]["Unique-ID"] == uuid
    assert console.api(f"uuid_getvar {uuid} campaign") == "spring, early"
    phone.hang_up()
    assert call.until(lambda e: e["Event-Name"] == "CHANNEL_HANGUP_COMPLETE")


def test_early_media_is_no_answer_when_it_is_to_be_ignored(fs: FakeFreeSwitch, console: Peer) -> None:
    fs.phone("1000", EarlyMediaThenBusy(100))
    assert console.job("originate {ignore_early_media=true}user/1000@x &park()") == "-ERR USER_BUSY\n"
    assert console.job("originate user/1000@x &park()").startswith("+OK ")


def test_a_ringing_call_can_be_given_up(fs: FakeFreeSwitch, console: Peer) -> None:
    fs.phone("1000", NoAnswer())
    gevent.spawn_later(0.2, lambda: fs.channels["abc-1"].hangup("ORIGINATOR_CANCEL"))
    assert (
        console.job("originate {origination_uuid=abc-1}user/1000@x &park()")
        == "-ERR ORIGINATOR_CANCEL\n"
    )
    assert (
        console.until(lambda e: e["Event-Name"] == "CHANNEL_DESTROY")["Hangup-Cause"]
        == "ORIGINATOR_CANCEL"
    )
    assert fs.channels == {}


def test_transfers(fs: FakeFreeSwitch, console: Peer) -> None:
    fs.phone("1002", Answers(60))
    fs.phone("1003", Busy())
    phones = [fs.call("9000") for _ in range(3)]
    for phone, destination in zip(phones, ("1002", "1003", "4711"), strict=True):
        assert phone.answered.wait(1)
        assert console.api(f"uuid_transfer {phone.uuid} {destination} XML default") == "+OK\n"
    agent: SimPhone = fs.answered_phones.get(timeout=1)
    assert agent.number == "1002"
    for phone, cause in zip(phones[1:], ("USER_BUSY", "NO_ROUTE_DESTINATION"), strict=True):
        assert phone.ended.wait(1)
        assert phone.cause == cause
    agent.hang_up()
    assert phones[0].ended.wait(1)


def test_a_restart_takes_everything_and_comes_back(fs: FakeFreeSwitch, console: Peer) -> None:
    phone = fs.call("9000")
    assert phone.answered.wait(1)
    fs.restart(down_s=0.2)
    assert console.closed.wait(1)
    assert phone.ended.is_set()
    again = log_in(fs.esl_port)
    assert again.api("show channels as json") == '{"row_count": 0}\n'
    assert again.until(lambda e: e["Event-Name"] == "HEARTBEAT")["Event-Info"] == "System Ready"


def test_connections_break_on_demand(fs: FakeFreeSwitch, console: Peer) -> None:
    fs.slow(150)
    asked_s = time.monotonic()
    console.api("status")
    assert time.monotonic() - asked_s >= 0.15
    fs.slow(0)
    raw = gevent.socket.create_connection(("127.0.0.1", fs.esl_port))
    assert raw.recv(100) == b"Content-Type: auth/request\n\n"
    fs.garbage(b"\xff\x00 nonsense")
    assert raw.recv(100) == b"\xff\x00 nonsense"
    fs.drop_esl()
    assert raw.recv(100) == b""
    assert console.closed.wait(1)


@pytest.mark.parametrize(
    ("how", "told"),
    [("fin", "abnormal EOF"), ("rst", "Connection reset by peer"), ("close", '"code":1001')],
)
def test_audio_is_lost_on_demand(fs: FakeFreeSwitch, how: str, told: str) -> None:
    console = log_in(fs.esl_port)
    phone = fs.call("9000")
    assert phone.answered.wait(1)
    with StubMediaServer() as server:
        console.api(f"uuid_audio_stream {phone.uuid} start ws://127.0.0.1:{server.port}/ mono 16k")
        console.until(lambda e: "::connect" in e.get("Event-Subclass", ""))
        fs.drop_audio(phone.uuid, how)
        assert console.until(lambda e: told in e.get("_body", ""))


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{a=1,b=two}", {"a": "1", "b": "two"}),
        ("{a='x y',b=2}", {"a": "x y", "b": "2"}),
        ("{a='x\\, y',b=2}", {"a": "x, y", "b": "2"}),
        ("{a='x, y',b=2}", {"a": "x", "b": "2"}),  # the quotes are gone when the commas are looked at
        ("{a='it\\'s',b=2}", {"a": "it's", "b": "2"}),
        ("{a='it''s',b=2}", {"a": "its", "b": "2"}),
        ('{a="q",b=2}', {"a": '"q"', "b": "2"}),
        ("{a='x=y',b=2}", {"a": "x=y", "b": "2"}),
        ("{a='{z}',b=2}", {"a": "{z}", "b": "2"}),
        ("{a='a\\\\\\\\b',b=2}", {"a": "a\\b", "b": "2"}),
        ("{a='x\\ny',b=2}", {"a": "x\ny", "b": "2"}),
        ("{^^|a=x,y|b=2}", {"a": "x,y", "b": "2"}),
    ],
)
def test_variables_are_read_as_freeswitch_does(text: str, variables: dict[str, str]) -> None:
    """Each was held against `uuid_getvar` of a real one."""
    first = textsplit.split_blank(f"{text}user/1000 &park()")[0]
    assert textsplit.brackets(first) == (variables, "user/1000")


def test_an_independent_client_gets_along(fs: FakeFreeSwitch) -> None:
    client = greenswitch.InboundESL(host="127.0.0.1", port=fs.esl_port, password="ClueCon")
    client.connect()
    ended: gevent.event.AsyncResult[str] = gevent.event.AsyncResult()
    done: gevent.event.AsyncResult[str] = gevent.event.AsyncResult()
    client.register_handle("CHANNEL_HANGUP_COMPLETE", lambda e: ended.set(e.headers["Hangup-Cause"]))
    client.register_handle("BACKGROUND_JOB", lambda e: done.set(e.headers["Content-Length"]))
    reply = client.send("event plain CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB")
    assert reply.data == "+OK event listener enabled plain"
    assert "is ready" in client.send("api status").data
    fs.phone("1000", Answers())
    job = client.send("bgapi originate {origination_uuid=green-1}user/1000@x &park()")
    assert job.headers["Reply-Text"].startswith("+OK Job-UUID: ")
    assert done.get(timeout=2).endswith("+OK green-1")  # it takes the body for part of that header
    assert client.send("api uuid_exists green-1").data == "true"
    client.send("api uuid_kill green-1 NORMAL_CLEARING")
    assert ended.get(timeout=2) == "NORMAL_CLEARING"
    client.stop()
