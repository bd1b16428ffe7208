"""The event socket's bytes, as FreeSWITCH writes and reads them.

Responsible for: quoting, blocks of headers with a body, and reading commands. It must never know what
a command means, nor share code with the program that is tested against the simulator.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass

from gevent import socket

SAFE = "/,()!*'~$-._"
"""Besides letters and digits, what FreeSWITCH leaves as it is in header values."""
GOODBYE = b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
LARGEST_COMMAND_BYTES = 1 << 20

Headers = Iterable[tuple[str, str]]


def quoted(value: str) -> str:
    """A header value as events and channel data carry it."""
    return urllib.parse.quote(value, safe=SAFE)


def block(headers: Headers, body: bytes = b"") -> bytes:
    """`Name: value` lines (values as given), a blank line, then the body."""
    lines = "".join(f"{name}: {value}\n" for name, value in headers)
    return lines.encode() + b"\n" + body


def command_reply(text: str, *more: tuple[str, str]) -> bytes:
    """The answer to every command but `api`."""
    return block([("Content-Type", "command/reply"), ("Reply-Text", text), *more])


def api_response(body: str) -> bytes:
    """The answer to `api`."""
    raw = body.encode()
    return block([("Content-Type", "api/response"), ("Content-Length", str(len(raw)))], raw)


def plain_event(headers: Headers, body: str) -> bytes:
    """An event as `event plain` delivers it: its own headers and body are the body of a block."""
    raw = body.encode()
    lines = [(name, quoted(value)) for name, value in headers]
    if raw:
        lines.append(("Content-Length", str(len(raw))))
    inner = block(lines, raw)
    return block([("Content-Length", str(len(inner))), ("Content-Type", "text/event-plain")], inner)


def json_event(headers: Headers, body: str) -> bytes:
    """An event as `event json` delivers it."""
    fields = dict(headers)
    if body:
        fields |= {"Content-Length": str(len(body.encode())), "_body": body}
    inner = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return block([("Content-Length", str(len(inner))), ("Content-Type", "text/event-json")], inner)


def disconnect_notice(*more: tuple[str, str], body: bytes = GOODBYE) -> bytes:
    """The last word on a connection, or the notice that it lingers."""
    headers = [("Content-Type", "text/disconnect-notice"), *more, ("Content-Length", str(len(body)))]
    return block(headers, body)


@dataclass(frozen=True, slots=True)
class Command:
    """What a client sent: its first line, the header lines under it (in order) and the body."""

    line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def get(self, name: str, default: str = "") -> str:
        """The first header of that name, in any case."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default


class CommandReader:
    """Reads commands from a socket; a header line may end in CRLF."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = b""

    def read(self) -> Command | None:
        """The next command, or None when the client is gone. Raises OSError."""
        while True:
            head = self._until_blank_line()
            if head is None:
                return None
            lines = [line for line in head.decode("utf-8", "replace").split("\n") if line]
            if not lines:
                continue
            pairs = [line.partition(":") for line in lines[1:]]
            headers = tuple((name.strip(), value.lstrip(" ").rstrip("\r")) for name, _, value in pairs)
            command = Command(lines[0].strip(), headers)
            length = command.get("content-length")
            if not length.isdigit() or length == "0":
                return command
            body = self._exactly(int(length))
            return (
                None if body is None else Command(command.line, headers, body.decode("utf-8", "replace"))
            )

    def _until_blank_line(self) -> bytes | None:
        while True:
            text = self._buffer.replace(b"\r\n", b"\n")
            head, blank, rest = text.partition(b"\n\n")
            if blank:
                self._buffer = rest
                return head
            if len(self._buffer) > LARGEST_COMMAND_BYTES or not self._more():
                return None

    def _exactly(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return body

    def _more(self) -> bool:
        data = self._sock.recv(65536)
        self._buffer += data
        return bool(data)
