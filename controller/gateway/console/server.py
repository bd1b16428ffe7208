"""The console's listening socket.

Responsible for listening, for how many consoles there may be, and for the polite end of all of them.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import structlog
from gevent.pool import Pool
from gevent.server import StreamServer

from controller.gateway.console import protocol
from controller.gateway.console.connection import Connection
from controller.gateway.console.ports import ConsoleDeps

log = structlog.get_logger(__name__)


class ConsoleServer:
    """An event-socket server that fs_cli can log in to: `fs_cli -H host -P port -p password`."""

    def __init__(self, host: str, port: int, password: str, deps: ConsoleDeps) -> None:
        """Port 0 takes a free one. Raises ValueError for an empty password (see `console_password`)."""
        if not password:
            raise ValueError("the console needs a password")
        self._password = password
        self._deps = deps
        self._connections: set[Connection] = set()
        self._server = StreamServer((host, port), self._handle, spawn=Pool())

    def start(self) -> None:
        """Listen, returning at once. Raises OSError when the address can't be bound."""
        self._server.start()
        log.info("the console listens", host=self._server.server_host, port=self.port)

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._server.server_port)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Stop listening, say goodbye to every console, and wait at most so long for their end."""
        self._server.close()
        for connection in list(self._connections):
            connection.stop()
        self._server.stop(timeout_s)

    def _handle(self, sock: socket.socket, address: Any) -> None:
        if len(self._connections) >= self._deps.limits.connections:
            log.warning("too many consoles", limit=self._deps.limits.connections)
            with suppress(OSError):  # it may have left by itself
                sock.settimeout(1.0)
                sock.sendall(protocol.rude_rejection("Too many consoles; try again later."))
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock, f"{address[0]}:{address[1]}", self._password, self._deps)
        self._connections.add(connection)
        try:
            connection.run()
        finally:
            self._connections.discard(connection)
