"""The real fs_cli on the console: as a script (`-x`), and as a person at a terminal."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.gateway.console.server import ConsoleServer
from controller.session import happenings as told
from tests.freeswitch.terminal import LIMIT_S, Terminal, command_line
from tests.unit.gateway_console.fakes import ID, FakeDesk, House

pytestmark = [pytest.mark.freeswitch, pytest.mark.timeout(60)]
PASSWORD = "a-secret"


@pytest.fixture
def house() -> House:
    return House(phone=FakeDesk())


@pytest.fixture
def server(freeswitch_home: None, house: House) -> Iterator[ConsoleServer]:
    server = ConsoleServer("127.0.0.1", 0, PASSWORD, house.deps)
    server.start()
    yield server
    server.stop(1)


def executed(
    server: ConsoleServer, command: str, password: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    line = command_line(server.port, password, "-x", command)
    return subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.fixture
def terminal(server: ConsoleServer, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(command_line(server.port, PASSWORD), tmp_path)
    yield terminal
    terminal.close()


def test_one_command(server, house):
    house.begin(caller_number="1001")
    done = executed(server, "sessions")
    assert done.returncode == 0
    assert re.search(rf"{ID} +inbound +demo +listening +1:01 +1001\n", done.stdout)
    assert executed(server, "hangup a1").stdout == f"+OK hanging up {ID}\n"
    assert executed(server, "call 1001 demo name='李 雷'").stdout == "+OK call-0\n"
    assert house.phone.placed[0].variables == {"name": "李 雷"}
    assert executed(server, "nonsense").stdout.startswith("-ERR nonsense: unknown command")


def test_a_user_is_let_in_by_the_same_password(server):
    line = command_line(server.port, PASSWORD, "-u", "bob@example.test", "-x", "sessions")
    assert "no live sessions" in subprocess.run(line, capture_output=True, text=True, check=False).stdout


def test_the_wrong_password(server):
    done = executed(server, "drain", password="wrong")
    assert done.returncode != 0
    assert "Error Connecting" in done.stdout + done.stderr


def test_a_person_at_the_terminal(terminal, house):
    session = house.begin(caller_number="1001")
    terminal.shows(r"\+OK log level debug \[7\]")
    terminal.shows("freeswitch@switchtalk> ")
    terminal.types("help\n")
    terminal.shows(r"hangup <id> +end a session")
    terminal.types("sessions\n")
    terminal.shows("1 live, room for 20")
    terminal.types("wat\t")  # the tab key writes the rest of the word, and of the id
    terminal.shows("watch ")
    terminal.types("a\t\n")
    terminal.shows(rf"\+OK watching {ID}")
    house.hub(ID, told.FinalHeard(1, "next Tuesday, 可以吗? \x1b[2J%0a"))
    terminal.shows(r"\x1b\[36m\[a1b2c3d4\] \d\d:\d\d:\d\d caller: next Tuesday, 可以吗\? \\x1b\[2J%0a")
    house.hub(ID, told.ChunkSpoken(1, "r1", "Of course."))
    terminal.shows(r"\x1b\[32m\[a1b2c3d4\] \d\d:\d\d:\d\d bot: Of course\.")
    terminal.types("/log notice\n")
    terminal.shows(r"\+OK log level notice \[5\]")
    terminal.types("/event plain ALL\n")
    terminal.shows(r"\+OK event listener enabled plain")
    terminal.types("hangup a1\n")
    terminal.shows(rf"\+OK hanging up {ID}")
    terminal.shows("session ended: operator")
    terminal.types("/quit\n")
    assert terminal.process.wait(LIMIT_S) == 0
    assert session.hung_up_by == "operator"


def test_the_console_stops_while_someone_is_there(terminal, server):
    terminal.shows("freeswitch@switchtalk> ")
    server.stop(1)
    terminal.types("\n")  # fs_cli looks up from its line editor only now
    terminal.process.wait(LIMIT_S)
