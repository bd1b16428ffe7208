"""A wire between two processes, which a test can cut.

Responsible for passing bytes on both ways until told otherwise. It must never know what they mean.
"""

from __future__ import annotations

from contextlib import suppress

import gevent
from gevent import socket
from gevent.server import StreamServer


class Relay:
    """`with Relay(port) as wire: wire.target = ...`; listens at `port` of this machine, meanwhile."""

    def __init__(self, port: int) -> None:
        self.port, self.target = port, 0
        self._wires: list[tuple[socket.socket, socket.socket]] = []
        self._server: StreamServer | None = None

    def cut(self) -> int:
        """Close all connections, at once and on both sides; how many that were."""
        wires, self._wires = self._wires, []
        for ends in wires:
            for end in ends:
                _shut(end)
        return len(wires)

    def __enter__(self) -> Relay:
        self._server = StreamServer(("127.0.0.1", self.port), self._take)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self.cut()

    def _take(self, near: socket.socket, _address: object) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            return  # nobody there: the same to whoever asked
        far.settimeout(None)
        ends = (near, far)
        self._wires.append(ends)
        gevent.joinall([gevent.spawn(_pass_on, near, far), gevent.spawn(_pass_on, far, near)])
        far.close()
        if ends in self._wires:
            self._wires.remove(ends)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # cut
        while data := source.recv(65_536):
            target.sendall(data)
    _shut(source)
    _shut(target)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):  # it was already
        end.shutdown(socket.SHUT_RDWR)
