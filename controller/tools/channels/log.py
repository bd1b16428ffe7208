"""Notifications that are only logged: for trying things out, and where a log is what people watch."""

from __future__ import annotations

import structlog

from controller.tools.channels.base import Message

_log = structlog.get_logger(__name__)


class LogChannel:
    """`to` is any name; it is logged with the message."""

    repeatable = True

    def check(self, to: str) -> None:
        """Every name will do."""

    def send(self, to: str, message: Message) -> None:
        """Log the message."""
        _log.info(
            "notification",
            to=to,
            text=message.text,
            template_id=message.template_id,
            message_id=message.message_id,
            session_id=message.session_id,
        )
