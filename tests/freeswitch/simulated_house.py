"""A simulated FreeSWITCH and the server it hands calls to: what `house.House` is, without a FreeSWITCH.

Responsible for looking like a House to the tests of whole calls. It must never know what is tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.freeswitch.house import HOST, server_settings
from tests.freeswitch.switch import SECRETS, free_ports
from tests.simulator.bus import Bus
from tests.simulator.freeswitch.handset import Handset
from tests.simulator.freeswitch.simulator import FakeFreeSwitch
from tests.simulator.server_process import ServerProcess


class SimulatedHouse:
    """One simulated FreeSWITCH and one server."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.switch = FakeFreeSwitch(password=SECRETS["ESL_PASSWORD"], temp_dir=home)
        (self._port,) = free_ports(1)
        self.server: ServerProcess

    def start(self) -> SimulatedHouse:
        """Both. Raises ServerFailed."""
        self.switch.start()
        self.switch.targets = [(HOST, self._port)] * 2  # as the dialplan does
        self.server = ServerProcess(
            settings=server_settings(self.switch.esl_port, self._port, self.home)
        )
        self.server.start()
        return self

    def stop(self) -> None:
        """Politely. Raises ServerFailed when the server doesn't end as it should."""
        try:
            self.server.stop()
        finally:
            self.server.kill()
            self.switch.stop()

    def caller(self, user: str = "1001") -> Handset:
        """A phone of this user, on the table."""
        return Handset(self.switch, user)

    def bus(self) -> Bus:
        """Its event bus."""
        return Bus(HOST, self.switch.esl_port, SECRETS["ESL_PASSWORD"])

    def post(self, path: str, body: Mapping[str, Any]) -> requests.Response:
        """To the server's API, from a native thread: FreeSWITCH runs on this one."""
        return self.server.post(f"/api/v1{path}", body)

    def sessions(self) -> list[dict[str, Any]]:
        """Live ones of the server."""
        return self.server.sessions()

    def channels(self) -> int:
        """Live ones of FreeSWITCH."""
        return len(self.switch.channels)

    def quiet(self) -> bool:
        """Nobody has left anything: no session, channel or audio file."""
        return not self.sessions() and not self.channels() and not list((self.home / "spool").iterdir())
