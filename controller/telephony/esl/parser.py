"""Event-socket messages out of bytes, however they are cut.

Responsible for framing and its limits: every byte is looked at once, and what waits is bounded. It
must never know a socket, nor what a message means.
"""

from __future__ import annotations

import re

from controller.telephony.esl.errors import ProtocolViolation
from controller.telephony.esl.message import Message

MAX_HEAD_BYTES = 256 << 10
"""A header block. The largest is the channel data of an outbound connect: 7 kB for a plain call."""
MAX_BODY_BYTES = 16 << 20
"""A body. FreeSWITCH itself takes 10 MiB at once."""

_LENGTH = re.compile(r"[0-9]{1,9}")


class Parser:
    """Feed it; it keeps the rest until the rest of it comes."""

    __slots__ = ("_body_bytes", "_buffer", "_head_bytes", "_headers", "_scanned")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0  # bytes of the buffer known to hold no line end
        self._headers: dict[str, str] = {}
        self._head_bytes = 0
        self._body_bytes: int | None = None  # None: within a header block

    def feed(self, data: bytes) -> list[Message]:
        """All messages that `data` completes. Raises ProtocolViolation; the parser is of no use then:
        where the next message begins can't be known any more."""
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> Message | None:
        if self._body_bytes is None:
            self._read_head()
        if self._body_bytes is None or len(self._buffer) < self._body_bytes:
            return None
        message = Message(self._headers, bytes(memoryview(self._buffer)[: self._body_bytes]))
        del self._buffer[: self._body_bytes]  # cheap: a bytearray moves its start
        self._headers, self._head_bytes, self._body_bytes = {}, 0, None
        return message

    def _read_head(self) -> None:
        """Take lines up to the blank one; then `_body_bytes` is known. Blank lines before a message
        are skipped."""
        while (end := self._buffer.find(b"\n", self._scanned)) >= 0:
            self._head_bytes += end + 1
            self._limit(self._head_bytes)
            line = bytes(memoryview(self._buffer)[:end])
            del self._buffer[: end + 1]
            self._scanned = 0
            if line.rstrip(b"\r"):
                self._header(line)
            elif self._headers:
                self._body_bytes = self._content_length()
                return
            else:
                self._head_bytes = 0
        self._scanned = len(self._buffer)
        self._limit(self._head_bytes + self._scanned)

    def _header(self, line: bytes) -> None:
        name, colon, value = line.decode(errors="replace").partition(":")
        if not colon or not name:
            raise ProtocolViolation(f"expected a header, got {name[:60]!r}")
        self._headers.setdefault(name, value.strip(" \t\r"))

    def _content_length(self) -> int:
        text = self._headers.get("Content-Length", "0")
        if not _LENGTH.fullmatch(text) or int(text) > MAX_BODY_BYTES:
            raise ProtocolViolation(f"Content-Length {text[:60]!r}, expected 0..{MAX_BODY_BYTES}")
        return int(text)

    @staticmethod
    def _limit(head_bytes: int) -> None:
        if head_bytes > MAX_HEAD_BYTES:
            raise ProtocolViolation(f"a header block of more than {MAX_HEAD_BYTES} bytes")
