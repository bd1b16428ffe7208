"""Tickets for WebSockets: a minute long, for one use, for pages that can't send a cookie or a header.

Responsible for that minute. In memory: a ticket is used on the server that gave it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from controller.access.model import Identity, Means
from controller.access.roles import Scope
from controller.access.tokens import digest, new_token

LIFE_S = 60.0
MAX_OPEN = 1000
"""The oldest goes when there are more."""


class Tickets:
    """Tickets that nobody has used yet. `clock` gives seconds and only goes forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: OrderedDict[str, tuple[float, Identity]] = OrderedDict()

    def issue(self, who: Identity) -> str:
        """A ticket that lets its bearer talk as `who`."""
        ticket = new_token()
        bearer = replace(who, by=Means.TICKET, scopes=frozenset({str(Scope.TALK)}))
        self._open[digest(ticket)] = (self._clock() + LIFE_S, bearer)
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return ticket

    def redeem(self, ticket: str) -> Identity | None:
        """Whom the ticket was given to; None for one that is unknown, used or too old."""
        until, bearer = self._open.pop(digest(ticket), (0.0, None))
        return bearer if self._clock() < until else None
