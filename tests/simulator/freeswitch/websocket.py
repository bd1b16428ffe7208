"""A WebSocket client connection that looks like mod_audio_stream's on the wire.

Responsible for: the handshake's exact bytes, and messages after it (by wsproto). It must never know
what the messages are.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator

from gevent import socket
from gevent.lock import Semaphore
from wsproto import events as ws
from wsproto.connection import Connection, ConnectionType
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LARGEST_ANSWER_BYTES = 16384


class UpgradeFailed(Exception):
    """The server did not accept the WebSocket."""


class Socket:
    """An open WebSocket; `tcp` is under it."""

    def __init__(self, tcp: socket.socket, left_over: bytes) -> None:
        self.tcp = tcp
        self._protocol = Connection(ConnectionType.CLIENT, trailing_data=left_over)
        self._turn = Semaphore()
        self._reset = False
        self._parts: list[str] = []

    def send(self, event: ws.Event) -> None:
        """One message or frame, masked. A connection that is gone or closed is no error."""
        with self._turn:
            try:
                self.tcp.sendall(self._protocol.send(event))
            except OSError:
                self._reset = True  # the reading side tells
            except LocalProtocolError:
                return  # closed by us a moment ago

    def events(self) -> Iterator[ws.Event]:
        """Whole text messages and close frames until EOF; pings are answered, binary is dropped.
        Raises OSError when the connection is reset."""
        while True:
            yield from self._ready()
            data = self.tcp.recv(65536)
            if not data and self._reset:
                raise ConnectionResetError(104, "Connection reset by peer")
            if not data:
                return
            self._protocol.receive_data(data)

    def _ready(self) -> Iterator[ws.Event]:
        try:
            for event in self._protocol.events():
                if isinstance(event, ws.Ping):
                    self.send(event.response())
                elif isinstance(event, ws.TextMessage):
                    self._parts.append(event.data)
                    if event.message_finished:
                        yield ws.TextMessage("".join(self._parts))
                        self._parts.clear()
                elif isinstance(event, ws.CloseConnection):
                    yield event
        except RemoteProtocolError as error:
            raise ConnectionResetError(104, str(error)) from error


def open_socket(host: str, port: int, path: str) -> Socket:
    """Connect and shake hands. Raises OSError, UpgradeFailed."""
    tcp = socket.create_connection((host, port))
    try:
        key = base64.b64encode(os.urandom(16))
        tcp.sendall(
            f"GET {path} HTTP/1.1\r\nHost:{host}:{port}\r\nUpgrade:websocket\r\nConnection:upgrade\r\n"
            f"Sec-WebSocket-Key:{key.decode()}\r\nSec-WebSocket-Version:13\r\n"
            f"Origin:http://{host}:{port}\r\n\r\n".encode()
        )
        answer, left_over = _answer(tcp)
        wanted = base64.b64encode(hashlib.sha1(key + GUID).digest())
        if b" 101 " not in answer.split(b"\r\n")[0] or wanted not in answer:
            raise UpgradeFailed("WebSocket upgrade failed")
    except BaseException:
        tcp.close()
        raise
    return Socket(tcp, left_over)


def _answer(tcp: socket.socket) -> tuple[bytes, bytes]:
    buffer = b""
    while b"\r\n\r\n" not in buffer and len(buffer) < LARGEST_ANSWER_BYTES:
        data = tcp.recv(4096)
        if not data:
            if buffer:
                raise UpgradeFailed("WebSocket upgrade failed")
            raise UpgradeFailed("Connection closed during handshake (EOF)")
        buffer += data
        if not b"HTTP/1.1".startswith(buffer[:8]) and not buffer.startswith(b"HTTP/1.1"):
            raise UpgradeFailed("WebSocket upgrade failed")
    head, _, rest = buffer.partition(b"\r\n\r\n")
    return head, rest
