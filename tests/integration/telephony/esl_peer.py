"""A scripted FreeSWITCH of few words, on real sockets, for the tests of the event socket.

Responsible for saying exactly what a test tells it to. It must never know the code under test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
from gevent import socket
from gevent.queue import Queue
from gevent.server import StreamServer

LIMIT_S = 5.0


class Line:
    """One connection, seen from FreeSWITCH."""

    def __init__(self, sock: Any) -> None:
        sock.settimeout(LIMIT_S)
        self.sock = sock
        self._data = b""

    def hears(self) -> str:
        """The next command, with its body; "" at the end of the stream. Raises TimeoutError."""
        while b"\n\n" not in self._data:
            if not (piece := self.sock.recv(65_536)):
                return ""
            self._data += piece
        command, _, self._data = self._data.partition(b"\n\n")
        return command.decode()

    def expects(self, beginning: str) -> str:
        """The next command, which must begin so."""
        command = self.hears()
        assert command.startswith(beginning), f"expected {beginning!r}, got {command!r}"
        return command

    def says(self, data: bytes | str) -> None:
        """These bytes."""
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def replies(self, text: str = "+OK", **headers: str) -> None:
        """A command/reply."""
        more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
        self.says(f"Content-Type: command/reply\nReply-Text: {text}\n{more}\n")

    def answers(self, body: str) -> None:
        """An api/response."""
        raw = body.encode()
        self.says(b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(raw), raw))

    def event(self, name: str, body: str = "", **headers: str) -> bytes:
        """The bytes of an event."""
        lines = [f"Event-Name: {name}", *(f"{key.replace('_', '-')}: {v}" for key, v in headers.items())]
        if body:
            lines.append(f"Content-Length: {len(body.encode())}")
        raw = ("\n".join(lines) + "\n\n" + body).encode()
        return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(raw), raw)

    def logs_in(self, channels: str = '{"row_count":0}') -> str:
        """The other side's way up; the words of its subscription."""
        self.says("Content-Type: auth/request\n\n")
        self.expects("auth ClueCon")
        self.replies("+OK accepted")
        subscription = self.expects("event plain ")
        self.replies("+OK event listener enabled plain")
        self.expects("api show channels as json")
        self.answers(channels)
        return subscription

    def hangs_up(self) -> None:
        """FIN."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class Peer:
    """Listens; each connection runs `script(line)`. A script's failure is raised by `stop`."""

    def __init__(self, script: Callable[[Line], None], port: int = 0) -> None:
        self._script = script
        self._failures: list[BaseException] = []
        self._server = StreamServer(("127.0.0.1", port), self._run)
        self.lines: Queue = Queue()
        self._server.start()
        self.port: int = self._server.server_port

    def _run(self, sock: Any, _address: Any) -> None:
        line = Line(sock)
        self.lines.put(line)
        try:
            self._script(line)
        except (AssertionError, TimeoutError) as exc:
            self._failures.append(exc)

    def next_line(self) -> Line:
        """The next connection."""
        line: Line = self.lines.get(timeout=LIMIT_S)
        return line

    def stop(self) -> None:
        """Raises what a script complained about."""
        self._server.stop(timeout=0.1)
        if self._failures:
            raise self._failures[0]


def soon(condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Wait until it holds."""
    with gevent.Timeout(limit_s, AssertionError("it didn't come true")):
        while not (value := condition()):
            gevent.sleep(0.005)
        return value
