"""A real FreeSWITCH with this repository's configuration, and the servers it hands calls to.

Responsible for starting, finding and stopping what belongs together. It must never know what is tested.

    house = House(tmp_path, controllers=2).start()      # only the first server runs
    with PhoneCaller(house.caller().dial("7001")) as caller: ...
    wait_for(house.quiet)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.freeswitch.sip_phone import SipPhone
from tests.freeswitch.switch import CONFIGURATION, SECRETS, FreeSwitch, free_ports
from tests.simulator.bus import Bus
from tests.simulator.server_process import ServerProcess

HOST = "127.0.0.1"
PREFIX = "SWITCHTALK_FREESWITCH__"


def server_settings(esl_port: int, socket_port: int, home: Path) -> dict[str, str]:
    """How a server finds this FreeSWITCH, and is found; its files are below `home`."""
    return {
        f"{PREFIX}HOST": HOST,
        f"{PREFIX}PORT": str(esl_port),
        f"{PREFIX}PASSWORD": SECRETS["ESL_PASSWORD"],
        f"{PREFIX}SOCKET_PORT": str(socket_port),
        f"{PREFIX}AUDIO_DIR": str(home / "spool"),
        f"{PREFIX}RECORDINGS_DIR": str(home / "recordings"),
        "SWITCHTALK_VAR_DIR": str(home / "var"),
        f"{PREFIX}OUTBOUND__PER_SECOND": "100",
        "SWITCHTALK_BOTS__SURVEY_EN__RECORD": "true",
    }


class House:
    """One FreeSWITCH and its servers; calls go to the first of them that answers.

    `settings` are for all servers. `line_port` is asked for a server before their own ports, and at
    `esl_port` they look for FreeSWITCH: for something in between, which a test cuts.
    """

    def __init__(
        self,
        home: Path,
        *,
        controllers: int = 1,
        settings: Mapping[str, str] | None = None,
        line_port: int | None = None,
        esl_port: int | None = None,
        configuration: Path = CONFIGURATION,
    ) -> None:
        self.switch = FreeSwitch(home / "switch", configuration)
        self.ports = [self.switch.ports["controller"], *free_ports(controllers - 1)]
        asked = self.ports if line_port is None else [line_port, *self.ports]
        targets = "|".join(f"{HOST}:{port}" for port in asked)
        self.switch.environment = {"FS_CONTROLLERS": targets}
        self.homes = [home, *(home / f"server-{number}" for number in range(1, controllers))]
        self.home = home
        esl = esl_port or self.switch.ports["ESL_PORT"]
        places = zip(self.ports, self.homes, strict=True)
        self.servers = [
            ServerProcess(settings={**server_settings(esl, port, at), **(settings or {})})
            for port, at in places
        ]

    @property
    def server(self) -> ServerProcess:
        """The first."""
        return self.servers[0]

    def start(self) -> House:
        """FreeSWITCH and the first server. Raises NotStarted, ServerFailed."""
        try:
            self.switch.start()
            self.server.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Politely. Raises ServerFailed when a server doesn't end as it should."""
        try:
            for server in self.servers:
                if server.alive:
                    server.stop()
        finally:
            for server in self.servers:
                server.kill()
            self.switch.stop()

    def caller(self, user: str = "1001") -> SipPhone:
        """A phone of this user, on the table."""
        return SipPhone((HOST, self.switch.ports["SIP_PORT"]), user, SECRETS["DEFAULT_PASSWORD"])

    def bus(self) -> Bus:
        """Its event bus."""
        return Bus(HOST, self.switch.ports["ESL_PORT"], SECRETS["ESL_PASSWORD"])

    def post(self, path: str, body: Mapping[str, Any]) -> requests.Response:
        """To the first server's API."""
        return self.server.post(f"/api/v1{path}", body)

    def sessions(self) -> list[dict[str, Any]]:
        """Live ones of the first server."""
        return self.server.sessions()

    def ready(self) -> bool:
        """The first server takes calls."""
        return self.server.get("/readyz").status_code == 200

    def channels(self) -> int:
        """Live ones of FreeSWITCH."""
        return int(json.loads(self.switch.api("show channels as json"))["row_count"])

    def spooled(self, number: int = 0) -> list[Path]:
        """Audio files that this server has not removed."""
        spool = self.homes[number] / "spool"
        return list(spool.iterdir()) if spool.exists() else []

    def quiet(self) -> bool:
        """Nobody has left anything: no session, channel or audio file."""
        running = [number for number, server in enumerate(self.servers) if server.alive]
        busy = any(self.servers[number].sessions() or self.spooled(number) for number in running)
        return not busy and not self.channels()
