"""One block of the wire and one answer, as values. Knows neither sockets nor events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """A header block and its body. Header values are as sent: not unquoted."""

    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """Content-Type, or "" when there is none."""
        return self.headers.get("Content-Type", "")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command was answered. `text` is the Reply-Text (``+OK ...``); `body` that of an `api`."""

    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
