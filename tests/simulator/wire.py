"""A WebSocket client on gevent: wsproto for the protocol, one socket, nothing else.

Responsible for: the handshake, whole messages in and out, and the impolite things a test needs
(raw bytes, a connection torn down with RST). It must never know what the messages mean.
"""

from __future__ import annotations

import socket as native_socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import gevent.socket
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

ABNORMAL_CLOSE = 1006
"""What RFC 6455 calls a connection that ended without a close frame."""
READ_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is over; `code` as in RFC 6455 section 7.4."""

    code: int
    reason: str = ""


class HandshakeRefused(ConnectionError):
    """The server answered the upgrade with plain HTTP of this status (0: no answer at all)."""

    def __init__(self, status: int) -> None:
        super().__init__(f"WebSocket upgrade refused: HTTP {status or 'connection closed'}")
        self.status = status


class WebSocket:
    """One open connection. Use it from one reading and one writing greenlet."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        """Connect and shake hands with `ws://host:port/path`. Raises HandshakeRefused, OSError."""
        parts = urlsplit(url)
        host, port = parts.hostname or "127.0.0.1", parts.port or 80
        self.socket = gevent.socket.create_connection((host, port), timeout=timeout_s)
        self.socket.setsockopt(native_socket.IPPROTO_TCP, native_socket.TCP_NODELAY, 1)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._parts: list[str | bytes] = []
        self._ready: list[str | bytes | Closed] = []
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.send_raw(self._protocol.send(Request(host=f"{host}:{port}", target=target)))
        self._shake_hands()
        self.socket.settimeout(None)

    def send(self, message: str | bytes) -> None:
        """One whole text or binary message. Raises OSError when the connection is gone."""
        event: Event = (
            TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message)
        )
        self._send_event(event)

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are, outside the protocol. Raises OSError."""
        self.socket.sendall(data)

    def receive(self) -> str | bytes | Closed:
        """The next whole message, or Closed (then always Closed). Pings are answered."""
        while not self._ready:
            self._read()
        if isinstance(self._ready[0], Closed):
            return self._ready[0]
        return self._ready.pop(0)

    def close(self, code: int = 1000) -> None:
        """Say goodbye and close; quietly when the connection is gone already."""
        with suppress(OSError):  # the other side was first
            self._send_event(CloseConnection(code=code))
        self.socket.close()

    def abort(self) -> None:
        """Vanish: RST instead of a close frame or FIN, as when a phone loses its network."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(native_socket.SOL_SOCKET, native_socket.SO_LINGER, linger)
        self.socket.close()

    def _send_event(self, event: Event) -> None:
        try:
            data = self._protocol.send(event)
        except LocalProtocolError as exc:
            raise BrokenPipeError(f"the WebSocket is closing: {exc}") from exc
        self.send_raw(data)

    def _shake_hands(self) -> None:
        while True:
            data = self.socket.recv(READ_BYTES)
            if not data:
                raise HandshakeRefused(0)
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                if isinstance(event, AcceptConnection):
                    self._take_events()
                    return
                if isinstance(event, RejectConnection):
                    self.socket.close()
                    raise HandshakeRefused(event.status_code)

    def _read(self) -> None:
        try:
            data = self.socket.recv(READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._ready.append(Closed(ABNORMAL_CLOSE))
            return
        try:
            self._protocol.receive_data(data)
            self._take_events()
        except RemoteProtocolError as exc:
            self._ready.append(Closed(ABNORMAL_CLOSE, f"server broke the protocol: {exc}"))

    def _take_events(self) -> None:
        for event in self._protocol.events():
            if isinstance(event, Message):
                self._parts.append(bytes(event.data) if isinstance(event, BytesMessage) else event.data)
                if event.message_finished:
                    self._ready.append(self._joined())
            elif isinstance(event, Ping):
                self._send_event(event.response())
            elif isinstance(event, CloseConnection):
                self._ready.append(Closed(int(event.code), event.reason or ""))

    def _joined(self) -> str | bytes:
        parts, self._parts = self._parts, []
        if isinstance(parts[0], str):
            return "".join(str(part) for part in parts)
        return b"".join(part for part in parts if isinstance(part, bytes))
