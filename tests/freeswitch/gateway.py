"""A SIP gateway with the telephones behind it, played by sipp, and FreeSWITCH's configuration with it.

Responsible for starting and ending sipp, for what its telephones say, and for whom it was asked to call.
It must never know who calls. What a number does is in `sipp/gateway.xml`.

    with Gateway(tmp_path) as gateway:
        house = House(tmp_path, configuration=gateway.configuration())
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.freeswitch.spoken import BEEP, Part, write_all
from tests.freeswitch.switch import CONFIGURATION, free_ports

NAME = "trunk"
HOST = "127.0.0.1"
SCENARIO = Path(__file__).with_name("sipp") / "gateway.xml"
STOP_S = 10.0
SAYINGS: dict[str, tuple[Part, ...]] = {
    "talks": (600, "Hello?", 9000, "Yes.", 6000, "Yes.", 4000),
    "leaves": (600, "Hello?", 3000),
    "annoyed": (600, "Hello?", *(8000, "Don't call me again. Take me off your list.") * 3, 12_000),
    "machine": (
        400,
        "You have reached the voicemail of John Smith. I can't come to the phone right now. "
        "Please leave a message after the tone.",
        600,
        BEEP,
        25_000,
    ),
}
"""What is heard after the answer. People don't listen: they wait as long as a question takes, some 5 s,
and say it again for a bot on a busy machine."""


def find_sipp() -> str | None:
    """The program, where there is one."""
    return shutil.which("sipp")


class Gateway:
    """One sipp, with its files below `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home / "gateway"
        self.home.mkdir(parents=True)
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    def configuration(self) -> Path:
        """This repository's, with a gateway `NAME` that is this one."""
        copy = self.home / "freeswitch_conf"
        shutil.copytree(CONFIGURATION, copy)
        shutil.copytree(CONFIGURATION.parent / "dialplans", self.home / "dialplans")
        values = {
            "proxy": f"{HOST}:{self.port}",
            "realm": HOST,
            "username": "switchtalk",
            "password": "not-asked-for",
            "register": "false",
            "caller-id-in-from": "true",
        }
        params = "".join(f'<param name="{name}" value="{value}"/>' for name, value in values.items())
        where = copy / "sip_profiles" / "external" / f"{NAME}.xml"
        # a line that has <include> is not read by FreeSWITCH
        where.write_text(f'<include>\n<gateway name="{NAME}">{params}</gateway>\n</include>\n')
        return copy

    def __enter__(self) -> Self:
        write_all(SAYINGS, self.home)
        sipp = find_sipp()
        assert sipp, "see find_sipp"
        place = ["-i", HOST, "-mi", HOST, "-p", str(self.port)]
        traces = ["-trace_logs", "-log_file", "called", "-trace_err", "-error_file", "errors"]
        with (self.home / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [sipp, "-sf", str(SCENARIO), *place, "-t", "u1", "-aa", "-nostdin", *traces],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def alive(self) -> bool:
        """sipp has not given up."""
        return self._process is not None and self._process.poll() is None

    def called(self) -> list[str]:
        """The number of every INVITE so far, in their order."""
        return self._read("called").split()

    def errors(self) -> str:
        """What sipp did not expect."""
        return self._read("errors")

    def _read(self, name: str) -> str:
        file = self.home / name
        return file.read_text(errors="replace") if file.exists() else ""
