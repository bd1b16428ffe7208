"""A FreeSWITCH in this process: real sockets towards the controller, simulated phones behind it.

Responsible for: putting the parts together, and what a test wants of them: call, be called, look,
and break things. It must never know the program that is tested.

    fs = FakeFreeSwitch(socket_target=("127.0.0.1", 8084))
    fs.start()
    phone = fs.call("7000")            # an inbound call: FreeSWITCH connects to the controller
    fs.phone("1000", Answers(500))     # what an originated call to 1000 will meet
    fs.stop()                          # raises what went wrong inside
"""

from __future__ import annotations

import random
import tempfile
import time
import uuid as uuids
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
from gevent import socket
from gevent.queue import Queue
from gevent.server import StreamServer

from tests.simulator.freeswitch import api, dialplan, wire
from tests.simulator.freeswitch.channel import Channel
from tests.simulator.freeswitch.dialplan import Step, Target
from tests.simulator.freeswitch.events import Event, EventBus
from tests.simulator.freeswitch.faults import Faults
from tests.simulator.freeswitch.headers import Facts, channel_headers
from tests.simulator.freeswitch.heartbeat import heartbeats
from tests.simulator.freeswitch.inbound import InboundListener
from tests.simulator.freeswitch.listener import Listener
from tests.simulator.freeswitch.originate import Dial, place
from tests.simulator.freeswitch.outbound import OutboundListener
from tests.simulator.freeswitch.phones import Behaviour, SimPhone


class FakeFreeSwitch(Faults):
    """See the module. Public attributes are for tests to read."""

    def __init__(
        self,
        *,
        password: str = "ClueCon",
        esl_port: int = 0,
        socket_target: Target | None = None,
        second_target: Target | None = None,
        gateways: Sequence[str] = ("trunk",),
        heartbeat_s: float = 20.0,
        temp_dir: Path | None = None,
        seed: int = 1,
    ) -> None:
        self.password, self.esl_port = password, esl_port
        self.targets = [target for target in (socket_target, second_target) if target is not None]
        self.gateways = set(gateways)
        self.modules: set[str] = set(api.MODULES)
        self.temp_dir = temp_dir or Path(tempfile.gettempdir())
        self.random = random.Random(seed)
        self.event_bus = EventBus()
        self.channels: dict[str, Channel] = {}
        self.answered_phones: Queue[SimPhone] = Queue()
        """Phones that picked up an originated call, in order."""
        self.bus: list[Event] = []
        """What controllers sent with `sendevent`."""
        self.commands: list[wire.Command] = []
        """Everything that controllers sent."""
        self.apologies: list[str] = []
        """Calls whose dialplan reached the spoken apology."""
        self.complaints: list[str] = []
        """What a controller did that real FreeSWITCH would take differently than it hopes."""
        self.crashes: list[str] = []
        """The simulator's own faults; `stop` raises them."""
        self.kept: dict[tuple[str, str], str] = {}
        """mod_db's data, by realm and key."""
        self.reply_delay_ms = 0
        self.session_count = 0
        self.started_s = time.monotonic()
        self.listeners: list[Listener] = []
        self._heartbeat_s = heartbeat_s
        self._behaviours: dict[str, Behaviour] = {}
        self._server: StreamServer | None = None
        self._heart: gevent.Greenlet | None = None

    # Running

    def start(self) -> None:
        """Listen; `esl_port` is then the real one."""
        self._server = StreamServer(("127.0.0.1", self.esl_port), self._accept)
        self._server.start()
        self.esl_port = self._server.server_port
        self.started_s = time.monotonic()
        self._heart = gevent.spawn(heartbeats, self, self._heartbeat_s)

    def stop(self) -> None:
        """Hang up everything and close. Raises AssertionError for faults of the simulator itself."""
        self.halt(cause="SYSTEM_SHUTDOWN")
        if self.crashes:
            raise AssertionError("the simulator failed:\n" + "\n".join(self.crashes))

    def halt(self, cause: str) -> None:
        """Close the port and every connection, end every call."""
        if self._heart is not None:
            self._heart.kill()
        if self._server is not None:
            self._server.stop(timeout=0)
            self._server = None
        channels = list(self.channels.values())
        for listener in list(self.listeners):
            listener.close()
        for channel in channels:
            channel.hangup(cause)
        for channel in channels:
            channel.done.wait(1)

    def spawn(self, run: Callable[..., Any], *arguments: Any) -> gevent.Greenlet:
        """A greenlet whose failure is the simulator's."""

        def guarded_run() -> None:
            with self.guarded(getattr(run, "__qualname__", "greenlet")):
                run(*arguments)

        return gevent.spawn(guarded_run)

    @contextmanager
    def guarded(self, what: str) -> Iterator[None]:
        """Failures inside are kept for `stop`."""
        try:
            yield
        except Exception as error:
            self.crashes.append(f"{what}: {error!r}")
            raise

    def _accept(self, sock: socket.socket, _address: object) -> None:
        self.serve(InboundListener(self, sock))

    def serve(self, listener: Listener) -> None:
        """Run one connection."""
        self.listeners.append(listener)
        with self.guarded("event socket"):
            listener.serve()
        self.listeners.remove(listener)

    # Phones

    def call(self, number: str = "7000", *, caller: str = "1001", caller_name: str = "") -> SimPhone:
        """A phone dials; the call follows the dialplan."""
        phone = SimPhone(caller)
        name = f"sofia/internal/{caller}@127.0.0.1"
        facts = Facts(str(uuids.uuid4()), name, "inbound", number, caller, caller_name or caller)
        channel = Channel(self, phone, facts)
        channel.start_inbound(lambda: channel.follow(self.route(number)))
        return phone

    def refuse_caller(self, caller: str = "1001") -> None:
        """A call that fails digest auth: its end is told, though it never began."""
        name = f"sofia/internal/{caller}@127.0.0.1"
        facts = Facts(str(uuids.uuid4()), name, "inbound", "7000", caller, caller, state="CS_REPORTING")
        facts.cause, facts.call_state, facts.answer_state = "CALL_REJECTED", "HANGUP", "hangup"
        for event in ("CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY"):
            self.event_bus.fire(event, channel_headers(facts))

    def phone(self, user: str, behaviour: Behaviour) -> None:
        """What a call to this user or number meets from now on."""
        self._behaviours[user] = behaviour

    def phone_is_up(self, phone: SimPhone) -> None:
        """Its media flows."""
        self.answered_phones.put(phone)

    def behaviour_of(self, dial: Dial) -> Behaviour:
        """What dialling this meets."""
        if dial.kind == "gateway" and dial.gateway not in self.gateways:
            return Behaviour(unreachable="INVALID_GATEWAY")
        unknown = Behaviour(unreachable="SUBSCRIBER_ABSENT")
        return self._behaviours.get(dial.number, Behaviour(refusal=404) if dial.gateway else unknown)

    def run_api(self, command: str) -> None:
        """An api command that nobody hears the answer of."""
        self.spawn(api.run, self, command)

    # The dialplan

    def next_session(self) -> int:
        """Sessions are counted."""
        self.session_count += 1
        return self.session_count

    def route(self, number: str) -> list[Step] | None:
        """The steps of an extension, None for no route."""
        if dialplan.BOT.fullmatch(number):
            return dialplan.bot_steps(self.targets)
        if number in self._behaviours:
            return dialplan.bridge_steps(number)
        return dialplan.rig_steps(number, self.targets)

    def transfer(self, channel: Channel, destination: str) -> None:
        """`uuid_transfer` and the application."""
        channel.facts.destination = destination
        channel.facts.mark("Transfer")

        def follow() -> None:
            channel.state("CS_ROUTING")
            channel.follow(self.route(destination))

        channel.leave_for(follow)

    def dial_for(self, channel: Channel, dial_string: str) -> tuple[Channel | None, str]:
        """The `bridge` application calls a phone."""
        user = dial_string.partition("/")[2].partition("@")[0]
        seconds = channel.variables.get("call_timeout", "60")
        dial = Dial(
            "user", "", user, "127.0.0.1", {"originate_timeout": seconds, "ignore_early_media": "true"}
        )
        return place(self, dial, channel)

    def connect_socket(
        self, channel: Channel, address: str, modes: Sequence[str]
    ) -> OutboundListener | None:
        """The `socket` application; None when nobody answers there."""
        host, _, port = address.partition(":")
        try:
            sock = socket.create_connection((host, int(port)), timeout=5)
        except OSError:
            return None
        sock.settimeout(None)
        listener = OutboundListener(self, channel, sock, asynchronous="async" in modes)
        return listener if listener.start() else None
