"""The telephones of all pages: by ticket, by call, by extension.

Responsible for opening them, for giving a page back its own (its ticket and its login together), and for
their number. Must never know a socket.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from controller.verto.caller import Caller
from controller.verto.policy import Destinations
from controller.verto.relay import Phase, Relay
from controller.verto.upstream import Upstream, UpstreamOptions


class TooManyPages(Exception):
    """No more telephones can be opened. The text is fit to be shown."""


@dataclass(frozen=True, slots=True)
class SwitchboardLimits:
    """`grace_s`: how long the calls of a page that vanished go on. mod_verto itself keeps those of a
    lost login for 120 s."""

    pages: int = 100
    pages_each: int = 8
    grace_s: float = 20.0


class Switchboard:
    """`busy(call_id)`: whether FreeSWITCH has a channel of this id that is no page's."""

    def __init__(
        self,
        options: UpstreamOptions,
        destinations: Destinations,
        limits: SwitchboardLimits | None = None,
        *,
        busy: Callable[[str], bool] = lambda _call_id: False,
        closed: Callable[[Relay], None] = lambda _relay: None,
    ) -> None:
        self._options = options
        self._destinations = destinations
        self._limits = limits or SwitchboardLimits()
        self._busy = busy
        self._closed = closed
        self._relays: dict[str, Relay] = {}

    def __iter__(self) -> Iterator[Relay]:
        return iter(list(self._relays.values()))

    def __len__(self) -> int:
        return len(self._relays)

    def open(self, caller: Caller, ticket: str) -> Relay:
        """The telephone that this ticket is for, if it is this caller's; else a new one.

        Raises TooManyPages.
        """
        kept = self._relays.get(ticket)
        if kept is not None and kept.caller.name == caller.name and kept.phase is not Phase.OVER:
            kept.caller = caller  # rights may have changed
            return kept
        mine = sum(relay.caller.name == caller.name for relay in self)
        if len(self) >= self._limits.pages or mine >= self._limits.pages_each:
            raise TooManyPages("too many pages are open; close one")
        relay = Relay(
            caller,
            secrets.token_urlsafe(32),
            self._connect,
            self._destinations,
            grace_s=self._limits.grace_s,
            taken=lambda call_id: self._busy(call_id) or self.of_call(call_id) is not None,
            over=self._over,
        )
        self._relays[relay.ticket] = relay
        return relay

    def of_call(self, call_id: str) -> Relay | None:
        """The telephone that has this call."""
        return next((relay for relay in self if call_id in relay.calls), None)

    def close(self) -> None:
        """End all."""
        for relay in self:
            relay.close()

    def _connect(self, relay: Relay) -> Upstream:
        return Upstream(
            self._options,
            relay.caller.extension,
            on_request=lambda method, params: relay.on_request(method, params),
            on_up=lambda: relay.on_up(),
            on_down=lambda why: relay.on_down(why),
        )

    def _over(self, relay: Relay) -> None:
        self._relays.pop(relay.ticket, None)
        self._closed(relay)
