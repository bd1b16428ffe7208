"""A server that behaves as mod_verto does: sockets, logins, calls that live longer than their socket.

Responsible for what is pushed, and when; what a request is answered is in `requests`. Controls for
tests: `ring`, `hang_up`, `answer`, `cut`, `stop` and `start` again on the same port. It must never know
the product. Facts: recorded with FreeSWITCH 1.11.1, see tests/data/freeswitch/transcripts/verto.
"""

from __future__ import annotations

import json
import socket as native
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import gevent
from gevent import socket
from gevent.event import Event as Flag
from gevent.server import StreamServer
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from tests.simulator.verto import requests, sdp

TICK_S = 0.05
"""mod_verto looks for what there is to push about so often."""
CAUSES = {3: "NO_ROUTE_DESTINATION", 16: "NORMAL_CLEARING", 17: "USER_BUSY", 19: "NO_ANSWER",
          21: "CALL_REJECTED", 88: "INCOMPATIBLE_DESTINATION"}  # fmt: skip
Json = dict[str, Any]


@dataclass
class SimCall:
    """One channel. `digits` is what was pressed, `moved_to` where it was transferred."""

    call_id: str
    login: str
    number: str
    inbound: bool  # to FreeSWITCH, from the browser
    sessid: str = ""
    dialog: Json = field(default_factory=dict)
    offer: str = ""
    has_media: bool = False
    answered: Flag = field(default_factory=Flag)
    over: Flag = field(default_factory=Flag)
    held: bool = False
    digits: str = ""
    moved_to: str = ""
    attaches: int = 0


class Connection:
    """One WebSocket of a client."""

    def __init__(self, tcp: socket.socket) -> None:
        self.tcp = tcp
        self.sessid = ""
        self.login = ""
        self.protocol = WSConnection(ConnectionType.SERVER)

    def send(self, message: Json) -> None:
        """One frame; a client that has gone is no error."""
        self._write(ws.TextMessage(json.dumps(message, separators=(",", ":"))))

    def close(self) -> None:
        """Say goodbye with 1000."""
        self._write(ws.CloseConnection(1000))

    def _write(self, event: ws.Event) -> None:
        try:
            self.tcp.sendall(self.protocol.send(event))
        except (OSError, LocalProtocolError):
            return

    def messages(self) -> Any:
        """Texts until the end."""
        text = ""
        while data := self._read():
            self.protocol.receive_data(data)
            for event in self.protocol.events():
                match event:
                    case ws.Request() | ws.Ping():
                        reply = (
                            ws.AcceptConnection() if isinstance(event, ws.Request) else event.response()
                        )
                        self._write(reply)
                    case ws.TextMessage():
                        text += event.data
                        if event.message_finished:
                            yield text
                            text = ""
                    case ws.CloseConnection():
                        self._write(event.response())
                        return

    def _read(self) -> bytes:
        try:
            return bytes(self.tcp.recv(65536))
        except OSError:
            return b""


class FakeVerto:
    """`passwords`: by login, without domain. `plan(number)`: what becomes of a call, as
    `requests.Outcome`. Use `with`, or `start` and `stop`."""

    def __init__(
        self,
        passwords: dict[str, str] | None = None,
        plan: Callable[[str], requests.Outcome] = requests.usual,
    ) -> None:
        self.passwords = passwords or {str(n): "1234" for n in range(1000, 1020)}
        self.plan = plan
        self.port = 0
        self.connections: list[Connection] = []
        self.calls: dict[str, SimCall] = {}
        self.requests: list[Json] = []
        self._ids = count(1)
        self._server: StreamServer | None = None

    # --- life --------------------------------------------------------------------------------

    def start(self) -> FakeVerto:
        """Listen, on the same port as before."""
        self._server = StreamServer(("127.0.0.1", self.port), self._serve)
        self._server.init_socket()
        self._server.socket.setsockopt(native.SOL_SOCKET, native.SO_REUSEADDR, 1)
        self._server.start()
        self.port = self._server.server_port
        return self

    def stop(self) -> None:
        """As when FreeSWITCH ends: no port, no sockets, no calls."""
        if self._server is not None:
            self._server.stop(timeout=0)
        self.cut()
        for call in self.calls.values():
            call.over.set()
        self.calls.clear()

    def __enter__(self) -> FakeVerto:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """All connections break, without goodbye; calls go on."""
        for each in list(self.connections):
            try:
                each.tcp.shutdown(native.SHUT_RDWR)
            except OSError:
                continue

    # --- for tests ---------------------------------------------------------------------------

    def ring(
        self,
        login: str,
        *,
        number: str = "5551000",
        name: str = "Rig",
        call_id: str = "",
        callee_name: str = "Rig",
    ) -> SimCall:
        """A call to a client, a channel for each of its connections; the newest one's is given. Answered
        is `call.answered`, refused or over is `call.over`."""
        call = SimCall(call_id or str(uuid4()), login, login, inbound=False)
        to = [each for each in self.connections if each.login == login]
        if not to:
            call.over.set()
        for each in to:
            call = SimCall(call_id or str(uuid4()), login, login, inbound=False, sessid=each.sessid)
            self.calls[call.call_id] = call
            about = {
                "callID": call.call_id,
                "variables": {},
                "sdp": sdp.offer(),
                "caller_id_name": name,
                "caller_id_number": number,
                "callee_id_name": callee_name,
                "callee_id_number": login,
                "display_direction": "outbound",
            }
            self.push(each, "verto.invite", about)
        return call

    def hang_up(self, call: SimCall, code: int = 16) -> None:
        """FreeSWITCH ends the call."""
        self.calls.pop(call.call_id, None)
        call.over.set()
        cause = {"causeCode": code, "cause": CAUSES.get(code, "NORMAL_CLEARING")}
        self.push_to(call, "verto.bye", {"callID": call.call_id, **cause})

    def media(self, call: SimCall) -> None:
        """Early media."""
        call.has_media = True
        self.push_to(call, "verto.media", {"callID": call.call_id, "sdp": sdp.answer(), "variables": {}})

    def answer(self, call: SimCall) -> None:
        """The far end answers: with a description unless there was early media."""
        description = {} if call.has_media else {"sdp": sdp.answer()}
        call.answered.set()
        self.push_to(call, "verto.answer", {"callID": call.call_id, **description, "variables": {}})

    def push_to(self, call: SimCall, method: str, params: Json) -> None:
        """To the client that has this call, if it is connected."""
        for each in self.connections:
            if each.sessid == call.sessid:
                self.push(each, method, params)

    def push(self, to: Connection, method: str, params: Json) -> None:
        """A request of our own."""
        to.send({"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params})

    # --- a connection ------------------------------------------------------------------------

    def _serve(self, tcp: socket.socket, _address: object) -> None:
        connection = Connection(tcp)
        self.connections.append(connection)
        try:
            for text in connection.messages():
                if text.startswith("#"):
                    continue
                reply = requests.handle(self, connection, text)
                if reply is not None:
                    connection.send(reply)
        except RemoteProtocolError:
            connection.close()
        finally:
            self.connections.remove(connection)
            tcp.close()

    def log_in(self, connection: Connection, login: str, sessid: str) -> None:
        """From now on it is this client; another connection of the same session is told to go."""
        if connection.sessid:
            return
        for other in self.connections:
            if other.sessid == sessid:
                other.sessid = ""
                self.push(other, "verto.punt", {})
                other.close()
        connection.login, connection.sessid = login, sessid
        mine = [call for call in self.calls.values() if call.sessid == sessid and call.dialog]
        gevent.spawn_later(TICK_S, self._ready, connection, mine)

    def _ready(self, connection: Connection, mine: list[SimCall]) -> None:
        for call in mine:
            self.push(connection, "verto.attach", {
                "callID": call.call_id, "variables": {}, "sdp": sdp.offer(),
                "caller_id_name": "Rig", "caller_id_number": call.login,
                "callee_id_name": "Outbound Call", "callee_id_number": call.number,
                "display_direction": "inbound" if call.inbound else "outbound",
            })  # fmt: skip
        reattached = [call.call_id for call in mine]
        self.push(connection, "verto.clientReady", {"reattached_sessions": reattached})

    def begin(self, call: SimCall) -> None:
        """A client has called: what the plan says becomes of it."""
        self.calls[call.call_id] = call
        gevent.spawn_later(TICK_S, self._follow_plan, call)

    def _follow_plan(self, call: SimCall) -> None:
        if call.over.is_set():
            return
        if "m=audio" not in call.offer and "reduced" not in call.offer:
            self.hang_up(call, 88)
            return
        match self.plan(call.number):
            case requests.Outcome.ANSWER:
                self.answer(call)
            case requests.Outcome.MEDIA:
                self.media(call)
            case requests.Outcome.RING:
                return
            case refused:
                self.hang_up(call, refused.value)
