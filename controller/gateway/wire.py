"""One WebSocket of a client that may stall, flood or vanish: whole messages in and out.

Responsible for the socket after the handshake: time limits on every read and write, pings, message
size, the goodbye. It must never know what the messages mean.

simple-websocket (through Flask-Sock) shakes hands; its reading thread is not used (`NoReader`): it
keeps an unbounded list of messages, writes with `send` (which may write a part only), and closes
without letting us say why. wsproto's connection is driven here instead, by one reading greenlet
(`receive`) and any number of writers, who take turns.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent.event
import simple_websocket
from gevent.lock import BoundedSemaphore
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from controller.gateway.limits import Beat, Heartbeat, WebLimits, frame_bucket
from controller.gateway.messages import MAX_MESSAGE_BYTES, CloseCode, ProtocolError, too_fast, too_large

READ_BYTES = 16_384
GLANCE_S = 0.3
"""A quiet reader looks up so often, whether it was told to stop."""
SEND_BUFFER_BYTES = 32_768
"""Asked of the kernel (which doubles it): about 2 s of audio at 16 kHz. With the default of megabytes
a client that has stopped reading would not be noticed for minutes."""


class NoReader:
    """Stands in for simple-websocket's thread: reading is the Wire's."""

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        """`target` is never run."""

    def start(self) -> None:
        """Nothing to start."""


SOCK_SERVER_OPTIONS: dict[str, Any] = {"thread_class": NoReader, "event_class": gevent.event.Event}
"""For Flask-Sock: what a route that uses a Wire needs."""


class PeerGone(Exception):
    """The connection is over. `polite`: the client said goodbye."""

    def __init__(self, why: str, *, polite: bool) -> None:
        super().__init__(why)
        self.polite = polite


class Wire:
    """Messages over one connection."""

    def __init__(
        self, server: simple_websocket.Server, limits: WebLimits, clock: Callable[[], float] = monotonic
    ) -> None:
        self._protocol = server.ws
        self._limits = limits
        self._clock = clock
        self._reader: socket.socket = server.sock
        self._reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._writer = self._reader.dup()  # its own time limit
        self._writer.settimeout(limits.send_s)
        self._turn = BoundedSemaphore()
        self._heart = Heartbeat(limits.ping_s, clock())
        self._frames = frame_bucket(limits, clock())
        self._messages: deque[str | bytes] = deque()
        self._partial = bytearray()
        self._leave_by: float | None = None
        self._stop: ProtocolError | None = None

    def stop(self, why: ProtocolError) -> None:
        """Whoever receives gets this error, once, within GLANCE_S. Never blocks; from any greenlet."""
        self._stop = why

    def receive(self, wait_s: float) -> str | bytes:
        """The next whole message. Raises TimeoutError when none comes within `wait_s`, PeerGone, what
        `stop` was given, and ProtocolError (fatal) for one that is too large, a flood, or bytes that are
        no WebSocket."""
        until = self._clock() + wait_s
        while True:
            if self._stop is not None:
                why, self._stop = self._stop, None
                raise why
            if self._messages:
                return self._messages.popleft()
            self._read(until)

    def send(self, message: str | bytes) -> None:
        """One message, all of it. Raises PeerGone; a write that takes longer than `send_s` is one."""
        self._write(TextMessage(message) if isinstance(message, str) else BytesMessage(message))

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Say goodbye; nothing can be sent any more, and `receive` ends within `goodbye_s`, or at its
        next ping. Quiet when the connection is gone."""
        if self._leave_by is None:
            self._leave_by = self._clock() + self._limits.goodbye_s
            try:
                self._write(CloseConnection(code, reason or None))
                self._writer.shutdown(socket.SHUT_WR)
            except (PeerGone, OSError):
                return  # they were first

    def release(self) -> None:
        """Give the socket back. What the client is still sending is read and dropped for a moment:
        closing over unread bytes would reset the connection and lose our last words."""
        until = self._clock() + self._limits.goodbye_s
        try:
            while (left := until - self._clock()) > 0:
                self._reader.settimeout(left)
                if not self._reader.recv(READ_BYTES):
                    break
            self._reader.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # gone is what we want
        self._reader.close()
        self._writer.close()

    def abort(self) -> None:
        """Wake whoever reads or writes; the connection is useless."""
        with suppress(OSError):  # gone already
            self._writer.shutdown(socket.SHUT_RDWR)

    def _read(self, until: float) -> None:
        now = self._clock()
        if self._leave_by is not None and now >= self._leave_by:
            raise PeerGone("no answer to our goodbye", polite=True)
        if now >= until:
            raise TimeoutError
        self._reader.settimeout(
            max(0.001, min(until, self._heart.next_at, self._leave_by or until, now + GLANCE_S) - now)
        )
        try:
            data = self._reader.recv(READ_BYTES)
        except TimeoutError:
            self._keep_alive()
            return
        except OSError as exc:
            raise PeerGone(f"connection lost: {exc}", polite=False) from exc
        if not data:
            raise PeerGone("connection closed without goodbye", polite=False)
        self._heart.heard(self._clock())
        try:
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                self._handle(event)
        except LocalProtocolError as exc:
            raise PeerGone(f"bytes after the goodbye: {exc}", polite=True) from exc

    def _handle(self, event: Any) -> None:
        if not self._frames.take(1, self._clock()):
            raise too_fast()
        match event:
            case TextMessage() | BytesMessage():
                self._collect(event)
            case Ping():
                self._write(event.response())
            case CloseConnection() if self._protocol.state is ConnectionState.OPEN:
                raise ProtocolError("bad_frame", "not a WebSocket frame", CloseCode(event.code))
            case CloseConnection():
                if self._protocol.state is ConnectionState.REMOTE_CLOSING:
                    self._write(event.response())
                raise PeerGone(f"client closed with {int(event.code)}", polite=True)

    def _collect(self, part: Message[Any]) -> None:
        """Put the parts of a message together."""
        data = part.data.encode() if isinstance(part, TextMessage) else part.data
        self._partial += data
        if len(self._partial) > MAX_MESSAGE_BYTES:
            raise too_large()
        if part.message_finished:
            whole = bytes(self._partial)
            self._partial.clear()
            self._messages.append(whole.decode() if isinstance(part, TextMessage) else whole)

    def _keep_alive(self) -> None:
        if self._leave_by is not None:
            return
        match self._heart.check(self._clock()):
            case Beat.PING:
                self._write(Ping())
            case Beat.GONE:
                raise PeerGone(f"no pong within {self._limits.ping_s:g} s", polite=False)

    def _write(self, event: Any) -> None:
        with self._turn:
            try:
                self._writer.sendall(self._protocol.send(event))
            except LocalProtocolError as exc:
                raise PeerGone("the connection is closing", polite=True) from exc
            except OSError as exc:
                self.abort()
                why = "does not read" if isinstance(exc, TimeoutError) else str(exc)
                raise PeerGone(f"connection lost: {why}", polite=False) from exc
