"""Events out of messages: lines are split first and unquoted after, so that no value forges a header.

Knows neither sockets nor what an event means to a call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from controller.telephony.esl.errors import ProtocolViolation
from controller.telephony.esl.message import Message


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `subclass` is set for CUSTOM events; header values are plain text."""

    name: str
    subclass: str
    headers: Mapping[str, str]
    body: str = ""

    @property
    def uuid(self) -> str:
        """The channel it is about, or ""."""
        return self.headers.get("Unique-ID", "")

    def get(self, header: str, default: str = "") -> str:
        """The value of a header."""
        return self.headers.get(header, default)

    def var(self, name: str, default: str = "") -> str:
        """The value of a channel variable."""
        return self.headers.get("variable_" + name, default)


def parse_event(message: Message) -> Event:
    """The event in a text/event-plain or text/event-json message, or in the channel data that
    answers `connect`.

    Bytes that are not UTF-8 become U+FFFD; the first of two headers with one name wins.
    Raises ProtocolViolation for JSON that is no object.
    """
    match message.content_type:
        case "text/event-plain":
            head, _, body = message.body.partition(b"\n\n")
            headers = _headers(line.partition(b":") for line in head.split(b"\n"))
            return _event(headers, _inner_body(headers, body))
        case "text/event-json":
            return _from_json(message.body)
        case _:
            return _event(
                {name: _unquote(value.encode()) for name, value in message.headers.items()}, ""
            )


def _headers(lines: Iterable[tuple[bytes, bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, colon, value in lines:
        if colon:
            headers.setdefault(name.decode(errors="replace"), _unquote(value.strip()))
    return headers


def _unquote(value: bytes) -> str:
    return (unquote_to_bytes(value) if b"%" in value else value).decode(errors="replace")


def _inner_body(headers: Mapping[str, str], body: bytes) -> str:
    length = headers.get("Content-Length", "")
    if length.isascii() and length.isdecimal() and len(length) < 10:
        body = body[: int(length)]
    return body.decode(errors="replace")


def _from_json(body: bytes) -> Event:
    try:
        fields = json.loads(body.decode(errors="replace"), object_pairs_hook=_first_wins)
    except (ValueError, RecursionError) as exc:
        raise ProtocolViolation(f"an event that is not JSON: {exc}") from exc
    if not isinstance(fields, dict):
        raise ProtocolViolation("expected an event that is a JSON object")
    headers = {name: _text(value) for name, value in fields.items()}
    return _event(headers, headers.pop("_body", ""))


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _text(value: Any) -> str:
    """A value as a plain event would show it: arrays too."""
    return "ARRAY::" + "|:".join(map(str, value)) if isinstance(value, list) else str(value)


def _event(headers: dict[str, str], body: str) -> Event:
    subclass = headers.get("Event-Subclass", "")
    name = headers.get("Event-Name") or ("CUSTOM" if subclass else "")  # see commands.send_event
    return Event(name, subclass, headers, body)
