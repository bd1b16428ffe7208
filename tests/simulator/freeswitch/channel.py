"""One channel: a greenlet that runs its dialplan as a FreeSWITCH session thread does.

Responsible for: the channel's states and their events, the queue of private messages (sendmsg) with
its event-lock, running applications, and hanging up. What applications do is in `apps`; sockets are
elsewhere.

    CREATE → routing → execute step by step → (hung up, or no step left) → HANGUP … DESTROY

Hang-up comes from anywhere and only sets a flag; the greenlet notices, unwinds and reports.
"""

from __future__ import annotations

import uuid as uuids
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event as Flag

from tests.simulator.freeswitch import apps
from tests.simulator.freeswitch.dialplan import Step
from tests.simulator.freeswitch.headers import (
    Facts,
    channel_data,
    channel_headers,
    first_variables,
    variable_headers,
)
from tests.simulator.freeswitch.line import Line
from tests.simulator.freeswitch.phones import SimPhone

if TYPE_CHECKING:
    from tests.simulator.freeswitch.simulator import FakeFreeSwitch

Pairs = Iterable[tuple[str, str]]
Body = Callable[[], None]
BARE_EVENTS = {"CHANNEL_STATE", "CHANNEL_CALLSTATE", "CHANNEL_OUTGOING", "DTMF"}
"""These come without channel variables."""


class Channel:
    """See the module. Everything here may be called from any greenlet, except `run`'s own part."""

    def __init__(self, switch: FakeFreeSwitch, phone: SimPhone, facts: Facts) -> None:
        self.switch, self.phone, self.facts = switch, phone, facts
        self.line = Line(phone)
        self.messages: deque[Mapping[str, str]] = deque()
        self.done = Flag()
        """Set when nothing more comes from this channel."""
        self.locked = False
        """A message with event-lock runs: others wait."""
        self.playing = 0
        self.breaking = False
        self.broken = False
        """A playback was just broken off: those that it is nested in follow, a frame each."""
        self.detour: Body | None = None
        """What a transfer or bridge leads to; ends the application that runs."""
        self.detached = False
        """The socket that controlled it has let go."""
        self.depth = 0
        phone.channel = self
        facts.variables = first_variables(facts, switch.next_session()) | facts.variables
        self.variables = facts.variables
        switch.channels[facts.uuid] = self

    @property
    def uuid(self) -> str:
        """Unique-ID."""
        return self.facts.uuid

    @property
    def alive(self) -> bool:
        """Not hung up."""
        return not self.line.gone.is_set()

    @property
    def staying(self) -> bool:
        """The application that runs may go on."""
        return self.alive and self.detour is None

    # Events

    def fire(self, name: str, pairs: Pairs = (), body: str = "", *, first: Pairs = ()) -> None:
        """An event of this channel. `first` come before the channel's own headers."""
        own = channel_headers(self.facts)
        more = [] if name in BARE_EVENTS else variable_headers(self.facts)
        self.switch.event_bus.fire(name, [*first, *own, *more, *pairs], body)

    def fire_custom(self, subclass: str, body: str) -> None:
        """A CUSTOM event, whose subclass comes before all else."""
        own = [*channel_headers(self.facts), *variable_headers(self.facts)]
        self.switch.event_bus.fire("CUSTOM", own, body, first=[("Event-Subclass", subclass)])

    def data(self) -> list[tuple[str, str]]:
        """The channel's headers as `connect` and `uuid_dump` give them."""
        return channel_data(self.facts, self.switch.event_bus.core("CHANNEL_DATA"))

    def state(self, state: str) -> None:
        """A new state, and its event."""
        self.facts.state = state
        self.fire("CHANNEL_STATE")

    def call_state(self, state: str) -> None:
        """A new call state, and its event."""
        self.facts.call_state = state
        self.fire("CHANNEL_CALLSTATE")

    # What can happen to it

    def ring_ready(self) -> None:
        """180."""
        if self.alive and "Progress" not in self.facts.moments_us:
            self.facts.mark("Progress")
            self.fire("CHANNEL_PROGRESS")
            if self.facts.direction == "outbound":
                self.call_state("RINGING")

    def pre_answer(self) -> None:
        """183 with SDP: media flows."""
        if self.alive and not self.line.open:
            self.line.open = True
            self.facts.mark("Progress-Media")
            self.facts.answer_state = "early"
            self.variables["endpoint_disposition"] = "EARLY MEDIA"
            self.fire("CHANNEL_PROGRESS_MEDIA")
            self.call_state("EARLY")

    def answer(self) -> None:
        """200."""
        if self.alive and self.facts.answer_state != "answered":
            self.line.open = True
            self.facts.answer_state = "answered"
            self.facts.mark("Answered")
            if self.facts.direction == "outbound" and self.facts.call_state == "DOWN":
                self.facts.call_state = "RINGING"
            if self.facts.direction == "outbound":
                self.line.forget()
            self.fire("CHANNEL_ANSWER")
            self.variables["endpoint_disposition"] = "ANSWER"
            self.call_state("ACTIVE")
            # measured: an audio stream that this begins shakes hands 3 to 4 ms after the 200 OK (n=10);
            # its ::connect is told after CHANNEL_ANSWER and before CHANNEL_PARK
            if command := self.variables.get("api_on_answer"):
                self.switch.run_api(command)
            self.phone.answered.set()

    def dtmf(self, digit: str, source: str, duration: int) -> None:
        """A key arrives (duration in samples of 8 kHz)."""
        if not self.alive:
            return
        pairs = [("DTMF-Digit", digit), ("DTMF-Duration", str(duration)), ("DTMF-Source", source)]
        self.fire("DTMF", pairs)
        ends = self.variables.get("playback_terminators", "*")
        if self.playing and digit in ends.replace("none", ""):
            self.breaking = True

    def hangup(self, cause: str, disposition: str = "") -> None:
        """End it. The first cause stands."""
        if not self.alive:
            return
        self.facts.cause = cause
        self.facts.answer_state = "hangup"
        if disposition in ("recv_refuse", "recv_cancel"):  # known before, others after
            self.variables["sip_hangup_disposition"] = disposition
        self.fire("CHANNEL_HANGUP")
        if disposition:
            self.variables["sip_hangup_disposition"] = disposition
        self.line.gone.set()
        self.phone.hung_up(cause)

    def _our_disposition(self) -> str:
        if "Answered" in self.facts.moments_us:
            return "send_bye"
        return "send_refuse" if self.facts.direction == "inbound" else "send_cancel"

    def queue(self, message: Mapping[str, str]) -> None:
        """`sendmsg`: runs when the greenlet looks, in order. Keys are lower case."""
        self.messages.append(message)

    def break_(self, *, everything: bool) -> None:
        """`uuid_break`: stop what plays; `all` drops every message that waits, without an event."""
        if everything:
            self.messages.clear()
        self.breaking = True

    def leave_for(self, body: Body) -> None:
        """Leave the application that runs, drop what waits, and do this instead."""
        self.messages.clear()
        self.breaking = True
        self.detour = body

    # Its greenlet

    def start_inbound(self, body: Body) -> None:
        """A call came in."""
        gevent.spawn(self._inbound, body)

    def _inbound(self, body: Body) -> None:
        self.state("CS_NEW")
        gevent.sleep(0.02)
        if self.alive:
            self.state("CS_INIT")
            self.fire("CHANNEL_CREATE")
            self.facts.state = "CS_ROUTING"
            self.call_state("RINGING")
            self.state("CS_ROUTING")
        self.run(body)

    def run(self, body: Body) -> None:
        """Do this, then whatever a transfer or bridge asks for; in the end hang up and report."""
        with self.switch.guarded(f"channel {self.uuid}"):
            self.line.restart_clock(0.0)
            while self.alive:
                body()
                if self.detour is None:
                    break
                body, self.detour = self.detour, None
                self.breaking = False
            self.hangup("NORMAL_CLEARING")
            self._finish()

    def follow(self, steps: list[Step] | None) -> None:
        """Execute the steps of an extension; None is no route."""
        if steps is None:
            self.hangup("NO_ROUTE_DESTINATION")
            return
        if self.facts.state != "CS_EXECUTE":
            self.facts.in_dialplan = True
            self.state("CS_EXECUTE")
        for app, argument in steps:
            self.run_messages()
            if not self.staying:
                break
            self.execute(app, argument)

    def execute(self, app: str, argument: str, uuid: str = "") -> None:
        """One application, with its two events. One that doesn't exist ends the call."""
        run = apps.APPS.get(app)
        if run is None:
            self.hangup("DESTINATION_OUT_OF_ORDER")
            return
        uuid = uuid or str(uuids.uuid4())
        self.variables |= {"current_application_data": argument, "current_application": app}
        if not argument:
            del self.variables["current_application_data"]
        told = [("Application", app), *([("Application-Data", argument)] if argument else [])]
        self.fire("CHANNEL_EXECUTE", [*told, ("Application-UUID", uuid)])
        self.variables["current_application_response"] = "_none_"
        self.breaking = False
        self.depth += 1
        run(self, argument)
        self.depth -= 1
        response = self.variables["current_application_response"]
        self.fire(
            "CHANNEL_EXECUTE_COMPLETE",
            [*told, ("Application-Response", response), ("Application-UUID", uuid)],
        )

    def run_messages(self) -> None:
        """Run what `sendmsg` queued, unless a locked message runs already."""
        while self.staying and self.messages and not self.locked:
            self._run_message(self.messages.popleft())

    def _run_message(self, message: Mapping[str, str]) -> None:
        self.locked = message.get("event-lock", "") in ("true", "yes", "on", "1")
        if message.get("call-command") == "hangup":
            self.hangup(message.get("hangup-cause", "NORMAL_CLEARING"))
        elif message.get("call-command") == "execute" and message.get("execute-app-name"):
            app = message["execute-app-name"]
            argument = message.get("execute-app-arg") or message.get("body", "")
            if app == "playback" and self.playing:
                self.switch.complaints.append(f"{self.uuid}: playback nested in a playback: {argument}")
            for _ in range(int(message.get("loops", "1"))):
                self.execute(app, argument, message.get("event-uuid", ""))
        self.locked = False
        self.broken &= self.playing > 0

    def tick(self) -> list[bytes]:
        """20 ms; see Line.tick."""
        return self.line.tick()

    def _finish(self) -> None:
        self.state("CS_HANGUP")
        for tap in list(self.line.taps):
            tap.ended()
        self.variables.setdefault("sip_hangup_disposition", self._our_disposition())
        self.call_state("HANGUP")
        for recorder in list(self.line.recorders):
            apps.stop_recording(self, recorder.path)
        self.state("CS_REPORTING")
        self.facts.mark("Hangup")
        self.variables["hangup_cause"] = self.facts.cause
        self.fire("CHANNEL_HANGUP_COMPLETE", first=[("Hangup-Cause", self.facts.cause)])
        self.switch.channels.pop(self.uuid, None)
        self.fire("CHANNEL_DESTROY")
        self.state("CS_DESTROY")
        self.done.set()
