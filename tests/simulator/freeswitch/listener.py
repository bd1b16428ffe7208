"""One event-socket connection, either way round: commands in, replies and events out.

Responsible for: what both kinds share (subscriptions, api, bgapi, sendmsg, sendevent, exit) and sending
events when FreeSWITCH would: up to 20 ms after they happened. Logging in and the commands of an
outbound socket are in the modules that build on this one.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable
from typing import TYPE_CHECKING

import gevent
from gevent import socket
from gevent.event import Event as Flag

from tests.simulator.freeswitch import api, wire
from tests.simulator.freeswitch.events import Event, Subscription

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel
    from tests.simulator.freeswitch.simulator import FakeFreeSwitch

EVENT_POLL_S = 0.020
"""A listener looks for events this often."""
OK = "+OK"
NOT_FOUND = "-ERR command not found"


class Listener:
    """Base of both kinds. `serve` runs in the connection's own greenlet and ends it."""

    def __init__(self, switch: FakeFreeSwitch, sock: socket.socket) -> None:
        self.switch, self.sock = switch, sock
        self.subscription = Subscription()
        self.closed = False
        self.holding = False
        """Events wait while a command runs."""
        self._reader = wire.CommandReader(sock)
        self._pending: list[Event] = []
        self._something = Flag()
        self._verbs: list[tuple[str, Callable[[wire.Command], bytes]]] = [
            ("exit", self._exit),
            ("sendevent", self._sendevent),
            ("sendmsg", self.sendmsg),
            ("bgapi ", self._bgapi),
            ("api ", self._api),
            ("event", self._event),
            ("nixevent", self._nixevent),
            ("noevents", self._noevents),
            ("filter", self._filter),
            ("log", self._log),
            ("nolog", lambda _: wire.command_reply("+OK no longer logging")),
        ]

    def serve(self) -> None:
        """Read commands until the connection ends."""
        self.switch.event_bus.listeners.append(self._hear)
        pump = gevent.spawn(self._pump)
        try:
            while not self.closed:
                command = self._reader.read()
                if command is None:
                    break
                self.answer(command)
        except OSError:
            pass  # the client is gone
        finally:
            self.switch.event_bus.listeners.remove(self._hear)
            pump.kill()
            self.close()
            self.gone()

    def gone(self) -> None:
        """The connection has ended."""

    def close(self, *, reset: bool = False) -> None:
        """End it from this side, with FIN or RST."""
        self.closed = True
        cut(self.sock, reset=reset)

    def send(self, data: bytes) -> None:
        """Write bytes; a client that is gone is no error."""
        try:
            self.sock.sendall(data)
        except OSError:
            self.closed = True

    def answer(self, command: wire.Command) -> None:
        """Carry out one command and reply. Verbs match by prefix, as in FreeSWITCH."""
        self.switch.commands.append(command)
        self.holding = True  # a connection that waits for its own command delivers no events
        line = command.line + " " if command.line in ("api", "bgapi") else command.line
        for verb, run in self._verbs:
            if line.lower().startswith(verb) and line.strip() not in ("api", "bgapi"):
                reply = run(command)
                break
        else:
            reply = wire.command_reply(NOT_FOUND)
        gevent.sleep(self.switch.reply_delay_ms / 1000)
        self.send(reply)
        self.holding = False
        self._something.set()
        if self.closed:
            cut(self.sock)

    # Commands

    def _exit(self, command: wire.Command) -> bytes:
        self.closed = True
        return wire.command_reply("+OK bye") + self.last_notice()

    def last_notice(self) -> bytes:
        """What comes before the end."""
        return wire.disconnect_notice()

    def target(self, uuid: str) -> Channel | None:
        """The channel that `sendmsg` means."""
        return self.switch.channels.get(uuid)

    def sendmsg(self, command: wire.Command) -> bytes:
        """`sendmsg [uuid]`: queued for the channel's greenlet."""
        uuid = command.line.partition(" ")[2].strip()
        channel = self.target(uuid)
        if channel is None or not channel.alive:
            return wire.command_reply(f"-ERR invalid session id [{uuid}]")
        self.queue(
            channel, {**{name.lower(): value for name, value in command.headers}, "body": command.body}
        )
        return wire.command_reply(OK)

    def queue(self, channel: Channel, message: dict[str, str]) -> None:
        """Hand it over."""
        channel.queue(message)

    def _sendevent(self, command: wire.Command) -> bytes:
        name = command.line.partition(" ")[2].strip() or "CUSTOM"
        uuid = str(uuids.uuid4())
        own = [("Command", f"sendevent {name}"), *command.headers, ("Event-UUID", uuid)]
        subclass = [pair for pair in own if pair[0].lower() == "event-subclass"]
        rest = [pair for pair in own if pair not in subclass]
        if self.switch.channels.get(command.get("Unique-ID", "")) is None:  # else it is the channel's
            event = self.switch.event_bus.fire(name, body=command.body, first=[*subclass, *rest])
            self.switch.bus.append(event)
        return wire.command_reply(f"+OK {uuid}")

    def _api(self, command: wire.Command) -> bytes:
        return wire.api_response(api.run(self.switch, command.line[4:].strip()))

    def _bgapi(self, command: wire.Command) -> bytes:
        job = command.get("Job-UUID") or str(uuids.uuid4())
        line = command.line[6:].strip()
        gevent.spawn_later(0.001, self._job, job, line)
        return wire.command_reply(f"+OK Job-UUID: {job}", ("Job-UUID", job))

    def _job(self, job: str, line: str) -> None:
        with self.switch.guarded(f"job {line}"):
            name, _, argument = line.partition(" ")
            told = [("Job-UUID", job), ("Job-Command", name)]
            told += [("Job-Command-Arg", argument)] if argument else []
            told += (
                [("Job-Owner-UUID", self.subscription.only_uuid)] if self.subscription.only_uuid else []
            )
            self.switch.event_bus.fire("BACKGROUND_JOB", told, api.run(self.switch, line))

    def _event(self, command: wire.Command) -> bytes:
        words = command.line.split()[1:]
        form = "plain"
        if words and words[0].lower() in ("plain", "json", "xml"):
            form = words.pop(0).lower()
        if not self.subscription.add(words):
            return wire.command_reply("-ERR no keywords supplied")
        self.subscription.form = form
        return wire.command_reply(f"+OK event listener enabled {form}")

    def _nixevent(self, command: wire.Command) -> bytes:
        self.subscription.remove(command.line.split()[1:])
        return wire.command_reply("+OK events nixed")

    def _noevents(self, command: wire.Command) -> bytes:
        self.subscription.clear()
        return wire.command_reply("+OK no longer listening for events")

    def _filter(self, command: wire.Command) -> bytes:
        words = command.line.split(maxsplit=3)[1:]
        if words[:1] == ["delete"]:
            if len(words) < 2:
                return wire.command_reply("-ERR invalid syntax")
            value = words[2] if len(words) > 2 else ""
            kept = [each for each in self.subscription.filters if each[0] != words[1]]
            self.subscription.filters = kept
            return wire.command_reply(f"+OK filter deleted. [{words[1]}][{value}]")
        if len(words) < 2:
            return wire.command_reply("-ERR invalid syntax")
        value = " ".join(words[1:])
        self.subscription.filters.append((words[0], value))
        return wire.command_reply(f"+OK filter added. [{words[0]}]=[{value}]")

    def _log(self, command: wire.Command) -> bytes:
        return wire.command_reply(f"+OK log level {command.line.split()[-1]} [7]")

    # Events

    def _hear(self, event: Event) -> None:
        if self.subscription.wants(event):
            self._pending.append(event)
            self._something.set()

    def _pump(self) -> None:
        while not self.closed:
            self._something.wait()
            gevent.sleep(self.switch.random.uniform(0, EVENT_POLL_S))
            self._something.clear()
            if not self.holding:
                self.flush()

    def flush(self) -> None:
        """Send what waits, now."""
        waiting, self._pending = self._pending, []
        if waiting:
            self.send(b"".join(event.encode(self.subscription.form) for event in waiting))


def cut(sock: socket.socket, *, reset: bool = False) -> None:
    """Close a connection so that the other side sees FIN, or RST."""
    try:
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        else:
            sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is closed already
    sock.close()
