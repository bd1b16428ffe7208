"""A WebSocket server for audio, which can end a connection in every bad way.

Responsible for: the server's side of the transcripts of mod_audio_stream. It must never be taken for
what the product does.
"""

from __future__ import annotations

import base64
import hashlib
import time
from enum import Enum, auto

import gevent
from gevent import socket
from gevent.event import Event as Flag
from gevent.server import StreamServer
from wsproto import events as ws
from wsproto.connection import Connection, ConnectionType

from tests.simulator.freeswitch.listener import cut
from tests.simulator.freeswitch.websocket import GUID

LIVES_S = 0.5
"""A connection that ends badly after the handshake does so after this."""


class Ending(Enum):
    """How a connection goes."""

    WELL = auto()
    FORBIDDEN = auto()
    HANG = auto()
    GARBAGE = auto()
    DROP = auto()
    CLOSE_1000 = auto()
    CLOSE_1011 = auto()
    FIN = auto()
    RST = auto()
    CLOSE_KEEPS_TCP = auto()
    NEVER_ANSWERS_CLOSE = auto()


CLOSES = {
    Ending.CLOSE_1000: ws.CloseConnection(1000, "bye"),
    Ending.CLOSE_1011: ws.CloseConnection(1011, "internal boom"),
    Ending.CLOSE_KEEPS_TCP: ws.CloseConnection(1000, "x"),
}
IMPOLITE = (Ending.CLOSE_KEEPS_TCP, Ending.NEVER_ANSWERS_CLOSE)


class StubMediaServer:
    """The first connections end as given, all others go well."""

    def __init__(self, *endings: Ending) -> None:
        self._endings = list(endings)
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self.request = b""
        """The last handshake."""
        self.texts: list[str] = []
        self.frames: list[bytes] = []
        self.frame_times_s: list[float] = []
        self.closes: list[tuple[int, str]] = []
        self.came = Flag()
        """Set by each message; clear it to wait for the next."""
        self.ws: Connection | None = None
        self.sock: socket.socket | None = None

    def __enter__(self) -> StubMediaServer:
        self._server.start()
        self.port: int = self._server.server_port
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(timeout=0)

    def send(self, event: ws.Event) -> None:
        """On the connection that came last."""
        assert self.ws is not None
        assert self.sock is not None
        self.sock.sendall(self.ws.send(event))

    def _serve(self, sock: socket.socket, _address: object) -> None:
        ending = self._endings.pop(0) if self._endings else Ending.WELL
        self.request = b""
        while b"\r\n\r\n" not in self.request:
            self.request += sock.recv(4096)
        if ending is Ending.HANG:
            gevent.sleep(3)
        elif ending is Ending.FORBIDDEN:
            sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        elif ending is Ending.GARBAGE:
            sock.sendall(b"hello there, this is no HTTP\r\n\r\n")
        elif ending is not Ending.DROP:
            self._accept(sock)
            self._talk(sock, ending)
            return
        cut(sock)

    def _accept(self, sock: socket.socket) -> None:
        lines = self.request.split(b"\r\n")
        key = next(
            line.partition(b":")[2].strip() for line in lines if line.startswith(b"Sec-WebSocket-Key")
        )
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.sock, self.ws = sock, Connection(ConnectionType.SERVER)

    def _talk(self, sock: socket.socket, ending: Ending) -> None:
        if ending in CLOSES:
            gevent.spawn_later(LIVES_S, self.send, CLOSES[ending])
        elif ending in (Ending.FIN, Ending.RST):
            gevent.spawn_later(LIVES_S, cut, sock, reset=ending is Ending.RST)
        protocol = self.ws
        assert protocol is not None
        try:
            while data := sock.recv(65536):
                protocol.receive_data(data)
                for event in protocol.events():
                    self._take(event)
                    if isinstance(event, ws.CloseConnection) and ending not in IMPOLITE:
                        if ending is Ending.WELL:
                            sock.sendall(protocol.send(event.response()))
                        cut(sock)
                        return
        except OSError:
            return

    def _take(self, event: ws.Event) -> None:
        self.came.set()
        if isinstance(event, ws.TextMessage):
            self.texts.append(event.data)
        elif isinstance(event, ws.BytesMessage):
            self.frames.append(bytes(event.data))
            self.frame_times_s.append(time.monotonic())
        elif isinstance(event, ws.CloseConnection):
            self.closes.append((event.code, event.reason or ""))
