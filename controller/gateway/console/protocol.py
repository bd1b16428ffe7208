"""The server's side of the event-socket dialect: bytes in, requests out; answers as bytes.

Responsible for the wire and nothing else: no socket, no password, no command. A request is a block of
lines up to an empty one, with a body when its headers say Content-Length:

    api sessions                auth <password>             sendevent CUSTOM
    console_execute: true                                   Content-Length: 2
                                                            <empty line>hi

Answers' headers are made of fixed words, numbers and checked ids only, because clients undo
URL-encoding in them: a `%0a` of a caller's would begin a line. Free text goes into bodies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import quote


class ProtocolViolation(Exception):
    """The peer sent what is no request; the connection can't go on."""


class Level(IntEnum):
    """FreeSWITCH's log levels; fs_cli has a colour for each of these and for no other number."""

    CONSOLE = 0
    ALERT = 1
    CRIT = 2
    ERR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7


@dataclass(frozen=True, slots=True)
class Request:
    """One block: `verb` in lower case, the rest of its line as sent (a blank at its end tells a
    completion that a word is whole), its headers (names in lower case)."""

    verb: str
    rest: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


class RequestParser:
    """Cuts a stream into requests. Line ends may be LF or CRLF, empty blocks count for nothing."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes` bounds a block, and a body the same again."""
        self._max = max_bytes
        self._data = bytearray()
        self._lines: list[str] = []
        self._block_bytes = 0
        self._body_bytes: int | None = None  # None: reading lines

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes. Raises ProtocolViolation for one that is too large or
        whose Content-Length is no number; the parser is of no use after that."""
        self._data += data
        done: list[Request] = []
        while (request := self._next()) is not None:
            done.append(request)
        return done

    def _next(self) -> Request | None:
        while self._body_bytes is None:
            end = self._data.find(b"\n")
            if self._block_bytes + (len(self._data) if end < 0 else end) > self._max:
                raise ProtocolViolation(f"a command is longer than {self._max} bytes")
            if end < 0:
                return None
            self._take_line(end)
        if len(self._data) < self._body_bytes:
            return None
        return self._take_request(self._body_bytes)

    def _take_line(self, end: int) -> None:
        line = self._data[:end].decode("utf-8", "replace").removesuffix("\r")
        del self._data[: end + 1]
        if line:
            self._lines.append(line)
            self._block_bytes += end + 1
        elif self._lines:
            self._body_bytes = self._content_length()

    def _take_request(self, body_bytes: int) -> Request:
        body = self._data[:body_bytes].decode("utf-8", "replace")
        del self._data[:body_bytes]
        verb, _, rest = self._lines[0].lstrip().partition(" ")
        request = Request(verb.lower(), rest, self._headers(), body)
        self._lines, self._block_bytes, self._body_bytes = [], 0, None
        return request

    def _headers(self) -> dict[str, str]:
        pairs = (line.partition(":") for line in reversed(self._lines[1:]))  # the first one wins
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _content_length(self) -> int:
        text = self._headers().get("content-length", "0")
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise ProtocolViolation("Content-Length is no number of bytes")
        if int(text) > self._max:
            raise ProtocolViolation(f"a body is longer than {self._max} bytes")
        return int(text)


# --- answers --------------------------------------------------------------------------------


def auth_request() -> bytes:
    """The greeting."""
    return _message({"Content-Type": "auth/request"})


def reply(text: str, **headers: str) -> bytes:
    """The answer to anything but `api`. `text` and `headers` are ours, never a caller's."""
    return _message({"Content-Type": "command/reply", "Reply-Text": text, **headers})


def api_response(body: str) -> bytes:
    """The answer to `api`."""
    return _message({"Content-Type": "api/response"}, body)


def log_data(level: Level, session_id: str, text: str) -> bytes:
    """One log line, shown as it comes; `session_id` is what fs_cli's `/uuid` filters by."""
    headers = {"Content-Type": "log/data", "Log-Level": str(int(level)), "Text-Channel": "0"}
    where = {"Log-File": "switchtalk", "Log-Func": "transcript", "Log-Line": "0"}
    return _message({**headers, **where, "User-Data": session_id}, text + "\n")


def job_event(job_id: str, command: str, result: str, *, as_json: bool) -> bytes:
    """BACKGROUND_JOB: how a `bgapi` ended."""
    headers = {"Event-Name": "BACKGROUND_JOB", "Job-UUID": job_id, "Job-Command": command}
    if as_json:
        event = json.dumps({**headers, "_body": result}, ensure_ascii=False)
        return _message({"Content-Type": "text/event-json"}, event)
    plain = {name: quote(value, safe=" /:-_.") for name, value in headers.items()}
    event = _message(plain, result).decode()
    return _message({"Content-Type": "text/event-plain"}, event)


def disconnect_notice(text: str = "Disconnected, goodbye.") -> bytes:
    """The last word; the connection closes after it."""
    return _message({"Content-Type": "text/disconnect-notice"}, text + "\n")


def rude_rejection(text: str) -> bytes:
    """Instead of the greeting: no."""
    return _message({"Content-Type": "text/rude-rejection"}, text + "\n")


def _message(headers: Mapping[str, str], body: str | None = None) -> bytes:
    data = b"" if body is None else body.encode("utf-8", "replace")
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.insert(1, f"Content-Length: {len(data)}")
    if not all(line.isprintable() for line in lines):
        raise ValueError("a control character in a header")
    return "\n".join(lines).encode("utf-8", "replace") + b"\n\n" + data
