"""A client of `/ws/audio` on a real socket, and a gateway with a fake kernel for it.

Responsible for connecting, sending and reading. It must never know what is being tested.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import gevent
import websocket

from controller.gateway.limits import WebLimits
from controller.gateway.server import GatewayServer, create_app, serve
from tests.unit.gateway.fakes import FakeOpener, FakeSession, make_deps

START = {"type": "start", "format": "pcm16", "sample_rate": 16000}
SILENCE = bytes(640)
QUICK = WebLimits(start_s=0.4, silent_s=1.2, ping_s=0.3, send_s=0.5, goodbye_s=0.5)


@dataclass
class Gateway:
    server: GatewayServer
    opener: FakeOpener
    clients: list[Client] = field(default_factory=list)

    def connect(self, query: str = "", **options: Any) -> Client:
        client = Client(f"ws://127.0.0.1:{self.server.port}/ws/audio{query}", **options)
        self.clients.append(client)
        return client

    def call(self, **start: Any) -> tuple[Client, FakeSession]:
        client = self.connect()
        client.say(**{**START, **start})
        client.until("ready")
        return client, self.opener.opened.get(timeout=5)


class Client:
    """A polite client that keeps what it gets, in order: dicts and bytes."""

    def __init__(self, url: str, **options: Any) -> None:
        self.ws = websocket.create_connection(url, timeout=10, **options)
        self.got: list[Any] = []
        self.times: list[float] = []
        self.close_code: int | None = None

    def say(self, **message: Any) -> None:
        self.ws.send(json.dumps(message))

    def receive(self) -> Any:
        """The next message; None when the server closes."""
        opcode, data = self.ws.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.close_code = struct.unpack("!H", data[:2])[0]
            return None
        message = json.loads(data) if opcode == websocket.ABNF.OPCODE_TEXT else bytes(data)
        self.got.append(message)
        self.times.append(monotonic())
        return message

    def until(self, kind: str) -> dict[str, Any]:
        """Read up to a text message of this type."""
        while True:
            message = self.receive()
            assert message is not None, f"closed with {self.close_code} before {kind}: {self.texts}"
            if isinstance(message, dict) and message["type"] == kind:
                return message

    def drain(self) -> None:
        """Read to the close."""
        while self.receive() is not None:
            pass

    @property
    def texts(self) -> list[dict[str, Any]]:
        return [message for message in self.got if isinstance(message, dict)]

    @property
    def audio(self) -> bytes:
        return b"".join(message for message in self.got if isinstance(message, bytes))


def start_gateway(limits: WebLimits) -> Iterator[Gateway]:
    opener = FakeOpener()
    gateway = Gateway(serve(create_app(make_deps(opener, limits=limits)), "127.0.0.1", 0), opener)
    yield gateway
    for session in opener.registry:
        session.hang_up("test over")
    for client in gateway.clients:
        client.ws.shutdown()
    gateway.server.stop(timeout=1)


def wait_for(what: Any, timeout_s: float = 5) -> None:
    until = monotonic() + timeout_s
    while not what():
        assert monotonic() < until, "it did not happen in time"
        gevent.sleep(0.01)


def keep_speaking(client: Client) -> None:
    while True:
        try:
            client.ws.send_binary(SILENCE)
        except (OSError, websocket.WebSocketException):
            return
        gevent.sleep(0.02)
