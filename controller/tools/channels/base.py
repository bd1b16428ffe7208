"""What a notification channel is. It delivers a finished message to a recipient known to it by name.

A recipient is never an address that came from a caller or a model: names only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered notification. `message_id` is the same when the same one is sent again."""

    message_id: str
    session_id: str
    template_id: str
    language: str
    text: str
    params: Mapping[str, str]


class Channel(Protocol):
    """One way of delivery, shared by all sessions."""

    def send(self, to: str, message: Message) -> None:
        """Deliver; may block cooperatively. Raises tools.base.ToolError when it can't."""
        ...
