"""The outbound event socket: FreeSWITCH connects to a controller that then commands one call.

Responsible for: `connect`, `myevents`, `linger` and the notices at the end. It must never know what the
dialplan does afterwards.

When the call is over: without linger the last notice and FIN; with `linger n` a notice that says so, and
the last one n to n+1 s later; with a bare `linger` it never closes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import gevent
from gevent import socket
from gevent.event import Event as Flag

from tests.simulator.freeswitch import wire
from tests.simulator.freeswitch.events import MY_EVENTS
from tests.simulator.freeswitch.listener import EVENT_POLL_S, Listener

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel
    from tests.simulator.freeswitch.simulator import FakeFreeSwitch

NEVER = -1
PARK_S = 0.015
"""From `connect` to CHANNEL_PARK: a `myevents` that follows at once still sees it."""


class OutboundListener(Listener):
    """One call's socket, connected already."""

    def __init__(
        self, switch: FakeFreeSwitch, channel: Channel, sock: socket.socket, *, asynchronous: bool
    ) -> None:
        super().__init__(switch, sock)
        self.channel = channel
        self.connected = Flag()
        self._async = asynchronous
        self._linger_s: int | None = None
        own: list[tuple[str, Callable[[wire.Command], bytes]]] = [
            ("connect", self._connect),
            ("myevents", self._myevents),
            ("linger", self._linger),
            ("nolinger", self._nolinger),
            ("divert_events", lambda _: wire.command_reply("+OK events diverted")),
            ("resume", lambda _: wire.command_reply("+OK")),
            ("getvar", self._getvar),
        ]
        self._verbs = own + self._verbs

    def start(self) -> bool:
        """Serve in a greenlet; False when the controller does not say `connect`."""
        self.switch.spawn(self.switch.serve, self)
        self.switch.spawn(self._watch_the_end)
        self.connected.wait(10)
        gevent.sleep(PARK_S)
        return self.connected.is_set() and not self.closed

    def serve_sync(self) -> None:
        """Keep the channel's greenlet until the controller lets go; it runs messages in between."""
        while self.channel.staying and not self.closed:
            self.channel.tick()
            self.channel.run_messages()
        if not self.closed:  # hung up: the notice comes at once, and no more events
            self._pending.clear()
            self.subscription.clear()
            while self.holding:  # the reply to `hangup` goes first
                gevent.sleep(0.001)
            self.send(self.last_notice())
            self.close()

    def gone(self) -> None:
        """The dialplan goes on."""
        self.channel.detached = True
        self.connected.set()

    def target(self, uuid: str) -> Channel | None:
        """Without a uuid it is this call."""
        return self.switch.channels.get(uuid) if uuid else self.channel

    def queue(self, channel: Channel, message: dict[str, str]) -> None:
        """Synchronous sockets wait until it has run, and deliver no events meanwhile."""
        channel.queue(message)
        while not self._async and channel.alive and (channel.messages or channel.depth > 1):
            gevent.sleep(0.001)

    def last_notice(self) -> bytes:
        """Says whose socket it was."""
        return wire.disconnect_notice(
            ("Controlled-Session-UUID", self.channel.uuid), ("Content-Disposition", "disconnect")
        )

    def _connect(self, command: wire.Command) -> bytes:
        mode = "async" if self._async else "static"
        told = [(name, wire.quoted(value)) for name, value in self.channel.data()]
        last = [
            ("Content-Type", "command/reply"), ("Reply-Text", "%2BOK%0A"),
            ("Socket-Mode", mode), ("Control", "full"),
        ]  # fmt: skip
        self.connected.set()
        return wire.block([*told, *last])

    def _myevents(self, command: wire.Command) -> bytes:
        if self.subscription.only_uuid:
            return wire.command_reply("-ERR aready enabled.")
        self.subscription.names |= MY_EVENTS
        self.subscription.only_uuid = self.channel.uuid
        if "json" in command.line.lower():
            self.subscription.form = "json"
        return wire.command_reply("+OK Events Enabled")

    def _linger(self, command: wire.Command) -> bytes:
        seconds = command.line.partition(" ")[2].strip()
        if seconds.isdigit():
            self._linger_s = int(seconds)
            return wire.command_reply(f"+OK will linger {seconds} seconds")
        self._linger_s = NEVER
        return wire.command_reply("+OK will linger")

    def _nolinger(self, command: wire.Command) -> bytes:
        self._linger_s = None
        return wire.command_reply("+OK will not linger")

    def _getvar(self, command: wire.Command) -> bytes:
        name = command.line.partition(" ")[2].strip()
        known = {"caller_id_number": self.channel.facts.caller_number} | self.channel.variables
        return wire.command_reply(known.get(name, "-ERR command not found"))

    def _watch_the_end(self) -> None:
        self.channel.done.wait()
        # CHANNEL_DESTROY never came on these sockets, all before it does
        self._pending = [each for each in self._pending if each.name != "CHANNEL_DESTROY"]
        self._pending = [each for each in self._pending if each.get("Channel-State") != "CS_DESTROY"]
        self.subscription.clear()
        gevent.sleep(EVENT_POLL_S)
        self.flush()
        if self.closed:
            return
        if self._linger_s is not None:
            self.send(self._linger_notice())
            if self._linger_s == NEVER:
                return
            gevent.sleep(self._linger_s + self.switch.random.random())
        self.send(self.last_notice())
        self.close()

    def _linger_notice(self) -> bytes:
        return wire.disconnect_notice(
            ("Controlled-Session-UUID", self.channel.uuid),
            ("Content-Disposition", "linger"),
            ("Channel-Name", self.channel.facts.name),
            ("Linger-Time", str(self._linger_s)),
            body=b"",
        )
