"""Events and who gets them.

Responsible for: one event's headers in FreeSWITCH's order, subscriptions, and handing each event to
every listener. It must never know what channels or sockets do with them.
"""

from __future__ import annotations

import itertools
import time
import uuid as uuids
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.simulator.freeswitch import wire

Pairs = Iterable[tuple[str, str]]

MY_EVENTS = frozenset(
    "CHANNEL_ANSWER CHANNEL_APPLICATION CHANNEL_BRIDGE CHANNEL_CREATE CHANNEL_DATA CHANNEL_DESTROY "
    "CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_ORIGINATE "
    "CHANNEL_UUID CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_STATE "
    "CHANNEL_UNBRIDGE CHANNEL_UNPARK DETECTED_SPEECH DTMF NOTALK TALK".split()
)
"""What `myevents` switches on: no CHANNEL_CALLSTATE, no PLAYBACK_*, no CUSTOM."""
NAMES = MY_EVENTS | frozenset(
    "ALL CUSTOM CHANNEL_CALLSTATE CHANNEL_HOLD CHANNEL_UNHOLD PLAYBACK_START PLAYBACK_STOP RECORD_START "
    "RECORD_STOP BACKGROUND_JOB MEDIA_BUG_START MEDIA_BUG_STOP HEARTBEAT API RELOADXML SHUTDOWN STARTUP "
    "MODULE_LOAD MODULE_UNLOAD CALL_UPDATE MESSAGE PRESENCE_IN RE_SCHEDULE LOG".split()
)
"""The event names that a subscription may use."""
CORE_UUID = str(uuids.uuid4())
VERSION = "1.11.1-release+git~20260526T204126Z~c2c59645f6~64bit"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `headers` are in wire order, values not yet quoted."""

    name: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    def get(self, name: str, default: str = "") -> str:
        """The first header of that name."""
        return next((value for key, value in self.headers if key == name), default)

    def encode(self, form: str) -> bytes:
        """The bytes of `plain` or `json`."""
        return (wire.json_event if form == "json" else wire.plain_event)(self.headers, self.body)


@dataclass(slots=True)
class Subscription:
    """What one listener wants: names, CUSTOM subclasses, filters, and one call only (myevents)."""

    form: str = "plain"
    names: set[str] = field(default_factory=set)
    subclasses: set[str] = field(default_factory=set)
    filters: list[tuple[str, str]] = field(default_factory=list)
    only_uuid: str = ""

    def add(self, keywords: Iterable[str]) -> bool:
        """Subscribe; after CUSTOM come subclasses. False when no keyword was known."""
        custom = known = False
        for word in keywords:
            if custom:
                self.subclasses.add(word)
            elif word.upper() in NAMES:
                self.names.add(word.upper())
                custom, known = word.upper() == "CUSTOM", True
        return known

    def remove(self, keywords: Iterable[str]) -> None:
        """`nixevent`."""
        words = list(keywords)
        self.names -= {word.upper() for word in words}
        self.subclasses -= set(words)

    def clear(self) -> None:
        """`noevents`."""
        self.names.clear()
        self.subclasses.clear()

    def wants(self, event: Event) -> bool:
        """Whether this listener gets it. `CUSTOM` without a subclass delivers nothing."""
        if event.name == "CUSTOM" and "ALL" not in self.names:
            if event.get("Event-Subclass") not in self.subclasses:
                return False
        elif not {event.name, "ALL"} & self.names:
            return False
        if self.filters and not any(value in event.get(name) for name, value in self.filters):
            return False
        owners = (event.get("Unique-ID"), event.get("Job-Owner-UUID"))
        return not self.only_uuid or self.only_uuid in owners


class EventBus:
    """Hands out events in the order they happen."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Event], None]] = []
        self._sequence = itertools.count(1)

    def fire(self, name: str, pairs: Pairs = (), body: str = "", *, first: Pairs = ()) -> Event:
        """Publish. `first` come before Event-Name, `pairs` after the headers of every event."""
        event = Event(name, (*first, *self.core(name), *pairs), body)
        for listener in list(self.listeners):
            listener(event)
        return event

    def core(self, name: str) -> list[tuple[str, str]]:
        """The headers that every event begins with."""
        now = time.time()
        local = time.localtime(now)
        return [
            ("Event-Name", name),
            ("Core-UUID", CORE_UUID),
            ("FreeSWITCH-Hostname", "vm"),
            ("FreeSWITCH-Switchname", "simulator"),
            ("FreeSWITCH-IPv4", "192.0.2.2"),
            ("FreeSWITCH-IPv6", "fd00::2"),
            ("Event-Date-Local", time.strftime("%Y-%m-%d %H:%M:%S", local)),
            ("Event-Date-GMT", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now))),
            ("Event-Date-Timestamp", str(int(now * 1e6))),
            ("Event-Calling-File", "simulator.c"),
            ("Event-Calling-Function", "simulate"),
            ("Event-Calling-Line-Number", "1"),
            ("Event-Sequence", str(next(self._sequence))),
        ]
