"""The least of a controller: takes one call that FreeSWITCH hands over, and says what it is told to.

Made of a plain socket, so that a fault of the real controller can't hide one of the configuration.
"""

from __future__ import annotations

import socket


class Line:
    """The controller's end of one call, as little of it as these tests need."""

    def __init__(self, listener: socket.socket) -> None:
        self._socket, _ = listener.accept()
        self._socket.settimeout(5)
        self._unread = b""
        head = self.ask("connect", "\n\n")
        self.data = dict(row.split(": ", 1) for row in head.splitlines() if ": " in row)
        self.ask("myevents", "Events Enabled")

    def ask(self, command: str, until: str) -> str:
        """Send it, and read up to and with `until`."""
        self._socket.sendall(f"{command}\n\n".encode())
        while until.encode() not in self._unread:
            received = self._socket.recv(65_536)
            assert received, f"closed before {until!r} came"
            self._unread += received
        read, _, self._unread = self._unread.partition(until.encode())
        return read.decode() + until

    def run(self, application: str, argument: str = "") -> None:
        """Run it, and come back when the channel does: then the channel surely waits for our words.
        FreeSWITCH may hold for ever a call whose connection closes before that."""
        message = f"call-command: execute\nexecute-app-name: {application}\nexecute-app-arg: {argument}"
        self.ask(f"sendmsg\n{message}", f"\nApplication: {application}\n")

    def hang_up(self, cause: str) -> None:
        self.ask(f"sendmsg\ncall-command: hangup\nhangup-cause: {cause}", "+OK")
        self.close()

    def close(self) -> None:
        self._socket.close()
