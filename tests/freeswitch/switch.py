"""A private FreeSWITCH with this repository's configuration: own ports, own directories.

Responsible for starting and stopping that one process. Must never touch another instance.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from gevent import sleep

CONFIGURATION = Path(__file__).parents[2] / "freeswitch_conf"
START_S = 40.0
STOP_S = 30.0
SECRETS = {
    "ESL_PASSWORD": "a-test-of-the-event-socket",
    "DEFAULT_PASSWORD": "a-test-of-the-phones",
    "VERTO_PASSWORD": "a-test-of-the-browsers",
}


class NotStarted(Exception):
    """FreeSWITCH ended, or was not ready in time; the text is what it said."""


def find_program(name: str = "freeswitch") -> Path | None:
    """A program of the FreeSWITCH in FREESWITCH_HOME, or else of the PATH; None without either."""
    home = os.environ.get("FREESWITCH_HOME")
    found = shutil.which(name, path=f"{home}/bin" if home else None)
    return Path(found) if found else None


def free_ports(count: int) -> list[int]:
    """TCP and UDP ports that nobody has now; all different."""
    holders = []
    try:
        while len(holders) < 2 * count:
            tcp = socket.create_server(("127.0.0.1", 0))
            holders.append(tcp)
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            holders.append(udp)
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                del holders[-2:]
        return [tcp.getsockname()[1] for tcp in holders[::2]]
    finally:
        for holder in holders:
            holder.close()


def _ports() -> dict[str, int]:
    names = ("ESL_PORT", "SIP_PORT", "TRUNK_SIP_PORT", "VERTO_PORT", "VERTO_SECURE_PORT", "controller")
    return dict(zip(names, free_ports(len(names)), strict=True))


@dataclass
class FreeSwitch:
    """One instance. `home` takes its files; `environment` is added to (or, None, taken from) its own."""

    home: Path
    configuration: Path = CONFIGURATION
    environment: Mapping[str, str | None] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=_ports)
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> FreeSwitch:
        """Come back when calls are taken, or with `wait` False at once. Raises NotStarted."""
        program = find_program()
        assert program, "see find_program"
        folders = ("log", "db", "run", "certs", "storage", "cache", "recordings", "temp", "scripts")
        places: list[str] = []
        for name in (*folders, "grammar", "htdocs"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
            places += [f"-{name}", str(self.home / name)]
        # -nf: stay our child; -nc: no console; -nonat: ask no router for ports
        command = [str(program), "-nf", "-nc", "-nonat", "-conf", str(self.configuration), *places]
        with (self.home / "output").open("wb") as output:
            self.process = subprocess.Popen(
                command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        try:
            if wait:
                self._wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def _environment(self) -> dict[str, str]:
        own = {f"FS_{name}": str(port) for name, port in self.ports.items() if name.isupper()}
        first = 20_000 + self.ports["SIP_PORT"] % 100 * 200  # a range of its own, roughly
        own |= {"FS_RTP_FIRST_PORT": str(first), "FS_RTP_LAST_PORT": str(first + 198)}
        own |= {"FS_CONTROLLERS": f"127.0.0.1:{self.ports['controller']}"}
        given = {**os.environ, **SECRETS, **own, **self.environment}
        return {name: value for name, value in given.items() if value is not None}

    def _wait_ready(self) -> None:
        assert self.process
        deadline = monotonic() + START_S
        while monotonic() < deadline:
            if self.process.poll() is not None:
                raise NotStarted(self.output())
            if "UP" in self.api("status", check=False):
                return
            sleep(0.1)
        raise NotStarted(f"not ready after {START_S} s: {self.output()}")

    def stop(self) -> None:
        """End this process, and wait for its end."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """SIGKILL; `start` begins it again on the same ports."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def api(self, command: str, *, password: str = SECRETS["ESL_PASSWORD"], check: bool = True) -> str:
        """What fs_cli says to an API command; with `check` its failure raises CalledProcessError."""
        fs_cli = find_program("fs_cli")
        assert fs_cli, "fs_cli belongs to FreeSWITCH"
        asked = ("-H", "127.0.0.1", "-P", str(self.ports["ESL_PORT"]), "-p", password, "-x", command)
        return subprocess.run(
            [str(fs_cli), *asked], check=check, capture_output=True, text=True, timeout=20
        ).stdout

    def output(self) -> str:
        """What it printed."""
        return (self.home / "output").read_text(errors="replace")

    def log(self) -> str:
        """Its log file so far."""
        return (self.home / "log" / "freeswitch.log").read_text(errors="replace")

    def wait_playing(self, file: str, timeout_s: float = 5.0) -> str:
        """The channel that plays this file, once there is one."""
        found: list[str] = []

        def look() -> bool:
            rows = json.loads(self.api("show channels as json")).get("rows", [])
            found.extend(row["uuid"] for row in rows if row["application_data"].endswith(file))
            return bool(found)

        wait_for(look, timeout_s)
        return found[0]


def wait_for(what: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Ask again and again. Raises AssertionError when it does not come about in time."""
    deadline = monotonic() + timeout_s
    while not what():
        assert monotonic() < deadline, "it did not come about"
        sleep(0.02)
