"""Open WebSockets of people who logged in: closed soon after they may not stay.

Responsible for looking again every LOOK_S, while there is anybody to look at, and for what a socket is
told then. Who may stay is decided in `controller.access.standing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent
import structlog
from flask import request

from controller.access.model import Identity
from controller.access.standing import Ending, Standing
from controller.gateway.login.gate import IDENTITY
from controller.gateway.messages import CloseCode, ProtocolError
from controller.gateway.wire import Wire

LOOK_S = 0.5
"""With the wire's own GLANCE_S a socket is closed within a second."""

log = structlog.get_logger(__name__)


class LoginOver(ProtocolError):
    """Who is at the socket may not stay."""


_SAID = {
    Ending.LOGIN_ENDED: "your login has ended",
    Ending.ROLE_CHANGED: "your role was changed; connect again",
}


class Stays:
    """The sockets of one app. `rest` waits between two looks."""

    def __init__(self, standing: Standing, rest: Callable[[float], object] = gevent.sleep) -> None:
        self._standing = standing
        self._rest = rest
        self._watch: gevent.Greenlet | None = None

    @contextmanager
    def of(self, wire: Wire) -> Iterator[None]:
        """Within, this socket (of the request at hand) may be stopped. Strangers' never are."""
        who: Identity | None = request.environ.get(IDENTITY)
        if who is None:
            yield
            return
        with self._standing.stay(who, lambda why: wire.stop(login_over(why))):
            if self._watch is None:
                self._watch = gevent.spawn(self._keep_looking)
            yield

    def _keep_looking(self) -> None:
        try:
            while len(self._standing):
                self._rest(LOOK_S)
                try:
                    self._standing.look()
                except Exception:
                    log.exception("open sockets were not looked at")
        finally:
            self._watch = None


def login_over(why: Ending) -> LoginOver:
    """What the socket is told."""
    return LoginOver(why.value, _SAID[why], CloseCode.REFUSED)
