"""HEARTBEAT, every 20 s (a setting)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent

from tests.simulator.freeswitch.events import VERSION

if TYPE_CHECKING:
    from tests.simulator.freeswitch.simulator import FakeFreeSwitch


def heartbeats(switch: FakeFreeSwitch, every_s: float) -> None:
    """The body of a greenlet."""
    while True:
        gevent.sleep(every_s)
        up_ms = int((time.monotonic() - switch.started_s) * 1000)
        told = {
            "Event-Info": "System Ready",
            "Up-Time": f"0 years, 0 days, 0 hours, 0 minutes, {up_ms // 1000} seconds, 0 milliseconds",
            "FreeSWITCH-Version": VERSION,
            "Uptime-msec": str(up_ms),
            "Session-Count": str(len(switch.channels)),
            "Max-Sessions": "1000",
            "Session-Per-Sec": "100",
            "Session-Since-Startup": str(switch.session_count),
            "Idle-CPU": "96.766667",
        }
        switch.event_bus.fire("HEARTBEAT", told.items())
