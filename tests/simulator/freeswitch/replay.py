"""Replays a transcript of a real FreeSWITCH against the simulator.

Responsible for: doing again what was done then (commands, calls, keys, hang-ups, in order and with the
gaps between them) and telling every difference in replies and events. It must never know how the
simulator works inside.

The order of events is that of each channel: across channels, and against BACKGROUND_JOB, real FreeSWITCH
has no fixed order either.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import gevent
from gevent import socket
from gevent.event import Event as Flag
from gevent.server import StreamServer

from tests.simulator.freeswitch import transcripts
from tests.simulator.freeswitch.peer import REPLIES, Peer
from tests.simulator.freeswitch.phones import SimPhone
from tests.simulator.freeswitch.simulator import FakeFreeSwitch
from tests.simulator.freeswitch.transcripts import Step

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LIMIT_S = 8.0
LONGEST_GAP_S = 1.0
"""Longer pauses of the recording had no purpose."""
SETTLE_S = 0.06
OFFSET = "variable_playback_last_offset_pos"
OFFSET_TOLERANCE = 960
"""Samples: 120 ms on a busy machine."""
VARYING = (
    "api status",
    "api show channels",
    "api version",
    "api strftime",
    "api uuid_dump",
    "getvar foo",
)
"""Their answers hold times and lists (or `set` may have run or not): only their shape is compared."""


class Replay:
    """One transcript. `skip` drops steps of the recording (with their replies)."""

    def __init__(self, name: str, fs: FakeFreeSwitch, audio: Path, ws_port: int = 0) -> None:
        self.steps = [step for step in transcripts.load(name) if not _too_early(name, step)]
        self.fs, self.audio, self.ws_port = fs, audio, ws_port
        self.phone: SimPhone | None = None
        self._expected: list[Step] = []
        self._sent: list[str] = []
        self._server = StreamServer(("127.0.0.1", 0), self._accept)
        self._called = Flag()
        self._peer: Peer | None = None

    def run(self) -> list[str]:
        """Do it all; returns the differences, none when the simulator behaves as recorded."""
        outbound = "dial" in self.steps[0] and "data" in self.steps[2]
        if outbound:
            self._server.start()
            self.fs.targets = [("127.0.0.1", self._server.server_port)]
        self.fs.start()
        try:
            if not outbound:
                self._peer = Peer(socket.create_connection(("127.0.0.1", self.fs.esl_port)))
            before_s = 0.0
            for step in self.steps:
                self._do(step, min(LONGEST_GAP_S, step["at"] - before_s))
                before_s = step["at"]
            return self._differences()
        finally:
            self._server.stop(timeout=0)
            self.fs.stop()

    @property
    def peer(self) -> Peer:
        """The connection; for an outbound one, wait until FreeSWITCH has called."""
        if self._peer is None:
            self._called.wait(LIMIT_S)
        assert self._peer is not None, "FreeSWITCH did not connect"
        return self._peer

    def _accept(self, sock: socket.socket, _address: object) -> None:
        self._peer = Peer(sock)
        self._called.set()
        self._peer.closed.wait()

    def _do(self, step: Step, gap_s: float) -> None:
        if "dial" in step:
            if self._peer is not None:
                self._catch_up(0.0)
            self.phone = self.fs.call(step["dial"])
        elif "send" in step:
            self._catch_up(gap_s)
            text = self._translated(step["send"])
            self._sent += [each for each in text.split("\n\n") if each]
            self.peer.sock.sendall(text.encode())
        elif "dtmf" in step:
            self._catch_up(gap_s)
            assert self.phone is not None
            self.phone.press(step["dtmf"])
        elif "hang_up" in step:
            self._catch_up(gap_s)
            assert self.phone is not None
            self.phone.hang_up()
        else:
            self._expected.append(step)

    def _catch_up(self, gap_s: float) -> None:
        """All that came before this in the recording has come; then the same pause."""
        replies = [step for step in self._expected if "event" not in step and "closed" not in step]
        events = [step for step in self._expected if "event" in step]
        self.peer.wait(len(replies), len(events))
        gevent.sleep(max(0.0, gap_s))

    def _translated(self, text: str) -> str:
        then, now = _channels(self.steps), _channels(self.peer.received)
        for old, new in zip(then, now, strict=False):
            text = text.replace(old, new)
        return text.replace("/srv/sw-audio", str(self.audio)).replace(":8090/", f":{self.ws_port}/")

    def _differences(self) -> list[str]:
        self._catch_up(0.0)
        if any("closed" in step for step in self._expected) and not self.peer.closed.wait(LIMIT_S):
            return ["the connection was not closed"]
        gevent.sleep(SETTLE_S)
        found = []
        was = [step for step in self._expected if any(kind in step for kind in REPLIES)]
        found += _compare("reply", self._replies(was), self._replies(self.peer.of_kind(*REPLIES)))
        then = self._events([step for step in self._expected if "event" in step])
        now = self._events(self.peer.of_kind("event"))
        for channel in sorted({*then, *now}):
            found += _compare(f"event of {channel}", then.get(channel, []), now.get(channel, []))
        return found

    def _replies(self, steps: list[Step]) -> list[Any]:
        sent = ["(greeting)"] * ("reply" in steps[0] and "auth/request" in str(steps[0])) + self._sent
        made: list[Any] = []
        for position, step in enumerate(steps):
            command = sent[position] if position < len(sent) else ""
            if "data" in step:
                made.append(self._plain(step["data"]))
            elif command.startswith(VARYING):
                made.append((command.split()[:2], len(step["body"]) > 0))
            else:
                kept = {key: value for key, value in step.items() if key != "at"}
                text = UUID.sub("<uuid>", str(kept).replace(str(self.audio), "/srv/sw-audio"))
                made.append(text.replace("(", "[").replace(")", "]"))
        return made

    def _events(self, steps: list[Step]) -> dict[str, list[dict[str, str]]]:
        channels = _channels(steps)
        groups: dict[str, list[dict[str, str]]] = {}
        for step in steps:
            event = step["event"]
            uuid = event.get("Unique-ID", "")
            group = f"channel {channels.index(uuid) + 1}" if uuid in channels else "no channel"
            groups.setdefault(group, []).append(self._plain(event, channels))
        return groups

    def _plain(self, event: dict[str, str], channels: list[str] | None = None) -> dict[str, str]:
        told = dict(event)
        for name, value in told.items():
            for position, uuid in enumerate(channels or []):
                value = value.replace(uuid, f"<channel {position + 1}>")
            value = value.replace(str(self.audio), "/srv/sw-audio")
            value = re.sub(r"127\.0\.0\.1:\d+ async", "127.0.0.1:8084 async", value)
            told[name] = UUID.sub("<uuid>", value)
        if told.get("Application") == "socket":
            told["Application-Data"] = told["Application-Data"].split()[-1]
        told.pop("variable_current_application_data", None)
        return told


def _too_early(name: str, step: Step) -> bool:
    """That time `myevents` still saw what was before it, by chance."""
    return (
        name.startswith("esl/59")
        and "event" in step
        and step["at"] < 0.03
        and (step["event"]["Event-Name"] != "CHANNEL_PARK")
    )


def _channels(steps: list[Step]) -> list[str]:
    """Unique-IDs in the order in which they appear."""
    found: dict[str, None] = {}
    for step in steps:
        told = step.get("event") or step.get("data") or {}
        if told.get("Unique-ID", "fake") != "fake":
            found[told["Unique-ID"]] = None
    return list(found)


def _compare(what: str, then: list[Any], now: list[Any]) -> list[str]:
    if len(then) != len(now):
        names = [[_name(one) for one in side] for side in (then, now)]
        lines = difflib.unified_diff(names[0], names[1], n=1, lineterm="")
        return ["\n".join([f"{what}, recorded and simulated:", *lines])]
    return [
        f"{what} {position}\n   recorded: {_short(was, is_)}\n  simulated: {_short(is_, was)}"
        for position, (was, is_) in enumerate(zip(then, now, strict=True), 1)
        if not _same(was, is_)
    ]


def _name(one: Any) -> str:
    return f"{one['Event-Name']} {one.get('Channel-State', '')}" if "Event-Name" in one else str(one)


def _same(was: Any, is_: Any) -> bool:
    if isinstance(was, dict) and isinstance(is_, dict) and OFFSET in was and OFFSET in is_:
        near = abs(int(was[OFFSET]) - int(is_[OFFSET])) <= OFFSET_TOLERANCE
        return near and was | {OFFSET: ""} == is_ | {OFFSET: ""}
    return bool(was == is_)


def _short(one: Any, other: Any) -> str:
    """Of two different events only what differs, and their names."""
    if isinstance(one, dict) and isinstance(other, dict):
        return str({k: v for k, v in one.items() if k == "Event-Name" or other.get(k) != v})
    return str(one)
