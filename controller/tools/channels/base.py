"""What a notification channel is. It delivers a finished message to a recipient known to it by name.

A recipient is never an address that came from a caller or a model: names only, and the number of the
phone call itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from controller.tools.base import ToolError

TEL = "tel:"
"""Begins a recipient that is a number: the one at the other end of the line. No name has a colon."""


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered notification. `message_id` is the same when the same one is sent again. `subject` is
    for channels that have one; "" when the template has none."""

    message_id: str
    session_id: str
    template_id: str
    language: str
    text: str
    params: Mapping[str, str]
    subject: str = ""


class OutcomeUnknown(ToolError):
    """The receiver may have the message: the connection ended before its answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class Channel(Protocol):
    """One way of delivery, shared by all sessions."""

    @property
    def repeatable(self) -> bool:
        """Whether receivers recognise a message that is sent twice: only then may one whose outcome is
        unknown be sent again."""
        ...

    def check(self, to: str) -> None:
        """Raises ToolError (bad_arguments) when there is no such recipient. Never blocks."""
        ...

    def send(self, to: str, message: Message) -> None:
        """Deliver; may block cooperatively. Raises ToolError when it can't, OutcomeUnknown when it is
        not known whether it did."""
        ...


def check_recipient(channel: str, to: str, known: Collection[str]) -> None:
    """Raises ToolError when `to` is not among a channel's names."""
    if to not in known:
        names = ", ".join(sorted(known)) or "none are configured"
        raise ToolError(
            f"no {channel} recipient of that name; expected one of: {names}", code="bad_arguments"
        )
