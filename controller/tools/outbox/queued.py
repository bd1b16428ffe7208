"""A channel that only puts messages into the outbox: what a conversation's tools get to see.

The caller never waits for a mail server; what is in the outbox survives the process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from controller.tools.base import ToolError
from controller.tools.channels.base import Channel, Message
from controller.tools.outbox.ports import Inbox


class QueuedChannel:
    """Stands for `channel`, called `name`. `nudge` tells a worker of this process that there is work;
    `unavailable` is what `inbox` raises when it can't be reached."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        inbox: Inbox,
        *,
        nudge: Callable[[], None],
        unavailable: type[Exception],
    ) -> None:
        self._name = name
        self._channel = channel
        self._inbox = inbox
        self._nudge = nudge
        self._unavailable = unavailable
        self.repeatable = True  # by its key

    def check(self, to: str) -> None:
        """Whether the channel knows that recipient."""
        self._channel.check(to)

    def send(self, to: str, message: Message) -> None:
        """Put it into the outbox. Raises ToolError (unavailable, retryable) when that can't be done."""
        try:
            self._inbox.put(message.message_id, message.session_id, self._name, to, asdict(message))
        except self._unavailable as error:
            raise ToolError(str(error), code="unavailable", retryable=True) from error
        self._nudge()
