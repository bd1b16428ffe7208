"""The inbound event socket: controllers and consoles log in here.

Responsible for: the greeting and logging in. It must never know what a session does afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gevent import socket

from tests.simulator.freeswitch import wire
from tests.simulator.freeswitch.listener import NOT_FOUND, Listener

if TYPE_CHECKING:
    from tests.simulator.freeswitch.simulator import FakeFreeSwitch

NO_SESSION = "-ERR not controlling a session"


class InboundListener(Listener):
    """A connection to the event socket's port."""

    def __init__(self, switch: FakeFreeSwitch, sock: socket.socket) -> None:
        super().__init__(switch, sock)
        self.authenticated = False

    def serve(self) -> None:
        """Greet, then read commands."""
        self.send(wire.block([("Content-Type", "auth/request")]))
        super().serve()

    def answer(self, command: wire.Command) -> None:
        """Nothing but `auth` (and `exit`) before logging in."""
        if command.line.startswith("auth"):
            self._auth(command.line.partition(" ")[2])
        elif not self.authenticated and not command.line.startswith("exit"):
            self.send(wire.command_reply(NOT_FOUND))
        elif command.line.startswith(("linger", "nolinger")):
            self.send(wire.command_reply(NO_SESSION))
        elif command.line.startswith("divert_events"):
            self.send(wire.command_reply(NO_SESSION + "."))
        else:
            super().answer(command)

    def _auth(self, password: str) -> None:
        if password == self.switch.password:
            self.authenticated = True
            self.send(wire.command_reply("+OK accepted"))
        else:
            self.send(wire.command_reply("-ERR invalid") + self.last_notice())
            self.close()
