"""How audio comes to where FreeSWITCH can play it: what a playback needs of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from controller.telephony.esl.event import Event

Ready = Callable[[str], None]
"""Told the path under which FreeSWITCH finds the audio. On the hub."""


class DeliveryFailed(Exception):
    """The audio can't be brought to FreeSWITCH."""


class Delivery(Protocol):
    """Nothing here blocks."""

    def watch(self, vanished: Callable[[], None]) -> None:
        """Whom to tell that what was ready before is no longer there."""
        ...

    def put(self, name: str, pcm: bytes, ready: Ready) -> None:
        """Bring PCM16 mono 16 kHz there; `ready` is called once, perhaps at once, in the order of the
        puts. `name`: letters, digits and dashes, one of its own each time. Raises DeliveryFailed."""
        ...

    def remove(self, name: str) -> None:
        """It is not needed any more, ready or not."""
        ...

    def on_event(self, event: Event) -> None:
        """An event of the call that may tell what is ready."""
        ...

    def close(self) -> None:
        """The call is over."""
        ...
