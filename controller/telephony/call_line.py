"""The control connection of one call, which may be replaced while the call goes on.

FreeSWITCH hands a call over on an outbound socket. If that breaks while the call lives, its dialplan
goes on and hands the call over again: the same call, a new socket. Whoever has something to say to
FreeSWITCH meanwhile waits here for at most the grace time. Must never know what is being said.
"""

from __future__ import annotations

from time import monotonic

from gevent.event import Event as Flag

from controller.telephony.commands import Api, Command
from controller.telephony.esl.connection import Reply
from controller.telephony.esl.errors import EslClosed
from controller.telephony.esl.outbound import CallSocket


class CallLine:
    """`command` and `api` as on a connection (see EslConnection), across replacements."""

    def __init__(self, grace_s: float) -> None:
        self._grace_s = grace_s
        self._socket: CallSocket | None = None
        self._there = Flag()
        self._given_up = False

    @property
    def there(self) -> bool:
        """Whether there is a connection now."""
        return self._socket is not None and not self._socket.closed

    def attach(self, socket: CallSocket) -> None:
        """Use this connection from now on."""
        self._socket = socket
        self._there.set()

    def lost(self, socket: CallSocket) -> None:
        """This connection has ended; ignored when another one is in use already."""
        if self._socket is socket:
            self._socket = None
            self._there.clear()

    def wait_back(self) -> bool:
        """Wait for the grace time; whether there is a connection (again)."""
        self._there.wait(self._grace_s)
        return self._socket is not None

    def give_up(self) -> None:
        """The call is over: nobody shall wait any more, and nothing can be said."""
        self._given_up = True
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._there.set()

    def command(self, command: Command, timeout_s: float = 5.0) -> Reply:
        """Raises EslClosed, EslTimeout, EslRefused."""
        return self._now().command(command, timeout_s)

    def api(self, api: Api, timeout_s: float = 5.0) -> str:
        """Raises EslClosed, EslTimeout, EslRefused."""
        return self._now().api(api, timeout_s)

    def _now(self) -> CallSocket:
        deadline = monotonic() + self._grace_s
        while not self._given_up:
            if self._socket is not None and not self._socket.closed:
                return self._socket
            self._there.clear()
            if not self._there.wait(max(0.0, deadline - monotonic())):
                break
        raise EslClosed("the call's control connection is gone")
