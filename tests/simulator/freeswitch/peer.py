"""The controller's end of an event socket, for tests of the simulator.

Responsible for: collecting what FreeSWITCH sends, and asking it things in one line. It must never be
used by the product, nor by the simulator itself.
"""

from __future__ import annotations

from collections.abc import Callable

import gevent
from gevent import socket
from gevent.event import Event as Flag

from tests.simulator.freeswitch import transcripts
from tests.simulator.freeswitch.transcripts import Step

LIMIT_S = 8.0
REPLIES = ("reply", "data", "notice")


class Peer:
    """The controller's end of a connection, as a list of steps received."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received: list[Step] = []
        self.arrived = Flag()
        self.closed = Flag()
        gevent.spawn(self._read)

    def _read(self) -> None:
        waiting = b""
        try:
            while data := self.sock.recv(65536):
                found, waiting = transcripts.messages(waiting + data)
                self.received += [transcripts.as_step(*each) for each in found]
                self.arrived.set()
        except OSError:
            pass  # a reset is an end too
        self.closed.set()

    def of_kind(self, *kinds: str) -> list[Step]:
        """Steps received so far that are one of these."""
        return [step for step in self.received if any(kind in step for kind in kinds)]

    def wait(self, replies: int, events: int) -> bool:
        """Until so many have come."""
        with gevent.Timeout(LIMIT_S, False):
            while len(self.of_kind(*REPLIES)) < replies or len(self.of_kind("event")) < events:
                self.arrived.clear()
                self.arrived.wait()
            return True
        return False

    def until(
        self, wanted: Callable[[dict[str, str]], bool], limit_s: float = LIMIT_S
    ) -> dict[str, str]:
        """The first event like this, come or to come. Raises TimeoutError."""
        with gevent.Timeout(limit_s, TimeoutError(f"not in {self.of_kind('event')}")):
            while True:
                self.arrived.clear()
                for step in self.of_kind("event"):
                    if wanted(step["event"]):
                        event: dict[str, str] = step["event"]
                        return event
                self.arrived.wait()

    def ask(self, command: str) -> Step:
        """Send a command, wait for its reply."""
        before = len(self.of_kind(*REPLIES))
        self.sock.sendall(f"{command}\n\n".encode())
        assert self.wait(before + 1, 0), f"no reply to {command}"
        return self.of_kind(*REPLIES)[before]

    def api(self, command: str) -> str:
        """`api`, its body."""
        return str(self.ask(f"api {command}")["body"])

    def job(self, command: str) -> str:
        """`bgapi`, and the body of its BACKGROUND_JOB."""
        uuid = dict(self.ask(f"bgapi {command}")["reply"])["Job-UUID"]
        return self.until(lambda event: event.get("Job-UUID") == uuid)["_body"]

    def play(self, uuid: str, path: object, name: str = "") -> None:
        """`sendmsg` playback with event-lock."""
        self.ask(
            f"sendmsg {uuid}\ncall-command: execute\nexecute-app-name: playback\n"
            f"execute-app-arg: {path}\nevent-lock: true\nEvent-UUID: {name or path}"
        )


def log_in(port: int, password: str = "ClueCon", events: str = "plain ALL") -> Peer:
    """A console that hears everything."""
    peer = Peer(socket.create_connection(("127.0.0.1", port)))
    assert peer.wait(1, 0)
    peer.ask(f"auth {password}")
    peer.ask(f"event {events}")
    return peer
