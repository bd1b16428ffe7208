"""What the gateway needs for pages that call through FreeSWITCH, given by the app when there is a
mod_verto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from controller.verto.caller import WhoIs
from controller.verto.relay import Relay
from controller.verto.switchboard import Switchboard


class VertoDoor(Protocol):
    """The telephones of pages, and what pages may know besides their calls."""

    who: WhoIs
    switchboard: Switchboard
    ice_servers: Sequence[str]

    @property
    def numbers(self) -> Mapping[str, str]:
        """The number of each bot, by its name."""
        ...

    def stand_by(self, relay: Relay, on: bool) -> bool:
        """An agent comes or goes; whether they stand by now."""
        ...

    def typed(self, relay: Relay, call_id: str, text: str) -> None:
        """Words typed in one of the page's calls to a bot."""
        ...

    def stories(self, relay: Relay) -> Sequence[str]:
        """What was told of the conversations on this page's calls, for a page that was reloaded."""
        ...
