"""What a controller tells on FreeSWITCH's event bus, call by call: the words that a phone can't show.

Responsible for one event-socket connection that only listens, and for whose event is whose: by the
number that called. It must never know what the words should be. Not greenswitch: that unquotes events
before it splits them, so that a body with ": " in it is lost.

    record = bus.expect("1001")
    with PhoneCaller(freeswitch.call("7000", caller="1001"), transcript=record) as caller: ...
    assert record.end_reason == "booked"
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import gevent
from gevent import socket
from gevent.event import Event

PREFIX = "switchtalk::"
SUBCLASSES = ("session_started", "turn", "tool", "session_ended")
CONNECT_LIMIT_S = 5.0


class BusFailed(ConnectionError):
    """The event socket did not let us listen."""


class CallRecord:
    """What was told about one call so far. Called, it is a Transcript."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.uuid = ""
        self.session_id = ""
        self.turns: list[dict[str, Any]] = []
        self.tools: list[dict[str, Any]] = []
        self.end_reason: str | None = None
        self.ended = Event()
        """Its session has ended, and all of it was told."""

    def __call__(self) -> Sequence[dict[str, Any]]:
        return self.turns

    def take(self, subclass: str, session_id: str, body: dict[str, Any]) -> None:
        """One event."""
        self.session_id = session_id
        match subclass:
            case "turn":
                self.turns.append({**body, "number": body.get("turn")})
            case "tool":
                self.tools.append(body)
            case "session_ended":
                self.end_reason = str(body.get("reason"))
                self.ended.set()


class Bus:
    """`with Bus(host, port, password) as bus`. Raises BusFailed, OSError on entering."""

    def __init__(self, host: str, port: int, password: str) -> None:
        self._address, self._password = (host, port), password
        self._expected: dict[str, CallRecord] = {}
        self._records: dict[str, CallRecord] = {}
        self._reader: gevent.Greenlet | None = None

    def expect(self, number: str) -> CallRecord:
        """The record of the next call from this number."""
        self._expected[number] = CallRecord(number)
        return self._expected[number]

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(self._address, timeout=CONNECT_LIMIT_S)
        self._file = self._socket.makefile("rb")
        self._block()  # auth/request
        self._command(f"auth {self._password}")
        names = " ".join(PREFIX + subclass for subclass in SUBCLASSES)
        self._command(f"event plain CHANNEL_CREATE CUSTOM {names}")
        self._socket.settimeout(None)
        self._reader = gevent.spawn(self._read)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reader is not None:
            self._reader.kill()
        self._file.close()
        self._socket.close()

    def _command(self, text: str) -> None:
        self._socket.sendall(f"{text}\n\n".encode())
        headers, _ = self._block()
        if not headers.get("Reply-Text", "").startswith("+OK"):
            raise BusFailed(f"{text.split()[0]}: {headers.get('Reply-Text')}")

    def _block(self) -> tuple[dict[str, str], bytes]:
        lines = []
        while (line := self._file.readline()) not in (b"\n", b""):
            lines.append(line)
        headers = _headers(b"".join(lines))
        return headers, self._file.read(int(headers.get("Content-Length", 0)))

    def _read(self) -> None:
        while True:
            headers, content = self._block()
            if not headers:
                return  # FreeSWITCH has gone
            if headers.get("Content-Type") == "text/event-plain":
                head, _, body = content.partition(b"\n\n")
                self._take(_headers(head), body)

    def _take(self, event: dict[str, str], body: bytes) -> None:
        uuid = event.get("Unique-ID", "")
        subclass = event.get("Event-Subclass", "")
        if event.get("Event-Name") == "CHANNEL_CREATE":
            record = self._expected.pop(event.get("Caller-Caller-ID-Number", ""), None)
            if record is not None:
                record.uuid = uuid
                self._records[uuid] = record
        elif subclass.startswith(PREFIX) and (record := self._records.get(uuid)) is not None:
            told = json.loads(body.decode())
            record.take(subclass.removeprefix(PREFIX), event.get("Session-ID", ""), told)


def _headers(lines: bytes) -> dict[str, str]:
    """Split first, unquote after."""
    pairs = (line.partition(": ") for line in lines.decode("utf-8", "replace").splitlines())
    return {name: unquote(value).strip() for name, _, value in pairs}
