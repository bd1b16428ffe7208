"""What the outbox asks of its store. The app gives one that keeps messages in the database.

A claim is a lease: nobody else gets the message until it is settled or the lease has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol, TypeVar


class Waiting(Protocol):
    """A claimed message. `tries` counts this attempt too."""

    @property
    def key(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def tries(self) -> int: ...


class Inbox(Protocol):
    """The end at which messages go in."""

    def put(
        self, key: str, session_id: str, channel: str, recipient: str, payload: Mapping[str, Any]
    ) -> bool:
        """Keep a message, at most once by its key; False when it was there already."""
        ...


Item = TypeVar("Item", bound=Waiting)


class Outbox(Protocol[Item]):
    """The end at which they come out. Every method blocks cooperatively."""

    def claim(self, lease_s: float, *, max_tries: int, once: Collection[str]) -> Item | None:
        """The message that is due longest; None when there is none. One with an attempt of unknown
        outcome behind it is given up instead, if it was the last or its channel is among `once`."""
        ...

    def sent(self, item: Item) -> bool:
        """It is delivered; False when the lease had ended and another worker has it."""
        ...

    def failed(self, item: Item, why: str, retry_in_s: float | None) -> bool:
        """It is not; try again in so many seconds, or (None) give up. False as above."""
        ...
