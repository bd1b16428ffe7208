"""Who is at a page's telephone, from their login: name, extension, and what they may do with it.

Responsible for that one translation; stands between the login and `controller.verto`, which don't know
each other. The gate has let them in already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.access.model import Identity, Role
from controller.gateway.login.gate import IDENTITY
from controller.settings import Settings
from controller.verto.caller import Caller, Right

STRANGER = "Web caller"
_MAY: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.BOTS}),
    Role.AGENT: frozenset({Right.BOTS, Right.STAND_BY}),
    Role.OPERATOR: frozenset({Right.BOTS, Right.STAND_BY, Right.CALLS}),
    Role.ADMIN: frozenset({Right.BOTS, Right.STAND_BY, Right.CALLS}),
}


class LoginCallers:
    """A `controller.verto.caller.WhoIs`."""

    def __init__(self, settings: Settings) -> None:
        self._verto = settings.verto
        self._stranger = Caller(STRANGER, settings.verto.user, settings.verto.public)

    def __call__(self, environ: Mapping[str, Any]) -> Caller | None:
        """The caller; None for a request that did not come through the gate. Who has an extension of
        their own takes calls to it."""
        if IDENTITY not in environ:
            return None
        known: Identity | None = environ[IDENTITY]
        if known is None:
            return self._stranger
        own = self._verto.extensions.get(known.name)
        rights = _MAY[known.role] | ({Right.RECEIVE} if own else set())
        return Caller(known.name, own or self._verto.user, rights)
