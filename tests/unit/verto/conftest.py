"""A page and its gateway over the simulated mod_verto, all in this process."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import gevent
import pytest
import websocket

from controller.gateway.limits import WebLimits
from controller.gateway.server import create_app, serve
from controller.verto.caller import Caller, Right
from controller.verto.policy import DestinationRefused
from controller.verto.relay import Relay
from controller.verto.switchboard import Switchboard, SwitchboardLimits
from controller.verto.upstream import UpstreamOptions
from tests.simulator.verto.server import FakeVerto
from tests.unit.gateway.fakes import make_deps

LIMIT_S = 5.0
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"


class Numbers:
    """Destinations: bots and users; `held` counts places."""

    def __init__(self) -> None:
        self.held = 0

    def admit(self, number: str, caller: Caller) -> Callable[[], None]:
        self.check(number, caller)
        self.held += 1
        return self._leave

    def _leave(self) -> None:
        self.held -= 1

    def check(self, number: str, caller: Caller) -> None:
        needed = Right.BOTS if number.startswith("70") else Right.CALLS
        if needed not in caller.rights or number.startswith("+1900"):
            raise DestinationRefused(f"{number} may not be called")


class Door:
    """VertoDoor; the query string says who a page is."""

    ice_servers: Sequence[str] = ()
    numbers: Mapping[str, str] = {"demo": "7000"}

    def __init__(self, url: str) -> None:
        self.destinations = Numbers()
        options = UpstreamOptions(url, "1234", first_wait_s=0.05, longest_wait_s=0.1, connect_s=1)
        self.switchboard = Switchboard(
            options, self.destinations, SwitchboardLimits(pages=5, pages_each=3, grace_s=0.3)
        )
        self.said: list[tuple[str, str]] = []
        self.ready: list[str] = []

    def who(self, environ: Mapping[str, Any]) -> Caller | None:
        name = environ.get("QUERY_STRING", "")
        rights = frozenset({Right.BOTS}) if name == "guest" else frozenset(Right)
        return Caller(name, {"bob": "1012"}.get(name, "1011"), rights) if name else None

    def stand_by(self, relay: Relay, on: bool) -> bool:
        self.ready = [relay.caller.name] if on else []
        return on

    def typed(self, relay: Relay, call_id: str, text: str) -> None:
        self.said.append((call_id, text))

    def stories(self, relay: Relay) -> Sequence[str]:
        return ()


class TestPage:
    """The page's side of the socket."""

    __test__ = False

    def __init__(self, url: str, resume: str = "", holding: Sequence[str] = ()) -> None:
        self.socket = websocket.create_connection(url, timeout=LIMIT_S, origin=None)
        self.got: list[dict[str, Any]] = []
        self.closed = 0
        self.welcome: dict[str, Any] = {}
        self._ids = 0
        self.say(type="hello", resume=resume, holding=list(holding))

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def read(self) -> dict[str, Any]:
        """The next message; {} at the end of the socket, whose code is then in `closed`."""
        opcode, data = self.socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.closed = int.from_bytes(data[:2], "big")
            return {}
        message = json.loads(data)
        assert isinstance(message, dict)
        self.got.append(message)
        return message

    def until(self, **fields: Any) -> dict[str, Any]:
        """Read on to the first message that has all of these."""
        with gevent.Timeout(LIMIT_S, AssertionError(f"nothing with {fields} in {self.got}")):
            while True:
                message = self.read()
                assert message, f"closed with {self.closed} before {fields}: {self.got}"
                if all(message.get(name) == value for name, value in fields.items()):
                    return message

    def ask(self, method: str, call_id: str, dialog: Mapping[str, Any] = {}, **params: Any) -> Any:
        """A request and its answer."""
        self._ids += 1
        whole = {"dialogParams": {"callID": call_id, **dialog}, **params}
        self.say(jsonrpc="2.0", id=self._ids, method=method, params=whole)
        reply = self.until(id=self._ids)
        return reply.get("result") or reply.get("error")

    def call(self, number: str) -> str:
        """An answered call to `number`; its id."""
        call_id = str(uuid4())
        made = self.ask("verto.invite", call_id, {"destination_number": number}, sdp=SDP)
        assert made["message"] == "CALL CREATED", made
        self.until(method="verto.answer")
        return call_id


@pytest.fixture
def verto() -> Iterator[FakeVerto]:
    with FakeVerto() as server:
        yield server


@pytest.fixture
def door(verto: FakeVerto) -> Iterator[Door]:
    door = Door(verto.url)
    yield door
    door.switchboard.close()


@pytest.fixture
def gateway(door: Door) -> Iterator[str]:
    """Where /ws/verto is."""
    limits = WebLimits(start_s=1, goodbye_s=0.3)
    server = serve(create_app(dataclasses.replace(make_deps(limits=limits), verto=door)), "127.0.0.1", 0)
    yield f"ws://127.0.0.1:{server.port}/ws/verto"
    server.stop(timeout=0)


@pytest.fixture
def page(gateway: str) -> Iterator[Callable[..., TestPage]]:
    """`page(who)`: a page that is welcome and whose FreeSWITCH is up; `page.welcome` is kept."""
    pages: list[TestPage] = []

    def opened(who: str = "ada", *, ready: bool = True, **hello: Any) -> TestPage:
        made = TestPage(f"{gateway}?{who}", **hello)
        pages.append(made)
        if ready:
            made.welcome = made.until(type="welcome")
        if made.welcome.get("freeswitch") == "away":
            made.until(type="freeswitch", state="up")
        return made

    yield opened
    for each in pages:
        each.socket.shutdown()


def wait_for(what: Callable[[], object]) -> None:
    """Until it is so; AssertionError when it isn't in time."""
    with gevent.Timeout(LIMIT_S, AssertionError("it did not come about")):
        while not what():
            gevent.sleep(0.005)
